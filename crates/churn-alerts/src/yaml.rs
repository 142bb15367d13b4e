//! From the events of the YAML parser to nodes, as Go's packages build them: aliases and merge keys
//! resolved, plain scalars kept as text.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use churn_base::error::{Error, Result};
use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::node::{Document, Key, Node, Source, Spot, Style, Value};

/// More values than this come from aliases of aliases only.
const MOST_VALUES: usize = 2_000_000;
/// Collections in collections: what reads the tree calls itself for each.
const MOST_NESTED: usize = 100;

/// A fault of the text: line and words.
type Fault = (u64, String);

#[derive(Default)]
pub(super) struct Builder<'a> {
    text: &'a str,
    open: Vec<Frame>,
    anchors: BTreeMap<usize, (Node, usize)>,
    faults: Vec<(Spot, String)>,
    done: Option<Node>,
    values: usize,
}

/// A collection that is not closed yet.
struct Frame {
    anchor: usize,
    /// How many values were there before it.
    before: usize,
    node: Node,
    key: Option<Scalar>,
}

/// A node that can be a key.
struct Scalar {
    key: Key,
    is_merge: bool,
}

impl<'a> Builder<'a> {
    /// Reads all documents up to the first fault.
    pub(super) fn read(text: &'a str) -> (Vec<Document>, Option<Fault>) {
        let mut documents = Vec::new();
        let fresh = || Self {
            text,
            ..Self::default()
        };
        let mut builder = fresh();
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            let (event, span) = match next {
                Ok(pair) => pair,
                Err(error) => {
                    let line = error.marker().line() as u64;
                    return (documents, Some((line, error.info())));
                }
            };
            match event {
                Event::DocumentStart(..) => builder = fresh(),
                Event::DocumentEnd => {
                    let faults = std::mem::take(&mut builder.faults);
                    let root = builder.done.take();
                    // A document of nothing, as behind a last `---`.
                    if let Some(root) = root.filter(|root| root.value != Value::Null) {
                        documents.push(Document { root, faults });
                    }
                }
                event => {
                    if let Err(said) = builder.take(event, span) {
                        return (documents, Some((span.start.line() as u64, said)));
                    }
                }
            }
        }
        (documents, None)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        let mut spot = spot(span);
        if self.open.len() > MOST_NESTED {
            return Err(format!(
                "more than {MOST_NESTED} collections inside each other"
            ));
        }
        let begin = |anchor, style, value| Frame {
            anchor,
            before: self.values,
            node: Node { value, style, spot },
            key: None,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
                let style = scalar_style(style);
                if style == Style::Block {
                    // It ends with its last line, not with the blank ones behind.
                    let raw = self.text.get(spot.byte..spot.end()).unwrap_or_default();
                    spot.length = raw.trim_end().len();
                }
                let plain = style == Style::Plain && !is_text;
                let value = match plain && is_null(&text) {
                    true => Value::Null,
                    false => Value::Text(text.into_owned()),
                };
                self.finish(anchor, 1, Node { value, style, spot }, spot)
            }
            Event::SequenceStart(style, anchor, _) => {
                let frame = begin(anchor, collection_style(style), Value::Sequence(Vec::new()));
                self.open.push(frame);
                Ok(())
            }
            Event::MappingStart(style, anchor, _) => {
                let frame = begin(anchor, collection_style(style), Value::Mapping(Vec::new()));
                self.open.push(frame);
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.open.pop() else {
                    return Ok(());
                };
                let mut node = frame.node;
                if node.style == Style::Flow {
                    node.spot.length = spot.end().saturating_sub(node.spot.byte);
                }
                if let Value::Mapping(entries) = &mut node.value {
                    resolve_merges(entries);
                }
                let size = 1 + self.values - frame.before;
                let own = node.spot;
                self.finish(frame.anchor, size, node, own)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err("an alias of what is not complete yet".to_owned());
                };
                self.values += size;
                self.finish(0, 1, node, spot)
            }
            _ => Ok(()),
        }
    }

    /// Puts a complete value where it belongs; `own` is where it stands there, which an alias does not.
    fn finish(&mut self, anchor: usize, size: usize, node: Node, own: Spot) -> Result<(), String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err("aliases of aliases come to too many values".to_owned());
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.open.last_mut() else {
            self.done = Some(node);
            return Ok(());
        };
        if frame.node.style == Style::Block {
            let length = own.end().saturating_sub(frame.node.spot.byte);
            frame.node.spot.length = frame.node.spot.length.max(length);
        }
        match &mut frame.node.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match frame.key.take() {
                None => {
                    let is_merge = node.style == Style::Plain
                        && matches!(&node.value, Value::Text(text) if text == MERGE);
                    let name = match &node.value {
                        Value::Text(text) => text.clone(),
                        Value::Null => "null".to_owned(),
                        _ => return Err("a key that is not a scalar".to_owned()),
                    };
                    let key = Key {
                        name,
                        spot: node.spot,
                    };
                    frame.key = Some(Scalar { key, is_merge });
                }
                Some(Scalar { key, is_merge }) => {
                    let is_map = |node: &Node| matches!(node.value, Value::Mapping(_));
                    let merges = is_map(&node)
                        || (!node.items().is_empty() && node.items().iter().all(is_map));
                    if is_merge && !merges {
                        let said = "`<<` takes a mapping or a list of mappings";
                        self.faults.push((key.spot, said.to_owned()));
                    } else if !is_merge && entries.iter().any(|(known, _)| known.name == key.name) {
                        let said = format!("the key `{}` comes twice", key.name);
                        self.faults.push((key.spot, said));
                    } else {
                        entries.push((key, node));
                    }
                }
            },
            Value::Null | Value::Text(_) => {}
        }
        Ok(())
    }
}

const MERGE: &str = "<<";

/// Own keys win over merged ones, and of merged mappings the first.
fn resolve_merges(entries: &mut Vec<(Key, Node)>) {
    if !entries.iter().any(|(key, _)| key.name == MERGE) {
        return;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = std::mem::take(entries)
        .into_iter()
        .partition(|(key, node)| key.name == MERGE && !matches!(node.value, Value::Text(_)));
    let mut known: HashSet<String> = own.iter().map(|(key, _)| key.name.clone()).collect();
    for (_, node) in merges {
        let maps = match node.value {
            Value::Sequence(items) => items,
            _ => vec![node],
        };
        for map in maps {
            let Value::Mapping(pairs) = map.value else {
                continue;
            };
            for (key, value) in pairs {
                if known.insert(key.name.clone()) {
                    own.push((key, value));
                }
            }
        }
    }
    *entries = own;
}

fn is_null(text: &str) -> bool {
    ["", "~", "null", "Null", "NULL"].contains(&text)
}

fn spot(span: Span) -> Spot {
    let range = span.byte_range().unwrap_or(0..0);
    Spot {
        line: span.start.line() as u64,
        byte: range.start,
        length: range.len(),
    }
}

const fn scalar_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

const fn collection_style(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Block => Style::Block,
        StructureStyle::Flow => Style::Flow,
    }
}

/// Reads the documents of a text, empty ones left out, up to the first that is not YAML: what is
/// wrong there comes beside those before it.
#[must_use]
pub fn read(source: &Arc<Source>) -> (Vec<Document>, Option<Error>) {
    if let Some(at) = source.text.find('\0') {
        let line = 1 + source.text[..at].matches('\n').count();
        let error = Error::bad_input("not valid YAML: bytes that are not UTF-8, or zero");
        return (Vec::new(), Some(error.at(source.place(line as u64))));
    }
    let is_refused = |one: &char| {
        matches!(one, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}')
            || matches!(one, '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
    };
    // Go's packages refuse them while they read, also in a comment or in quotes.
    if let Some((at, one)) = source.text.char_indices().find(|(_, one)| is_refused(one)) {
        let line = 1 + source.text[..at].matches('\n').count();
        let code = u32::from(one);
        let error = Error::bad_input(format!(
            "not valid YAML: the control character U+{code:04X}; write it as an escape in double quotes"
        ));
        return (Vec::new(), Some(error.at(source.place(line as u64))));
    }
    let (documents, fault) = Builder::read(&source.text);
    let error = fault.map(|(line, said)| {
        let said = said.lines().next().unwrap_or_default().to_owned();
        Error::bad_input(format!("not valid YAML: {said}")).at(source.place(line))
    });
    (documents, error)
}

/// Reads the documents of a text; empty ones are left out.
///
/// # Errors
/// Fails with 65 and the line if the text is not YAML.
pub fn documents(source: &Arc<Source>) -> Result<Vec<Node>> {
    match read(source) {
        (_, Some(error)) => Err(error),
        (documents, None) => Ok(documents.into_iter().map(|one| one.root).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> Result<Vec<Node>> {
        documents(&Arc::new(Source {
            name: "x.yaml".into(),
            text: text.into(),
        }))
    }

    #[test]
    fn every_value_knows_its_line_in_every_document() {
        let text = "a: 1\n---\n---\nb:\n  - c: |\n      one\n      two\n    on: yes\n";
        let documents = read_all(text).expect("valid");
        assert_eq!(documents.len(), 2);
        let item = &documents[1].get("b").expect("b").items()[0];
        let (key, value) = item.entry("c").expect("c");
        assert_eq!((key.spot.line, value.spot.line), (5, 6));
        assert_eq!(value.scalar().as_deref(), Some("one\ntwo\n"));
        assert_eq!(&text[value.spot.byte..].trim_start()[..3], "one");
    }

    #[test]
    fn scalars_stay_the_text_that_go_sees() {
        // promtool 2.42 test rules: each of these is the label's value as it is written.
        for text in [
            "NO", "on", "0123", "1e3", "1.10", "0x1F", "1_000", "0o17", ".inf", "!x",
        ] {
            let document = format!("a: '{text}'\nb: {text}\n");
            let documents = read_all(&document).expect(text);
            assert_eq!(documents[0].scalar_at("a").as_deref(), Some(text));
            if !text.starts_with('!') {
                assert_eq!(documents[0].scalar_at("b").as_deref(), Some(text));
            }
        }
        let documents = read_all("a: yes\nb: 'yes'\nc: ~\nd:\ne: null\nf: \"\"\n").expect("valid");
        let truth = |name: &str| documents[0].get(name).and_then(Node::truth);
        assert_eq!((truth("a"), truth("b")), (Some(true), None));
        for name in ["c", "d", "e"] {
            assert_eq!(documents[0].get(name), None, "{name}");
        }
        assert_eq!(documents[0].scalar_at("f").as_deref(), Some(""));
    }

    #[test]
    fn merge_keys_and_aliases_are_resolved_and_keys_that_come_twice_told() {
        let text = "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: *x\nz: 4\nw:\n  <<: 5\n";
        let source = Arc::new(Source {
            name: "x".into(),
            text: text.into(),
        });
        let (documents, error) = read(&source);
        assert!(error.is_none());
        let root = &documents[0].root;
        assert_eq!(
            root.at(&["y", "a"]).and_then(Node::scalar).as_deref(),
            Some("1")
        );
        assert_eq!(
            root.at(&["y", "b"]).and_then(Node::scalar).as_deref(),
            Some("3")
        );
        assert_eq!(root.at(&["z", "b"]).map(|node| node.spot.line), Some(1));
        let lines: Vec<u64> = documents[0]
            .faults
            .iter()
            .map(|(spot, _)| spot.line)
            .collect();
        assert_eq!(lines, [6, 8], "{:?}", documents[0].faults);
    }

    #[test]
    fn broken_yaml_is_bad_input_with_its_line() {
        let error = read_all("a: 1\nb: [1, 2\nc: 3\n").expect_err("broken");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
        assert!(error.place().is_some_and(|place| place.line >= Some(2)));
        assert!(!error.to_string().contains('\n'), "{error}");
    }

    #[test]
    fn control_characters_are_refused_as_go_does_wherever_they_stand() {
        // yaml.v3 3.0.1, readerc.go: "control characters are not allowed".
        for text in [
            "a: \"\u{7}\"\n",
            "a: b # \u{1b}\n",
            "a: 'b\u{7f}'\n",
            "a: \u{9f}\n",
            "a: \u{c}b\n",
        ] {
            let error = read_all(text).expect_err(text);
            assert!(error.to_string().contains("control character"), "{error}");
        }
        for text in ["a: \"\\x07\"\n", "a: b\tc\n", "a: \u{a0}\u{1f642}\r\n"] {
            assert!(read_all(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn aliases_that_multiply_end_with_an_error() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let above = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{above}]\n"));
        }
        let error = read_all(&text).expect_err("too much");
        assert!(error.to_string().contains("aliases"), "{error}");
    }
}
