//! The files that a drift check writes.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::drift_request::DriftOutputs;
use super::{Console, step_summary};
use crate::drift::DriftReport;
use crate::error::Result;
use crate::files::write_atomically;
use crate::redact::redacted;
use crate::reports::drift::{github, html, junit, markdown, metrics, summary};
use crate::terminal::json;

pub(super) fn write_outputs(
    report: &DriftReport,
    outputs: &DriftOutputs,
    console: &Console<'_>,
) -> Result<()> {
    if let Some(path) = &outputs.report {
        write_atomically(path, json(report)?.as_bytes())?;
    }
    if let Some(path) = &outputs.html {
        write_atomically(path, html::page(report)?.as_bytes())?;
    }
    if let Some(path) = &outputs.markdown {
        write_atomically(path, markdown::text(report).as_bytes())?;
    }
    if let Some(path) = &outputs.junit {
        write_atomically(path, junit::text(report).as_bytes())?;
    }
    if let Some(path) = &outputs.verdict_file {
        write_atomically(path, report.status.as_str().as_bytes())?;
    }
    if let Some(path) = &outputs.annotations {
        write_atomically(path, github::text(report).as_bytes())?;
    }
    if let Some(path) = &outputs.metrics_file {
        let text = own_text(report, console)?;
        write_atomically(path, text.as_bytes())?;
    }
    report_written_files(outputs, console);
    // The verdict must not depend on these two: they belong to whoever runs us.
    step_summary::append(console, &markdown::text(report));
    if let Some(path) = &outputs.termination_log {
        // A bind mount cannot be renamed over; absent outside of Kubernetes.
        let opened = OpenOptions::new().write(true).truncate(true).open(path);
        if let Ok(mut file) = opened
            && let Err(error) = file.write_all(redacted(&summary::text(report)).as_bytes())
        {
            console
                .messages()
                .warn(&format!("cannot write {}: {error}", path.display()));
        }
    }
    Ok(())
}

fn report_written_files(outputs: &DriftOutputs, console: &Console<'_>) {
    let written = [
        &outputs.report,
        &outputs.html,
        &outputs.markdown,
        &outputs.junit,
        &outputs.verdict_file,
        &outputs.annotations,
        &outputs.metrics_file,
    ];
    let names: Vec<_> = written
        .into_iter()
        .flatten()
        .map(|path| path.display().to_string())
        .collect();
    if !names.is_empty() {
        console
            .messages()
            .info(&format!("wrote {}", names.join(", ")));
    }
}

/// Returns the metrics of a check that is shown by itself.
pub(super) fn own_text(report: &DriftReport, console: &Console<'_>) -> Result<String> {
    let now = console.created_at_seconds();
    metrics::text(report, now, metrics::success(report, now))
}
