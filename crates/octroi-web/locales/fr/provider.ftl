# Pages du fournisseur : ses API, les demandes, les abonnés, l’usage. Le graphique sert aussi ailleurs.

provider-lead = Les API de vos organisations, et ce qui vous y attend.
provider-empty = Vos organisations ne publient pas d’API.
provider-empty-how = Un fournisseur publie ses API par un fichier de catalogue (« octroi apply ») ou par l’API de gestion. L’exploitant du portail crée les organisations de fournisseurs.
provider-tabs = Rubriques de l’API
provider-tab-pending = Demandes
provider-tab-subscribers = Souscriptions
provider-tab-usage = Usage
provider-public-page = Voir la page publique
provider-pending-empty = Aucune demande n’attend votre réponse.
provider-subscribers-empty = Aucune souscription dans cet état.
provider-tickets-empty = Personne n’a encore ouvert de ticket sur cette API.
provider-application = Application
provider-organization = Organisation
provider-plan = Plan
provider-asked = Demandée
provider-decided = Décidée
provider-calls = Appels en 7 jours
provider-open-tickets = Tickets en attente
provider-description = À quoi sert l’application
provider-comment = Message du demandeur
provider-answer = Votre réponse
provider-decide = Décider
provider-reason = Raison
provider-reason-hint = Le demandeur la lit. Il en faut une pour refuser.
provider-reason-read = L’abonné la lit.
provider-approve = Approuver la demande
provider-reject = Refuser la demande
provider-pause = Mettre en pause
provider-resume = Reprendre
provider-close = Clore pour de bon
provider-nothing-to-decide = Il n’y a rien à décider ici.

notice-subscription-approved = La souscription est active : son propriétaire trouve la clé chez lui.
notice-subscription-rejected = La demande est refusée.
notice-subscription-paused = La souscription est en pause : ses clés n’ouvrent plus rien.
notice-subscription-resumed = La souscription a repris.
notice-subscription-closed = La souscription est close et ses clés sont révoquées.
notice-subscriber-suspended = Cette organisation est suspendue par son chargé de déploiement : sa souscription ne peut pas reprendre.
notice-subscription-moved = La souscription a changé entre-temps : voici où elle en est.

