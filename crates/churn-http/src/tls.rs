//! TLS for a listener: certificate and key from files, read again when they change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use churn_base::error::{Error, Result};
use churn_base::files::{MOST_BY_HAND, read_at_most};
use churn_base::passing::is_retryable;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at, at most.
const LOOK: Duration = Duration::from_secs(5);

/// Where certificate and key are, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that lead to the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of those who sign clients': then a client must bring one of theirs.
    pub clients: Option<PathBuf>,
}

/// What TLS connections begin with.
pub(super) struct Tls {
    files: TlsFiles,
    kept: Mutex<Kept>,
}

struct Kept {
    acceptor: TlsAcceptor,
    stamps: [Stamp; 2],
    looked: Instant,
}

type Stamp = Option<(u64, u64, i64, i64)>;

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// I/O (74) or bad settings (78) that name the file.
    pub(super) fn new(files: TlsFiles) -> Result<Self> {
        let stamps = stamps(&files);
        let acceptor = acceptor(&files)?;
        let looked = Instant::now();
        Ok(Self {
            files,
            kept: Mutex::new(Kept {
                acceptor,
                stamps,
                looked,
            }),
        })
    }

    /// Returns what the next connection begins with, and the error if files that have changed
    /// cannot be used: then the old ones stay.
    pub(super) fn acceptor(&self) -> (TlsAcceptor, Option<Error>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed = None;
        if kept.looked.elapsed() >= LOOK {
            kept.looked = Instant::now();
            let now = stamps(&self.files);
            if now != kept.stamps {
                match acceptor(&self.files) {
                    Ok(acceptor) => (kept.acceptor, kept.stamps) = (acceptor, now),
                    Err(error) => {
                        // What may pass is tried at the next look: a new certificate is not missed for it.
                        if !is_retryable(&error) {
                            kept.stamps = now;
                        }
                        failed = Some(error);
                    }
                }
            }
        }
        (kept.acceptor.clone(), failed)
    }
}

fn stamps(files: &TlsFiles) -> [Stamp; 2] {
    [&files.certificate, &files.key].map(|path| {
        let file = fs::metadata(path).ok()?;
        Some((file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MOST_BY_HAND).map_err(|error| Error::io("read", path, error))
}

fn refused(path: &Path, what: &str) -> Error {
    Error::bad_settings(format!("{} holds no {what} in PEM", path.display()))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| refused(path, "certificate").because(error))?;
    match found.is_empty() {
        true => Err(refused(path, "certificate")),
        false => Ok(found),
    }
}

/// Lets in only clients whose certificate one of these has signed.
fn verifier(path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, &read(path)?)? {
        roots
            .add(certificate)
            .map_err(|error| refused(path, "usable certificate").because(error))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| refused(path, "usable certificate").because(error))
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
    let chain = certificates(&files.certificate, &certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|error| refused(&files.key, "private key").because(error))?;
    let provider = Arc::new(ring::default_provider());
    let verifier = match &files.clients {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(path) => verifier(path, Arc::clone(&provider))?,
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let builder = builder.with_client_cert_verifier(verifier);
            builder.with_single_cert(chain, key)
        })
        .map_err(|error| {
            let key = files.key.display();
            let message = format!(
                "{} and {key} do not go together",
                files.certificate.display()
            );
            Error::bad_settings(message).because(error)
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
