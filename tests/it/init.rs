//! `churnctl init`: from a table to settings that a check and a training run by.

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, Random, Table};

/// A month of 400 customers, told by an id, a snapshot, a signup date, a score and a label named otherwise
/// than ours.
fn month(seed: u64, day: &str) -> Table {
    let mut random = Random::new(seed);
    let numbers: Vec<u64> = (0..400).map(|_| random.below(50)).collect();
    let shares: Vec<String> = (0..400).map(|_| format!("{:.4}", random.share())).collect();
    let plans: Vec<&str> = (0..400)
        .map(|_| ["basic", "gold", "team"][random.below(3) as usize])
        .collect();
    let days = |first: usize| {
        (0..400).map(move |row| format!("2026-0{}-{:02}", first + row % 3, 1 + row % 28))
    };
    Table::default()
        .with(
            "customer_id",
            (0..400).map(|row| format!("C{:05}", row + seed as usize * 1000)),
        )
        .with(
            "snapshot_date",
            (0..400).map(|row| format!("{day}-{:02}", 1 + row % 28)),
        )
        .with("first_seen", days(1))
        .with("plan", plans)
        .with(
            "calls",
            numbers.iter().map(u64::to_string).collect::<Vec<_>>(),
        )
        .with("churn_probability", shares)
        .with(
            "Exited",
            numbers
                .iter()
                .map(|calls| if calls % 4 == 0 { "yes" } else { "no" })
                .collect::<Vec<_>>(),
        )
}

fn customers() -> Churnctl {
    Churnctl::new()
        .table("customers.csv", &month(1, "2026-06"))
        .table("july.csv", &month(2, "2026-07"))
}

#[test]
fn what_it_finds_it_says_why_and_the_settings_work_as_they_are() {
    let here = customers();
    let run = here
        .run(&["init", "customers.csv", "july.csv"])
        .expect(ExitCode::Ok);
    for said in [
        "Exited",
        "has the name of a label",
        "snapshot_date",
        "customer_id",
        "churn_probability",
        "first_seen",
    ] {
        assert!(run.stdout.contains(said), "{said}:\n{}", run.stdout);
    }
    let text = String::from_utf8(here.read("churnctl.toml")).expect("UTF-8");
    for line in [
        "label = \"Exited\"",
        // 8 of the 50 numbers below 50 that are multiples of four, thirteen of them: about a quarter.
        "positive = \"yes\"",
        "score = \"churn_probability\"",
        "id = [\"customer_id\"]",
        "date = [\"snapshot_date\", \"first_seen\"]",
        "baseline = [\"profiles/baseline.json\"]",
        "current = [\"july.csv\"]",
        "time = \"snapshot_date\"",
    ] {
        assert!(
            text.lines().any(|found| found.starts_with(line)),
            "{line} is not in\n{text}"
        );
    }
    // The same law in July: no drift, and no column is taken for what it is not.
    let check = here
        .run(&["drift", "--format", "json", "-q"])
        .expect(ExitCode::Ok)
        .json();
    let features: Vec<_> = check["features"]
        .as_array()
        .expect("features")
        .iter()
        .map(|one| one["feature"].clone())
        .collect();
    assert_eq!(features.len(), 2, "{features:?}");
    assert!(features.contains(&"plan".into()) && features.contains(&"calls".into()));
    assert!(here.path("drift.html").is_file());
    let train = here
        .run(&["train", "--format", "json", "-q", "--label-window", "1d"])
        .expect(ExitCode::Ok)
        .json();
    let learned = train["importance"].as_array().expect("features").iter();
    let mut learned: Vec<_> = learned.map(|one| one["feature"].clone()).collect();
    learned.sort_by_key(ToString::to_string);
    assert_eq!(learned, ["calls", "plan"], "{train:#}");
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    for file in ["churnctl.toml", "profiles/baseline.json", "churnctl.cron"] {
        let here = customers().file(file, "mine");
        here.run(&["init", "customers.csv", "--cron"])
            .expect(ExitCode::Io)
            .says(&format!("{file} already exists"))
            .says("init writes new files only");
        assert_eq!(here.read(file), b"mine");
        let others = ["churnctl.toml", "profiles/baseline.json", "churnctl.cron"];
        let others = others.iter().filter(|other| **other != file);
        assert!(
            others.into_iter().all(|other| !here.path(other).exists()),
            "{file}"
        );
    }
}

#[test]
fn flags_beat_proposals_and_what_is_not_there_is_refused() {
    let here = customers();
    here.run(&["init", "customers.csv", "--label", "exited"])
        .expect(ExitCode::BadInput)
        .says("Exited");
    here.run(&["init", "customers.csv", "--positive", "gone"])
        .expect(ExitCode::BadInput)
        .says("gone");
    here.run(&["init", "nothing.csv"])
        .expect(ExitCode::Io)
        .says("nothing.csv");
    here.run(&["init"]).expect(ExitCode::Usage);
    assert!(!here.path("churnctl.toml").exists());
    let flags = [
        "--label",
        "none",
        "--time",
        "first_seen",
        "--score",
        "none",
        "--id",
        "plan",
        "--model",
        "telco",
    ];
    let run = here
        .run(&[&["init", "customers.csv", "--json"][..], &flags].concat())
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(
        (&run["label"], &run["score"], &run["time"]),
        (
            &serde_json::Value::Null,
            &serde_json::Value::Null,
            &"first_seen".into()
        )
    );
    assert_eq!(run["id"], serde_json::json!(["customer_id", "plan"]));
    assert_eq!(here.run(&["config", "get", "model"]).stdout, "telco\n");
}

#[test]
fn a_profile_a_folder_and_a_table_without_a_label() {
    let here = customers();
    here.run(&["profile", "customers.csv", "-o", "old.json", "-q"])
        .expect(ExitCode::Ok);
    here.run(&["init", "old.json", "july.csv"])
        .expect(ExitCode::Ok);
    assert_eq!(
        here.run(&["config", "get", "drift.baseline"]).stdout,
        "old.json\n"
    );
    here.run(&["drift", "-q"]).expect(ExitCode::Ok);

    let here = Churnctl::new()
        .table("months/june.csv", &month(1, "2026-06").without("Exited"))
        .table("months/july.csv", &month(2, "2026-07").without("Exited"));
    let run = here.run(&["init", "months"]).expect(ExitCode::Ok);
    assert!(
        run.stdout.contains("no column has two values"),
        "{}",
        run.stdout
    );
    assert!(
        here.run(&["drift", "months/july.csv", "-q"])
            .expect(ExitCode::Ok)
            .stdout
            .contains("OK")
    );
}

#[test]
fn a_label_that_is_not_plain_is_never_guessed_where_nobody_can_be_asked() {
    let unnamed = month(1, "2026-06").csv().replacen("Exited", "gone_away", 1);
    let here = Churnctl::new().file("customers.csv", &unnamed);
    here.run(&["init", "customers.csv", "--github"])
        .expect(ExitCode::Usage)
        .says("no column has the name of a label")
        .says("--label NAME names the column, --label none goes on without one")
        .says("\"gone_away\" (no, yes)");
    assert!(!here.path("churnctl.toml").exists() && !here.path(".github").exists());
    let odd = unnamed.replace(",yes\n", ",B\n").replace(",no\n", ",A\n");
    let other = Churnctl::new().file("customers.csv", &odd);
    let label = ["init", "customers.csv", "--label", "gone_away"];
    other
        .run(&label)
        .expect(ExitCode::Usage)
        .says("which value of \"gone_away\" means churned: \"A\" or \"B\"")
        .says("--positive VALUE");
    other
        .run(&[&label[..], &["--positive", "B"]].concat())
        .expect(ExitCode::Ok);
    // Without one is what drift checks may well want, and the settings say where it would stand.
    let run = here
        .run(&["init", "customers.csv", "--label", "none"])
        .expect(ExitCode::Ok);
    assert!(run.stdout.contains("none was chosen"), "{}", run.stdout);
    let text = String::from_utf8(here.read("churnctl.toml")).expect("UTF-8");
    assert!(text.contains("# label = \"NAME\""), "{text}");
    let plain = month(1, "2026-06").without("Exited");
    Churnctl::new()
        .table("customers.csv", &plain)
        .run(&["init", "customers.csv"])
        .expect(ExitCode::Ok)
        .says("add label = \"NAME\" to [data] in churnctl.toml");
}

#[test]
fn a_score_is_known_by_its_name_and_a_share_is_a_feature() {
    let named = |name: &str| {
        let text = month(1, "2026-06")
            .csv()
            .replacen("churn_probability", name, 1);
        let here = Churnctl::new().file("customers.csv", text);
        let run = here.run(&["init", "customers.csv"]).expect(ExitCode::Ok);
        let text = String::from_utf8(here.read("churnctl.toml")).expect("UTF-8");
        (run.stdout, text)
    };
    for name in [
        "score",
        "prediction",
        "churnProbability",
        "p_churn",
        "y_pred",
    ] {
        let (_, text) = named(name);
        assert!(text.contains(&format!("score = \"{name}\"   #")), "{text}");
    }
    let (said, text) = named("discount");
    assert!(said.contains("score in [data] names one"), "{said}");
    let hint = "# score = \"NAME\"   # the column with the model's score; columns with values from 0 to 1: discount";
    assert!(text.contains(hint), "{text}");
}

#[test]
fn a_date_of_birth_is_not_the_time_of_a_row() {
    let born =
        month(1, "2026-06")
            .without("snapshot_date")
            .csv()
            .replacen("first_seen", "birth_date", 1);
    let here = Churnctl::new().file("customers.csv", &born);
    let found = here
        .run(&["init", "customers.csv", "--json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(
        (&found["time"], &found["date"]),
        (&serde_json::Value::Null, &serde_json::json!(["birth_date"]))
    );
    assert_eq!(here.run(&["config", "get", "train.time"]).stdout, "none\n");
    let here = Churnctl::new().file("customers.csv", born.replacen("birth_date", "Month", 1));
    let found = here
        .run(&["init", "customers.csv", "--json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(found["time"], "Month");
    // What sets nothing says nothing of settings.
    let help = here.run(&["init", "--help"]).stdout;
    assert!(!help.contains("[setting: data.label]"), "{help}");
}

#[test]
fn what_else_is_asked_for_comes_from_the_examples() {
    let here = customers();
    let all = [
        "init",
        "customers.csv",
        "july.csv",
        "--github",
        "--kubernetes",
        "--dvc",
        "--cron",
        "-q",
    ];
    here.run(&all).expect(ExitCode::Ok);
    let text = |name: &str| String::from_utf8(here.read(name)).expect("UTF-8");
    let workflow = text(".github/workflows/churn-model.yml");
    assert!(workflow.contains("baseline: profiles/baseline.json"));
    // It runs when something changes that its jobs read.
    for watched in [
        "churnctl.toml",
        "profiles/baseline.json",
        "july.csv",
        "k8s/**",
    ] {
        let line = format!("      - {watched}\n");
        assert!(workflow.contains(&line), "{watched}:\n{workflow}");
    }
    let pipeline = text("dvc.yaml");
    assert!(
        pipeline.contains("churnctl train customers.csv --label Exited --positive yes")
            && !pipeline.contains("data/training.csv"),
        "{pipeline}"
    );
    assert!(here.path("k8s/kustomization.yaml").is_file() && here.path("params.yaml").is_file());
    here.run(&["render-manifests", "--output-dir", "k8s", "--check", "-q"])
        .expect(ExitCode::Ok);

    // cron's line runs as it stands: the same law, so nothing is printed; other data, and the verdict is.
    let line = text("churnctl.cron");
    let line = line
        .lines()
        .find(|line| line.starts_with("0 1 * * * "))
        .expect("a line");
    let line = line.trim_start_matches("0 1 * * * ").to_owned();
    let binary = assert_cmd::cargo::cargo_bin!("churnctl");
    let sh = |line: &str| {
        let path = format!(
            "{}:/usr/bin:/bin",
            binary.parent().expect("a folder").display()
        );
        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", path)
            .output();
        let output = shell.expect("a shell");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("UTF-8"),
        )
    };
    assert_eq!(sh(&line), (Some(0), String::new()));
    let here = here.table("july.csv", &month(2, "2026-07").without("calls"));
    let (code, printed) = sh(&line);
    assert!(
        code == Some(2) && printed.contains("FAIL"),
        "{code:?} {printed}"
    );
    drop(here);

    let here = customers();
    here.run(&["init", "customers.csv", "--dvc"])
        .expect(ExitCode::Usage)
        .says("--dvc needs training data and current data");
    assert!(!here.path("churnctl.toml").exists() && !here.path("profiles").exists());
}

#[test]
fn a_secret_in_an_address_is_not_written() {
    let here = Churnctl::new().table("a b.csv", &month(1, "2026-06"));
    here.run(&["init", "a b.csv", "--github"])
        .expect(ExitCode::Ok);
    assert_eq!(
        here.run(&["config", "get", "train.data"]).stdout,
        "a b.csv\n"
    );
    let here = customers();
    let run = here.run(&[
        "init",
        "customers.csv",
        "postgres://me:geheim@127.0.0.1:1/db?table=t",
    ]);
    assert!(
        run.code != Some(0) && !run.stderr.contains("geheim"),
        "{run:?}"
    );
    assert!(!here.path("churnctl.toml").exists());
}

/// A limit on the size of files stands for a full disk: a part of `profiles/baseline.json` was left, and in the way of
/// the next try.
#[test]
fn a_disk_that_is_full_in_the_middle_leaves_nothing_and_the_next_try_succeeds() {
    let mut here = customers();
    let limit = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
    here.trace(["sh", "-c", limit].map(str::to_owned).to_vec());
    let init = ["init", "customers.csv", "july.csv"];
    here.run(&init).expect(ExitCode::Io).says("cannot write");
    for name in [
        "churnctl.toml",
        "churnctl.schema.json",
        "profiles/baseline.json",
    ] {
        assert!(!here.path(name).exists(), "{name}");
    }
    assert_eq!(here.temporary_files(""), [""; 0]);
    here.trace(Vec::new());
    here.run(&init).expect(ExitCode::Ok);
}
