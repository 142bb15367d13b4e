//! The form of Alertmanager's configuration: its top, routes, inhibitions and times.

use std::collections::BTreeSet;

use super::super::go_regex;
use super::super::node::{Node, Value};
use super::super::refusal::RefusalKind;
use super::super::routing::{LabelMatcher, RangeKind, zone};
use super::go::{
    host_port, is_classic_label, positive_duration, prometheus_duration, secret_url, url,
};
use super::http::{HTTP_CLIENT, TLS};
use super::receivers::{self, RECEIVER};
use super::shape::{Limit, Shape, Sink, Struct, no_check};

pub(super) static FILE: Struct = Struct {
    what: "an Alertmanager configuration",
    keys: &[
        ("global", Shape::Struct(&GLOBAL)),
        ("route", Shape::Struct(&ROUTE)),
        ("inhibit_rules", Shape::List(&Shape::Struct(&INHIBITION))),
        ("receivers", Shape::List(&Shape::Struct(&RECEIVER))),
        ("templates", Shape::List(&Shape::Text)),
        (
            "mute_time_intervals",
            Shape::List(&Shape::Struct(&NAMED_TIMES)),
        ),
        ("time_intervals", Shape::List(&Shape::Struct(&NAMED_TIMES))),
        ("tracing", Shape::Struct(&TRACING)),
        // Newer than most, and nothing of it concerns alerts.
        ("event_recorder", Shape::Map(&Shape::Any)),
    ],
    limits: &[],
    check: whole,
};

static GLOBAL: Struct = Struct {
    what: "`global`",
    keys: &[
        ("resolve_timeout", Shape::Checked(prometheus_duration)),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("jira_api_url", Shape::Checked(url)),
        ("smtp_from", Shape::Text),
        ("smtp_hello", Shape::Text),
        ("smtp_smarthost", Shape::Checked(host_port)),
        ("smtp_auth_username", Shape::Text),
        ("smtp_auth_password", Shape::Text),
        ("smtp_auth_password_file", Shape::Text),
        ("smtp_auth_secret", Shape::Text),
        ("smtp_auth_secret_file", Shape::Text),
        ("smtp_auth_identity", Shape::Text),
        ("smtp_require_tls", Shape::Truth),
        ("smtp_tls_config", Shape::Struct(&TLS)),
        ("smtp_force_implicit_tls", Shape::Truth),
        ("slack_api_url", Shape::Checked(secret_url)),
        ("slack_api_url_file", Shape::Text),
        ("slack_app_token", Shape::Text),
        ("slack_app_token_file", Shape::Text),
        ("slack_app_url", Shape::Checked(url)),
        ("pagerduty_url", Shape::Checked(url)),
        ("opsgenie_api_url", Shape::Checked(url)),
        ("opsgenie_api_key", Shape::Text),
        ("opsgenie_api_key_file", Shape::Text),
        ("wechat_api_url", Shape::Checked(url)),
        ("wechat_api_secret", Shape::Text),
        ("wechat_api_secret_file", Shape::Text),
        ("wechat_api_corp_id", Shape::Text),
        ("victorops_api_url", Shape::Checked(url)),
        ("victorops_api_key", Shape::Text),
        ("victorops_api_key_file", Shape::Text),
        ("telegram_api_url", Shape::Checked(url)),
        ("telegram_bot_token", Shape::Text),
        ("telegram_bot_token_file", Shape::Text),
        ("webex_api_url", Shape::Checked(url)),
        ("rocketchat_api_url", Shape::Checked(url)),
        ("rocketchat_token", Shape::Text),
        ("rocketchat_token_file", Shape::Text),
        ("rocketchat_token_id", Shape::Text),
        ("rocketchat_token_id_file", Shape::Text),
        ("mattermost_webhook_url", Shape::Checked(secret_url)),
        ("mattermost_webhook_url_file", Shape::Text),
    ],
    limits: &[
        Limit::AtMostOne(&["slack_app_token", "slack_app_token_file"]),
        Limit::AtMostOne(&["slack_api_url", "slack_api_url_file"]),
        Limit::AtMostOne(&["opsgenie_api_key", "opsgenie_api_key_file"]),
        Limit::AtMostOne(&["victorops_api_key", "victorops_api_key_file"]),
        Limit::AtMostOne(&["telegram_bot_token", "telegram_bot_token_file"]),
        Limit::AtMostOne(&["smtp_auth_password", "smtp_auth_password_file"]),
        Limit::AtMostOne(&["smtp_auth_secret", "smtp_auth_secret_file"]),
        Limit::AtMostOne(&["rocketchat_token", "rocketchat_token_file"]),
        Limit::AtMostOne(&["rocketchat_token_id", "rocketchat_token_id_file"]),
        Limit::AtMostOne(&["wechat_api_secret", "wechat_api_secret_file"]),
        Limit::AtMostOne(&["mattermost_webhook_url", "mattermost_webhook_url_file"]),
    ],
    check: no_check,
};

static ROUTE: Struct = Struct {
    what: "a route",
    keys: &[
        ("receiver", Shape::Text),
        ("group_by", Shape::List(&Shape::Text)),
        ("match", Shape::Map(&Shape::Text)),
        ("match_re", Shape::Map(&Shape::Checked(regex))),
        ("matchers", Shape::List(&Shape::Checked(matchers))),
        ("mute_time_intervals", Shape::List(&Shape::Text)),
        ("active_time_intervals", Shape::List(&Shape::Text)),
        ("continue", Shape::Truth),
        ("routes", Shape::List(&Shape::Struct(&ROUTE))),
        ("group_wait", Shape::Checked(prometheus_duration)),
        ("group_interval", Shape::Checked(positive_duration)),
        ("repeat_interval", Shape::Checked(positive_duration)),
        ("labels", Shape::Map(&Shape::Text)),
    ],
    limits: &[],
    check: route,
};

static INHIBITION: Struct = Struct {
    what: "an inhibition",
    keys: &[
        ("name", Shape::Text),
        ("source_match", Shape::Map(&Shape::Text)),
        ("source_match_re", Shape::Map(&Shape::Checked(regex))),
        ("source_matchers", Shape::List(&Shape::Checked(matchers))),
        ("target_match", Shape::Map(&Shape::Text)),
        ("target_match_re", Shape::Map(&Shape::Checked(regex))),
        ("target_matchers", Shape::List(&Shape::Checked(matchers))),
        ("equal", Shape::List(&Shape::Text)),
    ],
    limits: &[],
    check: inhibition,
};

static NAMED_TIMES: Struct = Struct {
    what: "a time interval",
    keys: &[
        ("name", Shape::Text),
        ("time_intervals", Shape::List(&Shape::Struct(&TIMES))),
    ],
    limits: &[Limit::Needs(&["name"])],
    check: no_check,
};

static TIMES: Struct = Struct {
    what: "a part of a time interval",
    keys: &[
        ("times", Shape::List(&Shape::Struct(&CLOCK))),
        ("weekdays", Shape::List(&Shape::Checked(weekdays))),
        ("days_of_month", Shape::List(&Shape::Checked(days_of_month))),
        ("months", Shape::List(&Shape::Checked(months))),
        ("years", Shape::List(&Shape::Checked(years))),
        ("location", Shape::Checked(location)),
    ],
    limits: &[],
    check: no_check,
};

static CLOCK: Struct = Struct {
    what: "a time range",
    keys: &[("start_time", Shape::Text), ("end_time", Shape::Text)],
    limits: &[],
    check: clock,
};

static TRACING: Struct = Struct {
    what: "`tracing`",
    keys: &[
        ("client_type", Shape::Text),
        ("endpoint", Shape::Text),
        ("sampling_fraction", Shape::Float),
        ("insecure", Shape::Truth),
        ("tls_config", Shape::Struct(&TLS)),
        ("headers", Shape::Map(&Shape::Any)),
        ("compression", Shape::Text),
        ("timeout", Shape::Checked(prometheus_duration)),
    ],
    limits: &[
        Limit::Needs(&["endpoint"]),
        Limit::OneOf("client_type", &["http", "grpc"]),
    ],
    check: no_check,
};

fn regex(text: &str) -> Result<(), String> {
    go_regex::anchored(text).map(|_| ())
}

fn matchers(text: &str) -> Result<(), String> {
    LabelMatcher::parse_list(text).map(|_| ())
}

fn weekdays(text: &str) -> Result<(), String> {
    RangeKind::Weekday.read(text).map(|_| ())
}

fn days_of_month(text: &str) -> Result<(), String> {
    RangeKind::DayOfMonth.read(text).map(|_| ())
}

fn months(text: &str) -> Result<(), String> {
    RangeKind::Month.read(text).map(|_| ())
}

fn years(text: &str) -> Result<(), String> {
    RangeKind::Year.read(text).map(|_| ())
}

fn location(text: &str) -> Result<(), String> {
    zone(text).map(|_| ())
}

fn clock(node: &Node, sink: &mut Sink<'_>) {
    if let Err(said) = super::super::routing::minutes_of(node) {
        sink.refuse(node.spot, said, "");
    }
}

/// Labels of `match` and its kin stay classic; others need a newer Alertmanager.
fn classic_names(node: &Node, key: &str, sink: &mut Sink<'_>) {
    for (name, value) in node.get(key).map_or(&[][..], Node::entries) {
        if !is_classic_label(&name.name) {
            let message = format!("`{}` is not a label that `{key}` may name", name.name);
            sink.refuse(name.spot, message, "use `matchers`");
        } else if value.value == Value::Null && key.ends_with("_re") {
            sink.refuse(
                name.spot,
                format!("no regular expression for `{}`", name.name),
                "",
            );
        }
    }
}

fn newer_label(name: &str, place: &str, node: &Node, sink: &mut Sink<'_>) {
    if name.is_empty() {
        sink.refuse(node.spot, format!("an empty label in `{place}`"), "");
    } else if !is_classic_label(name) {
        let message = format!("the label `{name}` in `{place}` needs Alertmanager 0.27");
        let hint = "older ones refuse the file".to_owned();
        sink.add(RefusalKind::NeedsNewer, node.spot, message, hint);
    }
}

fn route(node: &Node, sink: &mut Sink<'_>) {
    classic_names(node, "match", sink);
    classic_names(node, "match_re", sink);
    let mut known = BTreeSet::new();
    let list = node.get("group_by").map_or(&[][..], Node::items);
    let all = list
        .iter()
        .any(|item| item.scalar().as_deref() == Some("..."));
    for item in list {
        let name = item.scalar().unwrap_or_default();
        if name == "..." {
            continue;
        }
        newer_label(&name, "group_by", item, sink);
        if all {
            let message = "`group_by` with `...` and other labels";
            sink.refuse(
                item.spot,
                message,
                "`...` is all labels: take the others out",
            );
        } else if !known.insert(name.clone()) {
            sink.refuse(item.spot, format!("`{name}` comes twice in `group_by`"), "");
        }
    }
    if let Some((key, map)) = node.entry("labels") {
        let message = "`labels` of a route need Alertmanager 0.34".to_owned();
        let hint = "older ones refuse the file".to_owned();
        sink.add(RefusalKind::NeedsNewer, key.spot, message, hint);
        for (name, _) in map.entries() {
            if name.name.is_empty() {
                sink.refuse(name.spot, "an empty label in `labels`", "");
            }
        }
    }
}

fn inhibition(node: &Node, sink: &mut Sink<'_>) {
    for key in [
        "source_match",
        "source_match_re",
        "target_match",
        "target_match_re",
    ] {
        classic_names(node, key, sink);
    }
    for item in node.get("equal").map_or(&[][..], Node::items) {
        newer_label(&item.scalar().unwrap_or_default(), "equal", item, sink);
    }
}

fn whole(root: &Node, sink: &mut Sink<'_>) {
    let list = |name: &str| root.get(name).map_or(&[][..], Node::items);
    names(list("receivers"), "receiver", sink);
    receivers::globals(root, sink);
    slack(root, sink);
    for key in ["mute_time_intervals", "time_intervals"] {
        names(list(key), "time interval", sink);
    }
    let both: Vec<&Node> = list("mute_time_intervals")
        .iter()
        .filter(|one| {
            let name = one.scalar_at("name");
            list("time_intervals")
                .iter()
                .any(|other| other.scalar_at("name") == name)
        })
        .collect();
    for one in both {
        let name = one.scalar_at("name").unwrap_or_default();
        sink.refuse(
            one.spot,
            format!("the time interval \"{name}\" comes twice"),
            "",
        );
    }
    let Some((key, top)) = root.entry("route") else {
        sink.refuse(
            root.spot,
            "an Alertmanager configuration without `route`",
            "",
        );
        return;
    };
    if top.scalar_at("receiver").is_none_or(|name| name.is_empty()) {
        sink.refuse(key.spot, "the top route has no `receiver`", "");
    }
    for name in [
        "match",
        "match_re",
        "matchers",
        "mute_time_intervals",
        "active_time_intervals",
    ] {
        let filled = |value: &Node| !(value.items().is_empty() && value.entries().is_empty());
        if let Some((key, value)) = top.entry(name)
            && filled(value)
        {
            let hint = "every alert comes to it";
            sink.refuse(
                key.spot,
                format!("the top route may not have `{name}`"),
                hint,
            );
        }
    }
    if let Some((key, value)) = top.entry("continue")
        && value.truth() == Some(true)
    {
        sink.refuse(key.spot, "the top route may not have `continue`", "");
    }
}

/// Slack has its token from one place only.
fn slack(root: &Node, sink: &mut Sink<'_>) {
    let Some(global) = root.get("global") else {
        return;
    };
    let has = |names: [&str; 2]| names.iter().any(|name| global.get(name).is_some());
    let url = global.scalar_at("slack_api_url");
    let app = global.scalar_at("slack_app_url");
    let app = app.unwrap_or_else(|| "https://slack.com/api/chat.postMessage".to_owned());
    if has(["slack_app_token", "slack_app_token_file"])
        && has(["slack_api_url", "slack_api_url_file"])
        && url != Some(app)
    {
        let message = "`global` with both a token and a URL of Slack";
        sink.refuse(global.spot, message, "keep one of them");
    }
}

/// Refuses names that come twice in a list.
fn names(items: &[Node], what: &str, sink: &mut Sink<'_>) {
    let mut known = BTreeSet::new();
    for item in items {
        let Some(name) = item.scalar_at("name") else {
            continue;
        };
        if !known.insert(name.clone()) {
            let spot = item.get("name").map_or(item.spot, |name| name.spot);
            sink.refuse(spot, format!("the {what} \"{name}\" comes twice"), "");
        }
    }
}
