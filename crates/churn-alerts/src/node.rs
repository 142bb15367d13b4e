//! YAML with places: every value knows its line and the bytes it takes. A scalar stays the text that
//! Prometheus and Alertmanager see. What the values mean is for others.

use churn_base::error::Place;

/// A text that was read: a file, or standard input.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The name as the user knows it; `-` for standard input.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Returns the place of a line, for an error.
    #[must_use]
    pub fn place(&self, line: u64) -> Place {
        Place {
            file: self.name.clone(),
            line: Some(line),
            column: None,
        }
    }

    /// Returns line and column, both from 1, of a byte of the text.
    #[must_use]
    pub fn position(&self, byte: usize) -> (u64, u64) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let column = 1 + before[begin..].chars().count();
        (line as u64, column as u64)
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spot {
    /// Line, from 1.
    pub line: u64,
    /// First byte in the text of the source.
    pub byte: usize,
    /// How many bytes the value takes, quotes and all.
    pub length: usize,
}

impl Spot {
    /// Returns the byte behind the value.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.byte + self.length
    }
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes.
    Plain,
    /// A scalar in single quotes.
    Single,
    /// A scalar in double quotes, with escapes.
    Double,
    /// A scalar behind `|` or `>`, or a collection by indentation.
    Block,
    /// A collection in brackets.
    Flow,
}

/// What a YAML value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A scalar: its text.
    Text(String),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in the order of the file, merge keys resolved.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its text.
    pub name: String,
    /// Where it stands.
    pub spot: Spot,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// How it is written.
    pub style: Style,
    /// Where it stands; behind an alias, where the anchor is.
    pub spot: Spot,
}

impl Node {
    /// Returns the value of a key of a mapping; null counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|(_, node)| node)
    }

    /// Returns a key with its value; null counts as absent.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<(&Key, &Self)> {
        let Value::Mapping(entries) = &self.value else {
            return None;
        };
        let found = entries.iter().find(|(key, _)| key.name == name);
        found
            .filter(|(_, node)| node.value != Value::Null)
            .map(|(key, node)| (key, node))
    }

    /// Returns what lies behind a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// Returns the items of a sequence; nothing of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Returns the entries of a mapping; nothing of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the text of a scalar.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Returns the scalar behind a key.
    #[must_use]
    pub fn scalar_at(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Self::scalar)
    }

    /// Returns the scalars behind a key: those of a sequence, or the one.
    #[must_use]
    pub fn scalars_at(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map_or_else(Vec::new, |node| match &node.value {
                Value::Sequence(items) => items.iter().filter_map(Self::scalar).collect(),
                _ => node.scalar().into_iter().collect(),
            })
    }

    /// Returns the truth of a plain scalar as YAML 1.1 spells it, which Go's packages still read.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        let Value::Text(text) = &self.value else {
            return None;
        };
        match (self.style, text.as_str()) {
            (
                Style::Plain,
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE",
            ) => Some(true),
            (
                Style::Plain,
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False"
                | "FALSE",
            ) => Some(false),
            _ => None,
        }
    }

    /// Returns the same without places. Scalars are texts, but plain whole numbers, which some keys
    /// ask for and which others read as they are written.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.to_json_by(|text| match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        })
    }

    /// Returns the same as a Kubernetes API server is sent it.
    #[must_use]
    pub fn to_api_json(&self) -> serde_json::Value {
        self.to_json_by(plain_to_json)
    }

    fn to_json_by(&self, plain: fn(&str) -> serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Text(text) if self.style == Style::Plain => plain(text),
            Value::Text(text) => Json::String(text.clone()),
            Value::Sequence(items) => items.iter().map(|item| item.to_json_by(plain)).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .map(|(key, node)| (key.name.clone(), node.to_json_by(plain)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// Returns what a plain scalar is to a Kubernetes API server, which is sent JSON.
fn plain_to_json(text: &str) -> serde_json::Value {
    match text {
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    // Only what is written as JSON writes it: `0x10` and `1_000` are left as texts.
    let number = serde_json::from_str::<serde_json::Number>(text);
    number.map_or_else(|_| text.into(), serde_json::Value::Number)
}

/// A document and what is wrong with its mappings.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The outermost value.
    pub root: Node,
    /// Faults that let the text be read: a key that comes twice, a merge of something else.
    pub faults: Vec<(Spot, String)>,
}
