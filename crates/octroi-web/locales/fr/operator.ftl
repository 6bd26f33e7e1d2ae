# Pages de l’exploitant : comptes, organisations, file d’envoi, journal.

operator-accounts = Comptes
operator-organizations = Organisations
operator-jobs = File d’envoi
operator-audit = Journal
operator-search = Chercher
operator-search-label = Nom, identifiant ou adresse électronique
operator-object-label = Identifiant de l’objet, comme acc_… ou sub_…
operator-name = Nom
operator-id = Identifiant interne
operator-kind = Genre
operator-slug = Nom dans les adresses
operator-roles = Rôles pour le portail
operator-no-role = aucun
operator-role-admin = exploitant
operator-role-officer = chargé de déploiement
operator-role-instructor = instructeur
operator-unverified = À confirmer
operator-active = Actif
operator-suspended = Suspendu
operator-suspend = Suspendre le compte
operator-suspend-lead = La personne est déconnectée partout et ne peut plus se connecter. Les clés de ses organisations restent.
operator-resume = Rétablir le compte
operator-resume-lead = La personne pourra se connecter de nouveau.
operator-history = Ce que le journal dit de ce compte
operator-kind-personal = personnelle
operator-kind-company = entreprise
operator-kind-public-body = organisme public
operator-kind-provider = fournisseur
operator-kind-vendor = éditeur
operator-kind-partner = partenaire
operator-jobs-lead = Les courriels qui attendent d’être envoyés, et ceux qui n’ont pas pu l’être. Ce qui est fait n’y est plus.
operator-jobs-empty = Rien n’attend : tout est parti.
operator-job-mail = Courriel
operator-job-forgot-password = Mot de passe oublié
operator-job-resend = Nouveau lien de confirmation
operator-ready = En attente
operator-running = En cours
operator-dead = Abandonné
operator-next-try = Prochain essai
operator-attempts = Essais
operator-error = Dernière erreur
operator-no-error = aucune
operator-act = Agir
operator-nothing-to-do = rien à faire
operator-retry = Réessayer
operator-what = Action
operator-when = Quand
operator-who = Qui
operator-object = Objet
operator-details = Détails
operator-verify = Vérifier le journal
operator-verify-title = Vérification du journal
operator-verified =
    { $count ->
        [0] Le journal est intact : il est vide.
        [one] Le journal est intact : une entrée.
       *[other] Le journal est intact : { $count } entrées.
    }
operator-verified-head = Empreinte de la dernière entrée. Notée ailleurs, elle prouvera plus tard que rien n’a été réécrit.
operator-broken = Le journal a été modifié ou abîmé.
operator-broken-next = Gardez la base telle quelle et comparez-la avec une sauvegarde avant d’y écrire.

notice-last-administrator = C’est le dernier administrateur qui peut se connecter : nommez-en d’abord un autre.
notice-account-suspended = Le compte est suspendu.
notice-account-resumed = Le compte est rétabli.
notice-account-moved = Le compte a changé entre-temps : voici où il en est.
notice-job-retried = L’envoi sera réessayé tout de suite.
notice-job-moved = Cet envoi n’est plus abandonné : il n’y a rien à réessayer.
