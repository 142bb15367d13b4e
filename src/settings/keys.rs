//! Every setting, in the order of `config show`. Docs and checks are made from this list.

use super::key::{Key, Kind, key};
use super::kubernetes_keys;
use super::sections::{
    AlertsSettings, ClusterSettings, ColumnSettings, DataSettings, MlflowSettings, PushSettings,
    RetrainSettings, ScoreSettings, SignSettings, TrainSettings,
};
use super::serve::{PredictionLogSettings, ServeSettings};
use crate::thresholds::Thresholds;

impl Key {
    /// Returns the key of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// Sections whose flags mean something else in other commands, or nothing.
const OWN_FLAGS: [&str; 12] = [
    "serve.",
    "drift.html",
    "drift.markdown",
    "drift.junit",
    "drift.time",
    "drift.window",
    "drift.every",
    "drift.against",
    "drift.last",
    "drift.alarm",
    "drift.alarm_budget",
    "drift.label_window",
];

/// Returns the key that this long flag (with its dashes) of a command sets: `serve.model` for
/// `--model` of `serve`, or else the one that has the flag for all commands.
#[must_use]
pub fn key_of_flag(command: &str, flag: &str) -> Option<&'static Key> {
    let words = flag.trim_start_matches('-').replace('-', "_");
    let general = |key: &&Key| {
        key.flag == Some(flag) && !OWN_FLAGS.iter().any(|own| key.name.starts_with(own))
    };
    let own = |section: &str| {
        let is_own = |key: &&Key| {
            let name = key.name.strip_prefix(section);
            name.and_then(|name| name.strip_prefix('.')) == Some(&*words)
        };
        KEYS.iter().find(is_own)
    };
    // `alerts test --alertmanager` is a server, not the way in which it is configured.
    let proof = (command == "alerts").then(|| own("proof")).flatten();
    proof
        .or_else(|| own(command))
        .or_else(|| KEYS.iter().find(general))
}

/// Every setting, in the order of `config show`. Beside these there are the tables
/// `[drift.thresholds.FEATURE]` with all that warns and fails.
pub static KEYS: &[Key] = &joined::<COUNT>();

/// The sections in their order.
const SECTIONS: [&[Key]; 18] = [
    MODEL,
    DataSettings::KEYS,
    REMOTES,
    ColumnSettings::KEYS,
    MlflowSettings::KEYS,
    DRIFT,
    TrainSettings::KEYS,
    PushSettings::KEYS,
    SignSettings::KEYS,
    ServeSettings::KEYS,
    PredictionLogSettings::KEYS,
    ScoreSettings::KEYS,
    AlertsSettings::KEYS,
    kubernetes_keys::DEPLOYMENT,
    &THRESHOLDS,
    kubernetes_keys::PLAIN,
    ClusterSettings::KEYS,
    RetrainSettings::KEYS,
];

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < SECTIONS.len() {
        count += SECTIONS[at].len();
        at += 1;
    }
    count
};

const fn joined<const N: usize>() -> [Key; N] {
    let mut keys = [MODEL[0]; N];
    let (mut filled, mut section) = (0, 0);
    while section < SECTIONS.len() {
        let mut at = 0;
        while at < SECTIONS[section].len() {
            keys[filled] = SECTIONS[section][at];
            filled += 1;
            at += 1;
        }
        section += 1;
    }
    keys
}

const THRESHOLDS: [Key; Thresholds::ALL.len()] = {
    let mut keys = [MODEL[0]; Thresholds::ALL.len()];
    let mut at = 0;
    while at < keys.len() {
        let one = Thresholds::ALL[at];
        keys[at] = key(
            one.setting,
            Kind::Number,
            Some(one.default),
            None,
            one.meaning,
        );
        at += 1;
    }
    keys
};

#[rustfmt::skip]
const MODEL: &[Key] = &[
    key("model", Kind::Text, Some("churn"), Some("--model"), "name of the model, the label `model` of the metrics"),
];

/// How long remotes may keep us waiting, see `deadlines.rs`.
#[rustfmt::skip]
const REMOTES: &[Key] = &[
    key("database.connect_timeout", Kind::Text, Some("10s"), None, "PostgreSQL, MySQL, MariaDB, Spark Connect: longest time for a connection, with TLS and login"),
    key("database.first_byte_timeout", Kind::Text, Some("10m"), None, "longest time from a statement to its first row"),
    key("database.idle_timeout", Kind::Text, Some("5m"), None, "longest time from one row to the next"),
    key("database.total_timeout", Kind::Text, Some("2h"), None, "longest time for all that is read over one connection"),
    key("object_store.connect_timeout", Kind::Text, Some("5s"), None, "S3, Google Cloud Storage, Azure: longest time for a connection"),
    key("object_store.first_byte_timeout", Kind::Text, Some("15s"), None, "longest time from a request to the first byte of its answer"),
    key("object_store.idle_timeout", Kind::Text, Some("15s"), None, "longest time without a byte; an answer slower than 64 KiB/s may wait so long in all"),
    key("object_store.total_timeout", Kind::Text, Some("2h"), None, "longest time to wait for one answer in all"),
    key("http.connect_timeout", Kind::Text, Some("5s"), None, "Pushgateway, Prometheus, Alertmanager, MLflow, collector, Kubernetes: longest time for a connection"),
    key("http.first_byte_timeout", Kind::Text, Some("30s"), None, "longest time from a request to the head of its answer"),
    key("http.idle_timeout", Kind::Text, Some("30s"), None, "longest time without a byte, before an answer or within it"),
    key("http.total_timeout", Kind::Text, Some("10s"), None, "longest time for one attempt, where push.timeout, mlflow.deadline or a command's own --deadline doesn't say otherwise"),
];

/// The drift check, see `resolved.rs`.
#[rustfmt::skip]
const DRIFT: &[Key] = &[
    key("drift.baseline", Kind::List, Some("data/features/training_dataset.csv"), Some("--baseline"), "baseline: a profile, files, folders or glob patterns"),
    key("drift.current", Kind::List, Some("data/features/user_features_daily.csv"), Some("--current"), "current data: a profile, files, folders or glob patterns"),
    key("drift.features", Kind::List, Some(""), Some("--features"), "columns to compare; empty for all that are features"),
    key("drift.time", Kind::Text, None, Some("--time"), "column with the time of each row, by which the current side is cut into windows"),
    key("drift.window", Kind::Text, None, Some("--window"), "length of a window: hours, days, weeks or months of the calendar; unset for 1d"),
    key("drift.every", Kind::Text, None, Some("--every"), "from the end of a window to that of the next; unset for the length of a window"),
    key("drift.time_zone", Kind::Text, Some("UTC"), Some("--time-zone"), "zone whose midnights and months windows begin at"),
    key("drift.against", Kind::Text, Some("baseline"), Some("--against"), "what each window is compared with: baseline, previous or trailing:N"),
    key("drift.last", Kind::Count, None, Some("--last"), "how many windows at the end are looked at; unset for all"),
    key("drift.alarm", Kind::Text, None, Some("--alarm"), "how many of the last windows must FAIL for the run to FAIL, such as 2/3; unset for one of all"),
    key("drift.alarm_budget", Kind::Text, None, Some("--alarm-budget"), "how often chance may make a run over windows FAIL, such as 1/year"),
    key("drift.thresholds_from", Kind::Text, None, Some("--thresholds"), "from what PSI on a window drifted: mean + 3 sd of the baseline's own windows (windows), that and what is set (both), or what is set (fixed); unset for fixed").one_of(&["fixed", "windows", "both"]),
    key("drift.policy", Kind::Text, Some("statistics"), Some("--policy"), "by what a column that drifts is judged: its distribution (statistics), how far it moves the model's score (consequence), or both").one_of(&["statistics", "consequence", "both"]),
    key("drift.multivariate", Kind::Text, Some("off"), Some("--multivariate"), "what is looked at beside each column by itself: how pairs of number columns hang together (correlation), that and whether rows of both sides can be told apart (all), or nothing").one_of(&["off", "correlation", "all"]),
    key("drift.history", Kind::Text, None, Some("--history"), "folder in which counted pieces of time are kept, so that later runs read what is new; `none` keeps none"),
    key("drift.labels", Kind::List, Some(""), Some("--labels"), "labels that came later: files, folders, glob patterns or a database"),
    key("drift.join", Kind::Text, None, Some("--join"), "columns by which predictions and labels know each other, such as user_id,snapshot_date or user_id=customer_id"),
    key("drift.label_window", Kind::Text, None, Some("--label-window"), "how long after a prediction its label may come"),
    key("drift.label_time", Kind::Text, None, Some("--label-time"), "column with the time of a label"),
    key("drift.labels_until", Kind::Text, None, Some("--labels-until"), "until when the labels are whole; unset for the time of the latest"),
    key("drift.unmatched", Kind::Text, None, Some("--unmatched"), "what a prediction without a label is once its window has closed: negative or drop").one_of(&["negative", "drop"]),
    key("drift.prediction_time", Kind::Text, None, Some("--prediction-time"), "column with the time of a prediction; unset for that of --time"),
    key("drift.join_memory", Kind::Text, Some("256MB"), Some("--join-memory"), "memory that the join of labels may take; what is more goes to temporary files"),
    key("drift.joined_by", Kind::Text, Some("here"), Some("--joined-by"), "who joins labels and predictions: `here`, or the `database` that holds both").one_of(&["here", "database"]),
    key("drift.by", Kind::List, Some(""), Some("--by"), "how both sides are cut into segments: columns, such as `contract,region`, or a condition, such as `tenure < 12`; each by itself"),
    key("drift.max_segments", Kind::Count, Some("1000"), Some("--max-segments"), "how many segments a cut may have"),
    key("drift.report", Kind::Text, Some("artifacts/metrics/data_drift_latest.json"), Some("--report"), "JSON report; `none` writes none"),
    key("drift.html", Kind::Text, None, Some("--html"), "HTML report"),
    key("drift.markdown", Kind::Text, None, Some("--markdown"), "Markdown report"),
    key("drift.junit", Kind::Text, None, Some("--junit"), "JUnit report"),
    key("drift.verdict_file", Kind::Text, None, Some("--verdict-file"), "file for the verdict alone: OK, WARN, FAIL or TOO_FEW_ROWS"),
    key("drift.annotations", Kind::Text, None, Some("--annotations"), "GitHub annotations, the ten worst"),
    key("drift.termination_log", Kind::Text, Some("/dev/termination-log"), None, "where Kubernetes looks for a pod's last words; written only if it exists"),
    key("drift.metrics_file", Kind::Text, None, Some("--metrics-file"), "metrics in Prometheus' text format"),
    key("drift.push_gateway", Kind::Text, None, Some("--push-gateway"), "Pushgateway that a check pushes its metrics to"),
    key("drift.push_job", Kind::Text, Some("churn-drift"), None, "job under which a check pushes its metrics"),
    key("drift.watch", Kind::Text, None, Some("--watch"), "how often the check is repeated; unset for once"),
    key("drift.listen", Kind::Text, None, None, "address at which a repeated check shows its metrics and its report"),
    key("drift.warn_psi", Kind::Number, Some("0.1"), Some("--warn-psi"), "PSI from which a feature warns"),
    key("drift.fail_psi", Kind::Number, Some("0.25"), Some("--fail-psi"), "PSI from which a feature fails"),
    key("drift.warn_distance", Kind::Number, Some("0.05"), Some("--warn-distance"), "distance in standard deviations of the baseline from which a feature warns"),
    key("drift.fail_distance", Kind::Number, Some("0.5"), Some("--fail-distance"), "distance in standard deviations of the baseline from which a feature fails"),
    key("drift.warn_share_ratio", Kind::Number, Some("1.5"), Some("--warn-share-ratio"), "how many times as frequent, or as rare, a single value must have become to warn"),
    key("drift.fail_share_ratio", Kind::Number, Some("4"), Some("--fail-share-ratio"), "how many times as frequent, or as rare, a single value must have become to fail"),
    key("drift.warn_new_share", Kind::Number, Some("0.01"), Some("--warn-new-share"), "share of current values beyond the baseline's range or in its gaps from which a feature warns, and least share of a single value whose ratio warns"),
    key("drift.fail_new_share", Kind::Number, Some("0.1"), Some("--fail-new-share"), "share of current values beyond the baseline's range or in its gaps from which a feature fails, and least share of a single value whose ratio fails"),
    key("drift.warn_score_move", Kind::Number, Some("0.05"), None, "how far a column must move the model's score, in standard deviations of the baseline's scores, to be felt"),
    key("drift.fail_score_move", Kind::Number, Some("0.1"), None, "how far a column must move the model's score, in standard deviations of the baseline's scores, to fail by --policy consequence"),
    key("drift.warn_domain_auc", Kind::Number, Some("0.55"), None, "ROC AUC by which rows of both sides are told apart from which --multivariate all warns"),
    key("drift.fail_domain_auc", Kind::Number, Some("0.65"), None, "ROC AUC by which rows of both sides are told apart from which --multivariate all fails"),
    key("drift.warn_correlation", Kind::Number, Some("0.2"), None, "change of the rank correlation of two columns from which --multivariate warns"),
    key("drift.fail_correlation", Kind::Number, Some("0.5"), None, "change of the rank correlation of two columns from which --multivariate fails"),
    key("drift.min_rows", Kind::Count, Some("100"), Some("--min-rows"), "rows below which a side is too small to tell"),
    key("drift.fail_on", Kind::Text, Some("fail"), Some("--fail-on"), "verdict that ends with exit code 2: fail, warn or never"),
    key("drift.class_threshold", Kind::Number, Some("0.5"), Some("--class-threshold"), "score from which a row is classed as churned; where it is not set, that of the model in the baseline"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_names_follow_from_the_dotted_names() {
        let key = Key::named("drift.warn_psi").expect("a known key");
        assert_eq!(key.env_name(), "CHURNCTL_DRIFT_WARN_PSI");
    }

    #[test]
    fn names_flags_and_environment_names_are_unique() {
        for (at, one) in KEYS.iter().enumerate() {
            for other in &KEYS[at + 1..] {
                assert_ne!(one.name, other.name);
                assert_ne!(one.env_name(), other.env_name());
                let own = |key: &Key| OWN_FLAGS.iter().any(|own| key.name.starts_with(own));
                let same = one.flag.is_some() && one.flag == other.flag;
                assert!(!same || own(one) || own(other), "{}", one.name);
            }
        }
    }
}
