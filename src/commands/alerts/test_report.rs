//! The report of `churnctl alerts test`: written, printed, and judged.

use super::super::Console;
use super::outputs::Export;
use super::test_request::TestRequest;
use crate::cells::Tone;
use crate::error::Result;
use crate::exit::ExitCode;
use crate::reports::alerts::{TestReport, github, junit, markdown, test as report};
use crate::terminal::Format;

pub(super) fn finish(
    report: &TestReport,
    request: &TestRequest,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let as_junit = || junit::test(report);
    let no_sarif = || Ok(String::new());
    request
        .outputs
        .write(console, &as_junit, &|| markdown::test(report), &no_sarif)?;
    match request.export {
        Some(Export::Github) => console.print_bytes(github::test(report).as_bytes())?,
        Some(Export::Junit | Export::Sarif) => console.print_bytes(as_junit().as_bytes())?,
        None => print(report, console)?,
    }
    Ok(match report.status {
        "OK" => ExitCode::Ok,
        _ => ExitCode::CheckFailed,
    })
}

fn print(report: &TestReport, console: &mut Console<'_>) -> Result<()> {
    let document = console.document("alerts test", 1, report);
    if console.print_document(&document)? {
        return Ok(());
    }
    if let Some(proof) = &report.proof {
        console.print_table(&report::rules(proof, report.mutated))?;
        console.print("\n")?;
    }
    if !report.routing.is_empty() {
        console.print_table(&report::routing(&report.routing))?;
        console.print("\n")?;
    }
    if !report.steps.is_empty() {
        console.print_table(&report::steps(&report.steps))?;
        console.print("\n")?;
    }
    let problems = report.problems();
    // Live steps have said it in their table.
    let told = |title: &str| report.steps.iter().any(|step| step.name == title);
    for problem in problems.iter().filter(|problem| !told(&problem.title)) {
        let (tone, word) = match problem.fails {
            true => (Tone::Bad, "FAIL"),
            false => (Tone::Warn, "note"),
        };
        let place = match problem.file.is_empty() {
            true => String::new(),
            false => format!("{}:{}: ", problem.file, problem.line),
        };
        console.print_line(tone, &format!("{word}  {place}{}", problem.message))?;
    }
    if !problems.is_empty() && console.look().format == Format::Table {
        console.print("\n")?;
    }
    let (tone, verdict) = report.verdict();
    console.print_line(tone, &verdict)
}
