//! Categories that training never had: one is answered and counted, a batch of nothing else refused.

use serde_json::{Value, json};

use super::running::Running;
use crate::models::scoring;

const PLAN: &str = "churn_api_unseen_categories_total{feature=\"plan\"}";

fn features(plan: &Value) -> Value {
    json!({ "visits": 1, "noise": 0, "plan": plan })
}

/// The same rows in each way that many of them can be asked about, with the place of a plan.
fn batches(plans: &[Value]) -> [(&'static str, Value, &'static str); 4] {
    let rows: Vec<Value> = plans.iter().map(features).collect();
    let record = |row: &Value| json!({ "user_id": "u", "features": row });
    let records: Vec<Value> = rows.iter().map(record).collect();
    let tensor = |name: &str, datatype: &str, data: Vec<Value>| json!({ "name": name, "datatype": datatype, "shape": [plans.len()], "data": data });
    let ones = vec![json!(1); plans.len()];
    [
        ("/predict/batch", json!(records), "#/0/features/plan"),
        (
            "/v1/models/churn:predict",
            json!({ "instances": rows }),
            "#/instances/0/plan",
        ),
        (
            "/invocations",
            json!({ "instances": rows }),
            "#/instances/0/plan",
        ),
        (
            "/v2/models/churn/infer",
            json!({ "inputs": [
                tensor("visits", "FP64", ones.clone()),
                tensor("noise", "FP64", ones),
                tensor("plan", "BYTES", plans.to_vec()),
            ] }),
            "#/inputs/rows/0/plan",
        ),
    ]
}

#[test]
fn a_batch_of_unseen_categories_is_refused_and_fewer_are_counted() {
    let running = Running::start(&scoring(), &[]);
    assert_eq!(running.metrics()[PLAN], 0.0);
    let record = json!({ "user_id": "u", "features": features(&json!("FREE")) });
    running.post("/predict", &record).expect(200);
    assert_eq!(running.metrics()[PLAN], 1.0);
    for (path, body, place) in batches(&vec![json!("FREE"); 12]) {
        let problem = running.post(path, &body).expect(422).json();
        let fault = &problem["errors"][0];
        assert_eq!(fault["pointer"], place, "{path}");
        assert_eq!(fault["reason"], "unknown_category", "{path}");
        let detail = fault["detail"].as_str().expect("a text");
        assert!(detail.contains("\"plan\": 12 of 12 values"), "{detail}");
        assert!(detail.contains("\"FREE\" may be \"free\""), "{detail}");
    }
    // Nothing was scored, so nothing more is counted but the faults.
    assert_eq!(running.metrics()[PLAN], 1.0);
    let faults = "churn_api_input_errors_total{reason=\"unknown_category\"}";
    assert_eq!(running.metrics()[faults], 4.0);
    // One that is known shows that the client and the model speak of the same; a few may be new.
    let mut mixed = vec![json!("FREE"); 11];
    mixed.push(json!("free"));
    for plans in [mixed, vec![json!("FREE"); 9]] {
        for (path, body, _) in batches(&plans) {
            running.post(path, &body).expect(200);
        }
    }
    assert_eq!(running.metrics()[PLAN], 1.0 + 4.0 * 20.0);
}

#[test]
fn a_list_or_an_object_is_not_a_category() {
    let running = Running::start(&scoring(), &[]);
    for (plan, kind) in [
        (json!(["free"]), "an array"),
        (json!({ "x": 1 }), "an object"),
    ] {
        // Not of tensors: theirs may be nested, as rows of one column.
        for (path, body, place) in batches(&[plan]).into_iter().take(3) {
            let problem = running.post(path, &body).expect(422).json();
            let fault = &problem["errors"][0];
            assert_eq!(fault["reason"], "wrong_type", "{path}: {problem}");
            assert_eq!(fault["pointer"], place, "{path}");
            let detail = fault["detail"].as_str().expect("a text");
            assert!(detail.contains(kind), "{detail}");
        }
    }
    assert_eq!(running.metrics()[PLAN], 0.0);
}
