# Ce que fait, une fois connecté, qui appelle des API : tableau de bord, applications, souscriptions, clés, usage.

form-save = Enregistrer
form-cancel = Annuler
form-continue = Continuer
form-next = Suivant
form-previous = Étape précédente
steps-label = Étapes
steps-count = Étape { $at } sur { $all }
steps-done = : fait, modifier
copy-selected = Sélectionné : copiez avec le clavier
column-api = API
column-application = Application
column-plan = Plan
column-state = État
column-key = Clé

dashboard-hello = Bonjour { $name }
dashboard-lead = Vos applications, vos clés et vos appels.
dashboard-drafts = À reprendre
dashboard-draft-unnamed = Nouvelle application, sans nom encore
dashboard-draft-application = Nouvelle application « { $name } »
dashboard-draft-subscription = Souscription à { $api }
dashboard-discard = Abandonner
dashboard-all-applications = Toutes mes applications
dashboard-empty-title = Vous n’avez pas encore d’application
dashboard-empty = Une application est le lien entre vous et les API : c’est elle qui souscrit, et c’est elle qui reçoit les clés. Trois étapes suffisent pour la créer.
dashboard-waiting = Souscriptions en attente de réponse
dashboard-asked = demandée
dashboard-ending = Clés qui finissent bientôt
dashboard-ends = finit
dashboard-usage = Appels de vos applications sur 7 jours

for-application = pour { $name }
applications-parts = Applications et souscriptions
applications-mine = Mes applications
application-create = Créer une application
application-create-first = Créer ma première application
application-subscriptions-count =
    { $count ->
        [0] Aucune souscription
        [one] Une souscription
       *[other] { $count } souscriptions
    }
application-active = Active
application-archived = Archivée
application-parts = Rubriques de l’application
application-general = Général
application-subscriptions = Souscriptions
application-usage = Usage
application-made-by = Application de { $organization }, créée le { $date } par { $person }
application-made = Application de { $organization }, créée le { $date }
application-about = En bref
application-kind = Type
application-owner = Organisation
application-archive = Archiver l’application
application-archive-effect = Ses souscriptions seront closes et ses clés révoquées aussitôt, sur toutes les passerelles. Vous ne pourrez pas revenir en arrière.
application-archive-button = Archiver « { $name } »
application-stale = Quelqu’un d’autre a modifié cette application entre-temps. Votre saisie est gardée : vérifiez-la, puis enregistrez de nouveau.
kind-simple = Simple
kind-simple-hint = Une application mains libres : elle présente une clé à chaque appel. Convient à la plupart des usages.
kind-backend = Backend to backend
kind-backend-hint = Machine à machine : votre serveur échange un identifiant et un secret contre un jeton de courte durée (OAuth 2, client credentials).

field-application-name = Nom de l’application
field-application-name-hint = Au plus 100 caractères. Les fournisseurs d’API le liront.
field-application-description = Description
field-application-description-hint = Décrivez simplement son objectif.
field-application-domain = Domaine utilisé par l’application
field-application-domain-hint = Conseillé. Par exemple https://mon-application.fr.
field-picture = Image de l’application
field-picture-hint = Choisissez un fichier ou déposez-le ici : PNG, JPEG ou WebP, 1 Mio au plus.
field-remove-picture = Retirer l’image
field-organization = Organisation
field-organization-hint = À qui appartiendront l’application et ses clés.
field-kind = Qui appelle les API ?
field-client-id = Identifiant de l’application (client_id)
field-client-id-hint = Pour une application simple seulement : notez ici le vôtre si vous en avez un. Une application Backend to backend reçoit le sien.
field-plan = Choix du plan
field-application = Sélectionner une application
field-application-hint = C’est elle qui recevra la clé.
field-comment = Laisser un commentaire au propriétaire de l’API
field-comment-hint = Dites en une ou deux phrases ce que vous ferez de l’API.
field-accept-terms = J’ai lu et j’accepte les conditions d’utilisation de cette API.
field-grace = L’ancienne reste admise pendant
field-grace-hint = Le temps de la remplacer dans vos programmes.
grace-none = 0 heure : elle s’arrête aussitôt
grace-hours = 2 heures
grace-day = 1 jour
grace-week = 7 jours

limit-second =
    { $count ->
        [one] Un appel par seconde
       *[other] { $number } appels par seconde
    }
limit-minute =
    { $count ->
        [one] Un appel par minute
       *[other] { $number } appels par minute
    }
limit-hour =
    { $count ->
        [one] Un appel par heure
       *[other] { $number } appels par heure
    }
limit-seconds =
    { $count ->
        [one] Un appel en { $seconds } secondes
       *[other] { $number } appels en { $seconds } secondes
    }
limit-day =
    { $count ->
        [one] un appel par jour
       *[other] { $number } appels par jour
    }
limit-week =
    { $count ->
        [one] un appel par semaine
       *[other] { $number } appels par semaine
    }
limit-month =
    { $count ->
        [one] un appel par mois
       *[other] { $number } appels par mois
    }
plan-choice-automatic = Validation automatique.
plan-choice-manual = Validation par le fournisseur.
plan-choice-oauth2 = Demande une application Backend to backend.
plan-choose-one = Choisissez un plan de la liste.
plan-version = Version
plan-crumb = Plan
plan-present = Plan actuel :
plan-change-lead = Votre clé reste la même : il n’y a rien à changer dans vos programmes, sauf l’adresse si vous changez de version.
plan-change-waits = Ce plan est validé par le fournisseur : la souscription attendra sa réponse, et la clé ne sera pas admise pendant ce temps.
plan-change-button = Changer de plan
plan-choose-another = Choisir un autre plan
plan-no-other = Cette API n’a pas d’autre plan ouvert qui accepte la même clé.
plan-back = Retour à la souscription
offer-no-plan = Cette API n’a pas de plan ouvert aux souscriptions pour le moment.
offer-terms = Lire les conditions d’utilisation de cette API
offer-terms-short = Conditions de l’API
offer-terms-accepted = Lues et acceptées

wizard-crumb = Nouvelle application
wizard-security = Sécurité
wizard-subscription = Souscription
wizard-summary = Récapitulatif
wizard-required = Tous les champs sont obligatoires, sauf mention contraire.
wizard-picture-alt = Image choisie
wizard-quit = Quitter, garder le brouillon
wizard-help-title = À quoi sert une application ?
wizard-help-general = Elle est le lien entre vous, qui appelez, et les API. Chaque souscription lui donne une clé. Créez-en une par programme ou par site : vous saurez qui appelle quoi.
wizard-help-kept = Chaque étape est gardée. Vous pouvez quitter et reprendre depuis le tableau de bord.
wizard-security-lead = Dites comment votre application se fera connaître auprès des API. Ce choix est définitif pour cette application.
wizard-doubt-title = Vous hésitez ?
wizard-help-simple = Prenez Simple : une clé suffit pour les données publiques, et vous pourrez créer une autre application plus tard.
wizard-help-backend = Prenez Backend to backend si la documentation de l’API demande OAuth 2.
wizard-help-subscription = Rien ne presse : vous pourrez souscrire à tout moment, depuis la page de chaque API.
wizard-subscription-lead = Cherchez les API que votre application appellera. Cette étape peut rester vide.
wizard-search = Chercher une API
wizard-search-button = Chercher
wizard-search-none = Aucune API ne contient ces mots. Essayez-en d’autres.
wizard-results = API trouvées
wizard-choose = Choisir
wizard-add = Ajouter la souscription
wizard-remove = Retirer
wizard-without = Continuer sans souscription
wizard-edit = Modifier
wizard-no-subscription = Pas de souscription
wizard-create = Créer l’application
created-title = Bravo !
created-lead = L’application « { $name } » est prête.
created-next = Continuer la souscription
created-open = Ouvrir l’application

secret-title = Client OAuth 2
secret-lead = L’identifiant et le secret que votre serveur échange contre un jeton.
secret-once = Copiez ce secret maintenant : il ne sera plus affiché.
secret-none = aucun secret utilisable
secret-endpoint = Adresse des jetons
secret-command = Demander un jeton
secret-renew = Renouveler le secret
secret-renew-button = Créer un nouveau secret
secret-revoke = Révoquer le secret
secret-revoke-effect = Le client n’obtiendra plus de jeton, et ceux qu’il a cesseront d’être admis. Vous ne pourrez pas revenir en arrière ; vous pourrez créer un autre secret.
secret-revoke-button = Révoquer le secret qui finit par { $hint }

subscription-pending = En attente de réponse
subscription-active = Active
subscription-rejected = Refusée
subscription-paused = En pause
subscription-closed = Close
subscription-title = Souscription à { $api }
subscription-waits = Le fournisseur de l’API doit répondre.
subscription-waits-for = Un courriel vous préviendra. La clé apparaîtra ici dès que la souscription sera acceptée.
subscription-is-paused = Le fournisseur a suspendu cette souscription : la clé n’est pas admise pour le moment.
subscription-reason = Réponse du fournisseur
subscription-version = Version
subscription-asked = Demandée
subscription-decided = Décidée
subscription-ends = Fin
subscription-address = Adresse d’accès
subscription-comment = Commentaire au propriétaire
subscription-change-plan = Changer de plan ou de version
subscription-close = Clore la souscription
subscription-close-effect = Ses clés seront révoquées aussitôt, sur toutes les passerelles. Vous ne pourrez pas revenir en arrière ; vous pourrez souscrire de nouveau.
subscription-close-button = Clore la souscription à { $api }
subscriptions-mine = Mes souscriptions
subscriptions-caption = Souscriptions de l’application { $name }
subscriptions-state = État
subscriptions-any-state = Tous les états
subscriptions-all = Voir toutes mes souscriptions
subscriptions-none-title = Aucune souscription
subscriptions-none = Souscrivez à une API du catalogue : la clé apparaîtra ici.
subscriptions-none-in-state = Aucune souscription dans cet état
subscriptions-show-ended = Afficher les révoquées
subscriptions-hide-ended = Masquer les révoquées

key-title = Clé pour { $api }
key-label = Clé
key-show = Afficher
key-whole = la clé entière
key-hide = Masquer
key-the-key = la clé
key-ends-with = finit par
key-not-yet = pas encore
key-active = Admise
key-grace = Ancienne clé
key-paused = En pause
key-expired = Expirée
key-revoked = Révoquée
key-header = En-tête où la placer
key-parameter = Paramètre d’adresse où la placer
key-last-call = Dernier appel
key-no-call = aucun
key-issued = Émise
key-end = Fin
key-no-end = aucune, tant qu’elle n’est pas révoquée
key-revoked-on = révoquée
key-first-call = Premier appel
key-variable = CLE_{ $api }
key-once = Copiez cette clé maintenant : elle ne sera plus affichée.
key-not-kept = Aucune copie de cette clé n’est gardée : elle ne s’affichait qu’une fois. Renouvelez-la si vous l’avez perdue.
key-none = Cette souscription n’a pas encore de clé.
key-issue-lead = Aucune clé n’est utilisable pour cette souscription.
key-issue = Créer une nouvelle clé
key-by-oauth = Ce plan ne demande pas de clé : votre serveur présente un jeton, obtenu avec le client OAuth 2 de l’application.
key-by-oauth-link = Voir le client OAuth 2
key-renew = Renouveler la clé
key-pause = Mettre la clé en pause
key-pause-effect = La clé cessera d’être admise en moins d’une seconde, sur toutes les passerelles. Vous pourrez la reprendre à tout moment.
key-resume = Reprendre la clé
key-resume-effect = La clé sera de nouveau admise aussitôt.
key-revoke = Révoquer la clé
key-revoke-effect = La clé cessera d’être admise en moins d’une seconde, sur toutes les passerelles. Vous ne pourrez pas revenir en arrière ; vous pourrez en créer une autre.
key-revoke-button = Révoquer la clé qui finit par { $hint }
key-old = est encore admise
key-old-until = ; elle finit
key-old-stop = L’arrêter maintenant
advice-title = Cette clé vous engage : ce qu’elle appelle est compté à votre nom.
advice-repository = Jamais dans un dépôt de code public.
advice-client = Jamais dans du code que d’autres reçoivent : page web, application mobile.
advice-variable = Rangez-la dans une variable d’environnement, sur votre serveur.
advice-leak = Si elle a été vue, révoquez-la d’abord ; cherchez ensuite.

subscribe-browse = Souscrire à une API
subscribe-crumb = Souscrire
subscribe-title = Souscrire à { $api }
subscribe-plan = Choix du plan
subscribe-plan-lead = Un plan dit combien d’appels sont admis et qui valide la souscription.
subscribe-application = Choix de l’application
subscribe-application-lead = L’application est le lien entre vous, qui appelez, et la souscription à un plan d’API.
subscribe-chosen-plan = Plan choisi :
subscribe-already = déjà souscrite
subscribe-other-application = Créer une autre application
subscribe-no-application = Il en faut une pour souscrire. Créez-la : vous reviendrez ici ensuite.
subscribe-no-client-title = Il faut une application Backend to backend
subscribe-no-client = Ce plan s’ouvre avec OAuth 2. Créez une application de ce type : vous reviendrez ici ensuite.
subscribe-choose-application = Choisissez une application de la liste.
subscribe-check = Validation
subscribe-at-once = La souscription est validée aussitôt : votre clé apparaîtra à la page suivante.
subscribe-will-wait = { $provider } valide les souscriptions à ce plan : vous recevrez sa réponse par courriel.
subscribe-button = Souscrire et obtenir la clé
subscribe-ask = Envoyer la demande
subscribed-key-title = Votre clé est prête
subscribed-title = La souscription est active
subscribed-waits-title = Demande envoyée
subscribed-lead = L’application « { $name } » peut appeler dès maintenant.
subscribed-waits = Votre souscription à { $api } attend la réponse du fournisseur.
subscribed-open = Voir la souscription
subscribed-api = Retour à { $api }

usage-spans = Période
usage-7d = 7 jours
usage-7d-title = Appels par jour, sur 7 jours
usage-24h = 24 heures
usage-24h-title = Appels par heure, sur 24 heures
usage-30d = 30 jours
usage-30d-title = Appels par jour, sur 30 jours
usage-admitted = Appels admis
usage-refused = Appels refusés
usage-mean = Réponse moyenne
usage-outcomes = Réponses
usage-status = Statut
usage-outcome = Issue
usage-calls = Appels

notice-draft-kept = Votre brouillon est gardé. Vous pouvez le reprendre ici.
notice-draft-discarded = Le brouillon est abandonné.
notice-application-saved = L’application est enregistrée.
notice-application-archived = L’application est archivée.
notice-application-before = Ce formulaire a déjà été envoyé : voici l’application qui en est née.
notice-secret-made = Le nouveau secret est prêt. Copiez-le maintenant.
notice-subscription-before = Ce formulaire a déjà été envoyé : voici la souscription qui en est née.
notice-already-subscribed = Cette application a déjà souscrit à cette API : voici sa souscription.
notice-plan-changed = Le plan est changé. Votre clé reste la même.
notice-key-renewed = La nouvelle clé est prête. Remplacez l’ancienne dans vos programmes.
notice-key-issued = La nouvelle clé est prête.
notice-key-paused = La clé est en pause : elle n’est plus admise.
notice-key-resumed = La clé est de nouveau admise.
notice-key-revoked = La clé est révoquée : elle n’est plus admise.
notice-key-not-kept = Aucune copie de cette clé n’est gardée : elle ne peut pas être affichée.
notice-grace = Choisissez un délai de la liste. Rien n’a été modifié.
notice-meanwhile = L’état avait changé entre-temps, et rien n’a été modifié. Voici où l’on en est.
