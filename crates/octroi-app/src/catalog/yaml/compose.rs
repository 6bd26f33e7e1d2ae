//! Puts the parser's events together into trees.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag};

use super::{Key, Kind, Node, Place, SyntaxError};

/// How much is read at most, aliases unfolded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Values.
    pub(crate) nodes: usize,
    /// Bytes of text.
    pub(crate) bytes: usize,
    /// Lists and maps inside each other.
    pub(crate) depth: usize,
}

/// Changes a text as it is read, or says why it cannot stand.
pub(crate) type Rewrite<'a> = &'a dyn Fn(String) -> Result<String, String>;

/// The documents of a YAML text, empty ones left out.
pub(crate) fn documents(
    text: &str,
    bounds: Bounds,
    rewrite: Rewrite<'_>,
) -> Result<Vec<Arc<Node>>, SyntaxError> {
    let mut composer = Composer {
        bounds,
        rewrite,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        bytes: 0,
        done: Vec::new(),
    };
    let mut options = Options::default();
    options.set_emit_comments(false);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|e| SyntaxError {
            place: place_at(e.marker().line(), e.marker().col()),
            message: e.info(),
        })?;
        composer.take(event, place(&span))?;
    }
    Ok(composer.done)
}

fn place_at(line: usize, column: usize) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { line: number(line), column: number(column.saturating_add(1)) }
}

fn place(span: &Span) -> Place {
    place_at(span.start.line(), span.start.col())
}

/// A list or map whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    part: Part,
}

enum Part {
    List(Vec<Arc<Node>>),
    Map(Box<OpenMap>),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<(Key, Arc<Node>)>,
    keys: HashSet<String>,
    /// The key whose value comes next.
    key: Option<Key>,
    /// Maps whose entries this one takes over, its own first.
    bases: Vec<Arc<Node>>,
}

struct Composer<'a> {
    bounds: Bounds,
    rewrite: Rewrite<'a>,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    nodes: usize,
    bytes: usize,
    done: Vec<Arc<Node>>,
}

fn error<T>(place: Place, message: impl Into<String>) -> Result<T, SyntaxError> {
    Err(SyntaxError { place, message: message.into() })
}

impl Composer<'_> {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = plain(style, tag.as_deref(), place)?;
                self.scalar(text.into_owned(), plain, anchor, place)
            }
            Event::SequenceStart(_, anchor, tag) => {
                plain(ScalarStyle::Plain, tag.as_deref(), place)?;
                self.begin(Open { place, anchor, part: Part::List(Vec::new()) })
            }
            Event::MappingStart(_, anchor, tag) => {
                plain(ScalarStyle::Plain, tag.as_deref(), place)?;
                let part = Part::Map(Box::default());
                self.begin(Open { place, anchor, part })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(id) => match self.anchors.get(&id).cloned() {
                Some(node) => {
                    let cost = (node.size, node.bytes);
                    self.put(node, 0, place, cost)
                }
                None => error(place, "an alias names a whole value that stands before it, not a key"),
            },
            Event::UnresolvedAlias(name) => error(place, format!("no anchor is called {name}")),
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, text: String, plain: bool, anchor: usize, place: Place) -> Result<(), SyntaxError> {
        if let Some(Open { part: Part::Map(map), .. }) = self.open.last_mut()
            && map.key.is_none()
        {
            if text != "<<" && !map.keys.insert(text.clone()) {
                return error(place, format!("the key {text:?} stands twice"));
            }
            map.key = Some(Key { text, place });
            return Ok(());
        }
        let text = (self.rewrite)(text).or_else(|message| error(place, message))?;
        let bytes = text.len();
        let node = Node { place, kind: Kind::Scalar { text, plain }, size: 1, bytes, depth: 0 };
        self.put(Arc::new(node), anchor, place, (1, bytes))
    }

    fn begin(&mut self, open: Open) -> Result<(), SyntaxError> {
        if self.open.len() >= self.bounds.depth {
            return error(open.place, format!("more than {} levels inside each other", self.bounds.depth));
        }
        if let Some(Open { part: Part::Map(map), .. }) = self.open.last()
            && map.key.is_none()
        {
            return error(open.place, "a key is a text, not a list or a map");
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, place: Place) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return error(place, "an end without a beginning") };
        let kind = match open.part {
            Part::List(items) => Kind::List(items),
            Part::Map(mut map) => {
                for base in std::mem::take(&mut map.bases) {
                    map.take_over(&base)?;
                }
                Kind::Map(map.entries)
            }
        };
        let parts: Vec<&Arc<Node>> = match &kind {
            Kind::List(items) => items.iter().collect(),
            Kind::Map(entries) => entries.iter().map(|(_, n)| n).collect(),
            Kind::Scalar { .. } => Vec::new(),
        };
        let size = parts.iter().fold(1_usize, |sum, n| sum.saturating_add(n.size));
        let bytes = parts.iter().fold(0_usize, |sum, n| sum.saturating_add(n.bytes));
        let depth = 1 + parts.iter().map(|n| n.depth).max().unwrap_or(0);
        let node = Node { place: open.place, kind, size, bytes, depth };
        // Its parts were counted as they came.
        self.put(Arc::new(node), open.anchor, place, (1, 0))
    }

    /// Puts a finished value where it belongs. `cost` is what it adds to the values and bytes read so far.
    fn put(
        &mut self,
        node: Arc<Node>,
        anchor: usize,
        place: Place,
        cost: (usize, usize),
    ) -> Result<(), SyntaxError> {
        self.nodes = self.nodes.saturating_add(cost.0);
        self.bytes = self.bytes.saturating_add(cost.1);
        if self.nodes > self.bounds.nodes || self.bytes > self.bounds.bytes {
            return error(place, "too many values: aliases are counted as what they stand for");
        }
        if self.open.len() + node.depth > self.bounds.depth {
            return error(place, format!("more than {} levels inside each other", self.bounds.depth));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        match self.open.last_mut().map(|open| &mut open.part) {
            None => self.finish(node),
            Some(Part::List(items)) => items.push(node),
            Some(Part::Map(map)) => match map.key.take() {
                Some(key) if key.text == "<<" => map.bases.push(node),
                Some(key) => map.entries.push((key, node)),
                None => return error(place, "a key is a text written here, not an alias"),
            },
        }
        Ok(())
    }

    /// Ends a document: anchors do not reach into the next one, and each has the whole of the bounds.
    fn finish(&mut self, node: Arc<Node>) {
        if !node.is_null() {
            self.done.push(node);
        }
        self.anchors.clear();
        (self.nodes, self.bytes) = (0, 0);
    }
}

impl OpenMap {
    /// `<<: *base` brings the entries of another map, or of several, that this one does not have itself.
    fn take_over(&mut self, node: &Node) -> Result<(), SyntaxError> {
        match &node.kind {
            Kind::Map(others) => {
                for (key, value) in others {
                    if self.keys.insert(key.text.clone()) {
                        self.entries.push((key.clone(), Arc::clone(value)));
                    }
                }
                Ok(())
            }
            Kind::List(items) => items.iter().try_for_each(|item| self.take_over(item)),
            Kind::Scalar { .. } => error(node.place, "`<<` takes a map or a list of maps"),
        }
    }
}

/// Whether a text may be something else than a text; refuses tags that name other types.
fn plain(style: ScalarStyle, tag: Option<&Tag>, place: Place) -> Result<bool, SyntaxError> {
    match tag {
        None => Ok(style == ScalarStyle::Plain),
        Some(tag) => match tag.core_suffix() {
            Some("str") => Ok(false),
            Some("int" | "float" | "bool" | "null" | "map" | "seq") => Ok(style == ScalarStyle::Plain),
            _ => error(place, format!("the tag {} is not read here", tag.original())),
        },
    }
}
