//! The words of `churnctl drift`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::columns::{ColumnArgs, checked};
use super::drift_history::HistoryArgs;
use super::drift_labels::LabelArgs;
use super::drift_limits::{THRESHOLDS, ThresholdArgs, WINDOWS, WindowArgs, count_of_windows};
use super::drift_mutate::MutateArgs;
use super::drift_short::{REPORTS, ShortArgs};
use super::drift_why::WhyArgs;
use super::segments::SegmentArgs;
use super::tracking::ExperimentArgs;
use crate::data::Period;
use crate::error::Result;
use crate::settings::{Flags, ModelName, Probability, Span};

const DATA: &str = "Data";
const WATCH: &str = "Repetition";

pub(super) const EXAMPLES: &str = "\
Examples:
  # Last month against the training data; exit code 2 on FAIL
  churnctl drift training.csv august.csv

  # Against a profile, with an HTML page, a week of files as one data set
  churnctl drift --baseline profile.json --current 'scores/2026-08-*.csv.gz' -o drift.html

  # Only the five worst of the features that drifted
  churnctl drift training.csv august.csv --only drifted --top 5

  # Against a profile, a table that the database itself counts
  churnctl drift --baseline profile.json --current 'postgres://reader@db/shop?table=customers'

  # A folder of many days: each of the last 30 judged by itself, FAIL if one drifted
  churnctl drift --baseline profile.json --current predictions/ --time scored_at --window 1d --last 30

  # Each kind of contract by itself, and new customers beside all others: FAIL if one drifted
  churnctl drift training.csv august.csv --by contract --by 'tenure < 12'

  # Features, predictions and quality
  churnctl drift --baseline old.csv --current new.csv --score churn_risk --label churned

  # How good a month of predictions was, now that it is known who left within 30 days
  churnctl drift --baseline model.json --current predictions/ --labels churn_events.csv --join user_id \
    --prediction-time predicted_at --label-window 30d

  # Every five minutes, with metrics, page and probes at port 8001
  churnctl drift --baseline profile.json --current today.csv --watch 5m --listen 0.0.0.0:8001

  # From a pipe, as JSON, nothing on stderr
  zcat new.csv.gz | churnctl drift --baseline profile.json --current - --format json -q | jq .status

Exit codes: 0 OK or WARN, 2 FAIL (see --fail-on), 64 wrong usage, 65 bad data, 74 cannot read or
write, 78 bad settings. `churnctl --help` lists all.
";

/// Compare current data with a baseline; exit code 2 if it drifted
///
/// Compares every feature of the current data with the baseline: population stability index,
/// missing values, new categories, type changes and more. The verdict is the worst of them: OK,
/// WARN or FAIL. With --score it compares predictions, with --label their quality, too.
///
/// Results go to stdout, the JSON report to --report, all else to stderr.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct DriftArgs {
    #[command(subcommand)]
    pub(super) command: Option<DriftCommand>,

    /// Baseline: a profile, files, folders, glob patterns, a database, or - for standard input
    ///
    /// CSV and NDJSON, both also as .gz or .zst, and Parquet. Several files are one data set; a
    /// folder is all of its tables. A table in a database is counted there:
    /// `postgres://USER@HOST/DATABASE?table=NAME&where=CONDITION`, or `?query=SELECT ...`;
    /// `mysql://`, `mariadb://` and `sc://` (Spark Connect) alike.
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = DATA, value_hint = ValueHint::FilePath)]
    baseline: Option<Vec<String>>,

    /// Current data: a profile, files, folders, glob patterns, a database, or - for standard input
    ///
    /// CSV and NDJSON, both also as .gz or .zst, and Parquet. Several files are one data set; a
    /// folder is all of its tables. A table in a database is counted there:
    /// `postgres://USER@HOST/DATABASE?table=NAME&where=CONDITION`, or `?query=SELECT ...`;
    /// `mysql://`, `mariadb://` and `sc://` (Spark Connect) alike.
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = DATA, value_hint = ValueHint::FilePath)]
    current: Option<Vec<String>>,

    /// Name of the model, the label `model` of the metrics
    #[arg(long, value_name = "NAME", value_parser = checked::<ModelName>, help_heading = DATA)]
    model: Option<String>,

    #[command(flatten)]
    columns: ColumnArgs,

    #[command(flatten)]
    windows: WindowArgs,

    /// From the end of a window to that of the next; a window's length if not given
    ///
    /// Shorter than the window for windows that overlap: `--window 7d --every 1d` looks at every
    /// seven days that end with a day. The window is made of whole ones.
    #[arg(long, value_name = "PERIOD", value_parser = checked::<Period>, help_heading = WINDOWS)]
    every: Option<String>,

    /// Look at the last N complete windows only
    ///
    /// Without it all windows of the data are judged: a drift that has passed fails for as long as
    /// its days are among the data.
    #[arg(long, value_name = "N", value_parser = count_of_windows, help_heading = WINDOWS)]
    last: Option<NonZeroUsize>,

    #[command(flatten)]
    labels: LabelArgs,

    /// Folder in which what was counted is kept: later runs read what is new alone
    ///
    /// Files that were read and have not changed since are not read again; windows are made of what is kept and
    /// what is new. A file that has changed replaces what was kept of it, a new one adds to the days that its rows
    /// are of. `churnctl drift history DIR` shows what is kept.
    #[arg(long, value_name = "DIR", help_heading = WINDOWS, value_hint = ValueHint::DirPath)]
    history: Option<String>,

    #[command(flatten)]
    segments: SegmentArgs,

    #[command(flatten)]
    thresholds: ThresholdArgs,

    /// Score from which a row is classed as churned, 0 to 1
    ///
    /// Where nobody sets it, it is that of the model in the baseline.
    #[arg(long, value_name = "SCORE", value_parser = checked::<Probability>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    class_threshold: Option<String>,

    /// Cost of a missed churner: performance and its estimates also say what a row costs
    ///
    /// In any unit, the same as --cost-fp; `train` chooses the threshold by them.
    #[arg(long, value_name = "COST", help_heading = THRESHOLDS)]
    cost_fn: Option<f64>,

    /// Cost of a false alarm, see --cost-fn; 1 if not given
    #[arg(long, value_name = "COST", requires = "cost_fn", help_heading = THRESHOLDS)]
    cost_fp: Option<f64>,

    #[command(flatten)]
    pub(super) short: ShortArgs,

    /// JSON report; `none` writes none
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    report: Option<String>,

    /// HTML report: one file, no script
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    html: Option<String>,

    /// Markdown report
    ///
    /// Where GITHUB_STEP_SUMMARY is set, the same text is appended to that file.
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    markdown: Option<String>,

    /// JUnit report: one test case a feature
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    junit: Option<String>,

    /// The verdict alone, a word without a line end, for a pipeline's condition
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    verdict_file: Option<String>,

    /// GitHub annotations: the ten worst things behind the verdict
    ///
    /// Workflow commands, which GitHub's runner looks for in what a step prints: `cat` the file.
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    annotations: Option<String>,

    /// Metrics in Prometheus' text format, for the node exporter or a push
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    metrics_file: Option<String>,

    #[command(flatten)]
    tracking: ExperimentArgs,

    /// Pushgateway to push the metrics to
    ///
    /// They replace those of the group with the job `churn-drift` (setting: drift.push_job) and the
    /// model. A push that fails is a warning and never changes the verdict. Credentials and
    /// deadlines are those of `push-metrics`, from the settings `push.*`.
    #[arg(long, value_name = "URL", help_heading = REPORTS, value_hint = ValueHint::Url)]
    push_gateway: Option<String>,

    /// Print the SQL that would count a current side in a database, and do nothing else
    ///
    /// The baseline is read. Columns with few distinct values need only the first two of theirs. A
    /// terminal sees what each is for, a pipe the statements alone.
    #[arg(long, help_heading = DATA)]
    pub(super) explain_sql: bool,

    /// Repeat the check this often, until SIGTERM
    ///
    /// From the beginning of one check to that of the next. The baseline is read again when its
    /// files have changed. A check that fails is told, counted, and repeated like any other; the
    /// verdict ends nothing.
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>, help_heading = WATCH)]
    watch: Option<String>,

    /// Show metrics and the last report at this address meanwhile
    ///
    /// Paths: /metrics for Prometheus; /report as HTML or JSON, by the header Accept; /live; /ready
    /// from the first report on.
    #[arg(long, value_name = "HOST:PORT", help_heading = WATCH)]
    listen: Option<String>,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  # Do the data that the report names give this report?
  churnctl drift verify artifacts/metrics/data_drift_latest.json

  # The data are elsewhere now
  churnctl drift verify report.json --baseline archive/training.csv --current archive/august.csv

  # A report from a pipe
  curl -s https://example.com/report.json | churnctl drift verify - --baseline profile.json

Exit codes: 0 they do, to the byte; 2 they give another report; 64 wrong usage; 65 these are not the data of the
report, or it is not one that names its inputs; 74 cannot read; 78 bad settings. `churnctl --help` lists all.
";

#[derive(Debug, Clone, Subcommand)]
pub(super) enum DriftCommand {
    Verify(VerifyArgs),
    History(HistoryArgs),
    Mutate(Box<MutateArgs>),
    Why(Box<WhyArgs>),
}

/// Make a drift report again from its inputs, and compare to the byte; exit code 2 if it differs
///
/// The report names its settings, and the digests of what was counted on both sides. Those are compared
/// first: other data are an error (65) that says which side they are on, and nothing is said about the
/// report. Then the check is made again with the report's own settings. Time, program version and names
/// of files are taken from the report; all else must be the same.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = VERIFY_EXAMPLES)]
pub(super) struct VerifyArgs {
    /// The JSON report, or - for standard input
    #[arg(value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(super) report: PathBuf,

    /// Where the baseline is, if not where the report says
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(super) baseline: Vec<String>,

    /// Where the current data are, if not where the report says
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(super) current: Vec<String>,

    /// Where the labels are, if not where the report says
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(super) labels: Vec<String>,
}

impl DriftArgs {
    pub(super) fn flags(&self) -> Flags {
        match &self.command {
            Some(DriftCommand::Mutate(args)) => return args.flags(),
            Some(DriftCommand::Why(args)) => return args.sides.flags(),
            Some(DriftCommand::Verify(_) | DriftCommand::History(_)) | None => {}
        }
        let mut flags = Flags::default();
        self.columns.add_to(&mut flags);
        self.tracking.add_to(&mut flags);
        self.short.add_to(&mut flags);
        self.segments.add_to(&mut flags);
        self.windows.add_to(&mut flags);
        flags.one("drift.every", self.every.as_ref());
        flags.one("drift.last", self.last);
        self.thresholds.add_to(&mut flags);
        flags.one("drift.class_threshold", self.class_threshold.as_ref());
        flags.one("train.cost_fn", self.cost_fn);
        flags.one("train.cost_fp", self.cost_fp);
        flags.many("drift.baseline", self.baseline.as_ref());
        flags.many("drift.current", self.current.as_ref());
        flags.one("model", self.model.as_ref());
        flags.one("drift.history", self.history.as_ref());
        self.labels.add_to(&mut flags);
        flags.one("drift.report", self.report.as_ref());
        flags.one("drift.html", self.html.as_ref());
        flags.one("drift.markdown", self.markdown.as_ref());
        flags.one("drift.junit", self.junit.as_ref());
        flags.one("drift.verdict_file", self.verdict_file.as_ref());
        flags.one("drift.annotations", self.annotations.as_ref());
        flags.one("drift.metrics_file", self.metrics_file.as_ref());
        flags.one("drift.push_gateway", self.push_gateway.as_ref());
        flags.one("drift.watch", self.watch.as_ref());
        flags.one("drift.listen", self.listen.as_ref());
        flags
    }

    /// Refuses what is said twice, shortly and at length.
    pub(super) fn check(&self) -> Result<()> {
        self.short.check(|flag| match flag {
            "--baseline" => self.baseline.is_some(),
            "--current" => self.current.is_some(),
            "--html" => self.html.is_some(),
            "--markdown" => self.markdown.is_some(),
            "--report" => self.report.is_some(),
            "--junit" => self.junit.is_some(),
            _ => false,
        })
    }
}
