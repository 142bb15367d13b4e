//! `loose-inhibition`: an inhibition without `equal` lets one alert silence all others of its kind,
//! whatever cluster, service or instance they are about.

use super::check::{Context, Findings, Severity};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        let source = &configuration.source;
        for rule in &configuration.inhibitions {
            let (targets, sources) = (rule.targets.is_empty(), rule.sources.is_empty());
            if targets || sources {
                let side = if targets { "target" } else { "source" };
                let message =
                    format!("an inhibition without matchers of its {side}: that is every alert");
                let hint = format!("say which alerts: `{side}_matchers: [...]`");
                findings.of_line(Severity::Fail, source, rule.line, message, hint);
                continue;
            }
            // One certain source, such as InfoInhibitor or a whole cluster's alert, is about all.
            let of_one_alert = rule
                .sources
                .iter()
                .any(|one| one.label == "alertname" && one.equals().is_some());
            if rule.equal.is_empty() && !of_one_alert {
                let message = "an inhibition without `equal`: one alert anywhere silences all that match the target";
                let hint = "name the labels that must be the same: `equal: [namespace, alertname]`";
                findings.of_line(Severity::Warn, source, rule.line, message, hint);
            }
            let texts = |side: &[crate::routing::LabelMatcher]| {
                let mut texts: Vec<String> = side.iter().map(ToString::to_string).collect();
                texts.sort();
                texts
            };
            if texts(&rule.sources) == texts(&rule.targets) {
                let message =
                    "source and target are the same: an alert that matches both is never inhibited";
                let hint = "let the source be the worse one, as in severity=\"critical\" over severity=\"warning\"";
                findings.of_line(Severity::Fail, source, rule.line, message, hint);
            }
        }
    }
}
