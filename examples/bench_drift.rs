//! Measures `churnctl drift` on large tables, raw against raw and profile against raw, beside
//! the same figures computed by hand with polars. Linux only; prints figures, asserts nothing.
//!
//! `cargo run --release --example bench_drift -- 1000000 [--runs 3] [--python PATH]`
//!
//! What is measured how is said in `measure/mod.rs`.
#![allow(
    clippy::print_stdout,
    reason = "a program to run by hand: its output is its result"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::{Outcome, build_churnctl, cargo, check_system, measure, print_head};

mod measure;

/// Reads both tables, counts by the baseline's deciles and by category, sums up PSI; the
/// columns on as many threads as there are cores.
const POLARS: &str = r#"
import sys, math, polars as pl
from concurrent.futures import ThreadPoolExecutor
base, cur = pl.read_csv(sys.argv[1]), pl.read_csv(sys.argv[2])
def psi(name):
    b, c = base[name].drop_nulls(), cur[name].drop_nulls()
    if b.dtype.is_numeric():
        b, c = b.sort(), c.sort()
        edges = sorted({b.quantile(i / 10, "linear") for i in range(1, 10)})
        def counts(s):
            at = [0, *(s.search_sorted(e, side="left") for e in edges), len(s)]
            return [y - x for x, y in zip(at, at[1:])]
        pairs = list(zip(counts(b), counts(c)))
    else:
        b, c = (dict(s.value_counts().iter_rows()) for s in (b, c))
        pairs = [(b.get(k, 0), c.get(k, 0)) for k in b.keys() | c.keys()]
    nb, nc = (sum(side) + .5 * len(pairs) for side in zip(*pairs))
    shares = [((x + .5) / nb, (y + .5) / nc) for x, y in pairs]
    return sum((q - p) * math.log(q / p) for p, q in shares)
print(max(ThreadPoolExecutor().map(psi, base.columns)))
"#;

fn main() -> Outcome<()> {
    check_system()?;
    let options = Options::parse(std::env::args().skip(1))?;
    let churnctl = build_churnctl()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/bench")
        .join(options.rows.to_string());
    let (baseline, current) = (folder.join("baseline.csv"), folder.join("current.csv"));
    if !baseline.exists() || !current.exists() {
        println!(
            "writing {} rows a side to {}",
            options.rows,
            folder.display()
        );
        let rows = options.rows.to_string();
        cargo([
            "run",
            "--release",
            "--quiet",
            "--example",
            "make_drift_benchmark",
            "--",
        ])
        .args([folder.as_os_str(), rows.as_ref()])
        .status()?;
    }
    let megabytes = (fs::metadata(&baseline)?.len() + fs::metadata(&current)?.len()) as f64 / 1e6;
    println!(
        "{} rows a side, {megabytes:.0} MB, best of {} runs on {} cores, files in the page cache",
        options.rows,
        options.runs,
        std::thread::available_parallelism()?
    );
    print_head();

    let drift = |baseline: &Path| {
        let mut command = Command::new(&churnctl);
        command
            .args(["drift", "--quiet", "--baseline"])
            .arg(baseline);
        command.arg("--current").arg(&current);
        command.arg("--report").arg(folder.join("report.json"));
        command
    };
    let raw = measure("raw against raw", options.runs, || drift(&baseline))?;
    let profile = folder.join("profile.json");
    let made = Command::new(&churnctl)
        .args(["profile", "--quiet"])
        .arg(&baseline)
        .arg("-o")
        .arg(&profile)
        .stdout(std::process::Stdio::null())
        .status()?;
    let from_profile = if made.success() {
        Some(measure("profile against raw", options.runs, || {
            drift(&profile)
        })?)
    } else {
        println!("profile against raw      skipped: `churnctl profile` ended with {made}");
        None
    };

    let Some(python) = options.python.or_else(python_with_polars) else {
        println!("polars by hand           skipped: no python3 with polars (--python PATH)");
        return Ok(());
    };
    let polars = measure("polars by hand", options.runs, || {
        let mut command = Command::new(&python);
        command.args(["-c", POLARS]).arg(&baseline).arg(&current);
        command
    })?;
    println!("polars over churnctl:");
    polars.compare("raw against raw", &raw);
    if let Some(from_profile) = from_profile {
        polars.compare("profile against raw", &from_profile);
    }
    Ok(())
}

struct Options {
    rows: u64,
    runs: u32,
    python: Option<PathBuf>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = Self {
            rows: 1_000_000,
            runs: 3,
            python: None,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--runs" => options.runs = arguments.next().ok_or("--runs N")?.parse()?,
                "--python" => options.python = arguments.next().map(PathBuf::from),
                rows => options.rows = rows.parse()?,
            }
        }
        Ok(options)
    }
}

fn python_with_polars() -> Option<PathBuf> {
    let found = Command::new("python3")
        .args(["-c", "import polars"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    found.then(|| PathBuf::from("python3"))
}
