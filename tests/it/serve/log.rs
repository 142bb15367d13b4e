//! The prediction log: what is kept, how files are handed over, and what `drift` says of them.
//!
//! CHURNCTL_TEST_FULL=1 kills the server 50 times in place of 4.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use super::running::{Connection, Running, customer};
use crate::harness::Churnctl;
use crate::models::{PRODUCTION, customers, figures, rows_of, scoring};

/// Names of the files in the folder of the log.
fn files(churnctl: &Churnctl) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(churnctl.path("log"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn closed(churnctl: &Churnctl) -> Vec<u8> {
    let names = files(churnctl);
    assert!(names.iter().all(|name| name.ends_with(".csv")), "{names:?}");
    assert_eq!(names.len(), 1, "{names:?}");
    churnctl.read(&format!("log/{}", names[0]))
}

#[test]
fn a_row_holds_inputs_score_class_version_time_and_request() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &["--log-dir", "log"]);
    let body = json!({
        "user_id": "u,\"1\"",
        "snapshot_date": "2026-08-31",
        "features": { "visits": 3, "noise": 0.5, "plan": "new\nline" },
    });
    let headers = [("X-Request-Id", "order-17")];
    let answer = running
        .connect()
        .send("POST", "/predict", &headers, body.to_string().as_bytes());
    let answer = answer.expect(200).json();
    running.send("POST", "/predict", "{}").expect(422);
    let names = files(&churnctl);
    assert!(
        names.iter().all(|name| name.ends_with(".csv.open")),
        "{names:?}"
    );
    running.end();
    let csv = closed(&churnctl);
    let text = String::from_utf8(csv.clone()).expect("UTF-8");
    let header = "visits,noise,plan,user_id,snapshot_date,churn_risk,predicted_class,model_version,predicted_at,request_id\n";
    assert!(text.starts_with(header), "{text}");
    let rows = rows_of(&csv);
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        (&*row["visits"], &*row["noise"], &*row["plan"]),
        ("3", "0.5", "new\nline")
    );
    assert_eq!(
        (&*row["user_id"], &*row["snapshot_date"]),
        ("u,\"1\"", "2026-08-31")
    );
    let risk: f64 = row["churn_risk"].parse().expect("a number");
    assert_eq!(Some(risk), answer["churn_risk"].as_f64());
    assert_eq!(json!(row["predicted_class"]), answer["label"]);
    assert_eq!(json!(row["model_version"]), answer["model_version"]);
    assert_eq!(row["request_id"], "order-17");
    assert!(row["predicted_at"].ends_with('Z') && row["predicted_at"].starts_with("20"));
    let path = churnctl.path(format!("log/{}", files(&churnctl)[0]));
    let mode = std::fs::metadata(path).expect("stat").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = std::fs::metadata(churnctl.path("log"))
        .expect("stat")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn what_clients_send_is_no_formula_in_a_file_and_the_same_value_when_it_is_read() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &["--log-dir", "log"]);
    // The openings that OWASP's page "CSV Injection" lists, and texts that are none.
    let plans = ["=HYPERLINK(A1)", "+x", "-x", "@x", "\t=x", "'=x", "pro"];
    for plan in plans {
        let body = json!({
            "user_id": "=cmd|' /C calc'!A0",
            "features": { "visits": -1.5, "noise": -2, "plan": plan },
        });
        running.post("/predict", &body).expect(200);
    }
    running.end();
    let rows = rows_of(&closed(&churnctl));
    assert_eq!(rows.len(), plans.len());
    for (row, plan) in rows.iter().zip(plans) {
        let marked = ["'=x", "pro"].contains(&plan);
        let expected = if marked {
            plan.to_owned()
        } else {
            format!("'{plan}")
        };
        assert_eq!(row["plan"], expected);
        assert_eq!(row["user_id"], "'=cmd|' /C calc'!A0");
        assert_eq!((&*row["visits"], &*row["noise"]), ("-1.5", "-2"));
    }
    // The same values, as another system writes them.
    let mut table = "visits,noise,plan\n".to_owned();
    for plan in plans {
        table.push_str(&format!("-1.5,-2,\"{plan}\"\n"));
    }
    let churnctl = churnctl.file("sent.csv", table);
    for (data, profile) in [("log", "log.json"), ("sent.csv", "sent.json")] {
        let args = ["profile", data, "-o", profile];
        churnctl.run(&args).expect(ExitCode::Ok);
    }
    // What stands around a value, a blank or an apostrophe, is not part of it.
    let plan = |profile: &str| {
        let profile = churnctl.read_json(profile);
        let columns = profile["columns"].as_array().expect("columns");
        let column = columns.iter().find(|column| column["name"] == "plan");
        column.expect("the column")["values"].clone()
    };
    assert_eq!(plan("log.json"), plan("sent.json"));
}

#[test]
fn all_routes_keep_their_rows_and_a_file_is_closed_when_it_is_full() {
    let churnctl = scoring().env("CHURNCTL_SERVE_LOG_ROTATE_BYTES", "1");
    let running = Running::start(&churnctl, &["--log-dir", "log"]);
    let rows = json!([customer("a", 1.0), customer("b", 1.0)]);
    running.post("/predict/batch", &rows).expect(200);
    running.wait_for("the first file", |metrics| {
        metrics["churn_prediction_log_files_total"] == 1.0
    });
    let instances = json!({ "instances": [[1, 2, "pro"]] });
    running
        .post("/v1/models/churn:predict", &instances)
        .expect(200);
    running.wait_for("the second file", |metrics| {
        metrics["churn_prediction_log_files_total"] == 2.0
    });
    let tensor = |name: &str, datatype: &str, value: Value| json!({ "name": name, "datatype": datatype, "shape": [1], "data": [value] });
    let inputs = json!({ "inputs": [
        tensor("plan", "BYTES", json!("pro")),
        tensor("visits", "FP64", json!(1)),
        tensor("noise", "FP64", json!(1)),
    ] });
    running.post("/v2/models/churn/infer", &inputs).expect(200);
    let lines = format!("{}\n{}\n", customer("c", 1.0), customer("d", 1.0));
    let headers = [("Content-Type", "application/x-ndjson")];
    let response = running
        .connect()
        .send("POST", "/predict/batch", &headers, lines.as_bytes());
    assert_eq!(response.expect(200).text().lines().count(), 2);
    running.wait_for("all rows", |metrics| {
        metrics["churn_prediction_log_rows_total{result=\"written\"}"] == 6.0
    });
    running.end();
    let names = files(&churnctl);
    assert!(names.len() >= 3, "{names:?}");
    let rows: usize = names
        .iter()
        .map(|name| rows_of(&churnctl.read(&format!("log/{name}"))).len())
        .sum();
    assert_eq!(rows, 6);
}

#[test]
fn nothing_is_kept_of_a_share_of_zero_and_answers_do_not_wait() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &["--log-dir", "log", "--log-sample", "0"]);
    for _ in 0..20 {
        running.post("/predict", &customer("u", 1.0)).expect(200);
    }
    let metrics = running.metrics();
    assert_eq!(
        metrics["churn_prediction_log_rows_total{result=\"not_sampled\"}"],
        20.0
    );
    running.end();
    assert_eq!(files(&churnctl), Vec::<String>::new());
}

#[test]
fn a_full_queue_drops_and_counts_and_the_answer_comes_all_the_same() {
    let churnctl = scoring().env("CHURNCTL_SERVE_LOG_QUEUE", "1");
    let running = Running::start(&churnctl, &["--log-dir", "log"]);
    let rows: Vec<Value> = (0..3).map(|at| customer(&at.to_string(), 1.0)).collect();
    running.post("/predict/batch", &json!(rows)).expect(200);
    let metrics = running.metrics();
    assert_eq!(
        metrics["churn_prediction_log_rows_total{result=\"dropped\"}"],
        3.0
    );
    running.end();
    // Where the disk must have it first, no room is not an answer.
    let args = ["--log-dir", "log", "--log-durability", "fsync"];
    let running = Running::start(&churnctl, &args);
    let response = running.post("/predict/batch", &json!(rows)).expect(503);
    assert_eq!(response.json()["code"], "not_kept");
    running.post("/predict", &customer("u", 1.0)).expect(200);
}

#[test]
fn every_answered_prediction_survives_a_kill() {
    let times = if crate::harness::full() { 50 } else { 4 };
    let churnctl = scoring();
    let args = ["--log-dir", "log", "--log-durability", "fsync"];
    let mut answered = BTreeSet::new();
    for time in 0..times {
        let running = Running::start(&churnctl, &args);
        let address = running.address;
        let count = Arc::<AtomicUsize>::default();
        let clients: Vec<_> = (0..3)
            .map(|client| {
                let count = Arc::clone(&count);
                std::thread::spawn(move || ask_until_it_dies(address, time, client, &count))
            })
            .collect();
        // Somewhere among the requests, another place each time.
        while count.load(Ordering::Relaxed) < 5 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(3 * (time % 10)));
        running.kill();
        for client in clients {
            answered.extend(client.join().expect("no panic"));
        }
    }
    // The next one hands over what the last one left.
    Running::start(&churnctl, &args).end();
    let mut kept = BTreeSet::new();
    for name in files(&churnctl) {
        assert!(name.ends_with(".csv"), "{name}");
        let rows = rows_of(&churnctl.read(&format!("log/{name}")));
        kept.extend(rows.into_iter().map(|row| row["user_id"].clone()));
    }
    assert!(
        answered.len() > times as usize,
        "{} answers",
        answered.len()
    );
    let lost: Vec<_> = answered.difference(&kept).collect();
    assert!(
        lost.is_empty(),
        "{} of {}: {lost:?}",
        lost.len(),
        answered.len()
    );
}

fn ask_until_it_dies(
    address: std::net::SocketAddr,
    time: u64,
    client: u64,
    count: &AtomicUsize,
) -> Vec<String> {
    let mut answered = Vec::new();
    let Ok(stream) = std::net::TcpStream::connect(address) else {
        return answered;
    };
    let mut connection = Connection::of(stream);
    for number in 0.. {
        let user = format!("{time}-{client}-{number}");
        let body = customer(&user, 1.0).to_string();
        let sent = connection.write("POST", "/predict", &[], body.as_bytes());
        match sent.and_then(|()| connection.read()) {
            Ok(response) if response.status == 200 => {
                count.fetch_add(1, Ordering::Relaxed);
                answered.push(user);
            }
            Ok(response) => panic!("{}", response.text()),
            Err(_) => break,
        }
    }
    answered
}

/// The rows of a table as lines of JSON, without the label.
fn lines_of(table: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/data")
        .join(table);
    let rows = rows_of(&std::fs::read(path).expect("a table"));
    let line = |(at, row): (usize, std::collections::BTreeMap<String, String>)| {
        let features = row
            .into_iter()
            .filter(|(name, _)| name != "churn")
            .map(|(name, text)| {
                let value = match text.parse::<f64>() {
                    _ if text.is_empty() || text == "NA" => Value::Null,
                    Ok(number) => json!(number),
                    Err(_) => json!(text),
                };
                (name, value)
            });
        let features: serde_json::Map<String, Value> = features.collect();
        json!({ "user_id": format!("customer-{at}"), "features": features }).to_string() + "\n"
    };
    rows.into_iter().enumerate().map(line).collect()
}

#[test]
fn drift_fails_on_the_log_of_a_shifted_month_and_not_on_that_of_a_stable_one() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let churnctl = Churnctl::new();
    let data = root.join("telco_baseline.csv").display().to_string();
    let train = [
        "train",
        &data,
        "--label",
        "churn",
        "--positive",
        "Yes",
        "--model",
        "logistic",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
    for (table, format, status, code) in [
        ("telco_stable.csv", "csv", "OK", ExitCode::Ok),
        ("telco_shifted.csv", "csv", "FAIL", ExitCode::CheckFailed),
        ("telco_stable.csv", "ndjson", "OK", ExitCode::Ok),
        ("telco_shifted.csv", "ndjson", "FAIL", ExitCode::CheckFailed),
    ] {
        let folder = format!("data/{status}-{format}");
        let args = ["--log-dir", &folder, "--log-files", format];
        let running = Running::start(&churnctl, &args);
        let headers = [("Content-Type", "application/x-ndjson")];
        let lines = lines_of(table);
        let mut connection = running.connect();
        let response = connection.send("POST", "/predict/batch", &headers, lines.as_bytes());
        let text = response.expect(200).text();
        assert_eq!(text.lines().count(), 1_000);
        assert!(!text.contains("\"error\""), "{text}");
        running.end();
        let drift = [
            "drift",
            "--baseline",
            PRODUCTION,
            "--current",
            &folder,
            "--format",
            "json",
        ];
        let report = churnctl.run(&drift).expect(code).json();
        assert_eq!(report["status"], status);
        assert_eq!(report["rows"]["current"], 1_000);
        // The score is compared as such, and nothing of the log's own is taken for a feature.
        assert!(report["score"]["psi"].as_f64().is_some());
        let features = report["features"].as_array().expect("features");
        assert_eq!(features.len(), 19);
        let findings = report["findings"].as_array().expect("findings");
        // Not even a word about the log's own columns.
        let names: Vec<&Value> = features.iter().map(|feature| &feature["feature"]).collect();
        let expected = |finding: &Value| {
            let about_a_feature =
                names.contains(&&finding["feature"]) || finding["feature"] == "churn_risk";
            finding["kind"] != "extra_column" && (finding["status"] == "OK" || about_a_feature)
        };
        assert!(findings.iter().all(expected), "{findings:#?}");
    }
}

#[test]
fn labels_that_come_weeks_later_say_how_good_the_log_was() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &["--log-dir", "log"]);
    let customers = rows_of(customers(600, 7).csv().as_bytes());
    let batch: Vec<Value> = customers
        .iter()
        .map(|row| {
            let number = |name: &str| row[name].parse::<f64>().expect(name);
            json!({
                "user_id": row["user_id"],
                "features": {
                    "visits": number("visits"),
                    "noise": number("noise"),
                    "plan": row["plan"],
                },
            })
        })
        .collect();
    running.post("/predict/batch", &json!(batch)).expect(200);
    running.end();
    // Who left did so ten days later; sixty days later somebody asks.
    let now = jiff::Timestamp::now();
    let after = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
    let mut events = "customer_id,cancelled_at\n".to_owned();
    for row in customers.iter().filter(|row| row["churn"] == "Yes") {
        events.push_str(&format!("{},{}\n", row["user_id"], after(10)));
    }
    let left = customers.iter().filter(|row| row["churn"] == "Yes").count();
    let until = after(50).to_string();
    let asked = after(60).as_second().to_string();
    let churnctl = churnctl
        .file("churn_events.csv", events)
        .env("SOURCE_DATE_EPOCH", &asked);
    let args = "drift --current log --labels churn_events.csv --join user_id=customer_id --prediction-time \
                predicted_at --label-window 30d --report report.json -q";
    let args: Vec<&str> = args.split_whitespace().collect();
    let run = churnctl.run(
        &[
            &args[..],
            &["--baseline", PRODUCTION, "--labels-until", &until],
        ]
        .concat(),
    );
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    let predictions = &report["labels"]["predictions"];
    assert_eq!(predictions["matched"], left, "{predictions}");
    assert_eq!(predictions["unmatched"], 600 - left, "{predictions}");
    // The same figures as for the same scores beside their labels.
    let names = files(&churnctl);
    let scores = churnctl.read(&format!("log/{}", names[0]));
    let labels: Vec<bool> = customers.iter().map(|row| row["churn"] == "Yes").collect();
    let expected = figures(&scores, &labels);
    let auc = expected.roc_auc.expect("both classes").value;
    let own = &report["performance"]["current"]["roc_auc"]["value"];
    assert_eq!(own.as_f64(), Some(auc));
    assert!(auc > 0.8, "{auc}");
    assert_eq!(report["performance"]["status"], "OK", "{report:#}");
    let left_out = report["left_out"].as_array().expect("a list").iter();
    let ids: Vec<_> = left_out
        .filter(|out| out["role"] == "id" || out["role"] == "date")
        .map(|out| out["column"].as_str().expect("a name").to_owned())
        .collect();
    assert!(ids.contains(&"user_id".to_owned()), "{ids:?}");
}
