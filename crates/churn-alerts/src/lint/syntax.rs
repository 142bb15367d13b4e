//! `syntax`: what Prometheus or Alertmanager would refuse to load.

use super::check::{Context, Finding, Findings, Severity};
use crate::promql;
use crate::refusal::{Refusal, RefusalKind};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for refusal in &context.library.refusals {
        let status = match refusal.kind {
            RefusalKind::Refused => Severity::Fail,
            RefusalKind::Template => Severity::Warn,
            RefusalKind::NeverLoaded | RefusalKind::NeedsNewer => continue,
        };
        add(refusal, status, findings);
    }
    for rule in &context.library.rules {
        let text = &rule.expr.value;
        let said = match promql::parse(text) {
            // Only Grafana knows its variables.
            Ok(_) if text.contains("$__") => "a variable of Grafana".to_owned(),
            Ok(_) => continue,
            Err(said) => said,
        };
        let hint =
            promql::slip(text).unwrap_or("promtool check rules shows the place in the expression");
        let message = format!("not PromQL: {said}");
        findings.of_rule(Severity::Fail, rule, rule.position(0), message, hint);
    }
}

/// Adds a refusal as a finding.
pub(super) fn add(refusal: &Refusal, status: Severity, findings: &mut Findings) {
    let (line, column) = refusal.position();
    findings.found.push(Finding {
        check: findings.check,
        status,
        file: refusal.source.name.clone(),
        line,
        column,
        rule: refusal.rule.clone(),
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
        fix: Vec::new(),
    });
}
