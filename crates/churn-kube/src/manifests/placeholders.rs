//! Settings whose value only stands for one that somebody has to set. What is done about it is the caller's affair.

use churn_alerts::placeholder::is_placeholder;

use super::plan::{Part, Plan, Receiver};
use super::render::Flavor;

/// The mail server that the settings have by default.
const SMARTHOST: &str = "smtp.gmail.com:587";

/// Returns setting and value of each placeholder that would be rendered.
#[must_use]
pub fn placeholders(plan: &Plan, flavor: Flavor) -> Vec<(&'static str, &str)> {
    let alerting = &plan.alerting;
    let is_told = |receiver| alerting.receivers.contains(&receiver);
    let watches = flavor == Flavor::Plain || plan.has(Part::Monitoring);
    let runs = flavor == Flavor::Operator;
    let settings = [
        (runs, "k8s.image", plan.image.as_str()),
        (runs, "k8s.image_digest", plan.image_digest.as_str()),
        (
            watches,
            "alerts.runbook_base",
            plan.rules.runbook_base.as_str(),
        ),
        (
            watches && is_told(Receiver::Slack),
            "alerts.slack_channel",
            alerting.slack_channel.as_str(),
        ),
        (
            watches && is_told(Receiver::Email),
            "alerts.email_to",
            alerting.email_to.as_str(),
        ),
        (
            watches && is_told(Receiver::Email),
            "alerts.email_from",
            alerting.email_from.as_str(),
        ),
        (
            // Who sends as himself may well do so by this server.
            watches && is_told(Receiver::Email) && is_placeholder(&alerting.email_from),
            "alerts.smarthost",
            alerting.smarthost.as_str(),
        ),
    ];
    let left = settings.into_iter().filter(|(is_rendered, _, value)| {
        *is_rendered && (is_placeholder(value) || *value == SMARTHOST)
    });
    left.map(|(_, setting, value)| (setting, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::plan::sample;
    use super::*;

    #[test]
    fn every_default_that_is_nobodys_own_is_named_and_nothing_else() {
        let mut plan = sample();
        let names = |plan: &Plan, flavor| -> Vec<&'static str> {
            let left = placeholders(plan, flavor);
            left.into_iter().map(|(setting, _)| setting).collect()
        };
        let told = [
            "alerts.runbook_base",
            "alerts.slack_channel",
            "alerts.email_to",
            "alerts.email_from",
            "alerts.smarthost",
        ];
        assert_eq!(names(&plan, Flavor::Plain), told);
        let all = names(&plan, Flavor::Operator);
        assert_eq!(
            all,
            [["k8s.image", "k8s.image_digest"].as_slice(), &told].concat()
        );
        plan.alerting.receivers = vec![Receiver::Webhook];
        plan.rules.runbook_base = "https://wiki.shop.test/alerts".to_owned();
        plan.image = "registry.shop.test/churnctl".to_owned();
        plan.image_digest = format!("sha256:{}", "1".repeat(64));
        assert_eq!(names(&plan, Flavor::Operator), [""; 0]);
    }
}
