//! `churnctl config show` and `get`: settings, their values, and where the values came from.

use serde::Serialize;

use super::Console;
use crate::cells::{Cell, Column, Table, Tone};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::settings::{Key, Kind, Layers, Origin, Raw, Settings, Shown, nearest_key, schema};
use crate::terminal::json;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Body {
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    key: String,
    value: serde_json::Value,
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'static str>,
}

/// Shows the settings whose names begin with `prefix`.
///
/// # Errors
/// Fails with 78 if a value is bad: what is shown is what a command would use. Fails with 64 if no
/// setting begins like that.
pub fn show(layers: &Layers, prefix: &str, console: &mut Console<'_>) -> Result<ExitCode> {
    Settings::resolve(layers)?;
    let mut shown = layers.shown();
    shown.retain(|setting| setting.key.starts_with(prefix));
    if shown.is_empty() {
        return Err(unknown(
            &format!("no setting begins with \"{prefix}\""),
            prefix,
        ));
    }
    let settings = shown.iter().map(setting).collect();
    let document = console.document("config show", SCHEMA_VERSION, Body { settings });
    if !console.print_document(&document)? {
        console.print_table(&table(&shown))?;
    }
    Ok(ExitCode::Ok)
}

/// Prints the value of one setting.
///
/// # Errors
/// As [`show`].
pub fn get(layers: &Layers, key: &str, console: &mut Console<'_>) -> Result<ExitCode> {
    Settings::resolve(layers)?;
    let shown = layers.shown();
    let Some(found) = shown.iter().find(|setting| setting.key == key) else {
        return Err(unknown(&format!("unknown setting \"{key}\""), key));
    };
    let document = console.document("config get", SCHEMA_VERSION, setting(found));
    if !console.print_document(&document)? {
        let lines = match shown_safely(found) {
            None => Vec::new(),
            Some(Raw::One(text)) => vec![text],
            Some(Raw::Many(texts)) => texts,
        };
        for line in lines {
            console.print_data(format!("{line}\n").as_bytes())?;
        }
    }
    Ok(ExitCode::Ok)
}

/// Prints the JSON Schema of the settings file.
///
/// # Errors
/// Fails if stdout does.
pub fn print_schema(console: &mut Console<'_>) -> Result<ExitCode> {
    console.print_data(json(&schema())?.as_bytes())?;
    Ok(ExitCode::Ok)
}

fn unknown(message: &str, name: &str) -> Error {
    let error = Error::usage(message);
    match nearest_key(name) {
        Some(near) => error.hint(format!("did you mean \"{near}\"?")),
        None => error.hint("`churnctl config show` lists every setting"),
    }
}

fn setting(shown: &Shown) -> Setting {
    let key = Key::named(&shown.key);
    Setting {
        key: shown.key.clone(),
        value: shown_safely(shown)
            .as_ref()
            .map_or(serde_json::Value::Null, |raw| value(shown.kind, raw)),
        origin: shown.origin.to_string(),
        env: key.map(Key::env_name),
        help: key.map(|key| key.help),
    }
}

/// The values were checked before, so that a number which is none is shown as it was written.
fn value(kind: Kind, raw: &Raw) -> serde_json::Value {
    let text = || raw.to_string();
    match kind {
        Kind::Text | Kind::List => serde_json::json!(raw),
        Kind::Number => text()
            .trim()
            .parse::<f64>()
            .map_or_else(|_| text().into(), Into::into),
        Kind::Count => text()
            .trim()
            .parse::<u64>()
            .map_or_else(|_| text().into(), Into::into),
    }
}

/// Who sees the settings need not know what is secret in an address.
fn shown_safely(shown: &Shown) -> Option<Raw> {
    shown.value.as_ref().map(Raw::shown)
}

fn table(shown: &[Shown]) -> Table {
    let rows = shown.iter().map(|setting| {
        let tone = match setting.origin {
            Origin::Default => Tone::Dim,
            Origin::Flag(_) | Origin::Env(_) | Origin::File { .. } => Tone::Good,
        };
        let value = match &shown_safely(setting) {
            None => Cell::new("(unset)", Tone::Dim),
            Some(Raw::Many(texts)) if texts.is_empty() => Cell::new("(none)", Tone::Dim),
            Some(Raw::Many(texts)) => Cell::plain(texts.join(", ")),
            Some(raw) => Cell::plain(raw.to_string()),
        };
        vec![
            Cell::plain(setting.key.clone()),
            value,
            Cell::new(setting.origin.to_string(), tone),
        ]
    });
    Table {
        rows: rows.collect(),
        columns: vec![
            Column::text("Setting"),
            Column::prose("Value"),
            Column::text("Origin"),
        ],
    }
}
