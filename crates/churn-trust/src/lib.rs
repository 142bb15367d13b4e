//! Signatures beside files: DSSE envelopes around in-toto statements, Ed25519 and ECDSA P-256.
//!
//! Bytes in, a verdict or an envelope out. Files, commands that sign, and what becomes of a file
//! that nobody signed are their callers' affair.

mod bundle;
mod envelope;
mod keys;
mod pem;
mod private_key;
mod statement;
mod verify;

pub use bundle::{Bundle, beside};
pub use envelope::Envelope;
pub use keys::{Algorithm, PublicKey};
pub use private_key::{NewKey, PrivateKey};
pub use statement::{About, Kind, Statement};
pub use verify::{Refusal, TrustedKeys, Verified};

/// Returns the SHA-256 of bytes in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    churn_base::hex::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}
