//! What a server wants to see: credentials and certificates, read from files, never printed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use churn_base::error::{Error, Result};
use churn_base::files::{MOST_BY_HAND, read_at_most};
use churn_base::secret::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ureq::http::HeaderValue;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::url::BaseUrl;

/// How to be let in, and whom to trust. The default: no credentials, the system's certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// User and password (basic authentication). Counts before those of the URL.
    pub basic: Option<(String, Secret)>,
    /// Bearer token. Counts before user and password.
    pub bearer: Option<Secret>,
    /// PEM file with the certificates to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM files with a certificate chain and its key, by which we are known to the server.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Whether credentials may go to another machine unencrypted.
    pub allow_plain_http: bool,
}

impl Access {
    /// Returns the value of the `Authorization` header, if there is one to send.
    pub(super) fn authorization(&self, url: &BaseUrl) -> Result<Option<HeaderValue>> {
        let basic = |user: &str, password: &Secret| {
            let login = format!("{user}:{}", password.expose());
            format!("Basic {}", STANDARD.encode(login))
        };
        let text = match (&self.bearer, &self.basic, url.login()) {
            (Some(token), _, _) => format!("Bearer {}", token.expose()),
            (None, Some((user, password)), _) => basic(user, password),
            (None, None, Some((user, password))) => basic(user, password),
            (None, None, None) => return Ok(None),
        };
        if !url.is_https() && !url.is_loopback() && !self.allow_plain_http {
            let message = format!("credentials would go to {url} unencrypted");
            return Err(Error::bad_settings(message)
                .hint("use https://, or --allow-plain-http where the network itself is safe"));
        }
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Error::bad_settings("the token or password has characters that no header can carry")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Reads the certificates.
    pub(super) fn tls(&self) -> Result<TlsConfig> {
        let roots = match &self.ca_file {
            None => RootCerts::PlatformVerifier,
            Some(path) => RootCerts::Specific(Arc::new(trusted(path)?)),
        };
        let client = match &self.client_certificate {
            None => None,
            Some((chain, key)) => Some(own(chain, key)?),
        };
        let builder = TlsConfig::builder().root_certs(roots);
        Ok(builder.client_cert(client).build())
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read_at_most(path, MOST_BY_HAND).map_err(|error| Error::io("read", path, error))?;
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(no_pem(path, "certificate")),
        Err(error) => Err(no_pem(path, "certificate").because(error)),
    }
}

fn no_pem(path: &Path, what: &str) -> Error {
    Error::bad_settings(format!("no PEM {what} in {}", path.display()))
}

fn trusted(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let certificates = certificates(path)?;
    // What rustls cannot read is left out in silence otherwise, and then nobody is trusted.
    let mut store = rustls::RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| {
            let message = format!("a certificate in {} cannot be used", path.display());
            Error::bad_settings(message).because(error)
        })?;
    }
    let owned = certificates
        .iter()
        .map(|one| Certificate::from_der(one).to_owned());
    Ok(owned.collect())
}

fn own(chain_path: &Path, key_path: &Path) -> Result<ClientCert> {
    let chain = certificates(chain_path)?;
    let pem =
        read_at_most(key_path, MOST_BY_HAND).map_err(|error| Error::io("read", key_path, error))?;
    // The cause is left out: an error about a key must not show a piece of it.
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_pem(key_path, "private key"))?;
    // The client panics on a key that does not fit.
    let provider = rustls::crypto::ring::default_provider();
    rustls::sign::CertifiedKey::from_der(chain.clone(), key, &provider).map_err(|error| {
        let (chain, key) = (chain_path.display(), key_path.display());
        Error::bad_settings(format!(
            "the key {key} does not fit the certificate {chain}"
        ))
        .because(error)
    })?;
    let key = PrivateKey::from_pem(&pem).map_err(|_| no_pem(key_path, "private key"))?;
    let chain: Vec<_> = chain
        .iter()
        .map(|one| Certificate::from_der(one).to_owned())
        .collect();
    Ok(ClientCert::new_with_certs(&chain, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BaseUrl {
        text.parse().expect(text)
    }

    fn header(access: &Access, at: &str) -> Option<String> {
        let value = access.authorization(&url(at)).expect("a header or none");
        value.map(|value| value.to_str().expect("ASCII").to_owned())
    }

    #[test]
    fn a_token_counts_before_a_login_and_that_before_the_url() {
        let mut access = Access::default();
        assert_eq!(header(&access, "https://gw"), None);
        // printf 'ann:pw' | base64
        assert_eq!(
            header(&access, "https://ann:pw@gw").as_deref(),
            Some("Basic YW5uOnB3")
        );
        access.basic = Some(("bob".to_owned(), Secret::new("pw".to_owned())));
        // printf 'bob:pw' | base64
        assert_eq!(
            header(&access, "https://ann:pw@gw").as_deref(),
            Some("Basic Ym9iOnB3")
        );
        access.bearer = Some(Secret::new("t0k3n".to_owned()));
        assert_eq!(
            header(&access, "https://ann:pw@gw").as_deref(),
            Some("Bearer t0k3n")
        );
    }

    #[test]
    fn credentials_do_not_leave_the_machine_unencrypted() {
        let mut access = Access {
            bearer: Some(Secret::new("canary".to_owned())),
            ..Access::default()
        };
        let error = access
            .authorization(&url("http://gw:9091"))
            .expect_err("plain");
        assert_eq!(error.code().code(), 78);
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert!(header(&access, "http://127.0.0.1:9091").is_some());
        access.allow_plain_http = true;
        assert!(header(&access, "http://gw:9091").is_some());
        assert!(!format!("{access:?}").contains("canary"));
    }

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        for text in [
            "",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(&path, text).expect("write");
            let access = Access {
                ca_file: Some(path.clone()),
                ..Access::default()
            };
            let error = access.tls().expect_err("refused");
            assert_eq!(error.code().code(), 78, "{error}");
            assert!(error.to_string().contains("ca.pem"), "{error}");
        }
    }
}
