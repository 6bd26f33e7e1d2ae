//! Professionals, organisations and roles that do not exist, the same at every start.

use serde_json::{Value, json};

/// When everything was last changed.
pub(super) const UPDATED: &str = "2026-11-02T08:00:00Z";

const SYSTEM: &str = "https://annuaire.exemple.fr/identifiants";
const PRACTITIONERS: usize = 42;
const ORGANIZATIONS: usize = 14;

const FAMILIES: [&str; 14] = [
    "Aubépine",
    "Bruyère",
    "Cerisier",
    "Dahlia",
    "Églantier",
    "Fougère",
    "Genêt",
    "Houx",
    "Iris",
    "Jonquille",
    "Lavande",
    "Mélèze",
    "Noisetier",
    "Olivier",
];
const GIVEN: [&str; 9] =
    ["Agathe", "Basile", "Célestine", "Désiré", "Élodie", "Firmin", "Gisèle", "Hervé", "Inès"];
const CITIES: [(&str, &str); 5] = [
    ("Nîmes-sur-Rien", "99100"),
    ("Saint-Exemple", "99200"),
    ("Villefictive", "99300"),
    ("Port-Imaginé", "99400"),
    ("Montmodèle", "99500"),
];
const SPECIALTIES: [(&str, &str); 6] = [
    ("SM01", "Médecine générale"),
    ("SM02", "Pédiatrie"),
    ("SM03", "Cardiologie"),
    ("SM04", "Soins infirmiers"),
    ("SM05", "Kinésithérapie"),
    ("SM06", "Pharmacie"),
];

/// Everything that the sample upstream serves, each kind in the order of its identifiers.
pub(super) struct Directory(Vec<(&'static str, Vec<Value>)>);

impl Directory {
    pub(super) fn new() -> Self {
        Self(vec![
            ("Practitioner", (0..PRACTITIONERS).map(practitioner).collect()),
            ("Organization", (0..ORGANIZATIONS).map(organization).collect()),
            ("PractitionerRole", (0..PRACTITIONERS + 6).map(role).collect()),
        ])
    }

    /// The kinds of resources.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(kind, _)| *kind)
    }

    /// Every resource of a kind; none where there is no such kind.
    pub(super) fn all(&self, kind: &str) -> Option<&[Value]> {
        self.0.iter().find(|(known, _)| *known == kind).map(|(_, resources)| resources.as_slice())
    }

    /// One resource.
    pub(super) fn find(&self, kind: &str, id: &str) -> Option<&Value> {
        self.all(kind)?.iter().find(|resource| resource["id"] == id)
    }
}

fn practitioner_id(n: usize) -> String {
    format!("{:03}", n % PRACTITIONERS + 1)
}

fn organization_id(n: usize) -> String {
    format!("{:03}", n % ORGANIZATIONS + 101)
}

fn meta() -> Value {
    json!({"versionId": "1", "lastUpdated": UPDATED})
}

fn address(n: usize) -> Value {
    let (city, postal_code) = CITIES[n % CITIES.len()];
    json!([{"line": [format!("{} rue des Exemples", n + 1)], "city": city, "postalCode": postal_code, "country": "FR"}])
}

fn practitioner(n: usize) -> Value {
    let (family, given) = (FAMILIES[n % FAMILIES.len()], GIVEN[n % GIVEN.len()]);
    json!({
        "resourceType": "Practitioner",
        "id": practitioner_id(n),
        "meta": meta(),
        "identifier": [{"system": SYSTEM, "value": format!("99990{:06}", n + 1)}],
        "active": true,
        "name": [{"family": format!("{family} (FICTIF)"), "given": [given], "prefix": ["DR"]}],
        "telecom": [{"system": "email", "value": format!("praticien{:03}@exemple.fr", n + 1), "use": "work"}],
        "address": address(n),
    })
}

fn organization(n: usize) -> Value {
    let (city, _) = CITIES[n % CITIES.len()];
    let kinds = ["Maison de santé", "Centre hospitalier", "Pharmacie"];
    json!({
        "resourceType": "Organization",
        "id": organization_id(n),
        "meta": meta(),
        "identifier": [{"system": SYSTEM, "value": format!("99991{:06}", n + 1)}],
        "active": true,
        "name": format!("{} de {city} (FICTIF)", kinds[n % kinds.len()]),
        "address": address(n),
    })
}

fn role(n: usize) -> Value {
    let (code, display) = SPECIALTIES[n % SPECIALTIES.len()];
    json!({
        "resourceType": "PractitionerRole",
        "id": format!("{:03}", n + 201),
        "meta": meta(),
        "active": true,
        "practitioner": {"reference": format!("Practitioner/{}", practitioner_id(n))},
        "organization": {"reference": format!("Organization/{}", organization_id(n))},
        "specialty": [{
            "coding": [{"system": "https://annuaire.exemple.fr/specialites", "code": code, "display": display}],
            "text": display,
        }],
    })
}
