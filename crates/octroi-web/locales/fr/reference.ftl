# La référence d’une API, écrite à partir de son document OpenAPI.


reference-in-path = Dans le chemin
reference-in-query = Dans l’adresse, après « ? »
reference-in-header = Dans les en-têtes
reference-in-cookie = Dans un cookie

reference-status-1 = Réponse provisoire
reference-status-2 = Succès
reference-status-3 = Redirection
reference-status-4 = Appel refusé
reference-status-5 = Panne
reference-status-default = Toute autre réponse

reference-text = texte
reference-integer = entier
reference-number = nombre
reference-boolean = vrai ou faux
reference-object = objet
reference-file = fichier
reference-list = liste
reference-list-of = liste ({ $of })
reference-any = valeur quelconque
reference-null = rien (null)
reference-or = ou
reference-one-of = une forme parmi { $count }
reference-any-of = une ou plusieurs formes parmi { $count }
reference-variant = Forme { $number } sur { $count }
reference-again = de nouveau { $name }, décrit plus haut
reference-elsewhere = décrit ailleurs : { $address }

reference-length =
    { $kind ->
        [both] de { $least } à { $most } caractères
        [least] au moins { $least } caractères
       *[most] au plus { $most } caractères
    }
reference-range =
    { $kind ->
        [both] de { $least } à { $most }
        [least] au moins { $least }
       *[most] au plus { $most }
    }
reference-items =
    { $kind ->
        [both] de { $least } à { $most } éléments
        [least] au moins { $least } éléments
       *[most] au plus { $most } éléments
    }
reference-names =
    { $kind ->
        [both] de { $least } à { $most } noms
        [least] au moins { $least } noms
       *[most] au plus { $most } noms
    }
reference-above = plus grand que
reference-below = plus petit que
reference-multiple = multiple de
reference-pattern = motif
reference-constant = toujours
reference-default = par défaut
reference-values = valeurs
reference-unique = sans doublon
reference-read-only = en lecture seule
reference-write-only = en écriture seule
reference-discriminator = la forme est dite par

reference-lead = Chaque opération a sa page : ce qu’elle prend, ce qu’elle répond, une commande pour l’appeler.
reference-license = Licence
reference-document = Document OpenAPI
reference-operations = Opérations
reference-no-tag = Autres opérations
reference-empty = Le document ne décrit aucune opération.
reference-left-out =
    { $count ->
        [one] Une opération n’est pas listée ici : le document OpenAPI la donne.
       *[other] { $shown } opérations ne sont pas listées ici : le document OpenAPI les donne.
    }
reference-deprecated = à quitter
reference-deprecated-lead = Le fournisseur demande de quitter cette opération : elle peut disparaître de la prochaine version.
reference-command = Commande curl
reference-incomplete = Le document ne donne pas d’exemple pour chaque valeur : remplacez les noms en capitales et les valeurs inventées.
reference-parameters = Paramètres
reference-body = Corps de la requête
reference-responses = Réponses
reference-headers = En-têtes de la réponse
reference-name = Nom
reference-kind = Nature
reference-about = Ce qu’il faut savoir
reference-required = obligatoire
reference-for-example = par exemple
reference-example = Exemple
reference-colon = { "\u00A0" }:
reference-cut = Cette opération est trop longue pour une page : la suite est dans le document OpenAPI.
reference-neighbours = Opérations voisines
