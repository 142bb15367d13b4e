//! Measures `churnctl score` on rows of Telco's width, beside LightGBM with pandas where a Python
//! has them. Linux only; prints figures, asserts nothing.
//!
//! `cargo run --release --example bench_score -- 1000000 [--runs 3] [--python PATH]`
//!
//! The rows are those of `examples/data/telco_baseline.csv`, over and over, each with an
//! identifier of its own. The model is trained on that table: trees, as many as early stopping
//! takes; LightGBM gets as many trees of as many leaves. Both read the table and write the scores
//! as CSV. That memory does not grow is shown by a table of a tenth of the rows.
//! What is measured how is said in `measure/mod.rs`.
#![allow(
    clippy::print_stdout,
    reason = "a program to run by hand: its output is its result"
)]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::{Figures, Outcome, build_churnctl, check_system, measure, print_head};

mod measure;

/// Trains once: `train TABLE TREES MODEL`.
const TRAIN: &str = r#"
import sys, pandas as pd, lightgbm as lgb
d = pd.read_csv(sys.argv[1])
y = (d.pop("churn") == "Yes").astype(int)
d = d.drop(columns=[c for c in d if c == "customer_id"])
for c in d.select_dtypes(exclude="number"): d[c] = d[c].astype("category")
p = dict(objective="binary", num_leaves=16, max_depth=4, learning_rate=.05, num_threads=2, verbose=-1)
lgb.train(p, lgb.Dataset(d, y), int(sys.argv[2])).save_model(sys.argv[3])
"#;

/// Scores: `MODEL TABLE OUTPUT [explain]`.
const SCORE: &str = r#"
import sys, numpy as np, pandas as pd, lightgbm as lgb
m = lgb.Booster(model_file=sys.argv[1])
d = pd.read_csv(sys.argv[2])
x = d[m.feature_name()].copy()
for c in x.select_dtypes(exclude="number"): x[c] = x[c].astype("category")
out = pd.DataFrame({"user_id": d["user_id"], "churn_risk": m.predict(x, num_threads=2)})
out["class"] = (out["churn_risk"] >= .5).astype(int)
if len(sys.argv) > 4:
    s = m.predict(x, pred_contrib=True, num_threads=2)[:, :-1]
    top = np.argsort(-abs(s), axis=1)[:, :3]
    for k in range(3):
        out[f"reason_{k+1}"] = np.array(m.feature_name())[top[:, k]]
        out[f"contribution_{k+1}"] = np.take_along_axis(s, top, 1)[:, k]
out.to_csv(sys.argv[3], index=False)
"#;

fn main() -> Outcome<()> {
    check_system()?;
    let (mut rows, mut runs, mut python) = (1_000_000_usize, 3, PathBuf::from("python3"));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runs" => runs = arguments.next().ok_or("--runs N")?.parse()?,
            "--python" => python = arguments.next().ok_or("--python PATH")?.into(),
            count => rows = count.parse()?,
        }
    }
    let churnctl = build_churnctl()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let baseline = root.join("examples/data/telco_baseline.csv");
    let folder = root.join("target/bench/score");
    fs::create_dir_all(&folder)?;
    let table = folder.join(format!("{rows}.csv"));
    let tenth = folder.join(format!("{}.csv", rows / 10));
    for (path, rows) in [(&table, rows), (&tenth, rows / 10)] {
        write_table(&baseline, path, rows)?;
    }
    let trees = train(&churnctl, &baseline, &folder)?;
    let model = folder.join("artifacts/models/production_latest.json");
    println!(
        "{rows} rows, {:.0} MB, {trees} trees, best of {runs} runs on {} cores, files in the page cache",
        fs::metadata(&table)?.len() as f64 / 1e6,
        std::thread::available_parallelism()?
    );
    print_head();
    let score = |table: &Path, explain: bool| {
        let mut command = Command::new(&churnctl);
        command.args(["score", "--quiet"]).arg(table);
        command.arg("--model").arg(&model);
        command.arg("-o").arg(folder.join("scores.csv"));
        command.args(explain.then_some(["--explain", "3"]).into_iter().flatten());
        command
    };
    let plain = measure("score", runs, || score(&table, false))?;
    let explained = measure("score --explain 3", runs, || score(&table, true))?;
    measure("score, a tenth", runs, || score(&tenth, false))?;
    let speed = |of: &Figures| rows as f64 / of.wall_seconds;
    println!(
        "rows a second: {:.0}; with contributions {:.0}",
        speed(&plain),
        speed(&explained)
    );

    let reference = folder.join("lightgbm.txt");
    let trained = Command::new(&python)
        .args(["-c", TRAIN])
        .arg(&baseline)
        .arg(trees.to_string())
        .arg(&reference)
        .stderr(Stdio::null())
        .status();
    if !trained.is_ok_and(|status| status.success()) {
        println!(
            "lightgbm                 skipped: no python3 with lightgbm and pandas (--python PATH)"
        );
        return Ok(());
    }
    let by_python = |explain: bool| {
        let mut command = Command::new(&python);
        command.args(["-c", SCORE]).arg(&reference).arg(&table);
        command.arg(folder.join("lightgbm.csv"));
        command.args(explain.then_some("explain"));
        command
    };
    let by_python_plain = measure("lightgbm", runs, || by_python(false))?;
    let by_python_explained = measure("lightgbm, explained", 1, || by_python(true))?;
    println!("lightgbm over churnctl:");
    by_python_plain.compare("score", &plain);
    by_python_explained.compare("score --explain 3", &explained);
    Ok(())
}

/// Writes so many rows, those of `baseline` over and over, unless they are there.
fn write_table(baseline: &Path, path: &Path, rows: usize) -> Outcome<()> {
    if path.exists() {
        return Ok(());
    }
    println!("writing {rows} rows to {}", path.display());
    let text = fs::read_to_string(baseline)?;
    let mut lines = text.lines();
    let header = lines.next().ok_or("no header")?;
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "user_id,{header}")?;
    let lines: Vec<&str> = lines.collect();
    for (row, line) in lines.iter().cycle().take(rows).enumerate() {
        writeln!(file, "u{row:08},{line}")?;
    }
    Ok(file.flush()?)
}

/// Trains on the baseline and returns how many trees the model has.
fn train(churnctl: &Path, baseline: &Path, folder: &Path) -> Outcome<usize> {
    let output = Command::new(churnctl)
        .args(["train", "--model", "trees", "--promote", "always"])
        .args(["--format", "json", "--quiet", "--label", "churn"])
        .arg(baseline)
        .arg("--artifacts")
        .arg(folder.join("artifacts"))
        .stderr(Stdio::inherit())
        .output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let description = report["description"].as_str().unwrap_or_default();
    let trees = description.split(' ').next().unwrap_or_default();
    Ok(trees.parse()?)
}
