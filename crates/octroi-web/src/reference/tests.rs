//! Both real documents and any JSON at all give pages within bounds.

#![allow(clippy::disallowed_methods, reason = "a bound of time is held against the real clock")]

use std::path::Path;
use std::time::{Duration, Instant};

use octroi_domain::api::Placement;
use proptest::prelude::*;
use serde_json::json;

use super::operation::Access;
use super::schema::Shape;
use super::*;

const LANGUAGE: Language = Language::Fr;

fn page(document: &Value, slug: &str) -> OperationPage {
    let credentials = [Placement::Header { name: "X-Key".into() }];
    let access = Access { url: "https://porte.example/a", credentials: &credentials, variable: "CLE" };
    OperationPage::of(document, LANGUAGE, slug, &access).unwrap()
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1", "description": "# Titre\n**a**", "license": {"name": "Apache-2.0"}},
        "tags": [{"name": "B", "description": "Les b."}, {"name": "A"}, {"name": "Vide"}],
        "paths": {
            "/a/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "example": "7", "schema": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[0-9]+$"}}],
                "get": {
                    "tags": ["A"], "operationId": "lireChose", "summary": "Lire une chose", "description": "Une *chose*.",
                    "parameters": [
                        {"name": "n", "in": "query", "description": "Combien.", "schema": {"type": "integer", "minimum": 1, "default": 20}},
                        {"name": "X-H", "in": "header", "deprecated": true, "schema": {"enum": ["a", "b"]}},
                    ],
                    "responses": {
                        "200": {"description": "Trouvée.", "headers": {"X-Left": {"schema": {"type": "integer"}}},
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Chose"}, "example": {"nom": "x"}}}},
                        "404": {"$ref": "#/components/responses/Rien"},
                    },
                },
                "delete": {"tags": ["A"], "deprecated": true},
            },
            "/b": {"post": {"tags": ["B"], "requestBody": {"required": true, "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Forme"}}}}}},
            "/c": {"get": {}},
        },
        "components": {
            "responses": {"Rien": {"description": "Rien."}},
            "schemas": {
                "Base": {"type": "object", "required": ["nom"], "properties": {"nom": {"type": "string", "description": "Le **nom**."}}},
                "Chose": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {
                    "enfants": {"type": "array", "items": {"$ref": "#/components/schemas/Chose"}},
                    "adresse": {"type": ["object", "null"], "properties": {"code": {"type": "string", "format": "code"}}},
                    "dates": {"type": "array", "maxItems": 3, "items": {"type": "string", "format": "date"}},
                    "ailleurs": {"$ref": "https://e.fr/x.json#/Y"},
                }}]},
                "Forme": {"oneOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {"n": {"const": 1}}}],
                    "discriminator": {"propertyName": "genre"}},
            },
        },
    })
}

#[test]
fn the_index_lists_every_operation_under_its_tag() {
    let index = Index::of(&document(), LANGUAGE);
    let groups: Vec<_> = index
        .groups
        .iter()
        .map(|g| {
            (
                g.name.as_deref(),
                g.lines
                    .iter()
                    .map(|l| (l.slug.as_str(), l.method.as_str(), l.summary.as_str()))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            (Some("B"), vec![("post-b", "POST", "/b")]),
            (Some("A"), vec![("lire-chose", "GET", "Lire une chose"), ("delete-a-id", "DELETE", "/a/{id}")]),
            (None, vec![("get-c", "GET", "/c")]),
        ]
    );
    assert_eq!(index.groups[0].description, "<p>Les b.</p>\n");
    assert!(index.description.contains("<h3 id=\"d1-titre\">Titre</h3>"), "{}", index.description);
    assert!(index.groups[1].lines[1].deprecated);
}

#[test]
fn an_operation_is_told_in_words() {
    let page = page(&document(), "lire-chose");
    assert_eq!(page.command, "curl \\\n  -H \"X-Key: $CLE\" \\\n  'https://porte.example/a/a/7'");
    assert!(page.complete && !page.cut);
    assert_eq!(page.previous.as_ref().map(|l| l.slug.as_str()), None);
    assert_eq!(page.next.as_ref().map(|l| l.slug.as_str()), Some("delete-a-id"));
    let said: Vec<_> = page
        .parameters
        .iter()
        .flat_map(|p| &p.shapes)
        .map(|s| (s.name.as_str(), s.kind.as_str(), s.required, s.deprecated, s.example.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            ("id", "texte", true, false, Some("7")),
            ("n", "entier", false, false, None),
            ("X-H", "valeur quelconque", false, true, None),
        ]
    );
    let notes = |shape: &Shape| {
        shape.notes.iter().map(|n| format!("{} {}", n.words, n.values.join(","))).collect::<Vec<_>>()
    };
    assert_eq!(notes(&page.parameters[0].shapes[0]), ["de 1 à 9 caractères ", "motif ^[0-9]+$"]);
    assert_eq!(notes(&page.parameters[1].shapes[0]), ["au moins 1 ", "par défaut 20"]);
    let found = &page.responses[0];
    assert_eq!((found.status.as_str(), found.meaning.as_str()), ("200", "Succès"));
    assert_eq!((found.headers[0].name.as_str(), found.headers[0].kind.as_str()), ("X-Left", "entier"));
    let content = &found.contents[0];
    assert_eq!((content.whole.kind.as_str(), content.whole.model.as_deref()), ("objet", Some("Chose")));
    let parts: Vec<_> = content
        .parts
        .iter()
        .map(|s| (format!("{}{}", s.parent, s.name), s.kind.as_str(), s.required))
        .collect();
    assert_eq!(
        parts,
        [
            ("nom".to_owned(), "texte", true),
            ("enfants".to_owned(), "liste (de nouveau Chose, décrit plus haut)", false),
            ("adresse".to_owned(), "objet ou rien (null)", false),
            ("adresse.code".to_owned(), "texte (code)", false),
            ("dates".to_owned(), "liste (texte (date))", false),
            ("ailleurs".to_owned(), "décrit ailleurs\u{a0}: https://e.fr/x.json#/Y", false),
        ]
    );
    assert_eq!(content.parts[0].description, "<p>Le <strong>nom</strong>.</p>\n");
    assert_eq!(content.examples, [(String::new(), "{\n  \"nom\": \"x\"\n}".to_owned())]);
    assert_eq!(page.responses[1].description, "<p>Rien.</p>\n");
}

#[test]
fn forms_are_told_one_by_one() {
    let page = page(&document(), "post-b");
    let body = page.body.unwrap();
    assert!(body.required);
    let content = &body.contents[0];
    assert_eq!(content.whole.kind, "une forme parmi 2");
    let parts: Vec<_> = content.parts.iter().map(|s| (s.name.as_str(), s.variant)).collect();
    assert_eq!(parts, [("Forme 1 sur 2", true), ("nom", false), ("Forme 2 sur 2", true), ("n", false)]);
}

#[test]
fn documents_made_to_hurt_end() {
    let mut wide = serde_json::Map::new();
    for n in 0..40 {
        let all: Vec<Value> =
            (0..40).map(|m| json!({"$ref": format!("#/components/schemas/S{m}")})).collect();
        wide.insert(
            format!("S{n}"),
            json!({"allOf": all, "oneOf": all, "properties": {"p": {"anyOf": all}}}),
        );
    }
    let chain: serde_json::Map<String, Value> = (0..20_000)
        .map(|n| (format!("S{n}"), json!({"$ref": format!("#/components/schemas/S{}", n + 1)})))
        .collect();
    let mut deep = json!({"type": "string"});
    for _ in 0..60 {
        deep = json!({"properties": {"a": deep, "b": {"type": "array", "items": {"type": "array", "items": {}}}}});
    }
    let deep = json!({"S0": deep}).as_object().cloned().unwrap();
    for schemas in [wide, chain, deep] {
        let document = json!({
            "paths": {"/": {"get": {"responses": {"200": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/S0"}}}}}}}},
            "components": {"schemas": schemas},
        });
        let began = Instant::now();
        let page = page(&document, "get");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert!(page.cut);
        assert!(page.responses[0].contents[0].parts.len() <= 600);
    }
}

/// A JSON value whose names are those that matter here.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(
            &[
                "#",
                "#/paths",
                "#/a",
                "#/",
                "object",
                "string",
                "array",
                "null",
                "path",
                "query",
                "id",
                "é{id}",
                "# T\n<script>"
            ][..]
        )
        .prop_map(Value::from),
    ];
    let name = prop::sample::select(
        &[
            "paths",
            "/a/{id}",
            "/",
            "get",
            "post",
            "parameters",
            "responses",
            "200",
            "default",
            "content",
            "a/b",
            "schema",
            "$ref",
            "allOf",
            "oneOf",
            "anyOf",
            "items",
            "properties",
            "type",
            "enum",
            "example",
            "examples",
            "value",
            "name",
            "in",
            "required",
            "requestBody",
            "description",
            "summary",
            "tags",
            "operationId",
            "info",
            "license",
            "headers",
            "prefixItems",
            "additionalProperties",
            "discriminator",
            "minimum",
            "const",
            "default",
            "a",
            "",
        ][..],
    );
    leaf.prop_recursive(8, 120, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|pairs| pairs
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_json_gives_pages(root in anything(), operation in anything(), schema in anything()) {
        let whole = json!({"paths": {"/a/{id}": {"get": operation, "post": root}}, "a": schema});
        for document in [&root, &whole] {
            let index = Index::of(document, Language::En);
            for line in index.groups.iter().flat_map(|g| &g.lines) {
                page(document, &line.slug);
            }
        }
    }
}

/// What a page of this operation weighs at least: its texts.
fn weight(page: &OperationPage) -> usize {
    format!("{page:?}").len()
}

#[test]
fn real_documents_give_pages_of_a_size_that_people_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi");
    let Ok(text) = std::fs::read_to_string(folder.join("annuaire-sante.json")) else {
        eprintln!("absent: the real OpenAPI documents of ../shared/data");
        return;
    };
    let annuaire: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let yaml = std::fs::read_to_string(folder.join("entreprise.yaml")).unwrap();
    let entreprise: Value = serde_saphyr::from_str(&yaml).unwrap();
    for (document, operations) in [(annuaire, 11), (entreprise, 52)] {
        let began = Instant::now();
        let index = Index::of(&document, LANGUAGE);
        let lines: Vec<&Line> = index.groups.iter().flat_map(|g| &g.lines).collect();
        assert_eq!((lines.len(), index.left_out), (operations, 0));
        assert!(format!("{index:?}").len() < 100 * 1024);
        for line in lines {
            let page = page(&document, &line.slug);
            assert!(weight(&page) < 300 * 1024, "{} weighs {}", line.slug, weight(&page));
            assert!(!page.responses.is_empty(), "{}", line.slug);
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }
}
