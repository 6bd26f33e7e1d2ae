# Mails. Each says one thing: the subject, then `.text` (paragraphs), `.action` (a button, whose link follows), `.closing`
# (what comes after). The plain text and the HTML document are made of the same sentences. None holds a secret elsewhere
# than in its link.

email-greeting = Hello { $first_name },
email-greeting-nobody = Hello,
email-link = { $label }:
email-footer = Sent by the API portal:

# Why one gets a message.
email-why-address = You get this message because this address was given to the portal.
email-why-account = You get this message because you have an account at the portal.
email-why-owner = You get this message because you manage the applications of the organization that owns this one.
email-why-provider = You get this message because you manage the APIs of the organization that provides this one.
email-why-ticket = You get this message because this ticket concerns your organization.

# The facts, as a list.
email-fact-application = Application
email-fact-organization = Organization
email-fact-api = API
email-fact-plan = Plan
email-fact-author = By
email-fact-when = When
email-fact-client = Address
email-fact-agent = With
email-fact-subject = Subject

email-author-owner = { $name }, of your organization
email-author-provider = { $name }, for the provider { $organization }
email-author-operator = the portal’s operator

email-moment = { $date } at { $time } (UTC)
email-date = { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
email-time = { $hour }:{ $minute }

email-verify = Confirm your address
    .text = Your account is almost ready. To confirm your address, open this link.
    .action = Confirm my address
    .closing =
        It works once, until { $moment }.

        If you did not make an account, ignore this message: nothing will happen.
email-already-registered = You have an account already
    .text =
        Somebody, probably you, has just registered with your address. You have an account already: sign in.
    .action = Sign in
    .closing =
        Forgotten your password? Choose another one:

        { $forgot_url }

        If it was not you, ignore this message: nothing has changed.
email-reset-password = Choose a new password
    .text = To choose a new password, open this link.
    .action = Choose a password
    .closing =
        It works once, until { $moment }.

        If you asked for nothing, ignore this message: your password stays the same.
email-password-changed = Your password was changed
    .text =
        Your password has just been changed, and every sign-in of yours has ended.

        If it was not you, choose another one without delay.
    .action = Choose a password
email-confirm-new = Confirm your new address
    .text = You asked for your account to use this address. To confirm it, open this link.
    .action = Confirm my address
    .closing =
        It works once, until { $moment }.

        If you asked for nothing, ignore this message: nothing will happen.
email-changed = Your account’s address was changed
    .text =
        Your account uses another address from now on: this one will serve no more.

        If it was not you, tell the portal’s operator without delay.
email-new-sign-in = A new sign-in to your account
    .text = Somebody, probably you, has just signed in to your account from a device that we do not know.
    .action = See my sign-ins
    .closing =
        If it was not you, end this sign-in, then choose another password without delay:

        { $forgot_url }
email-invitation = You are invited
    .text = You are invited to join the API portal. To accept, open this link.
    .action = Accept the invitation
    .closing =
        It works once, until { $moment }.

        If you did not expect this invitation, ignore this message: nothing will happen.
email-invitation-organization = You are invited to join { $organization }
    .text = { $inviter } invites you to join { $organization } on the API portal. To accept, open this link.
    .action = Accept the invitation
    .closing =
        It works once, until { $moment }.

        If you did not expect this invitation, ignore this message: nothing will happen.
email-invitation-somebody = The portal

email-subscription-requested = { $api }: a subscription waits for your answer
    .text = { $organization } asks for access to { $api } for its application { $application }.
    .action = Answer the request
    .comment = Its comment:
email-subscription-approved = { $api }: your subscription is accepted
    .text =
        The subscription of your application { $application } to { $api } is accepted. Its page shows what is needed to call the API.
    .action = See the subscription
    .comment = The word that goes with it:
email-subscription-rejected = { $api }: your subscription is rejected
    .text = The subscription of your application { $application } to { $api } is rejected.
    .action = See the subscription
    .comment = The reason given:
    .closing = You can ask for another one, with another comment or under another plan.
email-subscription-paused = { $api }: your subscription is paused
    .text =
        The subscription of your application { $application } to { $api } is paused. Its calls are refused until it resumes; its keys stay the same.
    .action = See the subscription
    .comment = The reason given:
email-subscription-resumed = { $api }: your subscription resumes
    .text =
        The subscription of your application { $application } to { $api } resumes. Its calls pass again, with the same keys.
    .action = See the subscription
    .comment = The word that goes with it:
email-subscription-closed = { $api }: your subscription is closed
    .text =
        The subscription of your application { $application } to { $api } is closed. Its keys open nothing any more.
    .action = See the subscription
    .comment = The reason given:
    .closing = To call this API again, subscribe to it from your application.
email-plan-changed = { $api }: your subscription moves to the plan { $plan }
    .text =
        The subscription of your application { $application } to { $api } moves to the plan { $plan }. Its keys stay the same.
    .action = See the subscription
email-application-archived = { $application }: your application is archived
    .text =
        Your application { $application } is archived. Its subscriptions are closed, its keys open nothing any more.
    .action = See the application
    .closing = If you did not expect this, talk to the person named above.

email-key-renewed = { $application }: { $kind ->
        [secret] secret renewed
       *[key] key renewed
    }
    .text =
        { $kind ->
            [secret] A new secret of your application { $application } replaces the one that ends in { $hint }.
           *[key] A new key of your application { $application } replaces the one that ends in { $hint }.
        }
    .until =
        { $kind ->
            [secret] The old secret works until { $moment }.
           *[key] The old key works until { $moment }.
        }
    .ended =
        { $kind ->
            [secret] The old secret works no more.
           *[key] The old key works no more.
        }
    .action =
        { $kind ->
            [secret] See the application
           *[key] See the subscription
        }
    .closing = If you did not expect this, open this page and revoke what you do not know.
email-key-revoked = { $application }: { $kind ->
        [secret] secret revoked
       *[key] key revoked
    }
    .text =
        { $kind ->
            [secret] The secret of your application { $application } that ends in { $hint } is revoked. What still uses it is refused, for good.
           *[key] The key of your application { $application } that ends in { $hint } is revoked. Calls that show it are refused, for good.
        }
    .action =
        { $kind ->
            [secret] See the application
           *[key] See the subscription
        }
    .closing =
        { $kind ->
            [secret] To call again, make a new secret on this page.
           *[key] To call again, make a new key on this page.
        }
email-key-leaked = { $application }: { $kind ->
        [secret] a secret leaked
       *[key] a key leaked
    }
    .text =
        { $kind ->
            [secret] Somebody found the secret of your application { $application } that ends in { $hint }, and told us. We stopped it at once.
           *[key] Somebody found the key of your application { $application } that ends in { $hint }, and told us. We stopped it at once.
        }
    .paused = Renew it so that your calls pass again, and take the old one away from where it was found. If this was a false alarm, you can let it go on.
    .revoked = It will never work again. Ask for a new one, and take the old one away from where it was found.
    .comment = The place, in the words of whoever reported it:
    .action = See the page
email-token-leaked = A management token leaked
    .text = Somebody found your management token “{ $name }” that ends in { $hint }, and told us. We revoked it at once. Check what was done with it, and make another one if you need it.
    .action = See my tokens
email-key-expiring = { $days ->
        [1] { $application }: your key expires in one day
       *[other] { $application }: your key expires in { $days } days
    }
    .text =
        The key of your application { $application } that ends in { $hint } will open nothing after { $moment }.
    .renew = Renew it before: the old one and the new one work together for as long as you choose.
    .subscription = The subscription ends at the same moment: to go on, ask the API’s provider for a new one.
    .action = See the subscription

email-ticket-opened = { $api }: { $subject }
    .text = { $author } opens a ticket about { $api }.
    .action = Read and answer
    .comment = The message begins like this:
email-ticket-answered = { $api }: an answer to “{ $subject }”
    .text = { $author } answers a ticket about { $api }.
    .action = Read and answer
    .comment = The answer begins like this:
