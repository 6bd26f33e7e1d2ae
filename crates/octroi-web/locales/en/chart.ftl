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
chart-finding =
    { $count ->
        [one] { $calls } call, of which { $refused } was refused. Most: { $most }, { $when }.
       *[other] { $calls } calls, of which { $refused } were refused. Most: { $most }, { $when }.
    }
chart-day-title = Calls per hour, over 24 hours
chart-week-title = Calls per day, over 7 days
chart-month-title = Calls per day, over 30 days
chart-periods = Period
chart-day = 24 hours
chart-week = 7 days
chart-month = 30 days
chart-outcomes = How the calls came out
chart-outcomes-lead = The same code stands in the gateway’s access log.
chart-outcome = Code
chart-status = HTTP status
chart-calls = Calls
