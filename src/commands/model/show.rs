//! `churnctl model show`: what a model is, learned from, and is worth.

use std::path::PathBuf;

use serde::Serialize;

use super::facts::{Fact, FeatureFact, facts, features};
use super::find::artifact_of;
use crate::cells::{Cell, Column, Table};
use crate::commands::Console;
use crate::error::Result;
use crate::exit::ExitCode;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// Which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowRequest {
    /// A file, a version, or none for the one in production.
    pub model: Option<String>,
    /// Folder with the model in production and the registry.
    pub artifacts: PathBuf,
}

#[derive(Serialize)]
struct Body {
    facts: Vec<Fact>,
    features: Vec<FeatureFact>,
}

/// Shows a model.
///
/// # Errors
/// Bad input if it cannot be found or is damaged; I/O.
pub fn run(request: &ShowRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let artifact = artifact_of(request.model.as_deref(), &request.artifacts)?;
    let body = Body {
        facts: facts(&artifact),
        features: features(&artifact),
    };
    let document = console.document("model show", SCHEMA_VERSION, body);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    let Body { facts, features } = &document.body;
    let fact = |fact: &Fact| vec![Cell::plain(&fact.what), Cell::plain(&fact.value)];
    console.print_table(&Table {
        columns: vec![Column::text("Fact"), Column::prose("Value")],
        rows: facts.iter().map(fact).collect(),
    })?;
    let feature = |feature: &FeatureFact| {
        let rises = feature.log_loss_increase;
        vec![
            Cell::plain(&feature.name),
            Cell::plain(&feature.kind),
            Cell::plain(rises.map_or_else(|| "-".into(), |rise| format!("{rise:.4}"))),
        ]
    };
    console.print_table(&Table {
        columns: vec![
            Column::text("Feature"),
            Column::text("Kind"),
            Column::number("Log loss rises"),
        ],
        rows: features.iter().map(feature).collect(),
    })?;
    Ok(ExitCode::Ok)
}
