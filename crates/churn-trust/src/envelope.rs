//! The DSSE envelope: a payload, its type, and signatures over both.
//!
//! The protocol is that of <https://github.com/secure-systems-lab/dsse>, version 1.0.0.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Serialize};

use super::keys::PublicKey;

/// The type of an in-toto statement in JSON.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A payload and its signatures. Unknown members are ignored, as the protocol wants it: they are not
/// signed and mean nothing. Known ones that occur twice are refused: two readers would read two things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    /// Says which key to try first, and never which to trust.
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// Signatures of one envelope that are looked at.
const MOST_SIGNATURES: usize = 64;

/// Why an envelope is not looked into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EnvelopeError {
    /// The payload is of a type that we don't know.
    #[error("its payload is of the type \"{0}\", not {PAYLOAD_TYPE}")]
    PayloadType(String),
    /// The payload or a signature cannot be decoded.
    #[error("its {0} is not base64")]
    Base64(&'static str),
    /// Nobody signs so often.
    #[error("it has no signature, or more than {MOST_SIGNATURES}")]
    Count,
}

impl Envelope {
    /// Seals a statement with one signature.
    pub(super) fn new(payload: &[u8], key_id: &str, signature: &[u8]) -> Self {
        Self {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Signature {
                keyid: key_id.to_owned(),
                sig: STANDARD.encode(signature),
            }],
        }
    }

    /// Returns the payload, whoever signed it.
    pub(super) fn payload(&self) -> Result<Vec<u8>, EnvelopeError> {
        if self.payload_type != PAYLOAD_TYPE {
            let shown = churn_base::text::shorten(&self.payload_type, 80).into_owned();
            return Err(EnvelopeError::PayloadType(shown));
        }
        decode(&self.payload).ok_or(EnvelopeError::Base64("payload"))
    }

    /// Returns the key among these that signed the payload, if one did.
    pub(super) fn signer<'a>(
        &self,
        payload: &[u8],
        keys: &'a [PublicKey],
    ) -> Result<Option<&'a PublicKey>, EnvelopeError> {
        if !(1..=MOST_SIGNATURES).contains(&self.signatures.len()) {
            return Err(EnvelopeError::Count);
        }
        let message = pae(&self.payload_type, payload);
        for signature in &self.signatures {
            let bytes = decode(&signature.sig).ok_or(EnvelopeError::Base64("signature"))?;
            // An id of a key that we know saves the trial of the others; any other id is not a reason
            // to pass a signature over.
            let named: Vec<_> = keys
                .iter()
                .filter(|key| key.id() == signature.keyid)
                .collect();
            let candidates = match named.is_empty() {
                true => keys.iter().collect(),
                false => named,
            };
            let signs = |key: &&&PublicKey| key.verifies(&message, &bytes);
            if let Some(key) = candidates.iter().find(signs) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Returns the ids of the keys that it says signed it.
    pub(super) fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|signature| &*signature.keyid)
    }
}

/// Returns what is signed: type and payload with their lengths, so that neither can pass for a part of
/// the other (pre-authentication encoding).
pub(super) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

/// The protocol has writers take either alphabet, and readers both.
fn decode(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let url_safe = GeneralPurpose::new(&base64::alphabet::URL_SAFE, config);
    standard
        .decode(text)
        .or_else(|_| url_safe.decode(text))
        .ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE;

    use super::*;

    #[test]
    fn the_encoding_before_signing_is_that_of_the_protocol() {
        // DSSE protocol.md 1.0.0, "Test Vectors".
        let message = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            message,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        // LEN is the number of bytes in decimal digits without leading zeros.
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        for text in [
            STANDARD.encode(bytes),
            URL_SAFE.encode(bytes),
            "-__-AQ".to_owned(),
        ] {
            assert_eq!(decode(&text).expect("base64"), bytes, "{text}");
        }
        assert_eq!(decode("not base64!"), None);
    }
}
