//! `churnctl drift`: baseline against current, report, verdict.

use super::drift_outputs::{own_text, write_outputs};
use super::drift_request::DriftRequest;
use super::inputs::{self, Input};
use super::{Shell, drift_watch, drift_windows};
use crate::cells::Tone;
use crate::drift::{DriftReport, Plan, Status};
use crate::error::Result;
use crate::exit::ExitCode;
use crate::reports::drift::{View, plain, table};
use crate::reports::sparkline::Glyphs;
use crate::settings::FailOn;
use crate::terminal::Format;

/// Compares the two sides, writes what is asked for, prints, and judges; again and again if that
/// is asked for.
///
/// # Errors
/// Bad input, settings or files; drift is *no* error, it is exit code 2.
pub fn run(request: &DriftRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    if request.explain_sql {
        if request.windows.is_some() {
            return Err(drift_windows::not_in_sql());
        }
        let baseline = request.read_baseline(shell)?;
        let reading = request.reading.with_nulls(&baseline.roles.null);
        let current = Input::open(&request.current, &reading)?;
        let options = request.check_options_for(&current);
        let plan = Plan::new(&baseline, &current.columns(), &options)?;
        return inputs::explain(current, &plan.count_plan(), shell);
    }
    if let Some(watch) = &request.watch {
        return drift_watch::run(request, watch, shell);
    }
    let tracker = request.tracking.begin();
    let baseline = request.read_baseline(shell)?;
    let report = request.compare(&baseline, shell)?;
    // Written before printing: a closed pipe must not cost the job its evidence.
    write_outputs(&report, &request.outputs, shell)?;
    let kept = tracker.and_then(|tracker| tracker.keep_check(&report, shell));
    let printed = print(&report, request.view, shell);
    if let Some(push) = &request.push {
        let text = own_text(&report, shell)?;
        push.deliver(&text, shell);
    }
    if let Some(kept) = kept {
        kept.send(shell);
    }
    printed?;
    Ok(request.fail_on.exit_code(report.status))
}

impl FailOn {
    fn exit_code(self, status: Status) -> ExitCode {
        let worst_allowed = match self {
            Self::Fail => Status::Warn,
            // Too few rows to tell is no drift.
            Self::Warn => Status::TooFewRows,
            Self::Never => Status::Fail,
        };
        if status > worst_allowed {
            ExitCode::CheckFailed
        } else {
            ExitCode::Ok
        }
    }
}

fn print(report: &DriftReport, view: View, shell: &mut Shell<'_>) -> Result<()> {
    if shell.print_document(report)? {
        return Ok(());
    }
    if shell.look().format != Format::Table {
        return shell.print(&plain::text(report, view));
    }
    let width = shell.look().width;
    let rows = table::rows(report, Glyphs::Blocks, View { width, ..view });
    for line in &rows.title {
        shell.print_line(Tone::Plain, line)?;
    }
    shell.print("\n")?;
    if let Some(windows) = &rows.windows {
        shell.print_table(windows)?;
        shell.print("\n")?;
    }
    if let Some(heading) = &rows.heading {
        shell.print_line(Tone::Plain, heading)?;
    }
    shell.print_table(&rows.table)?;
    shell.print("\n")?;
    for note in &rows.notes {
        shell.print_line(note.tone, &note.text)?;
    }
    shell.print("\n")?;
    shell.print_line(rows.verdict.tone, &rows.verdict.text)
}
