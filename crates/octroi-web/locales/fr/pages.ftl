# Pages : l'accueil, et celles où mènent les liens des courriels.

page-skip = Aller au contenu
page-language = Langue
page-other = English
page-other-code = en
page-home = Retour à l'accueil
page-footer = Octroi, logiciel libre : portail d'API, guichet de clés et passerelle.

home-title = Portail des API
home-lead = Octroi est la porte et le guichet des API : on y découvre ce qui existe, on y obtient une clé, et chaque appel passe par sa passerelle.
home-soon = Les pages du portail arrivent. En attendant, tout ce qu'elles feront se fait déjà par l'API de gestion.
home-catalogue = Catalogue
home-empty = Aucune API n'est publiée pour le moment.
home-unavailable = Le catalogue ne peut pas être lu pour le moment. Rechargez la page dans quelques secondes.
home-provider = Fournisseur
home-address = Adresse d'accès
home-plans = Plans
home-figures = Utilisation
home-subscriptions =
    { $count ->
        [0] aucune souscription
        [one] une souscription
       *[other] { $count } souscriptions
    }
home-calls =
    { $count ->
        [0] aucun appel en 7 jours
        [one] un appel en 7 jours
       *[other] { $count } appels en 7 jours
    }
home-document = Document OpenAPI
home-programs = Pour les programmes
home-openapi = Document OpenAPI de l'API de gestion
home-oauth = Serveur d'autorisation OAuth2
home-llms = Cet accueil en texte

state-draft = En préparation
state-published = En service
state-deprecated = À quitter
state-retired = Hors service

field-email = Adresse électronique
field-password = Mot de passe
field-password-hint = Au moins 12 caractères, difficiles à deviner.
field-identifier = Identifiant
field-first-name = Prénom
field-last-name = Nom
field-terms = J'accepte les conditions d'utilisation du portail.

verify-title = Confirmer votre adresse
verify-lead = Un clic, et votre adresse est confirmée.
verify-button = Confirmer mon adresse
verify-done = Votre adresse est confirmée. Vous pouvez vous connecter.
reset-title = Choisir un nouveau mot de passe
reset-lead = Toutes vos connexions seront terminées.
reset-button = Enregistrer le mot de passe
reset-done = Votre mot de passe est enregistré. Vous pouvez vous connecter.
forgot-title = Mot de passe oublié
forgot-lead = Indiquez votre adresse : si elle a un compte, un lien y est envoyé.
forgot-button = Recevoir le lien
forgot-done = Si cette adresse a un compte, un lien vient d'y être envoyé. Il fonctionne une demi-heure.
invitation-title = Accepter l'invitation
invitation-lead = Créez votre compte.
invitation-for = Créez votre compte. Il aura l'adresse { $email }.
invitation-has-account = Votre adresse a déjà un compte : acceptez l'invitation avec lui, par « POST /api/v1/memberships » de l'API de gestion.
invitation-button = Créer mon compte
invitation-done = Votre compte est prêt. Vous pouvez vous connecter.
sign-in-title = Connexion
sign-in-lead = La page de connexion arrive avec les pages du portail. En attendant, « POST /api/v1/sign-ins » donne un jeton de gestion contre votre identifiant et votre mot de passe.
