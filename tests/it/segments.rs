//! `drift --by`: a model fails for one kind of customer first, and whoever asks is told which.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Run, gzip};
use crate::schemas::{expect_strict, expect_valid, schema};

const HEADER: &str = "contract,region,fee,tenure,risk,churned";

/// One customer.
#[derive(Clone)]
struct Customer {
    contract: &'static str,
    region: &'static str,
    fee: f64,
    tenure: u64,
    risk: f64,
    churned: bool,
}

/// Customers of three contracts and two regions, who pay by contract and churn as their risk says.
fn customers(seed: u64, count: usize) -> Vec<Customer> {
    let mut random = Random::new(seed);
    (0..count)
        .map(|_| {
            let (contract, fee) = match random.share() {
                at if at < 0.55 => ("Month-to-month", 60.0),
                at if at < 0.8 => ("One year", 65.0),
                _ => ("Two year", 70.0),
            };
            let risk = random.share();
            Customer {
                contract,
                region: if random.chance(0.5) { "north" } else { "south" },
                fee: random.normal().mul_add(20.0, fee),
                tenure: random.below(72),
                risk,
                churned: random.chance(risk),
            }
        })
        .collect()
}

/// A price change for two-year contracts only.
fn dearer(mut customers: Vec<Customer>) -> Vec<Customer> {
    for customer in &mut customers {
        if customer.contract == "Two year" {
            customer.fee += 25.0;
        }
    }
    customers
}

fn line(customer: &Customer) -> String {
    let Customer {
        contract,
        region,
        fee,
        tenure,
        risk,
        churned,
    } = customer;
    format!(
        "{contract},{region},{fee:.2},{tenure},{risk:.4},{}",
        u8::from(*churned)
    )
}

fn csv(customers: &[Customer]) -> String {
    let lines: Vec<String> = customers.iter().map(line).collect();
    format!("{HEADER}\n{}\n", lines.join("\n"))
}

/// The same with a day each, in turn.
fn csv_of_days(customers: &[Customer], days: usize) -> String {
    let mut text = format!("at,{HEADER}\n");
    for (at, customer) in customers.iter().enumerate() {
        writeln!(text, "2026-01-{:02},{}", at % days + 1, line(customer)).expect("a text");
    }
    text
}

fn price_change() -> Churnctl {
    Churnctl::new()
        .file("base.csv", csv(&customers(1, 8_000)))
        .file("now.csv", csv(&dearer(customers(2, 8_000))))
        .file("same.csv", csv(&customers(3, 8_000)))
}

fn drift(churnctl: &Churnctl, args: &str) -> Run {
    let mut all = vec![
        "drift",
        "--report",
        "report.json",
        "--score",
        "risk",
        "--label",
        "churned",
    ];
    all.extend(args.split_whitespace());
    churnctl.run(&all)
}

/// The segments of a cut by name.
fn segments(report: &Value, cut: usize) -> BTreeMap<String, Value> {
    let segments = report["segments"]["cuts"][cut]["segments"]
        .as_array()
        .expect("segments");
    let named = |segment: &Value| {
        (
            segment["segment"].as_str().expect("a name").to_owned(),
            segment.clone(),
        )
    };
    segments.iter().map(named).collect()
}

#[test]
fn a_price_change_for_one_contract_fails_and_names_it() {
    let churnctl = price_change();
    // Without segments it is worth a look at most: a fifth of the customers pays 1.25 sd more.
    drift(&churnctl, "base.csv now.csv").expect(ExitCode::Ok);
    assert_eq!(churnctl.read_json("report.json")["status"], "WARN");
    let run = drift(&churnctl, "base.csv now.csv --by contract").expect(ExitCode::CheckFailed);
    assert!(
        run.stdout
            .contains("1 of 3 segments drifted, worst: contract=Two year, fee PSI "),
        "{}",
        run.stdout
    );
    let report = churnctl.read_json("report.json");
    expect_valid(&schema("drift_report"), &report);
    expect_strict(&schema("drift_report"), &report);
    assert_eq!(report["schema_version"], 2);
    let first = &report["segments"]["cuts"][0]["segments"][0];
    assert_eq!(first["segment"], "contract=Two year");
    assert_eq!(first["worst_feature"], "fee");
    // Two normal laws 25 / 20 standard deviations apart: 1.25^2 = 1.56, deciles see most of it.
    let psi = first["max_psi"].as_f64().expect("a PSI");
    assert!((1.2..1.9).contains(&psi), "{psi}");
    let message = report["findings"][0]["message"]
        .as_str()
        .expect("a finding");
    assert!(
        message.starts_with("segment contract=Two year: fee PSI 1."),
        "{message}"
    );
    let others = segments(&report, 0);
    for (name, rows) in [
        ("contract=Month-to-month", 4_000),
        ("contract=One year", 1_800),
    ] {
        assert_eq!(others[name]["status"], "OK", "{name}");
        assert!(others[name]["rows"]["current"].as_u64().expect("rows") > rows);
    }
    drift(
        &churnctl,
        "base.csv same.csv --by contract,region --by region",
    )
    .expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["status"], "OK");
    assert_eq!(
        (segments(&report, 0).len(), segments(&report, 1).len()),
        (6, 2)
    );
}

#[test]
fn the_drift_of_the_whole_is_told_by_segment() {
    let churnctl = price_change();
    drift(&churnctl, "base.csv now.csv --by contract").expect(ExitCode::CheckFailed);
    let report = churnctl.read_json("report.json");
    let parts = report["segments"]["cuts"][0]["decomposition"]
        .as_array()
        .expect("parts");
    for feature in parts {
        let figure = |key: &str| feature[key].as_f64().expect(key);
        let name = feature["feature"].as_str().expect("a name");
        assert!(
            (figure("mix") + figure("within") - figure("psi")).abs() < 1e-12,
            "{feature}"
        );
        let whole = report["psi_by_feature"][name].as_f64().expect("a PSI");
        assert!((figure("psi") - whole).abs() < 1e-12, "{feature}");
    }
    assert_eq!(
        parts.len(),
        report["features"].as_array().expect("features").len()
    );
    let fee = &parts[0];
    assert_eq!(fee["feature"], "fee");
    assert_eq!(fee["segments"][0]["segment"], "contract=Two year");
    let share = fee["segments"][0]["within"].as_f64().expect("a part")
        / fee["psi"].as_f64().expect("a PSI");
    assert!((0.85..1.15).contains(&share), "{fee}");
    // The other way round: nobody pays otherwise, but more have two-year contracts.
    let mut more = customers(4, 8_000);
    let long: Vec<Customer> = more
        .iter()
        .filter(|one| one.contract == "Two year")
        .cloned()
        .collect();
    more.extend(long.iter().cycle().take(8_000).cloned());
    let churnctl = churnctl.file("more.csv", csv(&more));
    drift(&churnctl, "base.csv more.csv --by contract");
    let report = churnctl.read_json("report.json");
    let parts = report["segments"]["cuts"][0]["decomposition"]
        .as_array()
        .expect("parts");
    let fee = parts
        .iter()
        .find(|one| one["feature"] == "fee")
        .expect("fee");
    let (mix, psi) = (
        fee["mix"].as_f64().expect("mix"),
        fee["psi"].as_f64().expect("psi"),
    );
    assert!(mix / psi > 0.7, "{fee}");
}

/// Tells whether a customer belongs to a segment.
type Wanted<'a> = &'a dyn Fn(&Customer) -> bool;

#[test]
fn a_segment_is_what_a_check_of_its_rows_alone_finds() {
    let (base, now) = (customers(1, 8_000), dearer(customers(2, 8_000)));
    let churnctl = price_change();
    drift(
        &churnctl,
        "base.csv now.csv --by contract,region --by tenure<12",
    )
    .expect(ExitCode::CheckFailed);
    let report = churnctl.read_json("report.json");
    let only = |customers: &[Customer], is_wanted: Wanted<'_>| {
        let wanted: Vec<Customer> = customers
            .iter()
            .filter(|one| is_wanted(one))
            .cloned()
            .collect();
        csv(&wanted)
    };
    let two_north = |one: &Customer| one.contract == "Two year" && one.region == "north";
    let new = |one: &Customer| one.tenure < 12;
    let old = |one: &Customer| one.tenure >= 12;
    let all: [(usize, &str, Wanted<'_>); 3] = [
        (0, "contract=Two year, region=north", &two_north),
        (1, "tenure < 12", &new),
        (1, "not (tenure < 12)", &old),
    ];
    for (cut, name, is_wanted) in all {
        let alone = Churnctl::new()
            .file("base.csv", only(&base, is_wanted))
            .file("now.csv", only(&now, is_wanted));
        drift(&alone, "base.csv now.csv");
        let alone = alone.read_json("report.json");
        let segment = &segments(&report, cut)[name];
        assert_eq!(segment["rows"], alone["rows"], "{name}");
        assert_eq!(segment["max_psi"], alone["overall_max_psi"], "{name}");
        let features = segment["features"].as_array().expect("features");
        assert_eq!(
            features.len(),
            alone["features"].as_array().expect("features").len()
        );
        for feature in features {
            let column = feature["feature"].as_str().expect("a name");
            assert_eq!(
                feature["psi"], alone["psi_by_feature"][column],
                "{name}: {column}"
            );
        }
        assert_eq!(segment["score"]["psi"], alone["score"]["psi"], "{name}");
        for side in ["baseline", "current"] {
            assert_eq!(
                segment["performance"][side], alone["performance"][side],
                "{name}"
            );
        }
    }
    // And the whole is what a check without segments finds.
    drift(&churnctl, "base.csv now.csv");
    let whole = churnctl.read_json("report.json");
    assert_eq!(report["psi_by_feature"], whole["psi_by_feature"]);
    assert_eq!(
        report["performance"]["current"],
        whole["performance"]["current"]
    );
    let bins = |report: &Value| -> Vec<Value> {
        let features = report["features"].as_array().expect("features");
        features
            .iter()
            .map(|feature| feature["bins"].clone())
            .collect()
    };
    assert_eq!(bins(&report), bins(&whole));
}

#[test]
fn segments_of_windows_are_judged_too() {
    let mut month = customers(5, 30_000);
    for (at, customer) in month.iter_mut().enumerate() {
        // The eleventh of thirty days.
        if at % 30 == 10 && customer.contract == "Two year" {
            customer.fee += 25.0;
        }
    }
    let churnctl = Churnctl::new()
        .file("base.csv", csv(&customers(1, 8_000)))
        .file("now.csv", csv_of_days(&month, 30));
    drift(&churnctl, "base.csv now.csv --time at --min-rows 50").expect(ExitCode::Ok);
    let run = drift(
        &churnctl,
        "base.csv now.csv --time at --min-rows 50 --by contract",
    )
    .expect(ExitCode::CheckFailed);
    assert!(
        run.stdout
            .contains("worst: contract=Two year in 2026-01-11, fee"),
        "{}",
        run.stdout
    );
    let report = churnctl.read_json("report.json");
    expect_strict(&schema("drift_report"), &report);
    let segments = segments(&report, 0);
    let two = &segments["contract=Two year"];
    assert_eq!(
        (&two["status"], &two["worst_window"]),
        (&json!("FAIL"), &json!("2026-01-11"))
    );
    for (at, window) in two["windows"]
        .as_array()
        .expect("windows")
        .iter()
        .enumerate()
    {
        let failed = window["status"] == "FAIL";
        assert_eq!(failed, at == 10, "{window}");
    }
    assert_eq!(segments["contract=One year"]["status"], "OK");
    // The upper part is of the last window, segments' rows too.
    let rows: u64 = segments
        .values()
        .map(|one| one["rows"]["current"].as_u64().expect("rows"))
        .sum();
    assert_eq!(rows, 1_000);
    drift(
        &churnctl,
        "base.csv now.csv --time at --by contract --last 12",
    )
    .expect(ExitCode::Ok);
}

#[test]
fn every_form_of_the_report_names_the_segment() {
    let churnctl = price_change();
    let forms = [
        ("--html", "page.html"),
        ("--markdown", "report.md"),
        ("--junit", "junit.xml"),
        ("--metrics-file", "metrics.prom"),
        ("--annotations", "annotations.txt"),
    ];
    let mut args = "base.csv now.csv --by contract --format table".to_owned();
    for (flag, file) in forms {
        write!(args, " {flag} {file}").expect("a text");
    }
    let run = drift(&churnctl, &args).expect(ExitCode::CheckFailed);
    assert!(
        run.stdout.contains("Segments by contract"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("Which segments made the drift of the whole")
    );
    for (_, form) in forms {
        let text = String::from_utf8(churnctl.read(form)).expect("UTF-8");
        match form {
            "metrics.prom" => {
                for line in [
                    "churn_drift_segments{model=\"churn\",status=\"FAIL\"} 1",
                    "churn_drift_segment_status{model=\"churn\",segment=\"contract=Two year\"} 2",
                ] {
                    assert!(text.lines().any(|found| found == line), "{line}\n{text}");
                }
            }
            "junit.xml" => assert_eq!(text.matches("name=\"segment contract=").count(), 3),
            _ => assert!(text.contains("contract=Two year"), "{form}"),
        }
    }
}

#[test]
fn what_appears_or_vanishes_is_found() {
    let mut now = customers(2, 8_000);
    for customer in &mut now {
        if customer.contract == "Two year" {
            customer.contract = "Five year";
        }
    }
    let churnctl = price_change().file("other.csv", csv(&now));
    drift(&churnctl, "base.csv other.csv --by contract").expect(ExitCode::CheckFailed);
    let report = churnctl.read_json("report.json");
    let message = |kind: &str| -> String {
        let findings = report["findings"].as_array().expect("findings");
        let found = findings
            .iter()
            .find(|finding| finding["kind"] == kind)
            .expect(kind);
        format!("{}: {}", found["status"], found["message"])
    };
    assert!(
        message("new_segment").starts_with("\"FAIL\": \"segment contract=Five year: it is new: "),
        "{}",
        message("new_segment")
    );
    assert!(message("vanished_segment").contains("contract=Two year: it is gone: "));
    // A few rows of a new kind are no more than too few to tell.
    let few = csv(&customers(2, 8_000)) + "Weekly,north,60,3,0.5,0\n";
    let churnctl = churnctl.file("few.csv", few);
    drift(&churnctl, "base.csv few.csv --by contract").expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(
        segments(&report, 0)["contract=Weekly"]["status"],
        "TOO_FEW_ROWS"
    );
    assert_eq!(report["status"], "OK");
}

#[test]
fn a_profile_keeps_its_segments_and_merges_them() {
    let churnctl = price_change();
    let run = |args: &str| churnctl.run(&args.split(' ').collect::<Vec<_>>());
    drift(&churnctl, "base.csv now.csv --by contract").expect(ExitCode::CheckFailed);
    let of_data = churnctl.read_json("report.json");
    run("profile base.csv --by contract --score risk --label churned -o whole.json")
        .expect(ExitCode::Ok);
    for shard in 0..3 {
        let args = format!(
            "profile base.csv --by contract --score risk --label churned --shard {shard}/3 -o {shard}.json"
        );
        run(&args).expect(ExitCode::Ok);
    }
    run("profile merge 2.json 0.json 1.json -o merged.json").expect(ExitCode::Ok);
    let body = |name: &str| {
        let mut profile = churnctl.read_json(name);
        assert_eq!(profile["schema_version"], 3);
        expect_valid(&schema("profile"), &profile);
        profile["created_at"].take();
        profile
    };
    assert_eq!(body("whole.json"), body("merged.json"));
    // What is merged of the segments is what is counted without them.
    run("profile base.csv --score risk --label churned -o uncut.json").expect(ExitCode::Ok);
    let uncut = churnctl.read_json("uncut.json");
    for part in ["rows", "columns", "outcome", "roles"] {
        assert_eq!(body("whole.json")[part], uncut[part], "{part}");
    }
    for baseline in ["whole.json", "merged.json"] {
        drift(&churnctl, &format!("{baseline} now.csv --by contract"))
            .expect(ExitCode::CheckFailed);
        let of_profile = churnctl.read_json("report.json");
        assert_eq!(of_profile["segments"], of_data["segments"]);
        assert_eq!(of_profile["psi_by_feature"], of_data["psi_by_feature"]);
    }
    // Both sides may be profiles.
    run("profile now.csv --by contract --score risk --label churned -o now.json")
        .expect(ExitCode::Ok);
    drift(&churnctl, "whole.json now.json --by contract").expect(ExitCode::CheckFailed);
    // Counts that do not add up are not believed.
    let damaged = String::from_utf8(churnctl.read("whole.json")).expect("UTF-8");
    let damaged = damaged.replacen("\"by\":\"contract\"", "\"by\":\"contract,\"", 1);
    let churnctl = churnctl.file("damaged.json", damaged);
    drift(&churnctl, "damaged.json now.csv --by contract")
        .expect(ExitCode::BadInput)
        .says("nobody cuts by \"contract,\"");
    let run = |args: &str| churnctl.run(&args.split(' ').collect::<Vec<_>>());
    // One without these segments says how to get them.
    run("profile base.csv -o plain.json").expect(ExitCode::Ok);
    assert_eq!(churnctl.read_json("plain.json")["schema_version"], 2);
    drift(&churnctl, "plain.json now.csv --by contract")
        .expect(ExitCode::BadInput)
        .says("the profile of base.csv has no segments: it cannot be cut by contract")
        .says("--by 'contract' -o FILE");
    drift(&churnctl, "whole.json now.csv --by region")
        .expect(ExitCode::BadInput)
        .says("was cut by contract: it cannot be cut by region");
    run("profile merge whole.json plain.json -o no.json").expect(ExitCode::BadInput);
    run("profile base.csv --by contract --k-anonymous 5 -o no.json")
        .expect(ExitCode::Usage)
        .says("--k-anonymous does not go with --by");
}

/// A number with so many decimals, as CSV has it.
fn written(number: f64, decimals: usize) -> f64 {
    format!("{number:.decimals$}").parse().expect("a number")
}

#[test]
fn every_source_has_the_same_segments() {
    let base = customers(1, 6_000);
    let now = dearer(customers(2, 6_000));
    let lines = |customers: &[Customer]| -> String {
        let line = |one: &Customer| {
            json!({
                "contract": one.contract, "region": one.region, "fee": written(one.fee, 2),
                "tenure": one.tenure, "risk": written(one.risk, 4), "churned": u8::from(one.churned),
            })
            .to_string()
        };
        customers.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
    };
    let churnctl = Churnctl::new()
        .file("base.csv", csv(&base))
        .file("now.csv", csv(&now))
        .file("now.csv.gz", gzip(csv(&now)))
        .file("now.ndjson", lines(&now));
    let mut all = vec!["now.csv", "now.csv.gz", "now.ndjson"];
    #[cfg(feature = "parquet")]
    let churnctl = {
        use crate::sources::{Column, Typed};
        let text = |of: fn(&Customer) -> &'static str| {
            Column::Text(now.iter().map(|one| Some(of(one).to_owned())).collect())
        };
        let typed = Typed {
            columns: vec![
                ("contract", text(|one| one.contract)),
                ("region", text(|one| one.region)),
                (
                    "fee",
                    Column::Double(now.iter().map(|one| Some(written(one.fee, 2))).collect()),
                ),
                (
                    "tenure",
                    Column::Whole(
                        now.iter()
                            .map(|one| i64::try_from(one.tenure).ok())
                            .collect(),
                    ),
                ),
                (
                    "risk",
                    Column::Double(now.iter().map(|one| Some(written(one.risk, 4))).collect()),
                ),
                (
                    "churned",
                    Column::Whole(now.iter().map(|one| Some(i64::from(one.churned))).collect()),
                ),
            ],
            rows: now.len(),
        };
        all.push("now.parquet");
        churnctl.file("now.parquet", typed.parquet(1_500))
    };
    let mut reports = all.iter().map(|source| {
        let args = format!("base.csv {source} --by contract,region --by tenure<12 --by fee>=60.5");
        drift(&churnctl, &args).expect(ExitCode::CheckFailed);
        churnctl.read_json("report.json")["segments"].to_string()
    });
    let first = reports.next().expect("CSV");
    for (other, name) in reports.zip(&all[1..]) {
        assert_eq!(first, other, "{name}");
    }
}

#[test]
fn a_report_with_segments_is_made_again_to_the_byte() {
    let churnctl = price_change();
    drift(&churnctl, "base.csv now.csv --by contract --by tenure<12").expect(ExitCode::CheckFailed);
    churnctl
        .run(&["drift", "verify", "report.json"])
        .expect(ExitCode::Ok);
    let text = String::from_utf8(churnctl.read("report.json")).expect("UTF-8");
    let forged = text.replacen("\"max_segments\": 1000", "\"max_segments\": 999", 1);
    assert_ne!(text, forged);
    churnctl
        .file(
            "forged.json",
            forged.replacen(
                "\"worst_feature\": \"fee\"",
                "\"worst_feature\": \"tenure\"",
                1,
            ),
        )
        .run(&["drift", "verify", "forged.json"])
        .expect(ExitCode::CheckFailed);
}

#[test]
fn what_cannot_be_cut_is_an_error_that_says_why() {
    let mut table = "id,fee\n".to_owned();
    for at in 0..3_000 {
        writeln!(table, "C{at:05},{}", at % 97).expect("a text");
    }
    let churnctl = price_change()
        .file("ids.csv", &table)
        .file(
            "few.csv",
            table.lines().take(101).collect::<Vec<_>>().join("\n"),
        )
        .file("churnctl.toml", "[drift]\nby = [\"tenure <\"]\n");
    let by = |by: &str| churnctl.run(&["drift", "base.csv", "now.csv", "--by", by]);
    by("tenure <")
        .expect(ExitCode::Usage)
        .says("a value is expected, at character 9 of `tenure <`")
        .says("contract,region");
    by("contrct")
        .expect(ExitCode::BadInput)
        .says("there is no column \"contrct\"")
        .says("did you mean \"contract\"?");
    by("tenur < 3")
        .expect(ExitCode::BadInput)
        .says("did you mean \"tenure\"?");
    let run = churnctl.run(&["drift", "ids.csv", "ids.csv", "--by", "id"]);
    // 3,000 by an estimate that is off by 3 % or so.
    run.expect(ExitCode::BadInput)
        .says("--by id makes more than 1000 segments: about ")
        .says(" of 3000 rows");
    churnctl
        .run(&["drift", "few.csv", "few.csv", "--by", "id"])
        .expect(ExitCode::BadInput)
        .says(
            "--by id makes 100 segments of 100 rows: it tells rows apart, it does not group them",
        );
    churnctl
        .run(&[
            "drift",
            "ids.csv",
            "ids.csv",
            "--by",
            "fee",
            "--max-segments",
            "50",
        ])
        .expect(ExitCode::BadInput)
        .says("--by fee makes more than 50 segments: about ");
    churnctl
        .run(&[
            "drift", "base.csv", "now.csv", "--by", "region", "--by", "region",
        ])
        .expect(ExitCode::Usage)
        .says("is there twice");
    churnctl
        .run(&["--config", "churnctl.toml", "drift", "base.csv", "now.csv"])
        .expect(ExitCode::BadSettings)
        .says("churnctl.toml:2")
        .says("at character 9");
}
