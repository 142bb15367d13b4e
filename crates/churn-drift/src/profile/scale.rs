//! On which scale the cells of a grid are laid: that of the doubles, or that of scores.

use serde::{Deserialize, Serialize};

use super::ordinal::{from_ordinal, ordinal};

/// Where a value lies among the cells of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Cells are a constant fraction of a value's size.
    #[default]
    Plain,
    /// Cells are a constant fraction of the distance to 0 or to 1, whichever is nearer: log loss
    /// takes the logarithm of both, and scores crowd at either end.
    Score,
}

impl Scale {
    /// Returns whether it is the plain one.
    pub(super) fn is_plain(&self) -> bool {
        *self == Self::Plain
    }

    /// Returns the position of a finite value in the order of all.
    #[inline(always)]
    pub(super) fn position(self, value: f64) -> u64 {
        match self {
            Self::Plain => ordinal(value),
            Self::Score => score_position(value),
        }
    }

    /// The inverse of [`position`](Self::position).
    pub(super) fn value(self, position: u64) -> f64 {
        let half = ordinal(0.5);
        match self {
            Self::Score if position > half => {
                1.0 - from_ordinal(half.saturating_sub(position - half))
            }
            Self::Plain | Self::Score => from_ordinal(position),
        }
    }
}

/// Up to one half the doubles themselves; above, the distances to 1 mirrored. They are exact: the
/// difference of 1 and a double from a half to 2 is a double.
#[inline(always)]
fn score_position(score: f64) -> u64 {
    if score <= 0.5 {
        return ordinal(score);
    }
    let half = ordinal(0.5);
    // A score beyond 1 is refused later; here it must only keep its place.
    half.saturating_add(half - ordinal(1.0 - score))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_keep_their_order_and_come_back_to_the_last_bit_near_both_ends() {
        let scores = [
            0.0,
            5e-324,
            1e-12,
            0.25,
            0.5,
            0.5_f64.next_up(),
            0.75,
            1.0 - 1e-12,
            1.0_f64.next_down(),
            1.0,
        ];
        for pair in scores.windows(2) {
            assert!(
                Scale::Score.position(pair[0]) < Scale::Score.position(pair[1]),
                "{pair:?}"
            );
        }
        for score in scores {
            assert_eq!(Scale::Score.value(Scale::Score.position(score)), score);
        }
        assert!(Scale::Score.position(2.0) > Scale::Score.position(1.0));
    }

    proptest! {
        #[test]
        fn both_ends_are_equally_fine(score in 1e-12..0.5_f64) {
            // The cell of a score and that of its mirror, both cut off at 40 bits, are as wide.
            let width = |score: f64| {
                let cell = Scale::Score.position(score) >> 40;
                Scale::Score.value((cell + 1) << 40) - Scale::Score.value(cell << 40)
            };
            let mirror = 1.0 - score;
            prop_assert!(width(mirror) <= 2.1 * width(1.0 - mirror));
        }
    }
}
