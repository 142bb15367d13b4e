//! How long a command takes and how much memory: for the benchmarks. Linux only.
//!
//! Wall time is the best run's. CPU time is user and system time of that run, from
//! `/proc/self/stat` (10 ms steps). Memory is the peak of private pages, clean and dirty, read
//! from `/proc/PID/smaps_rollup` every 2 ms during one more run, so that reading costs no time.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a benchmark may end with.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Checks that this system tells of the memory of a process.
///
/// # Errors
/// If it does not.
pub(crate) fn check_system() -> Outcome<()> {
    if Path::new("/proc/self/smaps_rollup").exists() {
        return Ok(());
    }
    Err("this benchmark reads /proc/PID/smaps_rollup, which is not here".into())
}

/// Prints the line above the figures.
pub(crate) fn print_head() {
    println!(
        "{:<24} {:>9} {:>9} {:>11}",
        "", "wall s", "CPU s", "private MB"
    );
}

/// Starts cargo on this package.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments);
    command
}

/// Builds the release binary and returns its path: two floors above this example.
///
/// # Errors
/// If it cannot be built, or this is not a release build.
pub(crate) fn build_churnctl() -> Outcome<PathBuf> {
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

/// What a command took.
pub(crate) struct Figures {
    /// Of the best run.
    pub(crate) wall_seconds: f64,
    /// Of the same run, user and system.
    pub(crate) cpu_seconds: f64,
    /// Peak, of a run of its own.
    pub(crate) private_megabytes: f64,
}

impl Figures {
    /// Prints how many times as much this is.
    pub(crate) fn compare(&self, name: &str, other: &Self) {
        println!(
            "  {name:<22} {:>8.1}x {:>8.1}x {:>10.1}x",
            self.wall_seconds / other.wall_seconds,
            self.cpu_seconds / other.cpu_seconds,
            self.private_megabytes / other.private_megabytes
        );
    }
}

/// Runs a command once to warm up, then `runs` times for time and once for memory.
///
/// # Errors
/// If it ends with anything but 0 or 2.
pub(crate) fn measure(name: &str, runs: u32, command: impl Fn() -> Command) -> Outcome<Figures> {
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
