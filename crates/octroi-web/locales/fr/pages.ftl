# Ce qui entoure toutes les pages, la connexion et les pages où mènent les liens des courriels.

page-skip = Aller au contenu
page-tagline = Portail des API publiques
page-menu = Menu
page-menu-close = Fermer le menu
page-other = English
page-other-code = en
page-home = Retour à l’accueil
page-request = Numéro de la demande, à citer si vous nous écrivez :
page-footer = Octroi est un logiciel libre.
page-demo = Démonstration : les personnes, les données et les clés sont fictives.
page-demo-mail = Lire les courriels envoyés

nav-label = Navigation principale
nav-home = Accueil
nav-dashboard = Tableau de bord
nav-catalogue = Catalogue
nav-applications = Applications
nav-documentation = Documentation
nav-provider = Mes API
nav-partners = Partenaires
nav-operator = Administration
nav-my-account = { " " }: mon compte
nav-sign-in = Se connecter
nav-sign-out = Se déconnecter

foot-call = Appeler une API
foot-publish = Publier une API
foot-management-api = API de gestion
foot-help = Aide
foot-help-page = Questions et réponses
foot-service = Ce service
foot-terms = Conditions d’utilisation
foot-legal = Mentions légales
foot-privacy = Données personnelles
foot-accessibility = Accessibilité : conformité non évaluée

notice-signed-out = Vous êtes déconnecté.

markdown-table = Tableau que l’on peut faire défiler
markdown-code = Exemple de code

form-optional-mark = (facultatif)
form-wrong-mark = Erreur : { "" }
form-wrong-title =
    { $count ->
        [one] Un champ est à corriger
       *[other] { $count } champs sont à corriger
    }

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
field-terms = J’accepte les conditions d’utilisation du portail.

verify-title = Confirmer votre adresse
verify-lead = Un clic, et votre adresse est confirmée.
verify-for = Vous confirmez le compte « { $identifier } », au nom de { $name }. Ce n’est pas vous qui l’avez demandé ? Fermez cette page : rien ne se passera.
verify-button = Confirmer mon adresse
reset-title = Choisir un nouveau mot de passe
reset-lead = Toutes vos connexions seront terminées.
reset-button = Enregistrer le mot de passe
forgot-title = Mot de passe oublié
forgot-lead = Indiquez votre adresse : si elle a un compte, un lien y est envoyé.
forgot-button = Recevoir le lien
forgot-done = Si cette adresse a un compte, un lien vient d’y être envoyé. Il fonctionne une demi-heure.
invitation-title = Accepter l’invitation
invitation-lead = Créez votre compte.
invitation-for = Créez votre compte. Il aura l’adresse { $email }.
invitation-button = Créer mon compte
field-login = Identifiant ou adresse électronique
field-remember = Se souvenir de moi
field-identifier-hint = De 3 à 64 caractères : lettres, chiffres, tirets, points.
sign-in-title = Se connecter
sign-in-lead = Deux entrées, selon votre compte. Le catalogue, lui, se consulte sans compte.
sign-in-first = Connectez-vous : la page demandée s’ouvrira ensuite.
sign-in-kept = Votre session a pris fin. Ce que vous avez saisi est gardé : connectez-vous, puis continuez.
sign-in-agents = Agents
sign-in-agents-lead = Avec la session de travail de votre organisme.
sign-in-agents-later = Cette entrée s’ouvrira quand l’exploitant du portail aura relié le fournisseur d’identité de votre organisme. En attendant, créez un compte.
sign-in-externals = Développeurs et partenaires
sign-in-externals-lead = Avec le compte que vous avez créé sur ce portail.
sign-in-forgot = Mot de passe oublié ou inconnu ?
sign-in-button = Se connecter
sign-in-new = première visite
sign-in-register = Créer un compte
confirm-title = Confirmez votre mot de passe
confirm-lead = Ce que vous demandez touche à un secret ou à votre compte. Saisissez votre mot de passe : la confirmation vaut cinq minutes.
confirm-button = Confirmer
resume-title = Vous êtes connecté
resume-lead = Ce qui avait été saisi est gardé. Il ne reste qu’à l’envoyer, au nom de { $person }.
resume-button = Continuer
terms-title = Conditions d’utilisation
terms-version = Version { $version }, en vigueur depuis le { $date }
terms-none = Ce portail n’a pas encore publié de conditions d’utilisation.
terms-accept-title = Les conditions d’utilisation ont changé
terms-accept-lead = Lisez la version en vigueur et acceptez-la pour continuer. Vos clés restent admises pendant ce temps.
terms-accept-button = Accepter les conditions d’utilisation
terms-read-button = Lire les conditions d’utilisation
forgot-done-title = Consultez votre messagerie
