//! JSON and YAML of anything: whole documents, safe to print to a terminal.

use std::borrow::Cow;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::redact::redacted;
use crate::text::steers_terminal;

/// What every document of ours begins with.
#[derive(Debug, Clone, Serialize)]
pub struct Document<T> {
    /// Version of the layout of `body`.
    pub schema_version: u32,
    /// The command that made it.
    pub command: &'static str,
    /// Version of the program.
    pub churnctl_version: &'static str,
    /// When, RFC 3339 in UTC.
    pub created_at: String,
    /// The rest, on the same level.
    #[serde(flatten)]
    pub body: T,
}

/// Returns indented JSON that ends with a line feed.
///
/// Control characters and bidirectional overrides inside texts are written as `\u` escapes: the
/// same value for a parser, harmless for a terminal. Texts are shown as [`redacted`] shows them.
///
/// # Errors
/// Fails with 70 if the value cannot be serialised, which is a bug.
pub fn json<T: Serialize>(value: &T) -> Result<String> {
    let text = exact_json(value)?;
    Ok(match without_secrets(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    })
}

/// As [`json`], but with nothing hidden: for a program that acts on the value.
///
/// # Errors
/// As [`json`].
pub fn exact_json<T: Serialize>(value: &T) -> Result<String> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| not_serialised("JSON", error))?;
    Ok(escape(&text) + "\n")
}

/// Returns YAML that ends with a line feed; JSON, which is YAML too, if a text could steer a terminal
/// or has something to hide.
///
/// # Errors
/// Fails with 70 if the value cannot be serialised, which is a bug.
pub fn yaml<T: Serialize>(value: &T) -> Result<String> {
    // YAML folds and quotes in too many ways to look for an address in it.
    let plain = exact_json(value)?;
    match without_secrets(&plain) {
        Cow::Borrowed(_) => exact_yaml(value),
        Cow::Owned(shown) => Ok(shown),
    }
}

/// As [`yaml`], but with nothing hidden: for a program that acts on the value.
///
/// # Errors
/// As [`yaml`].
pub fn exact_yaml<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_saphyr::to_string(value).map_err(|error| not_serialised("YAML", error))?;
    if text.chars().any(|c| c != '\n' && steers_terminal(c)) {
        return exact_json(value);
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn not_serialised(format: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        ExitCode::Bug,
        format!("cannot write the result as {format}"),
    )
    .because(error)
}

/// Hides what is secret in the texts of a JSON document.
fn without_secrets(json: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(begin) = json[at..].find('"').map(|quote| at + quote) {
        let end = begin + 1 + end_of_text(&json.as_bytes()[begin + 1..]);
        let literal = &json[begin..end];
        if let Ok(text) = serde_json::from_str::<String>(literal)
            && let Cow::Owned(hidden) = redacted(&text)
        {
            shown.push_str(&json[copied..begin]);
            shown.push_str(&escape(&serde_json::Value::from(hidden).to_string()));
            copied = end;
        }
        at = end;
    }
    match copied {
        0 => Cow::Borrowed(json),
        _ => Cow::Owned(shown + &json[copied..]),
    }
}

/// Returns where a text of JSON ends whose bytes these are, after its closing quote.
fn end_of_text(bytes: &[u8]) -> usize {
    let mut is_escaped = false;
    let closing = bytes.iter().position(|&byte| {
        let closes = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        closes
    });
    closing.map_or(bytes.len(), |at| at + 1)
}

/// Returns JSON of the same value in which nothing steers a terminal.
pub(super) fn escape(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        // Outside of texts only line feeds occur. JSON escapes UTF-16: tags take a pair of units.
        if character != '\n' && steers_terminal(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn json_escapes_what_steers_a_terminal_and_means_the_same() {
        let hostile = "a\u{1b}b\u{9b}c\u{202e}d\u{7f}\u{e0041}\u{e007f}";
        let value = BTreeMap::from([(hostile, "zwei\nZeilen")]);
        let text = json(&value).expect("serialises");
        assert!(text.is_ascii() && text.ends_with("}\n"), "{text:?}");
        let back: serde_json::Value = serde_json::from_str(&text).expect("valid");
        assert_eq!(back, serde_json::json!(value));
    }

    #[test]
    fn yaml_quotes_words_that_other_parsers_take_for_booleans() {
        let value = BTreeMap::from([("answer", "no"), ("number", "1e3")]);
        let text = yaml(&value).expect("serialises");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains(": no") && !text.contains(": 1e3"), "{text}");
    }

    #[test]
    fn yaml_never_lets_a_text_steer_the_terminal() {
        for text in ["a\u{1b}b", "a\u{9b}b", "a\u{202e}b", "\u{7f}", "a\tb"] {
            let text = yaml(&BTreeMap::from([("k", text)])).expect("serialises");
            assert!(
                !text.chars().any(|c| c != '\n' && steers_terminal(c)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn no_document_shows_a_secret() {
        let value = BTreeMap::from([
            ("a", "http://ann:can\"ary\\@gw/x"),
            ("http://bob:canary@gw", "\\"),
            ("plain", "say \"a=b\""),
        ]);
        for text in [json(&value), yaml(&value)] {
            let text = text.expect("serialises");
            let back: serde_json::Value = serde_json::from_str(&text).expect(&text);
            let shown = serde_json::json!({
                "a": "http://***@gw/x", "http://***@gw": "\\", "plain": "say \"a=b\"",
            });
            assert_eq!(back, shown);
        }
    }

    #[test]
    fn the_envelope_stands_on_the_level_of_the_body() {
        let document = Document {
            schema_version: 1,
            command: "version",
            churnctl_version: "0.1.0",
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            body: BTreeMap::from([("x", 1)]),
        };
        let text = json(&document).expect("serialises");
        assert!(text.contains("\"command\": \"version\"") && text.contains("\"x\": 1"));
    }
}
