//! The flags about the way to the Pushgateway, and those that say which group is meant.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::settings::{Flags, Span};

const GATEWAY: &str = "Pushgateway";
const GROUP: &str = "Group";

/// Where the gateway is, and how it lets us in.
#[derive(Debug, Clone, Args)]
pub(super) struct GatewayArgs {
    /// URL of the Pushgateway, such as http://pushgateway:9091
    ///
    /// A user and password in it are used and never shown.
    #[arg(long, value_name = "URL", help_heading = GATEWAY, value_hint = ValueHint::Url)]
    gateway: Option<String>,

    /// User for basic authentication [setting: push.username]
    #[arg(long, value_name = "NAME", help_heading = GATEWAY)]
    username: Option<String>,

    /// File with the password [setting: push.password_file] [env: CHURNCTL_PUSH_PASSWORD holds the password itself]
    #[arg(long, value_name = "FILE", help_heading = GATEWAY, value_hint = ValueHint::FilePath)]
    password_file: Option<PathBuf>,

    /// File with a bearer token [setting: push.token_file] [env: CHURNCTL_PUSH_TOKEN holds the token itself]
    #[arg(long, value_name = "FILE", help_heading = GATEWAY, value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,

    /// PEM file with the certificates to trust, in place of the system's [setting: push.ca_file]
    #[arg(long, value_name = "FILE", help_heading = GATEWAY, value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,

    /// PEM file with the certificate by which the gateway knows us [setting: push.client_cert]
    #[arg(long, value_name = "FILE", help_heading = GATEWAY, value_hint = ValueHint::FilePath)]
    client_cert: Option<PathBuf>,

    /// PEM file with the key of that certificate [setting: push.client_key]
    #[arg(long, value_name = "FILE", help_heading = GATEWAY, value_hint = ValueHint::FilePath)]
    client_key: Option<PathBuf>,

    /// Let credentials go to another machine unencrypted [setting: push.plain_http = "allow"]
    #[arg(long, help_heading = GATEWAY)]
    allow_plain_http: bool,

    /// How pushes are packed: none or gzip [default: none] [setting: push.compression]
    #[arg(long, value_name = "HOW", help_heading = GATEWAY)]
    compression: Option<String>,

    /// Longest time for one attempt [default: 10s] [setting: push.timeout]
    #[arg(long, value_name = "TIME", value_parser = super::columns::checked::<Span>, help_heading = GATEWAY)]
    timeout: Option<String>,

    /// Longest time for all attempts and the pauses between them [default: 30s] [setting: push.deadline]
    ///
    /// Tried again are connections that fail or break, and the answers 408, 429 (after the time
    /// that it asks for) and 5xx. Any other answer counts.
    #[arg(long, value_name = "TIME", value_parser = super::columns::checked::<Span>, help_heading = GATEWAY)]
    deadline: Option<String>,
}

impl GatewayArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        let mut path = |key, path: &Option<PathBuf>| {
            flags.one(key, path.as_ref().map(|path| path.display()));
        };
        path("push.password_file", &self.password_file);
        path("push.token_file", &self.token_file);
        path("push.ca_file", &self.ca_file);
        path("push.client_cert", &self.client_cert);
        path("push.client_key", &self.client_key);
        flags.one("push.gateway", self.gateway.as_ref());
        flags.one("push.plain_http", self.allow_plain_http.then_some("allow"));
        flags.one("push.username", self.username.as_ref());
        flags.one("push.compression", self.compression.as_ref());
        flags.one("push.timeout", self.timeout.as_ref());
        flags.one("push.deadline", self.deadline.as_ref());
    }
}

/// Which group is meant.
#[derive(Debug, Clone, Args)]
pub(super) struct GroupArgs {
    /// Name of the job, the label `job` of the group
    #[arg(long, required = true, value_name = "NAME", help_heading = GROUP)]
    pub(super) job: Option<String>,

    /// Further labels of the group
    ///
    /// May be given several times. The metrics of a group are found, replaced and deleted by all
    /// of its labels together. Any text can be a value.
    #[arg(long, value_name = "LABEL=VALUE", value_parser = pair, help_heading = GROUP)]
    pub(super) group: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("not of the form LABEL=VALUE".to_owned()),
    }
}
