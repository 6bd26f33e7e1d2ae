//! The criteria of `q`, as far as the sample upstream knows them: `field:value` joined by AND, OR and NOT, phrases in
//! quotes, `*` and `?` in words, `[from TO to]` ranges, parentheses and `periode(…)`.

use serde_json::Value;

/// Longest text of criteria.
const MAX_BYTES: usize = 2_000;
/// Deepest nesting of parentheses.
const MAX_DEPTH: u8 = 20;

/// Criteria, read.
#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    /// Inside, all must hold for one and the same period.
    Period(Box<Query>),
    Field(String, Test),
}

/// What a field's value must be.
#[derive(Debug)]
pub(super) enum Test {
    /// A word of it, with wildcards, in any letter case.
    Word(String),
    /// It holds these words in a row.
    Phrase(String),
    /// It lies between the two, both included; `*` is open.
    Range(String, String),
}

impl Query {
    /// Reads criteria; `None` where they are not well formed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let query = parser.any()?;
        parser.space();
        parser.rest.is_empty().then_some(query)
    }

    /// Whether `item` meets the criteria.
    pub(super) fn holds(&self, item: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|p| p.holds(item)),
            Self::Any(parts) => parts.iter().any(|p| p.holds(item)),
            Self::Not(part) => !part.holds(item),
            Self::Period(part) => ["periodesUniteLegale", "periodesEtablissement"]
                .iter()
                .filter_map(|name| item.get(name)?.as_array())
                .flatten()
                .any(|period| part.holds(period)),
            Self::Field(name, test) => values(item, name).any(|value| test.holds(&value)),
        }
    }
}

/// The texts that stand under `name` anywhere in `item`.
fn values<'a>(item: &'a Value, name: &'a str) -> Box<dyn Iterator<Item = String> + 'a> {
    match item {
        Value::Object(fields) => Box::new(fields.iter().flat_map(move |(key, value)| {
            let here = (key == name).then(|| match value {
                Value::String(text) => Some(text.clone()),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                _ => None,
            });
            here.flatten().into_iter().chain(values(value, name))
        })),
        Value::Array(items) => Box::new(items.iter().flat_map(move |i| values(i, name))),
        _ => Box::new(std::iter::empty()),
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        let value = value.to_uppercase();
        match self {
            Self::Word(pattern) => {
                let pattern: Vec<char> = pattern.to_uppercase().chars().collect();
                let fits = |text: &str| wildcard(&pattern, &text.chars().collect::<Vec<_>>());
                fits(&value) || value.split(|c: char| !c.is_alphanumeric() && c != '.').any(fits)
            }
            Self::Phrase(phrase) => value.contains(&phrase.to_uppercase()),
            Self::Range(from, to) => {
                (from == "*" || value.as_str() >= from.as_str())
                    && (to == "*" || value.as_str() <= to.as_str())
            }
        }
    }
}

/// Whether `text` is what `pattern` describes: `*` stands for any characters, `?` for one. In linear memory and
/// without backtracking beyond the last star.
fn wildcard(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

struct Parser<'a> {
    rest: &'a str,
    depth: u8,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token` where it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a whole word where it comes next.
    fn take_word(&mut self, word: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(word) {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', '(']) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self) -> Option<Query> {
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Query::Any(parts)) }
    }

    fn all(&mut self) -> Option<Query> {
        let mut parts = vec![self.not()?];
        loop {
            self.space();
            let joined = self.take_word("AND");
            if !joined && (self.rest.is_empty() || self.rest.starts_with(')') || self.at_or()) {
                break;
            }
            parts.push(self.not()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Query::All(parts)) }
    }

    fn at_or(&self) -> bool {
        self.rest.strip_prefix("OR").is_some_and(|rest| rest.starts_with([' ', '(']))
    }

    fn not(&mut self) -> Option<Query> {
        if self.take_word("NOT") || self.take("-") {
            self.deeper()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Some(Query::Not(Box::new(inner)));
        }
        if self.take("periode(") {
            return self.inside().map(|q| Query::Period(Box::new(q)));
        }
        if self.take("(") { self.inside() } else { self.field() }
    }

    fn deeper(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }

    fn inside(&mut self) -> Option<Query> {
        self.deeper()?;
        let query = self.any()?;
        self.depth -= 1;
        self.take(")").then_some(query)
    }

    fn field(&mut self) -> Option<Query> {
        self.space();
        let (name, rest) = self.rest.split_once(':')?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let (test, rest) = test(rest)?;
        self.rest = rest;
        Some(Query::Field(name.to_owned(), test))
    }
}

fn test(text: &str) -> Option<(Test, &str)> {
    if let Some(inner) = text.strip_prefix('"') {
        let (phrase, rest) = inner.split_once('"')?;
        return (!phrase.is_empty()).then(|| (Test::Phrase(phrase.to_owned()), rest));
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (range, rest) = inner.split_once(']')?;
        let (from, to) = range.split_once(" TO ")?;
        return Some((Test::Range(from.trim().to_uppercase(), to.trim().to_uppercase()), rest));
    }
    let end = text.find([' ', ')', '(']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (!word.is_empty()).then(|| (Test::Word(word.to_owned()), rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(query: &str) -> Option<bool> {
        let item = json!({
            "siren": "999901002", "dateCreation": "1985-01-01", "siege": true,
            "periodesUniteLegale": [
                {"etat": "C", "denomination": "OCTROI DE LA PORTE"},
                {"etat": "A", "denomination": "PEAGE"},
            ],
        });
        Query::parse(query).map(|q| q.holds(&item))
    }

    #[test]
    fn criteria_mean_what_they_say() {
        for (query, expected) in [
            ("siren:999901002", true),
            ("siren:9999*", true),
            ("siren:99990100?", true),
            ("siren:1", false),
            ("denomination:octroi", true),
            ("denomination:\"la porte\"", true),
            ("denomination:oct", false),
            ("periode(etat:C AND denomination:octroi)", true),
            ("periode(etat:A AND denomination:octroi)", false),
            ("etat:A AND denomination:octroi", true),
            ("siren:1 OR (siege:true AND NOT etat:Z)", true),
            ("-siren:999901002", false),
            ("dateCreation:[1980-01-01 TO 1990-01-01]", true),
            ("dateCreation:[1990-01-01 TO *]", false),
        ] {
            assert_eq!(holds(query), Some(expected), "{query}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let deep = format!("{}a:b{}", "(".repeat(50), ")".repeat(50));
        let dashes = "-".repeat(1_000);
        for query in
            ["", "siren", "siren:", "(siren:1", "siren:1)", "a:\"b", "a:[1 TO", "a b:c", &deep, &dashes]
        {
            assert_eq!(holds(query), None, "{query}");
        }
    }
}
