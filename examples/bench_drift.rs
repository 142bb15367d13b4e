//! Measures `churnctl drift` on large tables, raw against raw and profile against raw, beside
//! the same figures computed by hand with polars. Linux only; prints figures, asserts nothing.
//!
//! `cargo run --release --example bench_drift -- 1000000 [--runs 3] [--python PATH]`
//!
//! Wall time is the best run's. CPU time is user and system time of that run, from
//! `/proc/self/stat` (10 ms steps). Memory is the peak of private pages, clean and dirty, read
//! from `/proc/PID/smaps_rollup` every 2 ms during one more run, so that reading costs no time.
#![allow(
    clippy::print_stdout,
    reason = "a program to run by hand: its output is its result"
)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

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
    if !Path::new("/proc/self/smaps_rollup").exists() {
        return Err("this benchmark reads /proc/PID/smaps_rollup, which is not here".into());
    }
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
    println!(
        "{:<24} {:>9} {:>9} {:>11}",
        "", "wall s", "CPU s", "private MB"
    );

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

fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments);
    command
}

/// Builds the release binary and returns its path: two floors above this example.
fn build_churnctl() -> Outcome<PathBuf> {
    let built = cargo(["build", "--release", "--quiet", "--bin", "churnctl"]).status()?;
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent);
    let churnctl = folder
        .ok_or("no folder above the example")?
        .join("churnctl");
    if !built.success() || !churnctl.exists() {
        return Err(format!("no {}: run with --release", churnctl.display()).into());
    }
    Ok(churnctl)
}

fn python_with_polars() -> Option<PathBuf> {
    let found = Command::new("python3")
        .args(["-c", "import polars"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    found.then(|| PathBuf::from("python3"))
}

struct Figures {
    wall_seconds: f64,
    cpu_seconds: f64,
    private_megabytes: f64,
}

impl Figures {
    fn compare(&self, name: &str, other: &Self) {
        println!(
            "  {name:<22} {:>8.1}x {:>8.1}x {:>10.1}x",
            self.wall_seconds / other.wall_seconds,
            self.cpu_seconds / other.cpu_seconds,
            self.private_megabytes / other.private_megabytes
        );
    }
}

/// Runs a command once to warm up, then `runs` times for time and once for memory.
fn measure(name: &str, runs: u32, command: impl Fn() -> Command) -> Outcome<Figures> {
    let mut best = (f64::INFINITY, 0.0);
    for run in 0..=runs.max(1) {
        let (cpu, start) = (children_cpu_seconds()?, Instant::now());
        let status = command().stdout(Stdio::null()).status()?;
        let wall = start.elapsed().as_secs_f64();
        // 2 says that there is drift, which is what the tables are made for.
        if !matches!(status.code(), Some(0 | 2)) {
            return Err(format!("{name} ended with {status}").into());
        }
        if run > 0 && wall < best.0 {
            best = (wall, children_cpu_seconds()? - cpu);
        }
    }
    let figures = Figures {
        wall_seconds: best.0,
        cpu_seconds: best.1,
        private_megabytes: peak_private_kilobytes(command())? as f64 / 1e3,
    };
    println!(
        "{name:<24} {:>9.3} {:>9.2} {:>11.1}",
        figures.wall_seconds, figures.cpu_seconds, figures.private_megabytes
    );
    Ok(figures)
}

/// User and system time of all children waited for.
fn children_cpu_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, field 2, may hold anything; cutime and cstime are fields 16 and 17, in 1/100 s.
    let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/self/stat is odd")?;
    let mut ticks = 0.0;
    for field in fields.split(' ').skip(13).take(2) {
        ticks += field.parse::<f64>()?;
    }
    Ok(ticks / 100.0)
}

/// Runs a command and returns the largest sum of `Private_*` seen, in units of 1,000 bytes.
fn peak_private_kilobytes(mut command: Command) -> Outcome<u64> {
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let rollup = format!("/proc/{}/smaps_rollup", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&rollup).unwrap_or_default();
        let private = text.lines().filter(|line| line.starts_with("Private_"));
        let kibibytes =
            private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        peak = peak.max(kibibytes.sum::<u64>() * 1024 / 1000);
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(peak)
}
