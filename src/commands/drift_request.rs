//! What a drift check is asked for: sides, columns, thresholds, outputs.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::drift_labels::LabelRequest;
use super::gateway::GatewayRequest;
use super::push_metrics::{Delivery, Target};
use super::tracker::TrackingRequest;
use super::{Console, drift_labels, drift_segments, drift_windows};
use crate::drift::report::{FeatureThresholds, SizeThresholds, Thresholds};
use crate::drift::{
    ConsequenceLimits, LimitSource, MultivariateLimits, MultivariateMode, Policy, PsiLimits,
    Segmentation, UsualColumns, Windowing,
};
use crate::error::{Error, Result};
use crate::metrics::gateway::{GroupingKey, PushMethod};
use crate::profile::Roles;
use crate::reports::drift::View;
use crate::settings::{self, ColumnSettings, FailOn, Key, Settings, TrainSettings};
use crate::stats::cost::Costs;

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
    /// How the current side is cut into windows of time, if it is.
    pub windows: Option<Windowing>,
    /// From what PSI on a window drifted, and the limits of the baseline's windows if they are known already.
    pub limits: (LimitSource, Option<PsiLimits>),
    /// How drift is judged by what it does to the score.
    pub consequences: ConsequenceLimits,
    /// What is asked of several columns together.
    pub multivariate: MultivariateRequest,
    /// Where pieces of time are kept for later runs, if they are.
    pub history: Option<HistoryUse>,
    /// Labels that came later, if there are any.
    pub labels: Option<LabelRequest>,
    /// Bytes that a join of labels may hold.
    pub join_memory: usize,
    /// How both sides are cut into segments, if they are.
    pub segments: Option<Segmentation>,
    /// The thresholds.
    pub thresholds: Thresholds,
    /// Which verdict ends with exit code 2.
    pub fail_on: FailOn,
    /// Score from which a row is classed as churned, 0 to 1.
    pub class_threshold: f64,
    /// What mistakes cost, if that is known.
    pub costs: Option<Costs>,
    /// Name of the model.
    pub model: String,
    /// What the model in the baseline says instead.
    pub from_model: FromModel,
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

/// Settings that nobody has set, and that a model in the baseline has of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FromModel {
    /// Its name.
    pub name: bool,
    /// The score from which it classes a row as churned.
    pub class_threshold: bool,
}

/// What is asked of several columns together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MultivariateRequest {
    /// What is looked at.
    pub mode: MultivariateMode,
    /// From where on it counts.
    pub limits: MultivariateLimits,
}

/// Returns what mistakes cost, if it is said.
///
/// # Errors
/// 64 if that is not a cost.
pub(super) fn costs(set: &TrainSettings) -> Result<Option<Costs>> {
    let Some(false_negative) = set.cost_fn else {
        return match set.cost_fp {
            None => Ok(None),
            Some(_) => Err(Error::usage("--cost-fp without --cost-fn")
                .hint("what does a missed churner cost, where a false alarm costs this?")),
        };
    };
    let costs = Costs {
        false_negative,
        false_positive: set.cost_fp.unwrap_or(1.0),
    };
    match costs.are_valid() {
        true => Ok(Some(costs)),
        false => Err(Error::usage(Costs::RULE)),
    }
}

/// A history that a check takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryUse {
    /// Its folder.
    pub folder: PathBuf,
    /// The run whose check is made again; nothing is read or written then.
    pub as_of: Option<u64>,
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
        let labels = &drift.labels.labels;
        let stdins = stdin(&drift.baseline) + stdin(&drift.current) + stdin(labels);
        if stdins > 1 {
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
        if watch.is_some() && stdins > 0 {
            return Err(Error::usage("standard input (`-`) can be read only once")
                .hint("a repeated check needs files"));
        }
        let reading = ReadingRequest::from_settings(settings);
        let labels = drift_labels::from_settings(&drift.labels, &drift.windows, reading.threads)?;
        let segments = drift_segments::from_settings(drift);
        let consequences = ConsequenceLimits {
            policy: drift.policy.0,
            warn_score_move: drift.score_move.warn.get(),
            fail_score_move: drift.score_move.fail.get(),
        };
        let multivariate = MultivariateRequest {
            mode: drift.multivariate.0,
            limits: MultivariateLimits {
                warn_domain_auc: drift.domain_auc.warn.get(),
                fail_domain_auc: drift.domain_auc.fail.get(),
                warn_correlation: drift.correlation.warn.get(),
                fail_correlation: drift.correlation.fail.get(),
            },
        };
        let cut = [
            (drift.windows.time.is_some(), "windows of time (--time)"),
            (segments.is_some(), "segments (--by)"),
        ];
        if let Some((_, what)) = cut.into_iter().find(|(is_cut, _)| *is_cut) {
            let why = |what_of| format!("cannot be used with {what}: {what_of} of all rows alone");
            if consequences.policy != Policy::Statistics {
                return Err(drift.misfit_policy(&why("what drift does to the score is known")));
            }
            if multivariate.mode != MultivariateMode::Off {
                return Err(drift.misfit_multivariate(&why("columns are looked at together")));
            }
        }
        if multivariate.mode != MultivariateMode::Off && stdins > 0 {
            let why = "reads both sides twice, and standard input (`-`) can be read only once";
            return Err(drift.misfit_multivariate(why));
        }
        Ok(Self {
            explain_sql: false,
            view: View::default(),
            baseline: drift.baseline.clone(),
            current: drift.current.clone(),
            windows: drift_windows::from_settings(&drift.windows)?.map(|windowing| Windowing {
                judges_running: drift.history.is_some(),
                ..windowing
            }),
            limits: (drift_windows::limits(&drift.windows)?, None),
            consequences,
            multivariate,
            history: drift.history.clone().map(|folder| HistoryUse {
                folder,
                as_of: None,
            }),
            labels,
            join_memory: drift.labels.memory.get(),
            reading,
            segments,
            thresholds: Self::thresholds(settings),
            fail_on: drift.fail_on,
            class_threshold: drift.class_threshold.get(),
            costs: costs(&settings.train)?,
            model: settings.model.as_str().to_owned(),
            from_model: FromModel {
                name: !settings.model_is_named,
                class_threshold: !drift.is_chosen("class_threshold"),
            },
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
    pub(super) fn deliver(&self, text: &str, console: &Console<'_>) {
        let delivery = Delivery {
            name: "the metrics",
            target: &self.target,
            key: &self.key,
            method: PushMethod::Put,
            strip_timestamps: false,
            force: true,
            dry_run: false,
        };
        match delivery.deliver(text.as_bytes(), console) {
            Ok(pushed) => console.messages().info(&pushed.sentence()),
            Err(error) => {
                let hint = error.hint_text().map(|hint| format!(" ({hint})"));
                let hint = hint.unwrap_or_default();
                let message = format!("the metrics were not pushed: {error}{hint}");
                console.messages().warn(&message);
            }
        }
    }
}

/// Returns the names that are taken for ids whatever others the user adds.
fn usual_ids() -> impl Iterator<Item = &'static str> {
    let default = Key::named("columns.id").and_then(|key| key.default);
    default.into_iter().flat_map(|names| names.split(','))
}
