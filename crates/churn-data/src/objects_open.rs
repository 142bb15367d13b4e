//! Opening an object store: which one an address names, and with whose keys.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::files::{MOST_BY_HAND, read_text_at_most};
use churn_base::passing::is_passing;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};

use super::object_address::Address;
use super::objects_http::Connector;

/// How often and how long a request is tried again: half a minute at most.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(4),
            base: 2.0,
        },
        max_retries: 6,
        retry_timeout: Duration::from_secs(30),
    }
}

/// Says so at once if the environment names a proxy that is not one: requests would only fail, again
/// and again.
fn check_proxy(endpoint: Option<String>) -> Result<()> {
    let endpoint = endpoint.unwrap_or_else(|| "https://store.invalid".to_owned());
    match endpoint.parse() {
        Ok(endpoint) => churn_base::proxies::before(&endpoint).map(|_| ()),
        // Whoever opens the store says what is wrong with it.
        Err(_) => Ok(()),
    }
}

/// Opens the store of an address. Nothing is asked of it yet.
pub(super) fn open(address: &Address) -> Result<Arc<dyn ObjectStore>> {
    let url = format!("{}://{}", address.scheme, address.bucket);
    let is_plain =
        |endpoint: Option<String>| endpoint.is_some_and(|url| url.starts_with("http://"));
    let opened: object_store::Result<Arc<dyn ObjectStore>> = match address.scheme.as_str() {
        "s3" => {
            let mut builder = with_profile(AmazonS3Builder::from_env())?
                .with_url(url)
                .with_http_connector(Connector::default())
                .with_retry(retries());
            for key in [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint] {
                // Whoever names an address without TLS means it.
                if is_plain(builder.get_config_value(&key)) {
                    builder = builder.with_allow_http(true);
                }
            }
            let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
            check_proxy(endpoint)?;
            if !has_keys(&builder) && is_set("AWS_EC2_METADATA_DISABLED") {
                return Err(no_keys(address));
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
        "gs" => {
            let mut builder = GoogleCloudStorageBuilder::from_env()
                .with_url(url)
                .with_http_connector(Connector::default())
                .with_retry(retries());
            check_proxy(builder.get_config_value(&GoogleConfigKey::BaseUrl))?;
            if is_plain(builder.get_config_value(&GoogleConfigKey::BaseUrl)) {
                let key = GoogleConfigKey::Client(ClientConfigKey::AllowHttp);
                builder = builder.with_config(key, "true");
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
        _ => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_url(url)
                .with_http_connector(Connector::default())
                .with_retry(retries());
            check_proxy(builder.get_config_value(&AzureConfigKey::Endpoint))?;
            if is_plain(builder.get_config_value(&AzureConfigKey::Endpoint)) {
                builder = builder.with_allow_http(true);
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
    };
    opened.map_err(|error| {
        Error::bad_settings("the object store cannot be opened as the environment says")
            .at(address.place())
            .because(error.to_string())
    })
}

fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

fn has_keys(builder: &AmazonS3Builder) -> bool {
    let has = |key| builder.get_config_value(&key).is_some();
    has(AmazonS3ConfigKey::AccessKeyId)
        || has(AmazonS3ConfigKey::SecretAccessKey)
        || has(AmazonS3ConfigKey::WebIdentityTokenFile)
        || has(AmazonS3ConfigKey::ContainerCredentialsRelativeUri)
        || has(AmazonS3ConfigKey::ContainerCredentialsFullUri)
        || builder
            .get_config_value(&AmazonS3ConfigKey::SkipSignature)
            .is_some_and(|value| value == "true")
}

fn no_keys(address: &Address) -> Error {
    Error::new(
        ExitCode::NotAllowed,
        "there are no credentials for the object store",
    )
    .at(address.place())
    .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
}

/// Takes keys and region from the user's files where the environment has none, as AWS' own tools
/// do. Only keys that stand there: no roles, no single sign-on, no programs.
///
/// # Errors
/// 74 if a file cannot be read now. One that is not there, or somebody else's, has no keys for us.
fn with_profile(mut builder: AmazonS3Builder) -> Result<AmazonS3Builder> {
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    let file = |variable: &str, usual: &str| {
        let named = std::env::var_os(variable).map(PathBuf::from);
        let Some(path) = named.or_else(|| Some(home()?.join(".aws").join(usual))) else {
            return Ok(None);
        };
        match read_text_at_most(&path, MOST_BY_HAND) {
            Err(error) if is_passing(&error) => Err(Error::io("read", &path, error)),
            read => Ok(read.ok()),
        }
    };
    let profile = std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned());
    if !has_keys(&builder)
        && let Some(text) = file("AWS_SHARED_CREDENTIALS_FILE", "credentials")?
    {
        let value = |name| profile_value(&text, &profile, name);
        if let (Some(id), Some(secret)) =
            (value("aws_access_key_id"), value("aws_secret_access_key"))
        {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret);
            if let Some(token) = value("aws_session_token") {
                builder = builder.with_token(token);
            }
        }
    }
    if builder
        .get_config_value(&AmazonS3ConfigKey::Region)
        .is_none()
        && let Some(text) = file("AWS_CONFIG_FILE", "config")?
    {
        let section = match profile.as_str() {
            "default" => "default".to_owned(),
            other => format!("profile {other}"),
        };
        if let Some(region) = profile_value(&text, &section, "region") {
            builder = builder.with_region(region);
        }
    }
    Ok(builder)
}

/// Returns a value of a section of an INI file.
fn profile_value<'a>(text: &'a str, section: &str, name: &str) -> Option<&'a str> {
    let mut is_inside = false;
    for line in text.lines() {
        let line = line.trim();
        if let Some(title) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            is_inside = title.trim() == section;
        } else if is_inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == name
        {
            return Some(value.trim()).filter(|value| !value.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_its_name() {
        let text =
            "[default]\naws_access_key_id = A\n# c = d\n[ work ]\naws_access_key_id=B\nregion =\n";
        assert_eq!(
            profile_value(text, "default", "aws_access_key_id"),
            Some("A")
        );
        assert_eq!(profile_value(text, "work", "aws_access_key_id"), Some("B"));
        assert_eq!(profile_value(text, "work", "region"), None);
        assert_eq!(profile_value(text, "other", "aws_access_key_id"), None);
    }
}
