//! One value, however it is spelled: one table as pandas, polars, pyarrow and Spark write it (see
//! `tests/data/one_value/make.py`) trains, scores, counts and is asked for as the same.

use std::collections::BTreeMap;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, fixture};
use crate::models::{PRODUCTION, number, rows_of};
use crate::serve::running::Running;

/// The forms in which every cell means the same to the last bit.
const EXACT: [&str; 4] = [
    "pandas.csv",
    "polars.csv",
    "pyarrow.parquet",
    "spark.parquet",
];
/// pandas writes single-precision numbers with ten decimals: 0.6999999881 for 0.7.
const ROUNDED: &str = "pandas.ndjson";
const FEATURES: &str = "active,flag,region,code,big,rate,amount,moment,zoned,day,price,plan,tenure";

fn file(name: &str) -> String {
    fixture(&format!("one_value/{name}"))
}

/// A model of pandas' CSV file, in which missing values have made floats of whole numbers.
fn trained(learner: &str) -> Churnctl {
    let churnctl = Churnctl::new();
    let data = file("pandas.csv");
    let args = ["train", &data, "--label", "churn", "--id", "customer_id"];
    let kinds = ["--categorical", "region,price,rate", "--promote", "always"];
    churnctl
        .run(&[&args[..], &kinds, &["--model", learner]].concat())
        .expect(ExitCode::Ok);
    churnctl
}

/// The scores of a form, by customer.
fn scores(churnctl: &Churnctl, form: &str) -> BTreeMap<String, f64> {
    let args = ["score", &file(form), "--model", PRODUCTION, "-o", "out.csv"];
    churnctl.run(&args).expect(ExitCode::Ok);
    rows_of(&churnctl.read("out.csv"))
        .into_iter()
        .map(|row| (row["customer_id"].clone(), number(&row, "churn_risk")))
        .collect()
}

#[test]
#[cfg(feature = "parquet")]
fn a_model_scores_all_forms_of_its_rows_alike() {
    for learner in ["logistic", "trees"] {
        let churnctl = trained(learner);
        let expected = scores(&churnctl, "pandas.csv");
        assert_eq!(expected.len(), 600);
        for form in EXACT.into_iter().chain([ROUNDED]) {
            assert_eq!(scores(&churnctl, form), expected, "{learner} {form}");
        }
    }
}

#[test]
#[cfg(feature = "parquet")]
fn every_form_is_no_drift_from_any_other() {
    let forms = || EXACT.into_iter().chain([ROUNDED]);
    let churnctl = Churnctl::new();
    for form in forms() {
        let profile = ["profile", &file(form), "-o", &format!("{form}.json")];
        churnctl
            .run(&[&profile[..], &["--categorical", "region"]].concat())
            .expect(ExitCode::Ok);
    }
    for baseline in forms() {
        for current in forms() {
            for baseline in [file(baseline), format!("{baseline}.json")] {
                let sides = [
                    "drift",
                    "--baseline",
                    &baseline,
                    "--current",
                    &file(current),
                ];
                let named = ["--features", FEATURES, "--categorical", "region"];
                let report = churnctl
                    .run(&[&sides[..], &named, &["--format", "json", "-q"]].concat())
                    .expect(ExitCode::Ok)
                    .json();
                assert_eq!(report["status"], "OK", "{baseline} {current}");
                for feature in report["features"].as_array().expect("features") {
                    let what = format!("{baseline} {current} {}", feature["feature"]);
                    assert_eq!(feature["psi"], 0.0, "{what}");
                    if feature["feature"] == "code" {
                        assert_eq!(feature["bins"].as_array().map(Vec::len), Some(4), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_request_scores_as_the_row_of_the_file() {
    let churnctl = trained("logistic");
    let expected = scores(&churnctl, "pandas.csv");
    let server = Running::start(&churnctl, &[]);
    let lines = std::fs::read_to_string(file(ROUNDED)).expect("a file");
    for line in lines.lines().take(40) {
        let mut features: serde_json::Map<String, Value> =
            serde_json::from_str(line).expect("JSON");
        let customer = features.remove("customer_id").expect("a customer");
        // Times are not features.
        for other in ["churn", "moment", "zoned"] {
            features.remove(other);
        }
        let request = json!({ "user_id": customer, "features": features });
        let answer = server.post("/predict", &request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let risk = answer.json()["churn_risk"].as_f64().expect("a score");
        assert_eq!(risk, expected[customer.as_str().expect("a text")], "{line}");
    }
}

/// The report of two tables of one column, 400 rows each, in which the values take turns.
fn drift(baseline: &[&str], current: &[&str], args: &[&str]) -> Value {
    let table = |values: &[&str]| {
        let rows: String = (0..400)
            .map(|row| format!("{},{}\n", values[row % values.len()], row % 10))
            .collect();
        format!("x,other\n{rows}")
    };
    let churnctl = Churnctl::new()
        .file("b.csv", table(baseline))
        .file("c.csv", table(current));
    let sides = ["drift", "--baseline", "b.csv", "--current", "c.csv"];
    let run = churnctl.run(&[&sides[..], &["--format", "json", "-q"], args].concat());
    run.json()
}

fn feature(report: &Value) -> &Value {
    let features = report["features"].as_array().expect("features");
    features
        .iter()
        .find(|feature| feature["feature"] == "x")
        .expect("x")
}

fn findings(report: &Value) -> Vec<(&str, &str)> {
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|finding| {
            let text = |member: &str| finding[member].as_str().unwrap_or_default();
            (text("kind"), text("status"))
        })
        .collect()
}

#[test]
fn what_one_side_writes_otherwise_is_the_same_and_is_said() {
    let booleans = [
        &["True", "False"][..],
        &["true", "false"],
        &["1", "0"],
        &["1.0", "0.0"],
        &["t", "f"],
        &["Yes", "No"],
        &["TRUE", "0"],
    ];
    for baseline in booleans {
        for current in booleans {
            let report = drift(baseline, current, &[]);
            let x = feature(&report);
            assert_eq!(x["psi"], 0.0, "{baseline:?} {current:?} {report}");
            assert_eq!(report["status"], "OK", "{baseline:?} {current:?}");
        }
    }
    let said = findings;
    assert_eq!(
        said(&drift(&["True", "False"], &["true", "false"], &[])),
        []
    );
    let recoded = drift(&["True", "False"], &["1", "0"], &[]);
    assert_eq!(said(&recoded), [("spelling", "OK")]);
    // NannyML issue 397: few floats are values, whichever precision they went through.
    let floats = ["0.05", "0.1", "0.7"];
    for noisy in [
        [
            "0.05000000074505806",
            "0.10000000149011612",
            "0.699999988079071",
        ],
        [
            "0.05000000000000001",
            "0.10000000000000002",
            "0.7000000000000001",
        ],
    ] {
        for args in [&[][..], &["--categorical", "x"]] {
            let report = drift(&floats, &noisy, args);
            assert_eq!(feature(&report)["psi"], 0.0, "{noisy:?}");
            assert_eq!(said(&report), [("spelling", "OK")]);
            // One side may have both.
            let both = [floats, noisy].concat();
            assert_eq!(drift(&both, &floats, args)["status"], "OK", "{noisy:?}");
        }
    }
}

#[test]
fn what_is_another_value_is_told_apart() {
    for (baseline, current, args) in [
        // Codes that share a double: 716277643516076032 and its neighbours.
        (
            &["716277643516076033"][..],
            &["716277643516076034"][..],
            &[][..],
        ),
        (&["18446744073709551615"], &["18446744073709551614"], &[]),
        (
            &[
                "716277643516076033",
                "716277643516076034",
                "716277643516076034",
                "716277643516076034",
            ],
            &[
                "716277643516076033",
                "716277643516076033",
                "716277643516076033",
                "716277643516076034",
            ],
            &[],
        ),
        (
            &["9007199254740992"],
            &["9007199254740993"],
            &["--categorical", "x"],
        ),
        (
            &["01234", "1234"],
            &["1234", "1234"],
            &["--categorical", "x"],
        ),
        (&["True", "False", "maybe"], &["1", "0", "maybe"], &[]),
        (&["f", "m"], &["false", "m"], &[]),
        (&["0.1", "0.2"], &["0.1001", "0.2"], &[]),
        (&["1", "0", "2"], &["true", "false", "2"], &[]),
    ] {
        let report = drift(baseline, current, args);
        assert_eq!(
            feature(&report)["status"],
            "FAIL",
            "{baseline:?} {current:?}"
        );
    }
}

#[test]
fn amounts_stay_numbers_though_one_of_them_is_beyond_2_to_the_53() {
    let amounts = ["12", "340", "7", "9223372036854775807"];
    let report = drift(&amounts, &amounts, &[]);
    assert_eq!(feature(&report)["kind"], "numeric");
    assert_eq!(report["status"], "OK");
}

#[test]
fn codes_that_lost_their_zeros_are_told() {
    // DataProfiler issue 1130: what Excel does to postal codes.
    let (zips, stripped) = (["01234", "00501", "90210"], ["1234", "501", "90210"]);
    for args in [&[][..], &["--categorical", "x"]] {
        for (baseline, current) in [(zips, stripped), (stripped, zips)] {
            let report = drift(&baseline, &current, args);
            assert_ne!(report["status"], "OK", "{args:?}");
            let found = findings(&report);
            assert!(found.contains(&("leading_zeros", "WARN")), "{found:?}");
        }
        let same = drift(&zips, &zips, args);
        assert_eq!(
            (&same["status"], findings(&same)),
            (&json!("OK"), Vec::new())
        );
    }
    // Too many to be kept one by one.
    let table = |width: usize| {
        let rows: String = (0..25_000)
            .map(|row| format!("{row:0width$},{}\n", row % 7))
            .collect();
        format!("zip,other\n{rows}")
    };
    let churnctl = Churnctl::new()
        .file("b.csv", table(5))
        .file("c.csv", table(1));
    let sides = ["drift", "--baseline", "b.csv", "--current", "c.csv"];
    let named = ["--features", "zip,other", "--format", "json", "-q"];
    let report = churnctl.run(&[&sides[..], &named].concat()).json();
    assert_eq!(findings(&report), [("leading_zeros", "WARN")], "{report}");
}

#[test]
fn a_profile_of_the_version_before_is_no_drift_from_the_same_rows() {
    // Layout 1 holds texts as they stood in the data.
    let column = |name: &str, values: Value| json!({ "name": name, "values": values });
    let profile = json!({
        "schema_version": 1,
        "command": "profile",
        "churnctl_version": "0.1.0",
        "created_at": "2026-11-28T00:00:00Z",
        "source": "b.csv",
        "rows": 400,
        "roles": { "categorical": ["region"] },
        "columns": [
            column("active", json!({ "True": 200, "False": 100, "true": 100 })),
            json!({ "name": "region", "categorical": true, "values": { "3": 300, "3.0": 50, "4.0": 50 } }),
            column("seen", json!({ "2026-01-31T03:00:00Z": 400 })),
            column("amount", json!({ "12.50": 200, "7": 200 })),
        ],
    });
    let rows: String = (0..400)
        .map(|row| {
            let active = if row % 4 == 0 { "FALSE" } else { "TRUE" };
            let region = if row % 8 == 0 { "4" } else { "3" };
            let amount = if row % 2 == 0 { "12.5" } else { "7.0" };
            format!("{active},{region},2026-01-31 03:00:00,{amount}\n")
        })
        .collect();
    let churnctl = Churnctl::new()
        .file("old.json", profile.to_string())
        .file("c.csv", format!("active,region,seen,amount\n{rows}"));
    let sides = ["drift", "--baseline", "old.json", "--current", "c.csv"];
    let named = [
        "--features",
        "active,region,seen,amount",
        "--format",
        "json",
        "-q",
    ];
    let report = churnctl
        .run(&[&sides[..], &named].concat())
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(
        (&report["status"], findings(&report)),
        (&json!("OK"), Vec::new())
    );
    for feature in report["features"].as_array().expect("features") {
        assert_eq!(feature["psi"], 0.0, "{feature}");
    }
}

#[test]
fn labels_are_the_same_on_both_sides_however_they_are_written() {
    let table = |labels: [&str; 2]| {
        let rows: String = (0..600)
            .map(|row| {
                let churned = row * 7 % 10 < 3;
                let score = if churned { 0.4 } else { 0.2 } + f64::from(row % 50) / 100.0;
                format!("{},{score:.2},{}\n", row % 10, labels[usize::from(churned)])
            })
            .collect();
        format!("x,churn_risk,churn_label\n{rows}")
    };
    let forms = [
        ["False", "True"],
        ["false", "true"],
        ["0", "1"],
        ["0.0", "1.0"],
        ["No", "Yes"],
    ];
    for baseline in forms {
        for current in forms {
            let churnctl = Churnctl::new()
                .file("b.csv", table(baseline))
                .file("c.csv", table(current));
            let args = [
                "drift",
                "--baseline",
                "b.csv",
                "--current",
                "c.csv",
                "--label",
                "churn_label",
                "--score",
                "churn_risk",
                "--format",
                "json",
                "-q",
            ];
            let report = churnctl.run(&args).expect(ExitCode::Ok).json();
            let performance = &report["performance"];
            assert_eq!(performance["status"], "OK", "{baseline:?} {current:?}");
            assert_eq!(
                performance["baseline"]["roc_auc"], performance["current"]["roc_auc"],
                "{baseline:?} {current:?}"
            );
        }
    }
}

#[test]
fn a_byte_order_mark_before_the_first_object_is_no_part_of_it() {
    // RFC 8259, section 8.1: a reader may ignore it.
    let rows: String = (0..300)
        .map(|row| {
            format!(
                "{{\"fee\": {}, \"plan\": \"{}\"}}\n",
                row % 7,
                ["a", "b"][row % 2]
            )
        })
        .collect();
    let churnctl = Churnctl::new()
        .file("with.ndjson", format!("\u{feff}{rows}"))
        .file("without.ndjson", rows);
    let profile = |name: &str| {
        let run = churnctl
            .run(&["profile", name, "-o", "p.json"])
            .expect(ExitCode::Ok);
        let document: Value = serde_json::from_slice(&churnctl.read("p.json")).expect("JSON");
        (
            document["rows"].clone(),
            document["columns"].clone(),
            run.stderr,
        )
    };
    let (rows, columns, _) = profile("with.ndjson");
    let expected = profile("without.ndjson");
    assert_eq!((&rows, &columns), (&expected.0, &expected.1));
    assert!(columns.to_string().contains("fee"), "{columns}");
}

#[test]
fn a_mark_of_a_missing_value_among_labels_is_no_third_label() {
    let table = |mark: bool| {
        let mut csv = "s,y,v\n".to_owned();
        for row in 0..3000_u32 {
            let score = f64::from(row * 7919 % 1000) / 1000.0;
            let label = u32::from(f64::from(row * 104_729 % 1000) / 1000.0 < score).to_string();
            let label = if mark && row == 0 { "?" } else { &label };
            csv += &format!("{score},{label},{}\n", row % 13);
        }
        csv
    };
    let churnctl = Churnctl::new()
        .file("baseline.csv", table(false))
        .file("current.csv", table(true));
    let check = |baseline: &str, current: &str| {
        let args = ["drift", "--baseline", baseline, "--current", current];
        let options = ["--score=s", "--label=y", "--report=none", "--format=json"];
        let run = churnctl.run(&[&args[..], &options].concat());
        let performance = run.expect(ExitCode::Ok).json()["performance"].clone();
        assert_eq!(performance["status"], "OK", "{performance}");
        ["baseline", "current"].map(|side| performance[side]["rows"].as_u64())
    };
    assert_eq!(
        check("baseline.csv", "current.csv"),
        [Some(3000), Some(2999)]
    );
    assert_eq!(
        check("current.csv", "baseline.csv"),
        [Some(2999), Some(3000)]
    );
}
