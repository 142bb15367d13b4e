//! Receivers as a whole: which integrations there are, and what none of their keys says alone.

use super::super::node::{Node, Value};
use super::{Limit, Shape, Sink, Struct, chat, pagers};

pub(super) static RECEIVER: Struct = Struct {
    what: "a receiver",
    keys: &[
        ("name", Shape::Text),
        ("labels", Shape::Map(&Shape::Text)),
        (
            "discord_configs",
            Shape::List(&Shape::Struct(&chat::DISCORD)),
        ),
        ("email_configs", Shape::List(&Shape::Struct(&pagers::EMAIL))),
        (
            "incidentio_configs",
            Shape::List(&Shape::Struct(&pagers::INCIDENTIO)),
        ),
        ("jira_configs", Shape::List(&Shape::Struct(&pagers::JIRA))),
        (
            "mattermost_configs",
            Shape::List(&Shape::Struct(&chat::MATTERMOST)),
        ),
        (
            "msteams_configs",
            Shape::List(&Shape::Struct(&chat::MSTEAMS)),
        ),
        (
            "msteamsv2_configs",
            Shape::List(&Shape::Struct(&chat::MSTEAMSV2)),
        ),
        (
            "opsgenie_configs",
            Shape::List(&Shape::Struct(&pagers::OPSGENIE)),
        ),
        (
            "pagerduty_configs",
            Shape::List(&Shape::Struct(&pagers::PAGERDUTY)),
        ),
        (
            "pushover_configs",
            Shape::List(&Shape::Struct(&pagers::PUSHOVER)),
        ),
        (
            "rocketchat_configs",
            Shape::List(&Shape::Struct(&chat::ROCKETCHAT)),
        ),
        ("slack_configs", Shape::List(&Shape::Struct(&chat::SLACK))),
        ("sns_configs", Shape::List(&Shape::Struct(&pagers::SNS))),
        (
            "telegram_configs",
            Shape::List(&Shape::Struct(&chat::TELEGRAM)),
        ),
        (
            "victorops_configs",
            Shape::List(&Shape::Struct(&pagers::VICTOROPS)),
        ),
        ("webex_configs", Shape::List(&Shape::Struct(&chat::WEBEX))),
        (
            "webhook_configs",
            Shape::List(&Shape::Struct(&pagers::WEBHOOK)),
        ),
        ("wechat_configs", Shape::List(&Shape::Struct(&chat::WECHAT))),
    ],
    limits: &[Limit::Needs(&["name"])],
    check: receiver,
};

fn receiver(node: &Node, sink: &mut Sink<'_>) {
    for (key, list) in node.entries() {
        for item in list.items().iter().filter(|item| item.value == Value::Null) {
            let allowed = [
                "slack_configs",
                "opsgenie_configs",
                "wechat_configs",
                "rocketchat_configs",
            ];
            if !allowed.contains(&key.name.as_str()) {
                sink.refuse(item.spot, format!("nothing in `{}`", key.name), "");
            }
        }
    }
    if let Some(name) = node.at(&["labels", "name"])
        && name.scalar() != node.scalar_at("name")
    {
        sink.refuse(
            name.spot,
            "the label `name` of a receiver is not its name",
            "",
        );
    }
}

/// Returns a text that is there and not empty.
fn filled(node: &Node, key: &str) -> Option<String> {
    node.scalar_at(key).filter(|text| !text.is_empty())
}

/// What a receiver lacks that neither it nor `global` says.
pub(super) fn globals(root: &Node, sink: &mut Sink<'_>) {
    let global = root.get("global");
    let either = |item: &Node, own: &[&str], shared: &[&str]| {
        own.iter().any(|key| filled(item, key).is_some())
            || shared
                .iter()
                .any(|key| global.is_some_and(|global| filled(global, key).is_some()))
    };
    for receiver in root.get("receivers").map_or(&[][..], Node::items) {
        for (kind, own, shared, what) in NEEDED {
            for item in receiver.get(kind).map_or(&[][..], Node::items) {
                if !either(item, own, shared) {
                    let hint = format!("set it there, or `{}` in `global`", shared[0]);
                    sink.refuse(
                        item.spot,
                        format!("no {what} for {}", kind.replace('_', " ")),
                        hint,
                    );
                }
            }
        }
    }
}

type Needed = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

static NEEDED: &[Needed] = &[
    (
        "email_configs",
        &["smarthost"],
        &["smtp_smarthost"],
        "SMTP smarthost",
    ),
    (
        "email_configs",
        &["from"],
        &["smtp_from"],
        "address of the sender",
    ),
    (
        "slack_configs",
        &["api_url", "api_url_file", "app_token", "app_token_file"],
        &[
            "slack_api_url",
            "slack_api_url_file",
            "slack_app_token",
            "slack_app_token_file",
        ],
        "URL or token",
    ),
    (
        "opsgenie_configs",
        &["api_key", "api_key_file"],
        &["opsgenie_api_key", "opsgenie_api_key_file"],
        "API key",
    ),
    (
        "wechat_configs",
        &["api_secret", "api_secret_file"],
        &["wechat_api_secret", "wechat_api_secret_file"],
        "API secret",
    ),
    (
        "wechat_configs",
        &["corp_id"],
        &["wechat_api_corp_id"],
        "corporation",
    ),
    (
        "victorops_configs",
        &["api_key", "api_key_file"],
        &["victorops_api_key", "victorops_api_key_file"],
        "API key",
    ),
    (
        "telegram_configs",
        &["bot_token", "bot_token_file"],
        &["telegram_bot_token", "telegram_bot_token_file"],
        "bot token",
    ),
    ("jira_configs", &["api_url"], &["jira_api_url"], "URL"),
    (
        "rocketchat_configs",
        &["token_id", "token_id_file"],
        &["rocketchat_token_id", "rocketchat_token_id_file"],
        "id of a token",
    ),
    (
        "rocketchat_configs",
        &["token", "token_file"],
        &["rocketchat_token", "rocketchat_token_file"],
        "token",
    ),
    (
        "mattermost_configs",
        &["webhook_url", "webhook_url_file"],
        &["mattermost_webhook_url", "mattermost_webhook_url_file"],
        "webhook",
    ),
];

/// Only a bot can update what it has written.
pub(super) fn slack(node: &Node, sink: &mut Sink<'_>) {
    let bots = "https://slack.com/api/chat.postMessage";
    if let Some((key, value)) = node.entry("update_message")
        && value.truth() == Some(true)
        && node.scalar_at("api_url").as_deref() != Some(bots)
    {
        let hint = format!("set `api_url: {bots}`");
        sink.refuse(
            key.spot,
            "`update_message` without the `api_url` of bots",
            hint,
        );
    }
}

pub(super) fn webex(node: &Node, sink: &mut Sink<'_>) {
    if node.at(&["http_config", "authorization"]).is_none() {
        let message = "a receiver by Webex without `http_config.authorization`";
        sink.refuse(node.spot, message, "");
    }
}

pub(super) fn responder(node: &Node, sink: &mut Sink<'_>) {
    let kind = node.scalar_at("type").unwrap_or_default();
    let known = ["team", "teams", "user", "escalation", "schedule"];
    if !kind.contains("{{") && !known.contains(&kind.to_lowercase().as_str()) {
        let spot = node.get("type").map_or(node.spot, |value| value.spot);
        let message = format!("`type: {kind}` is none of {}", known.join(", "));
        sink.refuse(spot, message, "");
    }
}

/// Alertmanager asks for one of the three, or for all of them.
pub(super) fn sns(node: &Node, sink: &mut Sink<'_>) {
    let names = ["target_arn", "topic_arn", "phone_number"];
    let set = names.iter().filter(|name| filled(node, name).is_some());
    if [0, 2].contains(&set.count()) {
        let message = "a receiver by SNS takes one of `target_arn`, `topic_arn`, `phone_number`";
        sink.refuse(node.spot, message, "");
    }
}

pub(super) fn mail_headers(node: &Node, sink: &mut Sink<'_>) {
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
