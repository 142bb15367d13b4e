//! Measures the tree learner on a large table, beside LightGBM where a Python has it.
//!
//! `cargo run --release --example bench_train -- 1000000 [--python PATH]`
//!
//! Makes a table of 22 numbers and 8 categories with a fixed seed, writes it as CSV under
//! `target/bench`, reads it, fits 100 trees of depth 6 at a rate of 0.1, and measures ROC AUC on
//! a tenth as many rows of the same law. Figures, and ratios of the same run; no assertion.
#![allow(clippy::print_stdout, reason = "a benchmark shows what it measures")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use churnctl::data::{DataSet, ReadOptions};
use churnctl::error::{Error, Result};
use churnctl::model::artifact::Calibration;
use churnctl::model::encode::fit_features;
use churnctl::model::frame::{Column, Frame, WantedColumn};
use churnctl::model::learner::Learner as _;
use churnctl::model::score::Scorer;
use churnctl::model::training_set::TrainingSet;
use churnctl::model::trees::Trees;
use churnctl::progress::Silent;
use churnctl::stats::bootstrap::SplitMix64;
use churnctl::stats::classification::{ScoredCell, performance};

const LEVELS: [u64; 8] = [2, 3, 4, 5, 8, 12, 25, 50];

/// Six hidden factors move the numbers and the label; so do the levels of the categories.
fn table(rows: usize, seed: u64) -> String {
    let mut random = SplitMix64::new(seed);
    let mut text = String::new();
    let numbers = (0..22).map(|j| format!("n{j:02}"));
    let categories = (0..8).map(|j| format!("c{j}"));
    let names: Vec<String> = numbers.chain(categories).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{},target", names.join(","));
    for _ in 0..rows {
        let z: [f64; 6] = std::array::from_fn(|_| random.next_normal());
        let mut logit = -2.4 + z[0] - 0.8 * z[1].max(0.0) + 0.7 * z[2] * z[3];
        logit += 0.5 * (2.0 * z[4]).sin() + if z[5].abs() > 1.2 { 0.6 } else { 0.0 };
        for j in 0..22_usize {
            let x = z[j % 6] * (0.6 + 0.02 * j as f64) + 0.8 * random.next_normal();
            let x = match j % 4 {
                1 => (0.6 * x).exp(),
                2 => (3.0 * x + 10.0).round().max(0.0),
                _ => x,
            };
            if [3, 8, 15].contains(&j) && random.next_unit() < 0.08 {
                text.push(',');
            } else {
                let _ = write!(text, "{x:.4},");
            }
        }
        for (j, &levels) in LEVELS.iter().enumerate() {
            let level = random.next_u64() % levels;
            let weight = ((level * 7919 + j as u64 * 104_729) % 1000) as f64 / 250.0 - 2.0;
            logit += weight * (0.25 + 0.04 * j as f64) * 0.9;
            let _ = write!(text, "L{j}_{level},");
        }
        let churned = random.next_unit() < 1.0 / (1.0 + (-logit).exp());
        let _ = writeln!(text, "{}", u8::from(churned));
    }
    text
}

fn read(path: &Path) -> Result<(Frame, Vec<bool>)> {
    let data = DataSet::open(&[path.display().to_string()], ReadOptions::default())?;
    let wanted: Vec<WantedColumn> = data.columns().iter().map(WantedColumn::new).collect();
    let (frame, ..) = Frame::read(data, &wanted, &Silent)?;
    let labels = match frame.column("target") {
        Some(Column::Numbers(numbers)) => numbers.iter().map(|&label| label == 1.0).collect(),
        _ => Vec::new(),
    };
    Ok((frame, labels))
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

const LIGHTGBM: &str = r#"
import sys, time, resource, pandas as pd
try: import lightgbm as lgb
except ImportError: print("skipped: this Python has no lightgbm"); sys.exit()
a, b = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
for c in [c for c in a.columns if c.startswith("c")]:
    levels = sorted(a[c].dropna().unique())
    a[c], b[c] = pd.Categorical(a[c], levels), pd.Categorical(b[c], levels)
t = time.time()
d = lgb.Dataset(a.drop(columns="target"), a["target"])
m = lgb.train(dict(objective="binary", num_leaves=31, learning_rate=.1, num_threads=2, verbose=-1), d, 100)
fit = time.time() - t
p, y = m.predict(b.drop(columns="target")), b["target"].values
r = pd.Series(p).rank().values; n1 = y.sum(); n0 = len(y) - n1
print("lightgbm   fit %.1f s   peak %.0f MB   ROC AUC %.4f" % (fit, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, (r[y == 1].sum() - n1 * (n1 + 1) / 2) / (n0 * n1)))
"#;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rows: usize = args
        .first()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(200_000);
    let at = args.iter().position(|arg| arg == "--python");
    let python = at
        .and_then(|at| args.get(at + 1))
        .map_or("python3", String::as_str);
    let folder = Path::new("target/bench");
    let [train, test] = ["train", "test"].map(|part| folder.join(format!("{part}_{rows}.csv")));
    for (path, rows, seed) in [(&train, rows, 1), (&test, rows / 10, 2)] {
        if !path.exists() {
            churnctl::files::write_atomically(path, table(rows, seed).as_bytes())?;
        }
    }
    let (frame, labels) = read(&train)?;
    let all: Vec<u32> = (0..frame.rows as u32).collect();
    let set = TrainingSet {
        frame: &frame,
        labels: &labels,
        rows: &all,
    };
    let none = TrainingSet { rows: &[], ..set };
    let names: Vec<String> = frame
        .names
        .iter()
        .filter(|name| *name != "target")
        .cloned()
        .collect();
    let begin = Instant::now();
    let features = fit_features(&set, &names);
    let trees = Trees {
        rounds: 100,
        learning_rate: 0.1,
        ..Trees::python(1)
    };
    let fitted = trees.fit(&features, &set, &none, &Silent)?;
    let fit = begin.elapsed().as_secs_f64();
    let (frame, labels) = read(&test)?;
    let all: Vec<u32> = (0..frame.rows as u32).collect();
    let scorer = Scorer::of(&features, &fitted.model, &Calibration::None)?;
    let scores = scorer.scores_of(&frame, &all, 2)?;
    let cells: Vec<ScoredCell> = scores
        .iter()
        .zip(&labels)
        .map(|(&score, &churned)| ScoredCell {
            score,
            positives: u64::from(churned),
            negatives: u64::from(!churned),
        })
        .collect();
    let roc_auc = performance(&cells, 0.5)
        .roc_auc
        .map_or(0.0, |figure| figure.value);
    println!("{rows} rows x 30 columns, 100 trees");
    println!(
        "churnctl   fit {fit:.1} s   peak {:.0} MB   ROC AUC {roc_auc:.4}",
        peak_mb()
    );
    let lightgbm = Command::new(python)
        .args(["-c", LIGHTGBM])
        .args([&train, &test])
        .output();
    match lightgbm {
        Ok(output) => print!("{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => println!(
            "lightgbm   skipped: {}",
            Error::io("run", Path::new(python), error)
        ),
    }
    Ok(())
}
