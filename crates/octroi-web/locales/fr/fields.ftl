# Ce qui ne va pas dans un champ. « rule- » : les règles ; « form- » : la forme attendue ; « range- » : une seule borne.

rule-required = Ce champ est obligatoire.
rule-too_short =
    { $min ->
        [one] Au moins un caractère ou élément.
       *[other] Au moins { $min } caractères ou éléments.
    }
rule-too_long =
    { $max ->
        [one] Au plus un caractère ou élément.
       *[other] Au plus { $max } caractères ou éléments.
    }
rule-out_of_range = Une valeur entre { $min } et { $max }.
rule-malformed = Cette valeur n’a pas la forme attendue.
rule-control_character = Pas de caractère de contrôle ni de caractère invisible.
rule-taken = Cette valeur est déjà prise.
rule-taken_by = Cette valeur est déjà prise par { $by }.
rule-unknown = Rien de tel n’existe, ou rien que vous puissiez voir.
rule-not_allowed = Valeurs possibles : { $allowed }.
rule-guessable = Trop facile à deviner. Plusieurs mots sans lien font un bon mot de passe.
rule-conflicts = À accorder avec le champ « { $with } ».
rule-own_address = C’est votre propre adresse : indiquez celle de la personne à inviter.
rule-wrong_password = Ce n’est pas le mot de passe de ce compte.
rule-private_address = Cette adresse est sur un réseau privé. L’exploitant doit d’abord l’autoriser.
rule-unexpected = Ce champ n’existe pas ici. Vérifiez son orthographe.
rule-wrong_type = Cette valeur n’est pas du bon type.

range-least = Au moins { $min }.
range-most = Au plus { $max }.

form-cursor = Reprenez tel quel le « next_cursor » de la page précédente.
form-date = Une date qui peut s’écrire, comme 2026-11-22T16:20:38Z.
form-differs = Les deux saisies ne sont pas identiques. Saisissez deux fois le même mot de passe.
form-domain = Un nom de domaine ou une adresse, comme https://mon-application.fr.
form-email = Une adresse électronique, comme prenom.nom@exemple.fr.
form-foreign_key = Une clé qui ne commence pas comme celles de ce portail.
form-header_name = Un nom d’en-tête ou de paramètre : lettres, chiffres et tirets ; pas un en-tête réservé comme Host.
form-host = Un nom d’hôte en minuscules, sans port, comme api.exemple.fr.
form-idempotency_key = De 1 à 128 caractères ASCII visibles, sans espace.
form-identifier = De 3 à 64 lettres sans accent, chiffres, tirets, points ou soulignés.
form-if_match = Reprenez tel quel l’en-tête « ETag » de ce que vous avez lu, ou « * ».
form-importable_key = Une clé de 8 à 128 caractères ASCII visibles.
form-json_or_yaml = Du JSON ou du YAML lisible.
form-media_type = Un type de média sans paramètre, comme application/json.
form-not_repeated = Ce n’est pas votre identifiant. Recopiez-le tel qu’il est écrit au-dessus.
form-openapi = Un document OpenAPI 3.0 ou 3.1.
form-operation_path = Un chemin comme /siren/* : « * » pour un segment, « ** » à la fin pour tout ce qui suit.
form-origin = Une origine comme https://exemple.fr, sans chemin ; ou « * » seul.
form-picture = Une image PNG, JPEG ou WebP, de 1 Mio au plus.
form-picture_pixels = Une image de 4 096 pixels de côté au plus, et de 16 millions de pixels en tout. Réduisez-la.
form-picture_size = Une image de 1 Mio au plus : celle-ci est plus lourde. Réduisez-la.
form-picture_whole = Une image entière : celle-ci est coupée ou abîmée. Enregistrez-la de nouveau.
form-route_path = Un chemin comme /api-sirene/3.11 : commence par une barre oblique, n’en a pas à la fin.
form-scope = Un mot en ASCII, sans espace, guillemet ni barre oblique inverse.
form-sha256 = Une empreinte SHA-256 : 64 chiffres hexadécimaux.
form-slug = Des minuscules sans accent, des chiffres et des tirets simples, comme api-sirene.
form-unreadable = Valeur illisible : { $why }.
form-upstream_url = Une adresse http ou https sans identifiants, paramètres ni fragment, sans signe à encoder dans son chemin.
form-url = Une adresse http ou https.
form-version = Une version comme 3.11 : lettres, chiffres, points, tirets.
