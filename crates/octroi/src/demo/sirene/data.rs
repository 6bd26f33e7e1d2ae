//! The fictitious legal units and establishments, in the form that Sirene 3.11 gives them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What is checked in: short, one unit a line.
const SOURCE: &str = include_str!("../../../demo/sirene.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(rename = "notice")]
    _notice: String,
    units: Vec<Unit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    siren: String,
    name: String,
    created: String,
    legal_category: String,
    activity: String,
    headcount: String,
    size: Option<String>,
    closed: Option<String>,
    establishments: Vec<Establishment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Establishment {
    nic: String,
    seat: bool,
    created: String,
    closed: Option<String>,
    number: String,
    street_kind: String,
    street: String,
    commune_code: String,
    commune: String,
    postal_code: String,
    activity: String,
}

/// A collection that can be asked by key, by criteria and page by page; sorted by key.
pub(super) struct Collection {
    /// Name of the key's field: `siren`, `siret`.
    pub(super) key: &'static str,
    /// Name of one item in an answer: `uniteLegale`.
    pub(super) one: &'static str,
    /// Name of several: `unitesLegales`.
    pub(super) many: &'static str,
    /// Digits of a key.
    pub(super) digits: usize,
    items: Vec<(String, Value)>,
}

/// Everything that the sample upstream serves.
pub(super) struct Data {
    /// Legal units, by SIREN.
    pub(super) units: Collection,
    /// Establishments, by SIRET.
    pub(super) establishments: Collection,
}

impl Data {
    /// Reads the data that the program carries.
    pub(super) fn read() -> Result<Self, serde_json::Error> {
        let source: Source = serde_json::from_str(SOURCE)?;
        let units = source.units.iter().map(|u| (u.siren.clone(), unit(u))).collect();
        let establishments = source
            .units
            .iter()
            .flat_map(|u| {
                u.establishments.iter().map(move |e| (format!("{}{}", u.siren, e.nic), establishment(u, e)))
            })
            .collect();
        Ok(Self {
            units: Collection::new("siren", "uniteLegale", "unitesLegales", 9, units),
            establishments: Collection::new("siret", "etablissement", "etablissements", 14, establishments),
        })
    }
}

impl Collection {
    fn new(
        key: &'static str,
        one: &'static str,
        many: &'static str,
        digits: usize,
        mut items: Vec<(String, Value)>,
    ) -> Self {
        items.sort_by(|a, b| a.0.cmp(&b.0));
        Self { key, one, many, digits, items }
    }

    /// The item with this key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let place = self.items.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        self.items.get(place).map(|(_, item)| item)
    }

    /// Every item, in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.items.iter().map(|(key, item)| (key.as_str(), item))
    }
}

fn state(closed: Option<&String>, ended: &str) -> Value {
    json!(if closed.is_some() { ended } else { "A" })
}

/// What a unit's present period says; an establishment repeats it.
fn unit_now(u: &Unit) -> Map<String, Value> {
    let seat = u.establishments.iter().find(|e| e.seat).map(|e| e.nic.clone());
    let mut now = Map::new();
    for (name, value) in [
        ("etatAdministratifUniteLegale", state(u.closed.as_ref(), "C")),
        ("nomUniteLegale", Value::Null),
        ("denominationUniteLegale", json!(u.name)),
        ("denominationUsuelle1UniteLegale", Value::Null),
        ("categorieJuridiqueUniteLegale", json!(u.legal_category)),
        ("activitePrincipaleUniteLegale", json!(u.activity)),
        ("nomenclatureActivitePrincipaleUniteLegale", json!("NAFRev2")),
        ("nicSiegeUniteLegale", json!(seat)),
        (
            "economieSocialeSolidaireUniteLegale",
            json!(if u.legal_category.starts_with('9') { "O" } else { "N" }),
        ),
        ("caractereEmployeurUniteLegale", json!(if u.headcount == "NN" { "N" } else { "O" })),
    ] {
        now.insert(name.to_owned(), value);
    }
    now
}

fn unit_head(u: &Unit) -> Map<String, Value> {
    let mut head = Map::new();
    for (name, value) in [
        ("statutDiffusionUniteLegale", json!("O")),
        ("dateCreationUniteLegale", json!(u.created)),
        ("sigleUniteLegale", Value::Null),
        ("trancheEffectifsUniteLegale", json!(u.headcount)),
        ("anneeEffectifsUniteLegale", json!("2024")),
        ("dateDernierTraitementUniteLegale", json!("2026-01-05T08:00:00.000")),
        ("nombrePeriodesUniteLegale", json!(if u.closed.is_some() { 2 } else { 1 })),
        ("categorieEntreprise", json!(u.size)),
        ("anneeCategorieEntreprise", json!(u.size.as_ref().map(|_| "2024"))),
    ] {
        head.insert(name.to_owned(), value);
    }
    head
}

/// The periods of something that was in use since `created` and perhaps closed: latest first.
fn periods(
    now: &Map<String, Value>,
    state_field: &str,
    created: &str,
    closed: Option<&String>,
) -> Vec<Value> {
    let period = |from: &str, to: Option<&String>, state: Option<&str>| {
        let mut period = Map::new();
        period.insert("dateFin".to_owned(), json!(to));
        period.insert("dateDebut".to_owned(), json!(from));
        period.extend(now.clone());
        if let Some(state) = state {
            period.insert(state_field.to_owned(), json!(state));
        }
        Value::Object(period)
    };
    match closed {
        None => vec![period(created, None, None)],
        Some(end) => vec![period(end, None, None), period(created, Some(end), Some("A"))],
    }
}

fn unit(u: &Unit) -> Value {
    let mut item = Map::new();
    item.insert("siren".to_owned(), json!(u.siren));
    item.extend(unit_head(u));
    let periods = periods(&unit_now(u), "etatAdministratifUniteLegale", &u.created, u.closed.as_ref());
    item.insert("periodesUniteLegale".to_owned(), Value::Array(periods));
    Value::Object(item)
}

fn establishment(u: &Unit, e: &Establishment) -> Value {
    let mut of_unit = unit_now(u);
    of_unit.extend(unit_head(u));
    let mut now = Map::new();
    for (name, value) in [
        ("etatAdministratifEtablissement", state(e.closed.as_ref(), "F")),
        ("enseigne1Etablissement", Value::Null),
        ("denominationUsuelleEtablissement", Value::Null),
        ("activitePrincipaleEtablissement", json!(e.activity)),
        ("nomenclatureActivitePrincipaleEtablissement", json!("NAFRev2")),
        ("caractereEmployeurEtablissement", json!(if e.seat { "O" } else { "N" })),
    ] {
        now.insert(name.to_owned(), value);
    }
    let periods = periods(&now, "etatAdministratifEtablissement", &e.created, e.closed.as_ref());
    json!({
        "siren": u.siren,
        "nic": e.nic,
        "siret": format!("{}{}", u.siren, e.nic),
        "statutDiffusionEtablissement": "O",
        "dateCreationEtablissement": e.created,
        "trancheEffectifsEtablissement": if e.seat { json!(u.headcount) } else { Value::Null },
        "anneeEffectifsEtablissement": if e.seat { json!("2024") } else { Value::Null },
        "activitePrincipaleRegistreMetiersEtablissement": null,
        "dateDernierTraitementEtablissement": "2026-01-05T08:00:00.000",
        "etablissementSiege": e.seat,
        "nombrePeriodesEtablissement": periods.len(),
        "uniteLegale": of_unit,
        "adresseEtablissement": {
            "complementAdresseEtablissement": null,
            "numeroVoieEtablissement": e.number,
            "indiceRepetitionEtablissement": null,
            "typeVoieEtablissement": e.street_kind,
            "libelleVoieEtablissement": e.street,
            "codePostalEtablissement": e.postal_code,
            "libelleCommuneEtablissement": e.commune,
            "codeCommuneEtablissement": e.commune_code,
        },
        "periodesEtablissement": periods,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of ISO/IEC 7812-1, annex B, that SIREN and SIRET numbers end in.
    fn luhn(digits: &str) -> bool {
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, b)| {
                let d = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
                if d > 9 { d - 9 } else { d }
            })
            .sum();
        sum.is_multiple_of(10)
    }

    #[test]
    fn every_number_is_well_formed_and_every_name_says_that_it_is_invented() {
        let data = Data::read().unwrap();
        assert!(data.units.iter().count() >= 40);
        for (siren, unit) in data.units.iter() {
            assert!(siren.len() == 9 && siren.starts_with("9999") && luhn(siren), "{siren}");
            let name = &unit["periodesUniteLegale"][0]["denominationUniteLegale"];
            assert!(name.as_str().unwrap().ends_with("(FICTIF)"), "{name}");
        }
        for (siret, e) in data.establishments.iter() {
            assert!(siret.len() == 14 && luhn(siret), "{siret}");
            assert!(data.units.get(e["siren"].as_str().unwrap()).is_some());
        }
    }
}
