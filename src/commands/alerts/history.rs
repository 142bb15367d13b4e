//! `churnctl alerts history`: what rules would have done over a range that Prometheus remembers.

use std::path::PathBuf;
use std::time::Duration;

use super::super::Console;
use crate::alerts::Library;
use crate::alerts::history::{
    AlertHistory, Asker, PlannedRule, Study, TimeRange, compare, default_interval, length,
    of_library, of_server, records,
};
use crate::alerts::live::Prometheus;
use crate::alerts::refusal::RefusalKind;
use crate::cells::Tone;
use crate::error::{Error, Result, nearest};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::http::client::{Access, BaseUrl, Client, Policy};
use crate::reports::alerts::history::{
    Against, History, differences, document, episodes, heading, legend, remarks, table, verdict,
};
use crate::reports::alerts::history_html;
use crate::reports::format::counted;
use crate::secret::Secret;
use crate::terminal::Format;

/// Answers of a month of many series are larger than others.
const LARGEST_ANSWER: u64 = 256 << 20;

/// Rules of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleOrigin {
    /// Those that the server has loaded.
    Server,
    /// Files and folders; `-` for standard input.
    Files(Vec<String>),
}

/// What to look back at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRequest {
    /// URL of Prometheus.
    pub prometheus: BaseUrl,
    /// File with a bearer token.
    pub token_file: Option<PathBuf>,
    /// Certificates to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Longest time that the server may stay away, or that one query may take.
    pub deadline: Duration,
    /// The rules.
    pub rules: RuleOrigin,
    /// The version before.
    pub against: Option<RuleOrigin>,
    /// How far to look back.
    pub range: Duration,
    /// Until when, in seconds since 1970; none for now.
    pub end: Option<i64>,
    /// Time between two evaluations; none for the interval of each group.
    pub step: Option<Duration>,
    /// Alerts to look at; empty for all.
    pub only: Vec<String>,
    /// Page to write.
    pub html: Option<PathBuf>,
}

/// Rules of one version, ready to be evaluated.
struct Version {
    name: String,
    rules: Vec<PlannedRule>,
    records: Vec<(String, String)>,
}

/// Evaluates the rules over the range.
///
/// # Errors
/// Fails with 69 if the server stays away, with 65 if there is no alert. A rule that cannot be
/// evaluated is *no* error, it is exit code 2.
pub fn run(request: &HistoryRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let prometheus = Prometheus::new(client(request)?);
    let range = range(request, &prometheus)?;
    let (interval, is_told) = default_interval(&prometheus);
    let read = |origin: &RuleOrigin| read(origin, &prometheus, interval, console);
    let mut after = read(&request.rules)?;
    let mut before = request.against.as_ref().map(read).transpose()?;
    let notes = notes(&prometheus, range, &after, (!is_told).then_some(interval));
    choose(&mut after.rules, &request.only)?;
    if let Some(before) = &mut before {
        before
            .rules
            .retain(|rule| request.only.is_empty() || request.only.contains(&rule.name));
    }
    let mut all_records = after.records.clone();
    all_records.extend(before.iter().flat_map(|version| version.records.clone()));
    let asker = Asker::new(&prometheus);
    let step = request.step.map(|step| step.as_millis() as i64);
    let mut study = Study::new(&asker, range, step, &all_records);
    let progress = console.progress();
    let total = after.rules.len() + before.as_ref().map_or(0, |version| version.rules.len());
    progress.steps("evaluating rules", total as u64);
    let mut evaluate = |rules: &[PlannedRule]| -> Result<Vec<AlertHistory>> {
        let histories = rules.iter().map(|rule| {
            progress.note(&rule.name);
            let history = study.alert(rule);
            progress.advance(1);
            history
        });
        let mut histories: Vec<AlertHistory> = histories.collect::<Result<_>>()?;
        histories.sort_by_key(order);
        Ok(histories)
    };
    let alerts = evaluate(&after.rules);
    let old = match (&alerts, &before) {
        (Ok(_), Some(version)) => evaluate(&version.rules),
        _ => Ok(Vec::new()),
    };
    progress.finish();
    let (alerts, old) = (alerts?, old?);
    let history = History {
        server: prometheus.url(),
        range,
        rules: after.name,
        against: before.map(|version| Against {
            rules: version.name,
            alerts: &old,
            comparisons: compare(&old, &alerts),
        }),
        alerts: &alerts,
        notes,
    };
    if let Some(path) = &request.html {
        let page = history_html::page(&history, console.created_at())?;
        write_atomically(path, page.as_bytes())?;
        console
            .messages()
            .info(&format!("wrote {}", path.display()));
    }
    print(&history, console)?;
    let has_gaps = |one: &AlertHistory| !one.replay.gaps.is_empty();
    Ok(match alerts.iter().chain(&old).any(has_gaps) {
        true => ExitCode::CheckFailed,
        false => ExitCode::Ok,
    })
}

/// Returns what holds for all rules. `assumed` is the interval of groups without one if the server did
/// not tell it.
fn notes(
    prometheus: &Prometheus,
    range: TimeRange,
    rules: &Version,
    assumed: Option<i64>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let long = range.end - range.start;
    // Servers that speak this API but are not Prometheus tell no retention.
    if let Ok(Some(retention)) = prometheus.retention()
        && long > retention as i64
    {
        notes.push(format!(
            "the server keeps samples for {}, the range is {}: before that there is no data",
            length(retention as i64),
            length(long)
        ));
    }
    if let Some(interval) = assumed
        && rules.rules.iter().any(|rule| rule.line.is_some())
    {
        notes.push(format!(
            "the server does not tell its evaluation_interval: {} for groups without one",
            length(interval)
        ));
    }
    notes
}

fn client(request: &HistoryRequest) -> Result<Client> {
    let access = Access {
        bearer: request
            .token_file
            .as_deref()
            .map(Secret::read)
            .transpose()?,
        ca_file: request.ca_file.clone(),
        ..Access::default()
    };
    let policy = Policy {
        max_body_bytes: LARGEST_ANSWER,
        ..Policy::within(request.deadline, request.deadline)
    };
    Client::new("Prometheus", request.prometheus.clone(), &access, policy)
}

/// The range ends by the server's clock, whose samples these are.
fn range(request: &HistoryRequest, prometheus: &Prometheus) -> Result<TimeRange> {
    let now = prometheus.server_time()?;
    let end = request.end.map_or(now, |end| end.saturating_mul(1000));
    if end > now {
        let error = Error::usage("--end: that time has not come, by the clock of the server");
        return Err(error.hint("leave it out to look back from now"));
    }
    let start = end - request.range.as_millis() as i64;
    if start < 0 {
        return Err(Error::usage("--range: it begins before 1970"));
    }
    Ok(TimeRange { start, end })
}

fn read(
    origin: &RuleOrigin,
    prometheus: &Prometheus,
    interval: i64,
    console: &Console<'_>,
) -> Result<Version> {
    let version = match origin {
        RuleOrigin::Server => Version {
            name: "the server".to_owned(),
            rules: of_server(prometheus)?,
            records: Vec::new(),
        },
        RuleOrigin::Files(paths) => {
            let library = Library::read(paths)?;
            library.expect_rules(paths)?;
            let refused = library.refusals.iter();
            let refused = refused.filter(|one| one.kind != RefusalKind::NeedsNewer);
            if let Some(first) = refused.clone().next() {
                // A rule that nobody loads would not have fired.
                console.messages().warn(&format!(
                    "Prometheus would refuse the files, {} in all, the first at {}:{}: {}",
                    counted(refused.count() as u64, "fault", "faults"),
                    first.source.name,
                    first.position().0,
                    first.message
                ));
            }
            Version {
                name: paths.join(", "),
                rules: of_library(&library, interval),
                records: records(&library),
            }
        }
    };
    if version.rules.is_empty() {
        let error = Error::bad_input(format!("no alerting rule in {}", version.name));
        return Err(error.hint("name files or folders with PrometheusRule objects or rule files"));
    }
    Ok(version)
}

fn choose(rules: &mut Vec<PlannedRule>, only: &[String]) -> Result<()> {
    for name in only {
        if !rules.iter().any(|rule| rule.name == *name) {
            let error = Error::usage(format!("--only: no alert \"{name}\""));
            let known = rules.iter().map(|rule| rule.name.as_str());
            return Err(match nearest(name, known) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("leave --only out to see all of them"),
            });
        }
    }
    rules.retain(|rule| only.is_empty() || only.contains(&rule.name));
    Ok(())
}

/// What wants a look first: by status, then the most incidents, then the longest time.
fn order(one: &AlertHistory) -> (crate::alerts::history::Status, usize, i64, String, String) {
    (
        one.status,
        usize::MAX - one.incidents.len(),
        -one.firing(),
        one.rule.name.clone(),
        one.rule.place(),
    )
}

fn print(history: &History<'_>, console: &mut Console<'_>) -> Result<()> {
    let document = console.document("alerts history", 1, document(history));
    if console.print_document(&document)? {
        return Ok(());
    }
    console.print_line(Tone::Dim, &heading(history))?;
    for note in &history.notes {
        console.print_line(Tone::Warn, note)?;
    }
    console.print_table(&table(history))?;
    if let Some(against) = &history.against {
        let name = &against.rules;
        match differences(history) {
            Some(table) => {
                console.print("\n")?;
                console.print_line(Tone::Plain, &format!("Against {name}, before → after"))?;
                console.print_table(&table)?;
            }
            None => {
                console.print_line(Tone::Plain, &format!("Every rule evaluates as in {name}"))?;
            }
        }
    }
    if let Some(table) = episodes(history) {
        console.print("\n")?;
        console.print_table(&table)?;
    }
    for (tone, line) in remarks(history) {
        console.print_line(tone, &line)?;
    }
    let (tone, line) = verdict(history);
    console.print_line(tone, &line)?;
    if console.look().format == Format::Table {
        console.print_line(Tone::Dim, &legend())?;
    }
    Ok(())
}
