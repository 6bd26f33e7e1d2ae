# Pages that everybody reads: home, catalogue, APIs, documentation.

home-title = Portal of public APIs
home-heading = One key, and the public API is open to you
home-lead = Find the API that you need, ask for your key and make your first call. Allow two minutes.
home-search-label = Search for an API
home-search = Search
home-see-all =
    { $count ->
        [one] See the API of the catalogue
       *[other] See the { $shown } APIs of the catalogue
    }
home-unavailable = The catalogue cannot be read just now. Reload the page in a few seconds.
home-people = Enter the demo
home-people-lead = These people are made up. Choose who you are: one click signs you in.
home-enter = Enter as { $name }
home-role-admin = administers the portal
home-role-provider = provides API Sirene
home-role-officer = deployment officer
home-role-instructor = judges requests
home-role-developer = calls API Sirene
home-role-editor = publishes software
home-steps = From account to first call
home-step-1 = Create your account
home-step-1-lead = A name, an e-mail address, a password. You confirm the address: the account is open.
home-step-2 = Declare an application
home-step-2-lead = It is your program, your site, your software. It holds your keys and your limits.
home-step-3 = Subscribe and call
home-step-3-lead = Where the plan is validated automatically, the key appears at once, with a command ready to paste into your terminal.
home-steps-link = The first call, step by step
home-call = Every call gets a clear answer
home-with-key = { $api }, with your key
home-with-key-label = Example of a call that is let in
home-without-key = Without a key, or with a revoked one
home-without-key-label = Example of a call that is refused
home-refused = A call was refused?
home-refused-link = Each refusal has its page: what happened and what to do
home-most-called = The most called this week
home-some = In the catalogue
home-all = The whole catalogue
home-publish = Your organization publishes an API
home-publish-lead = Hand in its OpenAPI document, describe your plans, choose who approves. The gateway checks every call; you see who calls what.
home-publish-link = Publish an API
home-exposed = A key has become public
home-exposed-lead = In a code repository, an e-mail, a screenshot: revoke it, and the next call with it is refused.
home-exposed-link = What to do about an exposed key

llms-lead = Octroi is the gate and the desk of APIs: one finds what there is, gets a key, and every call passes through its gateway.

crumbs-label = Breadcrumb
copy = Copy
copy-command = the command
copied = Copied
copy-by-hand = Selected: copy with Ctrl+C

catalogue-title = Catalogue of APIs
catalogue-lead = Everybody may look; an account is needed only to subscribe.
catalogue-filter-label = Filter the catalogue
catalogue-words = Words to look for
catalogue-more = More filters
catalogue-access = Access
catalogue-access-all = Any access
catalogue-provider = Organization
catalogue-provider-all = All organizations
catalogue-label = Subject
catalogue-label-all = All subjects
catalogue-state = State
catalogue-state-all = All states
catalogue-filter = Filter
catalogue-clear = Clear the filters
catalogue-results = Results
catalogue-found =
    { $count ->
        [one] One API
       *[other] { $shown } APIs, the most called first
    }
catalogue-none = No API is published yet
catalogue-none-lead = The catalogue fills when a provider publishes its first API.
catalogue-nothing = No API fits this search
catalogue-nothing-lead = Try one word less, or another filter.
catalogue-show-all = Show the whole catalogue
catalogue-pages = Pages of the catalogue
catalogue-first = First page
catalogue-next = Next page

access-immediate = Immediate key
access-open = No key needed
access-on-request = On request
access-none = Not open yet

api-version = version { $version }
api-by = Published by { $provider }, version { $version }
api-calls =
    { $count ->
        [0] no call in 7 days
        [one] one call in 7 days
       *[other] { $shown } calls in 7 days
    }
api-subscribe = Subscribe
api-tabs-label = Parts of { $name }
api-tab-general = General information
api-tab-documentation = Documentation
api-tab-contact = Contact
api-tab-tickets = Tickets
api-description = Description
api-first-call = First call
api-first-call-label = Example of a call with curl
api-plans = Plans
api-plans-lead = A plan sets the limit of calls and the way to get access. You can change it later.
api-no-plan = The provider has not opened a plan yet: nobody can subscribe for now.
api-refusals = When a call is refused
api-refusals-caption = Answers of the gateway when a call is refused
api-refusals-exact = The exact answers of this API
api-refusal-answer = Answer
api-refusal-cause = What happened
api-refusal-remedy = What to do
api-refusal-label = Answer { $status }:
api-about = About
api-address = Access URL
api-owner = Owner
api-this-version = Version
api-subscriptions = Subscriptions
api-calls-of-week = Calls of the last 7 days
api-terms = Terms of the API
api-terms-read = Read the terms
api-terms-lead = You accept them when you subscribe. A new text will be shown to you if they change.
api-terms-none = This API has no terms of its own: those of the portal are enough.
api-labels = Subjects
api-other-versions = Other versions
api-try = Try it in the console
api-reference = Reference
api-console = Console (Swagger)

placement-header = The key is sent in a header, in any letter case:
placement-query = The key is sent in the address, as the parameter
placement-bearer = The token is sent in the Authorization header, after the word Bearer.
placement-basic = The key is sent as the password of HTTP Basic authentication.
placement-none = This API is called without a key.

limit-rate =
    { $span ->
        [1] { $count ->
            [one] { $shown } call per second
           *[other] { $shown } calls per second
        }
        [60] { $count ->
            [one] { $shown } call per minute
           *[other] { $shown } calls per minute
        }
        [3600] { $count ->
            [one] { $shown } call per hour
           *[other] { $shown } calls per hour
        }
       *[other] { $count ->
            [one] { $shown } call per { $span } seconds
           *[other] { $shown } calls per { $span } seconds
        }
    }
limit-quota =
    { $span ->
        [day] { $count ->
            [one] { $shown } call per day
           *[other] { $shown } calls per day
        }
        [week] { $count ->
            [one] { $shown } call per week
           *[other] { $shown } calls per week
        }
       *[month] { $count ->
            [one] { $shown } call per month
           *[other] { $shown } calls per month
        }
    }
limit-none = No limit of calls
limit-and = and { $limit }
limit-per-address = for each IP address
limit-no-quota = per subscription, without a monthly ceiling

plan-automatic = Automatic validation: access is open at once
plan-manual = The request is read by { $provider }
plan-key = Personal key, without an end
plan-key-days =
    { $count ->
        [one] Personal key, good for one day
       *[other] Personal key, good for { $count } days
    }
plan-oauth2 = OAuth 2.0 token (client credentials), from server to server
plan-keyless = Without a key or a subscription
plan-keyless-part = Without a key or a subscription, for these calls only: { $operations }
plan-comment = A word to the provider is asked for
plan-scopes = Scopes: { $scopes }
plan-subscribe = Subscribe to this plan
plan-officer = Key issued to partners by a deployment officer: ask yours
plan-ask = Ask for access
plan-of = : { $plan }

contact-title = Write to { $provider }
contact-page = The provider’s page
contact-none = The provider has given no address.
contact-ticket = A question on your calls, your subscription or the documentation? Open a ticket: the provider answers here, and the thread stays with the API.
contact-ticket-link = Open a ticket
contact-never = Never write a whole key in a message: its last four characters are enough to tell it.

documentation-menu = Contents of the documentation
documentation-toc = On this page
documentation-foreign = This page does not exist in English yet.
documentation-source = This page as Markdown
documentation-none = No documentation yet
documentation-none-lead = The provider has written no page and handed in no OpenAPI document.
documentation-none-ask = Ask for it
documentation-lead = Call an API, keep your keys, understand a refusal, publish your own.
documentation-guides = Guides
documentation-apis = Documentation of the APIs
documentation-programs = For programs
documentation-programs-lead = Each page of documentation exists as Markdown too: add .md to its address.
documentation-oauth = OAuth 2.0 authorization server

console-lead = Choose “Authorize”, give your key, open an operation, “Try it out”, then “Execute”: the gateway’s answer appears.
console-key = The key stays in this page: it is sent to the gateway alone and forgotten when you close it. Each try counts against the limit of your plan.
console-reference = Read the reference, which says the same without a script
console-no-script = The console needs JavaScript, which is missing or switched off in this browser.
console-waits = The console is loading…

errors-title = Why was my call refused?
errors-lead = Every call ends with a stable code. Here is what each means, and what to do.
errors-caption = Codes that the gateway gives
errors-code = Code
errors-status = Status
errors-all = All codes

answers-crumb = Answers
answers-title = Answers to “{ $ask }”
answers-ask = Your question
answers-goal = What you want to do (optional)
answers-goal-hint = Helps to choose among several answers: “showing missions on my site”.
answers-button = Search
answers-none = Nothing in the documentation answers this question.
answers-none-lead = Try other words, the API’s name or the code of the error. Every API has a contact and tickets.
answers-lead = Ask a question, or give a few words.
answers-in-api = Search this documentation
llms-ask = Ask a page of the documentation: add `?ask=…` to its address, `&goal=…` to say what you want to do, and `Accept: text/markdown`.
llms-whole = The whole documentation as one text
llms-more = The rest, page by page
documentation-links = Catalogue of the APIs as links (RFC 9727)
api-to-leave = To be left from { $date } on.
api-ends = It may answer no more from { $date } on.
api-leaving-guide = How to leave it
