//! Catalogue files: read with every mistake at its place, applied all or nothing, shown before they are written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops"
)]

use std::fs;
use std::path::{Path, PathBuf};

use octroi_app::catalog::apply::{ApplyError, ApplyOptions, ApplyReport, Op};
use octroi_app::catalog::files::{Variables, load};
use octroi_app::catalog::{ApiFilter, Faults, schema};
use octroi_app::page::PageRequest;
use octroi_domain::actor::Actor;
use octroi_domain::api::ApiState;
use octroi_domain::organization::{OrganizationKind, Role};
use octroi_domain::plan::PlanState;
use octroi_testkit::{Gate, House, PNG, on_both};
use serde_json::{Value, json};
use tempfile::TempDir;

const CLI: Actor = Actor::System("cli");
const SHOW: ApplyOptions = ApplyOptions { dry_run: true, prune: false };
const WRITE: ApplyOptions = ApplyOptions { dry_run: false, prune: false };
const PRUNE: ApplyOptions = ApplyOptions { dry_run: false, prune: true };

/// A document like Sirene's, 26 lines long.
const SIRENE: &str = "\
apiVersion: octroi/v1
kind: Api
provider: insee
slug: sirene
version: 3.10
name: API Sirene
presentation:
  summary: Entreprises
gateway:
  route:
    path: /api-sirene/3.10
  upstreams:
    - url: https://upstream.example
  credentials:
    - in: header
      name: X-INSEE-Api-Key-Integration
  dialect: gravitee
plans:
  - slug: public
    name: Accès public
    security: api_key
    limits:
      rate:
        count: 30
        window_seconds: 60
# the end
";

fn variables() -> Variables {
    let names = ["OCTROI_UPSTREAM_SIRENE", "OCTROI_UPSTREAM_ANNUAIRE", "OCTROI_UPSTREAM_ENGAGEMENT"];
    names.map(|name| (name.to_owned(), "http://127.0.0.1:9".to_owned())).into()
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../octroi/demo/catalogue")
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    folder
}

/// What loading these files reports, the folder's name taken out.
fn faults(files: &[(&str, &[u8])]) -> Vec<String> {
    let folder = folder(files);
    let Faults(found) = load(folder.path(), &Variables::new()).unwrap_err();
    let before = format!("{}/", folder.path().display());
    found.into_iter().map(|fault| fault.to_string().replace(&before, "")).collect()
}

/// The only fault of a file, as its text begins.
fn assert_fault(yaml: &str, expected: &str) {
    let found = faults(&[("a.yaml", yaml.as_bytes())]);
    assert!(found.len() == 1 && found[0].starts_with(expected), "{expected:?} was due, {found:?} came");
}

async fn provider(house: &House) {
    let paul = house.person("paul", &[]).await;
    for slug in ["insee", "ans", "api-engagement"] {
        house.organization(OrganizationKind::Provider, slug, &paul, Role::Owner).await;
    }
}

async fn apply(
    house: &House,
    files: &[(&str, &str)],
    options: ApplyOptions,
) -> Result<ApplyReport, Vec<String>> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let folder = folder(&files);
    let loaded = load(folder.path(), &variables()).unwrap();
    let before = format!("{}/", folder.path().display());
    match house.app.apply(&CLI, loaded, options).await {
        Ok(report) => Ok(report),
        Err(ApplyError::Faults(Faults(found))) => {
            Err(found.into_iter().map(|fault| fault.to_string().replace(&before, "")).collect())
        }
        Err(error) => panic!("{error}"),
    }
}

async fn names(house: &House) -> Vec<String> {
    let page = house.app.apis(&CLI, &PageRequest::default(), &ApiFilter::default()).await.unwrap();
    let mut names: Vec<_> =
        page.items.into_iter().map(|api| format!("{} {}", api.slug, api.version)).collect();
    names.sort();
    names
}

fn lines(report: &ApplyReport) -> Vec<(Op, &str)> {
    report.changes.iter().map(|line| (line.op, line.object.as_str())).collect()
}

#[test]
fn a_mistake_is_told_with_file_line_and_field() {
    let with = |line: &str, instead: &str| SIRENE.replace(line, instead);
    for (yaml, expected) in [
        (
            with("name: API Sirene", "nmae: API Sirene"),
            "a.yaml:6:1: nmae: no such field; known here: apiVersion",
        ),
        (
            with("    path: /", "    paht: /"),
            "a.yaml:11:5: gateway.route.paht: no such field; known here: host, path",
        ),
        (
            with("      name: X-INSEE-Api-Key-Integration", "      nom: X-INSEE"),
            "a.yaml:16:7: gateway.credentials[0].nom: no such field",
        ),
        (
            with("    - in: header", "    - in: cookie"),
            "a.yaml:15:11: gateway.credentials[0].in: may be: header",
        ),
        (with("slug: sirene\n", ""), "a.yaml:1:1: slug: a value is needed"),
        (with("slug: sirene\n", "slug:\n"), "a.yaml:4:5: slug: a value is needed"),
        (with("count: 30", "count: many"), "a.yaml:24:16: plans[0].limits.rate.count: expected u32, found"),
        (with("count: 30", "count: -1"), "a.yaml:24:16: plans[0].limits.rate.count: "),
        (
            with("security: api_key", "security: magic"),
            "a.yaml:21:15: plans[0].security: may be: api_key, oauth2",
        ),
        (with("octroi/v1", "octroi/v2"), "a.yaml:1:13: apiVersion: may be: octroi/v1"),
        (with("https://upstream.example", "not a url"), "a.yaml:13:12: gateway.upstreams[0].url: "),
        (
            with("https://upstream.example", "${GONE}"),
            "a.yaml:13:12: no value is given for the variable ${GONE}",
        ),
        (with("kind: Api", "kind: Api\nkind: Api"), "a.yaml:3:1: the key \"kind\" stands twice"),
        (with("plans:\n", "plans: {}\nplanz:\n"), "a.yaml:18:8: plans: expected a sequence, found map"),
        (with("  route:", "\troute:"), "a.yaml:10:"),
        (with("name: API Sirene", "name: !secret API"), "a.yaml:6:15: the tag !secret is not read here"),
        (with("name: API Sirene", "name: *nobody"), "a.yaml:6:7: "),
        ("- a\n- b\n".to_owned(), "a.yaml:1:1: expected"),
        ("# nothing\n".to_owned(), "no document in it"),
    ] {
        let found = faults(&[("a.yaml", yaml.as_bytes())]);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected:?} was due, {found:?} came");
    }
}

#[test]
fn several_files_report_together() {
    let found = faults(&[
        ("a.yaml", b"apiVersion: octroi/v1\n---\nkind: Nothing\n"),
        ("b.yml", b"{"),
        ("c.yaml", b"\xff"),
        ("notes.txt", b"not a catalogue"),
    ]);
    let starts: Vec<_> = found.iter().map(|f| f.split(": ").next().unwrap()).collect();
    assert_eq!(starts, ["a.yaml:1:1", "a.yaml:3:7", "b.yml:1:1", "c.yaml"], "{found:?}");
}

#[test]
fn a_byte_order_mark_and_several_documents_are_read() {
    let text = format!("\u{feff}{SIRENE}---\n{}", SIRENE.replace("3.10", "4"));
    let folder = folder(&[("a.yaml", text.as_bytes())]);
    let loaded = load(&folder.path().join("a.yaml"), &Variables::new()).unwrap();
    // Without quotes, and still not the number 3.1.
    assert_eq!(loaded.documents().map(|d| d.version.as_str()).collect::<Vec<_>>(), ["3.10", "4"]);
}

#[test]
fn files_are_bounded_and_stay_in_the_folder() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let naming = |what: &str| format!("{SIRENE}{what}\n");
    for (what, expected) in [
        ("terms: ../secret.md", "a.yaml:27:1: terms: ../secret.md: stands outside the catalogue's folder"),
        ("terms: /etc/passwd", "a.yaml:27:1: terms: /etc/passwd: stands outside the catalogue's folder"),
        ("terms: gone.md", "a.yaml:27:1: terms: gone.md: "),
        ("terms: pages", "a.yaml:27:1: terms: pages: not a file"),
        ("terms: link.md", "a.yaml:27:1: terms: link.md: stands outside the catalogue's folder"),
        ("terms: big.md", "a.yaml:27:1: terms: big.md: larger than 512 KiB"),
        ("terms: latin.md", "latin.md: not valid UTF-8, at line 2"),
        ("terms: control.md", "control.md: holds a control character"),
        ("picture: big.md", "big.md: not of the form picture"),
        ("openapi: big.md", "big.md: not of the form openapi"),
        ("openapi: swagger.json", "swagger.json: swagger: may be: OpenAPI 3.0.x or 3.1.x"),
        ("pages: [{slug: a, title: A, file: gone.md}]", "a.yaml:27:29: pages[0].file: gone.md: "),
    ] {
        let big = vec![b'a'; 512 * 1024 + 1];
        let folder = folder(&[
            ("a.yaml", naming(what).as_bytes()),
            ("pages/x.md", b"x"),
            ("big.md", &big),
            ("latin.md", b"one\ncaf\xe9"),
            ("control.md", b"one\x07"),
            ("swagger.json", b"{\"swagger\": \"2.0\"}"),
        ]);
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link.md")).unwrap();
        let Faults(found) = load(folder.path(), &Variables::new()).unwrap_err();
        let text = found[0].to_string().replace(&format!("{}/", folder.path().display()), "");
        assert!(found.len() == 1 && text.starts_with(expected), "{expected:?} was due, {text:?} came");
    }
    let big = format!("# {}\n{SIRENE}", "x".repeat(1024 * 1024));
    assert_fault(&big, "a.yaml: larger than 1024 KiB");
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..9 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(",")));
    }
    assert_fault(&bomb, "a.yaml:5:");
    assert_fault(&"[".repeat(200), "a.yaml:1:");
}

#[test]
fn the_schema_and_the_demo_fit_each_other() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let loaded = load(&demo(), &variables()).unwrap();
    for document in loaded.documents() {
        let value = serde_json::to_value(document).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    assert!(!validator.is_valid(&json!({"apiVersion": "octroi/v1", "kind": "Api", "nmae": "x"})));
}

#[test]
fn the_example_of_the_reference_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/reference/catalogue.md")).unwrap();
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let openapi = r#"{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{}}"#;
    let folder = folder(&[
        ("sirene.yaml", example.as_bytes()),
        ("openapi/sirene.yaml", openapi.as_bytes()),
        ("sirene.png", PNG),
        ("terms/sirene.md", b"t"),
        ("pages/premiers-pas.fr.md", b"p"),
        ("pages/premiers-pas.en.md", b"p"),
    ]);
    let loaded = load(folder.path(), &Variables::new()).unwrap();
    let document = loaded.documents().next().unwrap();
    assert_eq!((document.plans.len(), document.pages.len()), (3, 2));
    assert_eq!(document.gateway.check(&[]), Ok(()));
    assert_eq!(document.presentation.check(), Ok(()));
}

/// Every reference inside a document leads somewhere.
fn assert_references(document: &Value, value: &Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let pointer = reference.strip_prefix('#').expect("a reference inside the document");
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            map.values().for_each(|v| assert_references(document, v));
        }
        Value::Array(items) => items.iter().for_each(|v| assert_references(document, v)),
        _ => {}
    }
}

on_both! {
    async fn the_demo_is_shown_then_written_then_left_as_it_is(house) {
        provider(house).await;
        let apply = async |options| {
            let loaded = load(&demo(), &variables()).unwrap();
            house.app.apply(&CLI, loaded, options).await.unwrap()
        };
        let shown = apply(SHOW).await;
        assert!(!shown.applied && shown.changes.iter().all(|line| line.op == Op::Create));
        assert!(names(house).await.is_empty());
        let written = apply(WRITE).await;
        assert!(written.applied);
        assert_eq!(written.changes, shown.changes);
        let apis: Vec<_> =
            written.changes.iter().map(|line| &line.object).filter(|object| object.starts_with("api ")).collect();
        assert_eq!(apis, ["api annuaire-sante 2", "api engagement 0", "api sirene 3.11"]);
        let again = apply(PRUNE).await;
        assert!(again.changes.iter().all(|line| line.op == Op::Unchanged), "{again}");
        assert_eq!(again.to_string(), "0 created, 0 changed, 0 removed");

        let api = house.app.api_by_slug(&Actor::Anonymous, "sirene", Some("3.11")).await.unwrap();
        assert_eq!(api.access_url, "http://gateway.test/api-sirene/3.11");
        assert_eq!(api.edition, 1);
        assert!(api.terms.is_some() && api.has_openapi);
        let plans: Vec<_> = api.plans.iter().map(|p| (p.slug.as_str(), p.name.as_str())).collect();
        assert_eq!(plans[0], ("acces-public", "Accès public"));
        assert_eq!(plans.len(), 3);
        assert_eq!(house.app.pages(&Actor::Anonymous, api.id).await.unwrap().len(), 6);
        let document = house.app.openapi(&Actor::Anonymous, api.id).await.unwrap();
        assert_references(&document, &document);
        assert_eq!(document["servers"][0]["url"], api.access_url);
        Gate::open(house).await;
    }

    async fn a_changed_file_changes_what_it_says_and_nothing_else(house) {
        provider(house).await;
        apply(house, &[("a.yaml", SIRENE)], WRITE).await.unwrap();
        let api = house.app.api_by_slug(&CLI, "sirene", None).await.unwrap();
        let changed = SIRENE.replace("count: 30", "count: 60").replace("https://upstream", "https://other");
        let report = apply(house, &[("a.yaml", &changed)], WRITE).await.unwrap();
        assert_eq!(
            report.to_string(),
            "~ api sirene 3.10\n    \
                 gateway.upstreams[0].url: \"https://upstream.example/\" -> \"https://other.example/\"\n\
             ~ plan sirene 3.10 public\n    limits.rate.count: 30 -> 60\n\
             0 created, 2 changed, 0 removed"
        );
        let after = house.app.api_by_slug(&CLI, "sirene", None).await.unwrap();
        assert_eq!((after.id, after.plans[0].id), (api.id, api.plans[0].id));
        assert_eq!(after.edition, api.edition + 1);
        assert_eq!(after.plans[0].limits.rate.unwrap().count, 60);
        // A change of a plan alone counts as a change of the API too.
        let report = apply(house, &[("a.yaml", &changed.replace("count: 60", "count: 61"))], WRITE).await.unwrap();
        assert_eq!(lines(&report), [(Op::Unchanged, "api sirene 3.10"), (Op::Update, "plan sirene 3.10 public")]);
        assert_eq!(house.app.api_by_slug(&CLI, "sirene", None).await.unwrap().edition, api.edition + 2);
    }

    async fn one_mistake_and_nothing_is_changed(house) {
        provider(house).await;
        let good = SIRENE.replace("slug: sirene", "slug: good").replace("/api-sirene", "/good");
        let twin = SIRENE.replace("slug: sirene", "slug: twin").replace("/api-sirene", "/good");
        let with = |line: &str, instead: &str| SIRENE.replace(line, instead);
        let keyless = with("security: api_key\n    limits:\n      rate:\n        count: 30\n        window_seconds: 60",
            "security: keyless");
        for (bad, expected) in [
            (with("provider: insee", "provider: nobody"), "b.yaml:3:1: provider: does not exist"),
            (with("provider: insee", "provider: \"\\0\""), "b.yaml:3:1: provider: not of the form slug"),
            (with("slug: sirene", "slug: \"\\0\""), "b.yaml:4:1: slug: not of the form slug"),
            (with("https://upstream.example", "http://10.0.0.1"),
             "b.yaml:13:7: gateway.upstreams[0].url: leads to a private network"),
            (with("https://upstream.example", "http://169.254.169.254"),
             "b.yaml:13:7: gateway.upstreams[0].url: leads to a private network"),
            (with("dialect: gravitee", "dialect: klingon"), "b.yaml:17:3: gateway.dialect: may be: "),
            (with("path: /api-sirene/3.10", "path: /api/"), "b.yaml:11:5: gateway.route.path: not of the form route_path"),
            (keyless, "b.yaml:19:5: plans[0].limits.rate: a value is needed"),
            (with("count: 30", "count: 0"), "b.yaml:24:9: plans[0].limits.rate.count: out of range: 1 to 10000000"),
            (with("  credentials:\n    - in: header\n      name: X-INSEE-Api-Key-Integration\n", ""),
             "b.yaml:9:1: gateway.credentials: a value is needed"),
            (with("name: API Sirene", "name: \"a\\u202Eb\""), "b.yaml:6:1: name: holds a control character"),
            (twin, "b.yaml:11:5: gateway.route.path: already taken by API Sirene 3.10"),
        ] {
            let found = apply(house, &[("a.yaml", &good), ("b.yaml", &bad)], WRITE).await.unwrap_err();
            assert!(found.len() == 1 && found[0].starts_with(expected), "{expected:?} was due, {found:?} came");
            assert!(names(house).await.is_empty());
        }
    }

    async fn what_the_files_leave_out_stays_unless_pruned(house) {
        provider(house).await;
        let more = "  - {slug: more, name: More, security: api_key}\nopenapi: o.json\nterms: t.md\n\
                    pages: [{slug: a, title: A, file: t.md}]\n";
        let second = SIRENE.replace("3.10", "4");
        let third = SIRENE.replace("3.10", "5");
        let openapi = r#"{"openapi":"3.0.3","info":{"title":"T","version":"1"},"paths":{}}"#;
        let whole = SIRENE.replace("# the end\n", more);
        let files = [("a.yaml", whole.as_str()), ("b.yaml", &second), ("c.yaml", &third), ("o.json", openapi), ("t.md", "t")];
        apply(house, &files, WRITE).await.unwrap();
        assert_eq!(names(house).await, ["sirene 3.10", "sirene 4", "sirene 5"]);

        // Somebody uses a plan and a version that the files will no longer name.
        let ada = house.person("ada", &[]).await;
        let app = house.application(&ada, "A").await;
        let api = house.app.api_by_slug(&CLI, "sirene", Some("3.10")).await.unwrap();
        let digest = api.terms.as_ref().unwrap().digest.clone();
        let mut asked = octroi_testkit::subscribe(app.id, api.plans[1].id);
        asked.accepted_terms = Some(digest);
        house.app.subscribe(&ada, asked).await.unwrap();
        let used = house.app.api_by_slug(&CLI, "sirene", Some("5")).await.unwrap();
        house.subscribed(&ada, app.id, used.plans[0].id).await;

        let report = apply(house, &[("a.yaml", SIRENE)], WRITE).await.unwrap();
        assert_eq!(lines(&report), [(Op::Update, "api sirene 3.10"), (Op::Unchanged, "plan sirene 3.10 public")]);
        assert_eq!(report.changes[0].fields[0].path, "terms");
        assert_eq!(house.app.plans(&CLI, api.id).await.unwrap().len(), 2);

        let report = apply(house, &[("a.yaml", SIRENE)], PRUNE).await.unwrap();
        let changed: Vec<_> = lines(&report).into_iter().filter(|(op, _)| *op != Op::Unchanged).collect();
        assert_eq!(changed, [
            (Op::Delete, "page sirene 3.10 a (fr)"),
            (Op::Update, "plan sirene 3.10 more"),
            (Op::Delete, "openapi sirene 3.10"),
            (Op::Delete, "api sirene 4"),
            (Op::Update, "api sirene 5"),
        ].map(|line| line));
        let kept = house.app.api(&CLI, api.id).await.unwrap();
        assert_eq!(kept.plans[1].state, PlanState::Closed);
        assert!(!kept.has_openapi);
        assert_eq!(house.app.api(&CLI, used.id).await.unwrap().state, ApiState::Retired);
        assert_eq!(names(house).await, ["sirene 3.10", "sirene 5"]);
    }

    async fn a_version_takes_the_place_of_one_that_retires_with_it(house) {
        provider(house).await;
        apply(house, &[("a.yaml", SIRENE)], WRITE).await.unwrap();
        let old = SIRENE.replace("kind: Api", "kind: Api\nstate: retired");
        let new = SIRENE.replace("version: 3.10", "version: 4");
        // In the files' order, the new one would come first and find the place taken.
        apply(house, &[("0-new.yaml", &new), ("1-old.yaml", &old)], WRITE).await.unwrap();
        assert_eq!(names(house).await, ["sirene 3.10", "sirene 4"]);
        Gate::open(house).await;
    }

    async fn only_who_may_publish_applies(house) {
        provider(house).await;
        let ada = house.person("ada", &[]).await;
        let folder = folder(&[("a.yaml", SIRENE.as_bytes())]);
        let loaded = load(folder.path(), &variables()).unwrap();
        let refused = house.app.apply(&ada, loaded, WRITE).await;
        assert!(matches!(refused, Err(ApplyError::Faults(_))), "{refused:?}");
        let loaded = load(folder.path(), &variables()).unwrap();
        let paul = house.sign_in("paul").await;
        assert!(house.app.apply(&paul, loaded, WRITE).await.unwrap().applied);
    }

    async fn real_documents_import(house) {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi");
        provider(house).await;
        for (name, paths) in [("annuaire-sante.json", None), ("entreprise.yaml", Some(52))] {
            let Ok(bytes) = fs::read(shared.join(name)) else {
                eprintln!("{} is not there: this document is not tried", shared.join(name).display());
                continue;
            };
            let slug = name.split('.').next().unwrap();
            let yaml = SIRENE.replace("slug: sirene", &format!("slug: {slug}")).replace("/api-sirene", &format!("/{slug}"));
            let folder = folder(&[("a.yaml", format!("{yaml}openapi: openapi/{name}\n").as_bytes()), (&format!("openapi/{name}"), &bytes)]);
            let loaded = load(folder.path(), &variables()).unwrap();
            house.app.apply(&CLI, loaded, WRITE).await.unwrap();
            let api = house.app.api_by_slug(&CLI, slug, None).await.unwrap();
            let document = house.app.openapi(&Actor::Anonymous, api.id).await.unwrap();
            assert_eq!(document["servers"], json!([{"url": format!("http://gateway.test/{slug}/3.10")}]));
            assert_eq!(document["security"], json!([{"api_key": []}]));
            let schemes = document["components"]["securitySchemes"].as_object().unwrap();
            assert_eq!(schemes.keys().collect::<Vec<_>>(), ["api_key"]);
            let found = document["paths"].as_object().unwrap();
            assert!(paths.is_none_or(|n| found.len() == n), "{}", found.len());
            for (path, item) in found {
                assert!(item.get("servers").is_none(), "{path}");
                for operation in item.as_object().unwrap().values().filter_map(Value::as_object) {
                    assert!(!operation.contains_key("security") && !operation.contains_key("servers"), "{path}");
                }
            }
        }
    }
}
