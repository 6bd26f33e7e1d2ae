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

reference-lead = Each operation has a page: what it takes, what it answers, a command that calls it.
reference-license = Licence
reference-document = OpenAPI document
reference-operations = Operations
reference-no-tag = Other operations
reference-empty = The document describes no operation.
reference-left-out =
    { $count ->
        [one] One operation is not listed here: the OpenAPI document has it.
       *[other] { $shown } operations are not listed here: the OpenAPI document has them.
    }
reference-deprecated = to be left
reference-deprecated-lead = The provider asks you to leave this operation: it may be gone in the next version.
reference-command = curl command
reference-incomplete = The document gives no example for some values: replace the names in capitals and the values that are made up.
reference-parameters = Parameters
reference-body = Body of the request
reference-responses = Answers
reference-headers = Headers of the answer
reference-name = Name
reference-kind = Kind
reference-about = What to know
reference-required = required
reference-for-example = for example
reference-example = Example
reference-colon = :
reference-cut = This operation is too long for one page: the rest is in the OpenAPI document.
reference-neighbours = Neighbouring operations
