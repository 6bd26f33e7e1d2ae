# Pages of the provider: APIs, requests, subscribers, usage. The chart serves elsewhere too.

provider-lead = The APIs of your organizations, and what waits for you there.
provider-empty = Your organizations publish no API.
provider-empty-how = A provider publishes APIs by a catalogue file (“octroi apply”) or by the management API. Whoever runs the portal makes the organizations of providers.
provider-tabs = Parts of the API
provider-tab-pending = Requests
provider-tab-subscribers = Subscriptions
provider-tab-usage = Usage
provider-public-page = See the public page
provider-pending-empty = No request waits for your answer.
provider-subscribers-empty = No subscription in this state.
provider-tickets-empty = Nobody has opened a ticket on this API yet.
provider-application = Application
provider-organization = Organization
provider-plan = Plan
provider-asked = Asked for
provider-decided = Decided
provider-calls = Calls in 7 days
provider-open-tickets = Tickets waiting
provider-description = What the application is for
provider-comment = The subscriber’s message
provider-answer = Your answer
provider-decide = Decide
provider-reason = Reason
provider-reason-hint = The subscriber reads it. Refusing needs one.
provider-reason-read = The subscriber reads it.
provider-approve = Approve the request
provider-reject = Refuse the request
provider-pause = Pause
provider-resume = Resume
provider-close = Close for good
provider-nothing-to-decide = There is nothing to decide here.

notice-subscription-approved = The subscription is active: its owner finds the key on their side.
notice-subscription-rejected = The request is refused.
notice-subscription-paused = The subscription is paused: its keys open nothing.
notice-subscription-resumed = The subscription goes on.
notice-subscription-closed = The subscription is closed and its keys are revoked.
notice-subscriber-suspended = This organization is suspended by its deployment officer: its subscription cannot go on.
notice-subscription-moved = The subscription has changed meanwhile: this is where it stands.

