# Pages: the home, and those that links in mails lead to.

page-skip = Skip to content
page-language = Language
page-other = Français
page-other-code = fr
page-home = Back to the home page
page-footer = Octroi, free software: API portal, key desk and gateway.

home-title = API portal
home-lead = Octroi is the gate and the desk of APIs: here you discover what there is and get a key, and every call passes its gateway.
home-soon = The portal's pages are on their way. Until then, everything that they will do is done by the management API.
home-catalogue = Catalogue
home-empty = No API is published at the moment.
home-unavailable = The catalogue cannot be read at the moment. Reload the page in a few seconds.
home-provider = Provider
home-address = Access address
home-plans = Plans
home-figures = Usage
home-subscriptions =
    { $count ->
        [0] no subscription
        [one] one subscription
       *[other] { $count } subscriptions
    }
home-calls =
    { $count ->
        [0] no call in 7 days
        [one] one call in 7 days
       *[other] { $count } calls in 7 days
    }
home-document = OpenAPI document
home-programs = For programs
home-openapi = OpenAPI document of the management API
home-oauth = OAuth2 authorization server
home-llms = This home page as text

state-draft = In preparation
state-published = In service
state-deprecated = To be left
state-retired = Out of service

field-email = E-mail address
field-password = Password
field-password-hint = At least 12 characters, hard to guess.
field-identifier = Identifier
field-first-name = First name
field-last-name = Last name
field-terms = I accept the portal's terms of use.

verify-title = Confirm your address
verify-lead = One click, and your address is confirmed.
verify-button = Confirm my address
verify-done = Your address is confirmed. You can sign in.
reset-title = Choose a new password
reset-lead = Every sign-in of yours will end.
reset-button = Save the password
reset-done = Your password is saved. You can sign in.
forgot-title = Forgotten password
forgot-lead = Give your address: if it has an account, a link is sent there.
forgot-button = Get the link
forgot-done = If this address has an account, a link has just been sent there. It works for half an hour.
invitation-title = Accept the invitation
invitation-lead = Make your account.
invitation-for = Make your account. It will have the address { $email }.
invitation-has-account = Your address has an account already: accept the invitation with it, by "POST /api/v1/memberships" of the management API.
invitation-button = Make my account
invitation-done = Your account is ready. You can sign in.
sign-in-title = Sign in
sign-in-lead = The sign-in page comes with the portal's pages. Until then, "POST /api/v1/sign-ins" gives a management token for your identifier and password.
