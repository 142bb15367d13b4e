//! Numbers as people write them: categories with a number in them stay categories, and a thousand's
//! mark that nothing tells is told by the size of the other side's numbers, in checks and scoring.
//!
//! The columns are generated from seeds; each expected verdict follows from how they were made.

use churnctl::exit::ExitCode;

use crate::columns::{check_files, feature, findings, texts};
use crate::harness::{Churnctl, Random};
use crate::models::{rows_of, score, train};

const ROWS: usize = 2_000;

/// A category drawn from so many numbers and letters.
type Category = fn(u64, u64) -> String;

#[test]
fn categories_with_a_number_in_them_are_quiet_on_one_law() {
    let laws: [(&str, Category); 12] = [
        ("seat", |n, l| format!("{} {}", n, letter(l % 6))),
        ("size", |n, l| format!("{} {}", 28 + n % 26, letter(l % 8))),
        ("row", |n, l| {
            format!("{} {}", n, ["K", "M", "G", "H"][l as usize % 4])
        }),
        ("postcode", |n, l| {
            format!("{} A{}", 1011 + n, letter(l % 23))
        }),
        ("one postcode", |n, _| format!("{} AB", 1011 + n)),
        ("house", |n, l| {
            format!("{n} {}", letter(l % 8).to_lowercase())
        }),
        ("system", |n, l| format!("iOS {}.{}", 9 + n % 9, l % 13)),
        ("line", |n, _| format!("DSL {n}")),
        ("week", |n, _| format!("KW {n}")),
        ("plan", |n, l| format!("Basic {}.{}", n % 9, l % 10)),
        ("brand", |n, _| format!("{n}M Plus")),
        ("street", |n, _| format!("{n} High St")),
    ];
    let mut random = Random::new(61);
    for (name, write) in laws {
        let mut side = || {
            let rows = (0..ROWS).map(|_| write(1 + random.below(50), random.below(10_000)));
            texts(rows.collect::<Vec<_>>().into_iter())
        };
        let report = check_files(&side(), &side(), &[]);
        assert_ne!(report["status"], "FAIL", "{name}: {report:#}");
        if let Some(v) = feature(&report, "v") {
            assert_eq!(v["kind"], "categorical", "{name}");
        }
    }
}

fn letter(at: u64) -> String {
    char::from(b'A' + at as u8).to_string()
}

/// How an amount is written.
type Written = fn(f64) -> String;

/// Whole amounts around 1,100, some of them below a thousand.
fn amounts(seed: u64) -> Vec<f64> {
    let normals = Random::new(seed).normals(ROWS);
    normals
        .iter()
        .map(|z| (7.0 + 0.9 * z).exp().round())
        .collect()
}

fn plain(x: f64) -> String {
    x.to_string()
}

fn grouped(x: f64, mark: &str) -> String {
    match x {
        x if x < 1_000.0 => x.to_string(),
        x => format!(
            "{}{mark}{:03}",
            (x / 1_000.0).floor() as u64,
            x as u64 % 1_000
        ),
    }
}

fn english(x: f64) -> String {
    grouped(x, ",")
}

fn german(x: f64) -> String {
    grouped(x, ".")
}

fn german_cents(x: f64) -> String {
    format!("{},25", german(x))
}

#[test]
fn thousands_that_nothing_tells_are_as_large_as_the_other_sides_numbers() {
    let (first, again) = (amounts(1), amounts(2));
    let side = |all: &[f64], times: f64, write: Written| {
        let rows = all
            .iter()
            .map(|x| format!("\"{}\"", write((x * times).round())));
        texts(rows)
    };
    let pairs: [(&str, Written, Written); 6] = [
        ("english and german", english, german),
        ("german and english", german, english),
        ("plain and german", plain, german),
        ("german and plain", german, plain),
        ("cents and english", german_cents, english),
        ("plain and english", plain, english),
    ];
    for (name, ours, theirs) in pairs {
        let same = check_files(&side(&first, 1.0, ours), &side(&again, 1.0, theirs), &[]);
        assert_ne!(same["status"], "FAIL", "{name}: {same:#}");
        if name != "plain and english" {
            let warned = findings(&same, "number_format");
            assert!(warned.iter().any(|(status, _)| status == "WARN"), "{name}");
        }
        let moved = check_files(&side(&first, 1.0, ours), &side(&again, 5.0, theirs), &[]);
        assert_eq!(moved["status"], "FAIL", "{name}");
    }
}

/// A table whose churn hangs on `v`.
fn table(all: &[f64], seed: u64, write: impl Fn(f64) -> String) -> String {
    let mut random = Random::new(seed);
    let mut csv = "user_id,v,churn\n".to_owned();
    for (row, x) in all.iter().enumerate() {
        let odds = (1.6 * (x.max(1.0).ln() - 7.0) - 1.0).exp();
        let churn = if random.chance(odds / (1.0 + odds)) {
            "Yes"
        } else {
            "No"
        };
        csv.push_str(&format!("u{row:05},\"{}\",{churn}\n", write(*x)));
    }
    csv
}

fn scores(churnctl: &Churnctl) -> Vec<String> {
    let rows = rows_of(&churnctl.read("out.csv"));
    rows.iter().map(|row| row["churn_risk"].clone()).collect()
}

#[test]
fn scoring_reads_thousands_as_large_as_training_or_refuses_them() {
    // Most of them above a thousand: with half of them below, sizes do not always tell.
    let larger = |seed| amounts(seed).iter().map(|x| 3.0 * x).collect::<Vec<_>>();
    let (first, again) = (larger(1), larger(2));
    let trained: [(&str, Written); 4] = [
        ("plain", plain),
        ("english", english),
        ("german", german),
        ("german cents", german_cents),
    ];
    for (name, ours) in trained {
        let mut churnctl = Churnctl::new().file("data.csv", table(&first, 7, ours));
        let run = train(&churnctl, &["--model", "logistic", "--promote", "always"]);
        let said = run.expect(ExitCode::Ok).stderr.clone();
        // A model that may have been trained on thousandths says so.
        let is_doubtful = ["english", "german"].contains(&name);
        assert_eq!(
            said.contains("between thousands"),
            is_doubtful,
            "{name}: {said}"
        );
        churnctl = churnctl.file("current.csv", table(&again, 8, ours));
        score(&churnctl, &[]).expect(ExitCode::Ok);
        let own = scores(&churnctl);
        for (theirs, write) in [("english", english as Written), ("german", german)] {
            churnctl = churnctl.file("current.csv", table(&again, 8, write));
            score(&churnctl, &[]).expect(ExitCode::Ok);
            let other = scores(&churnctl);
            let apart = own.iter().zip(&other).map(|(own, other)| {
                let number = |text: &String| text.parse::<f64>().expect("a score");
                (number(own) - number(other)).abs()
            });
            // Cents are little beside thousands; numbers below a thousand are what they are.
            let large = apart.zip(&again).filter(|(_, x)| **x >= 1_000.0);
            let most = large.map(|(apart, _)| apart).fold(0.0, f64::max);
            assert!(most < 0.01, "{name} {theirs}: {most}");
        }
        // Whole numbers show that the points of training stood between thousands.
        churnctl = churnctl.file("current.csv", table(&again, 8, plain));
        let code = if name == "german" {
            ExitCode::BadInput
        } else {
            ExitCode::Ok
        };
        score(&churnctl, &[]).expect(code);
    }
}

#[test]
fn a_unit_that_training_had_not_is_told() {
    let (first, again) = (amounts(1), amounts(2));
    let cases: [(&str, Category, Category); 4] = [
        ("km", |n, _| format!("{n}.5 km"), |n, _| format!("{n}500 m")),
        (
            "\u{20ac}",
            |n, _| format!("\u{20ac} {n}.50"),
            |n, _| format!("$ {n}.50"),
        ),
        ("B", |n, _| format!("{n}.0 GB"), |n, _| format!("{n}.0")),
        ("none", |n, _| format!("{n}.0"), |n, _| format!("{n}.0%")),
    ];
    for (unit, ours, theirs) in cases {
        let churnctl = Churnctl::new()
            .file("data.csv", table(&first, 7, |x| ours(x as u64, 0)))
            .file("current.csv", table(&again, 8, |x| theirs(x as u64, 0)));
        let args = ["--model", "logistic", "--promote", "always"];
        train(&churnctl, &args).expect(ExitCode::Ok);
        let words = format!("the unit was {unit}");
        let said = score(&churnctl, &[]).expect(ExitCode::Ok).stderr.clone();
        assert!(
            said.contains(&words) && said.contains("not converted"),
            "{unit}: {said}"
        );
        let churnctl = churnctl.file("current.csv", table(&again, 8, |x| ours(x as u64, 0)));
        let said = score(&churnctl, &[]).expect(ExitCode::Ok).stderr.clone();
        assert!(!said.contains("the unit was"), "{unit}: {said}");
    }
}
