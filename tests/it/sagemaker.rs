//! SageMaker's container contract: the same figures as `/predict`, whatever the form of the rows.

use std::path::Path;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::Churnctl;
use crate::serving::Serving;

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    std::fs::read_to_string(folder.join(name)).expect("read the example")
}

/// Trains a model of this kind into `artifacts/`.
fn trained(model: &str) -> Churnctl {
    let churnctl = Churnctl::new().file("data.csv", example("telco_baseline.csv"));
    let args = [
        "train",
        "data.csv",
        "--label",
        "churn",
        "--positive",
        "Yes",
        "-q",
    ];
    churnctl
        .run(&[&args[..], &["--model", model]].concat())
        .expect(ExitCode::Ok);
    churnctl
}

/// The first rows of a table: names, and fields by row, the label left out.
fn rows(count: usize) -> (Vec<String>, Vec<Vec<String>>) {
    // No field of it needs its quotes.
    let text = example("telco_stable.csv").replace('"', "");
    let mut lines = text
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect::<Vec<String>>());
    let mut names = lines.next().expect("a header");
    let label = names.iter().position(|name| name == "churn");
    let mut rows: Vec<Vec<String>> = lines.take(count).collect();
    if let Some(label) = label {
        names.remove(label);
        for row in &mut rows {
            row.remove(label);
        }
    }
    (names, rows)
}

#[test]
fn invocations_say_what_predict_says_to_the_last_digit() {
    for model in ["logistic", "trees"] {
        let churnctl = trained(model);
        // As SageMaker unpacks it: a folder.
        let preset = ["--preset", "sagemaker", "--model", "artifacts/models"];
        let serving = Serving::start(&churnctl, &preset);
        let (status, body) = serving.send("GET", "/ping", "", "");
        assert_eq!((status, body.trim()), (200, ""));

        let document = serving.json("GET", "/openapi.json", &Value::Null);
        let features = &document["components"]["schemas"]["Features"]["properties"];
        let artifact = churnctl.read_json("artifacts/models/production_latest.json");
        let order: Vec<&str> = artifact["body"]["features"]
            .as_array()
            .expect("features")
            .iter()
            .map(|feature| feature["name"].as_str().expect("a name"))
            .collect();
        let (names, rows) = rows(40);
        let named: Vec<Value> = rows
            .iter()
            .map(|row| {
                let members = names.iter().zip(row).map(|(name, field)| {
                    // A category may be sent as a number, too.
                    let types = features[name].to_string();
                    let is_number = types.contains("\"number\"") && !types.contains("\"string\"");
                    let value = match field.parse::<f64>() {
                        Ok(number) if is_number => json!(number),
                        Err(_) if is_number => Value::Null,
                        _ => json!(field),
                    };
                    (name.clone(), value)
                });
                Value::Object(members.collect())
            })
            .collect();
        let wanted: Vec<f64> = named
            .iter()
            .map(|features| {
                let record = json!({ "user_id": "a", "features": features });
                let answer = serving.json("POST", "/predict", &record);
                answer["churn_risk"].as_f64().expect("a score")
            })
            .collect();
        let score = |answer: &Value| -> Vec<f64> {
            let predictions = answer["predictions"].as_array().expect("predictions");
            predictions
                .iter()
                .map(|one| one["score"].as_f64().expect("a score"))
                .collect()
        };

        let lists: Vec<Vec<Value>> = named
            .iter()
            .map(|row| order.iter().map(|name| row[*name].clone()).collect())
            .collect();
        for body in [
            json!({ "instances": named }),
            json!({ "instances": lists }),
            json!(named),
            json!(lists),
            json!(
                named
                    .iter()
                    .map(|row| json!({ "features": row }))
                    .collect::<Vec<_>>()
            ),
        ] {
            let answer = serving.json("POST", "/invocations", &body);
            assert_eq!(score(&answer), wanted, "{model}");
        }
        for one in [&named[0], &json!(lists[0])] {
            assert_eq!(
                score(&serving.json("POST", "/invocations", one)),
                wanted[..1]
            );
        }

        let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        let with_header = format!("{}\n{}\n", names.join(","), lines.join("\n"));
        let in_order: Vec<String> = rows
            .iter()
            .map(|row| {
                let field = |name: &&str| {
                    let at = names
                        .iter()
                        .position(|known| known == name)
                        .expect("a column");
                    row[at].clone()
                };
                order.iter().map(field).collect::<Vec<_>>().join(",")
            })
            .collect();
        let printed: String = wanted.iter().map(|score| format!("{score}\n")).collect();
        for csv in [with_header, in_order.join("\r\n")] {
            let (status, body) =
                serving.send("POST", "/invocations", "text/csv; charset=utf-8", csv);
            assert_eq!((status, body.as_str()), (200, printed.as_str()), "{model}");
        }
    }
}

#[test]
fn rows_that_are_wrong_are_refused_and_say_where() {
    let churnctl = trained("logistic");
    let serving = Serving::start(&churnctl, &[]);
    let csv = |body: &str| serving.send("POST", "/invocations", "text/csv", body);
    let (names, rows) = rows(1);
    let row = rows[0].join(",");
    let header = names.join(",");
    let charge = names
        .iter()
        .position(|name| name == "monthly_charges")
        .expect("a column");
    let mut wrong = rows[0].clone();
    wrong[charge] = "much".to_owned();
    for (body, status, says) in [
        (String::new(), 422, "at least one row"),
        (format!("{header}\n"), 422, "at least one row"),
        (
            format!("{header}\n{row},1\n"),
            422,
            "row 1 of the CSV 20 fields",
        ),
        (
            format!("{header}\n{}\n", wrong.join(",")),
            422,
            "\\\"monthly_charges\\\" is a number, not a text",
        ),
        (
            format!("{header}\n\"{row}\n"),
            422,
            "A quote is never closed",
        ),
    ] {
        let (found, answer) = csv(&body);
        assert_eq!(found, status, "{body}: {answer}");
        assert!(answer.contains(says), "{body}: {answer}");
    }
    let (status, answer) = serving.send(
        "POST",
        "/invocations",
        "application/x-recordio-protobuf",
        "x",
    );
    assert_eq!(status, 415, "{answer}");
    assert!(answer.contains("text/csv or application/json"), "{answer}");
    let (status, _) = serving.send(
        "POST",
        "/invocations",
        "application/json",
        "{\"instances\": []}",
    );
    assert_eq!(status, 422);
    let (status, _) = serving.send(
        "POST",
        "/invocations",
        "application/json",
        "{\"instances\": 1}",
    );
    assert_eq!(status, 422);
}

#[test]
fn a_container_without_a_model_lives_and_is_not_ready() {
    let churnctl = Churnctl::new();
    let serving = Serving::start(&churnctl, &["--preset", "sagemaker", "--model", "nothing"]);
    assert_eq!(serving.send("GET", "/ping", "", "").0, 503);
    let (status, _) = serving.send("POST", "/invocations", "text/csv", "1,2\n");
    assert_eq!(status, 503);
    let run = churnctl
        .env("CHURNCTL_SERVE_PRESET", "sagemakr")
        .run(&["serve"])
        .expect(ExitCode::BadSettings);
    run.says("CHURNCTL_SERVE_PRESET").says("sagemaker");
}
