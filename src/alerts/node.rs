//! YAML with places: every value knows its line and where it stands in the text. What the values
//! mean is for others.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::error::{Error, Place, Result};

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

/// Where a value begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spot {
    /// Line, from 1.
    pub line: u64,
    /// First byte in the text of the source.
    pub byte: usize,
    /// How many bytes the value takes, of a scalar.
    pub length: usize,
}

/// What a YAML value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, read.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in the order of the file.
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
    /// Where it stands.
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

    /// Returns a scalar as text: numbers and truth values as YAML writes them.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
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

    /// Returns the same without places.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Text(text) => Json::String(text.clone()),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .map(|(key, node)| (key.name.clone(), node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// Reads the documents of a text; empty ones are left out.
///
/// # Errors
/// Fails with 65 and the line if the text is not YAML.
pub fn documents(source: &Arc<Source>) -> Result<Vec<Node>> {
    let parsed = serde_saphyr::from_multiple::<Spanned<Raw>>(&source.text);
    let documents = parsed.map_err(|error| {
        let place = error.location().map(|location| location.line());
        let whole = error.without_snippet().to_string();
        let said = whole.lines().next().unwrap_or_default();
        let failed = Error::bad_input(format!("not valid YAML: {said}"));
        failed.at(Place {
            file: source.name.clone(),
            line: place,
            column: None,
        })
    })?;
    Ok(documents.into_iter().map(node).collect())
}

fn spot(location: Location) -> Spot {
    let span = location.span();
    let (byte, length) = (span.byte_offset(), span.byte_len());
    Spot {
        line: location.line(),
        byte: byte.unwrap_or(0) as usize,
        length: length.unwrap_or(0) as usize,
    }
}

fn node(raw: Spanned<Raw>) -> Node {
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(truth) => Value::Bool(truth),
        Raw::Number(number) => Value::Number(number),
        Raw::Text(text) => Value::Text(text),
        Raw::Sequence(items) => Value::Sequence(items.into_iter().map(node).collect()),
        Raw::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let spot = spot(key.referenced);
                    let name = key.value;
                    (Key { name, spot }, node(value))
                })
                .collect(),
        ),
    };
    Node {
        value,
        spot: spot(raw.referenced),
    }
}

/// What serde sees.
enum Raw {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    Sequence(Vec<Spanned<Self>>),
    Mapping(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        // .nan and .inf are texts to everybody who reads rules.
        Ok(serde_json::Number::from_f64(number)
            .map_or_else(|| Raw::Text(number.to_string()), Raw::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Mapping(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Node>> {
        documents(&Arc::new(Source {
            name: "x.yaml".into(),
            text: text.into(),
        }))
    }

    #[test]
    fn every_value_knows_its_line_in_every_document() {
        let text = "a: 1\n---\n---\nb:\n  - c: |\n      one\n      two\n    on: yes\n";
        let documents = read(text).expect("valid");
        assert_eq!(documents.len(), 2);
        let item = &documents[1].get("b").expect("b").items()[0];
        let (key, value) = item.entry("c").expect("c");
        assert_eq!((key.spot.line, value.spot.line), (5, 6));
        assert_eq!(value.scalar().as_deref(), Some("one\ntwo\n"));
        assert_eq!(&text[value.spot.byte..][..3], "one");
    }

    #[test]
    fn broken_yaml_is_bad_input_with_its_line() {
        let error = read("a: 1\nb: [1, 2\nc: 3\n").expect_err("broken");
        assert_eq!(error.code(), crate::exit::ExitCode::BadInput);
        assert!(error.place().is_some_and(|place| place.line >= Some(2)));
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}
