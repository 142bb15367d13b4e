//! The words of `churnctl alerts history`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::columns::checked;
use crate::alerts::duration;
use crate::commands::alerts::{HistoryRequest, RuleOrigin};
use crate::error::{Error, Result};
use crate::model::times::parse_time;
use crate::settings::{Flags, Settings, Span};

const RANGE: &str = "Range";
const LIVE: &str = "Running server";
/// What `--against` without a file means; a folder of that name is `./server`.
const SERVER: &str = "server";

const EXAMPLES: &str = "\
Examples:
  # The rules that the server has loaded, over the last 30 days
  churnctl alerts history --prometheus http://localhost:9090

  # How often would these have fired last week? And as a page with time lines
  churnctl alerts history --prometheus http://localhost:9090 k8s/ --range 7d --html history.html

  # A changed file beside the rules that the server has loaded
  churnctl alerts history --prometheus http://localhost:9090 rules.yml --against

  # A changed file beside the one of the main branch
  git show main:rules.yml > /tmp/deployed.yml
  churnctl alerts history --prometheus http://localhost:9090 rules.yml --against /tmp/deployed.yml

  # Which alerts are noisy?
  churnctl alerts history --prometheus http://localhost:9090 --format json | jq -r '.alerts[] | select(.status == \"noisy\") | .alert'

Exit codes: 0 done; 2 a rule could not be evaluated at all times; 64 wrong usage; 65 not readable as rules, or no
alert; 69 the server stayed away; 74 cannot read or write; 77 not let in; 78 bad settings. `churnctl --help` lists all.
";

/// Show how often each alert would have fired, when, for how long, and with which labels
///
/// Each expression is evaluated by range queries at its group's interval, and `for` and
/// `keep_firing_for` are applied to the samples as Prometheus applies them. Noisy alerts and those
/// that never fired come first; one that had no data to look at is told from one that was silent.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// Files and folders with rules, - for standard input [default: the rules that the server has loaded]
    #[arg(value_name = "RULES", value_hint = ValueHint::AnyPath)]
    rules: Vec<String>,

    /// Compare with the version before: a file or folder, or `server` for the rules that it has loaded
    ///
    /// Without a value it is `server`. Where RULES are those of the server, they are the version
    /// before, and the file is the one after.
    #[arg(long, value_name = "FILE_OR_DIR", num_args = 0..=1, default_missing_value = SERVER, value_hint = ValueHint::AnyPath)]
    against: Option<String>,

    /// Look at these alerts only
    #[arg(long, value_name = "ALERTS", value_delimiter = ',')]
    only: Vec<String>,

    /// Page with a time line for each alert
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,

    /// How far to look back
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = span, help_heading = RANGE)]
    range: Duration,

    /// Until when: a date, an RFC 3339 time, or seconds since 1970 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = RANGE)]
    end: Option<i64>,

    /// Time between two evaluations [default: the interval of each group]
    ///
    /// A longer step asks for less, and may miss what is shorter; the result says so.
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = RANGE)]
    step: Option<Duration>,

    /// URL of Prometheus [setting: proof.prometheus]
    #[arg(long, value_name = "URL", help_heading = LIVE, value_hint = ValueHint::Url)]
    prometheus: Option<String>,

    /// File with a bearer token [setting: proof.token_file]
    #[arg(long, value_name = "FILE", help_heading = LIVE, value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,

    /// PEM file with the certificates to trust, in place of the system's [setting: proof.ca_file]
    #[arg(long, value_name = "FILE", help_heading = LIVE, value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,

    /// Longest time that the server may stay away, and that one query may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = checked::<Span>, help_heading = LIVE)]
    deadline: String,
}

impl HistoryArgs {
    /// Sets what the words set.
    pub(super) fn flags(&self, flags: &mut Flags) {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        flags.one("proof.prometheus", self.prometheus.as_ref());
        flags.one("proof.token_file", path(&self.token_file));
        flags.one("proof.ca_file", path(&self.ca_file));
    }

    /// Makes the request.
    ///
    /// # Errors
    /// Fails with 64 where the words contradict each other, or no server is named.
    pub(super) fn request(self, settings: &Settings) -> Result<HistoryRequest> {
        let set = &settings.alerts;
        let missing = || {
            let error = Error::usage("no URL of Prometheus");
            error.hint("--prometheus URL, or proof.prometheus in churnctl.toml")
        };
        let url = set.prometheus.as_ref().ok_or_else(missing)?;
        let of_words = |words: Vec<String>| match words.is_empty() {
            true => RuleOrigin::Server,
            false => RuleOrigin::Files(words),
        };
        let against = self.against.map(|word| match word.as_str() {
            SERVER => RuleOrigin::Server,
            _ => RuleOrigin::Files(vec![word]),
        });
        let (rules, against) = match (of_words(self.rules), against) {
            (RuleOrigin::Server, Some(RuleOrigin::Server)) => {
                let error =
                    Error::usage("--against: the server's rules would be compared with themselves");
                return Err(error.hint("name the changed file: RULES --against"));
            }
            // What the server has loaded is what was before.
            (RuleOrigin::Server, Some(file)) => (file, Some(RuleOrigin::Server)),
            pair => pair,
        };
        Ok(HistoryRequest {
            prometheus: url
                .parse()
                .map_err(|why| Error::usage(format!("--prometheus: {why}")))?,
            token_file: set.token_file.clone(),
            ca_file: set.ca_file.clone(),
            deadline: self.deadline.parse::<Span>().map_err(Error::usage)?.get(),
            rules,
            against,
            range: self.range,
            end: self.end,
            step: self.step,
            only: self.only,
            html: self.html,
        })
    }
}

/// Reads a length of time as rules have them: `30d`, `1h30m`.
fn span(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Some(0) => Err(format!("\"{text}\" is not a time at all")),
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        None => Err(format!(
            "\"{text}\" is not a length of time, such as 30d, 12h or 1h30m"
        )),
    }
}

fn time(text: &str) -> Result<i64, String> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| *seconds > 0);
    // Eight digits are a date in other places, and a second of 1970 in none.
    seconds.or_else(|| parse_time(text)).ok_or_else(|| {
        format!("\"{text}\" is not a time, such as 2026-01-31, 2026-01-31T12:00:00Z or 1769860800")
    })
}
