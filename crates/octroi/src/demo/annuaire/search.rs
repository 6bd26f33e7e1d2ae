//! Searches in the directory, as FHIR R4 defines them (<https://hl7.org/fhir/R4/search.html>), for the parameters that
//! the sample offers.

use axum::http::StatusCode;
use serde_json::Value;
use url::form_urlencoded;

use super::data::Directory;

/// Resources of one page, where nobody says how many, and at most.
const USUAL: usize = 10;
const MOST: usize = 50;

/// What is wrong with a request.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    /// The word of `http://hl7.org/fhir/issue-type`.
    pub(super) code: &'static str,
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, text: &str) -> Self {
        Self { status, code, text: text.to_owned() }
    }

    pub(super) fn not_found(text: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", text)
    }

    pub(super) fn not_acceptable() -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-supported", "Only application/fhir+json is served")
    }

    fn invalid(text: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", text)
    }
}

/// The parameters of a kind, with their types.
pub(super) fn parameters(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "Practitioner" => &[
            ("_id", "token"),
            ("identifier", "token"),
            ("name", "string"),
            ("family", "string"),
            ("given", "string"),
        ],
        "Organization" => {
            &[("_id", "token"), ("identifier", "token"), ("name", "string"), ("address-city", "string")]
        }
        "PractitionerRole" => &[
            ("_id", "token"),
            ("practitioner", "reference"),
            ("organization", "reference"),
            ("specialty", "token"),
        ],
        _ => &[],
    }
}

/// A search that can be made.
pub(super) struct Search {
    kind: String,
    criteria: Vec<(String, String)>,
    count: usize,
    from: usize,
}

/// Some of what a search found.
pub(super) struct Page<'d> {
    pub(super) resources: Vec<&'d Value>,
    pub(super) total: usize,
    /// The query of this page, and of the next one.
    pub(super) query: String,
    pub(super) next: Option<String>,
}

impl Search {
    /// Reads a query or a form.
    pub(super) fn read(directory: &Directory, kind: &str, query: &[u8]) -> Result<Self, Failure> {
        if directory.all(kind).is_none() {
            return Err(Failure::not_found(&format!("{kind} is not served")));
        }
        let mut search = Self { kind: kind.to_owned(), criteria: Vec::new(), count: USUAL, from: 0 };
        for (name, value) in form_urlencoded::parse(query) {
            search.take(&name, &value)?;
        }
        Ok(search)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let number = |least: usize, most: usize| {
            let read: Option<usize> = value.parse().ok().filter(|n| (least..=most).contains(n));
            read.ok_or_else(|| Failure::invalid(&format!("{name} must be a number from {least} to {most}")))
        };
        match name {
            "_count" => self.count = number(1, MOST)?,
            "_page" => self.from = number(0, 1_000_000)?,
            "_format" if ["json", "application/json", "application/fhir+json"].contains(&value) => {}
            "_format" => return Err(Failure::not_acceptable()),
            _ if parameters(&self.kind).iter().any(|(known, _)| *known == name) => {
                self.criteria.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(Failure::invalid(&format!("{} has no search parameter {name}", self.kind))),
        }
        Ok(())
    }

    /// Makes the search.
    pub(super) fn page<'d>(&self, directory: &'d Directory) -> Result<Page<'d>, Failure> {
        let all = directory.all(&self.kind).unwrap_or_default();
        let fits = |resource: &&Value| {
            self.criteria.iter().all(|(name, value)| value.split(',').any(|one| holds(resource, name, one)))
        };
        let found: Vec<&Value> = all.iter().filter(fits).collect();
        let next = self.from.saturating_add(self.count);
        Ok(Page {
            next: (next < found.len()).then(|| self.query(next)),
            query: self.query(self.from),
            total: found.len(),
            resources: found.into_iter().skip(self.from).take(self.count).collect(),
        })
    }

    fn query(&self, from: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.criteria).append_pair("_count", &self.count.to_string());
        if from > 0 {
            query.append_pair("_page", &from.to_string());
        }
        query.finish()
    }
}

/// Whether a resource meets one criterion.
fn holds(resource: &Value, name: &str, wanted: &str) -> bool {
    let begins = |values: &[&Value]| {
        let wanted = plain(wanted);
        values.iter().filter_map(|value| value.as_str()).any(|text| plain(text).starts_with(&wanted))
    };
    let person = &resource["name"][0];
    match name {
        "_id" => resource["id"] == wanted,
        "identifier" => token(&resource["identifier"][0], "value", wanted),
        "specialty" => token(&resource["specialty"][0]["coding"][0], "code", wanted),
        "family" => begins(&[&person["family"]]),
        "given" => begins(&[&person["given"][0]]),
        "name" if resource["name"].is_string() => begins(&[&resource["name"]]),
        "name" => begins(&[&person["family"], &person["given"][0]]),
        "address-city" => begins(&[&resource["address"][0]["city"]]),
        "practitioner" => reference(&resource["practitioner"], "Practitioner", wanted),
        "organization" => reference(&resource["organization"], "Organization", wanted),
        _ => false,
    }
}

/// `system|value`, or `value` in any system.
fn token(coded: &Value, field: &str, wanted: &str) -> bool {
    match wanted.split_once('|') {
        Some((system, value)) => coded["system"] == system && coded[field] == value,
        None => coded[field] == wanted,
    }
}

/// `Kind/id`, or `id`.
fn reference(value: &Value, kind: &str, wanted: &str) -> bool {
    let id = value["reference"].as_str().and_then(|reference| reference.split('/').next_back());
    id.is_some_and(|id| {
        wanted == id || wanted.strip_prefix(kind).is_some_and(|rest| rest.strip_prefix('/') == Some(id))
    })
}

/// A text as searches compare it: small letters, without the accents of French.
fn plain(text: &str) -> String {
    let letter = |c: char| match c {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        c => c,
    };
    text.trim().to_lowercase().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<'d>(directory: &'d Directory, kind: &str, query: &str) -> Result<Page<'d>, Failure> {
        Search::read(directory, kind, query.as_bytes())?.page(directory)
    }

    #[test]
    fn next_leads_through_everything_once() {
        let directory = Directory::new();
        for kind in directory.kinds() {
            let (mut query, mut seen) = ("_count=7".to_owned(), Vec::new());
            loop {
                let page = page(&directory, kind, &query).unwrap();
                seen.extend(page.resources.iter().map(|resource| resource["id"].to_string()));
                let Some(next) = page.next else { break };
                query = next;
            }
            let whole: Vec<String> =
                directory.all(kind).unwrap().iter().map(|resource| resource["id"].to_string()).collect();
            assert_eq!(seen, whole, "{kind}");
        }
    }

    #[test]
    fn criteria_choose() {
        let directory = Directory::new();
        let total = |kind: &str, query: &str| page(&directory, kind, query).unwrap().total;
        assert_eq!(total("Practitioner", "_id=001"), 1);
        assert_eq!(total("Practitioner", "family=eglantier"), total("Practitioner", "name=%C3%89GLANTIER"));
        assert!(total("Practitioner", "family=eglantier") > 0);
        assert_eq!(
            total("Practitioner", "identifier=https://annuaire.exemple.fr/identifiants|99990000001"),
            1
        );
        assert_eq!(total("Practitioner", "identifier=https://ailleurs|99990000001"), 0);
        assert_eq!(total("Practitioner", "_id=001,002"), 2);
        let roles = total("PractitionerRole", "practitioner=Practitioner/001");
        assert_eq!((roles, total("PractitionerRole", "practitioner=001")), (2, 2));
        assert!(total("Organization", "address-city=nimes") > 0);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let directory = Directory::new();
        let status =
            |kind: &str, query: &str| page(&directory, kind, query).map(|_| ()).unwrap_err().status.as_u16();
        assert_eq!(status("Patient", ""), 404);
        for query in ["nom=x", "_count=0", "_count=51", "_count=x", "_page=-1", "address-city=x"] {
            assert_eq!(status("Practitioner", query), 400, "{query}");
        }
        assert_eq!(status("Practitioner", "_format=xml"), 406);
    }
}
