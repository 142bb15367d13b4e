//! `churnctl doctor`: look at the wiring, say what is wrong and what mends it.

use std::time::Duration;

use super::Console;
use super::deployment::plan;
use super::retrain::{named, target};
use crate::cells::Tone;
use crate::cluster::doctor::{Expected, Health, Inventory, LiveAt, ask, examine_files, rendered};
use crate::cluster::{Session, Target};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::http::client::{Access, BaseUrl, Client, Policy, Request};
use crate::manifests::{Flavor, render};
use crate::reports::doctor::{Report, fixes, table, title, verdict};
use crate::settings::Settings;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// What is said on the command line alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoctorWords {
    /// Files and folders to look at in place of a cluster.
    pub offline: Vec<String>,
    /// A server that only has to answer.
    pub probe: Option<String>,
    /// Running servers to ask.
    pub live_at: LiveAt,
}

/// What to look at, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorRequest {
    /// Which cluster.
    pub target: Target,
    /// The names to look for.
    pub expected: Expected,
    /// The rest.
    pub words: DoctorWords,
}

impl DoctorRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// Bad settings, if a cluster is to be looked at: what is rendered with them should be there.
    pub fn from_settings(settings: &Settings, words: DoctorWords) -> Result<Self> {
        let name = |key: &str| named(settings, key);
        let rendered = match words.offline.is_empty() && words.probe.is_none() {
            true => rendered(&render(&plan(settings)?, Flavor::Operator)?),
            false => Vec::new(),
        };
        Ok(Self {
            target: target(settings),
            expected: Expected {
                namespace: name("k8s.namespace"),
                monitoring_namespace: name("k8s.monitoring_namespace"),
                api: name("k8s.api_name"),
                rules: "churn-mlops-alerts".to_owned(),
                drift: name("k8s.drift_cronjob"),
                retrain: name("k8s.retrain_cronjob"),
                hook: "churn-retrain-hook".to_owned(),
                lease: settings.retrain.lease.clone(),
                rendered,
            },
            words,
        })
    }
}

/// Asks a server for one page, once.
///
/// # Errors
/// Fails with 64 on what is not a URL, with 1 if the answer isn't a success or doesn't come: Docker
/// knows 0 and 1 only.
fn probe(url: &str) -> Result<ExitCode> {
    let base: BaseUrl = url.parse().map_err(Error::usage)?;
    let limit = Duration::from_secs(2);
    let policy = Policy::within(limit, limit);
    let client = Client::new("the server", base, &Access::default(), policy)?;
    match client.call(&Request::get("")) {
        Ok(_) => Ok(ExitCode::Ok),
        Err(error) => {
            Err(Error::new(ExitCode::Failed, format!("{url} doesn't answer 200")).because(error))
        }
    }
}

/// Looks, prints, and judges.
///
/// # Errors
/// Bad files, or a cluster that cannot be asked at all; a check that fails is *no* error, it is exit
/// code 2.
pub fn run(request: &DoctorRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let (expected, words) = (&request.expected, &request.words);
    if let Some(url) = &words.probe {
        return probe(url);
    }
    let (context, findings) = if words.offline.is_empty() {
        let session = Session::open(&request.target)?;
        let mut findings = session.examine(expected)?;
        findings.extend(ask(&words.live_at, expected)?);
        (Some(session.place().context.clone()), findings)
    } else {
        let inventory = Inventory::of_files(&words.offline)?;
        (None, examine_files(&inventory, expected))
    };
    let namespace = expected.namespace.clone();
    let report = Report::new(namespace, context, words.offline.clone(), findings);
    let document = console.document("doctor", SCHEMA_VERSION, &report);
    if !console.print_document(&document)? {
        print(&report, console)?;
    }
    Ok(match report.status {
        Health::Fail => ExitCode::CheckFailed,
        Health::Pass | Health::Skip | Health::Warn => ExitCode::Ok,
    })
}

fn print(report: &Report, console: &mut Console<'_>) -> Result<()> {
    console.print_line(Tone::Plain, &title(report))?;
    console.print("\n")?;
    console.print_table(&table(report))?;
    console.print("\n")?;
    let fixes = fixes(report);
    if !fixes.is_empty() {
        console.print_line(Tone::Plain, "How to fix:")?;
        for (tone, line) in fixes {
            // Not broken into lines: it is to be copied.
            let text = console
                .look()
                .paint
                .tone(tone, &crate::text::visible(&line));
            console.print(&format!("  {text}\n"))?;
        }
        console.print("\n")?;
    }
    let (tone, line) = verdict(report);
    console.print_line(tone, &line)
}
