//! Receivers as a whole: which integrations there are, and what none of their keys says alone.

use super::super::node::{Node, Value};
use super::chat;
use super::pagers;
use super::shape::{Limit, Shape, Sink, Struct, filled};

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
