//! `churnctl drift`: baseline against current, report, verdict.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::drift_verify::{input_of, settings_of};
use super::gateway::GatewayRequest;
use super::inputs::{self, Input};
use super::push_metrics::{Delivery, Target};
use super::tracker::TrackingRequest;
use super::{Shell, drift_watch, step_summary};
use crate::cells::Tone;
use crate::drift::report::{FeatureThresholds, Sides, SizeThresholds, Thresholds};
use crate::drift::{CheckOptions, DriftReport, Plan, Provenance, Status, UsualColumns, check};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::metrics::gateway::{GroupingKey, PushMethod};
use crate::profile::{Profile, Roles};
use crate::redact::redacted;
use crate::reports::drift::{View, github, html, junit, markdown, metrics, plain, summary, table};
use crate::reports::sparkline::Glyphs;
use crate::settings::{self, ColumnSettings, FailOn, Key, Settings};
use crate::terminal::{Format, json};

/// Everything a drift check needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftRequest {
    /// Print the statements for a current side in a database instead of checking.
    pub explain_sql: bool,
    /// Profiles, files and glob patterns of the baseline; `-` for standard input.
    pub baseline: Vec<String>,
    /// Profiles, files and glob patterns of the current side; `-` for standard input.
    pub current: Vec<String>,
    /// How the data is read.
    pub reading: ReadingRequest,
    /// The thresholds.
    pub thresholds: Thresholds,
    /// Which verdict ends with exit code 2.
    pub fail_on: FailOn,
    /// Score from which a row is classed as churned, 0 to 1.
    pub class_threshold: f64,
    /// Name of the model.
    pub model: String,
    /// Which features are printed.
    pub view: View,
    /// Where the outputs go.
    pub outputs: DriftOutputs,
    /// The way to MLflow.
    pub tracking: TrackingRequest,
    /// Where the metrics are pushed, if anywhere.
    pub push: Option<DriftPush>,
    /// How the check is repeated, if it is.
    pub watch: Option<Watch>,
}

/// A push of a check's metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftPush {
    /// The gateway.
    pub target: Target,
    /// The group.
    pub key: GroupingKey,
}

/// A check that is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// From the beginning of one check to that of the next.
    pub every: Duration,
    /// Where metrics and report are shown meanwhile.
    pub listen: Option<String>,
}

/// How data is read and which columns are what. Shared by `drift` and `profile`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingRequest {
    /// Columns to look at; empty for all features.
    pub features: Vec<String>,
    /// Names by which columns are recognised.
    pub columns: ColumnSettings,
    /// The score column, if named.
    pub score: Option<String>,
    /// The label column, if named.
    pub label: Option<String>,
    /// The label's value that means churned, if named.
    pub positive: Option<String>,
    /// Between the fields of a CSV line.
    pub delimiter: u8,
    /// Texts that stand for missing values, beside the usual ones.
    pub null: Vec<String>,
    /// How many threads may read.
    pub threads: NonZeroUsize,
}

/// The files that a drift check writes; none means not wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriftOutputs {
    /// JSON report.
    pub report: Option<PathBuf>,
    /// HTML page.
    pub html: Option<PathBuf>,
    /// Markdown.
    pub markdown: Option<PathBuf>,
    /// JUnit XML.
    pub junit: Option<PathBuf>,
    /// The verdict alone.
    pub verdict_file: Option<PathBuf>,
    /// GitHub annotations.
    pub annotations: Option<PathBuf>,
    /// Prometheus text.
    pub metrics_file: Option<PathBuf>,
    /// Summary for `kubectl describe pod`; written only where the file exists.
    pub termination_log: Option<PathBuf>,
}

impl ReadingRequest {
    /// Takes what is set.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let (data, drift) = (&settings.data, &settings.drift);
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            features: drift.features.clone(),
            columns: settings.columns.clone(),
            score: data.score.clone(),
            label: data.label.clone(),
            positive: data.positive.clone(),
            delimiter: data.delimiter.byte(),
            null: data.null.clone(),
            threads: data.threads.unwrap_or_else(cores),
        }
    }
}

impl ReadingRequest {
    /// Returns the names by which columns are recognised.
    #[must_use]
    pub fn usual_columns(&self) -> UsualColumns {
        let columns = &self.columns;
        UsualColumns {
            label: columns.label.clone(),
            score: columns.score.clone(),
            id: usual_ids()
                .map(str::to_owned)
                .chain(columns.id.iter().cloned())
                .collect(),
            date: columns.date.clone(),
        }
    }

    /// Returns what the user says of the columns.
    #[must_use]
    pub fn roles(&self) -> Roles {
        Roles {
            label: self.label.clone(),
            positive: self.positive.clone(),
            score: self.score.clone(),
            // The usual names need not be there; what the user adds must.
            id: self
                .columns
                .id
                .iter()
                .filter(|name| !usual_ids().any(|usual| usual == *name))
                .cloned()
                .collect(),
            exclude: self.columns.exclude.clone(),
            categorical: self.columns.categorical.clone(),
            null: self.null.clone(),
        }
    }

    /// Returns the same reading that also takes these texts for missing values: those with which
    /// the other side, or the model's data, were read.
    #[must_use]
    pub fn with_nulls(&self, null: &[String]) -> Self {
        let mut all = self.clone();
        let new = null.iter().filter(|text| !self.null.contains(text));
        all.null.extend(new.cloned());
        all
    }
}

impl DriftRequest {
    /// Returns from where on a feature is said to drift.
    #[must_use]
    pub fn thresholds(settings: &Settings) -> Thresholds {
        let drift = &settings.drift;
        let taken = |set: &settings::FeatureThresholds| FeatureThresholds {
            warn_psi: set.psi.warn.get(),
            fail_psi: set.psi.fail.get(),
            sizes: SizeThresholds {
                warn_distance: set.distance.warn.get(),
                fail_distance: set.distance.fail.get(),
                warn_share_ratio: set.share_ratio.warn.get(),
                fail_share_ratio: set.share_ratio.fail.get(),
                warn_new_share: set.new_share.warn.get(),
                fail_new_share: set.new_share.fail.get(),
            },
        };
        let own = drift.thresholds.iter();
        let own = own.map(|(feature, own)| (feature.clone(), taken(own)));
        let general = taken(&drift.general);
        Thresholds {
            warn_psi: general.warn_psi,
            fail_psi: general.fail_psi,
            sizes: general.sizes,
            min_rows: drift.min_rows,
            by_feature: own.collect::<BTreeMap<_, _>>(),
        }
    }

    /// Takes what is set.
    ///
    /// # Errors
    /// Fails with 64 if both sides are standard input.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let drift = &settings.drift;
        let stdin = |side: &[String]| side.iter().filter(|path| *path == "-").count();
        if stdin(&drift.baseline) + stdin(&drift.current) > 1 {
            return Err(Error::usage("standard input (`-`) can be read only once")
                .hint("write one side to a file, or make it a profile"));
        }
        let watch = drift.watch.map(|every| Watch {
            every: every.get(),
            listen: drift.listen.clone(),
        });
        if watch.is_none() && drift.listen.is_some() {
            return Err(Error::usage("--listen without --watch")
                .hint("--watch 5m repeats the check; nothing could be shown of one that ends"));
        }
        if watch.is_some() && stdin(&drift.baseline) + stdin(&drift.current) > 0 {
            return Err(Error::usage("standard input (`-`) can be read only once")
                .hint("a repeated check needs files"));
        }
        Ok(Self {
            explain_sql: false,
            view: View::default(),
            baseline: drift.baseline.clone(),
            current: drift.current.clone(),
            reading: ReadingRequest::from_settings(settings),
            thresholds: Self::thresholds(settings),
            fail_on: drift.fail_on,
            class_threshold: drift.class_threshold.get(),
            model: settings.model.as_str().to_owned(),
            push: DriftPush::from_settings(settings)?,
            watch,
            outputs: DriftOutputs {
                report: drift.report.clone(),
                html: drift.html.clone(),
                markdown: drift.markdown.clone(),
                junit: drift.junit.clone(),
                verdict_file: drift.verdict_file.clone(),
                annotations: drift.annotations.clone(),
                metrics_file: drift.metrics_file.clone(),
                termination_log: drift.termination_log.clone(),
            },
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}

impl DriftPush {
    fn from_settings(settings: &Settings) -> Result<Option<Self>> {
        let Some(url) = &settings.drift.push_gateway else {
            return Ok(None);
        };
        let gateway = GatewayRequest::at(url, &settings.push)?;
        // A group for each model: a push replaces its whole group.
        let model = ("model".to_owned(), settings.model.as_str().to_owned());
        Ok(Some(Self {
            target: Target::Gateway(Box::new(gateway)),
            key: GroupingKey::new(&settings.drift.push_job, &[model])?,
        }))
    }

    /// Pushes the metrics of a check, and warns if it can't be done: the verdict is another thing.
    pub(super) fn deliver(&self, text: &str, shell: &Shell<'_>) {
        let delivery = Delivery {
            name: "the metrics",
            target: &self.target,
            key: &self.key,
            method: PushMethod::Put,
            strip_timestamps: false,
            force: true,
            dry_run: false,
        };
        match delivery.deliver(text.as_bytes(), shell) {
            Ok(pushed) => shell.messages().info(&pushed.sentence()),
            Err(error) => {
                let hint = error.hint_text().map(|hint| format!(" ({hint})"));
                let hint = hint.unwrap_or_default();
                let message = format!("the metrics were not pushed: {error}{hint}");
                shell.messages().warn(&message);
            }
        }
    }
}

/// Compares the two sides, writes what is asked for, prints, and judges; again and again if that
/// is asked for.
///
/// # Errors
/// Bad input, settings or files; drift is *no* error, it is exit code 2.
pub fn run(request: &DriftRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    if request.explain_sql {
        let baseline = request.read_baseline(shell)?;
        let reading = request.reading.with_nulls(&baseline.roles.null);
        let current = Input::open(&request.current, &reading)?;
        let options = request.check_options_for(&current);
        let plan = Plan::new(&baseline, &current.columns(), &options)?;
        return inputs::explain(current, &plan.count_plan(), shell);
    }
    if let Some(watch) = &request.watch {
        return drift_watch::run(request, watch, shell);
    }
    let tracker = request.tracking.begin();
    let baseline = request.read_baseline(shell)?;
    let report = request.compare(&baseline, shell)?;
    // Written before printing: a closed pipe must not cost the job its evidence.
    write_outputs(&report, &request.outputs, shell)?;
    let kept = tracker.and_then(|tracker| tracker.keep_check(&report, shell));
    let printed = print(&report, request.view, shell);
    if let Some(push) = &request.push {
        let text = own_text(&report, shell)?;
        push.deliver(&text, shell);
    }
    if let Some(kept) = kept {
        kept.send(shell);
    }
    printed?;
    Ok(request.fail_on.exit_code(report.status))
}

/// Returns the metrics of a check that is shown by itself.
fn own_text(report: &DriftReport, shell: &Shell<'_>) -> Result<String> {
    let now = shell.created_at_seconds();
    metrics::text(report, now, metrics::success(report, now))
}

impl DriftRequest {
    pub(super) fn read_baseline(&self, shell: &Shell<'_>) -> Result<Profile> {
        let roles = self.check_options().roles;
        inputs::baseline(
            &self.baseline,
            &self.reading,
            roles,
            self.class_threshold,
            shell,
        )
    }

    /// Reads the current side and compares.
    pub(super) fn compare(&self, baseline: &Profile, shell: &Shell<'_>) -> Result<DriftReport> {
        let provenance = Provenance {
            baseline: inputs::shown(&self.baseline),
            current: inputs::shown(&self.current),
            created_at: shell.created_at().to_owned(),
        };
        self.compare_as(baseline, provenance, shell)
    }

    /// As [`DriftRequest::compare`], under names and a time that are not those of this run.
    pub(super) fn compare_as(
        &self,
        baseline: &Profile,
        provenance: Provenance,
        shell: &Shell<'_>,
    ) -> Result<DriftReport> {
        let reading = self.reading.with_nulls(&baseline.roles.null);
        let current = Input::open(&self.current, &reading)?;
        let options = self.check_options_for(&current);
        let plan = Plan::new(baseline, &current.columns(), &options)?;
        let current = current.count(&plan.count_plan(), "current", shell)?;
        let mut report = check(baseline, &current, &plan, &options, provenance)?;
        report.inputs = Some(Sides {
            baseline: input_of(&self.baseline, baseline.counts_sha256()),
            current: input_of(&self.current, current.counts_sha256()),
        });
        report.settings = Some(settings_of(&self.reading, self.class_threshold));
        say_decisions(&report, shell);
        Ok(report)
    }
}

impl FailOn {
    fn exit_code(self, status: Status) -> ExitCode {
        let worst_allowed = match self {
            Self::Fail => Status::Warn,
            // Too few rows to tell is no drift.
            Self::Warn => Status::TooFewRows,
            Self::Never => Status::Fail,
        };
        if status > worst_allowed {
            ExitCode::CheckFailed
        } else {
            ExitCode::Ok
        }
    }
}

/// Returns the names that are taken for ids whatever others the user adds.
fn usual_ids() -> impl Iterator<Item = &'static str> {
    let default = Key::named("columns.id").and_then(|key| key.default);
    default.into_iter().flat_map(|names| names.split(','))
}

impl DriftRequest {
    fn check_options_for(&self, current: &Input) -> CheckOptions {
        let options = self.check_options();
        match current {
            Input::Profile(_) => options,
            Input::Data(data) => {
                let exclude = options.roles.exclude.iter();
                let exclude = exclude.flat_map(|name| data.named(name)).collect();
                let roles = Roles {
                    exclude,
                    ..options.roles
                };
                CheckOptions { roles, ..options }
            }
        }
    }

    fn check_options(&self) -> CheckOptions {
        CheckOptions {
            model: self.model.clone(),
            features: self.reading.features.clone(),
            roles: self.reading.roles(),
            usual: self.reading.usual_columns(),
            thresholds: self.thresholds.general(),
            thresholds_by_feature: self.thresholds.by_feature.clone(),
            min_rows: self.thresholds.min_rows,
            class_threshold: self.class_threshold,
        }
    }
}

pub(super) fn write_outputs(
    report: &DriftReport,
    outputs: &DriftOutputs,
    shell: &Shell<'_>,
) -> Result<()> {
    if let Some(path) = &outputs.report {
        write_atomically(path, json(report)?.as_bytes())?;
    }
    if let Some(path) = &outputs.html {
        write_atomically(path, html::page(report)?.as_bytes())?;
    }
    if let Some(path) = &outputs.markdown {
        write_atomically(path, markdown::text(report).as_bytes())?;
    }
    if let Some(path) = &outputs.junit {
        write_atomically(path, junit::text(report).as_bytes())?;
    }
    if let Some(path) = &outputs.verdict_file {
        write_atomically(path, report.status.as_str().as_bytes())?;
    }
    if let Some(path) = &outputs.annotations {
        write_atomically(path, github::text(report).as_bytes())?;
    }
    if let Some(path) = &outputs.metrics_file {
        let text = own_text(report, shell)?;
        write_atomically(path, text.as_bytes())?;
    }
    say_what_was_written(outputs, shell);
    // The verdict must not depend on these two: they belong to whoever runs us.
    step_summary::append(shell, &markdown::text(report));
    if let Some(path) = &outputs.termination_log {
        // A bind mount cannot be renamed over; absent outside of Kubernetes.
        let opened = OpenOptions::new().write(true).truncate(true).open(path);
        if let Ok(mut file) = opened
            && let Err(error) = file.write_all(redacted(&summary::text(report)).as_bytes())
        {
            shell
                .messages()
                .warn(&format!("cannot write {}: {error}", path.display()));
        }
    }
    Ok(())
}

fn say_what_was_written(outputs: &DriftOutputs, shell: &Shell<'_>) {
    let written = [
        &outputs.report,
        &outputs.html,
        &outputs.markdown,
        &outputs.junit,
        &outputs.verdict_file,
        &outputs.annotations,
        &outputs.metrics_file,
    ];
    let names: Vec<_> = written
        .into_iter()
        .flatten()
        .map(|path| path.display().to_string())
        .collect();
    if !names.is_empty() {
        shell
            .messages()
            .info(&format!("wrote {}", names.join(", ")));
    }
}

/// Says under `-v` what each column is taken for, and why each feature has its verdict.
fn say_decisions(report: &DriftReport, shell: &Shell<'_>) {
    let say = |line: String| shell.messages().debug(&line);
    for out in &report.left_out {
        say(format!(
            "{}: left out ({}), {}",
            out.column,
            out.role.as_str(),
            out.reason
        ));
    }
    for feature in report.features.iter().chain(&report.score) {
        let kind = feature.kind.as_str();
        let reasons = match feature.reasons.as_slice() {
            [] => "nothing beyond chance and thresholds".to_owned(),
            reasons => reasons.join("; "),
        };
        say(format!(
            "{}: {kind}, {}: {reasons}",
            feature.feature, feature.status
        ));
    }
}

fn print(report: &DriftReport, view: View, shell: &mut Shell<'_>) -> Result<()> {
    if shell.print_document(report)? {
        return Ok(());
    }
    if shell.look().format != Format::Table {
        return shell.print(&plain::text(report, view));
    }
    let width = shell.look().width;
    let rows = table::rows(report, Glyphs::Blocks, View { width, ..view });
    for line in &rows.title {
        shell.print_line(Tone::Plain, line)?;
    }
    shell.print("\n")?;
    shell.print_table(&rows.table)?;
    shell.print("\n")?;
    for note in &rows.notes {
        shell.print_line(note.tone, &note.text)?;
    }
    shell.print("\n")?;
    shell.print_line(rows.verdict.tone, &rows.verdict.text)
}
