//! `insecure-receiver`: alerts that leave the host in clear text, or to whoever answers.

use super::check::{Context, Findings, Severity};
use super::edit::Edit;
use crate::node::{Node, Source};

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
        walk(value, source, findings);
        let Some(text) = value.scalar() else { continue };
        let (message, hint, better) = match key.name.as_str() {
            "insecure_skip_verify" | "insecureSkipVerify" if text == "true" => (
                "the server's certificate is not verified: whoever answers gets the alerts"
                    .to_owned(),
                "name the authority: `ca_file`",
                Some("false"),
            ),
            "require_tls" | "smtp_require_tls" | "requireTLS" if text == "false" => (
                format!(
                    "`{}: false` sends mail, and the password, in clear text",
                    key.name
                ),
                "take it out: TLS is required by default",
                Some("true"),
            ),
            "url" | "api_url" | "webhook_url" | "apiURL" if is_far_and_clear(&text) => (
                format!("`{}` is http: the alerts travel in clear text", key.name),
                "write https",
                None,
            ),
            _ => continue,
        };
        let finding = findings.of_line(Severity::Warn, source, key.spot.line, message, hint);
        let (start, end) = (value.spot.byte, value.spot.byte + value.spot.length);
        if let Some(better) = better
            && source.text.get(start..end) == Some(text.as_str())
        {
            finding.fix.push(Edit {
                start_byte: start,
                end_byte: end,
                text: better.to_owned(),
            });
        }
    }
}

/// Tells whether a URL is http and its host another one than this, or than a Service of the cluster.
fn is_far_and_clear(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let near = host == "::1"
        || host.starts_with("127.")
        // A name without a dot is one of the same network: a container, a Service.
        || !host.contains('.')
        || [".svc", ".svc.cluster.local", ".cluster.local", ".localhost", ".internal"].iter().any(|end| host.ends_with(end));
    !near
}
