//! `churnctl alerts test --live` on a busy Alertmanager: others' alerts come and go, a foreign webhook is
//! dead, a receiver hangs, and silences, an inhibition and a mute time hold alerts back. Each alert is
//! told as what became of it, and nothing is claimed that was not seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::fault_server::{Fault, FaultServer};
use crate::harness::{Churnctl, Run};
use crate::servers::{Server, eventually, free_address};

const OK: Fault = Fault::Answer("200 OK", "", "");
const BROKEN: Fault = Fault::Answer("500 Internal Server Error", "", "");

/// A rule a team; the team's name decides what becomes of its alert.
const TEAMS: [&str; 9] = [
    "caught",
    "healthy",
    "flaky",
    "busy",
    "dead",
    "hanging",
    "quiet",
    "silenced",
    "inhibited",
];

/// Receivers, and the servers behind them.
struct Receivers {
    healthy: FaultServer,
    busy: FaultServer,
    flaky: FaultServer,
    hanging: FaultServer,
    catch: String,
}

impl Receivers {
    fn start() -> Self {
        Self {
            healthy: FaultServer::start(&[OK]),
            busy: FaultServer::start(&[OK]),
            flaky: FaultServer::start(&[BROKEN, BROKEN, OK]),
            hanging: FaultServer::start(&[Fault::Hang]),
            catch: free_address().to_string(),
        }
    }

    fn config(&self) -> String {
        let mut config =
            "route:\n  receiver: nobody\n  group_by: [alertname]\n  group_wait: 1s\n  \
                          group_interval: 2s\n  routes:\n"
                .to_owned();
        for (team, receiver) in [
            ("quiet", "quiet"),
            ("silenced", "healthy"),
            ("inhibited", "healthy"),
        ] {
            let mute = match team {
                "quiet" => ", mute_time_intervals: [always]",
                _ => "",
            };
            config.push_str(&format!(
                "  - {{matchers: ['team=\"{team}\"'], receiver: {receiver}{mute}}}\n"
            ));
        }
        let (mut routes, mut receivers) = (String::new(), String::new());
        for (name, url) in [
            ("healthy", self.healthy.url()),
            ("quiet", self.healthy.url()),
            ("busy", self.busy.url()),
            ("flaky", self.flaky.url()),
            ("hanging", self.hanging.url()),
            ("dead", FaultServer::refusing()),
            ("caught", format!("http://{}", self.catch)),
        ] {
            routes.push_str(&format!(
                "  - {{matchers: ['team=\"{name}\"'], receiver: {name}}}\n"
            ));
            receivers.push_str(&format!(
                "- {{name: {name}, webhook_configs: [{{url: '{url}/', send_resolved: false}}]}}\n"
            ));
        }
        config
            + &routes
            + "receivers:\n- name: nobody\n"
            + &receivers
            + "inhibit_rules:\n- {source_matchers: ['alertname=\"Source\"'], target_matchers: ['team=\"inhibited\"']}\n\
               time_intervals:\n- {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}\n"
    }
}

fn rules() -> String {
    let mut rules = "groups:\n- name: teams\n  rules:\n".to_owned();
    for team in TEAMS {
        rules.push_str(&format!(
            "  - alert: Of-{team}\n    expr: up == 3\n    for: 1m\n    labels: {{severity: warning, team: {team}}}\n    \
             annotations: {{summary: s, description: d}}\n"
        ));
    }
    rules
}

/// Posts an alert of somebody else.
fn post(alertmanager: &Server, name: &str, team: &str) {
    let body = json!([{"labels": {"alertname": name, "team": team, "of": "others"}}]).to_string();
    let sent = post_json(alertmanager, "/api/v2/alerts", &body);
    assert_eq!(sent.0, 200, "{}", sent.1);
}

fn post_json(server: &Server, path: &str, body: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(server.address()).expect("a connection");
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|text| text.parse().ok());
    (status.expect("a status"), answer)
}

/// Runs the proof while others' alerts come to `busy` and `dead` all the time.
fn prove(alertmanager: &Server, receivers: &Receivers) -> Option<Run> {
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\n\
         alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]}}\n\
         scrape_configs: [{{job_name: am, static_configs: [{{targets: ['{0}']}}]}}]\n",
        alertmanager.address()
    );
    let rules = rules();
    let prometheus = Server::prometheus(&config, &[("rules.yml", &rules)])?;
    eventually("the first scrape", || {
        (!prometheus.query("up").is_empty()).then_some(())
    });
    eventually("the Alertmanager", || {
        let json = prometheus.json("/api/v1/alertmanagers");
        let active = json["data"]["activeAlertmanagers"].as_array()?.len();
        (active == 1).then_some(())
    });
    let silence = json!({"matchers": [{"name": "team", "value": "silenced", "isRegex": false, "isEqual": true}],
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "ann", "comment": "moving house"});
    let made = post_json(alertmanager, "/api/v2/silences", &silence.to_string());
    assert_eq!(made.0, 200, "{}", made.1);
    post(alertmanager, "Source", "of-nobody");
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let (is_over, url) = (AtomicBool::new(false), alertmanager.url());
    let prometheus_url = prometheus.url();
    Some(std::thread::scope(|scope| {
        let noise = scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::SeqCst) {
                number += 1;
                post(alertmanager, &format!("Noise{number}"), "busy");
                post(alertmanager, &format!("Noise{number}"), "dead");
                std::thread::sleep(Duration::from_millis(400));
            }
        });
        eventually("others' notifications", || {
            (!receivers.busy.seen().is_empty()).then_some(())
        });
        let run = churnctl.run(&[
            "alerts",
            "test",
            "--live",
            "--format",
            "json",
            "--prometheus",
            &prometheus_url,
            "--alertmanager",
            &url,
            "--catch",
            &receivers.catch,
        ]);
        is_over.store(true, Ordering::SeqCst);
        noise.join().expect("noise");
        run
    }))
}

#[track_caller]
fn expect(json: &Value, team: &str, outcome: &str, says: &str) {
    let name = format!("alert Of-{team}");
    let mut steps = json["steps"].as_array().expect("steps").iter();
    let step = steps.find(|step| step["name"] == *name).expect(&name);
    let message = step["message"].as_str().expect("a message");
    assert!(
        step["outcome"] == outcome && message.contains(says),
        "{team}: wanted {outcome}, {says}: {json:#}"
    );
}

/// What is the same with and without counters by receiver.
#[track_caller]
fn expect_held_back(json: &Value, alertmanager: &Server) {
    let caught = "goes to caught; arrived at caught after";
    expect(json, "caught", "pass", caught);
    expect(json, "caught", "pass", "seen by --catch");
    expect(
        json,
        "silenced",
        "skip",
        "goes to healthy; silenced by silence ",
    );
    expect(json, "silenced", "skip", "of ann until 2099-01-01T00:00:00");
    expect(json, "silenced", "skip", "\"moving house\"");
    expect(
        json,
        "inhibited",
        "skip",
        "goes to healthy; inhibited by Source",
    );
    expect(json, "quiet", "skip", "quiet is muted by always now");
    let left = alertmanager.get("/api/v2/alerts");
    assert!(!left.contains("churnctl_test"), "{left}");
}

#[test]
fn without_counters_by_receiver_nothing_is_claimed_but_what_was_caught() {
    // Debian's Alertmanager has no such counters; the newest one has them off by default.
    let receivers = [Receivers::start(), Receivers::start()];
    let servers = [
        Server::alertmanager(&receivers[0].config()),
        Server::newest_alertmanager(&receivers[1].config(), &[]),
    ];
    for (alertmanager, receivers) in servers.into_iter().flatten().zip(&receivers) {
        let Some(run) = prove(&alertmanager, receivers) else {
            return;
        };
        let run = run.expect(ExitCode::Ok);
        let json = run.json();
        expect_held_back(&json, &alertmanager);
        // Others' webhooks are taken and refused all the time: no counter says whose.
        for team in ["healthy", "flaky", "busy", "dead", "hanging"] {
            let why = format!("{team}: sent, delivery not observable: this Alertmanager does not");
            expect(&json, team, "unseen", &why);
        }
    }
}

#[test]
fn with_counters_by_receiver_each_receiver_is_told_as_what_it_was() {
    let receivers = Receivers::start();
    let flag = "--enable-feature=receiver-name-in-metrics";
    let Some(alertmanager) = Server::newest_alertmanager(&receivers.config(), &[flag]) else {
        return;
    };
    let Some(run) = prove(&alertmanager, &receivers) else {
        return;
    };
    let run = run.expect(ExitCode::CheckFailed);
    let json = run.json();
    expect_held_back(&json, &alertmanager);
    expect(
        &json,
        "healthy",
        "pass",
        "goes to healthy; arrived at healthy after",
    );
    expect(&json, "healthy", "pass", "by the receiver's counter");
    // Two answers of 500 before the good one.
    expect(
        &json,
        "flaky",
        "pass",
        "and 2 failed attempts, by the receiver's counter",
    );
    // Others' notifications raise the same counter.
    expect(
        &json,
        "busy",
        "unseen",
        "busy: sent, delivery not observable: busy notifies for",
    );
    expect(&json, "dead", "fail", "dead: webhook fails to send:");
    expect(
        &json,
        "hanging",
        "fail",
        "hanging: webhook does not answer:",
    );
    let text = json.to_string();
    assert!(!text.contains("arrived at hanging") && !text.contains("arrived at dead"));
}
