//! `churnctl alerts test`: unit cases, alterations, routing cases; live with `--live`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Shell;
use super::live::LiveRequest;
use super::outputs::{Export, Outputs};
use crate::alerts::Library;
use crate::alerts::proof::{self, Options, Promtool};
use crate::alerts::refusal::RefusalKind;
use crate::alerts::routing::{Amtool, CaseResult, Configuration, Labels, amtool_check, run_cases};
use crate::cells::Tone;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::ScratchFolder;
use crate::reports::alerts::{
    NeverLoaded, TestReport, Thresholds, github, junit, markdown, test as report,
};
use crate::terminal::Format;

/// What to prove.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRequest {
    /// Files and folders; `-` for standard input.
    pub paths: Vec<String>,
    /// promtool.
    pub promtool: PathBuf,
    /// amtool; none to go without.
    pub amtool: Option<PathBuf>,
    /// Whether rules are altered.
    pub mutate: bool,
    /// What is asked of the cases.
    pub thresholds: Thresholds,
    /// File or folder for generated cases; nothing is tested then.
    pub generate: Option<PathBuf>,
    /// A form for programs, in place of the global one.
    pub export: Option<Export>,
    /// Files to write.
    pub outputs: Outputs,
    /// Running servers to prove on, in place of promtool.
    pub live: Option<LiveRequest>,
}

/// Proves the rules.
///
/// # Errors
/// Bad input, or a program that is missing; a case that fails is *no* error, it is exit code 2.
pub fn run(request: &TestRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    let library = Library::read(&request.paths)?;
    expect_something(&library, &request.paths)?;
    for one in library
        .refusals
        .iter()
        .filter(|one| one.kind == RefusalKind::Template)
    {
        let (line, _) = one.position();
        let message = format!("{}:{line}: {}; {}", one.source.name, one.message, one.hint);
        shell.messages().warn(&message);
    }
    if let Some(target) = &request.generate {
        return super::generate::run(&library, target, &request.promtool, shell);
    }
    if let Some(live) = &request.live {
        return super::live::run(&library, live, request, shell);
    }
    let folder = ScratchFolder::new()?;
    let options = Options {
        mutate: request.mutate,
        workers: workers(),
    };
    // Routes alone need no promtool; of rules nobody else is the judge.
    let promtool = match library.rule_sets.is_empty() && library.case_files.is_empty() {
        true => None,
        false => Some(Promtool::find(&request.promtool)?),
    };
    let prove =
        |promtool| proof::prove(&library, promtool, folder.path(), options, shell.progress());
    let proof = promtool.as_ref().map(prove).transpose()?;
    let routing = routing(&library, request, folder.path())?;
    let report = TestReport::new(
        library.sources.len(),
        request.thresholds,
        request.mutate,
        proof,
        routing,
        Vec::new(),
        never_loaded(&library),
    );
    finish(&report, request, shell)
}

/// Returns how many runs of promtool go side by side.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2))
}

/// Fails with 65 if there is neither a rule nor a route to look at.
fn expect_something(library: &Library, paths: &[String]) -> Result<()> {
    let routes = !library.configurations.is_empty() && !library.routing_cases.is_empty();
    match routes {
        true => Ok(()),
        false => library.expect_rules(paths),
    }
}

/// What is refused before promtool or amtool could see it.
pub(super) fn never_loaded(library: &Library) -> Vec<NeverLoaded> {
    let refusals = library.refusals.iter();
    let refusals = refusals.filter(|one| match one.kind {
        RefusalKind::NeverLoaded => true,
        // Rules and configurations are judged by their own tools, and of no others.
        RefusalKind::Refused => !library
            .rule_sets
            .iter()
            .any(|set| Arc::ptr_eq(&set.source, &one.source)),
        RefusalKind::Template | RefusalKind::NeedsNewer => false,
    });
    let told = refusals.map(|one| NeverLoaded {
        file: one.source.name.clone(),
        line: one.position().0,
        message: one.message.clone(),
    });
    told.collect()
}

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

/// Runs the routing cases and asks amtool of every whole configuration.
fn routing(library: &Library, request: &TestRequest, folder: &Path) -> Result<Vec<CaseResult>> {
    let mut results = Vec::new();
    let Some(whole) = Configuration::merged(&library.configurations) else {
        let Some(case) = library.routing_cases.first() else {
            return Ok(results);
        };
        let error = Error::bad_input("routing cases without an Alertmanager configuration");
        return Err(error
            .at(case.source.place(case.line))
            .hint("name alertmanager.yml or AlertmanagerConfig objects, too"));
    };
    let amtool = match &request.amtool {
        Some(program) => Some(Amtool::new(program, &whole, folder)?),
        None => None,
    };
    let files = library.configurations.iter();
    for file in files.filter(|one| one.namespace.is_none() && one.source.name != "-") {
        let Some(program) = &request.amtool else {
            break;
        };
        // A file with other documents in it is no file for amtool.
        let alone = library
            .sources
            .iter()
            .any(|source| source.name == file.source.name && !source.text.contains("\n---\n"));
        if !alone {
            continue;
        }
        if let Some(said) = amtool_check(program, Path::new(&file.source.name))? {
            results.push(CaseResult {
                name: "amtool check-config".to_owned(),
                file: file.source.name.clone(),
                line: file.line,
                passed: false,
                receivers: Vec::new(),
                reason: said,
                proved_by_amtool: true,
            });
        }
    }
    let labels_of = |name: &str| -> Option<Labels> {
        let rule = library.alerts().find(|rule| rule.name == name)?;
        let labels = rule.labels.iter();
        let mut labels: Labels = labels
            .map(|(name, scalar)| (name.clone(), scalar.value.clone()))
            .collect();
        labels.insert("alertname".to_owned(), name.to_owned());
        Some(labels)
    };
    let cases = &library.routing_cases;
    results.extend(run_cases(&whole, cases, &labels_of, amtool.as_ref())?);
    Ok(results)
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
