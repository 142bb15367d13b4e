//! The registry of settings: name, type, default, flag and help of each. Docs and checks are made from it.

/// What kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// Texts: an array in the file, separated by commas elsewhere.
    List,
    /// A number.
    Number,
    /// A whole number.
    Count,
}

impl Kind {
    /// Returns what the kind is called in messages, with its article.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::List => "a list of texts",
            Self::Number => "a number",
            Self::Count => "a whole number",
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted name, as in the settings file.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The default, written as on the command line; none for settings that are unset by default.
    pub default: Option<&'static str>,
    /// The flag that sets it, if there is one.
    pub flag: Option<&'static str>,
    /// One line of help.
    pub help: &'static str,
}

impl Key {
    /// Returns the environment variable: `drift.warn_psi` is `CHURNCTL_DRIFT_WARN_PSI`.
    #[must_use]
    pub fn env_name(&self) -> String {
        format!("CHURNCTL_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Returns the key of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// Returns the key that this long flag (with its dashes) sets.
#[must_use]
pub fn key_of_flag(flag: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.flag == Some(flag))
}

const fn key(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    flag: Option<&'static str>,
    help: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        flag,
        help,
    }
}

/// Every setting, in the order of `config show`. Beside these there are the tables
/// `[drift.thresholds.FEATURE]` with `warn_psi` and `fail_psi`.
#[rustfmt::skip]
pub static KEYS: &[Key] = &[
    key("model", Kind::Text, Some("churn"), Some("--model"), "name of the model, the label `model` of the metrics"),
    key("data.score", Kind::Text, None, Some("--score"), "column with the model's score"),
    key("data.label", Kind::Text, None, Some("--label"), "column with the label"),
    key("data.positive", Kind::Text, None, Some("--positive"), "value of the label that means churned"),
    key("data.delimiter", Kind::Text, Some(","), Some("--delimiter"), "character between the fields of a CSV line; `tab` for a tab"),
    key("data.threads", Kind::Count, None, Some("--threads"), "threads; unset for as many as there are cores"),
    key("columns.label", Kind::List, Some("churn_label,churn"), None, "columns that are taken for the label"),
    key("columns.id", Kind::List, Some("user_id"), Some("--id"), "columns that are taken for ids"),
    key("columns.date", Kind::List, Some("as_of_date,signup_date,snapshot_date"), None, "columns that are taken for dates"),
    key("columns.score", Kind::List, Some("churn_risk"), None, "columns that are taken for the model's score"),
    key("columns.exclude", Kind::List, Some(""), Some("--exclude"), "columns that are no features"),
    key("columns.categorical", Kind::List, Some(""), Some("--categorical"), "columns that hold categories, even if they look like numbers"),
    key("drift.baseline", Kind::List, Some("data/features/training_dataset.csv"), Some("--baseline"), "baseline: a profile, files, folders or glob patterns"),
    key("drift.current", Kind::List, Some("data/features/user_features_daily.csv"), Some("--current"), "current data: a profile, files, folders or glob patterns"),
    key("drift.features", Kind::List, Some(""), Some("--features"), "columns to compare; empty for all that are features"),
    key("drift.report", Kind::Text, Some("artifacts/metrics/data_drift_latest.json"), Some("--report"), "JSON report; `none` writes none"),
    key("drift.html", Kind::Text, None, Some("--html"), "HTML report"),
    key("drift.markdown", Kind::Text, None, Some("--markdown"), "Markdown report"),
    key("drift.junit", Kind::Text, None, Some("--junit"), "JUnit report"),
    key("drift.termination_log", Kind::Text, Some("/dev/termination-log"), None, "where Kubernetes looks for a pod's last words; written only if it exists"),
    key("drift.metrics_file", Kind::Text, None, Some("--metrics-file"), "metrics in Prometheus' text format"),
    key("drift.warn_psi", Kind::Number, Some("0.1"), Some("--warn-psi"), "PSI from which a feature warns"),
    key("drift.fail_psi", Kind::Number, Some("0.25"), Some("--fail-psi"), "PSI from which a feature fails"),
    key("drift.min_rows", Kind::Count, Some("100"), Some("--min-rows"), "rows below which a side is called small"),
    key("drift.fail_on", Kind::Text, Some("fail"), Some("--fail-on"), "verdict that ends with exit code 2: fail, warn or never"),
    key("drift.class_threshold", Kind::Number, Some("0.5"), Some("--class-threshold"), "score from which a row is classed as churned"),
    key("train.data", Kind::List, Some("data/features/training_dataset.csv"), None, "tables to train from"),
    key("train.time", Kind::Text, None, Some("--time"), "column with the time of each row; unset for the first of columns.date that the data have, `none` for a split by chance"),
    key("train.group", Kind::Text, None, Some("--group"), "column whose rows stay together in one split"),
    key("train.label_window", Kind::Text, Some("30d"), Some("--label-window"), "how long after its time a row's label is known"),
    key("train.seed", Kind::Count, Some("42"), Some("--seed"), "seed of everything random"),
    key("train.model", Kind::Text, Some("auto"), None, "learner: auto, logistic or trees"),
    key("train.preset", Kind::Text, None, Some("--preset"), "settings of a known system: python"),
    key("train.cost_fn", Kind::Number, None, Some("--cost-fn"), "cost of a missed churner"),
    key("train.cost_fp", Kind::Number, None, Some("--cost-fp"), "cost of a false alarm"),
    key("train.capacity", Kind::Count, None, Some("--capacity"), "rows that can be acted upon, of as many as the test split has"),
    key("train.min_precision", Kind::Number, None, Some("--min-precision"), "lowest precision of the class"),
    key("train.promote", Kind::Text, Some("if-better"), Some("--promote"), "whether the candidate goes into production: if-better, always or never"),
    key("train.artifacts", Kind::Text, Some("artifacts"), Some("--artifacts"), "folder for models, metrics and the registry"),
    key("train.html", Kind::Text, None, None, "HTML report of a training"),
    key("score.data", Kind::List, Some("data/features/user_features_daily.csv"), None, "tables to score"),
    key("score.model", Kind::Text, Some("artifacts/models/production_latest.json"), None, "model artifact to score with"),
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
                assert!(one.flag.is_none() || one.flag != other.flag, "{}", one.name);
            }
        }
    }
}
