//! The report of `churnctl alerts test`: written, printed, and judged.

use super::super::Shell;
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
    shell: &mut Shell<'_>,
) -> Result<ExitCode> {
    let as_junit = || junit::test(report);
    let no_sarif = || Ok(String::new());
    request
        .outputs
        .write(shell, &as_junit, &|| markdown::test(report), &no_sarif)?;
    match request.export {
        Some(Export::Github) => shell.print_bytes(github::test(report).as_bytes())?,
        Some(Export::Junit | Export::Sarif) => shell.print_bytes(as_junit().as_bytes())?,
        None => print(report, shell)?,
    }
    Ok(match report.status {
        "OK" => ExitCode::Ok,
        _ => ExitCode::CheckFailed,
    })
}

fn print(report: &TestReport, shell: &mut Shell<'_>) -> Result<()> {
    let document = shell.document("alerts test", 1, report);
    if shell.print_document(&document)? {
        return Ok(());
    }
    if let Some(proof) = &report.proof {
        shell.print_table(&report::rules(proof, report.mutated))?;
        shell.print("\n")?;
    }
    if !report.routing.is_empty() {
        shell.print_table(&report::routing(&report.routing))?;
        shell.print("\n")?;
    }
    if !report.steps.is_empty() {
        shell.print_table(&report::steps(&report.steps))?;
        shell.print("\n")?;
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
        shell.print_line(tone, &format!("{word}  {place}{}", problem.message))?;
    }
    if !problems.is_empty() && shell.look().format == Format::Table {
        shell.print("\n")?;
    }
    let (tone, verdict) = report.verdict();
    shell.print_line(tone, &verdict)
}
