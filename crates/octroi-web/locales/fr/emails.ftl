# Courriels. Chacun dit une chose : l’objet, puis `.text` (des paragraphes), `.action` (un bouton, dont le lien suit),
# `.closing` (ce qui vient après). Le texte simple et le document HTML sont faits des mêmes phrases. Aucun ne contient
# de secret ailleurs que dans son lien.

email-greeting = Bonjour { $first_name },
email-greeting-nobody = Bonjour,
email-link = { $label } :
email-footer = Envoyé par le portail des API :

# Pourquoi l’on reçoit un message.
email-why-address = Vous recevez ce message parce que cette adresse a été donnée au portail.
email-why-account = Vous recevez ce message parce que vous avez un compte au portail.
email-why-owner = Vous recevez ce message parce que vous gérez les applications de l’organisation qui possède celle-ci.
email-why-provider = Vous recevez ce message parce que vous gérez les API de l’organisation qui fournit celle-ci.
email-why-ticket = Vous recevez ce message parce que ce ticket concerne votre organisation.

# Les faits, en liste.
email-fact-application = Application
email-fact-organization = Organisation
email-fact-api = API
email-fact-plan = Plan
email-fact-author = Par
email-fact-when = Quand
email-fact-client = Adresse
email-fact-agent = Avec
email-fact-subject = Sujet

email-author-owner = { $name }, de votre organisation
email-author-provider = { $name }, pour le fournisseur { $organization }
email-author-operator = l’exploitant du portail

email-moment = { $date } à { $time } (UTC)
email-date = { $day ->
        [1] 1er
       *[other] { $day }
    } { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    } { $year }
email-time = { $hour } h { $minute }

email-verify = Confirmez votre adresse
    .text = Votre compte est presque prêt. Pour confirmer votre adresse, ouvrez ce lien.
    .action = Confirmer mon adresse
    .closing =
        Il fonctionne une fois, jusqu’au { $moment }.

        Si vous n’avez pas créé de compte, ignorez ce message : rien ne se passera.
email-already-registered = Vous avez déjà un compte
    .text =
        Quelqu’un, sans doute vous, vient de s’enregistrer avec votre adresse. Vous avez déjà un compte : connectez-vous.
    .action = Se connecter
    .closing =
        Mot de passe oublié ? Choisissez-en un autre :

        { $forgot_url }

        Si ce n’était pas vous, ignorez ce message : rien n’a changé.
email-reset-password = Choisissez un nouveau mot de passe
    .text = Pour choisir un nouveau mot de passe, ouvrez ce lien.
    .action = Choisir un mot de passe
    .closing =
        Il fonctionne une fois, jusqu’au { $moment }.

        Si vous n’avez rien demandé, ignorez ce message : votre mot de passe reste le même.
email-password-changed = Votre mot de passe a changé
    .text =
        Votre mot de passe vient d’être changé, et toutes vos connexions sont terminées.

        Si ce n’était pas vous, choisissez-en un autre sans attendre.
    .action = Choisir un mot de passe
email-confirm-new = Confirmez votre nouvelle adresse
    .text = Vous avez demandé que votre compte utilise cette adresse. Pour la confirmer, ouvrez ce lien.
    .action = Confirmer mon adresse
    .closing =
        Il fonctionne une fois, jusqu’au { $moment }.

        Si vous n’avez rien demandé, ignorez ce message : rien ne se passera.
email-changed = L’adresse de votre compte a changé
    .text =
        Votre compte utilise désormais une autre adresse : celle-ci ne servira plus.

        Si ce n’était pas vous, prévenez sans attendre l’exploitant du portail.
email-new-sign-in = Nouvelle connexion à votre compte
    .text =
        Quelqu’un, sans doute vous, vient de se connecter à votre compte depuis un appareil que nous ne connaissons pas.
    .action = Voir mes connexions
    .closing =
        Si ce n’était pas vous, terminez cette connexion, puis choisissez un autre mot de passe sans attendre :

        { $forgot_url }
email-invitation = Vous êtes invité
    .text = Vous êtes invité à rejoindre le portail des API. Pour accepter, ouvrez ce lien.
    .action = Accepter l’invitation
    .closing =
        Il fonctionne une fois, jusqu’au { $moment }.

        Si vous n’attendiez pas cette invitation, ignorez ce message : rien ne se passera.
email-invitation-organization = Vous êtes invité à rejoindre { $organization }
    .text =
        { $inviter } vous invite à rejoindre { $organization } sur le portail des API. Pour accepter, ouvrez ce lien.
    .action = Accepter l’invitation
    .closing =
        Il fonctionne une fois, jusqu’au { $moment }.

        Si vous n’attendiez pas cette invitation, ignorez ce message : rien ne se passera.
email-invitation-somebody = Le portail

email-subscription-requested = { $api } : une souscription attend votre réponse
    .text = { $organization } demande l’accès à { $api } pour son application { $application }.
    .action = Répondre à la demande
    .comment = Son commentaire :
email-subscription-approved = { $api } : votre souscription est acceptée
    .text =
        La souscription de votre application { $application } à { $api } est acceptée. Sa page montre ce qu’il faut pour appeler l’API.
    .action = Voir la souscription
    .comment = Le mot qui l’accompagne :
email-subscription-rejected = { $api } : votre souscription est refusée
    .text = La souscription de votre application { $application } à { $api } est refusée.
    .action = Voir la souscription
    .comment = La raison donnée :
    .closing = Vous pouvez en demander une autre, avec un autre commentaire ou sous un autre plan.
email-subscription-paused = { $api } : votre souscription est en pause
    .text =
        La souscription de votre application { $application } à { $api } est mise en pause. Ses appels sont refusés jusqu’à la reprise ; ses clés restent les mêmes.
    .action = Voir la souscription
    .comment = La raison donnée :
email-subscription-resumed = { $api } : votre souscription reprend
    .text =
        La souscription de votre application { $application } à { $api } reprend. Ses appels passent de nouveau, avec les mêmes clés.
    .action = Voir la souscription
    .comment = Le mot qui l’accompagne :
email-subscription-closed = { $api } : votre souscription est close
    .text =
        La souscription de votre application { $application } à { $api } est close. Ses clés n’ouvrent plus rien.
    .action = Voir la souscription
    .comment = La raison donnée :
    .closing = Pour appeler de nouveau cette API, souscrivez-y depuis votre application.
email-plan-changed = { $api } : votre souscription passe au plan { $plan }
    .text =
        La souscription de votre application { $application } à { $api } passe au plan { $plan }. Ses clés restent les mêmes.
    .action = Voir la souscription
email-application-archived = { $application } : votre application est archivée
    .text =
        Votre application { $application } est archivée. Ses souscriptions sont closes, ses clés n’ouvrent plus rien.
    .action = Voir l’application
    .closing = Si vous ne vous y attendiez pas, parlez-en à la personne nommée ci-dessus.

email-key-renewed = { $application } : { $kind ->
        [secret] secret renouvelé
       *[key] clé renouvelée
    }
    .text =
        { $kind ->
            [secret] Un nouveau secret de votre application { $application } remplace celui qui se termine par { $hint }.
           *[key] Une nouvelle clé de votre application { $application } remplace celle qui se termine par { $hint }.
        }
    .until =
        { $kind ->
            [secret] L’ancien secret fonctionne jusqu’au { $moment }.
           *[key] L’ancienne clé fonctionne jusqu’au { $moment }.
        }
    .ended =
        { $kind ->
            [secret] L’ancien secret ne fonctionne plus.
           *[key] L’ancienne clé ne fonctionne plus.
        }
    .action =
        { $kind ->
            [secret] Voir l’application
           *[key] Voir la souscription
        }
    .closing = Si vous ne vous y attendiez pas, ouvrez cette page et révoquez ce que vous ne connaissez pas.
email-key-revoked = { $application } : { $kind ->
        [secret] secret révoqué
       *[key] clé révoquée
    }
    .text =
        { $kind ->
            [secret] Le secret de votre application { $application } qui se termine par { $hint } est révoqué. Ce qui l’utilise encore est refusé, pour toujours.
           *[key] La clé de votre application { $application } qui se termine par { $hint } est révoquée. Les appels qui la montrent sont refusés, pour toujours.
        }
    .action =
        { $kind ->
            [secret] Voir l’application
           *[key] Voir la souscription
        }
    .closing =
        { $kind ->
            [secret] Pour appeler de nouveau, créez un nouveau secret sur cette page.
           *[key] Pour appeler de nouveau, créez une nouvelle clé sur cette page.
        }
email-key-leaked = { $application } : { $kind ->
        [secret] un secret a fuité
       *[key] une clé a fuité
    }
    .text =
        { $kind ->
            [secret] Quelqu’un a trouvé le secret de votre application { $application } qui se termine par { $hint }, et nous l’a signalé. Nous l’avons arrêté aussitôt.
           *[key] Quelqu’un a trouvé la clé de votre application { $application } qui se termine par { $hint }, et nous l’a signalée. Nous l’avons arrêtée aussitôt.
        }
    .paused =
        { $kind ->
            [secret] Renouvelez-le pour que vos appels passent de nouveau, et retirez l’ancien de l’endroit où il a été trouvé. Si c’était une fausse alerte, vous pouvez le rétablir.
           *[key] Renouvelez-la pour que vos appels passent de nouveau, et retirez l’ancienne de l’endroit où elle a été trouvée. Si c’était une fausse alerte, vous pouvez la rétablir.
        }
    .revoked =
        { $kind ->
            [secret] Il ne servira plus jamais. Demandez-en un nouveau, et retirez l’ancien de l’endroit où il a été trouvé.
           *[key] Elle ne servira plus jamais. Demandez-en une nouvelle, et retirez l’ancienne de l’endroit où elle a été trouvée.
        }
    .comment = L’endroit, dans les mots de la personne qui l’a signalé :
    .action = Voir la page
email-token-leaked = Un jeton de gestion a fuité
    .text = Quelqu’un a trouvé votre jeton de gestion « { $name } » qui se termine par { $hint }, et nous l’a signalé. Nous l’avons révoqué aussitôt. Vérifiez ce qui a été fait avec lui, et faites-en un autre s’il vous en faut un.
    .action = Voir mes jetons
email-key-expiring = { $days ->
        [1] { $application } : votre clé expire dans un jour
       *[other] { $application } : votre clé expire dans { $days } jours
    }
    .text =
        La clé de votre application { $application } qui se termine par { $hint } n’ouvrira plus rien après le { $moment }.
    .renew =
        Renouvelez-la avant : l’ancienne et la nouvelle fonctionnent ensemble le temps que vous choisissez.
    .subscription =
        La souscription prend fin au même moment : pour continuer, demandez-en une nouvelle au fournisseur de l’API.
    .action = Voir la souscription

email-ticket-opened = { $api } : { $subject }
    .text = { $author } ouvre un ticket sur { $api }.
    .action = Lire et répondre
    .comment = Le message commence ainsi :
email-ticket-answered = { $api } : réponse à « { $subject } »
    .text = { $author } répond à un ticket sur { $api }.
    .action = Lire et répondre
    .comment = La réponse commence ainsi :
