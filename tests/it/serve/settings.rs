//! What `serve` refuses to start with, and what it says when it starts.

use churnctl::exit::ExitCode;
use nix::sys::signal::Signal;

use super::running::Running;
use crate::harness::Churnctl;
use crate::models::scoring;

fn refused(churnctl: &Churnctl, args: &[&str], code: ExitCode, says: &str) {
    let fixed = ["serve", "--listen", "127.0.0.1:0"];
    churnctl
        .run(&[&fixed[..], args].concat())
        .expect(code)
        .says(says);
}

#[test]
fn an_address_that_is_none_and_one_that_is_taken() {
    let churnctl = Churnctl::new();
    refused(
        &churnctl,
        &["--admin-listen", "nowhere"],
        ExitCode::BadSettings,
        "nowhere",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("an address").to_string();
    refused(
        &churnctl,
        &["--admin-listen", &address],
        ExitCode::Io,
        &address,
    );
}

#[test]
fn words_numbers_and_times_that_are_none() {
    let churnctl = Churnctl::new();
    for args in [
        ["--poll", "soon"],
        ["--unknown-category", "guess"],
        ["--log-sample", "2"],
        ["--drain-timeout", "0s"],
    ] {
        refused(&churnctl, &args, ExitCode::Usage, args[0]);
    }
    refused(
        &churnctl,
        &["--drain-delay", "1m"],
        ExitCode::Usage,
        "drain_timeout",
    );
    for (variable, value) in [
        ("CHURNCTL_SERVE_LATENCY_BUCKETS", "0.5,0.1"),
        ("CHURNCTL_SERVE_CLASSES", "churn"),
        ("CHURNCTL_SERVE_CONNECTIONS", "0"),
        ("CHURNCTL_SERVE_ACCESS_LOG", "some"),
    ] {
        let churnctl = Churnctl::new().env(variable, value);
        refused(&churnctl, &[], ExitCode::BadSettings, "");
    }
}

#[test]
fn files_that_are_missing_or_hold_nothing() {
    let churnctl = Churnctl::new().file("empty", "").file("not.pem", "no PEM");
    refused(
        &churnctl,
        &["--token-file", "absent"],
        ExitCode::Io,
        "absent",
    );
    refused(
        &churnctl,
        &["--token-file", "empty"],
        ExitCode::BadSettings,
        "empty",
    );
    let tls = ["--tls-cert", "not.pem", "--tls-key", "not.pem"];
    refused(&churnctl, &tls, ExitCode::BadSettings, "not.pem");
    refused(
        &churnctl,
        &["--tls-cert", "not.pem"],
        ExitCode::Usage,
        "--tls-key",
    );
    refused(&churnctl, &["--log-dir", "empty"], ExitCode::Io, "empty");
}

#[test]
fn json_messages_name_the_request_and_hold_no_value_of_a_customer() {
    let churnctl = scoring();
    let args = ["--log-format", "json", "--access-log", "all"];
    let mut running = Running::start(&churnctl, &args);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("X-Request-Id", "order-17"), ("traceparent", trace)];
    let body =
        br#"{"user_id": "canary-user", "features": {"visits": 3, "canary-name": "canary-value"}}"#;
    let response = running.connect().send("POST", "/predict", &headers, body);
    assert_eq!(
        (response.status, &*response.headers["x-request-id"]),
        (422, "order-17")
    );
    running
        .connect()
        .send("GET", "/canary-path?x=canary-query", &[], b"");
    let line = running.says("order-17");
    let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(json["level"], "info");
    assert_eq!(json["path"], "/predict");
    assert_eq!(json["status"], 422);
    assert_eq!(json["code"], "invalid_input");
    assert_eq!(json["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(json["duration_ms"].as_f64().is_some_and(|ms| ms >= 0.0));
    let (code, said) = running.end();
    assert_eq!(code, Some(0));
    assert!(
        said.contains("\"path\":\"other\"") && !said.contains("canary"),
        "{said}"
    );
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let running = Running::start(&scoring(), &["--drain-delay", "20s"]);
    running.signal(Signal::SIGINT);
    // Once the first is acted upon, one that comes a second later is no longer taken care of.
    while running.get("/ready").status == 200 {}
    std::thread::sleep(std::time::Duration::from_secs(1));
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait().0, Some(130));
}

/// GNU timeout signals the process and then its group.
#[test]
fn two_signals_at_once_cut_no_drain_short() {
    let running = Running::start(&scoring(), &["--drain-delay", "2s"]);
    running.signal(Signal::SIGTERM);
    while running.get("/ready").status == 200 {}
    running.signal(Signal::SIGTERM);
    // It drains still: it says that it is not ready, and ends well.
    assert_eq!(running.get("/ready").status, 503);
    assert_eq!(running.wait().0, Some(0));
}

#[test]
fn under_json_the_address_is_a_document() {
    use std::io::BufRead;
    let churnctl = scoring();
    let args = ["serve", "--listen", "127.0.0.1:0", "--format", "json"];
    let mut child = churnctl.spawn(&args, std::process::Stdio::null());
    let stdout = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut text = String::new();
    for line in stdout.lines().map_while(Result::ok) {
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["command"], "serve");
    assert!(
        json["url"]
            .as_str()
            .is_some_and(|url| url.starts_with("http://127.0.0.1:"))
    );
    assert_eq!(json["model_version"].as_str().map(str::len), Some(12));
}

#[test]
fn over_tls_it_answers_with_its_certificate_and_with_the_next_one_when_the_files_change() {
    use churnctl::http::client::{Access, BaseUrl, Client, Policy, Request};
    let churnctl = scoring();
    let make = || {
        std::process::Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args([
                "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
            ])
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .current_dir(churnctl.path(""))
            .output()
    };
    match make() {
        Err(error) => return crate::harness::skipped(&format!("cannot run openssl: {error}")),
        Ok(output) => assert!(output.status.success(), "{output:?}"),
    }
    let args = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let running = Running::start(&churnctl, &args);
    let url: BaseUrl = format!("https://{}", running.address)
        .parse()
        .expect("a URL");
    let ready = || {
        let access = Access {
            ca_file: Some(churnctl.path("cert.pem")),
            ..Access::default()
        };
        let client = Client::new("the API", url.clone(), &access, Policy::default());
        client.expect("a client").call(&Request::get("/ready"))
    };
    ready().expect("an answer by the first certificate");
    // Without TLS there is no answer, and nobody is held up by it.
    use std::io::Write;
    let mut plain = running.connect();
    plain
        .stream
        .write_all(b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    assert!(!plain.read_out().contains("HTTP/1.1 200"));
    assert!(make().is_ok_and(|output| output.status.success()));
    let begun = std::time::Instant::now();
    while let Err(error) = ready() {
        assert!(
            begun.elapsed() < super::running::PATIENCE,
            "the old one stays: {error}"
        );
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}
