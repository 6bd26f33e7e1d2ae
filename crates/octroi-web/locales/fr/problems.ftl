# Refus de l'API de gestion : un titre, et une phrase qui dit quoi faire. Les noms sont les codes stables.

malformed_request = Requête illisible
    .detail = La requête ne peut pas être lue : un en-tête en double, un paramètre qui n'est pas en UTF-8 ou un corps interrompu.
malformed_json = JSON mal formé
    .general = Le corps de la requête n'est pas du JSON valide en UTF-8. La réponse dit à quelle ligne et quelle colonne.
    .detail = Le corps n'est pas du JSON valide en UTF-8 : erreur à la ligne { $line }, colonne { $column }.
sign_in_required = Connexion requise
    .detail = Envoyez un jeton de gestion dans l'en-tête « Authorization: Bearer … ».
token_invalid = Jeton refusé
    .detail = Ce jeton de gestion est inconnu, révoqué ou expiré. Connectez-vous de nouveau pour en obtenir un autre.
sign_in_failed = Connexion refusée
    .detail = L'identifiant et le mot de passe ne vont pas ensemble, ou ce compte ne peut pas se connecter.
forbidden = Action non permise
    .detail = Vous pouvez voir cet objet, mais votre rôle ne permet pas cette action.
from_elsewhere = Formulaire venu d’ailleurs
    .detail = Ce formulaire a été envoyé depuis un autre site. Ouvrez la page ici et recommencez.
insufficient_scope = Portée insuffisante
    .general = Le jeton utilisé n'a pas la portée que l'action demande. La réponse dit laquelle.
    .detail = Le jeton utilisé n'a pas la portée « { $scope } ». Créez-en un qui l'a.
sign_in_again = Mot de passe à confirmer
    .detail = Un secret ne s'affiche que dans les cinq minutes qui suivent une connexion. Confirmez votre mot de passe puis recommencez.
not_found = Introuvable
    .detail = Rien n'existe à cette adresse, ou rien que vous puissiez voir.
method_not_allowed = Méthode non permise
    .general = Cette adresse n'accepte pas cette méthode. L'en-tête Allow dit lesquelles.
    .detail = Cette adresse accepte seulement : { $allowed }.
request_timeout = Envoi trop lent
    .detail = Le corps de la requête n'est pas arrivé à temps. Recommencez.
stale = Modifié entre-temps
    .detail = L'objet a été modifié depuis votre lecture. Relisez-le, puis recommencez avec sa nouvelle étiquette (ETag).
body_too_large = Corps trop long
    .general = Le corps de la requête est trop long : 1 Mio au plus, 10 Mio pour un document.
    .detail = Le corps de la requête dépasse { $max } octets.
unsupported_media_type = Type de contenu non pris en charge
    .general = Le corps n'a pas un type de contenu pris en charge. La réponse dit lesquels.
    .detail = Envoyez le corps avec l'un de ces types de contenu : { $wanted }.
invalid = Requête invalide
    .detail = Certains champs sont à corriger : voir « errors ». Rien n'a été modifié.
too_many_requests = Trop d'essais
    .general = Trop d'essais. L'en-tête Retry-After dit combien de secondes attendre.
    .detail =
        { $seconds ->
            [one] Trop d'essais. Recommencez dans une seconde.
           *[other] Trop d'essais. Recommencez dans { $seconds } secondes.
        }
internal = Erreur interne
    .detail = La faute est de notre côté. Rien n'a été modifié ; indiquez le numéro de la requête si vous nous écrivez.
unavailable = Service momentanément indisponible
    .detail = La base de données ne répond pas. Rien n'a été modifié ; recommencez dans quelques secondes.

# Contradictions avec l'état présent.
subscription_state = État de la souscription
    .detail = L'état de la souscription ne permet pas cette action. Relisez-la.
credential_state = État de la clé
    .detail = L'état de la clé ne permet pas cette action. Relisez-la.
already_subscribed = Déjà souscrit
    .detail = Cette application a déjà une souscription en cours à cette API.
plan_closed = Plan fermé
    .detail = Ce plan n'accepte plus de nouvelle souscription.
api_not_open = API fermée aux souscriptions
    .detail = Cette API n'accepte pas de nouvelle souscription.
application_archived = Application archivée
    .detail = L'application est archivée : rien ne peut plus y être ajouté.
application_kind = Type d'application inadapté
    .detail = Le type de l'application ne convient pas à ce plan. Un plan OAuth2 demande une application « Backend to backend ».
key_exists = Clé déjà présente
    .detail = La souscription a déjà une clé utilisable. Renouvelez-la, ou révoquez-la d'abord.
not_revealable = Clé non affichable
    .detail = Aucune copie de cette clé n'est conservée : elle ne s'affichait qu'une fois. Renouvelez-la pour en obtenir une nouvelle.
link_spent = Lien utilisé ou expiré
    .detail = Ce lien a déjà servi ou a expiré. Demandez-en un nouveau.
last_owner = Dernier propriétaire
    .detail = Une organisation garde au moins un propriétaire. Nommez-en d'abord un autre.
last_administrator = Dernier administrateur
    .detail = Le portail garde au moins un administrateur qui peut se connecter. Nommez-en d'abord un autre.
still_used = Encore utilisé
    .detail = D'autres objets en dépendent encore.
idempotency_key_reused = Clé d'idempotence déjà employée
    .detail = Cette clé d'idempotence accompagnait une autre requête. Choisissez-en une nouvelle.
still_running = Première requête en cours
    .detail = La première requête avec cette clé d'idempotence n'a pas encore de réponse. Recommencez plus tard.
terms_not_accepted = Conditions à accepter
    .detail = Les conditions, dans la version affichée, doivent être acceptées.
too_many_tickets = Trop de tickets ouverts
    .detail = Vous avez 50 tickets ouverts, le maximum. Fermez-en un qui est réglé, ou écrivez-y.
ticket_full = Ticket complet
    .detail = Ce ticket a 500 messages, le maximum. Ouvrez-en un autre et citez celui-ci.
