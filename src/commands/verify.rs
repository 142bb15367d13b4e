//! `churnctl verify`: whether files are signed by a key that is trusted.

use std::path::PathBuf;

use serde::Serialize;

use super::Console;
use super::sign::MOST_BYTES;
use super::signer::{kind_of, read_bundle};
use crate::cells::Tone;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::read_at_most;
use crate::trust::{Kind, TrustedKeys, Verified, beside};

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// What is to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyRequest {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Where their signatures are.
    pub signatures: Vec<PathBuf>,
    /// Files with the keys that are trusted.
    pub keys: Vec<PathBuf>,
}

impl VerifyRequest {
    /// Puts files and signatures together.
    ///
    /// # Errors
    /// Fails with 64 if there are other than as many signatures as files.
    pub fn new(files: Vec<PathBuf>, signatures: Vec<PathBuf>, keys: Vec<PathBuf>) -> Result<Self> {
        if !signatures.is_empty() && signatures.len() != files.len() {
            return Err(
                Error::usage("there must be one --signature for each file, or none")
                    .hint("without --signature the signature of FILE is FILE.sig"),
            );
        }
        let signatures = match signatures.is_empty() {
            true => files.iter().map(|file| beside(file)).collect(),
            false => signatures,
        };
        Ok(Self {
            files,
            signatures,
            keys,
        })
    }
}

#[derive(Serialize)]
struct Body {
    status: &'static str,
    files: Vec<Judged>,
}

#[derive(Serialize)]
struct Judged {
    file: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_as: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

const GOOD: &str = "OK";
const BAD: &str = "FAIL";

/// Verifies each file; exit code 2 if one of them is not signed as it must be, whatever is wrong with
/// the signature: what an attacker wrote has no say in how this ends.
///
/// # Errors
/// Files and keys that cannot be read.
pub fn run(request: &VerifyRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let keys = TrustedKeys::read(&request.keys)?;
    let mut files = Vec::new();
    for (file, signature) in request.files.iter().zip(&request.signatures) {
        let bytes =
            read_at_most(file, MOST_BYTES).map_err(|error| Error::io("read", file, error))?;
        let bundle = match read_bundle(signature) {
            Ok(Some(bundle)) => Ok(bundle),
            Ok(None) => Err(format!(
                "it is not signed: there is no {}",
                signature.display()
            )),
            Err(error) if error.code() == ExitCode::BadInput => {
                let causes = error.causes().into_iter().map(|cause| format!(": {cause}"));
                Err(format!(
                    "{}: {error}{}",
                    signature.display(),
                    causes.collect::<String>()
                ))
            }
            Err(error) => return Err(error),
        };
        // What it is must be what it was signed as.
        let kind = kind_of(&bytes).map(|(kind, _)| kind);
        let verdict = bundle.and_then(|bundle| {
            let checked = keys.check(&bundle, &bytes, kind);
            checked.map_err(|refusal| refusal.to_string())
        });
        files.push(Judged::new(file.display().to_string(), verdict));
    }
    let is_good = files.iter().all(|judged| judged.status == GOOD);
    let body = Body {
        status: if is_good { GOOD } else { BAD },
        files,
    };
    let document = console.document("verify", SCHEMA_VERSION, &body);
    if !console.print_document(&document)? {
        for judged in &body.files {
            let (tone, line) = judged.in_words();
            console.print_line(tone, &line)?;
        }
    }
    Ok(match is_good {
        true => ExitCode::Ok,
        false => ExitCode::CheckFailed,
    })
}

impl Judged {
    fn new(file: String, verdict: Result<Verified<'_>, String>) -> Self {
        match verdict {
            Ok(Verified { key, statement }) => Self {
                file,
                status: GOOD,
                kind: Some(statement.kind()),
                sha256: Some(statement.sha256().to_owned()),
                key_id: Some(key.id().to_owned()),
                algorithm: Some(key.algorithm().as_str()),
                signed_as: Some(statement.name().to_owned()),
                signed_at: Some(statement.created_at().to_owned()),
                reason: None,
            },
            Err(reason) => Self {
                file,
                status: BAD,
                kind: None,
                sha256: None,
                key_id: None,
                algorithm: None,
                signed_as: None,
                signed_at: None,
                reason: Some(reason),
            },
        }
    }

    fn in_words(&self) -> (Tone, String) {
        let Self { file, status, .. } = self;
        if let Some(reason) = &self.reason {
            return (Tone::Bad, format!("{file}: {status}, {reason}"));
        }
        let kind = self.kind.map_or("file", Kind::as_str);
        let key = self.key_id.as_deref().unwrap_or_default();
        let time = self.signed_at.as_deref().unwrap_or_default();
        let key: String = key.chars().take(16).collect();
        (
            Tone::Good,
            format!("{file}: {status}, {kind} signed by {key} at {time}"),
        )
    }
}
