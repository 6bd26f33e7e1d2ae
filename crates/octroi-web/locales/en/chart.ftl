# Charts of usage.

chart-admitted = Admitted
chart-refused = Refused
chart-refused-on-top = Refused, on top of the column
chart-total = Total
chart-when = When
chart-table = The same figures as a table
chart-table-follows = The table that follows has the details.
chart-csv = Download as CSV
chart-none = No call during this time.
chart-finding = Admitted: { $admitted }. Refused: { $refused }. Most calls: { $most }, { $when }.
