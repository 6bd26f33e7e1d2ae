# What surrounds every page, signing in, and the pages that links in mails lead to.

page-skip = Skip to content
page-tagline = Public API portal
page-menu = Menu
page-menu-close = Close the menu
page-other = Français
page-other-code = fr
page-home = Back to the home page
page-request = Number of the request, to quote when you write to us:
page-footer = Octroi is free software.
page-demo = Demonstration: people, data and keys are fictitious.
page-demo-mail = Read the mails sent

nav-label = Main navigation
nav-home = Home
nav-dashboard = Dashboard
nav-catalogue = Catalogue
nav-applications = Applications
nav-documentation = Documentation
nav-provider = My APIs
nav-partners = Partners
nav-operator = Administration
nav-my-account = : my account
nav-sign-in = Sign in
nav-sign-out = Sign out

foot-call = Call an API
foot-publish = Publish an API
foot-management-api = Management API
foot-help = Help
foot-help-page = Questions and answers
foot-service = This service
foot-terms = Terms of use
foot-legal = Legal notice
foot-privacy = Personal data
foot-accessibility = Accessibility: conformity not assessed

notice-signed-out = You are signed out.

markdown-table = Table that can be scrolled
markdown-code = Code sample

form-optional-mark = (optional)
form-wrong-mark = Error: { "" }
form-wrong-title =
    { $count ->
        [one] One field needs correcting
       *[other] { $count } fields need correcting
    }

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
verify-for = You are confirming the account “{ $identifier }”, in the name of { $name }. Was it not you who asked for it? Close this page: nothing will happen.
verify-button = Confirm my address
reset-title = Choose a new password
reset-lead = Every sign-in of yours will end.
reset-button = Save the password
forgot-title = Forgotten password
forgot-lead = Give your address: if it has an account, a link is sent there.
forgot-button = Get the link
forgot-done = If this address has an account, a link has just been sent there. It works for half an hour.
invitation-title = Accept the invitation
invitation-lead = Make your account.
invitation-for = Make your account. It will have the address { $email }.
invitation-button = Make my account
field-login = Identifier or e-mail address
field-remember = Remember me
field-identifier-hint = 3 to 64 characters: letters, digits, hyphens, dots.
sign-in-title = Sign in
sign-in-lead = Two doors, according to your account. The catalogue needs none.
sign-in-first = Sign in: the page you asked for opens afterwards.
sign-in-kept = Your session has ended. What you typed is kept: sign in, then go on.
sign-in-agents = Agents
sign-in-agents-lead = With your organization’s own session.
sign-in-agents-later = This door opens once the portal’s operator has connected your organization’s identity provider. Until then, create an account.
sign-in-externals = Developers and partners
sign-in-externals-lead = With the account that you created on this portal.
sign-in-forgot = Forgotten or unknown password?
sign-in-button = Sign in
sign-in-new = first visit
sign-in-register = Create an account
confirm-title = Confirm your password
confirm-lead = What you ask for touches a secret or your account. Type your password: the confirmation holds for five minutes.
confirm-button = Confirm
resume-title = You are signed in
resume-lead = What had been typed is kept. All that is left is to send it, in the name of { $person }.
resume-button = Continue
terms-title = Terms of use
terms-version = Version { $version }, in force since { $date }
terms-none = This portal has not published terms of use yet.
terms-accept-title = The terms of use have changed
terms-accept-lead = Read the version in force and accept it to go on. Your keys go on working meanwhile.
terms-accept-button = Accept the terms of use
terms-read-button = Read the terms of use
forgot-done-title = Check your mailbox
