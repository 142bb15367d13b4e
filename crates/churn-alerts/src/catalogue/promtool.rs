//! Rules and cases in Prometheus' own form: rule groups, and the test files that promtool runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::expand::expand;
use super::options::Options;
use super::rule::{Layer, Rule, prometheus_duration};

/// A rules file, and the `spec` of a PrometheusRule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFile {
    /// The groups.
    pub groups: Vec<RuleGroup>,
}

/// A group of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleGroup {
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<RuleText>,
}

/// One alert rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleText {
    /// The alert's name.
    pub alert: String,
    /// PromQL.
    pub expr: String,
    /// How long the expression must hold.
    #[serde(rename = "for")]
    pub hold: String,
    /// Labels of the alert.
    pub labels: BTreeMap<String, String>,
    /// Texts of the alert.
    pub annotations: BTreeMap<String, String>,
}

/// A file that `promtool test rules` runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestFile {
    rule_files: Vec<String>,
    evaluation_interval: String,
    tests: Vec<TestGroup>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct TestGroup {
    name: String,
    interval: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    input_series: Vec<InputSeries>,
    alert_rule_test: Vec<AlertTest>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct InputSeries {
    series: String,
    values: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AlertTest {
    alertname: String,
    eval_time: String,
    exp_alerts: Vec<ExpectedAlert>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ExpectedAlert {
    exp_labels: BTreeMap<String, String>,
    exp_annotations: BTreeMap<String, String>,
}

/// Returns the groups of these rules, one a layer.
#[must_use]
pub fn groups(rules: &[Rule], options: &Options) -> RuleFile {
    let groups = Layer::ALL.into_iter().map(|layer| RuleGroup {
        name: layer.group(),
        rules: rules
            .iter()
            .filter(|rule| rule.layer == layer)
            .map(|rule| text(rule, options))
            .collect(),
    });
    RuleFile {
        groups: groups.filter(|group| !group.rules.is_empty()).collect(),
    }
}

fn text(rule: &Rule, options: &Options) -> RuleText {
    RuleText {
        alert: rule.name.to_owned(),
        expr: rule.expr.clone(),
        hold: prometheus_duration(rule.for_seconds),
        labels: rule.labels(options).into_iter().collect(),
        annotations: annotations(rule, options, rule.description.clone()),
    }
}

fn annotations(rule: &Rule, options: &Options, description: String) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("summary".to_owned(), rule.summary.clone()),
        ("description".to_owned(), description),
        ("runbook_url".to_owned(), rule.runbook_url(options)),
    ])
}

/// Returns the cases of a rule as a file for `promtool test rules`; the rules are in `rules.yml` above its folder.
#[must_use]
pub fn test_file(rule: &Rule, options: &Options) -> TestFile {
    // A day of evaluations a minute apart would make the proof of one rule take seconds.
    let between = match rule.for_seconds {
        hold if rule
            .evaluation_seconds
            .is_some_and(|own| hold > 0 && hold.is_multiple_of(own)) =>
        {
            rule.evaluation_seconds.unwrap_or(hold)
        }
        short @ 0..=60 => short.div_ceil(2).max(1),
        ..21_600 => 60,
        _ => 1800,
    };
    TestFile {
        rule_files: vec!["../rules.yml".to_owned()],
        evaluation_interval: prometheus_duration(between),
        tests: rule
            .cases
            .iter()
            .map(|case| TestGroup {
                name: format!("{}: {}", case.kind.as_str(), case.name),
                interval: prometheus_duration(case.interval_seconds),
                input_series: case
                    .series
                    .iter()
                    .map(|(series, values)| InputSeries {
                        series: series.clone(),
                        values: values.clone(),
                    })
                    .collect(),
                alert_rule_test: case
                    .checks
                    .iter()
                    .map(|check| AlertTest {
                        alertname: rule.name.to_owned(),
                        eval_time: prometheus_duration(check.at_seconds),
                        exp_alerts: check
                            .alerts
                            .iter()
                            .map(|alert| {
                                let mut labels: BTreeMap<_, _> =
                                    alert.labels.iter().cloned().collect();
                                labels.extend(rule.labels(options));
                                let seen: Vec<_> = labels.clone().into_iter().collect();
                                let said = expand(&rule.description, &seen, alert.value);
                                ExpectedAlert {
                                    exp_labels: labels,
                                    exp_annotations: annotations(rule, options, said),
                                }
                            })
                            .collect(),
                    })
                    .collect(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use churn_base::thresholds::Thresholds;

    use super::super::CaseKind;
    use super::super::Severity;
    use super::super::rules::{all, rules};
    use super::*;

    fn write(folder: &Path, name: &str, value: &impl Serialize) {
        let text = serde_saphyr::to_string(value).expect("serialises");
        std::fs::write(folder.join(name), text).expect("write");
    }

    /// Runs promtool over all cases; says why where it is not installed.
    #[expect(clippy::print_stderr, reason = "a test has nowhere else to say it")]
    fn prove(options: &Options) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let rules = all(options).expect("rules");
        write(folder.path(), "rules.yml", &groups(&rules, options));
        let mut files = Vec::new();
        for rule in &rules {
            // By itself: promtool evaluates every rule of the file all the time.
            let own = folder.path().join(rule.name);
            std::fs::create_dir_all(own.join("tests")).expect("make the folder");
            let alone = std::slice::from_ref(rule);
            write(&own, "rules.yml", &groups(alone, options));
            write(&own, "tests/own.yml", &test_file(rule, options));
            files.push(format!("{}/tests/own.yml", rule.name));
        }
        let run = |args: &[&str], files: &[String]| {
            let mut command = Command::new("promtool");
            command.args(args).args(files).current_dir(folder.path());
            match command.output() {
                Err(error) => eprintln!("skipped: cannot run promtool: {error}"),
                Ok(output) => assert!(
                    output.status.success(),
                    "{}{}",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                ),
            }
        };
        run(&["check", "rules", "--lint=all", "rules.yml"], &[]);
        run(&["test", "rules"], &files);
    }

    #[test]
    fn promtool_proves_every_rule() {
        prove(&Options::default());
    }

    #[test]
    fn the_cases_follow_the_settings() {
        let mut options = Options {
            namespace: "prod-2".to_owned(),
            api_job: "scores".to_owned(),
            drift_cronjob: "team.a.drift-hourly".to_owned(),
            score_cronjob: "score-it".to_owned(),
            ..Options::default()
        };
        let mut thresholds = Thresholds::default();
        for (name, value) in [
            ("node_cpu_ratio", 0.7),
            ("node_memory_ratio", 0.66),
            ("node_disk_free_ratio", 0.03),
            ("pod_restarts", 10.0),
            ("container_limit_ratio", 0.77),
            ("api_error_ratio", 0.013),
            ("api_latency_seconds", 0.03),
            ("api_slo_ratio", 0.99),
            ("requests_per_second", 2.0),
            ("prediction_shift", 0.15),
            ("predictions", 1000.0),
            ("drift_psi", 0.25),
            ("auc_drop", 0.02),
            ("labelled_rows", 1000.0),
            ("daily_stale_seconds", 50_000.0),
        ] {
            assert!(thresholds.set(name, value), "{name}");
        }
        options.thresholds = thresholds;
        for (name, seconds) in [
            ("ModelDataDrift", 1800),
            ("ChurnApiDown", 600),
            ("NodeNotReady", 300),
            ("ChurnCronJobSuspended", 48 * 3600),
        ] {
            options.for_seconds.insert(name.to_owned(), seconds);
        }
        prove(&options);
    }

    #[test]
    fn any_time_that_a_rule_may_have_makes_cases() {
        for seconds in [1, 30, 59, 60, 61, 119, 120, 3600, 10 * 365 * 86_400] {
            let named = super::super::names().into_iter();
            let options = Options {
                for_seconds: named.map(|name| (name.to_owned(), seconds)).collect(),
                ..Options::default()
            };
            for rule in all(&options).expect("rules") {
                assert_eq!(rule.for_seconds, seconds);
                assert!(!test_file(&rule, &options).tests.is_empty());
            }
        }
    }

    #[test]
    fn only_what_has_a_reason_may_wake_somebody() {
        for rule in all(&Options::default()).expect("rules") {
            let wakes = rule.severity == Severity::Critical && rule.name != "TestAlert";
            assert_eq!(rule.page_because.is_some(), wakes, "{}", rule.name);
        }
    }

    #[test]
    fn rules_need_what_a_deployment_may_have_and_are_off_without_it() {
        let mut options = Options::default();
        for rule in all(&options).expect("rules") {
            for need in rule.needs.iter().flat_map(|need| need.split('|')) {
                assert!(
                    super::super::SOURCES.contains(&need),
                    "{}: {need}",
                    rule.name
                );
            }
        }
        options.sources = ["jobs"].into();
        options.enabled.insert("ChurnApiDown".to_owned());
        let on = rules(&options).expect("rules");
        let on: Vec<&str> = on.iter().map(|rule| rule.name).collect();
        // What somebody asks for is there; what looks at nothing that is missing, too.
        assert_eq!(
            on,
            [
                "ChurnApiDown",
                "ModelDataDrift",
                "ModelSegmentDrift",
                "ModelConceptDrift",
                "ModelEstimatedPerformanceLow",
                "ChurnDriftScoreAbsent",
                "ChurnDriftWindowOverdue",
                "ChurnWatchdog"
            ]
        );
    }

    #[test]
    fn every_rule_fires_stays_silent_and_says_what_no_data_does() {
        for rule in all(&Options::default()).expect("rules") {
            let has = |kind| rule.cases.iter().any(|case| case.kind == kind);
            assert!(has(CaseKind::NoData), "{}", rule.name);
            // They have no condition, so that they can neither be silent nor lack data.
            if !["TestAlert", "ChurnWatchdog"].contains(&rule.name) {
                assert!(
                    has(CaseKind::Fires) && has(CaseKind::Silent),
                    "{}",
                    rule.name
                );
            }
        }
    }
}
