//! Pages of a list: how many, after which one, and the cursor to the next.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use octroi_domain::validate::Rule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AppError;

/// Items of a page when the caller names no number.
const DEFAULT_LIMIT: u32 = 20;

/// The most items of a page.
const MAX_LIMIT: u32 = 100;

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageRequest {
    /// Items at most: 1 to 100, 20 by default.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before; the list's beginning where absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub cursor: Option<String>,
}

/// Part of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Asks for the next part; absent at the end of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A checked [`PageRequest`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<I> {
    /// The last item of the page before.
    pub(crate) after: Option<I>,
    limit: u32,
}

impl PageRequest {
    /// The `limit` items after the one that `id` names.
    pub fn after(id: impl Display, limit: u32) -> Self {
        Self { limit: Some(limit), cursor: Some(write_cursor(id)) }
    }

    /// Checks the limit and reads the cursor, which names an item by a value of type `I`.
    pub(crate) fn window<I: FromStr>(&self) -> Result<Window<I>, AppError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(AppError::invalid("limit", Rule::OutOfRange { min: 1, max: MAX_LIMIT.into() }));
        }
        let after = self.cursor.as_deref().map(read_cursor).transpose()?;
        Ok(Window { after, limit })
    }
}

fn write_cursor(id: impl Display) -> String {
    URL_SAFE_NO_PAD.encode(id.to_string())
}

fn read_cursor<I: FromStr>(text: &str) -> Result<I, AppError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| AppError::invalid("cursor", Rule::Malformed { expected: "cursor" }))
}

impl<I: Display> Window<I> {
    /// How many rows to read: one more than the page holds, to learn whether there is a next page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page made of `rows`, of which there may be one more than it holds.
    pub(crate) fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> I,
        view: impl FnMut(R) -> T,
    ) -> Page<T> {
        let size = self.limit as usize;
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| more).map(|row| write_cursor(id(row)));
        Page { items: rows.into_iter().map(view).collect(), next_cursor: last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let numbers: Vec<u32> = (1..=5).collect();
        let mut request = PageRequest { limit: Some(2), cursor: None };
        let mut seen = Vec::new();
        loop {
            let window = request.window::<u32>().unwrap();
            let rows: Vec<u32> = numbers
                .iter()
                .copied()
                .filter(|n| window.after.is_none_or(|after| *n > after))
                .take(window.rows() as usize)
                .collect();
            let page = window.page(rows, |n| *n, |n| n * 10);
            seen.push(page.items);
            request.cursor = page.next_cursor;
            if request.cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [vec![10, 20], vec![30, 40], vec![50]]);
    }

    #[test]
    fn limits_out_of_range_and_made_up_cursors_are_refused() {
        for limit in [0, 101] {
            let request = PageRequest { limit: Some(limit), cursor: None };
            assert!(matches!(request.window::<u32>(), Err(AppError::Invalid(v)) if v[0].field == "limit"));
        }
        for cursor in ["", "%%", "bm90IGEgbnVtYmVy"] {
            let request = PageRequest { limit: None, cursor: Some(cursor.to_owned()) };
            assert!(matches!(request.window::<u32>(), Err(AppError::Invalid(v)) if v[0].field == "cursor"));
        }
    }
}
