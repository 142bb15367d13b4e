//! Identifiers that repeat: tables with a row a month of each customer, where the column that says
//! whose rows they are is not named in the settings.
//!
//! The tables are generated here from seeds; each expected verdict follows from how they were made.
//! Features are noise and the label is fixed by customer, so that a model can only know customers:
//! its ROC AUC on others is .5.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Table};
use crate::models::{PRODUCTION, report, train};

const CUSTOMERS: usize = 500;
const MONTHS: usize = 12;

/// How identifiers are written.
type Form = fn(usize) -> String;
const WHOLE_NUMBERS: Form = |customer| (4_917_000_000 + customer * 37).to_string();
const CODES: Form = |customer| format!("C{customer:05}");
const UUIDS: Form = |customer| format!("123e4567-e89b-12d3-a456-{:012x}", customer * 7_919);

/// Twelve rows of each of these customers, the customers mixed.
fn panel(name: &str, form: Form, first: usize, seed: u64) -> Table {
    let mut random = Random::new(seed);
    let mut rows: Vec<usize> = (0..CUSTOMERS * MONTHS).collect();
    for at in (1..rows.len()).rev() {
        rows.swap(at, random.below(at as u64 + 1) as usize);
    }
    let churns: Vec<bool> = (0..CUSTOMERS).map(|_| random.chance(0.3)).collect();
    let (visits, calls) = (random.normals(rows.len()), random.normals(rows.len()));
    let of = |row: &usize| row / MONTHS;
    Table::default()
        .with(name, rows.iter().map(|row| form(first + of(row))))
        .with("visits", visits)
        .with("calls", calls)
        .with("churn", rows.iter().map(|row| u8::from(churns[of(row)])))
}

fn roc_auc(report: &Value) -> f64 {
    let roc_auc = &report["metrics"]["test"]["roc_auc"];
    roc_auc["value"]
        .as_f64()
        .or(roc_auc.as_f64())
        .expect("ROC AUC")
}

fn warns(report: &Value, words: &str) -> bool {
    let warnings = report["warnings"].as_array().expect("warnings");
    let says = |warning: &Value| warning.as_str().is_some_and(|text| text.contains(words));
    warnings.iter().any(says)
}

fn names(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    let name = |one: &Value| one[key].as_str().expect("a name").to_owned();
    list.iter().map(name).collect()
}

fn check(baseline: &Table, current: &Table, args: &[&str]) -> Value {
    let churnctl = Churnctl::new()
        .table("b.csv", baseline)
        .table("c.csv", current);
    check_in(&churnctl, "b.csv", args)
}

fn check_in(churnctl: &Churnctl, baseline: &str, args: &[&str]) -> Value {
    let fixed = ["drift", "--baseline", baseline, "--current", "c.csv"];
    let json = ["--format", "json", "-q", "--fail-on", "never"];
    let run = churnctl.run(&[&fixed[..], &json, args].concat());
    run.expect(ExitCode::Ok).json()
}

#[test]
fn a_customer_stays_in_one_split_and_is_not_learned_by_heart() {
    let names_and_forms: [(&str, Form); 6] = [
        ("customer_id", WHOLE_NUMBERS),
        ("customer_id", CODES),
        ("CustomerID", UUIDS),
        ("msisdn", WHOLE_NUMBERS),
        ("user", CODES),
        ("account_no", WHOLE_NUMBERS),
    ];
    for (name, form) in names_and_forms {
        let churnctl = Churnctl::new().table("data.csv", &panel(name, form, 0, 1));
        let report = report(&churnctl, &["--model", "logistic"]);
        // 6,000 rows of 500 customers, 900 of them in test: the standard error of .5 is .02 if rows
        // were independent. A model that knows the customers has .7 and more.
        assert!(roc_auc(&report) < 0.58, "{name}: {}", roc_auc(&report));
        assert_eq!(report["promoted"], false, "{name}");
        for (split, rows) in report["split_rows"].as_object().expect("splits") {
            let rows = rows.as_u64().expect("rows");
            assert_eq!(rows % MONTHS as u64, 0, "{name}: {split} has {rows} rows");
        }
        let out = format!("\"{name}\" is named like an identifier and has 500 distinct values");
        let together = format!("rows with the same \"{name}\" stay in one split: 500 groups");
        assert!(
            warns(&report, &out) && warns(&report, &together),
            "{report:#}"
        );
    }
}

#[test]
fn the_artifact_says_whose_rows_they_were_and_its_profile_does_not_hold_them() {
    let churnctl = Churnctl::new()
        .table("data.csv", &panel("client_id", CODES, 0, 1))
        .table("c.csv", &panel("client_id", CODES, 5_000, 2));
    train(&churnctl, &["--model", "logistic", "--promote", "always"]).expect(ExitCode::Ok);
    let artifact = churnctl.read(PRODUCTION);
    let text = String::from_utf8(artifact.clone()).expect("UTF-8");
    let artifact: Value = serde_json::from_slice(&artifact).expect("JSON");
    let body = &artifact["body"];
    assert_eq!(body["roles"]["group"], "client_id");
    assert_eq!(names(&body["features"], "name"), ["visits", "calls"]);
    let warnings = body["provenance"]["warnings"].to_string();
    assert!(warnings.contains("stay in one split"), "{warnings}");
    assert!(!text.contains("C00001"));
    let report = check_in(&churnctl, PRODUCTION, &[]);
    assert!(names(&report["left_out"], "column").contains(&"client_id".to_owned()));
    assert_eq!(names(&report["features"], "feature").len(), 2);
}

#[test]
fn new_customers_are_not_drift_and_the_column_is_listed() {
    let names_and_forms: [(&str, Form); 4] = [
        ("customer_id", WHOLE_NUMBERS),
        ("accountId", CODES),
        ("Kundennummer", WHOLE_NUMBERS),
        ("subscriber", UUIDS),
    ];
    for (name, form) in names_and_forms {
        let (old, new) = (panel(name, form, 0, 1), panel(name, form, 5_000, 2));
        let report = check(&old, &new, &[]);
        assert_eq!(report["status"], "OK", "{name}: {report:#}");
        let out = &report["left_out"][0];
        assert_eq!((&out["column"], &out["role"]), (&json!(name), &json!("id")));
        assert_eq!(
            out["reason"],
            "a group key: 500 distinct values in 6000 rows, and named like an identifier"
        );
        // Who asks for it has it compared.
        let asked = check(&old, &new, &["--features", name]);
        assert_eq!(asked["status"], "FAIL", "{name}");
    }
}

#[test]
fn an_identifier_with_one_value_for_all_rows_is_told() {
    let same: Form = |_| "0".into();
    let report = check(
        &panel("customer_id", WHOLE_NUMBERS, 0, 1),
        &panel("customer_id", same, 0, 2),
        &[],
    );
    assert_eq!(report["status"], "WARN");
    let finding = &report["findings"][0];
    assert_eq!(finding["kind"], "repeated_identifier");
    assert_eq!(
        finding["message"],
        "the identifier has 500 distinct values in 6000 rows of the baseline, and 1 in 6000 rows \
         of the current side"
    );
}

/// What many customers share is a category, whatever it is called and however it is written.
#[test]
fn products_stores_and_the_like_are_features_and_their_drift_fails() {
    let side = |seed: u64, shift: u64| {
        let mut random = Random::new(seed);
        let mut table = panel("customer_id", CODES, 0, seed);
        for (name, values) in [
            ("product_id", 40),
            ("plan_id", 8),
            ("region_id", 16),
            ("store_id", 300),
            ("cell_id", 60),
            ("zip", 90),
            ("client_id", 8),
            ("account", 3),
        ] {
            let column: Vec<u64> = (0..CUSTOMERS * MONTHS)
                .map(|_| {
                    let value = random.below(values);
                    // Half of the rows moved to the lower half of the values.
                    if random.below(2) < shift {
                        value / 2
                    } else {
                        value
                    }
                })
                .collect();
            let numbers = name == "zip" || name == "region_id";
            let text = move |value: &u64| {
                if numbers {
                    format!("{}", 10_000 + value)
                } else {
                    format!("K{value:03}")
                }
            };
            table = table.with(name, column.iter().map(text).collect::<Vec<String>>());
        }
        table
    };
    let shared = [
        "product_id",
        "plan_id",
        "region_id",
        "store_id",
        "cell_id",
        "zip",
        "client_id",
        "account",
    ];
    let (baseline, moved) = (side(1, 0), side(2, 2));
    let report = check(&baseline, &moved, &[]);
    let features = report["features"].as_array().expect("features");
    for name in shared {
        let feature = features.iter().find(|one| one["feature"] == name);
        assert_eq!(feature.expect(name)["status"], "FAIL", "{name}");
    }
    let churnctl = Churnctl::new().table("data.csv", &baseline);
    train(&churnctl, &["--model", "logistic", "--promote", "always"]).expect(ExitCode::Ok);
    let artifact: Value = serde_json::from_slice(&churnctl.read(PRODUCTION)).expect("JSON");
    let learned = names(&artifact["body"]["features"], "name");
    for name in shared {
        assert!(learned.contains(&name.to_owned()), "{name}: {learned:?}");
    }
}

#[test]
fn the_user_knows_better() {
    let churnctl = Churnctl::new()
        .table("data.csv", &panel("customer_id", CODES, 0, 1))
        .table("c.csv", &panel("customer_id", CODES, 5_000, 2));
    let args = ["--model", "logistic", "--include", "customer_id"];
    train(&churnctl, &[&args[..], &["--promote", "always"]].concat()).expect(ExitCode::Ok);
    // A model that knows customers: what it learned from is compared, by whatever name.
    let report = check_in(&churnctl, PRODUCTION, &[]);
    assert_eq!(report["status"], "FAIL");
    assert!(names(&report["features"], "feature").contains(&"customer_id".to_owned()));
}

/// Without a name there is no telling a customer from what came after the label, but figures that are
/// too good are said to be.
#[test]
fn a_nameless_column_that_fixes_the_label_is_warned_of() {
    let words = "the rows of a value of \"x7\" have one label";
    let numbers = panel("x7", WHOLE_NUMBERS, 0, 1);
    let churnctl = Churnctl::new().table("data.csv", &numbers);
    let nameless = report(&churnctl, &["--model", "logistic"]);
    assert!(
        warns(&nameless, words) && warns(&nameless, "--group"),
        "{nameless:#}"
    );
    let named = report(&churnctl, &["--model", "logistic", "--group", "x7"]);
    assert!(!warns(&named, words), "{named:#}");
    assert!(roc_auc(&named) < 0.58, "{}", roc_auc(&named));
    // `loc_id` claims to identify something: then it is a key.
    let churnctl = Churnctl::new().table("data.csv", &panel("loc_id", CODES, 0, 1));
    let key = report(&churnctl, &["--model", "logistic"]);
    assert!(
        warns(&key, "rows with the same \"loc_id\" stay in one split"),
        "{key:#}"
    );
}

/// The names are those of a reader who found them missing; the customers of the current side are new.
#[test]
fn usual_names_of_identifiers_are_known() {
    let all = "uid|cid|cust_nbr|acct|msno|mrn|email_address|customer_id_hash|customer_sk|SK_ID_CURR|\
        fk_customer|numero_cliente|codigo_cliente|kundnr|company_id|organization_id|workspace_id|\
        用户ID|客户编号|клиент_id";
    for (form, seed) in [(CODES, 1), (WHOLE_NUMBERS, 3)] {
        let side = |first: usize| {
            let table = panel("customer_id", form, first, seed);
            all.split('|').fold(table, |table, name| {
                let ids = (0..CUSTOMERS * MONTHS).map(|row| form(first + row / MONTHS));
                table.with(name, ids)
            })
        };
        let report = check(&side(0), &side(5_000), &[]);
        assert_eq!(report["status"], "OK", "{report:#}");
        let left_out = names(&report["left_out"], "column");
        for name in all.split('|') {
            assert!(left_out.contains(&name.to_owned()), "{name}");
        }
    }
}

/// Codes without such a name: nobody can tell new customers from renamed products, so that it is a
/// warning and not a failure; words that were all replaced are a failure.
#[test]
fn codes_that_are_all_new_are_likely_identifiers_and_words_are_not() {
    for name in ["x7", "service_id"] {
        let (old, new) = (panel(name, CODES, 0, 1), panel(name, CODES, 5_000, 2));
        let report = check(&old, &new, &[]);
        assert_eq!(report["status"], "WARN", "{name}: {report:#}");
        let finding = &report["findings"][0];
        assert_eq!(finding["kind"], "likely_identifier");
        assert_eq!(
            finding["message"],
            format!(
                "\"{name}\" looks like an identifier: 500 distinct values in 6000 rows, and 6000 of \
                 these rows have a value that the baseline lacks; it is not compared. Name it with \
                 --id, or have it compared with --features"
            )
        );
        assert!(names(&report["left_out"], "column").contains(&name.to_owned()));
        assert_eq!(check(&old, &new, &["--features", name])["status"], "FAIL");
        assert_eq!(check(&old, &new, &["--id", name])["status"], "OK");
        // The same customers: it is compared as ever.
        let same = check(&old, &panel(name, CODES, 0, 2), &[]);
        assert!(names(&same["features"], "feature").contains(&name.to_owned()));
        let absent = check(&old, &panel("visits_2", CODES, 0, 2), &[]);
        assert_eq!(absent["findings"][0]["kind"], "absent_column");
    }
    let model: Form = |customer| format!("Galaxy S{}", customer % 34 + customer / 5_000 * 34);
    for name in [
        "device_name",
        "policy_name",
        "device_code",
        "phone_name",
        "plan",
    ] {
        let report = check(
            &panel(name, model, 0, 1),
            &panel(name, model, 5_000, 2),
            &[],
        );
        assert_eq!(report["status"], "FAIL", "{name}: {report:#}");
    }
}

/// 500 of 1,000 categories drawn twice: six of ten rows have one that the other side lacks (`e^-.5`,
/// Poisson), as many as its singletons predict. Texts and numbers with gaps.
#[test]
fn categories_that_chance_leaves_out_are_no_identifiers() {
    let gaps: Form = |category| (100_000 + 7_919 * category).to_string();
    for form in [CODES, gaps] {
        let side = |seed: u64| {
            let mut random = Random::new(seed);
            let drawn: Vec<String> = (0..500)
                .map(|_| form(random.below(1_000) as usize))
                .collect();
            Table::default()
                .with("service_id", drawn)
                .with("visits", random.normals(500))
        };
        for seed in 0..10 {
            let report = check(&side(seed), &side(100 + seed), &[]);
            let compared = names(&report["features"], "feature");
            assert!(compared.contains(&"service_id".to_owned()), "{report:#}");
        }
    }
}

/// A feature that counts, under a name that identifiers have, too: 30 contacts on average, then 90.
#[test]
fn counts_that_are_called_numbers_are_features() {
    let all = "contact_number employee_number account_num card_num visit_key user_num";
    let side = |mean: f64, seed: u64| {
        let mut random = Random::new(seed);
        let table = panel("customer_id", CODES, 0, seed);
        all.split_whitespace().fold(table, |table, name| {
            let count = |_| (mean + mean.sqrt() * random.normal()).round().max(0.0) as u64;
            let counts: Vec<u64> = (0..CUSTOMERS * MONTHS).map(count).collect();
            table.with(name, counts)
        })
    };
    let baseline = side(30.0, 1);
    let report = check(&baseline, &side(90.0, 2), &[]);
    let features = report["features"].as_array().expect("features");
    let churnctl = Churnctl::new().table("data.csv", &baseline);
    train(&churnctl, &["--model", "logistic", "--promote", "always"]).expect(ExitCode::Ok);
    let artifact: Value = serde_json::from_slice(&churnctl.read(PRODUCTION)).expect("JSON");
    let learned = names(&artifact["body"]["features"], "name");
    for name in all.split_whitespace() {
        let feature = features.iter().find(|one| one["feature"] == name);
        assert_eq!(feature.expect(name)["status"], "FAIL", "{name}");
        assert!(learned.contains(&name.to_owned()), "{name}: {learned:?}");
    }
}

/// 500 customers by month under names that say less and less: left out, kept in one split, and new
/// customers are scored.
#[test]
fn new_customers_are_scored_whatever_their_column_is_called() {
    for name in ["cust_nbr", "用户ID", "service_id", "x7"] {
        let churnctl = Churnctl::new()
            .table("data.csv", &panel(name, CODES, 0, 1))
            .table("c.csv", &panel(name, CODES, 5_000, 2));
        let report = report(&churnctl, &["--model", "logistic", "--promote", "always"]);
        let looks = "like an identifier and has 500 distinct values in 6000 rows";
        let together = format!("rows with the same \"{name}\" stay in one split: 500 groups");
        assert!(warns(&report, looks), "{report:#}");
        assert!(warns(&report, &together), "{report:#}");
        assert!(roc_auc(&report) < 0.58, "{name}: {}", roc_auc(&report));
        let score = churnctl.run(&["score", "c.csv", "--model", PRODUCTION, "-o", "s.csv"]);
        score.expect(ExitCode::Ok);
    }
}
