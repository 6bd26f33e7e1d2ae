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
chart-finding =
    { $count ->
        [one] { $calls } appel, dont { $refused } refusé. Le plus : { $most }, { $when }.
       *[other] { $calls } appels, dont { $refused } refusés. Le plus : { $most }, { $when }.
    }
chart-day-title = Appels par heure, sur 24 heures
chart-week-title = Appels par jour, sur 7 jours
chart-month-title = Appels par jour, sur 30 jours
chart-periods = Période
chart-day = 24 heures
chart-week = 7 jours
chart-month = 30 jours
chart-outcomes = Issues des appels
chart-outcomes-lead = Le même code figure dans le journal d’accès de la passerelle.
chart-outcome = Code
chart-status = Statut HTTP
chart-calls = Appels
