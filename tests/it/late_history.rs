//! `drift --labels --history`: a label comes weeks after its prediction, when a history reads the rows of that day no
//! more. Every figure is that of one pass over all rows, but how labels of settled predictions are told apart.

use std::fmt::Write as _;
use std::process::Stdio;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Run, full};
use crate::schemas::{expect_strict, expect_valid, schema};

const CHECK: &str = "drift --baseline base.csv --time scored_at --window 7d --every 1d --score risk --label left \
                     --by contract --labels events.csv --join user=customer --label-window 30d --fail-on never";
const CONTRACTS: [&str; 2] = ["monthly", "yearly"];
/// Customers a day.
const CUSTOMERS: usize = 60;

/// A customer's contract, fee, risk, and after how many days they left.
fn customer(random: &mut Random) -> (String, Option<i64>) {
    let contract = usize::from(random.share() < 0.3);
    let fee = random.normal().mul_add(20.0, 60.0);
    let risk = (random.share() * 0.8 + 0.15 * f64::from(contract == 0)).min(0.999);
    let leaves = random.share() < risk;
    let after = leaves.then(|| random.below(45) as i64);
    (format!("{},{fee:.2},{risk:.4}", CONTRACTS[contract]), after)
}

struct Year {
    churnctl: Churnctl,
    random: Random,
    /// Days that are written.
    days: i64,
    /// Who leaves when, in days since the first.
    events: Vec<(i64, String)>,
}

fn date(at: i64) -> jiff::civil::Date {
    jiff::civil::date(2025, 1, 1) + jiff::Span::new().days(at)
}

impl Year {
    fn new() -> Self {
        let mut random = Random::new(5);
        let mut base = String::from("contract,fee,risk,left\n");
        for _ in 0..4_000 {
            let (row, leaves) = customer(&mut random);
            writeln!(
                base,
                "{row},{}",
                if leaves.is_some() { "yes" } else { "no" }
            )
            .expect("text");
        }
        Self {
            churnctl: Churnctl::new().file("base.csv", base),
            random,
            days: 0,
            events: Vec::new(),
        }
    }

    /// Writes the predictions of another day.
    fn predict(mut self) -> Self {
        let (at, day) = (self.days, date(self.days));
        let mut text = String::from("user,scored_at,contract,fee,risk\n");
        for number in 0..CUSTOMERS {
            let (row, after) = customer(&mut self.random);
            let hour = number % 24;
            writeln!(text, "{at}-{number},{day}T{hour:02}:30:00Z,{row}").expect("text");
            if let Some(after) = after {
                // Some are told twice.
                for _ in 0..=usize::from(number % 17 == 0) {
                    self.events.push((at + after, format!("{at}-{number}")));
                }
            }
        }
        // Rows of days before, late; and those that cannot be joined.
        let before = date((at - self.random.below(9) as i64).max(0));
        writeln!(text, "late-{at},{before}T03:00:00Z,yearly,50,0.2").expect("text");
        writeln!(text, ",{day}T03:00:00Z,yearly,50,0.2").expect("text");
        writeln!(text, "timeless-{at},?,yearly,50,0.2").expect("text");
        self.churnctl = self.churnctl.file(&format!("days/{day}.csv"), text);
        self.days += 1;
        self
    }

    /// Writes the labels that are known at the end of the last day.
    fn tell(mut self) -> Self {
        let (at, day) = (self.days - 1, date(self.days - 1));
        let mut events = String::from("customer,left_at\n");
        for (when, who) in self.events.iter().filter(|(when, _)| *when <= at) {
            // In the evening, after whoever left was scored.
            writeln!(events, "{who},{}T23:00:00Z", date(*when)).expect("text");
        }
        writeln!(events, "nobody,{day}T23:59:59Z").expect("text");
        self.churnctl = self.churnctl.file("events.csv", events);
        self
    }

    /// Writes the predictions of more days, and the labels that are known at the end of the last one.
    fn add_days(self, count: i64) -> Self {
        let year = (0..count).fold(self, |year, _| year.predict());
        year.tell()
    }
}

fn run(churnctl: &Churnctl, words: &str) -> Run {
    let words = format!("{CHECK} --current days --history kept --report kept.json {words}");
    churnctl.run(&words.split_whitespace().collect::<Vec<_>>())
}

fn kept_report(churnctl: &Churnctl) -> Value {
    let report = churnctl.read_json("kept.json");
    expect_valid(&schema("drift_report"), &report);
    expect_strict(&schema("drift_report"), &report);
    report
}

/// A report without when and from where, and without how labels are told apart that came to settled predictions.
fn comparable(mut report: Value) -> String {
    let members = report.as_object_mut().expect("an object");
    for provenance in ["created_at", "history", "current"] {
        members.remove(provenance);
    }
    members["inputs"]["current"]["addresses"].take();
    let rows = report["labels"]["labels"]["rows"].take();
    report["labels"]["labels"] = rows;
    serde_json::to_string_pretty(&report).expect("JSON")
}

#[track_caller]
fn expect_as_in_one_pass(churnctl: &Churnctl, words: &str) {
    let all = format!("{CHECK} --current days --report one.json {words}");
    churnctl
        .run(&all.split_whitespace().collect::<Vec<_>>())
        .expect(ExitCode::Ok);
    let one = comparable(churnctl.read_json("one.json"));
    let kept = comparable(kept_report(churnctl));
    let differ = one
        .lines()
        .zip(kept.lines())
        .find(|(one, kept)| one != kept);
    assert!(one == kept, "{differ:?}");
}

#[test]
fn a_year_by_daily_history_with_late_labels_is_one_pass_over_the_year() {
    let mut year = Year::new();
    let mut runs = 0;
    while year.days < 365 {
        // A run a day in full; else days and fortnights in turn.
        let count = if full() { 1 } else { 1 + (runs * 7) % 23 };
        let count = count.min(365 - year.days);
        year = year.add_days(count);
        run(&year.churnctl, "--last 2").expect(ExitCode::Ok);
        runs += 1;
    }
    let churnctl = &year.churnctl;
    for words in ["--last 3", "--last 30"] {
        run(churnctl, words).expect(ExitCode::Ok);
        expect_as_in_one_pass(churnctl, words);
    }
    let labels = &kept_report(churnctl)["labels"];
    let counts = |name: &str| labels["predictions"][name].as_u64().expect("a count");
    assert_eq!(counts("rows"), 365 * (CUSTOMERS as u64 + 3));
    assert_eq!((counts("without_key"), counts("without_time")), (365, 365));
    assert!(
        counts("matched") > 5_000 && counts("twice") > 100,
        "{labels}"
    );
    // What is open is a month, and what is settled is known by figures alone.
    assert!((29 * 60..32 * 63).contains(&counts("immature")), "{labels}");
    assert!(
        labels["labels"]["settled"].as_u64() > Some(5_000),
        "{labels}"
    );
    // A file by its own name, so that whoever was scored can be found in what is open alone.
    churnctl
        .run(&["drift", "history", "compact", "kept"])
        .expect(ExitCode::Ok);
    run(churnctl, "--last 3").expect(ExitCode::Ok);
    expect_as_in_one_pass(churnctl, "--last 3");
}

#[test]
fn labels_that_do_not_fit_into_memory_settle_the_same() {
    let mut year = Year::new();
    for _ in 0..5 {
        year = year.add_days(13);
        run(&year.churnctl, "--join-memory 64KB").expect(ExitCode::Ok);
    }
    expect_as_in_one_pass(&year.churnctl, "");
}

#[test]
fn a_day_that_has_changed_replaces_its_predictions() {
    let year = Year::new().add_days(50);
    let churnctl = &year.churnctl;
    run(churnctl, "").expect(ExitCode::Ok);
    // One of an open day, one of a day that is settled.
    for at in [3, 45] {
        let path = format!("days/{}.csv", date(at));
        let text = String::from_utf8(churnctl.read(&path)).expect("UTF-8");
        let half: Vec<&str> = text.lines().take(31).collect();
        std::fs::write(churnctl.path(&path), half.join("\n") + "\n").expect("write");
    }
    run(churnctl, "").expect(ExitCode::Ok);
    expect_as_in_one_pass(churnctl, "");
}

#[test]
fn runs_at_once_lose_no_prediction() {
    let year = Year::new().add_days(48);
    let churnctl = &year.churnctl;
    let one = |part: i64| {
        let files: Vec<String> = (0..48)
            .filter(|at| at % 6 == part)
            .map(|at| format!("days/{}.csv", date(at)))
            .collect();
        let words = format!(
            "{CHECK} --history kept --report none --last 2 --current {}",
            files.join(" ")
        );
        churnctl.spawn(&words.split_whitespace().collect::<Vec<_>>(), Stdio::null())
    };
    let at_once: Vec<_> = (0..6).map(one).collect();
    for child in at_once {
        let run = Run::of(&child.wait_with_output().expect("an end"));
        run.expect(ExitCode::Ok);
    }
    run(churnctl, "--last 3").expect(ExitCode::Ok);
    assert_eq!(kept_report(churnctl)["history"]["sources_read"], 0);
    expect_as_in_one_pass(churnctl, "--last 3");
}

#[test]
fn performance_is_shown_from_the_history_alone_and_a_report_can_be_made_again() {
    let year = Year::new().add_days(60);
    let churnctl = &year.churnctl;
    run(churnctl, "").expect(ExitCode::Ok);
    let report = kept_report(churnctl);
    churnctl
        .run(&["drift", "verify", "kept.json"])
        .expect(ExitCode::Ok);
    std::fs::remove_file(churnctl.path("events.csv")).expect("delete");
    let shown = churnctl
        .run(&[
            "drift",
            "history",
            "kept",
            "--format",
            "json",
            "--html",
            "page.html",
        ])
        .json();
    expect_valid(&schema("drift_history"), &shown);
    let windows = report["windows"].as_array().expect("windows");
    let mut with_figures = 0;
    for (window, own) in windows
        .iter()
        .zip(shown["windows"].as_array().expect("windows"))
    {
        assert_eq!(window["window"], own["window"]);
        with_figures += usize::from(own["performance"].is_object());
        // The last ones are of days of which some predictions are open.
        if window["end"].as_str() < Some("2025-01-30") {
            assert_eq!(
                window["performance"], own["performance"],
                "{}",
                own["window"]
            );
        }
    }
    // Windows of days whose predictions are all settled: those from before February.
    assert!((20..31).contains(&with_figures), "{with_figures}");
    let page = String::from_utf8(churnctl.read("page.html")).expect("UTF-8");
    assert!(page.contains("Performance, with 95"), "no performance");
    std::fs::copy(churnctl.path("kept.json"), churnctl.path("first.json")).expect("copy");
    let year = year.add_days(10);
    run(&year.churnctl, "").expect(ExitCode::Ok);
    year.churnctl
        .run(&["drift", "verify", "first.json"])
        .expect(ExitCode::BadInput)
        .says("have settled labels");
}

#[test]
fn what_is_joined_otherwise_is_refused() {
    let year = Year::new().add_days(45);
    let churnctl = &year.churnctl;
    run(churnctl, "").expect(ExitCode::Ok);
    let refused = |words: &str, why: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        churnctl.run(&words).expect(ExitCode::BadInput).says(why);
    };
    let other = format!("{CHECK} --current days --history kept");
    refused(
        &other.replace("30d", "60d"),
        "labels are joined by user within 30d of scored_at there, labels are joined by user within 60d",
    );
    refused(
        &format!("{other} --unmatched drop"),
        "taken for \"negative\" there and is \"drop\" here",
    );
    let without = other.replace(
        "--labels events.csv --join user=customer --label-window 30d",
        "",
    );
    refused(&without, "no labels are joined here");
    // A history that began without labels has no prediction to join them with.
    let plain = without.replace("kept", "plain");
    let words: Vec<&str> = plain.split_whitespace().collect();
    churnctl.run(&words).expect(ExitCode::Ok);
    refused(
        &other.replace("kept", "plain"),
        "no labels are joined there",
    );
    let head = churnctl.read_json("kept/history.json");
    assert_eq!(head["schema_version"], 3);
    assert_eq!(
        head["shape"]["labels"],
        json!({"join": ["user"], "prediction_time": "scored_at", "label_window": "30d"})
    );
}
