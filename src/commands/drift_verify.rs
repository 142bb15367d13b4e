//! `churnctl drift verify`: makes a report again from its inputs and its own settings, and compares.
//!
//! Inputs that are not those of the report are bad input (65): nothing can be said of the report then.
//! The right inputs with another report are a FAIL (2).

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::drift_evidence::reading_of;
use super::drift_labels::LabelRequest;
use super::drift_request::{DriftRequest, FromModel, HistoryUse, MultivariateRequest};
use super::{Console, drift_labels, drift_segments, drift_windows};
use crate::cells::Tone;
use crate::drift::Provenance;
use crate::drift::evidence::{ReportInput, ReportSettings};
use crate::drift::report::{DriftReport, FeatureReport, Sides, Status};
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::read_object_at_most;
use crate::settings::Settings;
use crate::terminal::json;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// Largest report that is read; one of 1,000 features with 1,000 bins each is below.
const MOST_BYTES: u64 = 256 << 20;
/// Differences that are listed.
const LISTED: usize = 20;

/// Everything that the verification of a report needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftVerifyRequest {
    /// The report, `-` for standard input.
    pub report: PathBuf,
    /// Where the baseline is now, if elsewhere.
    pub baseline: Vec<String>,
    /// Where the current side is now, if elsewhere.
    pub current: Vec<String>,
    /// Where the labels are now, if elsewhere.
    pub labels: Vec<String>,
    /// What a check needs beside what the report says: threads.
    check: DriftRequest,
}

impl DriftVerifyRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`DriftRequest::from_settings`]; 64 if standard input is asked for twice.
    pub fn from_settings(
        settings: &Settings,
        report: PathBuf,
        baseline: Vec<String>,
        current: Vec<String>,
        labels: Vec<String>,
    ) -> Result<Self> {
        let sides = baseline
            .iter()
            .chain(&current)
            .chain(&labels)
            .map(Path::new);
        let stdin = sides
            .chain([&*report])
            .filter(|path| *path == Path::new("-"));
        if stdin.count() > 1 {
            return Err(Error::usage("standard input (`-`) can be read only once"));
        }
        Ok(Self {
            report,
            baseline,
            current,
            labels,
            check: DriftRequest::from_settings(settings)?,
        })
    }

    fn name(&self) -> String {
        match self.report == Path::new("-") {
            true => "standard input".to_owned(),
            false => self.report.display().to_string(),
        }
    }

    fn refused(&self, message: &str) -> Error {
        Error::bad_input(message).at(Place {
            file: self.name(),
            ..Place::default()
        })
    }
}

#[derive(Serialize)]
struct Body {
    /// OK if the report is what its inputs give.
    status: Status,
    report: String,
    /// The verdict that the report holds.
    verdict: Status,
    /// The program that made it.
    made_by: String,
    inputs: Sides<String>,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Difference {
    /// Where, as a JSON pointer; empty for the form of the whole.
    at: String,
    report: Value,
    recomputed: Value,
}

/// Makes the report again and compares.
///
/// # Errors
/// Bad input (65) if this is not a report that can be made again, or the inputs are not those that it
/// names; as the check itself. A report that differs is *no* error: it is exit code 2.
pub fn run(request: &DriftVerifyRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let bytes = read(request)?;
    let report: DriftReport = serde_json::from_slice(&bytes).map_err(|error| {
        let refused = request.refused("this is not a whole drift report in JSON");
        refused.because(error)
    })?;
    if report.command != "drift" {
        return Err(request.refused("this is not a report of `churnctl drift`"));
    }
    let (Some(inputs), Some(settings)) = (&report.inputs, &report.settings) else {
        return Err(request
            .refused("this report does not name its inputs and settings")
            .hint("older versions of churnctl did not write them: make the report again"));
    };
    let again = again(request, &report, inputs, settings, console)?;
    let differences = differences(&bytes, &again)?;
    let status = match differences.is_empty() {
        true => Status::Ok,
        false => Status::Fail,
    };
    let body = Body {
        status,
        report: request.name(),
        verdict: report.status,
        made_by: report.churnctl_version.clone(),
        inputs: Sides {
            baseline: inputs.baseline.counts_sha256.clone(),
            current: inputs.current.counts_sha256.clone(),
        },
        differences,
    };
    print(&body, console)?;
    Ok(match status {
        Status::Ok => ExitCode::Ok,
        Status::TooFewRows | Status::Warn | Status::Fail => ExitCode::CheckFailed,
    })
}

fn read(request: &DriftVerifyRequest) -> Result<Vec<u8>> {
    let path = match request.report == Path::new("-") {
        true => Path::new("/dev/stdin"),
        false => &*request.report,
    };
    let name = PathBuf::from(request.name());
    read_object_at_most(path, MOST_BYTES).map_err(|error| Error::io("read", &name, error))
}

/// Checks once more, as the report says that it was done.
fn again(
    request: &DriftVerifyRequest,
    report: &DriftReport,
    inputs: &Sides<ReportInput>,
    settings: &ReportSettings,
    console: &Console<'_>,
) -> Result<DriftReport> {
    let reading = reading_of(settings.clone(), &request.check.reading)
        .ok_or_else(|| request.refused("the delimiter in its settings is not one character"))?;
    let baseline = addresses("--baseline", &request.baseline, &inputs.baseline)?;
    let current = addresses("--current", &request.current, &inputs.current)?;
    let windows = drift_windows::of_report(report).map_err(|why| request.refused(&why))?;
    let labels = labels_of(request, report)?;
    let segments = report.segments.as_ref().map(drift_segments::of_report);
    let segments = segments.transpose().map_err(|why| request.refused(&why))?;
    let consequences = report.consequences.as_ref().map(|found| found.limits);
    let limits = report.psi_limits.as_ref().map(|limits| limits.thresholds);
    let check = DriftRequest {
        baseline: baseline.to_vec(),
        current: current.to_vec(),
        reading,
        windows,
        labels: labels.clone(),
        history: report.history.as_ref().map(|taken| HistoryUse {
            folder: PathBuf::from(&taken.folder),
            as_of: Some(taken.run),
        }),
        segments,
        limits: (limits.unwrap_or_default(), None),
        consequences: consequences.unwrap_or_default(),
        multivariate: report.multivariate.as_ref().map_or_else(
            MultivariateRequest::default,
            |found| MultivariateRequest {
                mode: found.mode(),
                limits: found.limits,
            },
        ),
        thresholds: report.thresholds.clone(),
        class_threshold: settings.class_threshold,
        costs: settings.costs,
        model: report.model.clone(),
        from_model: FromModel::default(),
        ..request.check.clone()
    };
    let elsewhere = |error: Error| match error.code() == ExitCode::Io {
        true => error.hint("--baseline, --current and --labels say where the data are now"),
        false => error,
    };
    let known = check.read_baseline(console).map_err(elsewhere)?;
    same(
        "baseline",
        &inputs.baseline.counts_sha256,
        &known.profile.counts_sha256(),
    )?;
    let provenance = Provenance {
        baseline: report.baseline.clone(),
        current: report.current.clone(),
        created_at: report.created_at.clone(),
    };
    let mut again = check
        .compare_as(&known, provenance, console)
        .map_err(elsewhere)?;
    if let Some(found) = &again.inputs {
        let (wanted, found) = (&inputs.current, &found.current);
        same("current", &wanted.counts_sha256, &found.counts_sha256)?;
    }
    if let (Some(wanted), Some(found)) = (&report.labels, &mut again.labels) {
        same(
            "label",
            &wanted.source.counts_sha256,
            &found.source.counts_sha256,
        )?;
        found.source.clone_from(&wanted.source);
    }
    // Who made it, where and when has no part in what it says.
    again.churnctl_version.clone_from(&report.churnctl_version);
    again.inputs = Some(inputs.clone());
    // Which of the rows were new then has no part in it either.
    again.history.clone_from(&report.history);
    rename(&mut again, baseline, &inputs.baseline.addresses);
    rename(&mut again, current, &inputs.current.addresses);
    if let (Some(labels), Some(wanted)) = (&labels, &report.labels) {
        rename(&mut again, &labels.addresses, &wanted.source.addresses);
    }
    Ok(again)
}

/// Returns the labels of the report, from where they are now.
fn labels_of(request: &DriftVerifyRequest, report: &DriftReport) -> Result<Option<LabelRequest>> {
    let Some(labels) = &report.labels else {
        return Ok(None);
    };
    let check = &request.check;
    let found = drift_labels::of_report(labels, check.join_memory, check.reading.threads);
    let mut found = found.map_err(|why| request.refused(&why))?;
    found.addresses = addresses("--labels", &request.labels, &labels.source)?.to_vec();
    Ok(Some(found))
}

/// Returns where a side is: where the user says, else where the report says that it was.
fn addresses<'a>(
    option: &str,
    named: &'a [String],
    recorded: &'a ReportInput,
) -> Result<&'a [String]> {
    if !named.is_empty() {
        return Ok(named);
    }
    let is_gone = |address: &&String| *address == "-" || address.contains("***");
    match recorded.addresses.iter().find(is_gone) {
        None => Ok(&recorded.addresses),
        Some(address) => {
            let message = match &**address {
                "-" => format!("that side was read from standard input: name it with {option}"),
                _ => format!("reports hold no passwords: name {address} with {option}"),
            };
            Err(Error::usage(message))
        }
    }
}

fn same(side: &str, wanted: &str, found: &str) -> Result<()> {
    if wanted == found {
        return Ok(());
    }
    let message = format!(
        "the {side} data are not those of the report: SHA-256 of their counts {found}, in the report {wanted}"
    );
    Err(Error::bad_input(message)
        .hint("nothing is said about the report: name the data that it was made from"))
}

/// Calls files as the report does, in the few places that name one.
fn rename(report: &mut DriftReport, now: &[String], then: &[String]) {
    for (now, then) in now.iter().zip(then).filter(|(now, then)| now != then) {
        let old_name = |text: &mut String| *text = text.replace(&**now, then);
        let rename = |feature: &mut FeatureReport| {
            feature.reasons.iter_mut().for_each(old_name);
            let unparsable = feature.unparsable.as_mut();
            let first = unparsable.and_then(|unparsable| unparsable.first.as_mut());
            if let Some(file) = first.and_then(|first| first.file.as_mut()) {
                old_name(file);
            }
        };
        report.features.iter_mut().for_each(rename);
        report.score.iter_mut().for_each(rename);
        let messages = report.findings.iter_mut();
        messages.for_each(|finding| old_name(&mut finding.message));
    }
}

/// Compares byte by byte; where that fails, says in which members.
fn differences(bytes: &[u8], again: &DriftReport) -> Result<Vec<Difference>> {
    let text = json(again)?;
    if text.as_bytes() == bytes {
        return Ok(Vec::new());
    }
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let mut found = Vec::new();
    collect("", &parse(bytes), &parse(text.as_bytes()), &mut found);
    if found.is_empty() {
        found.push(Difference {
            at: String::new(),
            report: "other white space, order or repetition of members".into(),
            recomputed: "the form in which churnctl writes it".into(),
        });
    }
    Ok(found)
}

fn collect(at: &str, report: &Value, again: &Value, found: &mut Vec<Difference>) {
    if report == again || found.len() == LISTED {
        return;
    }
    match (report, again) {
        (Value::Object(one), Value::Object(two)) => {
            let more = two.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(more) {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                let of = |side: &serde_json::Map<String, Value>| {
                    side.get(name).cloned().unwrap_or_default()
                };
                collect(&format!("{at}/{escaped}"), &of(one), &of(two), found);
            }
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            for (index, (one, two)) in one.iter().zip(two).enumerate() {
                collect(&format!("{at}/{index}"), one, two, found);
            }
        }
        _ => found.push(Difference {
            at: at.to_owned(),
            report: report.clone(),
            recomputed: again.clone(),
        }),
    }
}

fn print(body: &Body, console: &mut Console<'_>) -> Result<()> {
    let document = console.document("drift_verify", SCHEMA_VERSION, body);
    if console.print_document(&document)? {
        return Ok(());
    }
    let Body {
        report, verdict, ..
    } = body;
    if body.differences.is_empty() {
        let line = format!("{report}: OK, its inputs give this report, {verdict}, to the byte");
        return console.print_line(Tone::Good, &line);
    }
    let line = format!("{report}: FAIL, its inputs give another report");
    console.print_line(Tone::Bad, &line)?;
    for Difference {
        at,
        report,
        recomputed,
    } in &body.differences
    {
        let line = format!(
            "  {at}: {}, recomputed {}",
            short(report),
            short(recomputed)
        );
        console.print_line(Tone::Plain, &line)?;
    }
    let own = env!("CARGO_PKG_VERSION");
    if body.made_by != own {
        let made_by = &body.made_by;
        let line = format!(
            "  the report is by churnctl {made_by}, this is {own}: a definition may have changed"
        );
        console.print_line(Tone::Warn, &line)?;
    }
    Ok(())
}

fn short(value: &Value) -> String {
    crate::text::shorten(&value.to_string(), 60).into_owned()
}
