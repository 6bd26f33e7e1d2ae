//! The query of a request, read into JSON by what the published schema says of each parameter.

use octroi_app::page::PageRequest;
use serde_json::{Map, Value};

use super::call::from_value;
use super::route::Row;
use super::schema::{self, Held};
use crate::field::FieldError;
use crate::problem::{Problem, ProblemCode};

static PAGE: Held = Held::new(schema::of::<PageRequest>);

/// The parameters that lists in pages take.
pub(crate) fn page_schema() -> schema::Make {
    schema::of::<PageRequest>
}

/// Reads the query for `row`: its own parameters and those of the page, both checked. A parameter that nobody reads
/// is a mistake worth telling.
pub(crate) fn read(row: &Row, query: Option<&str>) -> Result<(Value, PageRequest), Problem> {
    let (mut own, mut page) = (Map::new(), Map::new());
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if value.contains('\u{fffd}') && !raw_has_replacement(query) {
            return Err(Problem::new(ProblemCode::MalformedRequest));
        }
        let paging = row.paged && !PAGE.member_types(&name).is_empty();
        let (target, held) = if paging { (&mut page, &PAGE) } else { (&mut own, &row.query) };
        let value = typed(&value, &held.member_types(&name));
        if target.insert(name.clone().into_owned(), value).is_some() {
            return Err(Problem::invalid(vec![FieldError::unexpected(name)]));
        }
    }
    PAGE.check(&Value::Object(page.clone()))?;
    let own = if row.query.is_nothing() {
        if let Some(name) = own.keys().next() {
            return Err(Problem::invalid(vec![FieldError::unexpected(name)]));
        }
        Value::Null
    } else {
        let own = Value::Object(own);
        row.query.check(&own)?;
        own
    };
    Ok((own, from_value(Value::Object(page))?))
}

/// Whether the caller wrote the replacement character, which otherwise stands for bytes that are no UTF-8.
fn raw_has_replacement(query: Option<&str>) -> bool {
    query.is_some_and(|raw| raw.to_ascii_uppercase().contains("%EF%BF%BD") || raw.contains('\u{fffd}'))
}

fn typed(text: &str, types: &[&str]) -> Value {
    let integer = || types.contains(&"integer").then(|| text.parse::<i64>().ok()).flatten().map(Value::from);
    let boolean = || types.contains(&"boolean").then(|| text.parse::<bool>().ok()).flatten().map(Value::from);
    integer().or_else(boolean).unwrap_or_else(|| Value::from(text))
}
