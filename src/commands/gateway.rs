//! How commands reach the Pushgateway: URL, credentials and patience, settings applied.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Console;
use crate::error::{Error, Result};
use crate::http::client::{Access, BaseUrl, Client, Policy};
use crate::secret::Secret;
use crate::settings::{PushSettings, Settings};

/// Everything there is to know about the way to the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRequest {
    url: BaseUrl,
    username: Option<String>,
    password_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    client_certificate: Option<(PathBuf, PathBuf)>,
    allow_plain_http: bool,
    timeout: Duration,
    deadline: Duration,
    /// Whether pushes are packed.
    pub is_packed: bool,
}

impl GatewayRequest {
    /// Takes what is set for `push-metrics`.
    ///
    /// # Errors
    /// Fails with 64 if no gateway is named, if its URL is none, and on words that contradict
    /// each other.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let Some(url) = &settings.push.gateway else {
            return Err(Error::usage("no Pushgateway is named")
                .hint("--gateway URL, CHURNCTL_PUSH_GATEWAY, or push.gateway in churnctl.toml"));
        };
        Self::at(url, &settings.push)
    }

    /// Returns the files that are read to reach it, each with its option.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let certificate = self.client_certificate.as_ref();
        [
            ("--password-file", self.password_file.as_ref()),
            ("--token-file", self.token_file.as_ref()),
            ("--ca-file", self.ca_file.as_ref()),
            ("--client-cert", certificate.map(|(file, _)| file)),
            ("--client-key", certificate.map(|(_, key)| key)),
        ]
        .into_iter()
        .filter_map(|(option, path)| Some((option, path?.as_path())))
    }

    /// Takes what is set, with a gateway that was named elsewhere.
    ///
    /// # Errors
    /// As [`GatewayRequest::from_settings`].
    pub fn at(url: &str, set: &PushSettings) -> Result<Self> {
        let url = url
            .parse()
            .map_err(|why| Error::usage(format!("the Pushgateway: {why}")))?;
        let client_certificate = match (&set.client_cert, &set.client_key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(
                    Error::usage("a client certificate without its key, or the reverse")
                        .hint("--client-cert FILE and --client-key FILE go together"),
                );
            }
        };
        Ok(Self {
            url,
            username: set.username.clone(),
            password_file: set.password_file.clone(),
            token_file: set.token_file.clone(),
            ca_file: set.ca_file.clone(),
            client_certificate,
            allow_plain_http: set.plain_http == "allow",
            timeout: set.timeout.get(),
            deadline: set.deadline.get(),
            is_packed: set.compression == "gzip",
        })
    }

    /// Returns where the gateway is, without credentials.
    #[must_use]
    pub const fn url(&self) -> &BaseUrl {
        &self.url
    }

    /// Reads the secrets and makes a client.
    ///
    /// # Errors
    /// As [`Client::new`] and [`Secret::read`].
    pub fn client(&self, console: &Console<'_>) -> Result<Client> {
        self.client_after(console, Duration::ZERO)
    }

    /// Makes a client for what is left of the deadline after something else took its part.
    ///
    /// # Errors
    /// As [`GatewayRequest::client`].
    pub fn client_after(&self, console: &Console<'_>, spent: Duration) -> Result<Client> {
        self.client_within(console, self.deadline.saturating_sub(spent))
    }

    /// Makes a client that does not ask for long: for what can be done without.
    ///
    /// # Errors
    /// As [`GatewayRequest::client`].
    pub fn hasty_client(&self, console: &Console<'_>) -> Result<Client> {
        self.client_within(console, Duration::from_secs(3).min(self.deadline / 3))
    }

    fn client_within(&self, console: &Console<'_>, deadline: Duration) -> Result<Client> {
        let secret = |file: &Option<PathBuf>, variable: &str| match file {
            Some(path) => Secret::read(path).map(Some),
            None => Ok(console
                .var(variable)
                .map(|text| Secret::new(text.to_owned()))),
        };
        let password = secret(&self.password_file, "CHURNCTL_PUSH_PASSWORD")?;
        let basic = match (&self.username, password) {
            (Some(user), Some(password)) => Some((user.clone(), password)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Error::usage("a user without a password")
                    .hint("--password-file FILE, or CHURNCTL_PUSH_PASSWORD"));
            }
            (None, Some(_)) => {
                return Err(Error::usage("a password without a user").hint("--username NAME"));
            }
        };
        let access = Access {
            basic,
            bearer: secret(&self.token_file, "CHURNCTL_PUSH_TOKEN")?,
            ca_file: self.ca_file.clone(),
            client_certificate: self.client_certificate.clone(),
            allow_plain_http: self.allow_plain_http,
        };
        let policy = Policy::within(self.timeout, deadline);
        Client::new("the Pushgateway", self.url.clone(), &access, policy)
    }
}
