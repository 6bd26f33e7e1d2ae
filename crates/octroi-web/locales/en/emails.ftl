# Mails: the subject, then the text. None holds a secret elsewhere than in its link.

email-verify = Confirm your address
    .text =
        Hello { $first_name },

        Your account is almost ready. To confirm your address, open this link:

        { $url }

        It works once, until { $date } at { $time } (UTC).

        If you did not make an account, ignore this message: nothing will happen.
email-already-registered = You have an account already
    .text =
        Hello { $first_name },

        Somebody, probably you, has just registered with your address. You have an account already: sign in here.

        { $sign_in_url }

        Forgotten your password? Choose another one:

        { $forgot_url }

        If it was not you, ignore this message: nothing has changed.
email-reset-password = Choose a new password
    .text =
        Hello { $first_name },

        To choose a new password, open this link:

        { $url }

        It works once, until { $date } at { $time } (UTC).

        If you asked for nothing, ignore this message: your password stays the same.
email-password-changed = Your password was changed
    .text =
        Hello { $first_name },

        Your password has just been changed, and every sign-in of yours has ended.

        If it was not you, choose another one without delay:

        { $forgot_url }
email-confirm-new = Confirm your new address
    .text =
        Hello { $first_name },

        You asked for your account to use this address. To confirm it, open this link:

        { $url }

        It works once, until { $date } at { $time } (UTC).

        If you asked for nothing, ignore this message: nothing will happen.
email-changed = Your account's address was changed
    .text =
        Hello { $first_name },

        Your account uses another address from now on: this one will serve no more.

        If it was not you, tell the portal's operator without delay.
email-invitation = You are invited
    .text =
        Hello,

        You are invited to join the API portal.

        To accept, open this link:

        { $url }

        It works once, until { $date } at { $time } (UTC).
email-invitation-organization = You are invited to join { $organization }
    .text =
        Hello,

        { $inviter } invites you to join { $organization } on the API portal.

        To accept, open this link:

        { $url }

        It works once, until { $date } at { $time } (UTC).
email-invitation-somebody = The portal
