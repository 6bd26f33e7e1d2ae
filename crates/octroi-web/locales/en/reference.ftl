# An API's reference, written from its OpenAPI document.


reference-in-path = In the path
reference-in-query = In the address, after “?”
reference-in-header = In the headers
reference-in-cookie = In a cookie

reference-status-1 = Interim answer
reference-status-2 = Success
reference-status-3 = Redirection
reference-status-4 = Call refused
reference-status-5 = Failure
reference-status-default = Any other answer

reference-text = text
reference-integer = integer
reference-number = number
reference-boolean = true or false
reference-object = object
reference-file = file
reference-list = list
reference-list-of = list ({ $of })
reference-any = any value
reference-null = nothing (null)
reference-or = or
reference-one-of = one of { $count } forms
reference-any-of = one or more of { $count } forms
reference-variant = Form { $number } of { $count }
reference-again = { $name } again, described above
reference-elsewhere = described elsewhere: { $address }

reference-length =
    { $kind ->
        [both] { $least } to { $most } characters
        [least] at least { $least } characters
       *[most] at most { $most } characters
    }
reference-range =
    { $kind ->
        [both] { $least } to { $most }
        [least] at least { $least }
       *[most] at most { $most }
    }
reference-items =
    { $kind ->
        [both] { $least } to { $most } items
        [least] at least { $least } items
       *[most] at most { $most } items
    }
reference-names =
    { $kind ->
        [both] { $least } to { $most } names
        [least] at least { $least } names
       *[most] at most { $most } names
    }
reference-above = greater than
reference-below = less than
reference-multiple = multiple of
reference-pattern = pattern
reference-constant = always
reference-default = default
reference-values = values
reference-unique = without doubles
reference-read-only = read only
reference-write-only = write only
reference-discriminator = the form is told by
