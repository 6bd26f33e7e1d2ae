# Les pages que tout le monde lit : accueil, catalogue, API, documentation.

home-title = Portail des API publiques
home-heading = Une clé, et l’API publique vous est ouverte
home-lead = Trouvez l’API qu’il vous faut, demandez votre clé et passez votre premier appel. Comptez deux minutes.
home-search-label = Rechercher une API
home-search = Rechercher
home-see-all =
    { $count ->
        [one] Voir l’API du catalogue
       *[other] Voir les { $shown } API du catalogue
    }
home-unavailable = Le catalogue ne peut pas être lu pour le moment. Rechargez la page dans quelques secondes.
home-people = Entrez dans la démonstration
home-people-lead = Ces personnes sont inventées. Choisissez qui vous êtes : un clic vous connecte.
home-enter = Entrer comme { $name }
home-role-admin = administre le portail
home-role-provider = fournit l’API Sirene
home-role-officer = chargée de déploiement
home-role-instructor = instruit les demandes
home-role-developer = appelle l’API Sirene
home-role-editor = édite un logiciel
home-steps = Du compte au premier appel
home-step-1 = Créez votre compte
home-step-1-lead = Un nom, une adresse électronique, un mot de passe. Vous confirmez l’adresse : le compte est ouvert.
home-step-2 = Déclarez une application
home-step-2-lead = C’est votre programme, votre site, votre logiciel. Elle porte vos clés et vos limites.
home-step-3 = Souscrivez et appelez
home-step-3-lead = Quand le plan est validé automatiquement, la clé s’affiche aussitôt, avec une commande prête à coller dans votre terminal.
home-steps-link = Le premier appel, pas à pas
home-call = Chaque appel reçoit une réponse claire
home-with-key = { $api }, avec votre clé
home-with-key-label = Exemple d’appel admis
home-without-key = Sans clé, ou avec une clé révoquée
home-without-key-label = Exemple d’appel refusé
home-refused = Un appel refusé ?
home-refused-link = Chaque refus a sa page : ce qui s’est passé et que faire
home-most-called = Les plus appelées cette semaine
home-some = Dans le catalogue
home-all = Tout le catalogue
home-publish = Votre organisme publie une API
home-publish-lead = Déposez son document OpenAPI, décrivez vos plans, choisissez qui approuve. La passerelle contrôle chaque appel ; vous voyez qui appelle quoi.
home-publish-link = Publier une API
home-exposed = Une clé s’est retrouvée en public
home-exposed-lead = Dans un dépôt de code, un courriel, une capture d’écran : révoquez-la, elle cesse d’être admise à l’appel suivant.
home-exposed-link = Que faire d’une clé exposée

llms-lead = Octroi est la porte et le guichet des API : on y découvre ce qui existe, on y obtient une clé, et chaque appel passe par sa passerelle.

crumbs-label = Fil d’Ariane
copy = Copier
copy-command = la commande
copied = Copié
copy-by-hand = Sélectionné : copiez avec Ctrl+C

catalogue-title = Catalogue des API
catalogue-lead = La consultation est libre ; un compte n’est utile que pour souscrire.
catalogue-filter-label = Filtrer le catalogue
catalogue-words = Mots cherchés
catalogue-more = Plus de filtres
catalogue-access = Accès
catalogue-access-all = Tous les accès
catalogue-provider = Organisme
catalogue-provider-all = Tous les organismes
catalogue-label = Thème
catalogue-label-all = Tous les thèmes
catalogue-state = État
catalogue-state-all = Tous les états
catalogue-filter = Filtrer
catalogue-clear = Effacer les filtres
catalogue-results = Résultats
catalogue-found =
    { $count ->
        [one] Une API
       *[other] { $shown } API, de la plus appelée à la moins appelée
    }
catalogue-none = Aucune API n’est encore publiée
catalogue-none-lead = Le catalogue se remplit quand un fournisseur publie sa première API.
catalogue-nothing = Aucune API ne répond à cette recherche
catalogue-nothing-lead = Essayez un mot de moins, ou un autre filtre.
catalogue-show-all = Montrer tout le catalogue
catalogue-pages = Pages du catalogue
catalogue-first = Première page
catalogue-next = Page suivante

access-immediate = Clé immédiate
access-open = Sans clé
access-on-request = Sur demande
access-none = Pas encore ouverte

api-version = version { $version }
api-by = Publiée par { $provider }, version { $version }
api-calls =
    { $count ->
        [0] aucun appel en 7 jours
        [one] un appel en 7 jours
       *[other] { $shown } appels en 7 jours
    }
api-subscribe = Souscrire
api-tabs-label = Rubriques de { $name }
api-tab-general = Informations générales
api-tab-documentation = Documentation
api-tab-contact = Contact
api-tab-tickets = Tickets
api-description = Description
api-first-call = Premier appel
api-first-call-label = Exemple d’appel en curl
api-plans = Plans
api-plans-lead = Un plan fixe la limite d’appels et la manière d’obtenir l’accès. Vous pourrez en changer.
api-no-plan = Le fournisseur n’a pas encore ouvert de plan : on ne peut pas souscrire pour le moment.
api-refusals = Quand l’appel est refusé
api-refusals-caption = Réponses de la passerelle quand un appel est refusé
api-refusals-exact = Les réponses exactes de cette API
api-refusal-answer = Réponse
api-refusal-cause = Ce qui s’est passé
api-refusal-remedy = Que faire
api-refusal-label = Réponse { $status } :
api-about = À propos
api-address = Adresse d’accès
api-owner = Propriétaire
api-this-version = Version
api-subscriptions = Souscriptions
api-calls-of-week = Appels des 7 derniers jours
api-terms = Conditions de l’API
api-terms-read = Lire les conditions
api-terms-lead = Vous les acceptez en souscrivant. Un nouveau texte vous sera présenté s’il change.
api-terms-none = Cette API n’a pas de conditions propres : celles du portail suffisent.
api-labels = Thèmes
api-other-versions = Autres versions
api-try = Essayer dans la console
api-reference = Référence
api-console = Console (Swagger)

placement-header = La clé se transmet dans un en-tête ; majuscules et minuscules y sont équivalentes :
placement-query = La clé se transmet dans l’adresse, par le paramètre
placement-bearer = Le jeton se transmet dans l’en-tête Authorization, après le mot Bearer.
placement-basic = La clé se transmet comme mot de passe de l’authentification HTTP Basic.
placement-none = Cette API s’appelle sans clé.

limit-rate =
    { $span ->
        [1] { $count ->
            [one] { $shown } appel par seconde
           *[other] { $shown } appels par seconde
        }
        [60] { $count ->
            [one] { $shown } appel par minute
           *[other] { $shown } appels par minute
        }
        [3600] { $count ->
            [one] { $shown } appel par heure
           *[other] { $shown } appels par heure
        }
       *[other] { $count ->
            [one] { $shown } appel par { $span } secondes
           *[other] { $shown } appels par { $span } secondes
        }
    }
limit-quota =
    { $span ->
        [day] { $count ->
            [one] { $shown } appel par jour
           *[other] { $shown } appels par jour
        }
        [week] { $count ->
            [one] { $shown } appel par semaine
           *[other] { $shown } appels par semaine
        }
       *[month] { $count ->
            [one] { $shown } appel par mois
           *[other] { $shown } appels par mois
        }
    }
limit-none = Sans limite d’appels
limit-and = et { $limit }
limit-per-address = par adresse IP
limit-no-quota = par souscription, sans plafond par mois

plan-automatic = Validation automatique : l’accès est ouvert aussitôt
plan-manual = Demande lue par { $provider }
plan-key = Clé personnelle, sans date de fin
plan-key-days =
    { $count ->
        [one] Clé personnelle, valable un jour
       *[other] Clé personnelle, valable { $count } jours
    }
plan-oauth2 = Jeton OAuth 2.0 (client credentials), de serveur à serveur
plan-keyless = Sans clé ni souscription
plan-keyless-part = Sans clé ni souscription, pour ces appels seulement : { $operations }
plan-comment = Un mot au fournisseur est demandé
plan-scopes = Portées : { $scopes }
plan-subscribe = Souscrire à ce plan
plan-officer = Clé remise aux partenaires par un chargé de déploiement : adressez-vous au vôtre
plan-ask = Demander l’accès
plan-of = { "\u00A0" }: { $plan }

contact-title = Écrire à { $provider }
contact-page = Page du fournisseur
contact-none = Le fournisseur n’a pas donné d’adresse.
contact-ticket = Une question sur vos appels, votre souscription ou la documentation ? Ouvrez un ticket : le fournisseur vous répond ici, et le fil reste avec l’API.
contact-ticket-link = Ouvrir un ticket
contact-never = N’écrivez jamais une clé entière dans un message : ses quatre derniers caractères suffisent à la reconnaître.

documentation-menu = Sommaire de la documentation
documentation-toc = Sur cette page
documentation-foreign = Cette page n’existe pas encore en français.
documentation-source = Cette page en Markdown
documentation-none = Pas encore de documentation
documentation-none-lead = Le fournisseur n’a écrit aucune page et n’a pas déposé de document OpenAPI.
documentation-none-ask = Lui demander
documentation-lead = Appeler une API, garder ses clés, comprendre un refus, publier la sienne.
documentation-guides = Guides
documentation-apis = Documentation des API
documentation-programs = Pour les programmes
documentation-programs-lead = Chaque page de documentation existe aussi en Markdown : ajoutez .md à son adresse.
documentation-oauth = Serveur d’autorisation OAuth 2.0

console-lead = Choisissez « Authorize », donnez votre clé, ouvrez une opération, « Try it out », puis « Execute » : la réponse de la passerelle s’affiche.
console-key = La clé reste dans cette page : elle ne part que vers la passerelle et s’oublie quand vous la fermez. Chaque essai compte dans la limite de votre plan.
console-reference = Lire la référence, qui dit la même chose sans script
console-no-script = La console a besoin de JavaScript, qui est absent ou désactivé dans ce navigateur.
console-waits = La console se charge…

errors-title = Pourquoi mon appel est refusé
errors-lead = Chaque appel se termine par un code stable. Voici ce que chacun veut dire, et que faire.
errors-caption = Les codes que donne la passerelle
errors-code = Code
errors-status = Statut
errors-all = Tous les codes

answers-crumb = Réponses
answers-title = Réponses à « { $ask } »
answers-ask = Votre question
answers-goal = Ce que vous cherchez à faire (facultatif)
answers-goal-hint = Aide à choisir entre plusieurs réponses : « afficher des missions sur mon site ».
answers-button = Chercher
answers-none = Rien dans la documentation ne répond à cette question.
answers-none-lead = Essayez d’autres mots, le nom de l’API ou le code de l’erreur. Chaque API a un contact et des tickets.
answers-lead = Posez une question, ou donnez quelques mots.
answers-in-api = Chercher dans cette documentation
llms-ask = Posez une question à une page de la documentation : ajoutez `?ask=…` à son adresse, `&goal=…` pour dire ce que vous cherchez à faire, et `Accept: text/markdown`.
llms-whole = Toute la documentation en un texte
llms-more = La suite, page par page
documentation-links = Catalogue des API en liens (RFC 9727)
api-to-leave = À quitter à partir du { $date }.
api-ends = Elle peut ne plus répondre à partir du { $date }.
api-leaving-guide = Comment la quitter
