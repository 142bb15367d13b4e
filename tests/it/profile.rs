//! `churnctl profile` and `profile merge`: shards make the whole, and a profile stands in for
//! its data.

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Table, gzip};

const SHARDS: usize = 4;

/// Puts `whole.csv` and its shards `shard-0.csv` .. into a folder. Each is cut somewhere else.
fn sharded(table: &Table) -> Churnctl {
    let text = table.csv();
    let (header, rows) = text.split_once('\n').expect("a header");
    let rows: Vec<&str> = rows.lines().collect();
    let mut churnctl = Churnctl::new().file("whole.csv", &text);
    let cut = |at: usize| rows.len() * at * (at + 1) / (SHARDS * (SHARDS + 1));
    for shard in 0..SHARDS {
        let part = rows[cut(shard)..cut(shard + 1)].join("\n");
        churnctl = churnctl.file(&format!("shard-{shard}.csv"), format!("{header}\n{part}\n"));
    }
    assert_eq!(cut(SHARDS), rows.len());
    churnctl
}

/// Returns a profile without what may differ: the name of the data and the time.
fn comparable(churnctl: &Churnctl, name: &str) -> Value {
    let mut profile = churnctl.read_json(name);
    for key in ["source", "created_at"] {
        assert!(profile[key].take().is_string(), "{key}");
    }
    profile
}

/// Asserts that the shards' profiles make the profile of the whole in any order, also by steps.
#[track_caller]
fn shards_make_the_whole(churnctl: &Churnctl, options: &[&str]) {
    let make = |args: &[&str]| {
        churnctl
            .run(&[&["profile"], args, options].concat())
            .expect(ExitCode::Ok);
    };
    make(&["whole.csv", "-o", "whole.json"]);
    for shard in 0..SHARDS {
        let (data, output) = (format!("shard-{shard}.csv"), format!("shard-{shard}.json"));
        make(&[&data, "-o", &output]);
    }
    let merge = |parts: &[usize], output: &str| {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| format!("shard-{part}.json"))
            .collect();
        let mut args = vec!["profile", "merge", "-o", output];
        args.extend(parts.iter().map(String::as_str));
        churnctl.run(&args).expect(ExitCode::Ok);
    };
    let whole = comparable(churnctl, "whole.json");
    for order in [[3, 2, 1, 0], [2, 0, 3, 1]] {
        merge(&order, "merged.json");
        assert!(comparable(churnctl, "merged.json") == whole, "{order:?}");
    }
    merge(&[1, 3], "shard-7.json");
    merge(&[0, 2], "shard-8.json");
    merge(&[7, 8], "merged.json");
    assert!(comparable(churnctl, "merged.json") == whole, "by steps");
    // To the byte, but for the two lines.
    let lines = |name: &str| -> Vec<String> {
        let text = String::from_utf8(churnctl.read(name)).expect("UTF-8");
        let differs = |line: &&str| line.contains("\"source\"") || line.contains("\"created_at\"");
        text.lines()
            .filter(|line| !differs(line))
            .map(str::to_owned)
            .collect()
    };
    assert!(lines("merged.json") == lines("whole.json"));
}

#[test]
fn shards_of_small_columns_make_the_whole_in_any_order() {
    let mut random = Random::new(1);
    let rows = 3_000;
    let table = Table::default()
        .with("number", random.normals(rows))
        .with("count", (0..rows).map(|_| random.below(9)))
        .with(
            "plan",
            (0..rows).map(|_| ["a", "b", "é", ""][random.below(4) as usize]),
        )
        .with(
            "marks",
            (0..rows).map(|_| ["NA", "nan", " ", "1", "x"][random.below(5) as usize]),
        )
        .with(
            "odd",
            (0..rows).map(|_| ["inf", "1e999", "-0", "0", "1e2", "100"][random.below(6) as usize]),
        )
        .with("score", (0..rows).map(|_| random.share()))
        .with("label", (0..rows).map(|_| random.below(2)))
        .with("day", vec!["2026-01-31"; rows])
        .with("id", 0..rows);
    let churnctl = sharded(&table);
    shards_make_the_whole(&churnctl, &[]);
    shards_make_the_whole(
        &churnctl,
        &["--score=score", "--label=label", "--categorical=count"],
    );
}

#[test]
fn shards_of_columns_too_wide_to_keep_make_the_whole_in_any_order() {
    let mut random = Random::new(2);
    // More than 20,000 distinct numbers come to a grid, more than 100,000 distinct texts to
    // hashes. No shard alone has so many texts, so the limit is crossed in the merge.
    let rows = 104_000;
    let table = Table::default()
        .with("grid", (0..rows).map(|_| random.normal() * 1e3))
        .with("whole", (0..rows).map(|_| random.below(1 << 40)))
        .with("texts", (0..rows).map(|at| format!("t{}", at * 7 % rows)))
        .with(
            "mixed",
            (0..rows).map(|at| match at % 3 {
                0 => format!("{}", random.share()),
                1 => String::new(),
                _ => format!("m{}", random.below(50)),
            }),
        );
    let churnctl = sharded(&table);
    // Named, since texts that are unique in every row are taken for identifiers.
    shards_make_the_whole(&churnctl, &["--features=grid,whole,texts,mixed"]);
    let whole = churnctl.read_json("whole.json");
    let has = |column: usize, part: &str| whole["columns"][column].get(part).is_some();
    assert!(
        has(0, "grid") && has(1, "grid") && has(2, "hashed"),
        "the limits are crossed"
    );
    assert!(has(3, "grid") && has(3, "values"));
    for shard in 0..SHARDS {
        let part = churnctl.read_json(&format!("shard-{shard}.json"));
        assert!(part["columns"][2].get("hashed").is_none());
    }
    // Its size does not follow the rows: 1.5 MB of texts and numbers would be the data.
    let (size, data) = (
        churnctl.read("whole.json").len(),
        churnctl.read("whole.csv").len(),
    );
    assert!(size * 8 < data, "{size} of {data}");
}

/// The verdict and figures of a check against this baseline.
fn checked(churnctl: &Churnctl, baseline: &str, options: &[&str]) -> Value {
    let args = [
        "drift",
        "--baseline",
        baseline,
        "--current",
        "current.csv",
        "--format=json",
        "--report=none",
    ];
    churnctl.run(&[&args[..], options].concat()).json()
}

#[test]
fn a_profile_stands_in_for_its_data_to_the_last_digit() {
    let mut random = Random::new(3);
    let mut side = |shift: f64, rows: usize| {
        Table::default()
            .with("number", (0..rows).map(|_| random.normal() + shift))
            .with("count", (0..rows).map(|_| random.below(9)))
            .with("region", (0..rows).map(|_| random.below(40)))
            .with(
                "plan",
                (0..rows).map(|_| ["a", "b", ""][random.below(3) as usize]),
            )
            .with("score", (0..rows).map(|_| random.share()))
            .with("label", (0..rows).map(|_| random.below(2)))
            .with("customer", 0..rows)
    };
    let churnctl = Churnctl::new()
        .table("baseline.csv", &side(0.0, 2_500))
        .table("current.csv", &side(0.4, 1_500))
        .env("SOURCE_DATE_EPOCH", "1700000000");
    let options = [
        "--score=score",
        "--label=label",
        "--categorical=region",
        "--id=customer",
    ];
    churnctl
        .run(
            &[
                &["profile", "baseline.csv", "-o", "baseline.json"][..],
                &options,
            ]
            .concat(),
        )
        .expect(ExitCode::Ok);
    let mut by_data = checked(&churnctl, "baseline.csv", &options);
    // What the columns are is in the profile.
    let mut by_profile = checked(&churnctl, "baseline.json", &[]);
    assert_eq!(by_data["baseline"].take(), "baseline.csv");
    assert_eq!(by_profile["baseline"].take(), "baseline.json");
    // The report says which files and settings it is of.
    for report in [&mut by_data, &mut by_profile] {
        assert!(report["inputs"].take()["baseline"]["counts_sha256"].is_string());
        assert!(report["settings"].take().is_object());
    }
    assert_eq!(by_profile, by_data);
    assert_eq!(by_data["performance"]["status"], "OK");
    assert_eq!(by_data["features"][0]["feature"], "number");
    assert_eq!(by_data["left_out"][0]["column"], "score");
}

#[test]
fn a_profile_on_a_grid_gives_the_same_psi_and_bounds_the_other_statistics() {
    let mut random = Random::new(4);
    let rows = 30_000;
    let mut side = |shift: f64| {
        Table::default()
            .with("normal", (0..rows).map(|_| random.normal() * 100.0 + shift))
            .with(
                "skewed",
                (0..rows).map(|_| 1.0 / (1.0 - random.share()) + shift / 100.0),
            )
    };
    let churnctl = Churnctl::new()
        .table("baseline.csv", &side(0.0))
        .table("current.csv", &side(30.0));
    churnctl
        .run(&["profile", "baseline.csv", "-o", "baseline.json"])
        .expect(ExitCode::Ok);
    churnctl
        .run(&["profile", "current.csv", "-o", "current.json"])
        .expect(ExitCode::Ok);
    let by_data = checked(&churnctl, "baseline.csv", &[]);
    let by_profile = checked(&churnctl, "baseline.json", &[]);
    assert_eq!(by_data["status"], by_profile["status"]);
    for (feature, psi) in by_data["psi_by_feature"].as_object().expect("an object") {
        let (one, other) = (psi.as_f64(), by_profile["psi_by_feature"][feature].as_f64());
        let (one, other) = (one.expect("a number"), other.expect("a number"));
        assert!((one - other).abs() <= 1e-9, "{feature}: {one} and {other}");
    }
    for feature in by_profile["features"].as_array().expect("features") {
        assert_eq!(feature["numeric"]["method"], "grid");
        let bound = feature["numeric"]["ks_statistic_error_bound"].as_f64();
        assert!(
            (0.0..0.01).contains(&bound.expect("a number")),
            "{feature:#}"
        );
    }
    // Two profiles, neither knows the other's edges: close, and it says that it is estimated.
    let args = [
        "drift",
        "--baseline=baseline.json",
        "--current=current.json",
        "--format=json",
    ];
    let by_two = churnctl.run(&args).json();
    for (feature, psi) in by_data["psi_by_feature"].as_object().expect("an object") {
        let (one, other) = (psi.as_f64(), by_two["psi_by_feature"][feature].as_f64());
        let (one, other) = (one.expect("a number"), other.expect("a number"));
        assert!((one - other).abs() <= 0.002, "{feature}: {one} and {other}");
    }
}

/// Exact statistics of numbers that a grid keeps only roughly, by sorting them all.
fn exact(baseline: &[f64], current: &[f64]) -> (f64, f64) {
    let mut all: Vec<(f64, bool)> = baseline.iter().map(|x| (*x, true)).collect();
    all.extend(current.iter().map(|x| (*x, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m) = (baseline.len() as f64, current.len() as f64);
    let (mut below, mut d, mut w) = ((0.0, 0.0), 0.0_f64, 0.0);
    for (at, (x, is_baseline)) in all.iter().enumerate() {
        if *is_baseline {
            below.0 += 1.0 / n;
        } else {
            below.1 += 1.0 / m;
        }
        let gap: f64 = below.0 - below.1;
        if let Some((next, _)) = all.get(at + 1)
            && next > x
        {
            d = d.max(gap.abs());
            w += gap.abs() * (next - x);
        }
    }
    let mean = baseline.iter().sum::<f64>() / n;
    let variance = baseline.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (d, w / variance.sqrt())
}

#[test]
fn the_bounds_of_grid_statistics_hold() {
    for (seed, scale, shift) in [
        (5, 1.0, 0.1),
        (6, 1e-6, 0.0),
        (7, 1e12, 5e10),
        (8, 3.0, 50.0),
    ] {
        let mut random = Random::new(seed);
        let baseline: Vec<f64> = random.normals(25_000).iter().map(|x| x * scale).collect();
        let current: Vec<f64> = random
            .normals(22_000)
            .iter()
            .map(|x| x * scale + shift)
            .collect();
        let (d, w) = exact(&baseline, &current);
        let churnctl = Churnctl::new()
            .table("baseline.csv", &Table::default().with("x", baseline))
            .table("current.csv", &Table::default().with("x", current));
        let report = checked(&churnctl, "baseline.csv", &[]);
        let numeric = &report["features"][0]["numeric"];
        assert_eq!(numeric["method"], "grid");
        let number = |key: &str| numeric[key].as_f64().expect(key);
        let (ks, bound) = (number("ks_statistic"), number("ks_statistic_error_bound"));
        assert!(
            (ks - d).abs() <= bound + 1e-12,
            "{ks} for {d}, bound {bound}"
        );
        let (own, bound) = (
            number("wasserstein_in_standard_deviations"),
            number("wasserstein_error_bound"),
        );
        assert!(
            (own - w).abs() <= bound + 1e-9 * w,
            "{own} for {w}, bound {bound}"
        );
        assert!(bound < 0.02, "{bound} is of use");
    }
}

#[test]
fn a_profile_can_go_to_standard_output_and_be_made_of_a_pipe() {
    let text = "age,plan\n1,a\n2,b\n3,\n";
    let churnctl = Churnctl::new()
        .file("t.csv", text)
        .file("t.csv.gz", gzip(text))
        .env("SOURCE_DATE_EPOCH", "1700000000");
    let run = churnctl
        .run(&["profile", "t.csv", "-o", "-", "-q"])
        .expect(ExitCode::Ok);
    assert_eq!(run.stderr, "");
    let profile = run.json();
    assert_eq!(profile["rows"], 3);
    assert_eq!(profile["command"], "profile");
    assert_eq!(profile["columns"][1]["missing"]["empty"], 1);
    let piped = churnctl.run_with_stdin(&["profile", "-", "-o", "-"], text.as_bytes());
    assert_eq!(
        piped
            .expect(ExitCode::Ok)
            .stdout
            .replace("\"-\"", "\"t.csv\""),
        run.stdout
    );
    let compressed = churnctl
        .run(&["profile", "t.csv.gz", "-o", "-"])
        .expect(ExitCode::Ok);
    assert_eq!(compressed.stdout.replace("t.csv.gz", "t.csv"), run.stdout);
    assert!(!churnctl.path("-").exists());
    // Merged to standard output, too.
    churnctl
        .run(&["profile", "t.csv", "-o", "p.json"])
        .expect(ExitCode::Ok);
    let merged = churnctl.run(&["profile", "merge", "p.json", "p.json", "-o", "-"]);
    assert_eq!(merged.expect(ExitCode::Ok).json()["rows"], 6);
}

#[test]
fn profiles_of_other_columns_or_roles_are_not_merged() {
    let churnctl = Churnctl::new()
        .file("a.csv", "age,plan\n1,a\n")
        .file("b.csv", "age,plan,more\n1,a,2\n");
    for args in [
        &["profile", "a.csv", "-o", "a.json"][..],
        &["profile", "b.csv", "-o", "b.json"],
        &["profile", "a.csv", "-o", "c.json", "--categorical=age"],
    ] {
        churnctl.run(args).expect(ExitCode::Ok);
    }
    churnctl
        .run(&["profile", "merge", "a.json", "b.json", "-o", "m.json"])
        .expect(ExitCode::BadInput)
        .says("\"more\" is only in b.csv")
        .says("hint: ");
    churnctl
        .run(&["profile", "merge", "a.json", "c.json", "-o", "m.json"])
        .expect(ExitCode::BadInput)
        .says("the columns' roles");
    assert!(!churnctl.path("m.json").exists());
    churnctl
        .run(&["profile", "a.csv", "-o", "x.json", "--categorical=ages"])
        .expect(ExitCode::BadInput)
        .says("there is no column \"ages\", named with --categorical")
        .says("did you mean \"age\"?");
}

/// Counts near 2^64 wrapped around when two profiles were merged, and the sum was believed.
#[test]
fn counts_that_no_data_have_are_damage() {
    let churnctl = Churnctl::new().file("a.csv", "plan\na\na\na\n");
    churnctl
        .run(&["profile", "a.csv", "-o", "a.json"])
        .expect(ExitCode::Ok);
    let text = std::fs::read_to_string(churnctl.path("a.json")).expect("read");
    for rows in [
        "18446744073709551615",
        "9223372036854775808",
        "9007199254740993",
    ] {
        let text = text
            .replace("\"rows\": 3", &format!("\"rows\": {rows}"))
            .replace("\"a\":3", &format!("\"a\":{rows}"));
        assert_eq!(text.matches(rows).count(), 2, "{text}");
        let churnctl = Churnctl::new().file("h.json", text);
        churnctl
            .run(&["profile", "merge", "h.json", "h.json", "-o", "m.json"])
            .expect(ExitCode::BadInput)
            .says("more rows than can be counted");
    }
    let half = text
        .replace("\"rows\": 3", "\"rows\": 9007199254740992")
        .replace("\"a\":3", "\"a\":9007199254740992");
    let churnctl = Churnctl::new().file("h.json", half);
    churnctl
        .run(&["profile", "merge", "h.json", "h.json", "-o", "m.json"])
        .expect(ExitCode::BadInput)
        .says("together they have more rows than can be counted");
}
