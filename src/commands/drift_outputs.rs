//! The files that a drift check writes.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::drift_request::DriftOutputs;
use super::{Shell, step_summary};
use crate::drift::DriftReport;
use crate::error::Result;
use crate::files::write_atomically;
use crate::redact::redacted;
use crate::reports::drift::{github, html, junit, markdown, metrics, summary};
use crate::terminal::json;

pub(super) fn write_outputs(
    report: &DriftReport,
    outputs: &DriftOutputs,
    shell: &Shell<'_>,
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
        let text = own_text(report, shell)?;
        write_atomically(path, text.as_bytes())?;
    }
    say_what_was_written(outputs, shell);
    // The verdict must not depend on these two: they belong to whoever runs us.
    step_summary::append(shell, &markdown::text(report));
    if let Some(path) = &outputs.termination_log {
        // A bind mount cannot be renamed over; absent outside of Kubernetes.
        let opened = OpenOptions::new().write(true).truncate(true).open(path);
        if let Ok(mut file) = opened
            && let Err(error) = file.write_all(redacted(&summary::text(report)).as_bytes())
        {
            shell
                .messages()
                .warn(&format!("cannot write {}: {error}", path.display()));
        }
    }
    Ok(())
}

fn say_what_was_written(outputs: &DriftOutputs, shell: &Shell<'_>) {
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
        shell
            .messages()
            .info(&format!("wrote {}", names.join(", ")));
    }
}

/// Returns the metrics of a check that is shown by itself.
pub(super) fn own_text(report: &DriftReport, shell: &Shell<'_>) -> Result<String> {
    let now = shell.created_at_seconds();
    metrics::text(report, now, metrics::success(report, now))
}
