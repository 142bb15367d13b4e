//! The alert webhook: what it takes, what it answers, what it shows. One Job for one alert.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use super::{CRON_JOB, stub};
use crate::api_server::{ApiServer, Fault, What};
use crate::harness::{Churnctl, fixture};

const TOKEN: &str = "s3cret";

/// A listener that runs; killed when it is dropped.
pub(crate) struct Listener {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Listener {
    pub(crate) fn start(churnctl: &Churnctl, more: &[&str]) -> Self {
        std::fs::write(churnctl.path("token"), TOKEN).expect("write the token");
        let args: Vec<&str> = ["--token-file", "token"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        Self::start_bare(churnctl, &args)
    }

    /// Starts one that asks for no token.
    fn start_bare(churnctl: &Churnctl, more: &[&str]) -> Self {
        let args = ["retrain", "listen", "--listen", "127.0.0.1:0"];
        let args: Vec<&str> = args.iter().chain(more).copied().collect();
        let mut child = churnctl.spawn(&args, Stdio::null());
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("a line");
        let address = line
            .split("://")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        let said = Arc::new(Mutex::new(line.clone()));
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock()
                    .expect("not poisoned")
                    .push_str(&format!("{line}\n"));
            }
        });
        Self {
            child,
            address: address.parse().expect("an address"),
            said,
        }
    }

    /// What it has said on stderr so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("not poisoned").clone()
    }

    pub(crate) fn post(&self, body: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {TOKEN}");
        let (status, body) = request(
            self.address,
            "POST",
            "/alertmanager",
            &bearer,
            body.to_string().as_bytes(),
        );
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    /// Posts and returns the status and what became of the first alert.
    pub(crate) fn outcome(&self, body: &Value) -> (u16, String) {
        let (status, answer) = self.post(body);
        let outcome = answer["alerts"][0]["outcome"].as_str();
        (
            status,
            outcome
                .unwrap_or_else(|| panic!("no outcome: {answer}"))
                .to_owned(),
        )
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        request(self.address, "GET", path, "", b"")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    authorization: &str,
    body: &[u8],
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("connect");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("set");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("write");
    // An answer may come before the whole body is taken.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

/// A recorded notification, its alert made to ask for a retrain, `age` seconds old.
pub(crate) fn notification(age: i64) -> Value {
    let text = std::fs::read_to_string(fixture("alertmanager-webhook.json"))
        .expect("the recorded request");
    let request: Value = serde_json::from_str(&text).expect("JSON");
    let mut body = request["body"].clone();
    let alert = &mut body["alerts"][0];
    alert["labels"] = json!({"alertname": "ModelDataDrift", "action": "retrain", "namespace": "churn-mlops", "model": "churn"});
    let now = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(age);
    alert["startsAt"] = now.to_string().into();
    body
}

#[test]
fn one_alert_starts_one_job_that_names_it() {
    let (server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &["--log-format=json"]);
    let body = notification(60);
    let (status, answer) = listener.post(&body);
    assert_eq!(
        (status, answer["alerts"][0]["outcome"].as_str()),
        (200, Some("created")),
        "{answer}"
    );
    let job = &server.all("jobs")[0];
    assert_eq!(answer["alerts"][0]["job"], job["metadata"]["name"]);
    let name = job["metadata"]["name"].as_str().expect("a name");
    assert!(
        name.starts_with("churn-retrain-weekly-a-") && name.len() <= 63,
        "{name}"
    );
    let says = |name: &str| job["metadata"]["annotations"][format!("churnctl.io/{name}")].clone();
    assert_eq!(says("alert"), "ModelDataDrift");
    assert_eq!(says("alert-starts-at"), body["alerts"][0]["startsAt"]);
    assert_eq!(says("alert-fingerprint"), "ce7ea005a18cee98");
    assert_eq!(says("trigger"), "alert");
    assert_eq!(says("reason"), "Data drift check job failed");
    for _ in 0..3 {
        assert_eq!(listener.outcome(&body), (200, "duplicate".into()));
    }
    // The same long after the Job was cleaned away.
    server.finish(name, "Complete", "", "");
    server.delete("jobs", name);
    assert_eq!(listener.outcome(&body), (200, "duplicate".into()));
    assert!(server.jobs().is_empty());
    super::eventually("the Event", || {
        server
            .all("events")
            .iter()
            .any(|event| event["reason"] == "RetrainTriggered")
            .then_some(())
    });
    // An audit line for every decision, with fields.
    let said = super::eventually("the log", || {
        Some(listener.said()).filter(|said| said.matches("\"outcome\":\"duplicate\"").count() == 4)
    });
    let line = said
        .lines()
        .find(|line| line.contains("\"created\""))
        .expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["alert"], "ModelDataDrift");
    assert_eq!(line["job"], name);
    assert_eq!(line["receiver"], "ml-alerts");
}

#[test]
fn what_does_not_ask_for_a_retrain_is_answered_and_starts_nothing() {
    let (server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &[]);
    let with = |pointer: &str, value: Value| {
        let mut body = notification(60);
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect(parent)[name] = value;
        body
    };
    let old = notification(8 * 86_400);
    let others = [
        with("/alerts/0/status", "resolved".into()),
        with("/alerts/0/labels/action", "page".into()),
        with(
            "/alerts/0/labels/alertname",
            "ChurnDataDriftJobFailed".into(),
        ),
        with("/alerts/0/labels/namespace", "other".into()),
        with("/alerts/0/labels/churnctl_test", "t1".into()),
        old,
    ];
    for body in others {
        assert_eq!(listener.outcome(&body), (200, "skipped".into()), "{body}");
    }
    let recorded =
        std::fs::read_to_string(fixture("alertmanager-webhook-resolved.json")).expect("recorded");
    let recorded: Value = serde_json::from_str(&recorded).expect("JSON");
    assert_eq!(listener.outcome(&recorded["body"]), (200, "skipped".into()));
    assert_eq!(
        listener.post(&with("/alerts", json!([]))),
        (200, json!({"alerts": []}))
    );
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn a_running_job_the_cooldown_and_the_breaker_hold_an_alert_back() {
    let (server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &["--cooldown", "1h", "--max-per-day", "2"]);
    assert_eq!(listener.outcome(&notification(10)), (200, "created".into()));
    assert_eq!(listener.outcome(&notification(5)), (200, "running".into()));
    server.finish(&server.jobs()[0], "Complete", "", "");
    assert_eq!(
        listener.outcome(&notification(4)),
        (200, "cooling_down".into())
    );
    // Events are left after the answer: the listener must live to do so.
    let suppressed = |wanted: usize| {
        super::eventually("the Events", || {
            let events = server.all("events");
            let suppressed = events
                .iter()
                .filter(|event| event["reason"] == "RetrainSuppressed");
            (suppressed.count() == wanted).then_some(events)
        })
    };
    suppressed(2);
    drop(listener);
    let listener = Listener::start(&churnctl, &["--cooldown", "0", "--max-per-day", "2"]);
    assert_eq!(listener.outcome(&notification(3)), (200, "created".into()));
    for job in server.jobs() {
        server.finish(&job, "Complete", "", "");
    }
    assert_eq!(listener.outcome(&notification(2)), (200, "too_many".into()));
    assert_eq!(server.jobs().len(), 2);
    let suppressed = suppressed(3);
    let regarding = &suppressed[0]["regarding"];
    assert_eq!(
        (&regarding["kind"], &regarding["name"]),
        (&json!("CronJob"), &json!(CRON_JOB))
    );
}

#[test]
fn who_may_not_post_and_what_is_no_notification_is_refused_and_starts_nothing() {
    let (server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &[]);
    let body = notification(60).to_string();
    for authorization in ["", "Bearer wrong", "Bearer s3cre", "Basic s3cret", "Bearer"] {
        let (status, answer) = request(
            listener.address,
            "POST",
            "/alertmanager",
            authorization,
            body.as_bytes(),
        );
        assert_eq!(status, 401, "{authorization}: {answer}");
    }
    let post = |body: &[u8]| {
        request(
            listener.address,
            "POST",
            "/alertmanager",
            "Bearer s3cret",
            body,
        )
    };
    assert_eq!(post(&vec![b'x'; 2 << 20]).0, 413);
    let mut three = notification(60);
    three["version"] = "3".into();
    let (status, answer) = post(three.to_string().as_bytes());
    assert_eq!(status, 400);
    assert!(answer.contains("not \\\"3\\\""), "{answer}");
    assert_eq!(post(b"{\"version\": \"4\", ").0, 400);
    assert_eq!(listener.get("/live").0, 200);
    assert!(server.jobs().is_empty() && server.requests().is_empty());
    assert!(!listener.said().contains("s3cre"), "{}", listener.said());
}

#[test]
fn a_server_that_hangs_or_forbids_is_a_503_so_that_alertmanager_tries_again() {
    let (server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &["--deadline", "1s"]);
    let body = notification(60);
    server.fault(Fault::new("*", "*", What::Hang));
    assert_eq!(listener.outcome(&body), (503, "failed".into()));
    assert_eq!(listener.get("/live").0, 200);
    let (status, why) = listener.get("/ready");
    assert_eq!(status, 503, "{why}");
    assert!(server.jobs().is_empty());
    server.mend();
    assert_eq!(listener.get("/ready"), (200, "ready\n".to_owned()));
    server.deny("create jobs");
    assert_eq!(listener.outcome(&body), (503, "failed".into()));
    assert!(server.jobs().is_empty());
    drop(listener);
    let listener = Listener::start(&churnctl, &[]);
    let (status, why) = listener.get("/ready");
    assert_eq!(status, 503);
    assert!(why.contains("create jobs.batch"), "{why}");
}

#[test]
fn metrics_count_and_the_page_shows_what_was_decided() {
    let (_server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &[]);
    let empty = listener.get("/").1;
    assert!(empty.contains("No alert has come yet"), "{empty}");
    let mut body = notification(60);
    body["alerts"][0]["labels"]["model"] = "<script>alert(1)</script>".into();
    listener.post(&body);
    listener.post(&body);
    body["alerts"][0]["labels"]["alertname"] = "<b>Other</b>".into();
    listener.post(&body);
    let metrics = listener.get("/metrics").1;
    for line in [
        "churn_retrain_decisions_total{outcome=\"created\"} 1\n",
        "churn_retrain_decisions_total{outcome=\"duplicate\"} 1\n",
        "churn_retrain_decisions_total{outcome=\"skipped\"} 1\n",
        "churn_retrain_decisions_total{outcome=\"failed\"} 0\n",
        "churn_retrain_requests_total{status=\"200\"} 3\n",
        "churn_retrain_requests_total{status=\"503\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let page = listener.get("/").1;
    assert!(
        page.contains("ModelDataDrift") && page.contains("has its Job"),
        "{page}"
    );
    // The last one comes first.
    let last = page.find("no cause to retrain").expect("the last decision");
    assert!(
        last < page.find("Job started").expect("the first"),
        "{page}"
    );
    assert!(
        !page.contains("<script") && !page.contains("<b>Other"),
        "{page}"
    );
}

#[test]
fn nobody_can_start_a_listener_that_anybody_may_post_to() {
    let (_server, churnctl) = stub();
    churnctl
        .run(&["retrain", "listen"])
        .expect(ExitCode::BadSettings)
        .says("anybody could start a retrain");
    churnctl
        .run(&["retrain", "listen", "--token-file", "absent"])
        .expect(ExitCode::Io)
        .says("absent");
    churnctl
        .run(&["retrain", "listen", "--client-ca", "ca.pem"])
        .expect(ExitCode::BadSettings)
        .says("TLS is half set");
}

#[test]
fn sigterm_ends_it_when_what_was_begun_is_answered() {
    let (server, churnctl) = stub();
    let mut listener = Listener::start(&churnctl, &["--deadline", "2s"]);
    server.fault(Fault::new("get", "cronjobs", What::Hang).times(1));
    let address = listener.address;
    let body = notification(60).to_string();
    let posted = std::thread::spawn(move || {
        request(
            address,
            "POST",
            "/alertmanager",
            "Bearer s3cret",
            body.as_bytes(),
        )
    });
    super::eventually("the request", || {
        (!server.requests().is_empty()).then_some(())
    });
    let id = listener.child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill")
            .success()
    );
    // The first try hung for half a second; the second one was good.
    let (status, answer) = posted.join().expect("no panic");
    assert_eq!(status, 200, "{answer}");
    assert_eq!(listener.child.wait().expect("ends").code(), Some(0));
    assert_eq!(server.jobs().len(), 1);
    assert!(TcpStream::connect(address).is_err());
}

/// Ends a Job so that the next alert finds none that runs.
pub(crate) fn finish_all(server: &ApiServer) {
    for job in server.jobs() {
        server.finish(&job, "Complete", "", "");
    }
}

#[test]
fn a_hundred_parallel_duplicates_at_two_listeners_start_one_job_twenty_times() {
    let (server, churnctl) = stub();
    let listeners =
        [0, 1].map(|_| Listener::start(&churnctl, &["--cooldown", "0", "--max-per-day", "100"]));
    for round in 1..=20 {
        let body = notification(round);
        let outcomes: Vec<(u16, String)> = std::thread::scope(|scope| {
            let posts: Vec<_> = (0..100)
                .map(|post| {
                    let (listener, body) = (&listeners[post % 2], &body);
                    scope.spawn(move || listener.outcome(body))
                })
                .collect();
            posts
                .into_iter()
                .map(|post| post.join().expect("no panic"))
                .collect()
        });
        let count = |word: &str| {
            outcomes
                .iter()
                .filter(|(status, outcome)| (*status, outcome.as_str()) == (200, word))
                .count()
        };
        assert_eq!(
            (count("created"), count("duplicate")),
            (1, 99),
            "round {round}: {outcomes:?}"
        );
        assert_eq!(
            server.jobs().len(),
            usize::try_from(round).expect("small"),
            "round {round}"
        );
        finish_all(&server);
    }
}

#[test]
fn clients_may_be_known_by_their_certificates_in_place_of_a_token() {
    use crate::servers::installed;
    let (Some(openssl), Some(curl)) = (installed("openssl"), installed("curl")) else {
        return;
    };
    let (server, churnctl) = stub();
    let run = |line: &str| {
        let made = std::process::Command::new(&openssl)
            .args(line.split(' '))
            .current_dir(churnctl.path(""))
            .output()
            .expect("openssl");
        assert!(made.status.success(), "{line}: {made:?}");
    };
    const NEW: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!(
        "req -x509 {NEW} -keyout key.pem -out cert.pem -days 2 -subj /CN=hook -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"
    ));
    run(&format!(
        "req -x509 {NEW} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"
    ));
    run(&format!(
        "req {NEW} -keyout client.key -out client.csr -subj /CN=alertmanager -addext extendedKeyUsage=clientAuth"
    ));
    run(
        "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copyall -out client.pem -days 2",
    );
    let tls = [
        "--tls-cert",
        "cert.pem",
        "--tls-key",
        "key.pem",
        "--client-ca",
        "ca.pem",
    ];
    let listener = Listener::start_bare(&churnctl, &tls);
    let post = |certificate: &[&str]| {
        let body = notification(60).to_string();
        let url = format!("https://{}/alertmanager", listener.address);
        std::process::Command::new(&curl)
            .args(["-sS", "--cacert", "cert.pem", "-d", &body])
            .args(certificate)
            .arg(&url)
            .current_dir(churnctl.path(""))
            .output()
            .expect("curl")
    };
    let stranger = post(&[]);
    assert!(!stranger.status.success(), "{stranger:?}");
    assert!(server.requests().is_empty());
    let known = post(&["--cert", "client.pem", "--key", "client.key"]);
    let answer = String::from_utf8_lossy(&known.stdout).into_owned();
    assert!(answer.contains("\"outcome\":\"created\""), "{known:?}");
    assert_eq!(server.jobs().len(), 1);
}
