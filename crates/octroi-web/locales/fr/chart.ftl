# Les graphiques d’usage.

chart-admitted = Admis
chart-refused = Refusés
chart-refused-on-top = Refusés, au sommet de la colonne
chart-total = Total
chart-when = Quand
chart-table = Les mêmes chiffres en tableau
chart-table-follows = Le détail est dans le tableau qui suit.
chart-csv = Télécharger en CSV
chart-none = Aucun appel pendant cette période.
chart-finding = Admis : { $admitted }. Refusés : { $refused }. Le plus d’appels : { $most }, { $when }.
