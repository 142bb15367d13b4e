//! `churnctl push-metrics`: metrics, checked, into a group of the Pushgateway or a folder.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::Console;
use super::gateway::GatewayRequest;
use crate::cells::Tone;
use crate::drift::DriftReport;
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::{read_at_most, too_large, write_atomically};
use crate::metrics::check::{Surroundings, check};
use crate::metrics::gateway::{GroupingKey, Holdings, PushMethod, TEXT_FORMAT, holdings, push};
use crate::metrics::text::{Document, Problem, parse};
use crate::model::report::TrainReport;
use crate::percent;
use crate::reports;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// More than this is not a result of a job.
pub(super) const MAX_BYTES: u64 = 64 << 20;
/// Problems that are told one by one.
const MOST_TOLD: usize = 10;

/// Where metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A Pushgateway.
    Gateway(Box<GatewayRequest>),
    /// A folder that node-exporter's textfile collector reads.
    Folder(PathBuf),
}

/// A push, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// Text, or a JSON document of ours; `-` for standard input.
    pub file: PathBuf,
    /// Where to.
    pub target: Target,
    /// The group.
    pub key: GroupingKey,
    /// Replace names or the whole group.
    pub method: PushMethod,
    /// Leave timestamps out.
    pub strip_timestamps: bool,
    /// Send what a gateway takes and should not.
    pub force: bool,
    /// Only show.
    pub dry_run: bool,
}

/// What a push came to.
#[derive(Debug, Serialize)]
pub(super) struct Pushed {
    target: String,
    group: std::collections::BTreeMap<String, String>,
    method: &'static str,
    metrics: usize,
    samples: usize,
    bytes: usize,
    attempts: u32,
    dry_run: bool,
    /// The text itself, shown by a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Reads, checks and sends.
///
/// # Errors
/// Fails with 65 and the line on what the gateway would refuse, and on what is unwise unless it is
/// forced; with 69 if the gateway stays away, with 65 if it refuses.
pub fn run(request: &PushRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    warn_of_anti_pattern(&request.key, request.force)?;
    let bytes = read(&request.file)?;
    let name = request.file.display().to_string();
    let text = text_of(&name, bytes)?;
    let delivery = Delivery {
        name: &name,
        target: &request.target,
        key: &request.key,
        method: request.method,
        strip_timestamps: request.strip_timestamps,
        force: request.force,
        dry_run: request.dry_run,
    };
    let pushed = delivery.deliver(&text, console)?;
    let document = console.document("push-metrics", SCHEMA_VERSION, &pushed);
    if !console.print_document(&document)? {
        match &pushed.text {
            // The text alone, for whoever wants to check it further.
            Some(text) => {
                console.messages().info(&pushed.sentence());
                console.print(text)?;
            }
            None => console.print_done(Tone::Good, &pushed.sentence())?,
        }
    }
    Ok(ExitCode::Ok)
}

/// Metrics on their way, wherever they come from.
pub(super) struct Delivery<'a> {
    /// What the text is called in errors.
    pub(super) name: &'a str,
    pub(super) target: &'a Target,
    pub(super) key: &'a GroupingKey,
    pub(super) method: PushMethod,
    pub(super) strip_timestamps: bool,
    pub(super) force: bool,
    pub(super) dry_run: bool,
}

impl Delivery<'_> {
    /// Checks the text and brings it where it belongs.
    pub(super) fn deliver(&self, text: &[u8], console: &Console<'_>) -> Result<Pushed> {
        let begin = Instant::now();
        let (document, problems) = parse(text);
        let mut problems = problems;
        let held = match self.target {
            Target::Gateway(gateway) if problems.is_empty() && !self.dry_run => {
                self.held(gateway, console)
            }
            Target::Gateway(_) | Target::Folder(_) => Holdings::default(),
        };
        let surroundings = Surroundings {
            grouping: self.key.labels(),
            strips_timestamps: self.strip_timestamps,
            known: held.kinds_beside(self.key),
            held: held.series_beside(self.key),
        };
        problems.extend(check(&document, &surroundings));
        self.judge(problems, console)?;
        let samples: usize = document.families.iter().map(|one| one.samples.len()).sum();
        if samples == 0 {
            let message = format!("no metrics in {}", self.name);
            return Err(Error::bad_input(message).hint(
                "`push-metrics delete` removes a group; nothing pushed would look like success",
            ));
        }
        let text = self.written(&document, text);
        let (target, attempts) = self.send(&text, begin, console)?;
        Ok(Pushed {
            target,
            group: self.key.labels().iter().cloned().collect(),
            method: match self.target {
                Target::Gateway(_) => self.method.as_str(),
                Target::Folder(_) => "file",
            },
            metrics: document
                .families
                .iter()
                .filter(|one| !one.samples.is_empty())
                .count(),
            samples,
            bytes: text.len(),
            attempts,
            dry_run: self.dry_run,
            text: self.dry_run.then_some(text),
        })
    }

    /// Asks what the gateway holds in other groups: a kind that differs blocks their pushes, too, and a
    /// series that another group has is not taken.
    /// A gateway that does not tell, or not soon, is pushed to all the same: it checks itself.
    fn held(&self, gateway: &GatewayRequest, console: &Console<'_>) -> Holdings {
        let asked = gateway
            .hasty_client(console)
            .and_then(|client| holdings(&client));
        match asked {
            Ok(holdings) => holdings,
            Err(error) => {
                let message = format!("other groups are not compared: {error}");
                console.messages().debug(&message);
                Holdings::default()
            }
        }
    }

    /// Tells every problem; the first that counts is the error.
    fn judge(&self, mut problems: Vec<Problem>, console: &Console<'_>) -> Result<()> {
        problems.sort_by_key(|problem| (problem.is_taken && self.force, problem.line));
        let counts = |problem: &Problem| !(problem.is_taken && self.force);
        let total = problems.iter().filter(|problem| counts(problem)).count();
        let mut problems = problems.into_iter();
        let first = match total {
            0 => None,
            _ => problems.next(),
        };
        for problem in problems.by_ref().take(MOST_TOLD) {
            let message = format!("{}:{}: {}", self.name, problem.line, problem.message);
            console.messages().warn(&message);
        }
        let more = problems.count();
        if more > 0 {
            console
                .messages()
                .warn(&format!("and {more} more such lines"));
        }
        let Some(first) = first else { return Ok(()) };
        let error = Error::bad_input(first.message).at(Place {
            file: self.name.to_owned(),
            line: Some(first.line),
            column: None,
        });
        Err(match (first.hint, first.is_taken) {
            ("", false) => error,
            (hint, false) => error.hint(hint),
            ("", true) => error.hint("--force sends it all the same"),
            (hint, true) => error.hint(format!("{hint}; --force sends it all the same")),
        })
    }

    /// Returns the text as it is sent: as it came where that can be sent.
    fn written(&self, document: &Document, text: &[u8]) -> String {
        match self.target {
            Target::Folder(_) => document.to_text(self.key.labels()),
            Target::Gateway(_) if self.strip_timestamps || document.eof_line.is_some() => {
                document.to_text(&[])
            }
            Target::Gateway(_) => {
                let mut text = String::from_utf8_lossy(text).into_owned();
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                text
            }
        }
    }

    /// Sends, or writes, and tells where to and in how many attempts.
    fn send(&self, text: &str, begin: Instant, console: &Console<'_>) -> Result<(String, u32)> {
        match self.target {
            Target::Gateway(gateway) => {
                let target = gateway.url().join(&self.key.path());
                if self.dry_run {
                    return Ok((target, 0));
                }
                let client = gateway.client_after(console, begin.elapsed())?;
                let pushed = push(&client, self.key, self.method, text, gateway.is_packed);
                let pushed = pushed.map_err(|error| {
                    let is_refused = error.code() == ExitCode::BadInput;
                    match is_refused && error.hint_text().is_none() {
                        true => error.hint(
                            "what the gateway has against it stands above; `push-metrics list` shows its groups",
                        ),
                        false => error,
                    }
                })?;
                Ok((target, pushed.attempts))
            }
            Target::Folder(folder) => {
                let path = folder.join(file_name(self.key));
                if !self.dry_run {
                    if !folder.is_dir() {
                        let message = format!("no folder {}", folder.display());
                        return Err(Error::new(ExitCode::Io, message).hint(
                            "give the folder of node-exporter's --collector.textfile.directory",
                        ));
                    }
                    write_atomically(&path, text.as_bytes())?;
                }
                Ok((path.display().to_string(), 0))
            }
        }
    }
}

impl Pushed {
    /// Returns what was done, in a sentence.
    pub(super) fn sentence(&self) -> String {
        let what = format!(
            "{} of {}",
            counted(self.samples, "sample"),
            counted(self.metrics, "metric")
        );
        match (self.dry_run, self.method) {
            (true, "file") => format!("would write {what} to {}", self.target),
            (false, "file") => format!("wrote {what} to {}", self.target),
            (true, method) => {
                let method = method.to_uppercase();
                format!("would {method} {what} to {} ({TEXT_FORMAT})", self.target)
            }
            (false, _) => match self.attempts {
                0 | 1 => format!("pushed {what} to {}", self.target),
                many => format!("pushed {what} to {} in {many} attempts", self.target),
            },
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Refuses a group for each instance or pod, unless it is forced.
///
/// # Errors
/// Fails with 64.
pub(super) fn warn_of_anti_pattern(key: &GroupingKey, force: bool) -> Result<()> {
    match key.label_of_one() {
        Some(label) if !force => {
            let message = format!("a group for each {label} stays in the gateway for ever");
            Err(Error::usage(message).hint(
                "group by job, model or stage; what one machine does is for node-exporter \
                 (--textfile); --force does it all the same",
            ))
        }
        Some(_) | None => Ok(()),
    }
}

/// Returns the name of a group's file: one for each group, whatever its labels hold.
pub(super) fn file_name(key: &GroupingKey) -> String {
    let parts: Vec<String> = key
        .labels()
        .iter()
        .map(|(name, value)| match name.as_str() {
            "job" => percent::part(value),
            _ => format!("{name}={}", percent::part(value)),
        })
        .collect();
    // A job named `.` or beginning with a dot would be hidden from node-exporter.
    format!(
        "{}.prom",
        parts
            .join(",")
            .replace("..", "%2E%2E")
            .trim_start_matches('.')
    )
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::io("read", path, error);
    let mut bytes = Vec::new();
    let limit = MAX_BYTES + 1;
    if path == Path::new("-") {
        let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
        read.map_err(failed)?;
    } else {
        return read_at_most(path, MAX_BYTES).map_err(failed);
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(too_large(MAX_BYTES)));
    }
    Ok(bytes)
}

/// Turns a JSON document of ours into metrics; leaves a text as it is.
pub(super) fn text_of(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    // A sample whose name is in braces is text, and the check says what is wrong with it.
    let is_sample = bytes.starts_with(b"{\"") && bytes.contains(&b'}') && !bytes.contains(&b':');
    if !matches!(first, Some(b'{' | b'[')) || is_sample {
        return Ok(bytes);
    }
    let refused = |error: serde_json::Error| {
        let line = error.line() as u64;
        Error::bad_input("JSON that is neither a drift report nor a train report")
            .at(Place {
                file: name.to_owned(),
                line: Some(line.max(1)),
                column: None,
            })
            .hint("give Prometheus text, or what `drift --report` or `train` wrote")
            .because(error)
    };
    let json: serde_json::Value = serde_json::from_slice(&bytes).map_err(refused)?;
    let seconds = |time: &str| {
        let time = time.parse::<jiff::Timestamp>();
        time.map_or(0.0, |time| time.as_second() as f64)
    };
    let command = json.get("command").and_then(serde_json::Value::as_str);
    let text = match command {
        Some("train") => {
            let report: TrainReport = serde_json::from_slice(&bytes).map_err(refused)?;
            let ran = seconds(&report.created_at);
            reports::train::metrics::text(&report, ran)?
        }
        Some(_) | None => {
            let report: DriftReport = serde_json::from_slice(&bytes).map_err(|error| {
                let other = command.filter(|command| *command != "drift");
                let refused = refused(error);
                match other {
                    Some(other) => refused.hint(format!(
                        "this one is of `churnctl {other}`, which has no metrics; give what `drift --report` or `train` wrote"
                    )),
                    None => refused,
                }
            })?;
            let ran = seconds(&report.created_at);
            reports::drift::metrics::text(
                &report,
                ran,
                reports::drift::metrics::success(&report, ran),
            )?
        }
    };
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(job: &str, labels: &[(&str, &str)]) -> GroupingKey {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        GroupingKey::new(job, &labels).expect("a key")
    }

    #[test]
    fn each_group_has_a_file_of_its_own_that_stays_in_the_folder() {
        assert_eq!(file_name(&key("nightly", &[])), "nightly.prom");
        let name = file_name(&key("a/b", &[("model", "x y"), ("stage", "")]));
        assert_eq!(name, "a%2Fb,model=x%20y,stage=.prom");
        for job in ["..", "../x", ".hidden"] {
            let name = file_name(&key(job, &[]));
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
        }
    }

    #[test]
    fn a_text_is_left_as_it_is_and_foreign_json_is_refused_with_its_line() {
        let text = b"# TYPE a gauge\na 1\n".to_vec();
        assert_eq!(text_of("x", text.clone()).expect("text"), text);
        let error = text_of("x.json", b"{\n\"a\": }".to_vec()).expect_err("no JSON");
        assert_eq!(error.code(), ExitCode::BadInput);
        assert_eq!(error.place().and_then(|place| place.line), Some(2));
        assert!(text_of("x.json", b"{\"command\":\"train\"}".to_vec()).is_err());
        assert!(text_of("x.json", b"[1]".to_vec()).is_err());
        // A name in braces is for the check of the text, which names the line.
        let sample = b"{\"a.metric\"} 1\n".to_vec();
        assert_eq!(text_of("x", sample.clone()).expect("text"), sample);
    }
}
