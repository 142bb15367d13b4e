//! `drift --history`: tomorrow's run reads tomorrow's rows, no row counts twice or is lost, and whoever looks sees months.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Run, full};
use crate::schemas::{expect_strict, expect_valid, schema};

const HEADER: &str = "scored_at,contract,fee,tenure\n";
const CONTRACTS: [&str; 3] = ["Month-to-month", "One year", "Two year"];
const USUAL: [f64; 3] = [0.55, 0.25, 0.2];
const FAR: [f64; 3] = [0.14, 0.17, 0.69];

fn row(random: &mut Random, shares: [f64; 3]) -> String {
    let at = random.share();
    let contract = match at {
        at if at < shares[0] => CONTRACTS[0],
        at if at < shares[0] + shares[1] => CONTRACTS[1],
        _ => CONTRACTS[2],
    };
    let fee = random.normal().mul_add(20.0, 60.0);
    format!("{contract},{fee:.2},{}", random.below(72))
}

fn base(seed: u64) -> String {
    let mut random = Random::new(seed);
    let rows: Vec<String> = (0..3_000).map(|_| row(&mut random, USUAL)).collect();
    format!("contract,fee,tenure\n{}\n", rows.join("\n"))
}

/// Rows of a day without a header.
fn day(date: &str, count: usize, shares: [f64; 3]) -> String {
    let seed = date
        .bytes()
        .fold(7, |seed, byte| seed * 31 + u64::from(byte));
    let mut random = Random::new(seed);
    let mut text = String::new();
    for at in 0..count {
        let row = row(&mut random, shares);
        writeln!(text, "{date}T{:02}:{:02}:00Z,{row}", at % 24, at % 60).expect("a text");
    }
    text
}

fn january(at: u32) -> String {
    format!("2026-01-{at:02}")
}

/// A folder with the first days of January, of 300 rows each; the eleventh is another.
fn days(count: u32) -> Churnctl {
    (1..=count).fold(Churnctl::new().file("base.csv", base(1)), |churnctl, at| {
        let shares = if at == 11 { FAR } else { USUAL };
        let date = january(at);
        churnctl.file(
            &format!("days/{date}.csv"),
            format!("{HEADER}{}", day(&date, 300, shares)),
        )
    })
}

const CHECK: [&str; 9] = [
    "drift",
    "--baseline",
    "base.csv",
    "--time",
    "scored_at",
    "--window",
    "7d",
    "--every",
    "1d",
];

/// What is said last of an option counts.
fn words<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    let mut words: Vec<&str> = Vec::new();
    for part in parts {
        for word in *part {
            let known = words
                .iter()
                .position(|known| known == word && known.starts_with("--"));
            if let Some(at) = known {
                words.drain(at..at + 2);
            }
            words.push(word);
        }
    }
    words
}

fn run(churnctl: &Churnctl, more: &[&str]) -> Run {
    let kept = [
        "--current",
        "days",
        "--history",
        "kept",
        "--report",
        "kept.json",
    ];
    churnctl.run(&words(&[&CHECK, &kept, more]))
}

/// What is new, by the report of the last run.
fn taken(churnctl: &Churnctl) -> Value {
    churnctl.read_json("kept.json")["history"].clone()
}

/// A report without when and from where: what is left must be the same to the byte.
fn comparable(mut report: Value) -> String {
    let members = report.as_object_mut().expect("an object");
    for provenance in ["created_at", "history", "current"] {
        members.remove(provenance);
    }
    members["inputs"]["current"]["addresses"].take();
    serde_json::to_string_pretty(&report).expect("JSON")
}

/// Compares the last run with one that reads all at once.
#[track_caller]
fn expect_as_in_one_pass(churnctl: &Churnctl, current: &[&str], more: &[&str]) {
    let all = words(&[
        &CHECK,
        more,
        &["--report", "one.json", "--current"],
        current,
    ]);
    let one = churnctl.run(&all);
    assert!(one.stderr.contains("one.json"), "{}", one.stderr);
    let (one, kept) = (
        churnctl.read_json("one.json"),
        churnctl.read_json("kept.json"),
    );
    pretty_assertions_eq(&comparable(one), &comparable(kept));
}

#[track_caller]
fn pretty_assertions_eq(one: &str, two: &str) {
    let differ = one.lines().zip(two.lines()).find(|(one, two)| one != two);
    assert!(one == two, "{differ:?}");
}

#[test]
fn a_year_by_daily_history_is_one_pass_over_the_year() {
    let mut churnctl = Churnctl::new().file("base.csv", base(1));
    std::fs::create_dir(churnctl.path("days")).expect("make");
    let mut random = Random::new(99);
    let (mut at, mut runs) = (0_i64, 0);
    let first = jiff::civil::date(2025, 1, 1);
    while at < 365 {
        // A run a day in full; else days and fortnights in turn.
        let count = if full() { 1 } else { 1 + (runs * 7) % 23 };
        for _ in 0..count.min(365 - at) {
            let date = first + jiff::Span::new().days(at);
            let shares = if at == 200 { FAR } else { USUAL };
            let mut text = format!("{HEADER}{}", day(&date.to_string(), 60, shares));
            // Rows of days before, late; and cells that cannot be read.
            let before = date - jiff::Span::new().days(random.below(9) as i64);
            write!(text, "{}", day(&before.to_string(), 3, USUAL)).expect("a text");
            text += "?,One year,50,3\n";
            writeln!(text, "{date}T01:00:00Z,Two year,unknown,3").expect("a text");
            churnctl = churnctl.file(&format!("days/{date}.csv"), text);
            at += 1;
        }
        let run = run(&churnctl, &["--last", "3"]);
        runs += 1;
        if at < 7 {
            // Kept all the same, and judged by what there is.
            let run = run.expect(ExitCode::Ok);
            let said = "no window of 7d is complete yet";
            assert!(run.stdout.contains(said), "{run:?}");
            continue;
        }
        assert!(
            taken(&churnctl)["sources_read"].as_u64() <= Some(count.unsigned_abs()),
            "{at}"
        );
    }
    for more in [
        &[][..],
        &["--last", "30"],
        &["--against", "trailing:2", "--last", "5"],
    ] {
        run(&churnctl, more);
        assert_eq!(taken(&churnctl)["sources_read"], 0);
        expect_as_in_one_pass(&churnctl, &["days"], more);
    }
    // 365 days and those before the first that late rows are of.
    let kept = taken(&churnctl);
    assert!(
        (365..375).contains(&kept["pieces"].as_u64().expect("pieces")),
        "{kept}"
    );
    assert_eq!(kept["rows"], 365 * 65);
}

#[test]
fn what_was_read_is_not_read_again() {
    let churnctl = days(9);
    run(&churnctl, &[]).expect(ExitCode::Ok);
    let first = churnctl.read_json("kept.json");
    expect_valid(&schema("drift_report"), &first);
    expect_strict(&schema("drift_report"), &first);
    assert_eq!(first["history"]["rows_read"], 9 * 300);
    // Other bytes of the same size and time would be an error if anybody read them.
    for at in 1..=9 {
        let path = churnctl.path(format!("days/{}.csv", january(at)));
        let metadata = std::fs::metadata(&path).expect("a file");
        std::fs::write(&path, vec![b'x'; metadata.len() as usize]).expect("write");
        let file = std::fs::File::options()
            .write(true)
            .open(&path)
            .expect("open");
        file.set_modified(metadata.modified().expect("a time"))
            .expect("set");
    }
    let tenth = format!("{HEADER}{}", day(&january(10), 300, USUAL));
    let churnctl = churnctl.file("days/2026-01-10.csv", tenth);
    run(&churnctl, &[])
        .expect(ExitCode::Ok)
        .says("read 1 new file of 300 rows, took 9 files");
    let kept = taken(&churnctl);
    assert_eq!(
        (&kept["rows_read"], &kept["rows"]),
        (&json!(300), &json!(3_000))
    );
    assert_eq!(kept["run"], 2);
    // Who has nothing new judges what is kept.
    run(&churnctl, &[]).expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["run"], 2);
    churnctl
        .run(&["drift", "verify", "kept.json"])
        .expect(ExitCode::Ok);
}

#[test]
fn segments_are_kept_with_the_pieces() {
    let churnctl = days(8);
    let by = ["--by", "contract,tenure", "--min-rows", "20"];
    run(&churnctl, &by).says("read 8 new files of 2,400 rows");
    expect_as_in_one_pass(&churnctl, &["days"], &by);
    // Late rows of a day that is kept, a small file in which each row is another segment, and rows of none before.
    let late: String = day(&january(3), 40, FAR);
    let few: Vec<String> = (0..30)
        .map(|at| format!("2026-01-10T01:00:00Z,Other,50,{at}"))
        .collect();
    let churnctl = churnctl
        .file(
            "days/2026-01-09.csv",
            format!("{HEADER}{}{late}", day(&january(9), 300, USUAL)),
        )
        .file("days/few.csv", format!("{HEADER}{}\n", few.join("\n")));
    run(&churnctl, &by).says("read 2 new files of 370 rows, took 8 files");
    for more in [
        &[][..],
        &["--last", "1"],
        &["--window", "2d", "--against", "previous"],
    ] {
        let asked = [&by[..], more].concat();
        run(&churnctl, &asked);
        assert_eq!(taken(&churnctl)["sources_read"], 0);
        expect_as_in_one_pass(&churnctl, &["days"], &asked);
    }
    let kept = churnctl.read_json("kept.json");
    expect_strict(&schema("drift_report"), &kept);
    let segments = &kept["segments"]["cuts"][0]["segments"];
    assert!(
        segments.as_array().is_some_and(|all| all.len() > 216),
        "{segments}"
    );
    churnctl
        .run(&["drift", "verify", "kept.json"])
        .expect(ExitCode::Ok);
    churnctl
        .run(&["drift", "history", "compact", "kept"])
        .expect(ExitCode::Ok);
    run(&churnctl, &by);
    expect_as_in_one_pass(&churnctl, &["days"], &by);
    churnctl
        .run(&["drift", "history", "kept"])
        .expect(ExitCode::Ok);
    // Pieces that were cut otherwise cannot be put together.
    for (other, said) in [
        (
            &[][..],
            "rows are cut by contract,tenure there and not cut into segments here",
        ),
        (
            &["--by", "tenure < 12"],
            "rows are cut by contract,tenure there and cut by tenure < 12 here",
        ),
    ] {
        run(&churnctl, other).expect(ExitCode::BadInput).says(said);
    }
    run(
        &churnctl,
        &["--by", "contract,tenure", "--max-segments", "100"],
    )
    .expect(ExitCode::BadInput);
}

#[test]
fn a_file_that_has_changed_replaces_and_a_late_one_adds() {
    let churnctl = days(9);
    run(&churnctl, &[]).expect(ExitCode::Ok);
    let third = format!(
        "{HEADER}{}{}",
        day(&january(3), 300, USUAL),
        day(&january(3), 40, FAR)
    );
    let late = format!("{HEADER}{}", day(&january(2), 50, FAR));
    let churnctl = churnctl
        .file("days/2026-01-03.csv", &third)
        .file("days/late.csv", late);
    run(&churnctl, &[]).says("1 had changed and were read again");
    let kept = taken(&churnctl);
    assert_eq!(kept["sources_replaced"], 1);
    assert_eq!(kept["rows"], 9 * 300 + 40 + 50);
    expect_as_in_one_pass(&churnctl, &["days"], &[]);
    // Shorter than before: what was cut off may be elsewhere, so it is said with numbers.
    let end = third[..third.len() / 2].rfind('\n').expect("a line") + 1;
    let churnctl = churnctl.file("days/2026-01-03.csv", &third[..end]);
    let half = run(&churnctl, &[]);
    assert!(
        half.stderr.contains("replace the 340 before"),
        "{}",
        half.stderr
    );
    // A report of then is still made again of what was there then, or it is said that it cannot be.
    churnctl
        .run(&["drift", "verify", "kept.json"])
        .expect(ExitCode::Ok);
}

#[test]
fn a_file_that_was_moved_or_packed_or_named_twice_counts_once() {
    let churnctl = days(9);
    run(&churnctl, &["days/2026-01-01.csv"]);
    let twice = ["--current", "days", "days/../days/2026-01-01.csv"];
    let args = [
        &CHECK[..],
        &twice,
        &["--history", "kept", "--report", "kept.json"],
    ]
    .concat();
    churnctl.run(&args).expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["rows"], 9 * 300);
    std::fs::rename(churnctl.path("days"), churnctl.path("archive")).expect("rename");
    let text = churnctl.read("archive/2026-01-04.csv");
    std::fs::remove_file(churnctl.path("archive/2026-01-04.csv")).expect("delete");
    let churnctl = churnctl.file("archive/2026-01-04.csv.gz", crate::harness::gzip(text));
    let args = [
        &CHECK[..],
        &[
            "--current",
            "archive",
            "--history",
            "kept",
            "--report",
            "kept.json",
        ],
    ];
    churnctl
        .run(&args.concat())
        .expect(ExitCode::Ok)
        .says("9 files hold the rows that were read under another name");
    let kept = taken(&churnctl);
    assert_eq!(
        (&kept["rows"], &kept["sources_kept"]),
        (&json!(9 * 300), &json!(0))
    );
    // A file that is gone stays counted: that is what a history is for.
    std::fs::remove_file(churnctl.path("archive/2026-01-05.csv")).expect("delete");
    churnctl.run(&args.concat()).expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["rows"], 9 * 300);
}

/// Each of these was seen to double the rows of a history without a word: a table under another address, and CSV files
/// that were written again as Parquet, whose counts tell other kinds of missing values.
#[test]
fn rows_that_seem_to_count_twice_are_told() {
    let churnctl = days(3);
    let first = run(&churnctl, &[]).expect(ExitCode::Ok);
    assert!(!first.stderr.contains("twice"), "{}", first.stderr);
    let text = churnctl.read("days/2026-01-02.csv");
    let churnctl = churnctl.file("days/copy.csv", text);
    run(&churnctl, &[])
        .expect(ExitCode::Ok)
        .says("300 rows of days/copy.csv seem to count twice")
        .says("the same counts of days/2026-01-02.csv");
    assert_eq!(taken(&churnctl)["rows"], 4 * 300);
    let same = run(&churnctl, &[]).expect(ExitCode::Ok);
    assert!(!same.stderr.contains("twice"), "{}", same.stderr);
    std::fs::remove_file(churnctl.path("days/2026-01-03.csv")).expect("delete");
    let other = format!("{HEADER}{}", day("2026-01-03", 300, FAR));
    let churnctl = churnctl.file("days/again.csv", other);
    run(&churnctl, &[]).says(
        "days/again.csv has as many rows in each piece of time as days/2026-01-03.csv, which is gone, and both count",
    );
}

#[test]
fn rows_of_a_pipe_count_once_and_doubtful_ones_are_refused() {
    let churnctl = Churnctl::new().file("base.csv", base(1));
    let args = [
        "--current",
        "-",
        "--window",
        "1d",
        "--history",
        "kept",
        "--report",
        "kept.json",
    ];
    let args = words(&[&CHECK[..5], &args]);
    let piped = |text: &str| churnctl.run_with_stdin(&args, format!("{HEADER}{text}").as_bytes());
    let first = day(&january(1), 300, USUAL);
    piped(&first).expect(ExitCode::Ok);
    // A CronJob that is started again.
    piped(&first).expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["rows"], 300);
    piped(&day(&january(2), 200, USUAL)).expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["rows"], 500);
    piped(&format!("{first}{}", day(&january(3), 7, USUAL))).expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["rows"], 507);
    piped(&day(&january(1), 299, USUAL))
        .expect(ExitCode::BadInput)
        .says("standard input has 299 rows of 2026-01-01, and the history has 300 others");
    piped("").expect(ExitCode::Ok);
    assert_eq!(taken(&churnctl)["rows"], 507);
}

#[test]
fn what_does_not_go_together_is_refused_with_numbers() {
    let churnctl = days(9).file("other.csv", base(2));
    run(&churnctl, &[]).expect(ExitCode::Ok);
    let before = files(&churnctl);
    for (more, said) in [
        (
            &["--model", "upsell"][..],
            "the model is \"churn\" there and \"upsell\" here",
        ),
        (
            &["--every", "7d"],
            "--every is \"1d\" there and \"7d\" here",
        ),
        (
            &["--time-zone", "Europe/Berlin"],
            "\"UTC\" there and \"Europe/Berlin\" here",
        ),
        (&["--null", "-999"], "\"-999\" does here"),
        (
            &["--exclude", "fee"],
            "the check compares 3 columns there and 2 here: 1 only there (fee)",
        ),
        (
            &["--categorical", "tenure"],
            "\"tenure\" was counted as numbers there",
        ),
    ] {
        let run = run(&churnctl, more).expect(ExitCode::BadInput);
        assert!(run.stderr.contains(said), "{more:?}: {}", run.stderr);
        assert!(
            run.stderr.contains("another folder for --history"),
            "{}",
            run.stderr
        );
    }
    let wide = "scored_at,contract,fee,tenure,region\n2026-01-10T00:00:00Z,One year,3,4,north\n";
    let churnctl = churnctl.file("days/2026-01-10.csv", wide);
    run(&churnctl, &[])
        .expect(ExitCode::BadInput)
        .says("the data have 4 columns there and 5 here: 1 only here (region)");
    std::fs::remove_file(churnctl.path("days/2026-01-10.csv")).expect("delete");
    assert_eq!(files(&churnctl), before, "nothing was written");
    // Words that make no sense together.
    churnctl
        .run(&["drift", "base.csv", "days", "--history", "kept"])
        .expect(ExitCode::Usage)
        .says("--history needs --time");
    run(&churnctl, &["--history", "days"]).expect(ExitCode::Usage);
    run(
        &churnctl,
        &[
            "--labels",
            "other.csv",
            "--join",
            "tenure",
            "--label-window",
            "30d",
        ],
    )
    .expect(ExitCode::BadInput)
    .says("no labels are joined there, labels are joined by tenure within 30d of scored_at here");
    churnctl
        .run(&["profile", "base.csv", "-o", "profile.json"])
        .expect(ExitCode::Ok);
    let profile = ["--current", "profile.json", "--history", "kept"];
    churnctl
        .run(&[&CHECK[..], &profile].concat())
        .expect(ExitCode::Usage)
        .says("a profile cannot be cut");
    // Another baseline is no matter where every value is kept as it is.
    run(&churnctl, &["--baseline", "other.csv"]).expect(ExitCode::Ok);
    let shown = churnctl
        .run(&["drift", "history", "kept", "--format", "json"])
        .json();
    assert_eq!(shown["baselines"].as_array().expect("baselines").len(), 2);
    assert_eq!(shown["marks"][0]["kind"], "baseline");
}

/// Every file of a history with its bytes, but for those that are no counts.
fn files(churnctl: &Churnctl) -> BTreeMap<String, Vec<u8>> {
    let folder = std::fs::read_dir(churnctl.path("kept")).expect("a folder");
    let named = folder.map(|entry| {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        (name.clone(), churnctl.read(&format!("kept/{name}")))
    });
    named
        .filter(|(name, _)| !["lock", "sums.json"].contains(&&**name))
        .collect()
}

#[test]
fn numbers_that_are_kept_by_cells_have_one_baseline() {
    let table = |header: &str, seed: u64, count: u64, time: bool| {
        let mut random = Random::new(seed);
        let mut text = format!("{header}\n");
        for at in 0..count {
            let time = if time {
                format!("{},", 1_767_225_600 + at)
            } else {
                String::new()
            };
            writeln!(text, "{time}{:.9},{}", random.normal(), at % 7).expect("a text");
        }
        text
    };
    let churnctl = Churnctl::new()
        .file("base.csv", table("fee,plan", 1, 2_000, false))
        .file("other.csv", table("fee,plan", 2, 2_000, false))
        .file("days/a.csv", table("at,fee,plan", 3, 21_000, true));
    let args = |baseline: &str, history: bool| {
        let mut args =
            format!("drift --baseline {baseline} --current days --time at --report kept.json");
        if history {
            args += " --history kept";
        }
        churnctl.run(&args.split(' ').collect::<Vec<_>>())
    };
    args("base.csv", true).expect(ExitCode::Ok);
    args("base.csv", true).expect(ExitCode::Ok);
    let kept = churnctl.read_json("kept.json");
    args("base.csv", false).expect(ExitCode::Ok);
    pretty_assertions_eq(
        &comparable(churnctl.read_json("kept.json")),
        &comparable(kept),
    );
    args("other.csv", true)
        .expect(ExitCode::BadInput)
        .says("1 of 2 columns have other bins by this baseline")
        .says("\"fee\" in 1 piece");
}

#[test]
fn days_that_are_missing_are_told_with_numbers() {
    let churnctl = days(12);
    for gone in [5, 6, 9] {
        std::fs::remove_file(churnctl.path(format!("days/{}.csv", january(gone)))).expect("delete");
    }
    let run = run(&churnctl, &[]).expect(ExitCode::Ok);
    let said =
        "the history has gaps: 3 of the 12 pieces of 1d from 2026-01-01 to 2026-01-12 have no rows";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let report = churnctl.read_json("kept.json");
    assert_eq!(report["history"]["missing_pieces"], 3);
    let findings = report["findings"].as_array().expect("findings");
    let gaps = findings
        .iter()
        .find(|finding| finding["kind"] == "missing_pieces");
    assert_eq!(
        gaps.expect("a finding")["message"],
        "3 of 12 pieces of 1d that the windows are made of have no rows: the first 2026-01-05, the last 2026-01-09"
    );
    expect_as_in_one_pass(&churnctl, &["days"], &[]);
}

#[test]
fn runs_at_once_and_runs_that_are_killed_lose_nothing() {
    let churnctl = days(20);
    let one = |at: u32| {
        let file = format!("days/{}.csv", january(at));
        let args = ["--history", "kept", "--report", "none", "--current", &file];
        churnctl.spawn(&[&CHECK[..], &args].concat(), Stdio::null())
    };
    let at_once: Vec<_> = (1..=6).map(one).collect();
    for child in at_once {
        let run = Run::of(&child.wait_with_output().expect("an end"));
        // A week is not complete before there are seven days.
        assert!(!run.stderr.contains("damaged"), "{}", run.stderr);
    }
    let mut random = Random::new(4);
    let rounds = if full() { 200 } else { 30 };
    for round in 0..rounds {
        let mut child = match round % 3 {
            0 => churnctl.spawn(&["drift", "history", "compact", "kept"], Stdio::null()),
            _ => one(7 + random.below(14) as u32),
        };
        std::thread::sleep(Duration::from_micros(random.below(150_000)));
        // SIGKILL.
        let _ = child.kill();
        let _ = child.wait();
    }
    run(&churnctl, &[]);
    assert_eq!(taken(&churnctl)["rows"], 20 * 300);
    expect_as_in_one_pass(&churnctl, &["days"], &[]);
    churnctl
        .run(&["drift", "history", "compact", "kept"])
        .expect(ExitCode::Ok);
    assert!(churnctl.temporary_files("kept").is_empty());
    let kept = files(&churnctl);
    assert_eq!(
        kept.keys().filter(|name| name.ends_with(".pieces")).count(),
        1,
        "{:?}",
        kept.keys()
    );
}

#[test]
fn joined_files_hold_the_same_and_what_is_old_is_not_read_again() {
    let churnctl = days(3);
    for at in 4..=14 {
        let date = january(at);
        let shares = if at == 11 { FAR } else { USUAL };
        let text = format!("{HEADER}{}", day(&date, 300, shares));
        std::fs::write(churnctl.path(format!("days/{date}.csv")), text).expect("write");
        run(&churnctl, &[]);
    }
    let before = churnctl.read_json("kept.json");
    let done = churnctl
        .run(&["drift", "history", "compact", "kept", "--format", "json"])
        .json();
    assert_eq!(
        (&done["files_before"], &done["pieces"]),
        (&json!(11), &json!(14)),
        "{done}"
    );
    run(&churnctl, &[]);
    pretty_assertions_eq(
        &comparable(before),
        &comparable(churnctl.read_json("kept.json")),
    );
    assert_eq!(taken(&churnctl)["sources_read"], 0);
    // By a clock of noon on January 15 ten days reach back to the 5th.
    let churnctl = churnctl.env("SOURCE_DATE_EPOCH", "1768478400");
    churnctl
        .run(&["drift", "history", "compact", "kept", "--keep", "10d"])
        .expect(ExitCode::Ok);
    run(&churnctl, &[]);
    let kept = taken(&churnctl);
    assert_eq!(
        (&kept["pieces"], &kept["rows"], &kept["sources_read"]),
        (&json!(10), &json!(3_000), &json!(0))
    );
    let recent: Vec<String> = (5..=14)
        .map(|at| format!("days/{}.csv", january(at)))
        .collect();
    let recent: Vec<&str> = recent.iter().map(String::as_str).collect();
    expect_as_in_one_pass(&churnctl, &recent, &[]);
    // Days are counted from the newest one: half a year later the same are left.
    let churnctl = churnctl.env("SOURCE_DATE_EPOCH", "1784116800");
    let compact = ["drift", "history", "compact", "kept", "--keep", "10d"];
    churnctl.run(&compact).expect(ExitCode::Ok);
    let shown = churnctl
        .run(&["drift", "history", "kept"])
        .expect(ExitCode::Ok);
    assert!(shown.stdout.contains("10 pieces of time"), "{shown:?}");
}

#[test]
fn damaged_and_newer_files_are_told() {
    let churnctl = days(8);
    run(&churnctl, &[]).expect(ExitCode::Ok);
    let names = files(&churnctl);
    let pieces = names
        .keys()
        .find(|name| name.ends_with(".pieces"))
        .expect("pieces");
    let path = format!("kept/{pieces}");
    let bytes = churnctl.read(&path);
    for (at, said) in [
        (0, "first line"),
        (130, "index"),
        (bytes.len() - 9, "a piece"),
    ] {
        let mut broken = bytes.clone();
        broken[at] ^= 0xff;
        std::fs::write(churnctl.path(&path), &broken).expect("write");
        let run = run(&churnctl, &[]).expect(ExitCode::BadInput);
        assert!(
            run.stderr.contains("this file of the history is damaged"),
            "{said}: {}",
            run.stderr
        );
    }
    for length in [0, 40, bytes.len() / 2] {
        std::fs::write(churnctl.path(&path), &bytes[..length]).expect("write");
        let run = run(&churnctl, &[]);
        assert!([Some(65), Some(74)].contains(&run.code), "{}", run.stderr);
    }
    std::fs::write(churnctl.path(&path), &bytes).expect("write");
    let head = String::from_utf8(churnctl.read("kept/history.json")).expect("UTF-8");
    let newer = head.replacen("\"schema_version\": 1", "\"schema_version\": 4", 1);
    std::fs::write(churnctl.path("kept/history.json"), newer).expect("write");
    run(&churnctl, &[])
        .expect(ExitCode::BadInput)
        .says("the history has version 4, this churnctl reads up to 3");
}

#[test]
fn a_file_that_is_lost_is_told_and_not_taken_for_a_gap() {
    let churnctl = days(9);
    for at in [8, 9] {
        let current = format!("days/{}.csv", january(at));
        run(&churnctl, &["--current", &current]);
    }
    run(&churnctl, &[]).expect(ExitCode::Ok);
    let names: Vec<String> = files(&churnctl).into_keys().collect();
    for (is_it, said) in [
        (".pieces", "what one run or several have counted was in it"),
        (".json.zst", "the profile of its baseline was in it"),
    ] {
        let name = names.iter().find(|name| name.ends_with(is_it));
        let path = churnctl.path(format!("kept/{}", name.expect("a file")));
        let bytes = std::fs::read(&path).expect("read");
        std::fs::remove_file(&path).expect("delete");
        churnctl
            .run(&["drift", "history", "kept"])
            .expect(ExitCode::Gone)
            .says(said);
        std::fs::write(&path, bytes).expect("write");
    }
    run(&churnctl, &[]).expect(ExitCode::Ok);
}

#[test]
fn whoever_looks_sees_the_day_the_marks_and_the_page() {
    let churnctl = days(20);
    let day_by_day = ["--window", "1d"];
    run(&churnctl, &day_by_day).expect(ExitCode::CheckFailed);
    churnctl
        .run(&[
            "drift",
            "history",
            "annotate",
            "kept",
            "--at",
            "2026-01-11T09:00",
            "new prices",
        ])
        .expect(ExitCode::Ok);
    let line = r#"{"schema_version":1,"command":"train","churnctl_version":"0.1.0","created_at":"2026-01-05T00:00:00Z","event":"promotion","name":"churn","version":"7","sha256":"00"}"#;
    let churnctl = churnctl.file("artifacts/registry/models.jsonl", format!("{line}\n"));
    // A look is not a check: exit code 0.
    let shown = churnctl
        .run(&[
            "drift",
            "history",
            "kept",
            "--html",
            "page.html",
            "--format",
            "table",
        ])
        .expect(ExitCode::Ok);
    let first = shown.stdout.lines().next().expect("a line");
    assert!(
        first.contains("FAIL") && first.contains("1 of 20 windows drifted"),
        "{}",
        shown.stdout
    );
    let contract = shown
        .stdout
        .lines()
        .find(|line| line.starts_with("contract"))
        .expect("a row");
    assert_eq!(contract.matches('█').count(), 3, "{}", shown.stdout);
    assert!(
        shown.stdout.contains("note: new prices"),
        "{}",
        shown.stdout
    );
    assert!(
        shown
            .stdout
            .contains("promotion: churn 7 went into production")
    );
    let page = String::from_utf8(churnctl.read("page.html")).expect("UTF-8");
    for part in [
        "2026-01-11",
        "new prices",
        "churn 7",
        "class=\"series\"",
        "id=\"timeline\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let json = churnctl.run(&[
        "drift",
        "history",
        "kept",
        "--last",
        "5d",
        "--feature",
        "fee",
        "--format",
        "json",
    ]);
    let json = json.json();
    expect_valid(&schema("drift_history"), &json);
    expect_strict(&schema("drift_history"), &json);
    let windows = json["windows"].as_array().expect("windows");
    assert_eq!(windows.len(), 5);
    assert!(
        windows
            .iter()
            .all(|window| window["features"].as_array().map(Vec::len) == Some(1))
    );
    assert_eq!(json["kept"]["rows"], 20 * 300);
    assert_eq!(json["status"], "OK");
    for (args, code, said) in [
        (
            &["kept", "--feature", "fees"][..],
            ExitCode::BadInput,
            "did you mean \"fee\"?",
        ),
        (
            &["nothing"],
            ExitCode::BadInput,
            "there is no history in this folder",
        ),
        (&[], ExitCode::Usage, "needs the folder"),
        (
            &["annotate", "kept", "--at", "soon", "x"],
            ExitCode::Usage,
            "is not a time",
        ),
        (
            &["annotate", "nothing", "x"],
            ExitCode::BadInput,
            "there is no history",
        ),
        (
            &["compact", "kept", "--keep", "soon"],
            ExitCode::Usage,
            "length of time",
        ),
    ] {
        churnctl
            .run(&[&["drift", "history"][..], args].concat())
            .expect(code)
            .says(said);
    }
    assert!(!churnctl.path("nothing").exists());
}

#[test]
fn a_repeated_check_of_windows_shows_its_page_at_the_root() {
    let churnctl = days(12);
    let args = [
        "--current",
        "days",
        "--history",
        "kept",
        "--watch",
        "1h",
        "--listen",
        "127.0.0.1:0",
    ];
    let watch = crate::drift_delivery::Watch::with(&churnctl, &[&CHECK[..], &args].concat());
    watch.says("took 0 files from earlier runs");
    let page = crate::servers::eventually("a page", || {
        let (status, page) = watch.get("/");
        (status == 200).then_some(page)
    });
    assert!(
        page.contains("over time") && page.contains("2026-01-11"),
        "{page}"
    );
    assert!(page.contains("class=\"series\"") && !page.contains("<script"));
}

#[test]
#[cfg(feature = "object-store")]
fn of_a_folder_of_daily_objects_only_new_ones_are_fetched() {
    use crate::object_server::{Act, ObjectServer};
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let gate = server.gate(|_| Act::Pass);
    let churnctl = gate.before(Churnctl::new().file("base.csv", base(1)));
    let put = |at: u32, count: usize| {
        let date = january(at);
        let text = format!("{HEADER}{}", day(&date, count, USUAL));
        server.put(&format!("shop/daily-history/{date}.csv"), text);
    };
    (1..=8).for_each(|at| put(at, 300));
    let args = [
        "--current",
        "s3://shop/daily-history/",
        "--history",
        "kept",
        "--report",
        "kept.json",
    ];
    let args = [&CHECK[..], &args].concat();
    let fetched = || {
        let is_fetch = |asked: &&crate::object_server::Asked| {
            asked.method == "GET" && asked.header("range").is_some()
        };
        let before = gate.asked().iter().filter(is_fetch).count();
        churnctl.run(&args).expect(ExitCode::Ok);
        gate.asked().iter().filter(is_fetch).count() - before
    };
    assert!(fetched() >= 8);
    assert_eq!(fetched(), 0, "nothing is new");
    put(9, 300);
    let of_one = fetched();
    assert!((1..=3).contains(&of_one), "{of_one}");
    // One that was written over is read again.
    put(2, 310);
    assert!((1..=3).contains(&fetched()));
    let kept = taken(&churnctl);
    assert_eq!(
        (&kept["sources_replaced"], &kept["rows"]),
        (&json!(1), &json!(9 * 300 + 10))
    );
}

/// The history shows windows as the report does: what is added to one schema is added to the other.
#[test]
fn the_schemas_of_report_and_history_say_the_same_of_windows() {
    let read = |name: &str| -> Value {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/schemas");
        let text = std::fs::read_to_string(folder.join(name)).expect(name);
        serde_json::from_str(&text).expect("JSON")
    };
    let report = read("drift_report.schema.json");
    let history = read("drift_history.schema.json");
    for part in ["over_time", "windows", "findings"] {
        assert_eq!(
            report["properties"][part], history["properties"][part],
            "{part}"
        );
    }
    for (name, definition) in history["$defs"].as_object().expect("definitions") {
        assert_eq!(report["$defs"][name], *definition, "{name}");
    }
}
