//! `churnctl version`: what this binary is.

use serde::Serialize;

use super::Console;
use crate::cells::{Cell, Column, Table};
use crate::error::Result;
use crate::exit::ExitCode;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// `churnctl_version` stands in the envelope.
#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    os: &'static str,
    architecture: &'static str,
    profile: &'static str,
}

/// Shows version, commit (if the build knew it, from `CHURNCTL_COMMIT`), and platform.
///
/// # Errors
/// Fails with 74 if stdout cannot be written.
pub fn run(console: &mut Console<'_>) -> Result<ExitCode> {
    let body = Body {
        commit: option_env!("CHURNCTL_COMMIT"),
        os: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
        profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    };
    let table = table(&body);
    let document = console.document("version", SCHEMA_VERSION, body);
    if !console.print_document(&document)? {
        console.print_table(&table)?;
    }
    Ok(ExitCode::Ok)
}

fn table(body: &Body) -> Table {
    let rows = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", body.commit.unwrap_or("unknown")),
        ("os", body.os),
        ("architecture", body.architecture),
        ("profile", body.profile),
    ];
    let rows = rows.map(|(name, value)| vec![Cell::plain(name), Cell::plain(value)]);
    Table {
        columns: vec![Column::text("churnctl"), Column::text("")],
        rows: rows.into(),
    }
}
