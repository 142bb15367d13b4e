//! Runs the checks over a library and leaves out what comments switch off.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use promql_parser::parser::Expr;
use serde::Serialize;

use super::check::{Context, Finding, Findings, Severity, View};
use super::comments::{Disable, disables};
use super::matcher_typo::as_meant;
use super::options::LintOptions;
use super::registry::CHECKS;
use crate::library::Library;
use crate::promql::{self, Facts, Shape};
use crate::routing::Configuration;
use crate::rule::{Rule, RuleKind};

/// A finding that a comment switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Id of the check.
    pub check: &'static str,
    /// The file.
    pub file: String,
    /// The line of the finding.
    pub line: u64,
    /// The rule.
    pub rule: Option<String>,
    /// Why, as the comment says.
    pub reason: String,
}

/// What the lint came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintReport {
    /// The worst finding; none if there is none.
    pub status: &'static str,
    /// Files that were read.
    pub files: usize,
    /// Rules that were looked at.
    pub rules: usize,
    /// What is wrong, by file and line.
    pub findings: Vec<Finding>,
    /// What comments switched off.
    pub suppressed: Vec<Suppressed>,
}

impl LintReport {
    /// Returns the worst finding's severity.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.status).max()
    }

    /// Returns how many findings are as bad as this.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.status == severity)
            .count()
    }
}

/// Checks everything in the library.
#[must_use]
pub fn lint(library: &Library, options: &LintOptions) -> LintReport {
    let parsed: Vec<(&Rule, Expr)> = library
        .rules
        .iter()
        .filter_map(|rule| Some((rule, promql::parse(&rule.expr.value).ok()?)))
        .collect();
    let facts = facts(&parsed, options, false);
    let views: Vec<View<'_>> = parsed
        .iter()
        .map(|(rule, expr)| View::new(rule, expr, &facts))
        .collect();
    let alerts = views
        .iter()
        .filter(|view| view.rule.kind == RuleKind::Alert);
    let context = Context {
        library,
        alerts: alerts.collect(),
        all: views.iter().collect(),
        facts: &facts,
        certain: OnceCell::new(),
        meant: OnceCell::new(),
        parsed: &parsed,
        options,
        checks: CHECKS,
    };
    let found = findings(&context);
    report(library, found)
}

impl Context<'_> {
    /// Returns what is known of the result of a rule's expression without guesses at ranges of values by names.
    pub(super) fn certain_shape(&self, view: &View<'_>) -> Shape {
        let facts = self
            .certain
            .get_or_init(|| facts(self.parsed, self.options, true));
        View::new(view.rule, view.expr, facts).tree.shape
    }

    /// Returns the configurations as they were meant: a typo in a route is told there
    /// (`matcher-typo`), and is not a fault of every rule that the route is for.
    pub(super) fn meant(&self) -> &[Configuration] {
        self.meant.get_or_init(|| as_meant(self))
    }
}

/// Returns what is known of metrics: what the options say, and what recording rules make.
fn facts(parsed: &[(&Rule, Expr)], options: &LintOptions, is_certain: bool) -> Facts {
    let mut facts = Facts {
        metadata: options.metadata.clone(),
        is_certain,
        ..Facts::default()
    };
    // Records may be made of records that stand further down.
    for _ in 0..2 {
        let mut records: BTreeMap<String, Shape> = BTreeMap::new();
        let recording = parsed.iter();
        for (rule, expr) in recording.filter(|(rule, _)| rule.kind == RuleKind::Record) {
            let labels = rule.labels.iter();
            let labels = labels.map(|(name, value)| (name.as_str(), value.value.as_str()));
            let shape = View::new(rule, expr, &facts).tree.shape.recorded(labels);
            let shape = match records.remove(&rule.name) {
                Some(other) => other.or(shape),
                None => shape,
            };
            records.insert(rule.name.clone(), shape);
        }
        facts.records = records;
    }
    facts
}

fn findings(context: &Context<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    for check in context.checks {
        if context.options.disabled.iter().any(|id| id == check.id) {
            continue;
        }
        let mut findings = Findings {
            check: check.id,
            found: Vec::new(),
        };
        (check.run)(context, &mut findings);
        all.extend(findings.found);
    }
    all
}

/// Leaves out what comments switch off, and puts the rest in order.
fn report(library: &Library, all: Vec<Finding>) -> LintReport {
    let disables: Vec<Disable> = library
        .sources
        .iter()
        .flat_map(|source| disables(source))
        .collect();
    let (mut findings, mut suppressed) = (Vec::new(), Vec::new());
    for finding in all {
        match disables
            .iter()
            .find(|disable| disable.covers(&finding, library))
        {
            None => findings.push(finding),
            Some(disable) => suppressed.push(Suppressed {
                check: finding.check,
                file: finding.file,
                line: finding.line,
                rule: finding.rule,
                reason: disable.reason.clone(),
            }),
        }
    }
    let order: Vec<&str> = library
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    let file = |name: &str| order.iter().position(|known| *known == name);
    findings.sort_by_key(|finding| (file(&finding.file), finding.line, finding.column));
    let mut report = LintReport {
        status: "OK",
        files: library.sources.len(),
        rules: library.rules.len(),
        findings,
        suppressed,
    };
    report.status = match report.worst() {
        None | Some(Severity::Note) => "OK",
        Some(worst) => worst.as_str(),
    };
    report
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::node::Source;

    fn library(text: &str) -> Library {
        let source = Source {
            name: "rules.yaml".into(),
            text: text.into(),
        };
        Library::of_sources(vec![Arc::new(source)]).expect("readable")
    }

    /// Lints an alert with this expression that lacks nothing else, and returns `id:line`.
    fn found(expr: &str) -> Vec<String> {
        let rule = format!(
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: {expr}\n    for: 5m\n    \
             labels: {{severity: warning}}\n    annotations:\n      summary: s\n      \
             description: 'd {{{{ $labels.pod }}}}'\n      runbook_url: https://r\n"
        );
        let report = lint(&library(&rule), &LintOptions::default());
        let findings = report.findings.iter();
        findings
            .map(|one| format!("{}:{}", one.check, one.line))
            .collect()
    }

    #[test]
    fn each_check_finds_what_it_is_for() {
        // The absence of an absence alert is found beside, where nobody watches the metric.
        for (expr, id) in [
            ("'rate(x[5m)'", "syntax:5"),
            ("kube_hpa_spec_max_replicas > 3", "dead-metric:5"),
            ("model_drift_scores > 0.3", "unknown-own-metric:5"),
            (
                "sum by (namespace) (kube_pod_info) > 3",
                "template-label:10",
            ),
            (
                "kube_job_failed{job_name=~'churn-drift-.*'} > 0",
                "retrain-loop:5",
            ),
            (
                "kube_pod_status_phase{phase!=\"Running\"} > 0",
                "finished-pods:5",
            ),
            ("kube_job_status_failed > 0", "stuck-job:5"),
            ("requests_total > 3", "counter-without-rate:5"),
            (
                "histogram_quantile(0.9, sum by (namespace, pod) (rate(x_bucket[5m]))) > 1",
                "quantile-without-le:5",
            ),
            ("rate(x_total[1m]) > 3", "short-range:5"),
            (
                "rate(a_total[5m]) / rate(b_total[5m]) > 0.5",
                "traffic-guard:5",
            ),
            ("something > 1", "no-absence-alert:5"),
        ] {
            let found = found(expr);
            assert!(found.iter().any(|one| one == id), "{expr}: {found:?}");
        }
    }

    #[test]
    fn what_is_fine_is_left_alone() {
        for expr in [
            "absent(up{namespace=\"n\",pod=\"p\",job=\"churn-api\"})",
            "up == 0",
            "rate(a_total[5m]) / (rate(b_total[5m]) > 0.05) > 0.5",
            "rate(a_total[5m]) / rate(b_total[5m]) > 0.5 and rate(b_total[5m]) > 1",
            "rate(a_total[5m]) / clamp_min(rate(b_total[5m]), 1) > 0.5",
            // A mean, and two windows of one error budget.
            "rate(a_sum[5m]) / rate(a_count[5m]) > 0.5",
            "rate(a_total[1h]) / rate(b_total[1h]) > 0.01 and rate(a_total[5m]) / rate(b_total[5m]) > 0.01",
            // The first ratio is guarded, and the second counts only with it.
            "rate(a_total[1h]) / (rate(b_total[1h]) > 1) > 0.5 and rate(a_total[5m]) / rate(b_total[5m]) > 0.5",
            "absent(up_total{namespace=\"n\",pod=\"p\"})",
        ] {
            let found = found(expr);
            let found: Vec<_> = found
                .iter()
                .filter(|one| !one.starts_with("no-absence-alert"))
                .collect();
            assert!(found.is_empty(), "{expr}: {found:?}");
        }
    }

    #[test]
    fn a_namespace_is_asked_for_only_where_an_object_needs_it() {
        let rule = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: r}\n\
                    spec:\n  groups:\n  - name: g\n    rules:\n    - alert: A\n      expr: sum(x) > 1\n";
        let object = "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\n\
                      metadata: {name: a, namespace: n}\nspec: {route: {receiver: r}, receivers: [{name: r}]}\n";
        let server = |strategy: &str| {
            format!(
                "apiVersion: monitoring.coreos.com/v1\nkind: Alertmanager\nmetadata: {{name: m, namespace: n}}\n\
                 spec: {{alertmanagerConfigMatcherStrategy: {{type: {strategy}}}}}\n"
            )
        };
        // Strategies as in the Prometheus Operator's API reference.
        let except = server("OnNamespaceExceptForAlertmanagerNamespace");
        for (texts, wanted) in [
            (vec![rule], false),
            (vec![rule, object], true),
            (vec![rule, object, &server("OnNamespace")], true),
            (vec![rule, object, &server("None")], false),
            (vec![rule, object, &except], false),
        ] {
            let report = lint(&library(&texts.join("---\n")), &LintOptions::default());
            let found = report
                .findings
                .iter()
                .any(|one| one.check == "namespace-lost");
            assert_eq!(found, wanted, "{texts:?}");
        }
    }

    #[test]
    fn what_a_rule_lacks_is_found_in_its_line() {
        let report = lint(
            &library("- alert: A\n  expr: up == 0\n- alert: A\n  expr: up == 0\n  for: 5 m\n"),
            &LintOptions::default(),
        );
        let found: Vec<String> = report
            .findings
            .iter()
            .map(|one| format!("{}:{}", one.check, one.line))
            .collect();
        let lacks = |line: u64| {
            [
                "missing-severity",
                "missing-summary",
                "missing-description",
                "missing-runbook-url",
            ]
            .map(|id| format!("{id}:{line}"))
        };
        for id in lacks(1).into_iter().chain(lacks(3)) {
            assert!(found.contains(&id), "{id}: {found:?}");
        }
        for id in ["missing-for:1", "duplicate-alert:3", "syntax:5"] {
            assert!(found.contains(&id.to_owned()), "{id}: {found:?}");
        }
        assert_eq!(report.status, "FAIL");
    }

    #[test]
    fn a_comment_switches_a_check_off_where_it_speaks_and_says_why() {
        let rules = "# churnctl: disable=missing-for once is enough\n- alert: A\n  expr: up == 0\n\
                     - alert: B\n  expr: up == 0 # churnctl: disable=missing-for,no-such\n";
        let report = lint(&library(rules), &LintOptions::default());
        assert!(report.findings.iter().all(|one| one.check != "missing-for"));
        let reasons: Vec<&str> = report
            .suppressed
            .iter()
            .map(|one| one.reason.as_str())
            .collect();
        assert_eq!(reasons, ["once is enough", ""]);
        let about: Vec<&str> = report
            .findings
            .iter()
            .filter(|one| one.check == "disable-comment")
            .map(|one| one.message.as_str())
            .collect();
        assert_eq!(about.len(), 2, "no reason, and no such check: {about:?}");
    }

    #[test]
    fn routes_to_nobody_and_old_matchers_are_found() {
        let text = "route:\n  receiver: a\n  routes:\n  - match: {x: y}\n    receiver: b\n\
                    receivers:\n- name: a\n";
        let report = lint(&library(text), &LintOptions::default());
        let found: Vec<String> = report
            .findings
            .iter()
            .map(|one| format!("{}:{}", one.check, one.line))
            .collect();
        assert_eq!(found, ["unknown-receiver:4", "deprecated-matcher:4"]);
    }
}
