//! `churnctl score`: what it writes, and what it refuses.

use std::collections::BTreeMap;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Run, gzip};
use crate::models::{PRODUCTION, customers, number, rows_of, score, scoring, small_model};

fn out(churnctl: &Churnctl) -> Vec<BTreeMap<String, String>> {
    rows_of(&churnctl.read("out.csv"))
}

/// Asserts that a run was refused as bad input, and that the file of an earlier run is as it was.
#[track_caller]
fn refused(churnctl: Churnctl, says: &[&str]) {
    let churnctl = churnctl.file("out.csv", "of an earlier run");
    let model = std::fs::metadata(churnctl.path(PRODUCTION)).expect("a model");
    let mut run: Run = score(&churnctl, &[]).expect(ExitCode::BadInput);
    for text in says {
        run = run.says(text);
    }
    assert_eq!(churnctl.read("out.csv"), b"of an earlier run");
    let after = std::fs::metadata(churnctl.path(PRODUCTION)).expect("still there");
    assert_eq!(
        (after.len(), after.modified().expect("a time")),
        (model.len(), model.modified().expect("a time"))
    );
}

#[test]
fn identifiers_are_kept_and_the_class_follows_the_threshold() {
    let churnctl = scoring();
    let run = score(&churnctl, &[]).expect(ExitCode::Ok);
    assert!(!run.stderr.contains("warning"), "{run:#?}");
    let model = churnctl.read_json(PRODUCTION);
    let threshold = model["body"]["threshold"].as_f64().expect("a threshold");
    let rows = out(&churnctl);
    assert_eq!(rows.len(), 200);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row["user_id"], format!("u{at:05}"));
        assert_eq!(row["model_version"], model["version"]);
        let risk = number(row, "churn_risk");
        assert!(risk > 0.0 && risk < 1.0);
        assert_eq!(row["class"], if risk >= threshold { "1" } else { "0" });
    }
    assert!(rows.iter().any(|row| row["class"] == "1"));
    assert!(rows.iter().any(|row| row["class"] == "0"));
}

#[test]
fn a_threshold_by_cost_decides_the_class() {
    let churnctl = Churnctl::new()
        .table("data.csv", &customers(1_500, 1))
        .table("current.csv", &customers(200, 2));
    let args = ["--model", "logistic", "--cost-fn", "9", "--cost-fp", "1"];
    crate::models::train(&churnctl, &args).expect(ExitCode::Ok);
    let model = churnctl.read_json(PRODUCTION);
    let threshold = model["body"]["threshold"].as_f64().expect("a threshold");
    assert!(threshold < 0.4, "{threshold}");
    score(&churnctl, &[]).expect(ExitCode::Ok);
    for row in out(&churnctl) {
        let churns = number(&row, "churn_risk") >= threshold;
        assert_eq!(row["class"], if churns { "1" } else { "0" });
    }
}

#[test]
fn contributions_are_the_largest_first() {
    let churnctl = scoring();
    score(&churnctl, &["--explain", "2"]).expect(ExitCode::Ok);
    for row in out(&churnctl) {
        let sizes = ["contribution_1", "contribution_2"].map(|name| number(&row, name).abs());
        assert!(sizes[0] >= sizes[1], "{row:?}");
        for name in ["reason_1", "reason_2"] {
            assert!(
                ["visits", "noise", "plan"].contains(&&*row[name]),
                "{row:?}"
            );
        }
    }
    // The average customer's log-odds, calibrated or not, are the same in every row.
    score(&churnctl, &["--explain", "4"]).expect(ExitCode::Ok);
    let model = churnctl.read_json(PRODUCTION);
    let plain = model["body"]["calibration"].to_string().contains("none");
    let mut bases = Vec::new();
    for row in out(&churnctl) {
        assert_eq!((&*row["reason_4"], &*row["contribution_4"]), ("", ""));
        let risk = number(&row, "churn_risk");
        let sum: f64 = (1..=3)
            .map(|at| number(&row, &format!("contribution_{at}")))
            .sum();
        bases.push((risk / (1.0 - risk)).ln() - sum);
    }
    if plain {
        let first = bases[0];
        assert!(bases.iter().all(|base| (base - first).abs() < 1e-9));
    }
}

#[test]
fn the_rows_most_at_risk_come_first() {
    let churnctl = scoring();
    score(&churnctl, &[]).expect(ExitCode::Ok);
    let mut all = out(&churnctl);
    all.sort_by(|a, b| number(b, "churn_risk").total_cmp(&number(a, "churn_risk")));
    for most in [0, 1, 10, 500] {
        score(&churnctl, &["--top-k", &most.to_string()]).expect(ExitCode::Ok);
        assert_eq!(out(&churnctl), all[..most.min(200)], "{most}");
    }
}

#[test]
fn scores_are_the_same_in_a_pipe_compressed_and_with_any_threads() {
    let table = customers(200, 2).csv();
    let churnctl = scoring().file("current.csv.gz", gzip(&table));
    score(&churnctl, &[]).expect(ExitCode::Ok);
    let expected = churnctl.read("out.csv");
    for threads in ["1", "2"] {
        score(&churnctl, &["--threads", threads]).expect(ExitCode::Ok);
        assert_eq!(churnctl.read("out.csv"), expected, "{threads}");
    }
    let gz = ["score", "current.csv.gz", "--model", PRODUCTION, "-o", "-"];
    let run = churnctl.run(&gz).expect(ExitCode::Ok);
    assert_eq!(run.stdout.as_bytes(), expected);
    let pipe = ["score", "-", "--model", PRODUCTION, "-o", "-"];
    let run = churnctl
        .run_with_stdin(&pipe, table.as_bytes())
        .expect(ExitCode::Ok);
    assert_eq!(run.stdout.as_bytes(), expected);
}

#[test]
fn identifiers_with_commas_and_quotes_come_back_as_they_were() {
    let text = "\"plan\",user_id,noise,visits\nfree,\"Lovelace, Ada\",1,2\n\
                pro,\"the \"\"second\"\"\",0,-1\n";
    let churnctl = scoring().file("current.csv", text);
    score(&churnctl, &[]).expect(ExitCode::Ok);
    let rows = out(&churnctl);
    assert_eq!(rows[0]["user_id"], "Lovelace, Ada");
    assert_eq!(rows[1]["user_id"], "the \"second\"");
}

#[test]
fn rows_without_an_identifier_get_a_warning_and_another_column_can_be_one() {
    let table = customers(20, 2).without("user_id").with("phone", 100..120);
    let churnctl = scoring().table("current.csv", &table);
    score(&churnctl, &[])
        .expect(ExitCode::Ok)
        .says("no identifier");
    let run = score(&churnctl, &["--id", "phone"]).expect(ExitCode::Ok);
    assert!(!run.stderr.contains("no identifier"));
    assert_eq!(out(&churnctl)[3]["phone"], "103");
}

#[test]
fn missing_values_and_unseen_categories_have_scores() {
    let text = "user_id,visits,noise,plan\na,,,\nb,NA,0,enterprise\n";
    let churnctl = scoring().file("current.csv", text);
    score(&churnctl, &[]).expect(ExitCode::Ok);
    for row in out(&churnctl) {
        assert!(number(&row, "churn_risk") > 0.0);
    }
}

/// The 200 customers of [`scoring`], their plans spelled otherwise.
fn respelled(spell: impl Fn(&str) -> String) -> String {
    let mut table = customers(200, 2).csv();
    for plan in ["free", "basic", "pro"] {
        table = table.replace(&format!(",{plan},"), &format!(",{},", spell(plan)));
    }
    table
}

#[test]
fn unseen_categories_are_counted_with_the_first_ones_place() {
    let mut unseen = 0;
    let mut lines: Vec<String> = customers(200, 2).csv().lines().map(Into::into).collect();
    for line in lines
        .iter_mut()
        .skip(1)
        .filter(|line| line.contains(",pro,"))
    {
        *line = line.replace(",pro,", ",Pro,");
        unseen += 1;
    }
    let first = 1 + lines
        .iter()
        .position(|line| line.contains(",Pro,"))
        .expect("one");
    let churnctl = scoring().file("current.csv", lines.join("\n") + "\n");
    let run = score(&churnctl, &["--format", "json"]).expect(ExitCode::Ok);
    assert_eq!(run.json()["unseen"]["plan"], unseen);
    run.says(&format!(
        "\"plan\": {unseen} of 200 values were never seen in training, first \"Pro\" at current.csv:{first}"
    ))
    .says("but for upper and lower case: \"Pro\" may be \"pro\"");
    assert_eq!(out(&churnctl).len(), 200);
}

#[test]
fn a_feature_of_unseen_categories_is_refused_with_what_they_may_have_been() {
    for (spell, hint) in [
        (
            (|plan| plan.to_uppercase()) as fn(&str) -> String,
            "200 are known values but for upper and lower case: \"BASIC\" may be \"basic\"",
        ),
        // ASCII blanks around a text are not part of it; these are.
        (|plan| format!("\u{a0}{plan}\u{a0}"), "but for blanks"),
        (
            |plan| format!("\"[\"\"{plan}\"\"]\""),
            "within brackets or quotes: \"[\"basic\"]\" may be \"basic\"",
        ),
        (
            |_| "zzz".to_owned(),
            "known are \"free\", \"basic\", \"pro\"",
        ),
    ] {
        let churnctl = scoring().file("current.csv", respelled(spell));
        let says = "\"plan\": 200 of 200 values were never seen in training";
        refused(churnctl, &[says, "current.csv:2: column \"plan\"", hint]);
    }
}

#[test]
fn blanks_around_a_category_change_no_score() {
    let padded = scoring().file("current.csv", respelled(|plan| format!(" {plan}  ")));
    let plain = scoring().file("current.csv", respelled(str::to_owned));
    let scores = [&padded, &plain].map(|churnctl| {
        let run = score(churnctl, &["--format", "json"]).expect(ExitCode::Ok);
        assert_eq!(run.json().get("unseen"), None);
        let rows = out(churnctl).into_iter();
        rows.map(|row| row["churn_risk"].clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn codes_that_lost_their_zeros_are_refused_and_rare_ones_are_known() {
    let zip = |row: usize| match row % 500 {
        0 => format!("rare {row}"),
        at => format!("0{}", 1000 + at % 20),
    };
    let table = |rows, seed| customers(rows, seed).without("plan");
    let train = table(1_500, 1).with("zip", (0..1_500).map(zip));
    let churnctl = Churnctl::new().table("data.csv", &train);
    let args = [
        "--model",
        "logistic",
        "--categorical",
        "zip",
        "--promote",
        "always",
    ];
    crate::models::train(&churnctl, &args).expect(ExitCode::Ok);
    // Too rare for a level, and in the training data all the same.
    let rare = (0..200).map(|row| format!("rare {}", row % 3 * 500));
    let churnctl = churnctl.table("current.csv", &table(200, 2).with("zip", rare));
    let run = score(&churnctl, &[]).expect(ExitCode::Ok);
    assert!(!run.stderr.contains("never seen"), "{run:#?}");
    let lost = (0..200).map(|row| zip(row + 1)[1..].to_owned());
    let churnctl = churnctl.table("current.csv", &table(200, 2).with("zip", lost));
    refused(
        churnctl,
        &["whose leading zeros were lost: \"1000\" may be \"01000\""],
    );
}

#[test]
fn the_examples_of_the_artifact_score_as_it_says() {
    let model: Value = serde_json::from_slice(small_model()).expect("JSON");
    let examples = model["body"]["examples"].as_array().expect("examples");
    assert_eq!(examples.len(), 5);
    let mut text = "visits,noise,plan\n".to_owned();
    for example in examples {
        let values = ["visits", "noise", "plan"].map(|name| {
            let value = &example["values"][name];
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        text += &(values.join(",") + "\n");
    }
    let churnctl = scoring().file("current.csv", text);
    score(&churnctl, &[]).expect(ExitCode::Ok);
    for (row, example) in out(&churnctl).iter().zip(examples) {
        let expected = example["score"].as_f64().expect("a score");
        assert!((number(row, "churn_risk") - expected).abs() < 1e-12);
    }
}

#[test]
fn text_in_a_column_of_numbers_is_refused_at_its_place() {
    let text = "user_id,visits,noise,plan\na,1,1,free\nb,1,1,pro\nc,many,1,pro\nd,few,1,pro\n";
    let says = ["current.csv:4", "\"visits\"", "many"];
    refused(scoring().file("current.csv", text), &says);
}

#[test]
fn a_feature_that_the_data_lack_is_named_with_what_it_may_be_called() {
    let table = customers(20, 2).without("visits").with("vists", 0..20);
    let says = ["lack features of the model: visits", "\"vists\""];
    refused(scoring().table("current.csv", &table), &says);
}

#[test]
fn an_artifact_cut_anywhere_is_refused() {
    let whole = small_model();
    for part in 0..20 {
        let cut = &whole[..whole.len() * part / 20];
        refused(scoring().file(PRODUCTION, cut), &["production_latest.json"]);
    }
    // Without the line feed at its end it is whole.
    for end in [2, 3, 4] {
        refused(scoring().file(PRODUCTION, &whole[..whole.len() - end]), &[]);
    }
}

#[test]
fn an_artifact_that_was_changed_is_refused() {
    let text = String::from_utf8(small_model().to_owned()).expect("UTF-8");
    let start = text.find("\"intercept\":").expect("an intercept") + "\"intercept\":".len();
    let end = start + text[start..].find([',', '}']).expect("an end");
    for weight in ["1e999", "NaN", "null", "\"a\"", "0.5"] {
        let changed = format!("{}{weight}{}", &text[..start], &text[end..]);
        refused(scoring().file(PRODUCTION, changed), &["model"]);
    }
    let newer = text.replacen("\"schema_version\": 5", "\"schema_version\": 99", 1);
    refused(
        scoring().file(PRODUCTION, newer),
        &["99", "update churnctl"],
    );
    for (from, to) in [
        ("\"name\": \"churn\"", "\"name\": \"churm\""),
        ("\"created_at\": \"2", "\"created_at\": \"3"),
        ("\"schema_version\": 5", "\"schema_version\": 1"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        refused(scoring().file(PRODUCTION, changed), &["head"]);
    }
    for text in ["{}", "[]", "not json", "\0\0\0", "a,b\n1,2\n"] {
        refused(scoring().file(PRODUCTION, text), &[]);
    }
}

#[test]
fn an_artifact_of_10_gb_is_refused_unread() {
    let churnctl = scoring();
    let file = std::fs::File::create(churnctl.path(PRODUCTION)).expect("create");
    file.set_len(10 << 30).expect("a file with holes");
    drop(file);
    refused(churnctl, &["larger than"]);
}

#[test]
fn data_without_rows_or_that_are_not_there_leave_the_output_alone() {
    let churnctl = scoring().file("out.csv", "of an earlier run");
    let args = [
        "score",
        "absent.csv",
        "--model",
        PRODUCTION,
        "-o",
        "out.csv",
    ];
    churnctl.run(&args).expect(ExitCode::Io);
    let args = [
        "score",
        "current.csv",
        "--model",
        "absent.json",
        "-o",
        "out.csv",
    ];
    churnctl.run(&args).expect(ExitCode::Io).says("absent.json");
    assert_eq!(churnctl.read("out.csv"), b"of an earlier run");
    refused(scoring().file("current.csv", ""), &["current.csv"]);
}

#[test]
fn a_call_list_runs_nothing_in_a_spreadsheet_and_is_read_back_as_it_was() {
    let hostile = [
        "=1+1",
        "+49 170 abc",
        "-x",
        "@SUM(A1)",
        "\t=1",
        "-1.5",
        "-",
        "a=b",
    ];
    let churnctl = scoring();
    let text = String::from_utf8(churnctl.read("current.csv")).expect("UTF-8");
    let mut lines = text.lines();
    let mut table = format!("{},=note\n", lines.next().expect("a header"));
    for (at, line) in lines.enumerate() {
        table.push_str(&format!("{line},\"{}\"\n", hostile[at % hostile.len()]));
    }
    let churnctl = churnctl.file("current.csv", table);
    score(&churnctl, &["--keep", "=note"]).expect(ExitCode::Ok);
    let rows = out(&churnctl);
    assert_eq!(rows.len(), 200);
    for (at, row) in rows.iter().enumerate() {
        let note = hostile[at % hostile.len()];
        let expected = match note {
            "-1.5" | "-" | "a=b" => note.to_owned(),
            formula => format!("'{formula}"),
        };
        assert_eq!(row["'=note"], expected);
    }
    // Neither a column nor a value is new to the check.
    let args = [
        "drift",
        "--baseline",
        "current.csv",
        "--current",
        "out.csv",
        "--features",
        "=note",
        "--fail-on",
        "warn",
        "--format",
        "json",
    ];
    let report = churnctl.run(&args).expect(ExitCode::Ok).json();
    assert_eq!(report["psi_by_feature"]["=note"], 0.0, "{report}");
}

/// What `serve` refuses row by row, `score` tells: the score is that of a row that training never saw.
#[test]
fn an_empty_column_that_training_had_is_told() {
    let plans = ["a", "b", "c"];
    let row = |at: usize| format!("{},{},{}\n", at % 17, plans[at % 3], u8::from(at % 17 < 6));
    let table = "visits,plan,churn\n".to_owned() + &(0..400).map(row).collect::<String>();
    let churnctl = Churnctl::new()
        .file("t.csv", table)
        .file("new.csv", "visits,plan\n,a\n,b\n3,\n");
    let train = "train t.csv --label churn --positive 1 --promote always --cost-fn 5";
    let run = churnctl
        .run(&train.split(' ').collect::<Vec<_>>())
        .expect(ExitCode::Ok);
    assert!(
        run.stdout
            .contains("5 a missed churner and 1 a false alarm"),
        "{run:#?}"
    );
    let score =
        "score new.csv --model artifacts/models/production_latest.json -o s.csv --format json";
    let run = churnctl
        .run(&score.split(' ').collect::<Vec<_>>())
        .expect(ExitCode::Ok);
    assert!(
        run.stderr
            .contains("\"visits\" has no value in 2 of 3 rows"),
        "{run:#?}"
    );
    assert_eq!(
        run.json()["missing"],
        serde_json::json!({"visits": 2, "plan": 1})
    );
}

#[test]
fn a_threshold_that_makes_no_sense_is_refused_before_training() {
    let churnctl = Churnctl::new().file("t.csv", "visits,churn\n1,0\n2,1\n");
    for rule in [
        ["--capacity", "0"],
        ["--min-precision", "1.5"],
        ["--cost-fn", "nan"],
        ["--cost-fn=-1", "--quiet"],
    ] {
        let args = [&["train", "t.csv", "--label", "churn"], &rule[..]].concat();
        churnctl.run(&args).expect(ExitCode::Usage);
    }
}
