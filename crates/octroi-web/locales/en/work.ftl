# What people who call APIs do once they have signed in: dashboard, applications, subscriptions, keys, usage.

form-save = Save
form-cancel = Cancel
form-continue = Continue
form-next = Next
form-previous = Previous step
steps-label = Steps
steps-count = Step { $at } of { $all }
steps-done = : done, change
copy-selected = Selected: copy with the keyboard
column-api = API
column-application = Application
column-plan = Plan
column-state = State
column-key = Key

dashboard-hello = Hello { $name }
dashboard-lead = Your applications, your keys and your calls.
dashboard-drafts = To go on with
dashboard-draft-unnamed = New application, without a name yet
dashboard-draft-application = New application “{ $name }”
dashboard-draft-subscription = Subscription to { $api }
dashboard-discard = Discard
dashboard-all-applications = All my applications
dashboard-empty-title = You have no application yet
dashboard-empty = An application is the link between you and the APIs: it subscribes, and it receives the keys. Creating one takes three steps.
dashboard-waiting = Subscriptions waiting for an answer
dashboard-asked = asked for
dashboard-ending = Keys that end soon
dashboard-ends = ends
dashboard-usage = Calls of your applications over 7 days

for-application = for { $name }
applications-parts = Applications and subscriptions
applications-mine = My applications
application-create = Create an application
application-create-first = Create my first application
application-subscriptions-count =
    { $count ->
        [0] No subscription
        [one] One subscription
       *[other] { $count } subscriptions
    }
application-active = Active
application-archived = Archived
application-parts = Parts of the application
application-general = General
application-subscriptions = Subscriptions
application-usage = Usage
application-made-by = Application of { $organization }, created on { $date } by { $person }
application-made = Application of { $organization }, created on { $date }
application-about = In short
application-kind = Type
application-owner = Organization
application-archive = Archive the application
application-archive-effect = Its subscriptions will be closed and its keys revoked at once, on every gateway. You cannot go back.
application-archive-button = Archive “{ $name }”
application-stale = Somebody else changed this application meanwhile. What you typed is kept: check it, then save again.
kind-simple = Simple
kind-simple-hint = A hands-free application: it shows a key with each call. Fits most uses.
kind-backend = Backend to backend
kind-backend-hint = Machine to machine: your server exchanges an identifier and a secret for a short-lived token (OAuth 2, client credentials).

field-application-name = Name of the application
field-application-name-hint = 100 characters at most. API providers will read it.
field-application-description = Description
field-application-description-hint = Say simply what it is for.
field-application-domain = Domain that the application uses
field-application-domain-hint = Advised. For example https://my-application.fr.
field-picture = Picture of the application
field-picture-hint = Choose a file or drop it here: PNG, JPEG or WebP, 1 MiB at most.
field-remove-picture = Remove the picture
field-organization = Organization
field-organization-hint = Who will own the application and its keys.
field-kind = Who calls the APIs?
field-client-id = Identifier of the application (client_id)
field-client-id-hint = For a simple application only: note yours here if you have one. A Backend to backend application is given its own.
field-plan = Choice of the plan
field-application = Select an application
field-application-hint = It will receive the key.
field-comment = Leave a comment for the API’s owner
field-comment-hint = Say in a sentence or two what you will do with the API.
field-accept-terms = I have read and accept this API’s terms of use.
field-grace = The old one stays admitted for
field-grace-hint = The time you need to replace it in your programs.
grace-none = 0 hours: it stops at once
grace-hours = 2 hours
grace-day = 1 day
grace-week = 7 days

limit-second =
    { $count ->
        [one] One call per second
       *[other] { $number } calls per second
    }
limit-minute =
    { $count ->
        [one] One call per minute
       *[other] { $number } calls per minute
    }
limit-hour =
    { $count ->
        [one] One call per hour
       *[other] { $number } calls per hour
    }
limit-seconds =
    { $count ->
        [one] One call in { $seconds } seconds
       *[other] { $number } calls in { $seconds } seconds
    }
limit-day =
    { $count ->
        [one] one call a day
       *[other] { $number } calls a day
    }
limit-week =
    { $count ->
        [one] one call a week
       *[other] { $number } calls a week
    }
limit-month =
    { $count ->
        [one] one call a month
       *[other] { $number } calls a month
    }
plan-choice-automatic = Validated automatically.
plan-choice-manual = Validated by the provider.
plan-choice-oauth2 = Needs a Backend to backend application.
plan-choose-one = Choose a plan of the list.
plan-version = Version
plan-crumb = Plan
plan-present = Present plan:
plan-change-lead = Your key stays the same: nothing changes in your programs but the address, if you change the version.
plan-change-waits = The provider validates this plan: the subscription will wait for an answer, and the key is not admitted meanwhile.
plan-change-button = Change the plan
plan-choose-another = Choose another plan
plan-no-other = This API has no other open plan that takes the same key.
plan-back = Back to the subscription
offer-no-plan = This API has no plan that takes subscriptions just now.
offer-terms = Read this API’s terms of use
offer-terms-short = The API’s terms
offer-terms-accepted = Read and accepted

wizard-crumb = New application
wizard-security = Security
wizard-subscription = Subscription
wizard-summary = Summary
wizard-required = All fields are required unless they say otherwise.
wizard-picture-alt = Chosen picture
wizard-quit = Leave, keep the draft
wizard-help-title = What is an application for?
wizard-help-general = It is the link between you, who call, and the APIs. Each subscription gives it a key. Create one for each program or site: you will know who calls what.
wizard-help-kept = Each step is kept. You can leave and go on from the dashboard.
wizard-security-lead = Say how your application will show the APIs who it is. This choice is final for this application.
wizard-doubt-title = Not sure?
wizard-help-simple = Take Simple: a key is enough for public data, and you can create another application later.
wizard-help-backend = Take Backend to backend if the API’s documentation asks for OAuth 2.
wizard-help-subscription = There is no hurry: you can subscribe at any time from each API’s page.
wizard-subscription-lead = Search the APIs that your application will call. This step may stay empty.
wizard-search = Search an API
wizard-search-button = Search
wizard-search-none = No API holds these words. Try others.
wizard-results = APIs found
wizard-choose = Choose
wizard-add = Add the subscription
wizard-remove = Remove
wizard-without = Continue without a subscription
wizard-edit = Change
wizard-no-subscription = No subscription
wizard-create = Create the application
created-title = Well done!
created-lead = The application “{ $name }” is ready.
created-next = Continue the subscription
created-open = Open the application

secret-title = OAuth 2 client
secret-lead = The identifier and the secret that your server exchanges for a token.
secret-once = Copy this secret now: it will not be shown again.
secret-none = no usable secret
secret-endpoint = Token address
secret-command = Ask for a token
secret-renew = Renew the secret
secret-renew-button = Create a new secret
secret-revoke = Revoke the secret
secret-revoke-effect = The client will get no more tokens, and those it has will no longer be admitted. You cannot go back; you can create another secret.
secret-revoke-button = Revoke the secret ending in { $hint }

subscription-pending = Waiting for an answer
subscription-active = Active
subscription-rejected = Rejected
subscription-paused = Paused
subscription-closed = Closed
subscription-title = Subscription to { $api }
subscription-waits = The API’s provider has to answer.
subscription-waits-for = A mail will tell you. The key will appear here as soon as the subscription is accepted.
subscription-is-paused = The provider has suspended this subscription: the key is not admitted just now.
subscription-reason = The provider’s answer
subscription-version = Version
subscription-asked = Asked for
subscription-decided = Decided
subscription-ends = End
subscription-address = Access URL
subscription-comment = Comment for the owner
subscription-change-plan = Change the plan or the version
subscription-close = Close the subscription
subscription-close-effect = Its keys will be revoked at once, on every gateway. You cannot go back; you can subscribe again.
subscription-close-button = Close the subscription to { $api }
subscriptions-mine = My subscriptions
subscriptions-caption = Subscriptions of the application { $name }
subscriptions-state = State
subscriptions-any-state = Any state
subscriptions-all = See all my subscriptions
subscriptions-none-title = No subscription
subscriptions-none = Subscribe to an API of the catalogue: the key will appear here.
subscriptions-none-in-state = No subscription in this state
subscriptions-show-ended = Show revoked ones
subscriptions-hide-ended = Hide revoked ones

key-title = Key for { $api }
key-label = Key
key-show = Show
key-whole = the whole key
key-hide = Hide
key-the-key = the key
key-ends-with = ends with
key-not-yet = not yet
key-active = Admitted
key-grace = Old key
key-paused = Paused
key-expired = Expired
key-revoked = Revoked
key-header = Header to put it in
key-parameter = Query parameter to put it in
key-last-call = Last call
key-no-call = none
key-issued = Issued
key-end = End
key-no-end = none, as long as it is not revoked
key-revoked-on = revoked
key-first-call = First call
key-variable = { $api }_KEY
key-once = Copy this key now: it will not be shown again.
key-not-kept = No copy of this key is kept: it was shown once. Renew it if you have lost it.
key-none = This subscription has no key yet.
key-issue-lead = No key can be used for this subscription.
key-issue = Create a new key
key-by-oauth = This plan asks for no key: your server shows a token, obtained with the application’s OAuth 2 client.
key-by-oauth-link = See the OAuth 2 client
key-renew = Renew the key
key-pause = Pause the key
key-pause-effect = The key will no longer be admitted within a second, on every gateway. You can resume it at any time.
key-resume = Resume the key
key-resume-effect = The key will be admitted again at once.
key-revoke = Revoke the key
key-revoke-effect = The key will no longer be admitted within a second, on every gateway. You cannot go back; you can create another one.
key-revoke-button = Revoke the key ending in { $hint }
key-old = is still admitted
key-old-until = ; it ends
key-old-stop = Stop it now
advice-title = This key commits you: what it calls is counted in your name.
advice-repository = Never in a public code repository.
advice-client = Never in code that others receive: a web page, a mobile application.
advice-variable = Keep it in an environment variable, on your server.
advice-leak = If it has been seen, revoke it first; investigate afterwards.

subscribe-browse = Subscribe to an API
subscribe-crumb = Subscribe
subscribe-title = Subscribe to { $api }
subscribe-plan = Choice of the plan
subscribe-plan-lead = A plan says how many calls are admitted and who validates the subscription.
subscribe-application = Choice of the application
subscribe-application-lead = The application is the link between you, who call, and the subscription to an API’s plan.
subscribe-chosen-plan = Chosen plan:
subscribe-already = subscribed already
subscribe-other-application = Create another application
subscribe-no-application = It takes one to subscribe. Create it: you will come back here afterwards.
subscribe-no-client-title = It takes a Backend to backend application
subscribe-no-client = This plan opens with OAuth 2. Create an application of this type: you will come back here afterwards.
subscribe-choose-application = Choose an application of the list.
subscribe-check = Validation
subscribe-at-once = The subscription is validated at once: your key will appear on the next page.
subscribe-will-wait = { $provider } validates subscriptions to this plan: you will receive the answer by mail.
subscribe-button = Subscribe and get the key
subscribe-ask = Send the request
subscribed-key-title = Your key is ready
subscribed-title = The subscription is active
subscribed-waits-title = Request sent
subscribed-lead = The application “{ $name }” can call from now on.
subscribed-waits = Your subscription to { $api } waits for the provider’s answer.
subscribed-open = See the subscription
subscribed-api = Back to { $api }

usage-spans = Time
usage-7d = 7 days
usage-7d-title = Calls per day, over 7 days
usage-24h = 24 hours
usage-24h-title = Calls per hour, over 24 hours
usage-30d = 30 days
usage-30d-title = Calls per day, over 30 days
usage-admitted = Admitted calls
usage-refused = Refused calls
usage-mean = Mean answer
usage-outcomes = Answers
usage-status = Status
usage-outcome = Outcome
usage-calls = Calls

notice-draft-kept = Your draft is kept. You can go on with it here.
notice-draft-discarded = The draft is discarded.
notice-application-saved = The application is saved.
notice-application-archived = The application is archived.
notice-application-before = This form was sent before: this is the application that came of it.
notice-secret-made = The new secret is ready. Copy it now.
notice-subscription-before = This form was sent before: this is the subscription that came of it.
notice-already-subscribed = This application has subscribed to this API already: this is its subscription.
notice-plan-changed = The plan is changed. Your key stays the same.
notice-key-renewed = The new key is ready. Replace the old one in your programs.
notice-key-issued = The new key is ready.
notice-key-paused = The key is paused: it is no longer admitted.
notice-key-resumed = The key is admitted again.
notice-key-revoked = The key is revoked: it is no longer admitted.
notice-key-not-kept = No copy of this key is kept: it cannot be shown.
notice-grace = Choose a time of the list. Nothing was changed.
notice-meanwhile = The state had changed meanwhile, and nothing was changed. This is how things stand.
