//! TLS for connections to databases: always with a certificate that is checked.

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::sync::Arc;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::files::{MOST_BY_HAND, read_at_most};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::sql::SqlAddress;

/// Returns what an address asks for: TLS that trusts the certificates of its file, or those that
/// the system trusts; none if it is off.
pub(super) fn for_address(address: &SqlAddress) -> Result<Option<Arc<ClientConfig>>> {
    let wanted = address.tls.then_some(address.ca_file.as_deref());
    wanted.map(client_config).transpose()
}

fn client_config(ca_file: Option<&str>) -> Result<Arc<ClientConfig>> {
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
            let path = Path::new(file);
            let pem =
                read_at_most(path, MOST_BY_HAND).map_err(|error| Error::io("read", path, error))?;
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
    Ok(Arc::new(config))
}

/// Returns whether a connection failed because the server could not be trusted.
pub(super) fn is_mistrust(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // An error of the disk or the wire hides the one that it is made of.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref());
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

/// Makes the error of a server that could not be trusted.
pub(super) fn mistrusted(
    address: &SqlAddress,
    error: impl Into<Box<dyn StdError + Send + Sync>>,
) -> Error {
    Error::new(ExitCode::Unavailable, "the database could not be trusted")
        .at(address.place())
        .hint(match &address.ca_file {
            Some(file) => {
                format!("is {file} the authority of its certificate, and its name in there?")
            }
            None => "name the authority of its certificate: &sslrootcert=FILE".to_owned(),
        })
        .because(error)
}
