//! `churnctl sign` and `churnctl verify`, with OpenSSL for a second opinion, and models that are signed
//! on their way into production.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, skipped};
use crate::models::{PRODUCTION, customers, scoring, train};
use crate::schemas::{expect_strict, expect_valid, schema};

/// Runs OpenSSL in the folder of a test; none where it is not installed.
fn openssl(churnctl: &Churnctl, args: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("openssl")
        .args(args)
        .current_dir(churnctl.path("."))
        .output();
    let Ok(output) = output else {
        skipped("openssl is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {args:?}: {said}");
    Some(output.stdout)
}

/// Has OpenSSL make a key pair, `NAME.key` and `NAME.pub`.
fn openssl_key(churnctl: &Churnctl, name: &str, algorithm: &[&str]) -> Option<()> {
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    openssl(
        churnctl,
        &[&["genpkey", "-out", &private], algorithm].concat(),
    )?;
    openssl(
        churnctl,
        &["pkey", "-in", &private, "-pubout", "-out", &public],
    )?;
    Some(())
}

const ED25519: &[&str] = &["-algorithm", "ed25519"];
const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// What was signed, and the signature, as an envelope has them.
fn signed(envelope: &Value) -> (Vec<u8>, Vec<u8>) {
    let text = |value: &Value| {
        STANDARD
            .decode(value.as_str().expect("text"))
            .expect("base64")
    };
    let payload = text(&envelope["payload"]);
    let payload_type = envelope["payloadType"].as_str().expect("a type");
    // DSSE protocol.md 1.0.0: PAE(type, body).
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    (
        [head.into_bytes(), payload].concat(),
        text(&envelope["signatures"][0]["sig"]),
    )
}

fn with_profile(churnctl: Churnctl) -> Churnctl {
    let args = ["profile", "current.csv", "-o", "profile.json", "-q"];
    churnctl.run(&args).expect(ExitCode::Ok);
    churnctl
}

#[test]
fn a_transcript_of_a_first_signature() {
    let churnctl = with_profile(scoring()).env("SOURCE_DATE_EPOCH", "1700000000");
    let made = churnctl
        .run(&["sign", "--new-key", "churn.key"])
        .expect(ExitCode::Ok);
    let id = made
        .stdout
        .trim()
        .rsplit(' ')
        .next()
        .expect("an id")
        .to_owned();
    assert_eq!(
        made.stdout,
        format!("churn.key: private key, keep it secret; churn.key.pub: public key {id}\n")
    );
    let key = ["--key", "churn.key"];
    let made = churnctl.run(&[&["sign", PRODUCTION, "profile.json"][..], &key].concat());
    assert_eq!(
        made.expect(ExitCode::Ok).stdout,
        format!(
            "{PRODUCTION}: model signed, {PRODUCTION}.sig\n\
             profile.json: profile signed, profile.json.sig\n"
        )
    );
    let verify = [
        "verify",
        PRODUCTION,
        "profile.json",
        "--key",
        "churn.key.pub",
    ];
    // date -u -d @1700000000 +%FT%TZ
    let at = "at 2023-11-14T22:13:20Z";
    let key = &id[..16];
    let found = churnctl.run(&verify).expect(ExitCode::Ok);
    assert_eq!(
        found.stdout,
        format!(
            "{PRODUCTION}: OK, model signed by {key} {at}\n\
             profile.json: OK, profile signed by {key} {at}\n"
        )
    );
    assert_eq!(found.stderr, "");
    let mut changed = churnctl.read("profile.json");
    changed.push(b'\n');
    let churnctl = churnctl.file("profile.json", changed);
    let found = churnctl.run(&verify).expect(ExitCode::CheckFailed);
    let line = found.stdout.lines().nth(1).expect("a line").to_owned();
    assert!(
        line.starts_with("profile.json: FAIL, the signature is for other bytes: SHA-256 "),
        "{line}"
    );
}

#[test]
fn keys_of_openssl_sign_here_and_openssl_verifies_what_is_signed_here() {
    let churnctl = with_profile(scoring());
    for (name, algorithm) in [("ed", ED25519), ("ec", P256)] {
        if openssl_key(&churnctl, name, algorithm).is_none() {
            return;
        }
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        let output = format!("{name}.sig");
        let args = ["sign", "profile.json", "--key", &private, "-o", &output];
        churnctl.run(&args).expect(ExitCode::Ok);
        let envelope = churnctl.read_json(&output);
        let (message, signature) = signed(&envelope);
        let churnctl = &churnctl;
        std::fs::write(churnctl.path("message"), &message).expect("write");
        std::fs::write(churnctl.path("signature"), &signature).expect("write");
        let files = [
            "-pubin",
            "-inkey",
            &public,
            "-sigfile",
            "signature",
            "-in",
            "message",
        ];
        let digest: &[&str] = if name == "ed" {
            &[]
        } else {
            &["-digest", "sha256"]
        };
        openssl(
            churnctl,
            &[&["pkeyutl", "-verify", "-rawin"][..], &files, digest].concat(),
        );
        // The id of a key is the SHA-256 of its SubjectPublicKeyInfo.
        openssl(
            churnctl,
            &[
                "pkey", "-pubin", "-in", &public, "-outform", "DER", "-out", "spki",
            ],
        );
        let digest = openssl(churnctl, &["dgst", "-sha256", "-r", "spki"]).expect("a digest");
        let digest = String::from_utf8(digest).expect("UTF-8");
        assert_eq!(
            envelope["signatures"][0]["keyid"],
            json!(digest.split(' ').next().expect("a digest"))
        );
        let verify = [
            "verify",
            "profile.json",
            "--signature",
            &output,
            "--key",
            &public,
        ];
        churnctl.run(&verify).expect(ExitCode::Ok);
    }
}

#[test]
fn a_key_made_here_is_one_for_openssl() {
    let churnctl = Churnctl::new();
    churnctl
        .run(&["sign", "--new-key", "k"])
        .expect(ExitCode::Ok);
    let Some(public) = openssl(&churnctl, &["pkey", "-in", "k", "-pubout"]) else {
        return;
    };
    assert_eq!(public, churnctl.read("k.pub"));
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(churnctl.path("k"))
        .expect("a key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // A key that is there is never written over, and half a pair is not left.
    let before = churnctl.read("k");
    churnctl
        .run(&["sign", "--new-key", "k"])
        .expect(ExitCode::Io);
    assert_eq!(churnctl.read("k"), before);
    std::fs::remove_file(churnctl.path("k")).expect("removed");
    churnctl
        .run(&["sign", "--new-key", "k"])
        .expect(ExitCode::Io);
    assert!(!churnctl.path("k").exists());
}

#[test]
fn a_command_signs_what_it_gets_on_its_standard_input() {
    let churnctl = with_profile(scoring());
    if openssl_key(&churnctl, "ec", P256).is_none()
        || openssl_key(&churnctl, "ed", ED25519).is_none()
    {
        return;
    }
    let path = std::env::var("PATH").expect("a path");
    let churnctl = churnctl.env("PATH", &path);
    let verify = |public: &str| churnctl.run(&["verify", "profile.json", "--key", public]);
    // Bytes, base64 as AWS prints it, and Vault's form.
    for command in [
        "openssl dgst -sha256 -sign ec.key",
        "sh -c 'openssl dgst -sha256 -sign ec.key | base64'",
        "sh -c 'echo vault:v1:$(openssl dgst -sha256 -sign ec.key | base64 -w 0)'",
    ] {
        let _ = std::fs::remove_file(churnctl.path("profile.json.sig"));
        let args = [
            "sign",
            "profile.json",
            "--public-key",
            "ec.pub",
            "--key-command",
            command,
        ];
        churnctl.run(&args).expect(ExitCode::Ok);
        verify("ec.pub").expect(ExitCode::Ok);
        verify("ed.pub").expect(ExitCode::CheckFailed);
    }
    std::fs::remove_file(churnctl.path("profile.json.sig")).expect("removed");
    for (command, code, said) in [
        // The command of another key, one that is not there, one that fails, one that hangs.
        (
            "openssl dgst -sha256 -sign ec.key",
            ExitCode::BadSettings,
            "not a signature by",
        ),
        (
            "no-such-command",
            ExitCode::BadSettings,
            "cannot run no-such-command",
        ),
        (
            "sh -c 'echo not you >&2; exit 3'",
            ExitCode::Failed,
            "not you",
        ),
        ("sleep 60", ExitCode::Unavailable, "within 0.2 s"),
    ] {
        let key = [
            "--public-key",
            "ed.pub",
            "--key-command",
            command,
            "--deadline",
            "200ms",
        ];
        let key = match code {
            ExitCode::Unavailable => &key[..],
            _ => &key[..4],
        };
        let run = churnctl.run(&[&["sign", "profile.json"][..], key].concat());
        run.expect(code).says(said);
        assert!(!churnctl.path("profile.json.sig").exists());
    }
    let without = ["sign", "profile.json", "--key-command", "true"];
    churnctl
        .run(&without)
        .expect(ExitCode::BadSettings)
        .says("sign.public_key");
}

#[test]
fn what_is_damaged_or_not_ours_is_not_signed_and_a_readable_key_is_told() {
    let churnctl = scoring()
        .file("note.txt", "hello")
        .file("table.json", "{\"a\": 1}");
    churnctl
        .run(&["sign", "--new-key", "k"])
        .expect(ExitCode::Ok);
    let sign = |file: &str| churnctl.run(&["sign", file, "--key", "k"]);
    for file in ["note.txt", "table.json"] {
        sign(file)
            .expect(ExitCode::BadInput)
            .says("not a model, a profile or a report");
    }
    let mut model = churnctl.read(PRODUCTION);
    let at = model.len() / 2;
    model[at] = if model[at] == b'1' { b'2' } else { b'1' };
    std::fs::write(churnctl.path("damaged.json"), model).expect("write");
    sign("damaged.json").expect(ExitCode::BadInput);
    assert!(!churnctl.path("damaged.json.sig").exists());
    sign("absent.json").expect(ExitCode::Io);
    churnctl
        .run(&["sign", PRODUCTION])
        .expect(ExitCode::Usage)
        .says("no key");
    let args = ["sign", PRODUCTION, "--key", "k", "-o", "a", "-o", "b"];
    churnctl.run(&args).expect(ExitCode::Usage);
    let args = ["sign", PRODUCTION, "--key", "k", "-o", PRODUCTION];
    churnctl
        .run(&args)
        .expect(ExitCode::Usage)
        .says("would overwrite");
    let args = ["sign", PRODUCTION, "--key", "k.pub"];
    churnctl
        .run(&args)
        .expect(ExitCode::BadInput)
        .says("no private key");
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(churnctl.path("k"), open).expect("opened");
    sign(PRODUCTION)
        .expect(ExitCode::Ok)
        .says("others can read");
}

#[test]
fn documents_are_what_their_schemas_say_and_several_keys_may_sign() {
    let churnctl = with_profile(scoring());
    let json = |args: &[&str], code| {
        let run = churnctl.run(&[args, &["--format", "json"]].concat());
        run.expect(code).json()
    };
    let made = json(&["sign", "--new-key", "old"], ExitCode::Ok);
    expect_valid(&schema("sign"), &made);
    json(&["sign", "--new-key", "new"], ExitCode::Ok);
    for key in ["old", "new", "old"] {
        let signed = json(&["sign", "profile.json", "--key", key], ExitCode::Ok);
        expect_valid(&schema("sign"), &signed);
        expect_strict(&schema("sign"), &signed);
    }
    let lines = churnctl.read("profile.json.sig");
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2);
    for key in ["old.pub", "new.pub"] {
        let found = json(&["verify", "profile.json", "--key", key], ExitCode::Ok);
        expect_valid(&schema("verify"), &found);
        expect_strict(&schema("verify"), &found);
        assert_eq!(found["status"], "OK");
    }
    json(&["sign", "--new-key", "third"], ExitCode::Ok);
    let args = ["verify", "profile.json", PRODUCTION, "--key", "third.pub"];
    let found = json(&args, ExitCode::CheckFailed);
    expect_valid(&schema("verify"), &found);
    assert_eq!(found["status"], "FAIL");
    let said = |at: usize| {
        found["files"][at]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(said(0).contains("no key that is trusted"), "{}", said(0));
    assert!(said(1).contains("it is not signed"), "{}", said(1));
    // A report is what it is, and does not pass for anything else.
    std::fs::write(churnctl.path("report.json"), found.to_string()).expect("write");
    json(&["sign", "report.json", "--key", "old"], ExitCode::Ok);
    let found = json(&["verify", "report.json", "--key", "old.pub"], ExitCode::Ok);
    assert_eq!(found["files"][0]["kind"], "report");
}

#[test]
fn a_model_takes_its_signature_into_production_and_back() {
    let churnctl = Churnctl::new().table("data.csv", &customers(1_200, 7));
    churnctl
        .run(&["sign", "--new-key", "k"])
        .expect(ExitCode::Ok);
    let verify = |file: &str| churnctl.run(&["verify", file, "--key", "k.pub"]);
    let sign = ["--sign-key", "k"];
    let run = |args: &[&str]| train(&churnctl, &[args, &sign].concat());
    run(&["--model", "logistic"]).expect(ExitCode::Ok);
    let first = churnctl.read_json(PRODUCTION);
    verify(PRODUCTION).expect(ExitCode::Ok);
    // The one that was kept, too.
    let version = first["version"].as_str().expect("a version");
    verify(&format!("artifacts/models/churn-{version}.json")).expect(ExitCode::Ok);
    run(&["--model", "trees", "--promote", "always"]).expect(ExitCode::Ok);
    assert_ne!(churnctl.read_json(PRODUCTION)["version"], first["version"]);
    verify(PRODUCTION).expect(ExitCode::Ok);
    // Only the signature of the model that is there is left.
    let lines = churnctl.read(&format!("{PRODUCTION}.sig"));
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 1);
    churnctl.run(&["train", "--rollback"]).expect(ExitCode::Ok);
    assert_eq!(churnctl.read_json(PRODUCTION)["version"], first["version"]);
    verify(PRODUCTION).expect(ExitCode::Ok);
    // Restored with its signature, too.
    let whole = churnctl.read(PRODUCTION);
    std::fs::write(churnctl.path(PRODUCTION), &whole[..whole.len() / 2]).expect("cut");
    run(&["--model", "logistic", "--promote", "never"]).expect(ExitCode::Ok);
    assert_eq!(churnctl.read_json(PRODUCTION)["version"], first["version"]);
    verify(PRODUCTION).expect(ExitCode::Ok);
    // A model that nobody signs has no signature of another.
    train(
        &churnctl,
        &["--model", "trees", "--promote", "always", "--seed", "1"],
    )
    .expect(ExitCode::Ok);
    verify(PRODUCTION).expect(ExitCode::CheckFailed);
    assert!(!churnctl.path(format!("{PRODUCTION}.sig")).exists());
}

#[test]
fn promote_carries_the_signature_of_the_candidate_and_adds_its_own() {
    let churnctl = Churnctl::new().table("data.csv", &customers(1_200, 7));
    for key in ["trainer", "approver"] {
        churnctl
            .run(&["sign", "--new-key", key])
            .expect(ExitCode::Ok);
    }
    let elsewhere = ["--artifacts", "elsewhere", "--sign-key", "trainer"];
    train(&churnctl, &elsewhere).expect(ExitCode::Ok);
    let candidate = "elsewhere/models/production_latest.json";
    let promote = [
        "promote",
        candidate,
        "data.csv",
        "--label",
        "churn",
        "--sign-key",
        "approver",
    ];
    churnctl.run(&promote).expect(ExitCode::Ok);
    for key in ["trainer.pub", "approver.pub"] {
        churnctl
            .run(&["verify", PRODUCTION, "--key", key])
            .expect(ExitCode::Ok);
    }
    // A damaged signature is not passed on in silence.
    std::fs::write(churnctl.path(format!("{candidate}.sig")), "{\"payload\": ").expect("write");
    churnctl
        .run(&promote)
        .expect(ExitCode::BadInput)
        .says("not a whole signature");
}
