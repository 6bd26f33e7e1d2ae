//! Missions of associations that do not exist, the same at every start.

use serde_json::{Value, json};

/// A mission.
pub(super) struct Mission {
    pub(super) id: String,
    pub(super) title: String,
    association: String,
    pub(super) city: &'static str,
    postal_code: &'static str,
    pub(super) domain: &'static str,
    pub(super) remote: bool,
    places: usize,
    starts: String,
}

/// What is done, and in which domain.
const TASKS: [(&str, &str); 12] = [
    ("Nettoyer les berges du canal", "environnement"),
    ("Planter une haie champêtre", "environnement"),
    ("Accompagner des courses en vélo cargo", "solidarite-insertion"),
    ("Tenir la distribution alimentaire du samedi", "solidarite-insertion"),
    ("Rendre visite à des personnes isolées", "sante"),
    ("Accueillir les familles à l’hôpital", "sante"),
    ("Guider des visites de l’ancienne filature", "culture-loisirs"),
    ("Faire la lecture à la médiathèque", "culture-loisirs"),
    ("Aider aux devoirs du collège", "education"),
    ("Animer un atelier de premiers programmes", "education"),
    ("Arbitrer un tournoi d’enfants", "sport"),
    ("Encadrer une sortie en tandem", "sport"),
];

const PLACES: [(&str, &str); 5] = [
    ("Nîmes-sur-Rien", "99100"),
    ("Saint-Exemple", "99200"),
    ("Villefictive", "99300"),
    ("Port-Imaginé", "99400"),
    ("Montmodèle", "99500"),
];

const ASSOCIATIONS: [&str; 7] = [
    "Les Amis du Canal",
    "Coup de Pouce",
    "La Passerelle",
    "Voisins d’Abord",
    "Mémoire de Fil",
    "Deux Roues Ensemble",
    "L’Heure du Goûter",
];

/// The widgets: identifier, title, and the domain whose missions it shows.
const WIDGETS: [(&str, &str, &str); 2] = [
    ("99990000-0000-4000-9000-000000000001", "Agir pour la nature", "environnement"),
    ("99990000-0000-4000-9000-000000000002", "Bouger ensemble", "sport"),
];

/// Missions that a widget shows.
const SHOWN: usize = 3;

/// Every mission, in the order of its identifier.
pub(super) fn missions() -> Vec<Mission> {
    let pairs = TASKS.iter().flat_map(|task| PLACES.iter().map(move |place| (task, place)));
    pairs.enumerate().map(|(n, (task, place))| Mission::new(n, *task, *place)).collect()
}

/// The widget with this identifier, with the first missions of its domain.
pub(super) fn widget(missions: &[Mission], id: &str) -> Option<Value> {
    let (_, title, domain) = WIDGETS.iter().find(|(known, ..)| *known == id)?;
    let shown = missions.iter().filter(|mission| mission.domain == *domain).take(SHOWN);
    let shown: Vec<Value> = shown.map(|m| json!({"_id": m.id, "title": m.title, "city": m.city})).collect();
    Some(json!({"_id": id, "title": title, "missions": shown}))
}

impl Mission {
    fn new(
        n: usize,
        (title, domain): (&str, &'static str),
        (city, postal_code): (&'static str, &'static str),
    ) -> Self {
        Self {
            id: format!("99990000-0000-4000-8000-{:012}", n + 1),
            title: title.to_owned(),
            association: format!("{} (fictif)", ASSOCIATIONS[n % ASSOCIATIONS.len()]),
            city,
            postal_code,
            domain,
            remote: n % 12 == 11,
            places: n % 7 + 1,
            starts: format!("2027-{:02}-{:02}T09:00:00.000Z", n % 12 + 1, n % 27 + 1),
        }
    }

    /// As the API gives it.
    pub(super) fn json(&self) -> Value {
        json!({
            "_id": self.id,
            "title": self.title,
            "description": format!("{}, avec {}. Mission inventée.", self.title, self.association),
            "publisherName": self.association,
            "domain": self.domain,
            "city": self.city,
            "postalCode": self.postal_code,
            "remote": if self.remote { "full" } else { "no" },
            "places": self.places,
            "startAt": self.starts,
            "status": "ACCEPTED",
        })
    }
}
