//! Who is told of which alert: one table, in the three forms that Alertmanager takes it in.

use serde_json::{Value, json};

use super::hook;
use super::operator::{
    AlertmanagerConfigSpec, Authorization, Email, HttpConfig, InhibitRule, Matcher, Pagerduty,
    Receiver as Object, Route, SecretKey, Slack, Webhook,
};
use super::plan::{Part, Plan, Receiver};

/// The receiver of alerts that start a retrain.
pub const HOOK: &str = "retrain-hook";
/// The receiver of critical alerts that wake somebody.
const PAGERDUTY: &str = "pagerduty";
/// The receiver of ChurnWatchdog, where somebody watches it.
const WATCHDOG: &str = "watchdog";
/// The receiver that sends nothing.
const NOBODY: &str = "nobody";
/// The path of the hook that Alertmanager posts to.
pub const HOOK_PATH: &str = "/alertmanager";

const TITLE: &str = "{{ if eq .Status \"firing\" }}FIRING{{ else }}resolved{{ end }}: {{ .CommonAnnotations.summary }}";
const TEXT: &str =
    "{{ range .Alerts }}{{ .Annotations.description }} {{ .Annotations.runbook_url }}\n{{ end }}";

/// One line of the table.
struct Line {
    matchers: Vec<(&'static str, &'static str, &'static str)>,
    receiver: String,
    go_on: bool,
    /// In place of the setting, for what is a heartbeat.
    repeat_interval: Option<&'static str>,
}

/// Alerts that say nothing new while others fire.
const INHIBITED: &[(&str, &str, &[&str])] = &[
    (
        "ChurnApiDown",
        "ChurnApiHigh.+|ChurnApiErrorBudgetBurn.*",
        &["namespace"],
    ),
    (
        "DeploymentUnavailable",
        "DeploymentReplicasMismatch",
        &["namespace", "deployment"],
    ),
    (
        "ChurnApiErrorBudgetBurn",
        "ChurnApiErrorBudgetBurn(6h|1d)",
        &["namespace"],
    ),
    (
        "ChurnApiErrorBudgetBurn6h",
        "ChurnApiErrorBudgetBurn1d",
        &["namespace"],
    ),
    (
        "ChurnRetrainHookDown",
        "ChurnRetrainHookFailing",
        &["namespace"],
    ),
    (
        "KServeHighLatencyP95Critical",
        "KServeHighLatencyP95Warning",
        &["namespace"],
    ),
    (
        "ContainerOOMKilled",
        "ContainerMemoryNearLimit",
        &["namespace", "pod", "container"],
    ),
    (
        "PodCrashLooping",
        "FrequentPodRestarts|PodNotRunning",
        &["namespace", "pod"],
    ),
];

/// Returns the name of the receiver of all alerts: `slack-email`.
fn people(plan: &Plan) -> String {
    let names: Vec<&str> = plan
        .alerting
        .receivers
        .iter()
        .filter(|receiver| is_for_people(**receiver))
        .map(|receiver| receiver.as_str())
        .collect();
    match names.is_empty() {
        // An Alertmanager wants a receiver, even if nobody is to be told.
        true => NOBODY.to_owned(),
        false => names.join("-"),
    }
}

/// Tells whether a receiver gets every alert.
fn is_for_people(receiver: Receiver) -> bool {
    ![Receiver::Pagerduty, Receiver::Watchdog].contains(&receiver)
}

/// Returns the receivers beside that of people and the hook: what each is called, and what is sent to it.
fn others(plan: &Plan) -> Vec<(&'static str, Option<Receiver>)> {
    let mut others = Vec::new();
    if pages(plan) {
        others.push((PAGERDUTY, Some(Receiver::Pagerduty)));
    }
    if plan.alerting.receivers.contains(&Receiver::Watchdog) {
        others.push((WATCHDOG, Some(Receiver::Watchdog)));
    } else if people(plan) != NOBODY {
        // Where nobody watches it, it must not come to people every few hours.
        others.push((NOBODY, None));
    }
    others
}

fn pages(plan: &Plan) -> bool {
    plan.alerting.receivers.contains(&Receiver::Pagerduty)
}

fn lines(plan: &Plan, hook: bool) -> Vec<Line> {
    let is_watched = plan.alerting.receivers.contains(&Receiver::Watchdog);
    let mut lines = vec![Line {
        matchers: vec![("alertname", "=", "ChurnWatchdog")],
        receiver: if is_watched { WATCHDOG } else { NOBODY }.to_owned(),
        go_on: false,
        repeat_interval: is_watched.then_some("5m"),
    }];
    if hook {
        lines.push(Line {
            matchers: vec![("action", "=", "retrain")],
            receiver: HOOK.to_owned(),
            go_on: plan.alerting.tell_retrain,
            repeat_interval: None,
        });
    }
    if pages(plan) {
        lines.push(Line {
            matchers: vec![("severity", "=", "critical")],
            receiver: PAGERDUTY.to_owned(),
            go_on: true,
            repeat_interval: None,
        });
    }
    lines.push(Line {
        matchers: vec![("severity", "=~", "warning|critical")],
        receiver: people(plan),
        go_on: false,
        repeat_interval: None,
    });
    lines
}

const GROUP_BY: [&str; 2] = ["namespace", "alertname"];

/// Returns the spec of an AlertmanagerConfig.
pub(super) fn object(plan: &Plan) -> AlertmanagerConfigSpec {
    let alerting = &plan.alerting;
    let hook = plan.has(Part::Hook) || plan.has(Part::ArgoEvents);
    let matcher = |(name, kind, value): &(&str, &'static str, &str)| Matcher {
        name: (*name).to_owned(),
        match_type: kind,
        value: (*value).to_owned(),
    };
    let child = |line: &Line| Route {
        receiver: line.receiver.clone(),
        group_by: Vec::new(),
        group_wait: None,
        group_interval: None,
        repeat_interval: line.repeat_interval.map(str::to_owned),
        matchers: line.matchers.iter().map(matcher).collect(),
        go_on: line.go_on,
        routes: Vec::new(),
    };
    let mut receivers = vec![receiver_object(plan, people(plan), is_for_people)];
    for (name, kind) in others(plan) {
        let is_sent = |one| Some(one) == kind;
        receivers.push(receiver_object(plan, name.to_owned(), is_sent));
    }
    if hook {
        receivers.push(Object {
            name: HOOK.to_owned(),
            webhook_configs: vec![Webhook {
                url: Some(hook_url(plan)),
                url_secret: None,
                send_resolved: false,
                http_config: Some(HttpConfig {
                    authorization: Authorization {
                        scheme: "Bearer",
                        credentials: SecretKey {
                            name: plan.hook_secret.clone(),
                            key: hook::TOKEN_KEY.to_owned(),
                        },
                    },
                    follow_redirects: false,
                }),
            }],
            ..Object::default()
        });
    }
    AlertmanagerConfigSpec {
        route: Route {
            receiver: people(plan),
            group_by: GROUP_BY.map(str::to_owned).to_vec(),
            group_wait: Some(alerting.group_wait.clone()),
            group_interval: Some(alerting.group_interval.clone()),
            repeat_interval: Some(alerting.repeat_interval.clone()),
            matchers: Vec::new(),
            go_on: false,
            routes: lines(plan, hook).iter().map(child).collect(),
        },
        receivers,
        inhibit_rules: INHIBITED
            .iter()
            .map(|(source, target, equal)| InhibitRule {
                source_match: vec![matcher(&("alertname", "=", source))],
                target_match: vec![matcher(&("alertname", "=~", target))],
                equal: equal.iter().map(|label| (*label).to_owned()).collect(),
            })
            .collect(),
    }
}

/// Returns where Alertmanager reaches the hook within the cluster.
fn hook_url(plan: &Plan) -> String {
    let (host, port) = match plan.has(Part::ArgoEvents) && !plan.has(Part::Hook) {
        true => ("churn-retrain-eventsource-svc", 12000),
        false => (hook::NAME, hook::PORT),
    };
    format!("http://{host}.{}.svc:{port}{HOOK_PATH}", plan.namespace)
}

fn receiver_object(plan: &Plan, name: String, wanted: impl Fn(Receiver) -> bool) -> Object {
    let alerting = &plan.alerting;
    let mut object = Object {
        name,
        ..Object::default()
    };
    for receiver in alerting.receivers.iter().filter(|one| wanted(**one)) {
        let secret = SecretKey {
            name: alerting.secret.clone(),
            key: receiver.secret_key().to_owned(),
        };
        match receiver {
            Receiver::Slack => object.slack_configs.push(Slack {
                api_url: secret,
                channel: alerting.slack_channel.clone(),
                send_resolved: true,
                title: TITLE.to_owned(),
                text: TEXT.to_owned(),
            }),
            Receiver::Email => object.email_configs.push(Email {
                to: alerting.email_to.clone(),
                from: alerting.email_from.clone(),
                smarthost: alerting.smarthost.clone(),
                auth_username: alerting.email_from.clone(),
                auth_password: secret,
                require_tls: true,
                send_resolved: true,
            }),
            Receiver::Pagerduty => object.pagerduty_configs.push(Pagerduty {
                routing_key: secret,
                severity: "{{ .CommonLabels.severity }}".to_owned(),
                description: TITLE.to_owned(),
                send_resolved: true,
            }),
            Receiver::Webhook | Receiver::Watchdog => object.webhook_configs.push(Webhook {
                url: None,
                url_secret: Some(secret),
                send_resolved: *receiver == Receiver::Webhook,
                http_config: None,
            }),
        }
    }
    object
}

/// Where Alertmanager's own configuration finds secrets and the hook.
pub(super) struct Surroundings<'a> {
    /// Where the file with this key of the Secret of this name is.
    pub(super) file: &'a dyn Fn(&str, &str) -> String,
    /// The hook, if there is one.
    pub(super) hook_url: Option<String>,
}

/// Returns `alertmanager.yml`.
pub(super) fn file(plan: &Plan, around: &Surroundings<'_>) -> Value {
    let alerting = &plan.alerting;
    let matchers = |matchers: &[(&str, &str, &str)]| -> Vec<String> {
        let text = |(name, kind, value): &(&str, &str, &str)| format!("{name}{kind}\"{value}\"");
        matchers.iter().map(text).collect()
    };
    let routes: Vec<Value> = lines(plan, around.hook_url.is_some())
        .iter()
        .map(|line| {
            let mut route =
                json!({"receiver": line.receiver, "matchers": matchers(&line.matchers)});
            if line.go_on {
                route["continue"] = true.into();
            }
            if let Some(interval) = line.repeat_interval {
                route["repeat_interval"] = interval.into();
            }
            route
        })
        .collect();
    let mut receivers = vec![receiver_file(plan, around, people(plan), is_for_people)];
    for (name, kind) in others(plan) {
        let is_sent = |one| Some(one) == kind;
        receivers.push(receiver_file(plan, around, name.to_owned(), is_sent));
    }
    if let Some(url) = &around.hook_url {
        let token = (around.file)(&plan.hook_secret, hook::TOKEN_KEY);
        receivers.push(json!({
            "name": HOOK,
            "webhook_configs": [{
                "url": url,
                "send_resolved": false,
                "http_config": {
                    "authorization": {"type": "Bearer", "credentials_file": token},
                    "follow_redirects": false,
                },
            }],
        }));
    }
    let inhibited: Vec<Value> = INHIBITED
        .iter()
        .map(|(source, target, equal)| {
            json!({
                "source_matchers": matchers(&[("alertname", "=", source)]),
                "target_matchers": matchers(&[("alertname", "=~", target)]),
                "equal": equal,
            })
        })
        .collect();
    json!({
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": people(plan),
            "group_by": GROUP_BY,
            "group_wait": alerting.group_wait,
            "group_interval": alerting.group_interval,
            "repeat_interval": alerting.repeat_interval,
            "routes": routes,
        },
        "receivers": receivers,
        "inhibit_rules": inhibited,
    })
}

fn receiver_file(
    plan: &Plan,
    around: &Surroundings<'_>,
    name: String,
    wanted: impl Fn(Receiver) -> bool,
) -> Value {
    let alerting = &plan.alerting;
    let mut object = json!({"name": name});
    for receiver in alerting.receivers.iter().filter(|one| wanted(**one)) {
        let secret = (around.file)(&alerting.secret, receiver.secret_key());
        let (kind, config) = match receiver {
            Receiver::Slack => (
                "slack_configs",
                json!({"api_url_file": secret, "channel": alerting.slack_channel, "send_resolved": true, "title": TITLE, "text": TEXT}),
            ),
            Receiver::Email => (
                "email_configs",
                json!({
                    "to": alerting.email_to, "from": alerting.email_from, "smarthost": alerting.smarthost,
                    "auth_username": alerting.email_from, "auth_password_file": secret,
                    "require_tls": true, "send_resolved": true,
                }),
            ),
            Receiver::Pagerduty => (
                "pagerduty_configs",
                json!({"routing_key_file": secret, "severity": "{{ .CommonLabels.severity }}", "description": TITLE, "send_resolved": true}),
            ),
            Receiver::Webhook | Receiver::Watchdog => (
                "webhook_configs",
                json!({"url_file": secret, "send_resolved": *receiver == Receiver::Webhook}),
            ),
        };
        object[kind] = json!([config]);
    }
    object
}
