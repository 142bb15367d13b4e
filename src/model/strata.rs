//! Rows into parts at random: stratified by label, groups kept together, the same for the same
//! seed. Knows nothing of time, nor of what makes a row's key.

use std::collections::BTreeMap;

use super::frame::MISSING_CODE;
use super::identity::joined;

/// Returns the part of each of `rows`: a number below `shares.len()`.
///
/// Rows of one group get one part; a row whose group is missing, or any row when there are no
/// groups, is a group of its own. Groups with any positive row and groups without are dealt
/// apart from each other, so each part gets its share of both, by rows.
///
/// A key says who a row (or its group) is. What becomes of it depends on the key, not on its place
/// in the table: when the table has grown, nearly all rows are in the part where they were, so
/// that what an earlier model learned from is not what a later one is tested on.
///
/// # Formula
/// The groups of a stratum are ordered by a hash of seed and key and laid behind one another; a
/// group goes to the part in whose share of the stratum's rows its middle lies.
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
) -> Vec<usize> {
    let units = units(rows, group);
    let mut strata: [Vec<&Vec<usize>>; 2] = [Vec::new(), Vec::new()];
    for unit in &units {
        let positive = unit.iter().any(|&at| label[rows[at] as usize]);
        strata[usize::from(positive)].push(unit);
    }
    let total: f64 = shares.iter().sum();
    let mut parts = vec![0; rows.len()];
    for stratum in &mut strata {
        // Rows of one key stay in their order.
        stratum.sort_by_cached_key(|unit| joined(seed, keys[rows[unit[0]] as usize]));
        let stratum_rows: usize = stratum.iter().map(|unit| unit.len()).sum();
        let mut before = 0;
        for unit in stratum.iter() {
            let middle = (before as f64 + unit.len() as f64 / 2.0) / stratum_rows as f64;
            let part = part_at(middle * total, shares);
            for &at in *unit {
                parts[at] = part;
            }
            before += unit.len();
        }
    }
    parts
}

/// Positions in `rows` that must stay together.
fn units(rows: &[u32], group: Option<&[u32]>) -> Vec<Vec<usize>> {
    let Some(group) = group else {
        return (0..rows.len()).map(|at| vec![at]).collect();
    };
    let mut by_code: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (at, &row) in rows.iter().enumerate() {
        match group[row as usize] {
            MISSING_CODE => alone.push(vec![at]),
            code => by_code.entry(code).or_default().push(at),
        }
    }
    by_code.into_values().chain(alone).collect()
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(rows: usize) -> Vec<u64> {
        (0..rows as u64).map(|row| joined(row, 0)).collect()
    }

    #[test]
    fn rows_stay_where_they_were_when_the_table_grows_or_is_sorted_otherwise() {
        let part_of = |ids: &[u64]| -> BTreeMap<u64, usize> {
            let label: Vec<bool> = ids.iter().map(|id| id % 4 == 0).collect();
            let keys: Vec<u64> = ids.iter().map(|id| joined(*id, 0)).collect();
            let rows: Vec<u32> = (0..).take(ids.len()).collect();
            let parts = deal(&rows, &label, None, &keys, &[0.7, 0.15, 0.15], 42);
            ids.iter().copied().zip(parts).collect()
        };
        let before = part_of(&(0..4_000).collect::<Vec<_>>());
        assert_eq!(before, part_of(&(0..4_000).rev().collect::<Vec<_>>()));
        let after = part_of(&(0..6_000).collect::<Vec<_>>());
        let moved = before.iter().filter(|(id, part)| after[id] != **part);
        // The cuts move with the shares of the new rows; shuffled, 1,900 would move.
        let moved = moved.count();
        assert!(moved < 200, "{moved}");
    }

    #[test]
    fn each_part_gets_its_share_of_both_labels() {
        let label: Vec<bool> = (0..1_000).map(|row| row % 10 == 0).collect();
        let rows: Vec<u32> = (0..1_000).collect();
        let parts = deal(
            &rows,
            &label,
            None,
            &keys(label.len()),
            &[0.7, 0.15, 0.15],
            42,
        );
        let count = |part, positive| {
            let hit = |(at, one): (usize, &usize)| *one == part && label[at] == positive;
            parts.iter().enumerate().filter(|&pair| hit(pair)).count()
        };
        assert_eq!([0, 1, 2].map(|part| count(part, true)), [70, 15, 15]);
        assert_eq!([0, 1, 2].map(|part| count(part, false)), [630, 135, 135]);
    }

    #[test]
    fn another_seed_deals_otherwise() {
        let label: Vec<bool> = (0..100).map(|row| row % 4 == 0).collect();
        let rows: Vec<u32> = (0..100).collect();
        let one = deal(&rows, &label, None, &keys(label.len()), &[0.5, 0.5], 1);
        assert_eq!(
            one,
            deal(&rows, &label, None, &keys(label.len()), &[0.5, 0.5], 1)
        );
        assert_ne!(
            one,
            deal(&rows, &label, None, &keys(label.len()), &[0.5, 0.5], 2)
        );
    }

    proptest! {
        #[test]
        fn groups_stay_together(
            data in proptest::collection::vec((any::<bool>(), 0_u32..9), 1..80),
            seed: u64,
        ) {
            let label: Vec<bool> = data.iter().map(|row| row.0).collect();
            let group: Vec<u32> = data.iter().map(|row| row.1).collect();
            let rows: Vec<u32> = (0..).take(data.len()).collect();
            let parts = deal(&rows, &label, Some(&group), &keys(label.len()), &[0.7, 0.15, 0.15], seed);
            for (at, part) in parts.iter().enumerate() {
                for (other, other_part) in parts.iter().enumerate() {
                    prop_assert!(group[at] != group[other] || part == other_part);
                }
            }
        }
    }
}
