# What is wrong with a field. "rule-": the rules; "form-": the form that is wanted; "range-": one bound only.

rule-required = This field is required.
rule-too_short =
    { $min ->
        [one] At least one character or item.
       *[other] At least { $min } characters or items.
    }
rule-too_long =
    { $max ->
        [one] At most one character or item.
       *[other] At most { $max } characters or items.
    }
rule-out_of_range = A value between { $min } and { $max }.
rule-malformed = This value does not have the form that is wanted.
rule-control_character = No control characters, and no invisible ones.
rule-taken = This value is taken already.
rule-taken_by = This value is taken already by { $by }.
rule-unknown = No such thing exists, or none that you can see.
rule-not_allowed = Possible values: { $allowed }.
rule-guessable = Too easy to guess. Several unrelated words make a good password.
rule-conflicts = Must agree with the field "{ $with }".
rule-own_address = This is your own address: give that of the person to invite.
rule-wrong_password = This is not the account's password.
rule-private_address = This address is on a private network. The operator must allow it first.
rule-unexpected = There is no such field here. Check its spelling.
rule-wrong_type = This value is not of the right type.

range-least = At least { $min }.
range-most = At most { $max }.

form-cursor = Give the "next_cursor" of the page before, as it is.
form-date = A date that can be written, such as 2026-11-22T16:20:38Z.
form-differs = The two entries differ. Type the same password twice.
form-domain = A domain name or address, such as https://my-application.example.
form-email = An e-mail address, such as first.last@example.com.
form-foreign_key = A key that does not begin like those of this portal.
form-header_name = The name of a header or parameter: letters, digits and hyphens; not a reserved header such as Host.
form-host = A host name in lower case, without port, such as api.example.com.
form-idempotency_key = 1 to 128 visible ASCII characters, without spaces.
form-identifier = 3 to 64 unaccented letters, digits, hyphens, dots or underscores.
form-if_match = Give the header "ETag" of what you read, as it is, or "*".
form-importable_key = A key of 8 to 128 visible ASCII characters.
form-json_or_yaml = Readable JSON or YAML.
form-media_type = A media type without parameters, such as application/json.
form-not_repeated = This is not your identifier. Copy it as it is written above.
form-openapi = An OpenAPI 3.0 or 3.1 document.
form-operation_path = A path such as /siren/*: "*" for one segment, "**" at the end for all that follow.
form-origin = An origin such as https://example.com, without a path; or "*" alone.
form-picture = A PNG, JPEG or WebP picture of 1 MiB at most.
form-picture_pixels = A picture of 4,096 pixels a side at most, and 16 million pixels in all. Make it smaller.
form-picture_size = A picture of 1 MiB at most: this one is larger. Make it smaller.
form-picture_whole = A whole picture: this one is cut short or damaged. Save it anew.
form-route_path = A path such as /api-sirene/3.11: begins with a slash, has none at its end.
form-scope = A word in ASCII, without spaces, double quotes or backslashes.
form-sha256 = A SHA-256 digest: 64 hexadecimal digits.
form-slug = Unaccented lower-case letters, digits and single hyphens, such as api-sirene.
form-unreadable = Unreadable value: { $why }.
form-upstream_url = An http or https address without credentials, parameters or fragment, and without a sign in its path that needs encoding.
form-url = An http or https address.
form-version = A version such as 3.11: letters, digits, dots, hyphens.
