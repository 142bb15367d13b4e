//! Receivers that page, mail, open tickets or call programs: the keys of each, as Alertmanager 0.34 has them.

use super::super::node::Node;
use super::go::{go_duration, go_timeout, host_port, prometheus_duration, template_url, url};
use super::http::{HTTP_CLIENT, SIGV4, TLS};
use super::shape::{Limit, Shape, Sink, Struct, filled, no_check};

pub(super) static EMAIL: Struct = Struct {
    what: "a receiver by mail",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("to", Shape::Text),
        ("from", Shape::Text),
        ("hello", Shape::Text),
        ("smarthost", Shape::Checked(host_port)),
        ("auth_username", Shape::Text),
        ("auth_password", Shape::Text),
        ("auth_password_file", Shape::Text),
        ("auth_secret", Shape::Text),
        ("auth_secret_file", Shape::Text),
        ("auth_identity", Shape::Text),
        ("headers", Shape::Map(&Shape::Text)),
        ("html", Shape::Text),
        ("text", Shape::Text),
        ("require_tls", Shape::Truth),
        ("tls_config", Shape::Struct(&TLS)),
        ("force_implicit_tls", Shape::Truth),
        ("threading", Shape::Struct(&EMAIL_THREADING)),
    ],
    limits: &[Limit::Needs(&["to"])],
    check: mail_headers,
};

static EMAIL_THREADING: Struct = Struct {
    what: "the `threading` of mail",
    keys: &[("enabled", Shape::Truth), ("thread_by_date", Shape::Text)],
    limits: &[],
    check: no_check,
};

pub(super) static INCIDENTIO: Struct = Struct {
    what: "a receiver by incident.io",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("url", Shape::Checked(url)),
        ("url_file", Shape::Text),
        ("alert_source_token", Shape::Text),
        ("alert_source_token_file", Shape::Text),
        ("max_alerts", Shape::Count),
        ("timeout", Shape::Checked(go_timeout)),
    ],
    limits: &[
        Limit::Needs(&["url", "url_file"]),
        Limit::AtMostOne(&["url", "url_file"]),
        Limit::AtMostOne(&["alert_source_token", "alert_source_token_file"]),
    ],
    check: no_check,
};

pub(super) static JIRA: Struct = Struct {
    what: "a receiver by Jira",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_url", Shape::Checked(url)),
        ("api_type", Shape::Text),
        ("project", Shape::Text),
        ("summary", Shape::TextOr(&JIRA_FIELD)),
        ("description", Shape::TextOr(&JIRA_FIELD)),
        ("labels", Shape::List(&Shape::Text)),
        ("priority", Shape::Text),
        ("issue_type", Shape::Text),
        ("reopen_transition", Shape::Text),
        ("resolve_transition", Shape::Text),
        ("wont_fix_resolution", Shape::Text),
        ("reopen_duration", Shape::Checked(prometheus_duration)),
        ("fields", Shape::Map(&Shape::Any)),
    ],
    limits: &[
        Limit::Needs(&["project"]),
        Limit::Needs(&["issue_type"]),
        Limit::OneOf("api_type", &["auto", "cloud", "datacenter"]),
    ],
    check: no_check,
};

static JIRA_FIELD: Struct = Struct {
    what: "a field of Jira",
    keys: &[("template", Shape::Text), ("enable_update", Shape::Truth)],
    limits: &[],
    check: no_check,
};

pub(super) static OPSGENIE: Struct = Struct {
    what: "a receiver by Opsgenie",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_key", Shape::Text),
        ("api_key_file", Shape::Text),
        ("api_url", Shape::Checked(url)),
        ("message", Shape::Text),
        ("description", Shape::Text),
        ("source", Shape::Text),
        ("details", Shape::Map(&Shape::Text)),
        ("entity", Shape::Text),
        (
            "responders",
            Shape::List(&Shape::Struct(&OPSGENIE_RESPONDER)),
        ),
        ("actions", Shape::Text),
        ("tags", Shape::Text),
        ("note", Shape::Text),
        ("priority", Shape::Text),
        ("update_alerts", Shape::Truth),
    ],
    limits: &[Limit::AtMostOne(&["api_key", "api_key_file"])],
    check: no_check,
};

static OPSGENIE_RESPONDER: Struct = Struct {
    what: "a responder of Opsgenie",
    keys: &[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("username", Shape::Text),
        ("type", Shape::Text),
    ],
    limits: &[Limit::Needs(&["id", "username", "name"])],
    check: responder,
};

pub(super) static PAGERDUTY: Struct = Struct {
    what: "a receiver by PagerDuty",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("service_key", Shape::Text),
        ("service_key_file", Shape::Text),
        ("routing_key", Shape::Text),
        ("routing_key_file", Shape::Text),
        ("url", Shape::Checked(url)),
        ("client", Shape::Text),
        ("client_url", Shape::Text),
        ("description", Shape::Text),
        ("details", Shape::Map(&Shape::Any)),
        ("images", Shape::List(&Shape::Struct(&PAGERDUTY_IMAGE))),
        ("links", Shape::List(&Shape::Struct(&PAGERDUTY_LINK))),
        ("source", Shape::Text),
        ("severity", Shape::Text),
        ("class", Shape::Text),
        ("component", Shape::Text),
        ("group", Shape::Text),
        ("timeout", Shape::Checked(go_timeout)),
    ],
    limits: &[
        Limit::Needs(&[
            "routing_key",
            "service_key",
            "routing_key_file",
            "service_key_file",
        ]),
        Limit::AtMostOne(&["routing_key", "routing_key_file"]),
        Limit::AtMostOne(&["service_key", "service_key_file"]),
    ],
    check: no_check,
};

static PAGERDUTY_LINK: Struct = Struct {
    what: "a link of PagerDuty",
    keys: &[("href", Shape::Text), ("text", Shape::Text)],
    limits: &[],
    check: no_check,
};

static PAGERDUTY_IMAGE: Struct = Struct {
    what: "an image of PagerDuty",
    keys: &[
        ("src", Shape::Text),
        ("alt", Shape::Text),
        ("href", Shape::Text),
    ],
    limits: &[],
    check: no_check,
};

pub(super) static PUSHOVER: Struct = Struct {
    what: "a receiver by Pushover",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("user_key", Shape::Text),
        ("user_key_file", Shape::Text),
        ("token", Shape::Text),
        ("token_file", Shape::Text),
        ("title", Shape::Text),
        ("message", Shape::Text),
        ("url", Shape::Text),
        ("url_title", Shape::Text),
        ("device", Shape::Text),
        ("sound", Shape::Text),
        ("priority", Shape::Text),
        ("retry", Shape::Checked(go_duration)),
        ("expire", Shape::Checked(go_duration)),
        ("ttl", Shape::Checked(go_duration)),
        ("html", Shape::Truth),
        ("monospace", Shape::Truth),
    ],
    limits: &[
        Limit::Needs(&["user_key", "user_key_file"]),
        Limit::AtMostOne(&["user_key", "user_key_file"]),
        Limit::Needs(&["token", "token_file"]),
        Limit::AtMostOne(&["token", "token_file"]),
    ],
    check: no_check,
};

pub(super) static SNS: Struct = Struct {
    what: "a receiver by SNS",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_url", Shape::Text),
        ("sigv4", Shape::Struct(&SIGV4)),
        ("topic_arn", Shape::Text),
        ("phone_number", Shape::Text),
        ("target_arn", Shape::Text),
        ("subject", Shape::Text),
        ("message", Shape::Text),
        ("attributes", Shape::Map(&Shape::Text)),
        ("use_aws_http_client", Shape::Truth),
    ],
    limits: &[],
    check: sns,
};

pub(super) static VICTOROPS: Struct = Struct {
    what: "a receiver by VictorOps",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_key", Shape::Text),
        ("api_key_file", Shape::Text),
        ("api_url", Shape::Checked(url)),
        ("routing_key", Shape::Text),
        ("message_type", Shape::Text),
        ("state_message", Shape::Text),
        ("entity_display_name", Shape::Text),
        ("monitoring_tool", Shape::Text),
        ("custom_fields", Shape::Map(&Shape::Text)),
    ],
    limits: &[
        Limit::Needs(&["routing_key"]),
        Limit::AtMostOne(&["api_key", "api_key_file"]),
    ],
    check: no_check,
};

pub(super) static WEBHOOK: Struct = Struct {
    what: "a receiver by webhook",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("url", Shape::Checked(template_url)),
        ("url_file", Shape::Text),
        ("max_alerts", Shape::Count),
        ("timeout", Shape::Checked(go_timeout)),
        ("payload", Shape::Any),
    ],
    limits: &[
        Limit::Needs(&["url", "url_file"]),
        Limit::AtMostOne(&["url", "url_file"]),
    ],
    check: no_check,
};

fn responder(node: &Node, sink: &mut Sink<'_>) {
    let kind = node.scalar_at("type").unwrap_or_default();
    let known = ["team", "teams", "user", "escalation", "schedule"];
    if !kind.contains("{{") && !known.contains(&kind.to_lowercase().as_str()) {
        let spot = node.get("type").map_or(node.spot, |value| value.spot);
        let message = format!("`type: {kind}` is none of {}", known.join(", "));
        sink.refuse(spot, message, "");
    }
}

/// Alertmanager asks for one of the three, or for all of them.
fn sns(node: &Node, sink: &mut Sink<'_>) {
    let names = ["target_arn", "topic_arn", "phone_number"];
    let set = names.iter().filter(|name| filled(node, name).is_some());
    if [0, 2].contains(&set.count()) {
        let message = "a receiver by SNS takes one of `target_arn`, `topic_arn`, `phone_number`";
        sink.refuse(node.spot, message, "");
    }
}

fn mail_headers(node: &Node, sink: &mut Sink<'_>) {
    let headers = node.get("headers").map_or(&[][..], Node::entries);
    for (at, (key, _)) in headers.iter().enumerate() {
        let same = |(other, _): &&(super::super::node::Key, Node)| {
            other.name.eq_ignore_ascii_case(&key.name)
        };
        if headers[..at].iter().any(|one| same(&one)) {
            sink.refuse(
                key.spot,
                format!("the header `{}` comes twice", key.name),
                "",
            );
        }
    }
    let Some(threading) = node.get("threading") else {
        return;
    };
    if threading.get("enabled").and_then(Node::truth) == Some(true) {
        let date = threading.scalar_at("thread_by_date").unwrap_or_default();
        if !["none", "daily"].contains(&date.as_str()) {
            let message = "`thread_by_date` is neither none nor daily";
            sink.refuse(threading.spot, message, "");
        }
        for (key, _) in headers {
            if ["references", "in-reply-to"].contains(&key.name.to_lowercase().as_str()) {
                let message = format!("`threading` sets the header `{}` itself", key.name);
                sink.refuse(key.spot, message, "");
            }
        }
    }
}
