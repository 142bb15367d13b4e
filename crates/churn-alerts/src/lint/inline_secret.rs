//! `inline-secret`: a password, key or token in the text of the configuration, where everybody reads
//! it who reads the repository.

use super::check::{Context, Findings, Severity};
use crate::node::{Node, Source, Value};

/// Keys whose value is a secret, with what takes a file instead.
const SECRETS: [(&str, &str); 22] = [
    ("smtp_auth_password", "smtp_auth_password_file"),
    ("smtp_auth_secret", "smtp_auth_secret_file"),
    ("auth_password", "auth_password_file"),
    ("auth_secret", "auth_secret_file"),
    ("slack_api_url", "slack_api_url_file"),
    ("api_url", "api_url_file"),
    ("api_key", "api_key_file"),
    ("opsgenie_api_key", "opsgenie_api_key_file"),
    ("victorops_api_key", "victorops_api_key_file"),
    ("wechat_api_secret", "wechat_api_secret_file"),
    ("routing_key", "routing_key_file"),
    ("service_key", "service_key_file"),
    ("token", "token_file"),
    ("user_key", "user_key_file"),
    ("bot_token", "bot_token_file"),
    ("app_token", "app_token_file"),
    ("webhook_url", "webhook_url_file"),
    ("password", "password_file"),
    ("credentials", "credentials_file"),
    ("bearer_token", "bearer_token_file"),
    ("client_secret", "client_secret_file"),
    ("access_token", "access_token_file"),
];
/// Signs in a webhook's URL that knowing it is enough to post.
const TOKENS: [&str; 5] = [
    "token=",
    "key=",
    "secret=",
    "/hooks.slack.com/",
    "webhook.office.com",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        walk(&configuration.document, &configuration.source, findings);
    }
}

fn walk(node: &Node, source: &Source, findings: &mut Findings) {
    node.items()
        .iter()
        .for_each(|item| walk(item, source, findings));
    for (key, value) in node.entries() {
        let Value::Text(text) = &value.value else {
            walk(value, source, findings);
            continue;
        };
        let Some(file) = secret(&key.name, text) else {
            continue;
        };
        let message = format!("`{}` holds a secret in the text", key.name);
        let hint = format!("put it into a file and write `{file}`");
        findings.of_line(Severity::Warn, source, key.spot.line, message, hint);
    }
}

/// Returns the key that takes a file, if this value is a secret.
fn secret(key: &str, value: &str) -> Option<&'static str> {
    // What a template or the environment fills in later, and nothing at all.
    if value.trim().is_empty()
        || value.contains("{{")
        || value.contains("${")
        || value.contains("<secret")
    {
        return None;
    }
    if key == "url" {
        let credentials = value.split_once("://").is_some_and(|(_, rest)| {
            let host = rest.split('/').next().unwrap_or_default();
            host.contains('@')
        });
        return (credentials || TOKENS.iter().any(|sign| value.contains(sign)))
            .then_some("url_file");
    }
    // Of the kinds with an `api_url`, only Slack's is a secret.
    if key == "api_url" && !value.contains("hooks.slack.com") {
        return None;
    }
    SECRETS
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, file)| *file)
}
