//! The words of `churnctl sign` and `churnctl verify`, and the flags of those that sign models.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::columns::checked;
use crate::commands::sign::{NewKeyRequest, SignRequest};
use crate::commands::verify::VerifyRequest;
use crate::error::Result;
use crate::settings::{Flags, Settings, Span};

const SIGNATURE: &str = "Signature";

pub(super) const SIGN_EXAMPLES: &str = "\
Examples:
  # A key pair: churn.key, which stays secret, and churn.key.pub
  churnctl sign --new-key churn.key

  # The model in production; the signature is production_latest.json.sig
  churnctl sign artifacts/models/production_latest.json --key churn.key

  # With a key that never leaves AWS; what is to be signed is on its standard input
  churnctl sign profile.json --public-key churn.pub --key-command 'aws kms sign --key-id alias/churn --message fileb:///dev/stdin --message-type RAW --signing-algorithm ECDSA_SHA_256 --query Signature --output text'

Exit codes: 0 signed, 1 the command did not sign, 64 wrong usage, 65 a file or key that is damaged or not
ours, 69 the command took too long, 74 cannot read or write, 78 bad settings. `churnctl --help` lists all.
";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  # Has one of us signed these?
  churnctl verify artifacts/models/production_latest.json drift.json --key churn.key.pub

  # Two keys, while one takes the other's place
  churnctl verify profile.json --key old.pub --key new.pub

Exit codes: 0 all are signed, 2 one is not, 64 wrong usage, 65 a key that is not one, 74 cannot read.
`churnctl --help` lists all.
";

/// Sign models, profiles and reports
///
/// Writes a signature beside each file: a DSSE envelope around a statement that names the file by its
/// SHA-256 and says whether it is a model, a profile or a report. `churnctl verify` and
/// `churnctl serve --require-signature` read it. A file that other keys have signed keeps their
/// signatures.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = SIGN_EXAMPLES)]
pub(super) struct SignArgs {
    /// Models, profiles and reports
    #[arg(value_name = "FILE", required_unless_present = "new_key", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// PEM file with the private key: PKCS#8, Ed25519 or ECDSA P-256, as OpenSSL writes it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key: Option<String>,

    /// Command that signs, where the key is not a file: the client of a key service
    ///
    /// It gets what is to be signed on its standard input, and prints the signature: as bytes, in
    /// base64, or as Vault does; of ECDSA in DER. Quotes group words; no shell reads them, unless the
    /// command is `sh -c '...'`.
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    key_command: Option<String>,

    /// PEM file with the public key of --key-command
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    public_key: Option<String>,

    /// How long --key-command may take
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>)]
    deadline: Option<String>,

    /// Where the signature goes, once for each file [default: FILE.sig]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Vec<PathBuf>,

    /// Make an Ed25519 key instead: FILE, and FILE.pub with the public key
    ///
    /// Neither is written over.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "key", "key_command", "public_key", "output"], value_hint = ValueHint::FilePath)]
    new_key: Option<PathBuf>,
}

/// What `sign` is asked for.
#[derive(Debug, Clone)]
pub enum SignTask {
    /// Signatures.
    Sign(SignRequest),
    /// A new key.
    NewKey(NewKeyRequest),
}

impl SignArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.one("sign.key", self.key.as_ref());
        flags.one("sign.key_command", self.key_command.as_ref());
        flags.one("sign.public_key", self.public_key.as_ref());
        flags.one("sign.deadline", self.deadline.as_ref());
        flags
    }

    pub(super) fn task(self, settings: &Settings) -> Result<SignTask> {
        match self.new_key {
            Some(private) => Ok(SignTask::NewKey(NewKeyRequest::new(private))),
            None => {
                SignRequest::from_settings(settings, self.files, self.output).map(SignTask::Sign)
            }
        }
    }
}

/// Verify that models, profiles and reports are signed by a key that you trust; exit code 2 if not
///
/// For each file, one of the keys must have signed its bytes, as what it is: a report that is signed
/// does not pass for a model.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = VERIFY_EXAMPLES)]
pub(super) struct VerifyArgs {
    /// Models, profiles and reports
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// PEM file with a public key that is trusted; may be given several times
    #[arg(long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key: Vec<PathBuf>,

    /// Where the signature is, once for each file [default: FILE.sig]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    signature: Vec<PathBuf>,
}

impl VerifyArgs {
    pub(super) fn request(self) -> Result<VerifyRequest> {
        VerifyRequest::new(self.files, self.signature, self.key)
    }
}

/// With which key a model is signed that is written.
#[derive(Debug, Clone, Args)]
pub(super) struct SigningArgs {
    /// Sign the model with the private key in this PEM file
    ///
    /// The signature is beside the model, and goes with it into production.
    #[arg(long, value_name = "FILE", help_heading = SIGNATURE, value_hint = ValueHint::FilePath)]
    sign_key: Option<String>,

    /// Sign the model with this command, see `churnctl sign --help`
    #[arg(long, value_name = "COMMAND", help_heading = SIGNATURE, value_hint = ValueHint::CommandString)]
    sign_key_command: Option<String>,

    /// PEM file with the public key of --sign-key-command
    #[arg(long, value_name = "FILE", help_heading = SIGNATURE, value_hint = ValueHint::FilePath)]
    sign_public_key: Option<String>,
}

impl SigningArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.one("sign.key", self.sign_key.as_ref());
        flags.one("sign.key_command", self.sign_key_command.as_ref());
        flags.one("sign.public_key", self.sign_public_key.as_ref());
    }
}
