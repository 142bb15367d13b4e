//! Makes the example tables from the Telco customers: a baseline and two current months of real
//! rows, see `examples/data/README.md`.
//!
//! `cargo run --example make_telco_months -- wa_churn.csv examples/data`

use std::error::Error;
use std::fs;
use std::path::Path;

use churnctl::stats::bootstrap::SplitMix64;

const SEED: u64 = 2026;
const BASELINE_ROWS: usize = 4_000;
const MONTH_ROWS: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(table), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: make_telco_months TABLE.csv FOLDER".into());
    };
    let text = fs::read_to_string(table)?;
    let mut lines = text.lines();
    let header = lines.next().ok_or("the table is empty")?;
    let names: Vec<&str> = header.split(',').map(unquoted).collect();
    let rows: Vec<&str> = lines.collect();

    let mut bits = SplitMix64::new(SEED);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    shuffle(&mut order, &mut bits);
    let (baseline, rest) = order.split_at(BASELINE_ROWS);

    let mut pool = rest.to_vec();
    shuffle(&mut pool, &mut bits);
    let stable = pool[..MONTH_ROWS].to_vec();

    shuffle(&mut pool, &mut bits);
    let mut shifted = Vec::new();
    while shifted.len() < MONTH_ROWS {
        pool.retain(|row| {
            let percent = chance_percent(&names, rows[*row]);
            let taken = shifted.len() < MONTH_ROWS && bits.next_u64() % 100 < percent;
            if taken {
                shifted.push(*row);
            }
            !taken
        });
    }

    let folder = Path::new(&folder);
    for (name, mut chosen) in [
        ("telco_baseline.csv", baseline.to_vec()),
        ("telco_stable.csv", stable),
        ("telco_shifted.csv", shifted),
    ] {
        // In the order of the source, so that a row is easy to find there.
        chosen.sort_unstable();
        let mut out = format!("{header}\n");
        for row in chosen {
            out.push_str(rows[row]);
            out.push('\n');
        }
        fs::write(folder.join(name), out)?;
    }
    Ok(())
}

/// How likely a customer is to be in the shifted month, per pass over those left: as if a
/// campaign had won young month-to-month customers for fiber.
fn chance_percent(names: &[&str], row: &str) -> u64 {
    // No field of the table holds a comma.
    let fields: Vec<&str> = row.split(',').map(unquoted).collect();
    let field = |name: &str| {
        let at = names.iter().position(|n| *n == name);
        at.map_or("", |at| fields[at])
    };
    let monthly = field("contract") == "Month-to-month";
    let fiber = field("internet_service") == "Fiber optic";
    let young = field("tenure")
        .parse()
        .is_ok_and(|months: u64| months <= 12);
    match (monthly, fiber, young) {
        (true, true, true) => 95,
        (true, true, false) => 50,
        (true, false, true) => 6,
        (true, false, false) => 3,
        (false, _, _) => 1,
    }
}

fn unquoted(field: &str) -> &str {
    field.trim_matches('"')
}

/// Fisher and Yates' shuffle. The remainder's bias is below 2^-50 at this size.
fn shuffle(rows: &mut [usize], bits: &mut SplitMix64) {
    for last in (1..rows.len()).rev() {
        let other = (bits.next_u64() % (last as u64 + 1)) as usize;
        rows.swap(last, other);
    }
}
