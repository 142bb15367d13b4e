//! `churnctl alerts lint`: rules in, findings out.

use std::path::PathBuf;
use std::time::Duration;

use super::super::Console;
use super::fix::{self, Fix};
use super::outputs::{Export, Outputs};
use crate::alerts::Library;
use crate::alerts::lint::{CHECKS, LintOptions, LintReport, Severity, check_named, lint};
use crate::alerts::live::Prometheus;
use crate::cells::{Cell, Column, Table, Tone};
use crate::error::{Error, Result, nearest};
use crate::exit::ExitCode;
use crate::http::client::{Access, BaseUrl, Client, Policy};
use crate::reports::alerts::{findings, github, junit, markdown, sarif};
use crate::secret::Secret;
use crate::terminal::{Format, json};

/// What to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintRequest {
    /// Files and folders; `-` for standard input.
    pub paths: Vec<String>,
    /// What the checks need to know.
    pub options: LintOptions,
    /// Whether a warning ends with exit code 2, too.
    pub is_strict: bool,
    /// Whether files are fixed.
    pub fix: Option<Fix>,
    /// Prometheus to ask for what the files don't say.
    pub server: Option<LintServer>,
    /// A check to explain; nothing is checked then.
    pub explain: Option<String>,
    /// A form for programs, in place of the global one.
    pub export: Option<Export>,
    /// Files to write.
    pub outputs: Outputs,
}

/// A Prometheus that knows its metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintServer {
    /// Its URL.
    pub url: BaseUrl,
    /// File with a bearer token.
    pub token_file: Option<PathBuf>,
    /// Certificates to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Checks the rules.
///
/// # Errors
/// Bad input; a finding is *no* error, it is exit code 2.
pub fn run(request: &LintRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    if let Some(id) = &request.explain {
        return explain(id, console);
    }
    for id in &request.options.disabled {
        known(id, "--disable")?;
    }
    let mut library = Library::read(&request.paths)?;
    // Routes may be checked alone.
    if library.configurations.is_empty() {
        library.expect_rules(&request.paths)?;
    }
    let mut options = request.options.clone();
    if let Some(server) = &request.server {
        ask(server, &mut options)?;
    }
    let mut report = lint(&library, &options);
    if let Some(fix) = request.fix {
        let as_text = request.export.is_none();
        let fixed = fix::run(&library, &report, &options, fix, as_text, console)?;
        if let Some(fixed) = fixed {
            library = fixed;
            report = lint(&library, &options);
        }
    }
    let rules = library.rules.iter();
    let rules: Vec<_> = rules
        .map(|rule| (rule.source.name.clone(), rule.name.clone()))
        .collect();
    let as_junit = || junit::lint(&report, &rules, request.is_strict);
    request
        .outputs
        .write(console, &as_junit, &|| markdown::lint(&report), &|| {
            json(&sarif::lint(&report))
        })?;
    match request.export {
        Some(Export::Github) => console.print_bytes(github::lint(&report).as_bytes())?,
        Some(Export::Junit) => console.print_bytes(as_junit().as_bytes())?,
        Some(Export::Sarif) => console.print_bytes(json(&sarif::lint(&report))?.as_bytes())?,
        None => print(&report, console)?,
    }
    let worst_allowed = if request.is_strict {
        Some(Severity::Note)
    } else {
        Some(Severity::Warn)
    };
    Ok(match report.worst() > worst_allowed {
        true => ExitCode::CheckFailed,
        false => ExitCode::Ok,
    })
}

/// Fills in what a running server says of metrics, scrapes and retention; what was said by words or
/// settings stays.
fn ask(server: &LintServer, options: &mut LintOptions) -> Result<()> {
    let access = Access {
        bearer: server.token_file.as_deref().map(Secret::read).transpose()?,
        ca_file: server.ca_file.clone(),
        ..Access::default()
    };
    let policy = Policy {
        deadline: Duration::from_secs(30),
        ..Policy::default()
    };
    let client = Client::new("Prometheus", server.url.clone(), &access, policy)?;
    let prometheus = Prometheus::new(client);
    options.metadata = prometheus.metric_types()?;
    if !options.is_interval_known
        && let Some(interval) = prometheus.scrape_interval()?
    {
        options.scrape_interval = interval;
        options.is_interval_known = true;
    }
    if options.retention.is_none() {
        options.retention = prometheus.retention()?;
    }
    Ok(())
}

fn print(report: &LintReport, console: &mut Console<'_>) -> Result<()> {
    let document = console.document("alerts lint", 1, report);
    if console.print_document(&document)? {
        return Ok(());
    }
    let (tone, verdict) = findings::verdict(report);
    if console.look().format == Format::Table {
        for line in findings::grouped(report) {
            console.print_line(line.tone, &line.text)?;
        }
        console.print_line(tone, &verdict)?;
        if let Some(next) = findings::next_step(report) {
            console.print_line(Tone::Dim, &next)?;
        }
        return Ok(());
    }
    console.print(&findings::lines(report))?;
    console.print_line(tone, &verdict)
}

fn explain(id: &str, console: &mut Console<'_>) -> Result<ExitCode> {
    if id == "all" {
        let rows = CHECKS.iter();
        let table = Table {
            columns: vec![Column::text("Check"), Column::prose("Finds")],
            rows: rows
                .map(|check| vec![Cell::plain(check.id), Cell::plain(check.title)])
                .collect(),
        };
        console.print_table(&table)?;
        return Ok(ExitCode::Ok);
    }
    known(id, "--explain")?;
    if let Some(check) = check_named(id) {
        console.print(check.page)?;
    }
    Ok(ExitCode::Ok)
}

fn known(id: &str, flag: &str) -> Result<()> {
    if check_named(id).is_some() {
        return Ok(());
    }
    let error = Error::usage(format!("{flag}: no check \"{id}\""));
    Err(
        error.hint(match nearest(id, CHECKS.iter().map(|check| check.id)) {
            Some(near) => format!("did you mean {near}?"),
            None => "churnctl alerts lint --explain all lists the checks".to_owned(),
        }),
    )
}
