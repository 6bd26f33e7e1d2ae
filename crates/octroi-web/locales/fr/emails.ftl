# Courriels : l'objet, puis le texte. Aucun ne contient de secret ailleurs que dans son lien.

email-verify = Confirmez votre adresse
    .text =
        Bonjour { $first_name },

        Votre compte est presque prêt. Pour confirmer votre adresse, ouvrez ce lien :

        { $url }

        Il fonctionne une fois, jusqu'au { $date } à { $time } (UTC).

        Si vous n'avez pas créé de compte, ignorez ce message : rien ne se passera.
email-already-registered = Vous avez déjà un compte
    .text =
        Bonjour { $first_name },

        Quelqu'un, sans doute vous, vient de s'enregistrer avec votre adresse. Vous avez déjà un compte : connectez-vous ici.

        { $sign_in_url }

        Mot de passe oublié ? Choisissez-en un autre :

        { $forgot_url }

        Si ce n'était pas vous, ignorez ce message : rien n'a changé.
email-reset-password = Choisissez un nouveau mot de passe
    .text =
        Bonjour { $first_name },

        Pour choisir un nouveau mot de passe, ouvrez ce lien :

        { $url }

        Il fonctionne une fois, jusqu'au { $date } à { $time } (UTC).

        Si vous n'avez rien demandé, ignorez ce message : votre mot de passe reste le même.
email-password-changed = Votre mot de passe a changé
    .text =
        Bonjour { $first_name },

        Votre mot de passe vient d'être changé, et toutes vos connexions sont terminées.

        Si ce n'était pas vous, choisissez-en un autre sans attendre :

        { $forgot_url }
email-confirm-new = Confirmez votre nouvelle adresse
    .text =
        Bonjour { $first_name },

        Vous avez demandé que votre compte utilise cette adresse. Pour la confirmer, ouvrez ce lien :

        { $url }

        Il fonctionne une fois, jusqu'au { $date } à { $time } (UTC).

        Si vous n'avez rien demandé, ignorez ce message : rien ne se passera.
email-changed = L'adresse de votre compte a changé
    .text =
        Bonjour { $first_name },

        Votre compte utilise désormais une autre adresse : celle-ci ne servira plus.

        Si ce n'était pas vous, prévenez sans attendre l'exploitant du portail.
email-invitation = Vous êtes invité
    .text =
        Bonjour,

        Vous êtes invité à rejoindre le portail des API.

        Pour accepter, ouvrez ce lien :

        { $url }

        Il fonctionne une fois, jusqu'au { $date } à { $time } (UTC).
email-invitation-organization = Vous êtes invité à rejoindre { $organization }
    .text =
        Bonjour,

        { $inviter } vous invite à rejoindre { $organization } sur le portail des API.

        Pour accepter, ouvrez ce lien :

        { $url }

        Il fonctionne une fois, jusqu'au { $date } à { $time } (UTC).
email-invitation-somebody = Le portail
