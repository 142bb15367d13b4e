//! Public keys: which algorithm, which id, and whether a signature is theirs.

use std::path::Path;

use churn_base::error::Result;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::pem::SectionKind;

use super::{pem, sha256};

/// How a key signs. It is a property of the key: nothing that an envelope says changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519, RFC 8032.
    Ed25519,
    /// ECDSA over P-256 with SHA-256; a signature is the DER of r and s.
    EcdsaP256,
}

// DER has one encoding of a value: what stands before the bits of a key never varies (RFC 8410
// section 4, RFC 5480 section 2), so a prefix takes the place of a parser.
const ED25519_SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED25519_LENGTH: usize = 32;
/// An uncompressed point: 4, then both coordinates.
const P256_LENGTH: usize = 65;

impl Algorithm {
    const fn spki_prefix(self) -> &'static [u8] {
        match self {
            Self::Ed25519 => &ED25519_SPKI,
            Self::EcdsaP256 => &P256_SPKI,
        }
    }

    const fn key_length(self) -> usize {
        match self {
            Self::Ed25519 => ED25519_LENGTH,
            Self::EcdsaP256 => P256_LENGTH,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &ED25519,
            Self::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        }
    }

    /// Returns `ed25519` or `ecdsa-p256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256",
        }
    }
}

/// A key that tells whether a signature is its owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    spki: Vec<u8>,
    id: String,
}

impl PublicKey {
    /// Reads the keys of a PEM file: one, or several while one takes another's place.
    ///
    /// # Errors
    /// I/O (74) if the file cannot be read; bad input (65) if it holds none, or a key that cannot
    /// be used here, or a private key, which has no place where only a public one is needed.
    pub fn read_all(path: &Path) -> Result<Vec<Self>> {
        Self::of_sections(pem::read(path)?, path)
    }

    fn of_sections(sections: Vec<(SectionKind, Vec<u8>)>, path: &Path) -> Result<Vec<Self>> {
        let mut keys = Vec::new();
        for (kind, der) in sections {
            match kind {
                SectionKind::PublicKey => keys.push(Self::from_spki(&der).ok_or_else(|| {
                    pem::refused(
                        path,
                        "this key is neither Ed25519 nor ECDSA P-256 (uncompressed)",
                    )
                })?),
                SectionKind::PrivateKey
                | SectionKind::EcPrivateKey
                | SectionKind::RsaPrivateKey => {
                    return Err(pem::refused(path, "this is a private key, not a public one")
                        .hint("openssl pkey -in KEY -pubout -out KEY.pub; keep the private key where files are signed"));
                }
                _ => {}
            }
        }
        if keys.is_empty() {
            return Err(pem::refused(path, "this file holds no public key in PEM")
                .hint("openssl pkey -in KEY -pubout -out KEY.pub"));
        }
        Ok(keys)
    }

    /// Makes a key of its SubjectPublicKeyInfo; none if it is of another kind.
    fn from_spki(spki: &[u8]) -> Option<Self> {
        [Algorithm::Ed25519, Algorithm::EcdsaP256]
            .into_iter()
            .find_map(|algorithm| {
                let bits = spki.strip_prefix(algorithm.spki_prefix())?;
                (bits.len() == algorithm.key_length()).then(|| Self::from_bits(algorithm, bits))
            })
    }

    /// Makes a key of the bits in its SubjectPublicKeyInfo.
    pub(super) fn from_bits(algorithm: Algorithm, bits: &[u8]) -> Self {
        let spki = [algorithm.spki_prefix(), bits].concat();
        let id = sha256(&spki);
        Self {
            algorithm,
            spki,
            id,
        }
    }

    /// Returns how it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the SHA-256 of its SubjectPublicKeyInfo, in hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns it as a PEM file has it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::to_pem("PUBLIC KEY", &self.spki)
    }

    /// Returns whether the signature over the message is this key's.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let bits = &self.spki[self.algorithm.spki_prefix().len()..];
        UnparsedPublicKey::new(self.algorithm.verification(), bits)
            .verify(message, signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 8410, section 10.1.
    pub(super) const ED25519: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    fn keys(pem: &str) -> Result<Vec<PublicKey>> {
        let path = Path::new("key.pub");
        PublicKey::of_sections(pem::sections(pem.as_bytes(), path)?, path)
    }

    #[test]
    fn reads_what_openssl_writes_and_writes_it_as_openssl_does() {
        let keys = keys(ED25519).expect("a key");
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].algorithm(), Algorithm::Ed25519);
        assert_eq!(keys[0].to_pem(), ED25519);
        // base64 -d <<<MCow...uE= | sha256sum, coreutils 9.1
        assert_eq!(
            keys[0].id(),
            "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f"
        );
    }

    #[test]
    fn a_private_key_a_foreign_key_and_a_torn_file_are_not_public_keys() {
        let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let said = |pem: &str| {
            let error = keys(pem).expect_err("refused");
            assert_eq!(error.code().code(), 65);
            error.to_string()
        };
        assert!(said(private).contains("private key"));
        assert!(said("").contains("no public key"));
        assert!(said(&ED25519[..ED25519.len() - 30]).contains("whole PEM"));
        // X25519 differs from Ed25519 in one byte of its identifier, RFC 8410 section 3.
        let x25519 = ED25519.replace("K2VwAyEA", "K2VuAyEA");
        assert!(said(&x25519).contains("neither"));
    }

    #[test]
    fn rfc_8032_signature_of_the_empty_message() {
        // RFC 8032, section 7.1, TEST 1.
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2)
                .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
                .collect()
        };
        let bits = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let signature = hex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        );
        let key = PublicKey::from_bits(Algorithm::Ed25519, &bits);
        assert!(key.verifies(b"", &signature));
        assert!(!key.verifies(b"x", &signature));
        assert!(!key.verifies(b"", &signature[..63]));
        assert!(!key.verifies(b"", b""));
    }
}
