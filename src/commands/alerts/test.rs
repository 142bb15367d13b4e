//! `churnctl alerts test`: unit cases, alterations, routing cases; live with `--live`.

use std::path::Path;
use std::sync::Arc;

use super::super::Console;
use super::generate::workers;
use super::test_report::finish;
use super::test_request::TestRequest;
use crate::alerts::Library;
use crate::alerts::proof::{self, Options, Promtool};
use crate::alerts::refusal::RefusalKind;
use crate::alerts::routing::{Amtool, CaseResult, Configuration, Labels, amtool_check, run_cases};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::ScratchFolder;
use crate::reports::alerts::{NeverLoaded, TestReport};

/// Proves the rules.
///
/// # Errors
/// Bad input, or a program that is missing; a case that fails is *no* error, it is exit code 2.
pub fn run(request: &TestRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let library = Library::read(&request.paths)?;
    expect_something(&library, &request.paths)?;
    for one in library
        .refusals
        .iter()
        .filter(|one| one.kind == RefusalKind::Template)
    {
        let (line, _) = one.position();
        let message = format!("{}:{line}: {}; {}", one.source.name, one.message, one.hint);
        console.messages().warn(&message);
    }
    if let Some(target) = &request.generate {
        return super::generate::run(&library, target, &request.promtool, console);
    }
    if let Some(live) = &request.live {
        return super::live::run(&library, live, request, console);
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
    let prove = |promtool| {
        proof::prove(
            &library,
            promtool,
            folder.path(),
            options,
            console.progress(),
        )
    };
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
    finish(&report, request, console)
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
        // A file with other documents in it is not a file for amtool.
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
