//! `churnctl model list`: the registry at a glance.

use std::path::PathBuf;

use serde::Serialize;

use crate::cells::{Cell, Column, Table, Tone};
use crate::commands::Console;
use crate::error::Result;
use crate::exit::ExitCode;
use crate::model::publish::ModelStore;
use crate::model::registry::{self, Event, Record};

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// Which registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// Folder with the model in production and the registry.
    pub artifacts: PathBuf,
}

#[derive(Serialize)]
struct Body {
    models: Vec<Entry>,
}

/// What has become of a model.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    version: String,
    /// When it was added.
    created_at: String,
    state: State,
    /// When its state became this.
    since: String,
    /// Why.
    reasons: Vec<String>,
    /// Its file is there.
    kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    InProduction,
    Replaced,
    Refused,
    Damaged,
    Added,
}

impl State {
    const fn words(self) -> (&'static str, Tone) {
        match self {
            Self::InProduction => ("in production", Tone::Good),
            Self::Replaced => ("replaced", Tone::Plain),
            Self::Refused => ("refused", Tone::Dim),
            Self::Damaged => ("damaged", Tone::Bad),
            Self::Added => ("added", Tone::Plain),
        }
    }
}

/// Lists every model of the registry, the newest first.
///
/// # Errors
/// Bad input if the registry is damaged, I/O if it cannot be read or its folder is not there. A folder
/// without a registry is *no* error.
pub fn run(request: &ListRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let model_store = ModelStore::new(&request.artifacts, "", "");
    model_store.check_folder()?;
    let records = registry::read(&model_store.registry())?;
    let mut models = entries(&records);
    for model in &mut models {
        let path = model_store.model(&model.name, &model.version);
        model.kept = path.is_ok_and(|path| path.is_file());
    }
    let document = console.document("model list", SCHEMA_VERSION, Body { models });
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    let models = &document.body.models;
    if models.is_empty() {
        let line = format!("no models in {}", model_store.registry().display());
        console.print_line(Tone::Plain, &line)?;
        return Ok(ExitCode::Ok);
    }
    let table = Table {
        columns: vec![
            Column::text("Version"),
            Column::text("Name"),
            Column::text("Added"),
            Column::text("State"),
            Column::text("Since"),
            Column::prose("Why").shown_from(110),
        ],
        rows: models.iter().map(row).collect(),
    };
    console.print_table(&table)?;
    Ok(ExitCode::Ok)
}

fn row(entry: &Entry) -> Vec<Cell> {
    let (words, tone) = entry.state.words();
    let words = match entry.kept {
        true => words.to_owned(),
        false => format!("{words}, its file is gone"),
    };
    let time = |text: &str| Cell::plain(text.get(..16).unwrap_or(text).replace('T', " "));
    vec![
        Cell::plain(&entry.version),
        Cell::plain(&entry.name),
        time(&entry.created_at),
        Cell::new(words, tone),
        time(&entry.since),
        Cell::plain(entry.reasons.join("; ")),
    ]
}

fn entries(records: &[Record]) -> Vec<Entry> {
    let production = registry::last_promoted(records).map(|record| &record.sha256);
    let mut entries: Vec<(&str, Entry)> = Vec::new();
    for record in records {
        let known = entries
            .iter()
            .position(|(sha256, _)| *sha256 == record.sha256);
        let state = match record.event {
            Event::Train => State::Added,
            Event::Refusal => State::Refused,
            Event::Quarantine => State::Damaged,
            Event::Promotion | Event::Rollback | Event::Reconciliation
                if Some(&record.sha256) == production =>
            {
                State::InProduction
            }
            Event::Promotion | Event::Rollback | Event::Reconciliation => State::Replaced,
        };
        let Some(known) = known else {
            let entry = Entry {
                name: record.name.clone(),
                version: record.version.clone(),
                created_at: record.created_at.clone(),
                state,
                since: record.created_at.clone(),
                reasons: record.reasons.clone(),
                kept: false,
            };
            entries.push((&record.sha256, entry));
            continue;
        };
        let entry = &mut entries[known].1;
        // The same model trained once more says nothing new.
        if state != State::Added {
            entry.state = state;
            entry.since.clone_from(&record.created_at);
            entry.reasons.clone_from(&record.reasons);
        }
    }
    entries.into_iter().rev().map(|(_, entry)| entry).collect()
}
