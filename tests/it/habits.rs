//! What people type by habit: sides by place, other tools' words, a report by its ending, the worst few.

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, Random, Run, Table};

/// Two months of five features: `plan` moved far, `region_of_the_customer_at_the_time_of_signing` and the
/// others stayed.
fn months() -> Churnctl {
    let month = |seed: u64, gold: f64| {
        let mut random = Random::new(seed);
        let mut table = Table::default();
        let plans: Vec<&str> = (0..600)
            .map(|_| if random.chance(gold) { "gold" } else { "basic" })
            .collect();
        table = table.with("plan", plans);
        let regions = (0..600).map(|_| ["north", "south"][random.below(2) as usize]);
        let regions: Vec<&str> = regions.collect();
        table = table.with("region_of_the_customer_at_the_time_of_signing", regions);
        for name in ["calls", "visits", "age"] {
            let values: Vec<u64> = (0..600).map(|_| random.below(40)).collect();
            table = table.with(name, values);
        }
        table.with("left", (0..600).map(|row| row % 7 / 6))
    };
    Churnctl::new()
        .table("old.csv", &month(1, 0.2))
        .table("new.csv", &month(2, 0.8))
}

fn drifted(run: Run) -> Run {
    run.expect(ExitCode::CheckFailed)
}

#[test]
fn the_two_sides_may_be_told_by_their_place() {
    let here = months();
    let short = drifted(here.run(&["drift", "old.csv", "new.csv", "--report", "none"]));
    let flags = [
        "drift",
        "--baseline",
        "old.csv",
        "--current",
        "new.csv",
        "--report",
        "none",
    ];
    assert_eq!(short.stdout, drifted(here.run(&flags)).stdout);
    let other = [
        "drift",
        "--reference",
        "old.csv",
        "--current",
        "new.csv",
        "--report",
        "none",
    ];
    assert_eq!(short.stdout, drifted(here.run(&other)).stdout);
    // One alone is the current side: the baseline is the one of the settings.
    let here = here.file(
        "churnctl.toml",
        "[drift]\nbaseline = [\"old.csv\"]\nreport = \"none\"\n",
    );
    assert_eq!(
        short.stdout,
        drifted(here.run(&["drift", "new.csv"])).stdout
    );
    assert!(
        here.run(&["drift", "verify", "--help"])
            .stdout
            .contains("<REPORT>")
    );
}

#[test]
fn what_is_said_twice_is_refused_with_both_names() {
    let here = months();
    let refused = |args: &[&str], said: &str| {
        let args = [&["drift"], args].concat();
        here.run(&args).expect(ExitCode::Usage).says(said);
    };
    refused(
        &["old.csv", "new.csv", "--current", "new.csv"],
        "the current data is named twice: by --current and by its place",
    );
    refused(
        &["old.csv", "new.csv", "--baseline", "old.csv"],
        "named twice: by --baseline",
    );
    refused(
        &["old.csv", "new.csv", "--reference", "old.csv"],
        "named twice: by --reference",
    );
    refused(
        &["--baseline", "old.csv", "--reference", "old.csv"],
        "cannot be used with",
    );
    refused(
        &["old.csv", "new.csv", "new.csv"],
        "3 addresses, but drift compares two",
    );
    refused(
        &["old.csv", "new.csv", "--label", "left", "--target", "left"],
        "cannot be used multiple times",
    );
    refused(
        &["old.csv", "new.csv", "-o", "a.html", "-o", "b.html"],
        "-o a.html and -o b.html are reports of one form",
    );
    refused(
        &["old.csv", "new.csv", "-o", "a.xml", "--junit", "b.xml"],
        "-o a.xml and --junit are reports of one form",
    );
    refused(
        &["old.csv", "new.csv", "-o", "report.pdf"],
        ".html, .md, .json and .xml",
    );
    refused(
        &["old.csv", "new.csv", "--json", "--format", "plain"],
        "cannot be used with",
    );
}

#[test]
fn a_report_has_the_form_that_its_name_says() {
    let here = months();
    let outputs = ["-o", "a.html", "-o", "b.md", "-o", "c.JSON", "-o", "d.xml"];
    let args = [&["drift", "old.csv", "new.csv"][..], &outputs].concat();
    drifted(here.run(&args)).says("wrote c.JSON, a.html, b.md, d.xml");
    for (name, start) in [
        ("a.html", "<!DOCTYPE html>"),
        ("b.md", "#"),
        ("d.xml", "<?xml"),
    ] {
        let text = String::from_utf8(here.read(name)).expect("UTF-8");
        assert!(
            text.to_lowercase().starts_with(&start.to_lowercase()),
            "{name}: {text:.60}"
        );
    }
    assert_eq!(here.read_json("c.JSON")["status"], "FAIL");
    assert!(
        !here.path("artifacts").exists(),
        "-o c.JSON is in place of the default"
    );
}

#[test]
fn the_words_of_other_tools_do_the_same_and_are_in_no_help() {
    let here = months();
    let args = [
        "drift", "old.csv", "new.csv", "--report", "none", "-q", "--label", "left",
    ];
    let with = |more: &[&str]| drifted(here.run(&[&args[..6], more].concat())).stdout;
    assert_eq!(with(&["--label", "left"]), with(&["--target", "left"]));
    let stamp = |text: String| {
        text.lines()
            .filter(|line| !line.contains("created_at"))
            .collect::<String>()
    };
    assert_eq!(stamp(with(&["--format", "json"])), stamp(with(&["--json"])));
    let error = here
        .run(&["--json", "drift", "gone.csv", "new.csv"])
        .expect(ExitCode::Io);
    assert!(error.stderr.trim_start().starts_with('{'), "{error:?}");
    let error = here
        .run(&["drift", "--bogus", "--json"])
        .expect(ExitCode::Usage);
    assert!(error.stderr.trim_start().starts_with('{'), "{error:?}");

    here.run(&["predict", "gone.csv", "-o", "-", "--model", "gone.json"])
        .expect(ExitCode::Io)
        .says("gone.json");
    let helps = here.run(&["--help"]).stdout
        + &here.run(&["drift", "--help"]).stdout
        + &here.run(&["score", "--help"]).stdout;
    for quiet in ["--reference", "--target", "--json", "predict "] {
        assert!(!helps.contains(quiet), "{quiet} is in the help");
    }
}

#[test]
fn only_the_worst_are_shown_and_the_rest_is_counted() {
    let here = months();
    let shown = |more: &[&str]| {
        let args = [
            "drift", "old.csv", "new.csv", "--report", "none", "-q", "--label", "left",
        ];
        drifted(here.run(&[&args, more].concat())).stdout
    };
    let features = |text: &str| text.matches("  feature  ").count();
    let all = shown(&[]);
    assert_eq!(features(&all), 5, "{all}");
    let verdict = all.lines().last();
    let top = shown(&["--top", "2"]);
    assert_eq!((features(&top), top.lines().last()), (2, verdict), "{top}");
    assert!(top.contains("not shown: 3 features (--top)"), "{top}");
    let only = shown(&["--only", "drifted"]);
    assert_eq!(
        (features(&only), only.lines().last()),
        (1, verdict),
        "{only}"
    );
    assert!(only.contains("not shown: 4 features (--only)"), "{only}");
    let json: serde_json::Value =
        serde_json::from_str(&shown(&["--top", "1", "--json"])).expect("JSON");
    assert_eq!(
        json["features"].as_array().map(Vec::len),
        Some(5),
        "programs get all"
    );
}

#[test]
fn a_name_is_whole_where_the_terminal_has_room() {
    let name = "region_of_the_customer_at_the_time_of_signing";
    for (columns, whole) in [("80", false), ("120", true)] {
        let here = months().env("COLUMNS", columns);
        let args = [
            "drift", "old.csv", "new.csv", "--report", "none", "--format", "table",
        ];
        let run = drifted(here.run(&args));
        assert_eq!(
            run.stdout.contains(name),
            whole,
            "{columns}:\n{}",
            run.stdout
        );
    }
}

#[test]
fn a_change_of_a_segments_share_stands_on_two_lines() {
    let here = months().env("COLUMNS", "80");
    let args = [
        "drift", "old.csv", "new.csv", "--report", "none", "--format", "table", "--by", "plan",
    ];
    let shown = drifted(here.run(&args)).stdout;
    assert!(shown.contains("plan=gold"), "{shown}");
    assert!(!shown.contains("\\n"), "{shown}");
}

#[test]
fn one_setting_or_those_of_one_command() {
    let here = Churnctl::new()
        .file("churnctl.toml", "[drift]\nfail_psi = 0.3\nbaseline = [\"a.csv\", \"b.csv\"]\n[drift.thresholds.plan]\nfail_psi = 0.5\n")
        .env("CHURNCTL_DRIFT_PUSH_GATEWAY", "http://user:geheim@push:9091");
    let get = |key: &str| here.run(&["config", "get", key]);
    assert_eq!(get("drift.fail_psi").expect(ExitCode::Ok).stdout, "0.3\n");
    assert_eq!(get("drift.baseline").stdout, "a.csv\nb.csv\n");
    assert_eq!(get("drift.thresholds.plan.fail_psi").stdout, "0.5\n");
    assert_eq!(get("drift.html").expect(ExitCode::Ok).stdout, "");
    assert!(!get("drift.push_gateway").stdout.contains("geheim"));
    get("drift.fail_psy")
        .expect(ExitCode::Usage)
        .says("did you mean \"drift.fail_psi\"?");
    let json = here
        .run(&["config", "get", "drift.fail_psi", "--json"])
        .json();
    assert_eq!(
        (&json["value"], &json["origin"]),
        (&0.3.into(), &"churnctl.toml:2".into())
    );

    let shown = here
        .run(&["config", "show", "drift.fail"])
        .expect(ExitCode::Ok)
        .stdout;
    let keys: Vec<_> = shown
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        keys.contains(&"drift.fail_psi") && keys.iter().all(|key| key.starts_with("drift.fail")),
        "{shown}"
    );
    here.run(&["config", "show", "drfit"])
        .expect(ExitCode::Usage)
        .says("no setting begins with \"drfit\"");
}

#[test]
fn verbose_says_what_was_read_what_was_decided_and_why() {
    let here = months().file("churnctl.toml", "[drift]\nfail_psi = 0.3\n");
    here.run(&["profile", "old.csv", "-o", "old.json"])
        .expect(ExitCode::Ok);
    let args = [
        "drift", "old.json", "new.csv", "--label", "left", "--report", "none",
    ];
    let quiet = drifted(here.run(&args));
    assert!(!quiet.stderr.contains("debug"), "{}", quiet.stderr);
    drifted(here.run(&[&args[..], &["-v"]].concat()))
        .says("settings file: churnctl.toml")
        .says("drift.fail_psi = 0.3 (churnctl.toml:2)")
        .says("baseline: a profile of 600 rows and 6 columns")
        .says("current: read new.csv, 600 rows, ")
        .says("left: left out (label), ")
        .says("plan: categorical, FAIL: PSI ")
        .says("calls: numeric, OK: nothing beyond chance and thresholds");
}
