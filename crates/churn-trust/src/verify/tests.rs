//! What is refused, and why: each attack on a signature that docs/trust.md names.
#![cfg(test)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::statement::About;
use super::super::{Algorithm, NewKey, PrivateKey};
use super::*;

const MODEL: &[u8] = b"the bytes of a model";

struct Signer {
    key: PrivateKey,
}

impl Signer {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        let made = NewKey::generate().expect("a key");
        std::fs::write(&path, made.private_pem).expect("write");
        let key = PrivateKey::read(&path).expect("a key");
        Self { key }
    }

    fn trusted(&self) -> TrustedKeys {
        TrustedKeys(vec![self.key.public().clone()])
    }

    fn statement(bytes: &[u8], kind: Kind) -> Statement {
        let about = About {
            kind,
            schema_version: 3,
            created_at: "2026-01-01T00:00:00Z",
        };
        Statement::new("model.json", bytes, about)
    }

    fn sign(&self, bytes: &[u8], kind: Kind) -> Bundle {
        let statement = Self::statement(bytes, kind);
        let signature = self.key.sign(&statement.message()).expect("a signature");
        let mut bundle = Bundle::default();
        bundle.sign(&statement, self.key.public().id(), &signature);
        bundle
    }

    /// Signs any payload under any type, as only the owner of the key can.
    fn sign_payload(&self, payload: &[u8], payload_type: &str) -> Bundle {
        let message = super::super::envelope::pae(payload_type, payload);
        let signature = self.key.sign(&message).expect("a signature");
        read(&json!({
            "payload": STANDARD.encode(payload),
            "payloadType": payload_type,
            "signatures": [{"keyid": self.key.public().id(), "sig": STANDARD.encode(signature)}],
        }))
    }
}

fn read(envelope: &Value) -> Bundle {
    Bundle::from_json(envelope.to_string().as_bytes(), "model.json.sig").expect("an envelope")
}

fn edited(bundle: &Bundle, edit: impl FnOnce(&mut Value)) -> Value {
    let mut envelope = serde_json::from_slice(&bundle.to_json()).expect("JSON");
    edit(&mut envelope);
    envelope
}

#[test]
fn what_a_trusted_key_has_signed_is_trusted() {
    let signer = Signer::new();
    let bundle = signer.sign(MODEL, Kind::Model);
    let keys = signer.trusted();
    let verified = keys
        .check(&bundle, MODEL, Some(Kind::Model))
        .expect("trusted");
    assert_eq!(verified.key.id(), signer.key.public().id());
    assert_eq!(verified.statement.name(), "model.json");
    // As written and read again, also as other programs write it.
    let pretty = serde_json::to_vec_pretty(&edited(&bundle, |_| ())).expect("JSON");
    for bytes in [bundle.to_json(), pretty] {
        let again = Bundle::from_json(&bytes, "model.json.sig").expect("a bundle");
        assert!(keys.check(&again, MODEL, None).is_ok());
    }
}

#[test]
fn other_bytes_another_key_and_another_kind_are_refused_each_with_its_reason() {
    let (signer, other) = (Signer::new(), Signer::new());
    let keys = signer.trusted();
    let check = |bundle: &Bundle, bytes: &[u8]| {
        keys.check(bundle, bytes, Some(Kind::Model))
            .map(|_| ())
            .expect_err("refused")
    };
    let bundle = signer.sign(MODEL, Kind::Model);
    assert!(matches!(
        check(&bundle, b"the bytes of a modem"),
        Refusal::OtherBytes { .. }
    ));
    assert!(matches!(
        check(&other.sign(MODEL, Kind::Model), MODEL),
        Refusal::UnknownKey(_)
    ));
    assert!(matches!(
        check(&signer.sign(MODEL, Kind::Report), MODEL),
        Refusal::OtherKind { .. }
    ));
}

#[test]
fn a_key_id_is_a_hint_and_nothing_else() {
    let (signer, other) = (Signer::new(), Signer::new());
    let keys = signer.trusted();
    // Somebody else's signature under the trusted key's name.
    let forged = edited(&other.sign(MODEL, Kind::Model), |envelope| {
        envelope["signatures"][0]["keyid"] = json!(signer.key.public().id());
    });
    assert!(keys.check(&read(&forged), MODEL, None).is_err());
    // The trusted key's signature under another name, or none.
    for keyid in [json!("other"), json!("")] {
        let renamed = edited(&signer.sign(MODEL, Kind::Model), |envelope| {
            envelope["signatures"][0]["keyid"] = keyid;
        });
        assert!(keys.check(&read(&renamed), MODEL, None).is_ok());
    }
}

#[test]
fn no_bit_of_payload_type_or_signature_can_be_flipped() {
    let signer = Signer::new();
    let keys = signer.trusted();
    let bundle = signer.sign(MODEL, Kind::Model);
    let whole = edited(&bundle, |_| ());
    for place in ["payload", "sig"] {
        let text = |envelope: &Value| match place {
            "payload" => envelope["payload"].as_str().map(str::to_owned),
            _ => envelope["signatures"][0]["sig"].as_str().map(str::to_owned),
        };
        let bytes = STANDARD
            .decode(text(&whole).expect("text"))
            .expect("base64");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let mut envelope = whole.clone();
            match place {
                "payload" => envelope["payload"] = json!(STANDARD.encode(flipped)),
                _ => envelope["signatures"][0]["sig"] = json!(STANDARD.encode(flipped)),
            }
            assert!(
                keys.check(&read(&envelope), MODEL, None).is_err(),
                "{place} {bit}"
            );
        }
    }
    for payload_type in ["application/json", "application/vnd.in-toto+json ", ""] {
        let envelope = edited(&bundle, |envelope| {
            envelope["payloadType"] = json!(payload_type);
        });
        let refused = keys
            .check(&read(&envelope), MODEL, None)
            .expect_err("refused");
        assert!(matches!(refused, Refusal::Malformed(_)), "{refused}");
    }
}

#[test]
fn what_the_right_key_signed_as_something_else_is_refused() {
    let signer = Signer::new();
    let keys = signer.trusted();
    let statement = Signer::statement(MODEL, Kind::Model).to_json();
    let payload = String::from_utf8(statement).expect("UTF-8");
    let good = signer.sign_payload(payload.as_bytes(), "application/vnd.in-toto+json");
    assert!(keys.check(&good, MODEL, None).is_ok());
    let changed = [
        payload.replace("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"),
        payload.replace("signed-file", "provenance"),
        payload.replace(
            "\"subject\":[",
            "\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"\"}},",
        ),
        payload.replace("\"sha256\"", "\"sha512\""),
        // Two readers would read two things.
        payload.replace(
            "\"kind\":\"model\"",
            "\"kind\":\"model\",\"kind\":\"model\"",
        ),
        payload.replace("\"sha256\":", "\"sha256\":\"00\",\"sha256\":"),
        format!("{payload}{payload}"),
        "{}".to_owned(),
    ];
    for payload in changed {
        let bundle = signer.sign_payload(payload.as_bytes(), "application/vnd.in-toto+json");
        let refused = keys.check(&bundle, MODEL, None).expect_err("refused");
        assert!(
            matches!(refused, Refusal::Malformed(_)),
            "{payload}: {refused}"
        );
    }
    // The same statement under another type, as if it were the payload of another protocol.
    let bundle = signer.sign_payload(payload.as_bytes(), "text/plain");
    assert!(keys.check(&bundle, MODEL, None).is_err());
}

#[test]
fn envelopes_that_are_cut_doubled_or_empty_are_not_read() {
    let signer = Signer::new();
    let bytes = signer.sign(MODEL, Kind::Model).to_json();
    for cut in 0..bytes.len() - 2 {
        let error = Bundle::from_json(&bytes[..cut], "model.json.sig").expect_err("refused");
        assert_eq!(error.code().code(), 65, "cut at {cut}");
        assert_eq!(
            error.place().map(|place| &*place.file),
            Some("model.json.sig")
        );
    }
    let text = String::from_utf8(bytes).expect("UTF-8");
    let doubled = [
        text.replacen("{\"payload\":", "{\"payload\":\"\",\"payload\":", 1),
        text.replacen(
            "\"payloadType\":",
            "\"payloadType\":\"\",\"payloadType\":",
            1,
        ),
        text.replacen("\"sig\":", "\"sig\":\"\",\"sig\":", 1),
        text.replacen("\"keyid\":", "\"keyid\":\"\",\"keyid\":", 1),
        text.replacen("\"signatures\":", "\"signatures\":[],\"signatures\":", 1),
        // One whole and one cut.
        format!("{text}{}", &text[..40]),
        text.repeat(65),
    ];
    for text in doubled {
        assert!(
            Bundle::from_json(text.as_bytes(), "model.json.sig").is_err(),
            "{text:.120}"
        );
    }
    let none = edited(&signer.sign(MODEL, Kind::Model), |envelope| {
        envelope["signatures"] = json!([]);
    });
    assert!(signer.trusted().check(&read(&none), MODEL, None).is_err());
}

#[test]
fn a_key_of_one_algorithm_takes_no_signature_of_another() {
    // The same bits taken for a key of the other kind, and signatures of the other's length.
    let signer = Signer::new();
    let bundle = signer.sign(MODEL, Kind::Model);
    let point = [&[4][..], &[7; 64]].concat();
    let keys = TrustedKeys(vec![PublicKey::from_bits(Algorithm::EcdsaP256, &point)]);
    assert!(matches!(
        keys.check(&bundle, MODEL, None),
        Err(Refusal::UnknownKey(_))
    ));
    // An envelope has no say in it.
    let envelope = edited(&bundle, |envelope| {
        envelope["signatures"][0]["alg"] = json!("none");
        envelope["signatures"][0]["sig"] = json!("");
    });
    assert!(
        signer
            .trusted()
            .check(&read(&envelope), MODEL, None)
            .is_err()
    );
}

#[test]
fn several_signers_and_two_files_share_a_bundle() {
    let (old, new) = (Signer::new(), Signer::new());
    let mut bundle = old.sign(MODEL, Kind::Model);
    let statement = Signer::statement(MODEL, Kind::Model);
    let signature = new.key.sign(&statement.message()).expect("a signature");
    bundle.sign(&statement, new.key.public().id(), &signature);
    for signer in [&old, &new] {
        assert!(signer.trusted().check(&bundle, MODEL, None).is_ok());
    }
    // Signed once more by the same key, it takes the place of the first.
    bundle.sign(&statement, new.key.public().id(), &signature);
    assert_eq!(bundle.0.len(), 2);
    // For the moment of a promotion, either model is signed.
    let both = bundle.with(&old.sign(b"another", Kind::Model));
    for bytes in [MODEL, b"another"] {
        assert!(old.trusted().check(&both, bytes, None).is_ok());
    }
    assert_eq!(both.about(b"another").map(|only| only.0.len()), Some(1));
    assert_eq!(both.about(b"a third"), None);
}

#[test]
fn the_envelope_of_the_protocols_own_example_is_verified() {
    // DSSE protocol.md 1.0.0, "Test Vectors": X and Y in hexadecimal; r and s, which are given one
    // after the other, in DER, as OpenSSL and the key services write them.
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
            .collect()
    };
    let point = hex(&format!(
        "04{}{}",
        "67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238",
        "0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74"
    ));
    let key = PublicKey::from_bits(Algorithm::EcdsaP256, &point);
    let raw = STANDARD
        .decode("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")
        .expect("base64");
    let der = [
        &[0x30, 0x44, 0x02, 0x20],
        &raw[..32],
        &[0x02, 0x20],
        &raw[32..],
    ]
    .concat();
    let message = super::super::envelope::pae("http://example.com/HelloWorld", b"hello world");
    assert!(key.verifies(&message, &der));
    assert!(!key.verifies(b"hello world", &der));
}
