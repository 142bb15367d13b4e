//! `churnctl sign`: signatures beside files, and new keys.

use std::path::PathBuf;

use serde::Serialize;

use super::Console;
use super::signer::{SigningRequest, file_name, read_bundle, sound_kind};
use crate::cells::Tone;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::{Draft, read_object_at_most, write_new};
use crate::settings::Settings;
use crate::trust::{About, Kind, NewKey, Statement, beside};

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// Largest file that is signed; that of the largest profile.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// What is to be signed, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Where the signature of each goes.
    pub outputs: Vec<PathBuf>,
    /// Who signs.
    pub signing: SigningRequest,
}

/// Where a new key goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyRequest {
    /// The private key.
    pub private: PathBuf,
    /// The public key.
    pub public: PathBuf,
}

impl SignRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// Fails with 64 if no key is named, or there are other than as many outputs as files; with 78 as
    /// [`SigningRequest::from_settings`].
    pub fn from_settings(
        settings: &Settings,
        files: Vec<PathBuf>,
        outputs: Vec<PathBuf>,
    ) -> Result<Self> {
        let signing = SigningRequest::from_settings(settings)?.ok_or_else(|| {
            Error::usage("there is no key to sign with")
                .hint("--key KEY, or --key-command; `churnctl sign --new-key KEY` makes one")
        })?;
        if !outputs.is_empty() && outputs.len() != files.len() {
            return Err(Error::usage("there must be one -o for each file, or none")
                .hint("without -o the signature of FILE is FILE.sig"));
        }
        let outputs = match outputs.is_empty() {
            true => files.iter().map(|file| beside(file)).collect(),
            false => outputs,
        };
        Ok(Self {
            files,
            outputs,
            signing,
        })
    }
}

impl NewKeyRequest {
    /// Puts the public key beside the private one.
    #[must_use]
    pub fn new(private: PathBuf) -> Self {
        let mut public = private.clone().into_os_string();
        public.push(".pub");
        Self {
            private,
            public: public.into(),
        }
    }
}

#[derive(Serialize)]
struct Body {
    key_id: String,
    files: Vec<Signed>,
}

#[derive(Serialize)]
struct Signed {
    file: String,
    signature: String,
    kind: Kind,
    sha256: String,
}

/// Signs each file.
///
/// # Errors
/// Bad input if a file is damaged or nothing of ours; files; as the key has it. Then no signature is
/// written.
pub fn run(request: &SignRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let signer = request.signing.open(console)?;
    let mut made = Vec::new();
    for (file, output) in request.files.iter().zip(&request.outputs) {
        let bytes = read_object_at_most(file, MOST_BYTES)
            .map_err(|error| Error::io("read", file, error))?;
        let shown = file.display().to_string();
        let (kind, schema_version) = sound_kind(&bytes, &shown)?;
        let about = About {
            kind,
            schema_version,
            created_at: console.created_at(),
        };
        let statement = Statement::new(&file_name(file), &bytes, about);
        let mut bundle = read_bundle(output)
            .map_err(|error| error.hint("delete the file to begin anew"))?
            .unwrap_or_default();
        signer.sign(&statement, &mut bundle)?;
        let signed = Signed {
            file: shown,
            signature: output.display().to_string(),
            kind,
            sha256: statement.sha256().to_owned(),
        };
        made.push((output, bundle.to_json(), signed));
    }
    let drafts = made
        .iter()
        .map(|(output, bytes, _)| Draft::new(output, bytes))
        .collect::<Result<Vec<_>>>()?;
    for draft in drafts {
        draft.commit()?;
    }
    let body = Body {
        key_id: signer.public().id().to_owned(),
        files: made.into_iter().map(|(_, _, signed)| signed).collect(),
    };
    let document = console.document("sign", SCHEMA_VERSION, &body);
    if !console.print_document(&document)? {
        for signed in &body.files {
            let Signed {
                file, signature, ..
            } = signed;
            let line = format!("{file}: {} signed, {signature}", signed.kind.as_str());
            console.print_line(Tone::Good, &line)?;
        }
    }
    Ok(ExitCode::Ok)
}

#[derive(Serialize)]
struct NewKeyBody<'a> {
    key_id: &'a str,
    private_key: String,
    public_key: String,
}

/// Makes a key pair.
///
/// # Errors
/// I/O (74) if one of the files is there or cannot be written: no key is ever written over.
pub fn new_key(request: &NewKeyRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let made = NewKey::generate()?;
    let public = made.public.to_pem();
    write_new(&[
        (&request.private, made.private_pem.as_bytes(), 0o600),
        (&request.public, public.as_bytes(), 0o644),
    ])?;
    let body = NewKeyBody {
        key_id: made.public.id(),
        private_key: request.private.display().to_string(),
        public_key: request.public.display().to_string(),
    };
    let document = console.document("sign", SCHEMA_VERSION, &body);
    if !console.print_document(&document)? {
        let NewKeyBody {
            key_id,
            private_key,
            public_key,
        } = &body;
        let line = format!(
            "{private_key}: private key, keep it secret; {public_key}: public key {key_id}"
        );
        console.print_line(Tone::Plain, &line)?;
    }
    Ok(ExitCode::Ok)
}
