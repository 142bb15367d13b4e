//! `churnctl drift`: baseline against current, report, verdict.

use super::drift_check::count_plans;
use super::drift_outputs::{own_text, write_outputs};
use super::drift_request::DriftRequest;
use super::inputs::{self, Input};
use super::{Console, drift_watch};
use crate::cells::Tone;
use crate::drift::{DriftReport, Plan, Status};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::redact::redacted;
use crate::reports::drift::{View, plain, table};
use crate::reports::sparkline::Glyphs;
use crate::settings::FailOn;
use crate::terminal::Format;
use crate::text::shell_word;

/// Compares the two sides, writes what is asked for, prints, and judges; again and again if that
/// is asked for.
///
/// # Errors
/// Bad input, settings or files; drift is *no* error, it is exit code 2.
pub fn run(request: &DriftRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    if request.explain_sql {
        if request.labels.is_some() {
            return Err(
                Error::usage("--explain-sql prints no statement that joins --labels").hint(
                    "without --labels, --explain-sql prints the statements of the check itself",
                ),
            );
        }
        let baseline = request.read_baseline(console)?.profile;
        let reading = request.reading.with_nulls(&baseline.roles.null);
        let current = Input::open(&request.current, &reading)?;
        let options = request.check_options_for(&current);
        let plan = Plan::new(&baseline, &current.columns(), &options)?;
        let now = console.created_at().parse::<jiff::Timestamp>();
        let now = now.map_or(0, jiff::Timestamp::as_second);
        let by = request
            .windows
            .as_ref()
            .map(|windows| windows.grouping(now));
        let segments = request.baseline_segments(&baseline, &current.columns(), &options)?;
        let plans = count_plans(&plan, segments.as_ref());
        return inputs::explain(current, &plans, by.as_ref(), console);
    }
    if let Some(watch) = &request.watch {
        return drift_watch::run(request, watch, console);
    }
    let tracker = request.tracking.begin();
    let baseline = request.read_baseline(console)?;
    let report = request.compare(&baseline, console)?;
    // Written before printing: a closed pipe must not cost the job its evidence.
    write_outputs(&report, &request.outputs, console)?;
    let kept = tracker.and_then(|tracker| tracker.keep_check(&report, console));
    let printed = print(&report, request.view, console);
    if let Some(push) = &request.push {
        let text = own_text(&report, console)?;
        push.deliver(&text, console);
    }
    if let Some(kept) = kept {
        kept.send(console);
    }
    printed?;
    if report.status == Status::Fail && baseline.model.is_some() {
        say_what_to_ask_next(request, console);
    }
    Ok(request.fail_on.exit_code(report.status))
}

/// Names the command that tells what the drift did to the model. It reads rows once more, which a profile and standard
/// input cannot give.
fn say_what_to_ask_next(request: &DriftRequest, console: &Console<'_>) {
    let has_rows = |address: &String| address != "-" && !address.ends_with(".json");
    if !request.current.iter().all(has_rows) {
        return;
    }
    let sides = match &request.outputs.report {
        Some(path) => shell_word(&path.display().to_string()).into_owned(),
        None => {
            let words = |addresses: &[String]| {
                let words = addresses.iter().map(|address| redacted(address));
                let words = words.map(|word| shell_word(&word).into_owned());
                words.collect::<Vec<_>>().join(" ")
            };
            let (baseline, current) = (words(&request.baseline), words(&request.current));
            format!("--baseline {baseline} --current {current}")
        }
    };
    console.messages().info(&format!(
        "what the drift did to the model, and the cheapest cure: churnctl drift why {sides}"
    ));
}

impl FailOn {
    fn exit_code(self, status: Status) -> ExitCode {
        let worst_allowed = match self {
            Self::Fail => Status::Warn,
            // Too few rows to tell is not drift.
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

fn print(report: &DriftReport, view: View, console: &mut Console<'_>) -> Result<()> {
    if console.print_document(report)? {
        return Ok(());
    }
    if console.look().format != Format::Table {
        return console.print(&plain::text(report, view));
    }
    let width = console.look().width;
    let rows = table::rows(report, Glyphs::Blocks, View { width, ..view });
    for line in &rows.title {
        console.print_line(Tone::Plain, line)?;
    }
    console.print("\n")?;
    if let Some(windows) = &rows.windows {
        console.print_table(windows)?;
        console.print("\n")?;
    }
    for (heading, segments) in &rows.segments {
        console.print_line(Tone::Plain, heading)?;
        console.print_table(segments)?;
        console.print("\n")?;
    }
    if let Some(heading) = &rows.heading {
        console.print_line(Tone::Plain, heading)?;
    }
    console.print_table(&rows.table)?;
    console.print("\n")?;
    if let Some(labels) = &rows.labels {
        console.print_table(labels)?;
        console.print("\n")?;
    }
    for note in &rows.notes {
        console.print_line(note.tone, &note.text)?;
    }
    console.print("\n")?;
    console.print_line(rows.verdict.tone, &rows.verdict.text)
}
