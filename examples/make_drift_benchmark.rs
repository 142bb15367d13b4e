//! Writes a baseline and a current table for drift benchmarks: 20 columns, both with the laws
//! and the shifts that `write_numbers` and `Categories` name. Same rows, same bytes on one machine.
//!
//! `cargo run --release --example make_drift_benchmark -- target/bench 1000000`

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use churnctl::stats::bootstrap::SplitMix64;

const SEED: u64 = 20_260_101;

const HEADER: &str = "n00,n01,n02,n03,n04,n05,n06,n07,n08,n09,n10,n11,n12,n13,c0,c1,c2,c3,c4,c5";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(rows)) = (arguments.next(), arguments.next()) else {
        return Err("usage: make_drift_benchmark FOLDER ROWS".into());
    };
    let rows: u64 = rows.parse()?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    // Two threads, one file each.
    std::thread::scope(|scope| {
        let other = scope.spawn(|| write_table(&folder.join("current.csv"), rows, true));
        write_table(&folder.join("baseline.csv"), rows, false)?;
        other
            .join()
            .unwrap_or_else(|_| Err(std::io::Error::other("the second writer stopped")))
    })?;
    Ok(())
}

fn write_table(path: &Path, rows: u64, current: bool) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "{HEADER}")?;
    let mut dice = Dice::new(SEED + u64::from(current));
    let categories = Categories::new(current);
    let mut line = Vec::with_capacity(512);
    for _ in 0..rows {
        line.clear();
        write_numbers(&mut line, &mut dice, current);
        categories.write(&mut line, &mut dice);
        out.write_all(&line)?;
    }
    out.flush()
}

/// The fourteen numeric columns; what differs on the current side is said beside it.
fn write_numbers(line: &mut Vec<u8>, dice: &mut Dice, current: bool) {
    let by_side = |baseline: f64, shifted: f64| if current { shifted } else { baseline };
    decimal(line, 50.0 + 10.0 * dice.normal());
    decimal(line, by_side(0.0, 0.30) + dice.normal()); // mean up by .3 sd
    decimal(line, (2.0 + dice.normal()).exp());
    decimal(line, (1.0 + by_side(1.0, 1.2) * dice.normal()).exp()); // wider
    decimal(line, 100.0 * dice.unit());
    decimal(line, by_side(1.0, 1.15) * dice.unit()); // beyond the range
    for zeros in [0.70, by_side(0.70, 0.60)] {
        // n07: fewer zeros
        let value = -3.0 * (1.0 - dice.unit()).ln();
        decimal(line, if dice.unit() < zeros { 0.0 } else { value });
    }
    integer(line, dice.poisson(4.0));
    integer(line, dice.poisson(by_side(2.0, 2.3))); // higher mean
    integer(line, (dice.unit() * 10.0) as u64);
    let value = 10.0 + 2.0 * dice.normal();
    missing_or(line, dice, by_side(0.02, 0.08), value); // more missing
    let value = (0.5 * dice.normal()).exp();
    missing_or(line, dice, 0.02, value);
    let value = by_side(1.0, 1.25) * dice.normal(); // wider
    missing_or(line, dice, 0.02, value);
}

/// The cumulated weights of the six categorical columns.
struct Categories {
    columns: [(&'static str, Vec<f64>); 6],
}

impl Categories {
    fn new(current: bool) -> Self {
        let mut devices = zipf(12);
        let mut campaigns = zipf(200);
        if current {
            devices.iter_mut().for_each(|weight| *weight *= 0.96);
            devices.push(0.04); // an unseen category
            campaigns.rotate_right(5); // other campaigns in front
        }
        let plans = vec![0.6, 0.3, 0.1];
        let tiers = if current {
            vec![0.45, 0.4, 0.15]
        } else {
            plans.clone()
        }; // shifted
        let columns = [
            ("plan_", plans),
            ("tier_", tiers),
            ("cc_", zipf(12)),
            ("dev_", devices),
            ("city_", zipf(50)),
            ("camp_", campaigns),
        ];
        Self {
            columns: columns.map(|(prefix, weights)| (prefix, cumulated(&weights))),
        }
    }

    fn write(&self, line: &mut Vec<u8>, dice: &mut Dice) {
        for (prefix, limits) in &self.columns {
            let drawn = dice.unit();
            let code = limits
                .partition_point(|limit| *limit <= drawn)
                .min(limits.len() - 1);
            line.extend_from_slice(prefix.as_bytes());
            line.extend([code / 100, code / 10 % 10, code % 10].map(|digit| b'0' + digit as u8));
            line.push(b',');
        }
        line.pop();
        line.push(b'\n');
    }
}

/// Weights falling as `1 / rank^1.1`, summing to 1.
fn zipf(size: usize) -> Vec<f64> {
    let weights: Vec<f64> = (1..=size).map(|rank| (rank as f64).powf(-1.1)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

fn cumulated(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |weight: &f64| {
        sum += weight;
        sum
    };
    weights.iter().map(add).collect()
}

/// Draws from the laws, by one generator.
struct Dice {
    bits: SplitMix64,
    spare: Option<f64>,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self {
            bits: SplitMix64::new(seed),
            spare: None,
        }
    }

    fn unit(&mut self) -> f64 {
        self.bits.next_unit()
    }

    /// A standard normal by Box and Muller, two at a time: tails as long as they should be.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.unit()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// Poisson by counting products of uniforms (Knuth); for small means.
    fn poisson(&mut self, mean: f64) -> u64 {
        let limit = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

fn missing_or(line: &mut Vec<u8>, dice: &mut Dice, share: f64, value: f64) {
    if dice.unit() < share {
        line.push(b',');
    } else {
        decimal(line, value);
    }
}

/// Writes a number as pandas does after `round(6)`: up to six decimals, at least one.
fn decimal(line: &mut Vec<u8>, value: f64) {
    let millionths = (value.abs() * 1e6).round() as u64;
    if value < 0.0 && millionths > 0 {
        line.push(b'-');
    }
    digits(line, millionths / 1_000_000);
    line.push(b'.');
    let start = line.len();
    let mut rest = millionths % 1_000_000;
    let mut unit = 100_000;
    for _ in 0..6 {
        line.push(b'0' + (rest / unit) as u8);
        rest %= unit;
        unit = (unit / 10).max(1);
    }
    while line.len() > start + 1 && line.last() == Some(&b'0') {
        line.pop();
    }
    line.push(b',');
}

fn integer(line: &mut Vec<u8>, value: u64) {
    digits(line, value);
    line.push(b',');
}

fn digits(line: &mut Vec<u8>, mut value: u64) {
    let mut buffer = [0_u8; 20];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    line.extend_from_slice(&buffer[at..]);
}
