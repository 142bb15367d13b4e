//! A rule's file as it is written: `rules/NAME.yaml`. What is filled in between `${` and `}` is in `fill.rs`.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::rule::{Layer, Severity};

macro_rules! embed {
    ($($name:literal)*) => {
        /// Name and text of every rule's file, in the order in which rules and runbooks list them.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("rules/", $name, ".yaml")))),*];
    };
}

embed! {
    "HighNodeCPUUsage" "HighNodeMemoryUsage" "NodeDiskAlmostFull" "NodeNetworkErrors"
    "NodeNotReady" "NodeExporterAbsent"
    "PodNotRunning" "PodCrashLooping" "FrequentPodRestarts" "DeploymentReplicasMismatch"
    "DeploymentUnavailable" "HPAMaxedOut" "KubeStateMetricsAbsent" "ContainerMetricsAbsent"
    "ContainerCPUNearLimit" "ContainerMemoryNearLimit" "ContainerOOMKilled" "ChurnJobOOMKilled"
    "ChurnVolumeAlmostFull" "KubeletAbsent"
    "KServeHighErrorRate" "KServeHighLatencyP95Warning" "KServeHighLatencyP95Critical"
    "KServeTrafficStopped"
    "ChurnApiDown" "ChurnApiHighErrorRate" "ChurnApiHighLatencyP95" "ChurnApiErrorBudgetBurn"
    "ChurnApiErrorBudgetBurn6h" "ChurnApiErrorBudgetBurn1d"
    "PredictionDistributionShift" "ChurnUnseenCategories" "ModelDataDrift" "ModelSegmentDrift" "ModelConceptDrift"
    "ModelEstimatedPerformanceLow" "ChurnDriftScoreAbsent"
    "TestAlert"
    "ChurnDataDriftJobFailed" "ChurnJobFailed" "ChurnJobStale" "ChurnRetrainStale"
    "ChurnCronJobSuspended" "ChurnPushStale" "ChurnPushRejected" "ChurnDriftCheckStale" "ChurnDriftWindowOverdue"
    "ChurnPredictionLogLoss" "ChurnModelReloadRefused" "ChurnRetrainHookDown" "ChurnRetrainHookFailing"
    "ChurnWatchdog"
}

/// A text with the place where it stands.
pub(super) type Text = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) rule: RuleEntry,
    #[serde(default = "yes")]
    pub(super) on_by_default: bool,
    /// What must be there for the rule to mean anything; of `a|b` either.
    #[serde(default)]
    pub(super) needs: Vec<String>,
    /// Between two evaluations in the tests of a rule that looks back for hours.
    #[serde(default)]
    pub(super) evaluation_interval: Option<Text>,
    pub(super) runbook: Runbook,
    /// Numbers of this file by name.
    #[serde(default)]
    pub(super) values: BTreeMap<String, Text>,
    pub(super) tests: Vec<Test>,
}

const fn yes() -> bool {
    true
}

/// The rule as Prometheus reads it; `runbook_url` and the label `namespace` are added to all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    pub(super) alert: String,
    pub(super) expr: Text,
    #[serde(rename = "for")]
    pub(super) hold: Text,
    pub(super) labels: Labels,
    pub(super) annotations: Annotations,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    #[serde(default)]
    pub(super) action: Option<Action>,
    pub(super) layer: Layer,
    pub(super) severity: Severity,
}

/// What an alert starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// A retrain.
    Retrain,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Annotations {
    pub(super) summary: Text,
    pub(super) description: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runbook {
    pub(super) meaning: String,
    pub(super) impact: String,
    /// Why it may wake somebody: of critical alerts, and only of those.
    #[serde(default)]
    pub(super) page_because: Option<String>,
    pub(super) first_command: Text,
    pub(super) first_query: Text,
    pub(super) fix: Vec<Text>,
}

/// A test of promtool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// `fires: ...`, `silent: ...` or `no data: ...`.
    pub(super) name: Text,
    /// Between the values of a series; a minute unless it is said.
    #[serde(default)]
    pub(super) interval: Option<Text>,
    #[serde(default)]
    pub(super) input_series: Vec<Series>,
    pub(super) alert_rule_test: Vec<Check>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Series {
    pub(super) series: Text,
    pub(super) values: Text,
    /// The series is there only where this is not 0.
    #[serde(default)]
    pub(super) when: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) eval_time: Text,
    pub(super) exp_alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    /// Labels beside those of the rule.
    pub(super) exp_labels: BTreeMap<String, Text>,
    /// The value of the expression, where the description shows it.
    #[serde(default)]
    pub(super) value: Option<Text>,
}

/// Reads a file.
///
/// # Errors
/// Fails, with file and line, if it is not YAML of this form or has another name than its alert.
pub(super) fn parse(name: &str, text: &str) -> Result<RuleFile> {
    let wrong =
        |message: String| Error::new(ExitCode::Bug, format!("rules/{name}.yaml: {message}"));
    let file: RuleFile = serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if file.rule.alert != name {
        return Err(wrong(format!("the alert is called {}", file.rule.alert)));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalogue/rules");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .expect("list")
            .map(|entry| {
                entry
                    .expect("entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        there.retain(|name| name.ends_with(".yaml"));
        there.sort();
        let mut embedded: Vec<String> = FILES
            .iter()
            .map(|(name, _)| format!("{name}.yaml"))
            .collect();
        embedded.sort();
        assert_eq!(there, embedded);
    }

    #[test]
    fn keys_that_nobody_knows_are_refused_on_every_level() {
        let (name, text) = FILES[0];
        assert!(parse(name, text).is_ok());
        for (known, unknown) in [
            ("runbook:", "runbok: 1\nrunbook:"),
            ("  alert:", "  alrt: 1\n  alert:"),
            ("    layer:", "    team: 1\n    layer:"),
            ("    summary:", "    summry: 1\n    summary:"),
            ("  meaning:", "  impct: 1\n  meaning:"),
            ("  - name:", "  - nme: 1\n    name:"),
            ("      - series:", "      - sries: 1\n        series:"),
            (
                "      - eval_time:",
                "      - eval_tme: 1\n        eval_time:",
            ),
            (
                "          - exp_labels:",
                "          - exp_lbels: 1\n            exp_labels:",
            ),
        ] {
            let changed = text.replacen(known, unknown, 1);
            assert_ne!(changed, text, "{known}");
            let line = 1 + changed
                .find(unknown)
                .map_or(0, |at| changed[..at].matches('\n').count());
            let error = parse(name, &changed).expect_err(unknown).to_string();
            assert!(error.contains("unknown field"), "{error}");
            assert!(error.contains(&format!("line {line}")), "{line}: {error}");
        }
        assert!(parse("Other", text).is_err());
    }
}
