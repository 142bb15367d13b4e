//! The words of `churnctl drift`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::columns::{ColumnArgs, checked};
use super::drift_history::HistoryArgs;
use super::drift_labels::LabelArgs;
use super::drift_short::{REPORTS, ShortArgs};
use super::segments::SegmentArgs;
use super::tracking::ExperimentArgs;
use crate::data::{Period, Zone};
use crate::drift::{Against, AlarmBudget, WindowsOfLast};
use crate::error::Result;
use crate::settings::{FailOn, Flags, ModelName, Probability, PsiThreshold, Span};

const DATA: &str = "Data";
const THRESHOLDS: &str = "Thresholds";
const WINDOWS: &str = "Windows of time";
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

    /// Column with the time of each row: cuts the current data into windows, each judged by itself
    ///
    /// The verdict is the worst of all windows that are complete. Times are ISO 8601, days such as
    /// 20260131 or 31.01.2026, or seconds since 1970. Rows without one are in no window; the report
    /// says how many.
    #[arg(long, value_name = "COLUMN", help_heading = WINDOWS)]
    time: Option<String>,

    /// Length of a window: 6h, 1d, 7d, 1w, 1mo; a day if not given
    ///
    /// Windows follow the calendar: hours count from midnight, days begin at midnight, weeks on
    /// Monday, months on the first. A window holds its beginning, not its end. It is complete when a
    /// row is later or its end has passed; the last may not be, and is then shown but not judged.
    #[arg(long, value_name = "PERIOD", value_parser = checked::<Period>, help_heading = WINDOWS)]
    window: Option<String>,

    /// From the end of a window to that of the next; a window's length if not given
    ///
    /// Shorter than the window for windows that overlap: `--window 7d --every 1d` looks at every
    /// seven days that end with a day. The window is made of whole ones.
    #[arg(long, value_name = "PERIOD", value_parser = checked::<Period>, help_heading = WINDOWS)]
    every: Option<String>,

    /// Zone whose midnights and months count; UTC if not given
    ///
    /// A name such as Europe/Berlin. Times that name no offset are taken for times in it.
    #[arg(long, value_name = "ZONE", value_parser = checked::<Zone>, help_heading = WINDOWS)]
    time_zone: Option<String>,

    /// What each window is compared with: baseline, previous, or trailing:N
    ///
    /// The window before it, or the N windows before it together; bins are the baseline's in any case.
    #[arg(long, value_name = "WHAT", value_parser = checked::<Against>, help_heading = WINDOWS)]
    against: Option<String>,

    /// Look at the last N complete windows only
    ///
    /// Without it all windows of the data are judged: a drift that has passed fails for as long as
    /// its days are among the data.
    #[arg(long, value_name = "N", help_heading = WINDOWS)]
    last: Option<NonZeroUsize>,

    /// K of the last N complete windows must FAIL for the run to FAIL: 2/3
    ///
    /// With fewer the run is a WARN that says so. Without this and --alarm-budget one window that FAILs
    /// fails the run. The report says what each policy would have done.
    #[arg(long, value_name = "K/N", value_parser = checked::<WindowsOfLast>, help_heading = WINDOWS)]
    alarm: Option<String>,

    /// Fail when windows show more drift than chance does this often: 1/year, 2/year, 1/month, 1/90d
    ///
    /// Evidence adds up from window to window, so that a drift of the size of a WARN that goes on fails,
    /// too. After an alarm it starts anew. The run fails if there is one in a window that it looks at: give
    /// --last the number of windows since the run before.
    #[arg(long, value_name = "RATE", value_parser = checked::<AlarmBudget>, help_heading = WINDOWS)]
    alarm_budget: Option<String>,

    /// From what PSI on a window drifted: fixed, windows or both
    ///
    /// `windows` takes mean + 3 standard deviations of the PSI that the baseline's own windows of this length
    /// have against the whole baseline, for each feature; `both` wants that and the thresholds that are set.
    /// The baseline must have the time column, in five windows or more: data, not a profile.
    #[arg(long, value_name = "FROM", value_parser = ["fixed", "windows", "both"], help_heading = WINDOWS)]
    thresholds: Option<String>,
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

    /// By what a column that drifts is judged: statistics, consequence or both
    ///
    /// `consequence` looks at the model's score: a column that drifted fails if it alone moves the score far, and is a
    /// WARN otherwise. `both` wants that and the thresholds of its distribution. The baseline must be a model, which
    /// scores the current rows; sizes are the settings `drift.warn_score_move` and `drift.fail_score_move`.
    #[arg(long, value_name = "POLICY", value_parser = ["statistics", "consequence", "both"], help_heading = THRESHOLDS)]
    policy: Option<String>,

    /// What is looked at beside each column by itself: off, correlation or all
    ///
    /// `correlation` compares how pairs of number columns hang together (Spearman's rank correlation). `all` also grows
    /// trees that tell rows of both sides apart, and says by which columns. Needs rows of both sides, which are read
    /// once more; of larger sides about 20,000 are looked at. Sizes are the settings `drift.warn_domain_auc`,
    /// `drift.fail_domain_auc`, `drift.warn_correlation` and `drift.fail_correlation`.
    #[arg(long, value_name = "MODE", value_parser = ["off", "correlation", "all"], help_heading = THRESHOLDS)]
    multivariate: Option<String>,

    /// PSI from which a feature warns
    ///
    /// A finite number of 0 or more, in nats. Single features can have thresholds of their own in
    /// the settings file: `[drift.thresholds.FEATURE]` with `warn_psi`, `fail_psi` and the other
    /// sizes.
    #[arg(long, value_name = "PSI", value_parser = checked::<PsiThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    warn_psi: Option<String>,

    /// PSI from which a feature fails
    ///
    /// A finite number of 0 or more, in nats. A PSI above it that chance alone could reach with so
    /// few rows only warns.
    #[arg(long, value_name = "PSI", value_parser = checked::<PsiThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    fail_psi: Option<String>,

    /// Distance in standard deviations from which a feature warns
    ///
    /// Of numbers, the Wasserstein distance over the baseline's standard deviation; of a category,
    /// how far its share moved over the standard deviation of having it. Counts only beyond chance.
    #[arg(long, value_name = "SD", value_parser = checked::<PsiThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    warn_distance: Option<String>,

    /// Distance in standard deviations from which a feature fails
    #[arg(long, value_name = "SD", value_parser = checked::<PsiThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    fail_distance: Option<String>,

    /// Rows below which a side is too small to tell
    ///
    /// The verdict is then TOO_FEW_ROWS, unless something fails or warns beyond chance.
    #[arg(long, value_name = "ROWS", help_heading = THRESHOLDS)]
    min_rows: Option<u64>,

    /// Score from which a row is classed as churned, 0 to 1
    #[arg(long, value_name = "SCORE", value_parser = checked::<Probability>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    class_threshold: Option<String>,

    /// Verdict that ends with exit code 2
    #[arg(long, value_name = "VERDICT", help_heading = THRESHOLDS)]
    fail_on: Option<FailOnArg>,

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

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailOnArg {
    /// FAIL
    Fail,
    /// WARN and FAIL
    Warn,
    /// None: drift is for reports only, errors end as ever
    Never,
}

impl FailOnArg {
    const fn twin(self) -> FailOn {
        match self {
            Self::Fail => FailOn::Fail,
            Self::Warn => FailOn::Warn,
            Self::Never => FailOn::Never,
        }
    }
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
        let mut flags = Flags::default();
        self.columns.add_to(&mut flags);
        self.tracking.add_to(&mut flags);
        self.short.add_to(&mut flags);
        self.segments.add_to(&mut flags);
        flags.many("drift.baseline", self.baseline.as_ref());
        flags.many("drift.current", self.current.as_ref());
        flags.one("model", self.model.as_ref());
        flags.one("drift.time", self.time.as_ref());
        flags.one("drift.window", self.window.as_ref());
        flags.one("drift.every", self.every.as_ref());
        flags.one("drift.time_zone", self.time_zone.as_ref());
        flags.one("drift.against", self.against.as_ref());
        flags.one("drift.last", self.last);
        flags.one("drift.alarm", self.alarm.as_ref());
        flags.one("drift.alarm_budget", self.alarm_budget.as_ref());
        flags.one("drift.thresholds_from", self.thresholds.as_ref());
        flags.one("drift.policy", self.policy.as_ref());
        flags.one("drift.multivariate", self.multivariate.as_ref());
        flags.one("drift.history", self.history.as_ref());
        self.labels.add_to(&mut flags);
        flags.one("drift.warn_psi", self.warn_psi.as_ref());
        flags.one("drift.fail_psi", self.fail_psi.as_ref());
        flags.one("drift.warn_distance", self.warn_distance.as_ref());
        flags.one("drift.fail_distance", self.fail_distance.as_ref());
        flags.one("drift.min_rows", self.min_rows);
        flags.one("drift.class_threshold", self.class_threshold.as_ref());
        flags.one("drift.fail_on", self.fail_on.map(|arg| arg.twin().as_str()));
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
