//! The settings as the commands read them: typed, checked, complete.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::key::{Key, Kind};
use super::keys::KEYS;
use super::kubernetes::DeploymentSettings;
use super::labels::{LabelSettings, labels};
use super::layers::{Layers, Origin};
use super::sections::{
    AlertsSettings, ClusterSettings, ColumnSettings, DataSettings, MlflowSettings, PushSettings,
    RetrainSettings, ScoreSettings, SignSettings, TrainSettings,
};
use super::serve::{PredictionLogSettings, ServeSettings};
use super::values::{FailOn, ModelName, Probability, Raw, SizeThreshold, Span, Target};
use crate::data::{Period, Zone};
use crate::deadlines::AllDeadlines;
use crate::drift::{Against, AlarmBudget, LimitSource, MultivariateMode, Policy, WindowsOfLast};
use crate::error::{Error, Result};
use crate::profile::Cut;

/// Every setting.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the model.
    pub model: ModelName,
    /// Somebody has named it.
    pub model_is_named: bool,
    /// Which columns are not features.
    pub columns: ColumnSettings,
    /// How tables are read, and which column is what.
    pub data: DataSettings,
    /// How long remotes may keep us waiting.
    pub deadlines: AllDeadlines,
    /// MLflow.
    pub mlflow: MlflowSettings,
    /// The drift check.
    pub drift: DriftSettings,
    /// The training.
    pub train: TrainSettings,
    /// Batch scores.
    pub score: ScoreSettings,
    /// Signatures.
    pub sign: SignSettings,
    /// The prediction API.
    pub serve: ServeSettings,
    /// Its log of predictions.
    pub prediction_log: PredictionLogSettings,
    /// The deployment and its alerts.
    pub deployment: DeploymentSettings,
    /// The cluster.
    pub cluster: ClusterSettings,
    /// Retraining.
    pub retrain: RetrainSettings,
    /// What somebody set of when a retrain starts, for the pods that start them.
    pub retrain_chosen: Vec<Chosen>,
    /// The Pushgateway.
    pub push: PushSettings,
    /// Lists, lint and tests of alerting rules.
    pub alerts: AlertsSettings,
}

/// The settings of a drift check, see `drift.*`.
#[derive(Debug, Clone)]
pub struct DriftSettings {
    /// Files and patterns of the baseline.
    pub baseline: Vec<String>,
    /// Files and patterns of the current side.
    pub current: Vec<String>,
    /// Columns to compare; empty for all features.
    pub features: Vec<String>,
    /// How the current side is cut into windows.
    pub windows: WindowSettings,
    /// By what a column that drifts is judged, and who says so.
    pub policy: (Policy, Origin),
    /// How far a column must move the score.
    pub score_move: Limits,
    /// What is looked at beside each column, and who says so.
    pub multivariate: (MultivariateMode, Origin),
    /// How well rows must be told apart to count.
    pub domain_auc: Limits,
    /// How far a rank correlation must change to count.
    pub correlation: Limits,
    /// The folder in which pieces of time are kept for later runs.
    pub history: Option<PathBuf>,
    /// Labels that come later.
    pub labels: LabelSettings,
    /// How both sides are cut into segments.
    pub by: Vec<Cut>,
    /// How many segments a cut may have.
    pub max_segments: NonZeroUsize,
    /// JSON report; none if switched off by `none`.
    pub report: Option<PathBuf>,
    /// HTML report, if wanted.
    pub html: Option<PathBuf>,
    /// Markdown report, if wanted.
    pub markdown: Option<PathBuf>,
    /// JUnit report, if wanted.
    pub junit: Option<PathBuf>,
    /// The verdict alone, if wanted.
    pub verdict_file: Option<PathBuf>,
    /// GitHub annotations, if wanted.
    pub annotations: Option<PathBuf>,
    /// Metrics in Prometheus' text format, if wanted.
    pub metrics_file: Option<PathBuf>,
    /// Where Kubernetes looks for a pod's last words.
    pub termination_log: Option<PathBuf>,
    /// Pushgateway to push to, if wanted.
    pub push_gateway: Option<String>,
    /// Job under which to push.
    pub push_job: String,
    /// How often to repeat the check, if at all.
    pub watch: Option<Span>,
    /// Where to listen meanwhile.
    pub listen: Option<String>,
    /// Thresholds of features without thresholds of their own.
    pub general: FeatureThresholds,
    /// Features with thresholds of their own.
    pub thresholds: BTreeMap<String, FeatureThresholds>,
    /// Rows below which a side is called small.
    pub min_rows: u64,
    /// Which verdict ends with exit code 2.
    pub fail_on: FailOn,
    /// Score from which a row is classed as churned.
    pub class_threshold: Probability,
    /// What somebody set of the check itself, for those who are to check the same.
    pub chosen: Vec<Chosen>,
}

impl DriftSettings {
    /// Whether somebody set this of `drift.`.
    #[must_use]
    pub fn is_chosen(&self, name: &str) -> bool {
        self.chosen.iter().any(|one| one.key == [name])
    }
}

/// A setting of a section that somebody set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its key, part by part: `time`, or `thresholds`, a feature and `fail_psi`.
    pub key: Vec<String>,
    /// What kind of value it takes.
    pub kind: Kind,
    /// Its value.
    pub value: Raw,
}

/// The settings of windows of time, see `drift.time`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSettings {
    /// The column with the time of each row; none for no windows.
    pub time: Option<String>,
    /// Length of a window.
    pub window: Option<Period>,
    /// From the end of a window to that of the next.
    pub every: Option<Period>,
    /// The zone whose midnights count.
    pub zone: Zone,
    /// What each window is compared with.
    pub against: Against,
    /// How many windows at the end are looked at.
    pub last: Option<NonZeroUsize>,
    /// How many of the last windows must FAIL.
    pub alarm: Option<WindowsOfLast>,
    /// How often chance may alarm.
    pub alarm_budget: Option<AlarmBudget>,
    /// From what PSI on a window drifted.
    pub thresholds_from: Option<LimitSource>,
    /// Who set what says nothing without a time column.
    origins: BTreeMap<&'static str, Origin>,
}

impl DriftSettings {
    /// Makes the error for a policy that does not fit to others: 64 for a flag, 78 for the rest.
    #[must_use]
    pub fn misfit_policy(&self, why: &str) -> Error {
        misfit("drift.policy", (&self.policy.0, &self.policy.1), why)
    }

    /// The same for what is looked at beside each column.
    #[must_use]
    pub fn misfit_multivariate(&self, why: &str) -> Error {
        let (mode, origin) = &self.multivariate;
        misfit("drift.multivariate", (mode, origin), why)
    }
}

fn misfit(name: &str, (value, origin): (&dyn Display, &Origin), why: &str) -> Error {
    match origin {
        Origin::Flag(flag) => Error::usage(format!("{flag} {value} {why}")),
        other => other.refuse(name, why),
    }
}

impl WindowSettings {
    /// Returns the first setting, by name, that somebody set and that says nothing without a time
    /// column.
    #[must_use]
    pub fn first_of_windows(&self) -> Option<&'static str> {
        self.origins.keys().next().copied()
    }

    /// Returns whether a setting of windows stands on the command line.
    #[must_use]
    pub fn is_flag(&self, name: &str) -> bool {
        matches!(self.origins.get(name), Some(Origin::Flag(_)))
    }

    /// Makes the error for a setting that does not fit to others: 64 for a flag, 78 for the rest.
    #[must_use]
    pub fn misfit(&self, name: &str, why: &str) -> Error {
        match self.origins.get(name) {
            Some(Origin::Flag(flag)) => Error::usage(format!("{flag} {why}")),
            Some(other) => other.refuse(name, why),
            None => Error::usage(format!("{name} {why}")),
        }
    }
}

/// The thresholds of one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureThresholds {
    /// PSI.
    pub psi: Limits,
    /// Distance in standard deviations.
    pub distance: Limits,
    /// How many times as frequent, or as rare, a single value became.
    pub share_ratio: Limits,
    /// Share of values where the baseline has none.
    pub new_share: Limits,
}

/// From where on something warns, and fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// To warn.
    pub warn: SizeThreshold,
    /// To fail.
    pub fail: SizeThreshold,
}

impl Settings {
    /// Reads every setting from its winning layer.
    ///
    /// # Errors
    /// Fails with 64 on a bad value from a flag, with 78 on one from the environment or the
    /// file, and when a warning threshold that somebody set lies above the failing one.
    pub fn resolve(layers: &Layers) -> Result<Self> {
        let (model, named_by) = layers.required("model")?;
        Ok(Self {
            model,
            model_is_named: !matches!(named_by, Origin::Default),
            columns: ColumnSettings::resolve(layers)?,
            data: DataSettings::resolve(layers)?,
            deadlines: super::deadlines::resolve(layers)?,
            mlflow: MlflowSettings::resolve(layers)?,
            drift: drift(layers)?,
            train: TrainSettings::resolve(layers)?,
            score: ScoreSettings::resolve(layers)?,
            sign: SignSettings::resolve(layers)?,
            serve: super::serve::resolve(layers)?,
            prediction_log: PredictionLogSettings::resolve(layers)?,
            deployment: DeploymentSettings::resolve(layers)?,
            cluster: ClusterSettings::resolve(layers)?,
            retrain: RetrainSettings::resolve(layers)?,
            retrain_chosen: chosen(layers, "retrain.", &OF_A_LISTENER).collect(),
            push: PushSettings::resolve(layers)?,
            alerts: AlertsSettings::resolve(layers)?,
        })
    }
}

/// Settings of windows that say nothing without a time column.
const OF_WINDOWS: [&str; 7] = [
    "drift.alarm",
    "drift.alarm_budget",
    "drift.every",
    "drift.last",
    "drift.thresholds_from",
    "drift.window",
    "drift.history",
];

fn drift(layers: &Layers) -> Result<DriftSettings> {
    let target = |name: &str| -> Result<Option<PathBuf>> {
        let (target, _) = layers.optional::<Target>(name)?;
        Ok(target.and_then(|target| target.path().map(PathBuf::from)))
    };
    let general = SIZES.map(|size| -> Result<(Threshold, Threshold)> {
        let warn = layers.required::<SizeThreshold>(&format!("drift.warn_{size}"))?;
        let fail = layers.required::<SizeThreshold>(&format!("drift.fail_{size}"))?;
        in_order(&format!("drift.warn_{size}"), &warn, &fail)?;
        Ok((warn, fail))
    });
    let limits = |size: &str| -> Result<Limits> {
        let warn_name = format!("drift.warn_{size}");
        let warn: Threshold = layers.required(&warn_name)?;
        let fail: Threshold = layers.required(&format!("drift.fail_{size}"))?;
        in_order(&warn_name, &warn, &fail)?;
        Ok(Limits {
            warn: warn.0,
            fail: fail.0,
        })
    };
    let [psi, distance, share_ratio, new_share] = general;
    let general = [psi?, distance?, share_ratio?, new_share?];
    Ok(DriftSettings {
        baseline: layers.list("drift.baseline")?,
        current: layers.list("drift.current")?,
        features: layers.list("drift.features")?,
        windows: WindowSettings {
            time: layers.optional("drift.time")?.0,
            window: layers.optional("drift.window")?.0,
            every: layers.optional("drift.every")?.0,
            zone: layers.required("drift.time_zone")?.0,
            against: layers.required("drift.against")?.0,
            last: layers.optional("drift.last")?.0,
            alarm: layers.optional("drift.alarm")?.0,
            alarm_budget: layers.optional("drift.alarm_budget")?.0,
            thresholds_from: layers.optional("drift.thresholds_from")?.0,
            origins: OF_WINDOWS
                .into_iter()
                .filter_map(|name| {
                    let (value, origin) = layers.find(Key::named(name)?);
                    value.map(|_| (name, origin))
                })
                .collect(),
        },
        policy: layers.required("drift.policy")?,
        score_move: limits("score_move")?,
        multivariate: layers.required("drift.multivariate")?,
        domain_auc: limits("domain_auc")?,
        correlation: limits("correlation")?,
        history: target("drift.history")?,
        labels: labels(layers)?,
        by: layers.each("drift.by")?,
        max_segments: layers.required("drift.max_segments")?.0,
        report: target("drift.report")?,
        html: target("drift.html")?,
        markdown: target("drift.markdown")?,
        junit: target("drift.junit")?,
        verdict_file: target("drift.verdict_file")?,
        annotations: target("drift.annotations")?,
        metrics_file: target("drift.metrics_file")?,
        termination_log: target("drift.termination_log")?,
        push_gateway: layers.optional("drift.push_gateway")?.0,
        push_job: layers.required("drift.push_job")?.0,
        watch: layers.optional("drift.watch")?.0,
        listen: layers.optional("drift.listen")?.0,
        thresholds: thresholds(layers, &general)?,
        general: FeatureThresholds::of(&general),
        min_rows: layers.required("drift.min_rows")?.0,
        fail_on: layers.required("drift.fail_on")?.0,
        class_threshold: layers.required("drift.class_threshold")?.0,
        chosen: chosen(layers, "drift.", &OF_A_RUN)
            .chain(chosen_of_features(layers))
            .collect(),
    })
}

/// Settings of what a check writes, and when: whoever runs one has their own.
const OF_A_RUN: [&str; 12] = [
    "annotations",
    "html",
    "junit",
    "listen",
    "markdown",
    "metrics_file",
    "push_gateway",
    "push_job",
    "report",
    "termination_log",
    "verdict_file",
    "watch",
];

/// Settings of where the alert webhook listens, and whom it trusts.
const OF_A_LISTENER: [&str; 5] = ["client_ca", "listen", "tls_cert", "tls_key", "token_file"];

fn chosen(layers: &Layers, section: &str, but: &[&str]) -> impl Iterator<Item = Chosen> {
    KEYS.iter().filter_map(move |key| {
        let name = key.name.strip_prefix(section)?;
        let (value, origin) = layers.find(key);
        let is_told = !but.contains(&name) && origin != Origin::Default;
        let value = value.filter(|_| is_told)?;
        Some(Chosen {
            key: vec![name.to_owned()],
            kind: key.kind,
            value,
        })
    })
}

fn chosen_of_features(layers: &Layers) -> impl Iterator<Item = Chosen> {
    layers.file.thresholds.iter().flat_map(|(feature, values)| {
        values.iter().map(|(key, (value, _))| Chosen {
            key: vec!["thresholds".to_owned(), feature.clone(), key.clone()],
            kind: Kind::Number,
            value: value.clone(),
        })
    })
}

type Threshold = (SizeThreshold, Origin);

/// What is judged by size: each has a setting `warn_` and one `fail_`. In the order of
/// [`FeatureThresholds`].
const SIZES: [&str; 4] = ["psi", "distance", "share_ratio", "new_share"];

impl FeatureThresholds {
    fn of(pairs: &[(Threshold, Threshold); SIZES.len()]) -> Self {
        let limits = |at: usize| Limits {
            warn: pairs[at].0.0,
            fail: pairs[at].1.0,
        };
        Self {
            psi: limits(0),
            distance: limits(1),
            share_ratio: limits(2),
            new_share: limits(3),
        }
    }
}

/// A feature that sets some of them takes the others from all features.
fn thresholds(
    layers: &Layers,
    general: &[(Threshold, Threshold); SIZES.len()],
) -> Result<BTreeMap<String, FeatureThresholds>> {
    let mut thresholds = BTreeMap::new();
    for (feature, values) in &layers.file.thresholds {
        let own = |key: &str, general: &Threshold| -> Result<Threshold> {
            let Some((raw, line)) = values.get(key) else {
                return Ok((general.0, Origin::Default));
            };
            let file = layers.file.name.clone();
            let origin = Origin::File { file, line: *line };
            let name = format!("drift.thresholds.{feature}.{key}");
            match raw.to_string().parse() {
                Ok(value) => Ok((value, origin)),
                Err(why) => Err(origin.refuse(&name, &why)),
            }
        };
        let mut pairs = general.clone();
        for (size, (warn, fail)) in SIZES.iter().zip(&mut pairs) {
            *warn = own(&format!("warn_{size}"), warn)?;
            *fail = own(&format!("fail_{size}"), fail)?;
            let name = format!("drift.thresholds.{feature}.warn_{size}");
            in_order(&name, warn, fail)?;
        }
        thresholds.insert(feature.clone(), FeatureThresholds::of(&pairs));
    }
    Ok(thresholds)
}

/// Refuses a warning above the failure, which is a mix-up. A warning that nobody set may be
/// above: who lowers only the failing threshold gets no warnings, as asked.
fn in_order(name: &str, warn: &Threshold, fail: &Threshold) -> Result<(), Error> {
    if warn.0 <= fail.0 || warn.1 == Origin::Default {
        return Ok(());
    }
    let (warned, failed) = (warn.0.get(), fail.0.get());
    // The flag is at fault if either is one: the file alone was in order.
    let origin = match &fail.1 {
        Origin::Flag(_) => &fail.1,
        Origin::Env(_) | Origin::File { .. } | Origin::Default => &warn.1,
    };
    let why = format!("warning from {warned} lies above failing from {failed}");
    Err(origin
        .refuse(name, &why)
        .hint("set both thresholds, the warning one lower"))
}

#[cfg(test)]
mod tests {
    use super::super::{Flags, SettingsFile};
    use super::*;
    use crate::exit::ExitCode;

    fn resolve(flags: Flags, env: &[(&str, &str)], file: &str) -> Result<Settings> {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let file = SettingsFile::parse("churnctl.toml", file)?;
        Settings::resolve(&Layers::new(flags, &env.collect(), Some(file))?)
    }

    #[test]
    fn the_defaults_alone_are_complete() {
        let settings = resolve(Flags::default(), &[], "").expect("defaults");
        assert_eq!(settings.model.as_str(), "churn");
        assert_eq!(settings.columns.label, ["churn_label", "churn"]);
        assert_eq!(
            settings.drift.baseline,
            ["data/features/training_dataset.csv"]
        );
        assert_eq!(settings.drift.general.psi.warn.get(), 0.1);
        assert_eq!(settings.drift.html, None);
        assert_eq!(settings.data.delimiter.byte(), b',');
    }

    #[test]
    fn not_a_number_is_a_usage_error_from_a_flag_and_a_settings_error_elsewhere() {
        let mut flags = Flags::default();
        flags.one("drift.warn_psi", Some("NaN"));
        let error = resolve(flags, &[], "").expect_err("flag");
        assert_eq!(error.code(), ExitCode::Usage);
        let env = [("CHURNCTL_DRIFT_FAIL_PSI", "inf")];
        let error = resolve(Flags::default(), &env, "").expect_err("env");
        assert_eq!(error.code(), ExitCode::BadSettings);
        assert!(
            error
                .to_string()
                .starts_with("CHURNCTL_DRIFT_FAIL_PSI: \"inf\"")
        );
        let error = resolve(Flags::default(), &[], "[drift]\nwarn_psi = nan\n").expect_err("file");
        assert_eq!(error.code(), ExitCode::BadSettings);
        assert_eq!(error.place().and_then(|place| place.line), Some(2));
    }

    #[test]
    fn a_feature_takes_from_all_features_what_it_does_not_set() {
        let file =
            "[drift.thresholds.contract]\nfail_psi = 0.5\n[drift.thresholds.fee]\nwarn_psi = 0.2\n";
        let settings = resolve(Flags::default(), &[], file).expect("valid");
        let contract = settings.drift.thresholds["contract"];
        assert_eq!(
            (contract.psi.warn.get(), contract.psi.fail.get()),
            (0.1, 0.5)
        );
        let fee = settings.drift.thresholds["fee"];
        assert_eq!((fee.psi.warn.get(), fee.psi.fail.get()), (0.2, 0.25));
        assert_eq!(fee.distance, settings.drift.general.distance);
    }

    #[test]
    fn a_warning_above_the_failure_is_refused_unless_nobody_set_it() {
        let mut flags = Flags::default();
        flags.one("drift.warn_psi", Some("0.5"));
        assert_eq!(
            resolve(flags, &[], "").expect_err("mix-up").code(),
            ExitCode::Usage
        );
        let file = "[drift.thresholds.fee]\nwarn_psi = 0.9\n";
        let error = resolve(Flags::default(), &[], file).expect_err("mix-up");
        assert_eq!(error.code(), ExitCode::BadSettings);
        let mut flags = Flags::default();
        flags.one("drift.fail_psi", Some("0.05"));
        assert!(resolve(flags, &[], "").is_ok());
    }

    #[test]
    fn none_switches_a_report_off() {
        let mut flags = Flags::default();
        flags.one("drift.report", Some("none"));
        let settings = resolve(flags, &[], "").expect("valid");
        assert_eq!(settings.drift.report, None);
    }

    #[test]
    fn zero_threads_are_refused() {
        let file = "[drift]\nthreads = 0\n";
        let error = resolve(Flags::default(), &[], file).expect_err("zero");
        assert_eq!(error.code(), ExitCode::BadSettings);
    }
}
