//! Rows into parts at random, groups kept together, the same for the same seed. Knows nothing of
//! time, nor of what makes a row's key.

use std::collections::{BTreeMap, HashMap};

use churn_drift::stats::bootstrap::SplitMix64;

use super::frame::MISSING_CODE;

/// Groups (or rows) of either label below which the parts get exact shares of both labels.
///
/// Above it the smallest usual part, 15 %, holds 60 +- 7 of them by chance alone, four standard
/// deviations above the 30 that a promotion wants to see.
const FEW_UNITS: usize = 400;

/// Rows dealt to parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealt {
    /// The part of each row: a number below the number of shares.
    pub parts: Vec<usize>,
    /// There were few rows of a label, so the parts got exact shares of both.
    pub stratified: bool,
}

/// Deals each of `rows` to a part.
///
/// Rows of one group get one part; a row whose group is missing, or any row when there are no
/// groups, is a group of its own.
///
/// A key says who a row (or its group) is. Where tables have no identifier, many rows share a key.
/// So the place of a group follows from seed, key and how many groups of its key came before it:
/// rows that look alike are dealt apart from each other, and whether one of them churned has no
/// part in it. When a table has grown by rows at its end, the others are in the part where they
/// were: what an earlier model learned from is not what a later one is tested on.
///
/// # Formula
/// A hash of seed, key and occurrence is a place in 0 to 1. A group goes to the part in whose
/// share its place lies. Where fewer than 400 groups have any positive row, or fewer than 400 have
/// none, chance could leave a part without: these tables are stratified. The groups with and
/// without positive rows are each ordered by their place and laid behind one another, and a group
/// goes to the part in whose share of the stratum's rows its middle lies.
///
/// # Panics
/// Panics if a row is not in `label`, `group` or `keys`, or there are no shares.
#[must_use]
pub fn deal(
    rows: &[u32],
    label: &[bool],
    group: Option<&[u32]>,
    keys: &[u64],
    shares: &[f64],
    seed: u64,
) -> Dealt {
    let units = units(rows, group, keys, seed);
    let mut strata: [Vec<&Unit>; 2] = [Vec::new(), Vec::new()];
    for unit in &units {
        let positive = unit.rows.iter().any(|&at| label[rows[at] as usize]);
        strata[usize::from(positive)].push(unit);
    }
    let total: f64 = shares.iter().sum();
    let mut parts = vec![0; rows.len()];
    let stratified = strata.iter().any(|stratum| stratum.len() < FEW_UNITS);
    if !stratified {
        for unit in &units {
            let part = part_at(unit.share() * total, shares);
            unit.rows.iter().for_each(|&at| parts[at] = part);
        }
        return Dealt { parts, stratified };
    }
    for stratum in &mut strata {
        stratum.sort_by_key(|unit| unit.place);
        let stratum_rows: usize = stratum.iter().map(|unit| unit.rows.len()).sum();
        let mut before = 0;
        for unit in stratum.iter() {
            let middle = (before as f64 + unit.rows.len() as f64 / 2.0) / stratum_rows as f64;
            let part = part_at(middle * total, shares);
            unit.rows.iter().for_each(|&at| parts[at] = part);
            before += unit.rows.len();
        }
    }
    Dealt { parts, stratified }
}

/// Rows that must stay together.
struct Unit {
    /// Positions in the rows that are dealt.
    rows: Vec<usize>,
    place: u64,
}

impl Unit {
    /// The place as a number in 0 to 1.
    fn share(&self) -> f64 {
        (self.place >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Where the group with this number among those of its key lies, in the whole range. Seeds are mostly
/// small and counts always are: only a hash in which every bit moves every other keeps the places
/// of one seed from leaning to those of the next.
fn place(seed: u64, key: u64, occurrence: u64) -> u64 {
    let hash = |number: u64| SplitMix64::new(number).next_u64();
    hash(hash(hash(seed) ^ key).wrapping_add(occurrence))
}

/// In the order of their first rows.
fn units(rows: &[u32], group: Option<&[u32]>, keys: &[u64], seed: u64) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut by_code: BTreeMap<u32, usize> = BTreeMap::new();
    let mut seen: HashMap<u64, u64> = HashMap::new();
    for (at, &row) in rows.iter().enumerate() {
        let code = group.map_or(MISSING_CODE, |group| group[row as usize]);
        if code != MISSING_CODE {
            if let Some(&unit) = by_code.get(&code) {
                units[unit].rows.push(at);
                continue;
            }
            by_code.insert(code, units.len());
        }
        let key = keys[row as usize];
        let before = seen.entry(key).or_default();
        units.push(Unit {
            rows: vec![at],
            place: place(seed, key, *before),
        });
        *before += 1;
    }
    units
}

fn part_at(position: f64, shares: &[f64]) -> usize {
    let mut end = 0.0;
    for (part, share) in shares.iter().enumerate() {
        end += share;
        if position < end {
            return part;
        }
    }
    shares.len() - 1
}

#[cfg(test)]
mod tests;
