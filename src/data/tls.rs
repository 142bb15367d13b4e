//! TLS towards databases: always with a certificate that is checked.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::error::{Error, Result};

/// Trusts the certificates of a file, or those that the system trusts.
pub(super) fn client_config(ca_file: Option<&str>) -> Result<ClientConfig> {
    let bad = |what: &str, error: rustls::Error| Error::bad_settings(what).because(error);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("TLS cannot be set up", error))?;
    let config = match ca_file {
        None => builder
            .with_platform_verifier()
            .map_err(|error| bad("the system's certificates cannot be read", error))?
            .with_no_client_auth(),
        Some(file) => {
            let path = std::path::Path::new(file);
            let pem = std::fs::read(path).map_err(|error| Error::io("read", path, error))?;
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
                roots
                    .add(certificate)
                    .map_err(|error| bad(&format!("{file}: a certificate is none"), error))?;
            }
            if roots.is_empty() {
                return Err(Error::bad_settings(format!("{file} has no certificate")));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(config)
}
