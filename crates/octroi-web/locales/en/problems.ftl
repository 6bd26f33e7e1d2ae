# Refusals of the management API: a title, and a sentence that says what to do. Names are the stable codes.

malformed_request = Unreadable request
    .detail = The request cannot be read: a header twice, a parameter that is not UTF-8, or a body cut short.
malformed_json = Malformed JSON
    .general = The body of the request is not valid JSON in UTF-8. The answer says at which line and column.
    .detail = The body is not valid JSON in UTF-8: error at line { $line }, column { $column }.
sign_in_required = Sign-in required
    .detail = Send a management token in the header "Authorization: Bearer …".
token_invalid = Token refused
    .detail = This management token is unknown, revoked or expired. Sign in again to get another one.
sign_in_failed = Sign-in refused
    .detail = The name and password do not go together, or this account cannot sign in.
forbidden = Not allowed
    .detail = You can see this object, but your role does not allow this action.
from_elsewhere = Form from elsewhere
    .detail = This form was sent from another site. Open the page here and try again.
insufficient_scope = Insufficient scope
    .general = The token in use lacks the scope that the action asks for. The answer says which.
    .detail = The token in use lacks the scope "{ $scope }". Make one that has it.
sign_in_again = Password to be confirmed
    .detail = A secret is shown only within five minutes of a sign-in. Confirm your password, then try again.
not_found = Not found
    .detail = Nothing exists at this address, or nothing that you can see.
method_not_allowed = Method not allowed
    .general = This address does not take this method. The header Allow says which ones.
    .detail = This address takes only: { $allowed }.
request_timeout = Sent too slowly
    .detail = The body of the request did not arrive in time. Try again.
stale = Changed meanwhile
    .detail = The object was changed since you read it. Read it again, then try with its new tag (ETag).
body_too_large = Body too long
    .general = The body of the request is too long: 1 MiB at most, 10 MiB for a document.
    .detail = The body of the request is longer than { $max } bytes.
unsupported_media_type = Content type not supported
    .general = The body is not of a content type that is supported. The answer says which ones.
    .detail = Send the body with one of these content types: { $wanted }.
invalid = Invalid request
    .detail = Some fields need correcting: see "errors". Nothing was changed.
too_many_requests = Too many tries
    .general = Too many tries. The header Retry-After says how many seconds to wait.
    .detail =
        { $seconds ->
            [one] Too many tries. Try again in one second.
           *[other] Too many tries. Try again in { $seconds } seconds.
        }
internal = Internal error
    .detail = The fault is ours. Nothing was changed; name the request's number if you write to us.
unavailable = Service unavailable for the moment
    .detail = The database does not answer. Nothing was changed; try again in a few seconds.

# Contradictions with the present state.
subscription_state = State of the subscription
    .detail = The state of the subscription does not allow this action. Read it again.
credential_state = State of the key
    .detail = The state of the key does not allow this action. Read it again.
already_subscribed = Already subscribed
    .detail = This application already has an open subscription to this API.
plan_closed = Plan closed
    .detail = This plan takes no new subscription.
api_not_open = API closed to subscriptions
    .detail = This API takes no new subscription.
application_archived = Application archived
    .detail = The application is archived: nothing can be added to it.
application_kind = Wrong kind of application
    .detail = The kind of the application does not fit this plan. An OAuth2 plan needs a "Backend to backend" application.
key_exists = Key exists already
    .detail = The subscription has a usable key already. Renew it, or revoke it first.
not_revealable = Key cannot be shown
    .detail = No copy of this key is kept: it was shown only once. Renew it to get a new one.
link_spent = Link used or expired
    .detail = This link was used already or has expired. Ask for a new one.
last_owner = Last owner
    .detail = An organization keeps one owner at least. Name another one first.
last_administrator = Last administrator
    .detail = The portal keeps one administrator at least who can sign in. Name another one first.
still_used = Still used
    .detail = Other objects still depend on it.
idempotency_key_reused = Idempotency key used before
    .detail = This idempotency key came with another request. Choose a new one.
still_running = First request under way
    .detail = The first request with this idempotency key has no answer yet. Try again later.
terms_not_accepted = Terms to be accepted
    .detail = The terms, in the version shown, must be accepted.
too_many_tickets = Too many open tickets
    .detail = You have 50 tickets open, which is the most. Close one that is settled, or write in it.
ticket_full = Ticket full
    .detail = This ticket has 500 messages, which is the most. Open another one and refer to this one.
