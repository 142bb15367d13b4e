//! Tests of the grid: cells stay few, and shards merge to the whole.

use proptest::prelude::*;

use super::super::ordinal::{from_ordinal, ordinal};
use super::*;

fn grid(values: &[f64]) -> Grid {
    let mut grid = Grid::new(Scale::Plain, vec![0.0, 2.5]);
    values.iter().for_each(|&value| grid.add(value));
    grid.flush();
    grid
}

/// Deterministic values of all sizes and both signs.
fn many(count: u64) -> Vec<f64> {
    (0..count)
        .map(|number| {
            let bits = mix(number);
            let size = 10.0_f64.powi((bits % 9) as i32 - 4);
            (bits >> 11) as f64 / (1_u64 << 53) as f64 * size - size / 2.0
        })
        .collect()
}

#[test]
fn ordinals_keep_the_order_and_come_back() {
    let values = [
        f64::MIN,
        -2.0,
        -1.0,
        -5e-324,
        0.0,
        5e-324,
        1.0,
        1.5,
        f64::MAX,
    ];
    for pair in values.windows(2) {
        assert!(ordinal(pair[0]) < ordinal(pair[1]), "{pair:?}");
    }
    for value in values {
        assert_eq!(from_ordinal(ordinal(value)), value);
    }
    assert_eq!(ordinal(-0.0), ordinal(0.0));
}

#[test]
fn cells_stay_few_and_the_sum_of_counts_is_the_number_of_values() {
    let values = many(60_000);
    let grid = grid(&values);
    let (shift, cells) = grid.cells();
    assert!(cells.len() <= MAX_CELLS && cells.len() > MAX_CELLS / 2);
    assert!(shift > 0);
    assert_eq!(cells.iter().map(|cell| cell.1).sum::<u64>(), 60_000);
    let expected = values.iter().filter(|&&value| value >= 2.5).count() as u64;
    assert_eq!(grid.cuts.at_least[1], expected);
}

#[test]
fn fine_even_far_from_zero() {
    // A thousand values within one part in a million of each other keep a cell each.
    let values: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i)).collect();
    assert_eq!(grid(&values).cells().1.len(), 1000);
}

#[test]
fn shards_merge_to_the_whole() {
    let values = many(50_000);
    let mut whole = grid(&values);
    for cut in [1, 9_000, 49_999] {
        let mut merged = grid(&values[cut..]);
        merged.merge(grid(&values[..cut]));
        assert_eq!(merged.store(), whole.store());
    }
    let stored = whole.store();
    let mut back = Grid::from_stored(&stored).expect("own form");
    assert_eq!(back.store(), stored);
}

proptest! {
    #[test]
    fn every_value_lies_in_its_cell(value in proptest::num::f64::NORMAL, shift in 0..52_u32) {
        let key = ordinal(value) >> shift;
        prop_assert!(from_ordinal(key << shift) <= value);
        if let Some(next) = (key + 1).checked_shl(shift).filter(|next| next >> shift == key + 1) {
            prop_assert!(from_ordinal(next) > value || from_ordinal(next) == f64::MAX);
        }
    }
}
