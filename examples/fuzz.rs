//! Fuzzes every parser of foreign bytes by plain mutation, for so many seconds each:
//!
//! `cargo run --release --all-features --example fuzz -- SECONDS [TARGET...]`
//!
//! Prints runs by target. What panics or takes over a second is kept under `target/fuzz` and named;
//! then the exit code is 1. Where cargo-fuzz is there, `fuzz/run.sh` takes that: it looks at what the
//! code does with each input, which this does not.
#![allow(clippy::print_stdout, reason = "a program to run by hand")]

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use churnctl::foreign::{TARGETS, Target, mutated};
use churnctl::stats::bootstrap::SplitMix64;

/// What takes longer hangs.
const SLOW: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let chosen: Vec<String> = args.collect();
    let mut faults = 0;
    for target in TARGETS {
        if chosen.is_empty() || chosen.iter().any(|name| name == target.name) {
            faults += fuzz(target, Duration::from_secs(seconds));
        }
    }
    ExitCode::from(u8::from(faults > 0))
}

/// Returns how many inputs were kept.
fn fuzz(target: &Target, time: Duration) -> usize {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = home.join("fuzz/corpus").join(target.name);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let seeds: Vec<Vec<u8>> = files
        .filter_map(|file| std::fs::read(file.path()).ok())
        .collect();
    let begin = Instant::now();
    let start = begin.elapsed().as_nanos() as u64 ^ u64::from(std::process::id());
    let mut random = SplitMix64::new(start);
    let (mut runs, mut kept, mut slowest) = (0_u64, 0, Duration::ZERO);
    while begin.elapsed() < time && !seeds.is_empty() {
        let pick =
            |random: &mut SplitMix64| &seeds[(random.next_u64() % seeds.len() as u64) as usize];
        let (seed, other) = (pick(&mut random), pick(&mut random));
        let bytes = mutated(seed, other, &mut random);
        let began = Instant::now();
        let read = std::panic::catch_unwind(|| (target.read)(&bytes));
        let took = began.elapsed();
        slowest = slowest.max(took);
        runs += 1;
        if read.is_err() || took > SLOW {
            let kind = if read.is_err() { "crash" } else { "slow" };
            let file = home.join(format!("target/fuzz/{}-{kept}.{kind}", target.name));
            let _ = std::fs::create_dir_all(home.join("target/fuzz"));
            let _ = std::fs::write(&file, &bytes);
            println!("{}: {}", target.name, file.display());
            kept += 1;
        }
        if kept >= 10 {
            break;
        }
    }
    println!(
        "{:<14}{runs:>10} runs, {kept} kept, slowest {:.0} ms",
        target.name,
        slowest.as_secs_f64() * 1e3
    );
    kept
}
