# Pages of the operator: accounts, organizations, mail queue, audit trail.

operator-accounts = Accounts
operator-organizations = Organizations
operator-jobs = Mail queue
operator-audit = Audit trail
operator-search = Search
operator-search-label = Name, identifier or e-mail address
operator-object-label = Identifier of the object, such as acc_… or sub_…
operator-name = Name
operator-id = Internal identifier
operator-kind = Kind
operator-slug = Name in addresses
operator-roles = Roles for the portal
operator-no-role = none
operator-role-admin = operator
operator-role-officer = deployment officer
operator-role-instructor = instructor
operator-unverified = To be confirmed
operator-active = Active
operator-suspended = Suspended
operator-suspend = Suspend the account
operator-suspend-lead = The person is signed out everywhere and can no longer sign in. The keys of their organizations stay.
operator-resume = Resume the account
operator-resume-lead = The person will be able to sign in again.
operator-history = What the audit trail says of this account
operator-kind-personal = personal
operator-kind-company = company
operator-kind-public-body = public body
operator-kind-provider = provider
operator-kind-vendor = vendor
operator-kind-partner = partner
operator-jobs-lead = Mails that wait to be sent, and those that could not be. What is done is gone from here.
operator-jobs-empty = Nothing waits: all has been sent.
operator-job-mail = Mail
operator-job-forgot-password = Forgotten password
operator-job-resend = Another confirmation link
operator-ready = Waiting
operator-running = Under way
operator-dead = Given up
operator-next-try = Next try
operator-attempts = Tries
operator-error = Last error
operator-no-error = none
operator-act = Act
operator-nothing-to-do = nothing to do
operator-retry = Try again
operator-what = Action
operator-when = When
operator-who = Who
operator-object = Object
operator-details = Details
operator-verify = Verify the trail
operator-verify-title = Verification of the audit trail
operator-verified =
    { $count ->
        [0] The trail is intact: it is empty.
        [one] The trail is intact: one entry.
       *[other] The trail is intact: { $count } entries.
    }
operator-verified-head = Digest of the last entry. Written down elsewhere, it will prove later that nothing was rewritten.
operator-broken = The trail was changed or damaged.
operator-broken-next = Keep the database as it is and compare it with a backup before anything is written to it.

notice-last-administrator = This is the last administrator who can sign in: name another one first.
notice-account-suspended = The account is suspended.
notice-account-resumed = The account is resumed.
notice-account-moved = The account has changed meanwhile: this is where it stands.
notice-job-retried = It will be sent again at once.
notice-job-moved = It is not given up any more: there is nothing to try again.
