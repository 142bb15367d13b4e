//! `churnctl retrain status`: the last runs, and what may start next.

use std::time::Duration;

use super::super::Console;
use super::{named, target};
use crate::cells::Tone;
use crate::cluster::{Session, Target};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::reports::retrain::status::{next, status, table, title};
use crate::settings::Settings;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// What to look at, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRequest {
    /// Which cluster.
    pub target: Target,
    /// The CronJob.
    pub from: String,
    /// The Lease.
    pub lease: String,
    /// How long after a start no other follows.
    pub cooldown: Duration,
}

impl StatusRequest {
    /// Takes what is set.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        Self {
            target: target(settings),
            from: named(settings, "k8s.retrain_cronjob"),
            lease: settings.retrain.lease.clone(),
            cooldown: settings.retrain.cooldown.get(),
        }
    }
}

/// Reads and prints.
///
/// # Errors
/// As calls do. A retrain that failed is *no* error here.
pub fn run(request: &StatusRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let session = Session::open(&request.target)?;
    let runs = session.runs(&request.from, &request.lease)?;
    let now = console.created_at().parse().map_err(|error| {
        Error::new(ExitCode::Bug, "the time of this run cannot be read").because(error)
    })?;
    let place = session.place();
    let status = status(place, &request.from, &runs, request.cooldown, now);
    let document = console.document("retrain status", SCHEMA_VERSION, &status);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    console.print_line(Tone::Plain, &title(&status))?;
    console.print("\n")?;
    if status.runs.is_empty() {
        console.print_line(Tone::Dim, "no runs yet")?;
    } else {
        console.print_table(&table(&status, now))?;
    }
    console.print("\n")?;
    if let Some(claim) = &status.claim {
        let line = format!("a run is about to start {}, or died trying", claim.job);
        console.print_line(Tone::Warn, &line)?;
    }
    let (tone, line) = next(&status);
    console.print_line(tone, &line)?;
    Ok(ExitCode::Ok)
}
