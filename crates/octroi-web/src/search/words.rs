//! What of a text is searched: words in small letters without accents, brought to their stems, without those that every
//! sentence has.

use std::collections::HashSet;
use std::sync::LazyLock;

use octroi_domain::api::Language;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Longer words are cut: nobody types them.
const MAX_CHARS: usize = 40;

/// Words without which a French question asks the same.
const FRENCH: &str = "afin ai alors apres as au aucun aussi autre aux avec avoir avoue ca car ce cela celle celui ces cet cette \
    ceux chaque chez comme comment dans de des deux doit dois donc dont du elle elles en encore entre est et \
    etre eu eux faire fait faut font il ils je jusqu la le les leur leurs lui ma mais me meme mes mon ne ni non \
    nos notre nous on ont ou par pas peu peut peux plus pour pourquoi puis puisque qu quand que quel quelle \
    quelles quels qui quoi recois sa sans se ses si sont son sous suis sur ta te tes toi ton tous tout toute \
    toutes trop tu un une vers veut vos votre vous";

/// Words without which an English question asks the same.
const ENGLISH: &str = "about after all also am an and any are as at be because been but by can could did do does doing for from get \
    had has have he her his how if in into is it its just me mean means my no not of off on one or our out over \
    please she should so some such than that the their them then there these they this those to too up us was we \
    were what when where which who whom why will with would you your";

/// Words of this field that people use for one another, in French.
const FRENCH_ALIKE: [&str; 14] = [
    "cle jeton token credential",
    "garder conserver stocker ranger proteger securite",
    "fuite fuiter voler compromettre exposer",
    "renouveler remplacer changer tourner",
    "limite plafond maximal maximum quota",
    "page pagination paginer parcourir",
    "curseur cursor",
    "erreur refus refuser rejeter",
    "chercher rechercher recherche critere requete filtrer",
    "entreprise societe unite",
    "praticien professionnel medecin practitioner",
    "signaler declarer dire",
    "candidature candidat postuler apply",
    "compte inscription inscrire enregistrer",
];

/// The same in English.
const ENGLISH_ALIKE: [&str; 13] = [
    "key token credential secret",
    "keep store save protect safe",
    "leak expose steal compromise",
    "renew rotate replace change",
    "limit maximum quota",
    "page pagination paginate browse walk",
    "cursor curseur",
    "error refuse refusal reject deny block",
    "search find query syntax criteria filter",
    "company business unit",
    "practitioner doctor professional",
    "report declare tell",
    "account register registration",
];

static STOPPED: LazyLock<[HashSet<&'static str>; 2]> =
    LazyLock::new(|| [FRENCH, ENGLISH].map(|words| words.split_whitespace().collect()));

/// Cuts texts of one language into what is searched.
pub(super) struct Reader {
    stemmer: Stemmer,
    stopped: &'static HashSet<&'static str>,
    alike: &'static [&'static str],
}

impl Reader {
    pub(super) fn new(language: Language) -> Self {
        let (algorithm, place, alike): (_, _, &[&str]) = match language {
            Language::Fr => (Algorithm::French, 0, &FRENCH_ALIKE),
            Language::En => (Algorithm::English, 1, &ENGLISH_ALIKE),
        };
        Self { stemmer: Stemmer::create(algorithm), stopped: &STOPPED[place], alike }
    }

    /// The stems of words that are used for one another.
    pub(super) fn alike(&self) -> Vec<Vec<String>> {
        self.alike.iter().map(|words| self.stems(words).collect()).collect()
    }

    /// The stems of a text, in its order.
    pub(super) fn stems<'t>(&'t self, text: &'t str) -> impl Iterator<Item = String> + 't {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(plain);
        let meant = |word: &String| {
            let short = word.chars().nth(1).is_none() && !word.starts_with(|c: char| c.is_ascii_digit());
            !short && !self.stopped.contains(word.as_str())
        };
        words.filter(meant).map(|word| self.stemmer.stem(&word).into_owned())
    }
}

/// A word in small letters and without accents.
fn plain(word: &str) -> String {
    let letters = word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    letters.take(MAX_CHARS).collect::<String>().replace('œ', "oe").replace('æ', "ae")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(language: Language, text: &str) -> Vec<String> {
        Reader::new(language).stems(text).collect()
    }

    #[test]
    fn forms_of_one_word_and_accents_make_no_difference() {
        assert_eq!(stems(Language::Fr, "Clés EXPIRÉES"), stems(Language::Fr, "cle expiree"));
        assert_eq!(stems(Language::En, "renewed keys"), stems(Language::En, "Renewing the key"));
        assert_eq!(stems(Language::Fr, "L’en-tête de l'API"), ["tet", "api"]);
        assert_eq!(stems(Language::En, "X-Rate-Limit-Reset = 7"), ["rate", "limit", "reset", "7"]);
        assert_eq!(stems(Language::Fr, "  …, ?! "), [""; 0]);
    }
}
