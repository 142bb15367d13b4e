//! Names and types of a model's columns as teams write them down: `{"column": "type"}`, JSON Schema, or the
//! signature that MLflow logs. What values they have, only data say.

use churn_base::error::Result;
use churn_model::frame::WantedColumn;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::foreign::{Foreign, InputKind};
use super::refused::refused;

const NUMBERS: [&str; 21] = [
    "number", "double", "float", "float32", "float64", "real", "decimal", "numeric", "integer",
    "int", "int8", "int16", "int32", "int64", "long", "short", "bigint", "smallint", "tinyint",
    "boolean", "bool",
];
const TEXTS: [&str; 7] = [
    "string", "str", "text", "varchar", "object", "category", "enum",
];
const HINT: &str = "{\"tenure\": \"double\", \"plan\": \"string\"}, a JSON Schema with `properties`, or the inputs of a \
                    signature of MLflow, [{\"name\": \"tenure\", \"type\": \"double\"}]";

/// Columns with their types, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    file: String,
    columns: Vec<(String, bool)>,
}

/// Members in the order of the file, which has a meaning where a model counts its features.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Ordered;
        impl<'de> Visitor<'de> for Ordered {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Ordered)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Columns(Vec<Column>),
    Signature { signature: Inputs },
    Inputs(Inputs),
    JsonSchema { properties: Members },
    Plain(Members),
}

#[derive(Deserialize)]
struct Inputs {
    inputs: Nested,
}

/// MLflow writes the list as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Nested {
    Text(String),
    Columns(Vec<Column>),
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: Value,
}

impl Schema {
    /// Reads a file; `file` is what errors call it.
    ///
    /// # Errors
    /// Bad input (65) if it is none of the forms, names a column twice or a type that is not known.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self> {
        let unknown = || refused(file, None, "this is not a schema of columns").hint(HINT);
        let form: Form = serde_json::from_slice(bytes).map_err(|error| unknown().because(error))?;
        let listed = |columns: Vec<Column>| {
            columns
                .into_iter()
                .map(|one| (one.name, one.kind))
                .collect()
        };
        let all: Vec<(String, Value)> = match form {
            Form::Columns(columns) => listed(columns),
            Form::Signature {
                signature: Inputs { inputs },
            }
            | Form::Inputs(Inputs { inputs }) => match inputs {
                Nested::Columns(columns) => listed(columns),
                Nested::Text(text) => {
                    listed(serde_json::from_str(&text).map_err(|error| unknown().because(error))?)
                }
            },
            Form::JsonSchema { properties } => {
                let kind = |(name, mut of): (String, Value)| (name, of["type"].take());
                properties.0.into_iter().map(kind).collect()
            }
            Form::Plain(members) => members.0,
        };
        let mut columns: Vec<(String, bool)> = Vec::with_capacity(all.len());
        for (name, kind) in all {
            let is_text = is_text(&kind).ok_or_else(|| {
                let kind: String = kind.to_string().chars().take(40).collect();
                refused(
                    file,
                    None,
                    format!("\"{name}\" has the type {kind}, which is not known"),
                )
                .hint(HINT)
            })?;
            if columns.iter().any(|(known, _)| *known == name) {
                return Err(refused(
                    file,
                    None,
                    format!("the column \"{name}\" is there twice"),
                ));
            }
            columns.push((name, is_text));
        }
        match columns.is_empty() {
            true => Err(unknown()),
            false => Ok(Self {
                file: file.to_owned(),
                columns,
            }),
        }
    }

    /// Returns the columns that the model's features are, as [`Foreign::wanted`] does of data.
    ///
    /// # Errors
    /// Bad input if the schema lacks one, or has a text where the model takes a number.
    pub fn wanted(&self, foreign: &Foreign, others: &[String]) -> Result<Vec<WantedColumn>> {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let wanted = foreign.wanted(&names, others, &self.file)?;
        for (column, feature) in wanted.iter().zip(&foreign.features) {
            let is_text = self
                .columns
                .iter()
                .any(|(name, is_text)| *name == column.name && *is_text);
            if is_text && matches!(feature.kind, InputKind::Number(_)) {
                let message = format!(
                    "\"{}\" is a number to the model, and a text in the schema",
                    column.name
                );
                return Err(refused(&self.file, None, message).hint(
                    "give the types of what the model is given: columns that are encoded already",
                ));
            }
        }
        Ok(wanted)
    }
}

/// Whether a type is that of texts; `None` if it is not known. A list may name `null` beside it.
fn is_text(kind: &Value) -> Option<bool> {
    let word = match kind {
        Value::String(word) => word,
        Value::Array(words) => words
            .iter()
            .filter_map(Value::as_str)
            .find(|word| *word != "null")?,
        _ => return None,
    };
    let word = word.to_lowercase();
    let is_one_of = |words: &[&str]| words.contains(&word.as_str());
    (is_one_of(&NUMBERS) || is_one_of(&TEXTS)).then(|| is_one_of(&TEXTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str) -> Vec<(String, bool)> {
        Schema::read(text.as_bytes(), "schema.json")
            .expect(text)
            .columns
    }

    #[test]
    fn every_form_gives_the_same_columns_in_their_order() {
        let expected = [
            ("tenure".to_owned(), false),
            ("plan".to_owned(), true),
            ("a".to_owned(), false),
        ];
        for text in [
            r#"{"tenure": "double", "plan": "string", "a": "bool"}"#,
            r#"[{"name": "tenure", "type": "long"}, {"type": "string", "name": "plan"}, {"name": "a", "type": "float"}]"#,
            r#"{"properties": {"tenure": {"type": ["null", "number"]}, "plan": {"type": "string"}, "a": {"type": "integer"}}}"#,
            r#"{"signature": {"inputs": "[{\"name\": \"tenure\", \"type\": \"long\"}, {\"name\": \"plan\", \"type\": \"string\"},
                {\"name\": \"a\", \"type\": \"boolean\", \"required\": true}]", "outputs": null}}"#
                .replace('\n', "")
                .as_str(),
        ] {
            assert_eq!(columns(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_schema_is_refused() {
        for (text, says) in [
            ("{}", "not a schema of columns"),
            ("[1]", "not a schema of columns"),
            (r#"{"inputs": "[{}]"}"#, "not a schema of columns"),
            (
                r#"[{"type": "tensor", "tensor-spec": {"dtype": "float64"}}]"#,
                "not a schema of columns",
            ),
            (
                r#"{"tenure": "duration"}"#,
                "\"tenure\" has the type \"duration\", which is not known",
            ),
            (
                r#"[{"name": "a", "type": "long"}, {"name": "a", "type": "long"}]"#,
                "\"a\" is there twice",
            ),
        ] {
            let error = Schema::read(text.as_bytes(), "schema.json").expect_err(text);
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }
}
