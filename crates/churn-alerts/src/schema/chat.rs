//! Receivers that write to people's chats: the keys of each, as Alertmanager 0.34 has them.

use super::super::node::Node;
use super::go::{go_timeout, secret_url, url};
use super::http::HTTP_CLIENT;
use super::shape::{Limit, Shape, Sink, Struct, no_check};

pub(super) static DISCORD: Struct = Struct {
    what: "a receiver by Discord",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("webhook_url", Shape::Checked(secret_url)),
        ("webhook_url_file", Shape::Text),
        ("content", Shape::Text),
        ("title", Shape::Text),
        ("message", Shape::Text),
        ("username", Shape::Text),
        ("avatar_url", Shape::Text),
    ],
    limits: &[
        Limit::Needs(&["webhook_url", "webhook_url_file"]),
        Limit::AtMostOne(&["webhook_url", "webhook_url_file"]),
    ],
    check: no_check,
};

pub(super) static MATTERMOST: Struct = Struct {
    what: "a receiver by Mattermost",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("webhook_url", Shape::Checked(secret_url)),
        ("webhook_url_file", Shape::Text),
        ("channel", Shape::Text),
        ("username", Shape::Text),
        ("text", Shape::Text),
        ("fallback", Shape::Text),
        ("color", Shape::Text),
        ("pretext", Shape::Text),
        ("author_name", Shape::Text),
        ("author_link", Shape::Text),
        ("author_icon", Shape::Text),
        ("title", Shape::Text),
        ("title_link", Shape::Text),
        ("fields", Shape::List(&Shape::Struct(&MATTERMOST_FIELD))),
        ("thumb_url", Shape::Text),
        ("footer", Shape::Text),
        ("footer_icon", Shape::Text),
        ("image_url", Shape::Text),
        ("icon_url", Shape::Text),
        ("icon_emoji", Shape::Text),
        (
            "attachments",
            Shape::List(&Shape::Struct(&MATTERMOST_ATTACHMENT)),
        ),
        ("type", Shape::Text),
        ("props", Shape::Struct(&MATTERMOST_PROPS)),
        ("priority", Shape::Struct(&MATTERMOST_PRIORITY)),
    ],
    limits: &[Limit::AtMostOne(&["webhook_url", "webhook_url_file"])],
    check: no_check,
};

static MATTERMOST_FIELD: Struct = Struct {
    what: "a field of Mattermost",
    keys: &[
        ("title", Shape::Text),
        ("value", Shape::Text),
        ("short", Shape::Truth),
    ],
    limits: &[Limit::Needs(&["title"]), Limit::Needs(&["value"])],
    check: no_check,
};

static MATTERMOST_ATTACHMENT: Struct = Struct {
    what: "an attachment of Mattermost",
    keys: &[
        ("fallback", Shape::Text),
        ("color", Shape::Text),
        ("pretext", Shape::Text),
        ("text", Shape::Text),
        ("author_name", Shape::Text),
        ("author_link", Shape::Text),
        ("author_icon", Shape::Text),
        ("title", Shape::Text),
        ("title_link", Shape::Text),
        ("fields", Shape::List(&Shape::Struct(&MATTERMOST_FIELD))),
        ("thumb_url", Shape::Text),
        ("footer", Shape::Text),
        ("footer_icon", Shape::Text),
        ("image_url", Shape::Text),
    ],
    limits: &[],
    check: no_check,
};

static MATTERMOST_PROPS: Struct = Struct {
    what: "the `props` of Mattermost",
    keys: &[("card", Shape::Text)],
    limits: &[],
    check: no_check,
};

static MATTERMOST_PRIORITY: Struct = Struct {
    what: "the `priority` of Mattermost",
    keys: &[
        ("priority", Shape::Text),
        ("requested_ack", Shape::Truth),
        ("persistent_notifications", Shape::Truth),
    ],
    limits: &[],
    check: no_check,
};

pub(super) static MSTEAMS: Struct = Struct {
    what: "a receiver by Microsoft Teams",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("webhook_url", Shape::Checked(secret_url)),
        ("webhook_url_file", Shape::Text),
        ("title", Shape::Text),
        ("summary", Shape::Text),
        ("text", Shape::Text),
    ],
    limits: &[
        Limit::Needs(&["webhook_url", "webhook_url_file"]),
        Limit::AtMostOne(&["webhook_url", "webhook_url_file"]),
    ],
    check: no_check,
};

pub(super) static MSTEAMSV2: Struct = Struct {
    what: "a receiver by MSTeamsV2",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("webhook_url", Shape::Checked(secret_url)),
        ("webhook_url_file", Shape::Text),
        ("title", Shape::Text),
        ("text", Shape::Text),
    ],
    limits: &[
        Limit::Needs(&["webhook_url", "webhook_url_file"]),
        Limit::AtMostOne(&["webhook_url", "webhook_url_file"]),
    ],
    check: no_check,
};

pub(super) static ROCKETCHAT: Struct = Struct {
    what: "a receiver by Rocket.Chat",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_url", Shape::Checked(url)),
        ("token_id", Shape::Text),
        ("token_id_file", Shape::Text),
        ("token", Shape::Text),
        ("token_file", Shape::Text),
        ("channel", Shape::Text),
        ("color", Shape::Text),
        ("title", Shape::Text),
        ("title_link", Shape::Text),
        ("text", Shape::Text),
        ("fields", Shape::List(&Shape::Struct(&ROCKETCHAT_FIELD))),
        ("short_fields", Shape::Truth),
        ("emoji", Shape::Text),
        ("icon_url", Shape::Text),
        ("image_url", Shape::Text),
        ("thumb_url", Shape::Text),
        ("link_names", Shape::Truth),
        ("actions", Shape::List(&Shape::Struct(&ROCKETCHAT_ACTION))),
    ],
    limits: &[],
    check: no_check,
};

static ROCKETCHAT_FIELD: Struct = Struct {
    what: "a field of Rocket.Chat",
    // Without tags of their own, the keys are the names of Go's fields.
    keys: &[
        ("short", Shape::Truth),
        ("title", Shape::Text),
        ("value", Shape::Text),
    ],
    limits: &[],
    check: no_check,
};

static ROCKETCHAT_ACTION: Struct = Struct {
    what: "an action of Rocket.Chat",
    keys: &[
        ("type", Shape::Text),
        ("text", Shape::Text),
        ("url", Shape::Text),
        ("imageurl", Shape::Text),
        ("iswebview", Shape::Truth),
        ("webviewheightratio", Shape::Text),
        ("msg", Shape::Text),
        ("msginchatwindow", Shape::Truth),
        ("msgprocessingtype", Shape::Text),
    ],
    limits: &[],
    check: no_check,
};

pub(super) static SLACK: Struct = Struct {
    what: "a receiver by Slack",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_url", Shape::Checked(secret_url)),
        ("api_url_file", Shape::Text),
        ("app_token", Shape::Text),
        ("app_token_file", Shape::Text),
        ("app_url", Shape::Checked(url)),
        ("channel", Shape::Text),
        ("username", Shape::Text),
        ("color", Shape::Text),
        ("title", Shape::Text),
        ("title_link", Shape::Text),
        ("pretext", Shape::Text),
        ("text", Shape::Text),
        ("message_text", Shape::Text),
        ("fields", Shape::List(&Shape::Struct(&SLACK_FIELD))),
        ("short_fields", Shape::Truth),
        ("footer", Shape::Text),
        ("fallback", Shape::Text),
        ("callback_id", Shape::Text),
        ("icon_emoji", Shape::Text),
        ("icon_url", Shape::Text),
        ("image_url", Shape::Text),
        ("thumb_url", Shape::Text),
        ("link_names", Shape::Truth),
        ("mrkdwn_in", Shape::List(&Shape::Text)),
        ("actions", Shape::List(&Shape::Struct(&SLACK_ACTION))),
        ("update_message", Shape::Truth),
        ("timeout", Shape::Checked(go_timeout)),
    ],
    limits: &[Limit::AtMostOne(&[
        "api_url",
        "api_url_file",
        "app_token",
        "app_token_file",
    ])],
    check: slack,
};

static SLACK_ACTION: Struct = Struct {
    what: "an action of Slack",
    keys: &[
        ("type", Shape::Text),
        ("text", Shape::Text),
        ("url", Shape::Text),
        ("style", Shape::Text),
        ("name", Shape::Text),
        ("value", Shape::Text),
        ("confirm", Shape::Struct(&SLACK_CONFIRMATION)),
    ],
    limits: &[
        Limit::Needs(&["type"]),
        Limit::Needs(&["text"]),
        Limit::Needs(&["url", "name"]),
    ],
    check: no_check,
};

static SLACK_CONFIRMATION: Struct = Struct {
    what: "a confirmation of Slack",
    keys: &[
        ("text", Shape::Text),
        ("title", Shape::Text),
        ("ok_text", Shape::Text),
        ("dismiss_text", Shape::Text),
    ],
    limits: &[Limit::Needs(&["text"])],
    check: no_check,
};

static SLACK_FIELD: Struct = Struct {
    what: "a field of Slack",
    keys: &[
        ("title", Shape::Text),
        ("value", Shape::Text),
        ("short", Shape::Truth),
    ],
    limits: &[Limit::Needs(&["title"]), Limit::Needs(&["value"])],
    check: no_check,
};

pub(super) static TELEGRAM: Struct = Struct {
    what: "a receiver by Telegram",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_url", Shape::Checked(url)),
        ("bot_token", Shape::Text),
        ("bot_token_file", Shape::Text),
        ("chat_id", Shape::Integer),
        ("chat_id_file", Shape::Text),
        ("message_thread_id", Shape::Integer),
        ("message", Shape::Text),
        ("disable_notifications", Shape::Truth),
        ("parse_mode", Shape::Text),
    ],
    limits: &[
        Limit::Needs(&["chat_id", "chat_id_file"]),
        Limit::AtMostOne(&["chat_id", "chat_id_file"]),
        Limit::AtMostOne(&["bot_token", "bot_token_file"]),
        Limit::OneOf("parse_mode", &["", "Markdown", "MarkdownV2", "HTML"]),
    ],
    check: no_check,
};

pub(super) static WEBEX: Struct = Struct {
    what: "a receiver by Webex",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_url", Shape::Checked(url)),
        ("message", Shape::Text),
        ("room_id", Shape::Text),
    ],
    limits: &[Limit::Needs(&["room_id"])],
    check: webex,
};

pub(super) static WECHAT: Struct = Struct {
    what: "a receiver by WeChat",
    keys: &[
        ("send_resolved", Shape::Truth),
        ("http_config", Shape::Struct(&HTTP_CLIENT)),
        ("api_secret", Shape::Text),
        ("api_secret_file", Shape::Text),
        ("corp_id", Shape::Text),
        ("message", Shape::Text),
        ("api_url", Shape::Checked(url)),
        ("to_user", Shape::Text),
        ("to_party", Shape::Text),
        ("to_tag", Shape::Text),
        ("agent_id", Shape::Text),
        ("message_type", Shape::Text),
    ],
    limits: &[
        Limit::OneOf("message_type", &["", "text", "markdown"]),
        Limit::AtMostOne(&["api_secret", "api_secret_file"]),
    ],
    check: no_check,
};

/// Only a bot can update what it has written.
fn slack(node: &Node, sink: &mut Sink<'_>) {
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

fn webex(node: &Node, sink: &mut Sink<'_>) {
    if node.at(&["http_config", "authorization"]).is_none() {
        let message = "a receiver by Webex without `http_config.authorization`";
        sink.refuse(node.spot, message, "");
    }
}
