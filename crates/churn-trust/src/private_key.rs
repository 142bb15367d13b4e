//! Private keys: read from PKCS#8, made, and what they sign.

use std::path::Path;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use rustls::pki_types::pem::SectionKind;

use super::keys::{Algorithm, PublicKey};
use super::pem;

/// PKCS#8 version 1 of an Ed25519 key up to its 32 bytes, RFC 8410 section 7.
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A key that signs. It has no `Debug`, so that no message can show it.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
    random: SystemRandom,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    EcdsaP256(EcdsaKeyPair),
}

/// A key pair that was just made, as the two PEM files that hold it.
pub struct NewKey {
    /// The private key, PKCS#8.
    pub private_pem: String,
    /// The public key.
    pub public: PublicKey,
}

impl NewKey {
    /// Makes an Ed25519 key of the system's randomness.
    ///
    /// # Errors
    /// I/O (74) if the system has none.
    pub fn generate() -> Result<Self> {
        let mut seed = [0; 32];
        let drawn = SystemRandom::new().fill(&mut seed);
        let pair = drawn.and_then(|()| {
            Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| ring::error::Unspecified)
        });
        let pair = pair.map_err(|_| Error::new(ExitCode::Io, "the system gives no randomness"))?;
        // Version 1, without the public key: OpenSSL reads no other of this algorithm.
        let pkcs8 = [&ED25519_PKCS8[..], &seed].concat();
        Ok(Self {
            private_pem: pem::to_pem("PRIVATE KEY", &pkcs8),
            public: PublicKey::from_bits(Algorithm::Ed25519, pair.public_key().as_ref()),
        })
    }
}

impl PrivateKey {
    /// Reads the key of a PEM file.
    ///
    /// # Errors
    /// I/O (74) if the file cannot be read, bad input (65) if it holds no key that can be used.
    pub fn read(path: &Path) -> Result<Self> {
        let sections = pem::read(path)?;
        let refused = |message: &str, hint: &str| Err(pem::refused(path, message).hint(hint));
        let mut keys = sections.into_iter().filter(|(kind, _)| {
            // `openssl ecparam -genkey` writes the parameters first, which PEM readers skip.
            !matches!(kind, SectionKind::Certificate | SectionKind::PublicKey)
        });
        match (keys.next(), keys.next()) {
            (Some((SectionKind::PrivateKey, pkcs8)), None) => Self::from_pkcs8(&pkcs8).map_or_else(
                || {
                    refused(
                        "this key is not one that can sign: neither Ed25519 nor ECDSA P-256, or damaged",
                        "openssl genpkey -algorithm ed25519 -out KEY",
                    )
                },
                Ok,
            ),
            (Some((SectionKind::EcPrivateKey, _)), None) => refused(
                "this key is in the format SEC 1; PKCS#8 is read here",
                "openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pkcs8",
            ),
            (Some(_), Some(_)) => refused(
                "there is more than one private key in this file",
                "one file for each key; sign once with each",
            ),
            (Some(_), None) | (None, _) => refused(
                "this file holds no private key in PEM that can be read without a password",
                "openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pkcs8; or leave the key where it is, with --key-command",
            ),
        }
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        // OpenSSL writes Ed25519 keys without the public half, which then is computed, not checked.
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8) {
            let public = PublicKey::from_bits(Algorithm::Ed25519, pair.public_key().as_ref());
            return Some(Self {
                pair: Pair::Ed25519(pair),
                public,
                random,
            });
        }
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random).ok()?;
        let public = PublicKey::from_bits(Algorithm::EcdsaP256, pair.public_key().as_ref());
        Some(Self {
            pair: Pair::EcdsaP256(pair),
            public,
            random,
        })
    }

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message.
    ///
    /// # Errors
    /// I/O (74) if the system has no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::EcdsaP256(pair) => pair
                .sign(&self.random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::new(ExitCode::Io, "the system gives no randomness")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_signs_and_its_public_half_verifies() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        let made = NewKey::generate().expect("a key");
        std::fs::write(&path, &made.private_pem).expect("write");
        let key = PrivateKey::read(&path).expect("a private key");
        assert_eq!(key.public(), &made.public);
        let signature = key.sign(b"message").expect("a signature");
        assert!(made.public.verifies(b"message", &signature));
        assert!(!made.public.verifies(b"massage", &signature));
    }

    #[test]
    fn the_key_of_rfc_8410_has_the_public_half_of_rfc_8410() {
        // RFC 8410, sections 10.3 and 10.1.
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        std::fs::write(&path, pem).expect("write");
        let key = PrivateKey::read(&path).expect("a private key");
        assert!(
            key.public()
                .to_pem()
                .contains("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
        );
    }

    #[test]
    fn what_is_not_one_private_key_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        let one = NewKey::generate().expect("a key").private_pem;
        let public = NewKey::generate().expect("a key").public.to_pem();
        let locked = one.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let sec1 = one.replace("PRIVATE KEY", "EC PRIVATE KEY");
        let two = format!("{one}{one}");
        for (pem, said) in [
            (&public, "no private key"),
            (&locked, "without a password"),
            (&sec1, "SEC 1"),
            (&two, "more than one"),
        ] {
            std::fs::write(&path, pem).expect("write");
            let error = PrivateKey::read(&path).err().expect("refused");
            assert_eq!(error.code().code(), 65);
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.hint_text().is_some());
        }
    }
}
