//! The cells of a grid in a database's arithmetic: a cell is what is left of a double after low bits are
//! dropped, and between two powers of two that is a product with a power of two, rounded down. Both are
//! exact, so the database sorts numbers into the very cells that a file's numbers are counted in.

use churn_data::Dialect;

use super::super::ordinal::ordinal;
use super::super::scale::Scale;
use super::statements::halved;

/// Magnitudes below 2 to this power are taken for zero: scaled up they would leave the range of doubles.
const LEAST_EXPONENT: i32 = -960;

/// Bits of a double's fraction.
const FRACTION: u32 = 52;

/// Where the finite numbers of a column lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) min: f64,
    pub(super) max: f64,
    /// The negative number nearest to zero, and the positive one.
    pub(super) around_zero: [Option<f64>; 2],
}

impl Extent {
    /// The extent of scores as their cells are laid: those above one half are mirrored, from -1/2 to 0.
    /// How near to 1 they come is not known, so nearer than any score but 1 itself.
    fn of_scores(self) -> Self {
        if self.max <= 0.5 {
            return self;
        }
        let nearest = 1.0_f64.next_down() - 1.0;
        Self {
            min: self.min.min(-0.5),
            max: self.max.min(0.5).max(self.max - 1.0),
            around_zero: [
                Some(nearest),
                self.around_zero[1].filter(|value| *value <= 0.5),
            ],
        }
    }
}

/// The runs of numbers between powers of two, in rising order, and how each is cut into cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Octaves {
    scale: Scale,
    /// The first number of each run but the first.
    edges: Vec<f64>,
    /// The exponent of each run's magnitudes and whether they are negative; none for zero.
    runs: Vec<Option<(i32, bool)>>,
    /// Positions between the ends, as many as cells would be if no bit were dropped.
    positions: u64,
}

impl Octaves {
    pub(super) fn of(extent: Extent, scale: Scale) -> Self {
        let extent = match scale {
            Scale::Plain => extent,
            Scale::Score => extent.of_scores(),
        };
        let Extent {
            min,
            max,
            around_zero: [below, above],
        } = extent;
        let mut runs = Vec::new();
        let mut positions = 1;
        if let Some(nearest) = below {
            let [far, near] = [min.min(nearest), nearest].map(exponent);
            runs.extend((near..=far).rev().map(|exponent| Some((exponent, true))));
            positions += ordinal(nearest) - ordinal(min.min(nearest));
        }
        runs.push(None);
        if let Some(nearest) = above {
            let [near, far] = [nearest, max.max(nearest)].map(exponent);
            runs.extend((near..=far).map(|exponent| Some((exponent, false))));
            positions += ordinal(max.max(nearest)) - ordinal(nearest);
        }
        // A run of negative numbers ends with its power of two, the next begins above it.
        let first = |run: &Option<(i32, bool)>, before: &Option<(i32, bool)>| match (run, before) {
            (Some((exponent, false)), _) => two_to(*exponent),
            (_, Some((exponent, _))) => (-two_to(*exponent)).next_up(),
            (_, None) => 0.0,
        };
        let edges = runs.windows(2).map(|pair| first(&pair[1], &pair[0]));
        Self {
            scale,
            edges: edges.collect(),
            runs,
            positions,
        }
    }

    /// Returns how many low bits to drop so that there are no more cells than `most`, about.
    pub(super) fn shift(&self, most: u64) -> u32 {
        let mut shift = self.least_shift();
        while self.positions >> shift > most && shift < FRACTION {
            shift += 1;
        }
        shift
    }

    /// Returns the fewest low bits that can be dropped: numbers of cells must be exact doubles.
    pub(super) fn least_shift(&self) -> u32 {
        self.runs.len().next_power_of_two().trailing_zeros() + 2
    }

    /// An expression whose values are equal for numbers `x` of one cell, and different for others, but
    /// that a score above one half may share the value of a negative number.
    pub(super) fn cell(&self, dialect: Dialect, x: &str, shift: u32) -> String {
        let x = match self.scale {
            Scale::Plain => x.to_owned(),
            Scale::Score => format!(
                "(case when {x} > {} then {x} - {} else {x} end)",
                dialect.number(0.5),
                dialect.number(1.0)
            ),
        };
        let leaf = |(factor, offset)| match factor {
            0.0 => dialect.number(offset),
            _ => format!(
                "floor({x} * {}) + {}",
                dialect.number(factor),
                dialect.number(offset)
            ),
        };
        let leaves: Vec<String> = (0..self.runs.len())
            .map(|at| leaf(self.leaf(at, shift)))
            .collect();
        let edges: Vec<String> = self
            .edges
            .iter()
            .map(|edge| dialect.number(*edge))
            .collect();
        halved(&x, &edges, &leaves)
    }

    /// By what the numbers of a run are multiplied before they are rounded down, and what is added then.
    fn leaf(&self, at: usize, shift: u32) -> (f64, f64) {
        let bits = (FRACTION - shift) as i32;
        // Each run has twice the numbers that its cells need.
        let room = at as f64 * two_to(bits + 1);
        match self.runs[at] {
            None => (0.0, room),
            Some((exponent, true)) => (two_to(bits - exponent), room + two_to(bits + 1)),
            Some((exponent, false)) => (two_to(bits - exponent), room - two_to(bits)),
        }
    }
}

/// The exponent of a number's power of two.
fn exponent(number: f64) -> i32 {
    let biased = (number.to_bits() >> FRACTION) & 0x7ff;
    (biased as i32 - 1023).max(LEAST_EXPONENT)
}

fn two_to(power: i32) -> f64 {
    2.0_f64.powi(power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extent(values: &[f64]) -> Extent {
        let nearest = |side: fn(&f64) -> bool| {
            let values = values.iter().copied().filter(side);
            values.min_by(|a, b| a.abs().total_cmp(&b.abs()))
        };
        let fold = |better: fn(f64, f64) -> f64| values.iter().copied().reduce(better);
        Extent {
            min: fold(f64::min).expect("values"),
            max: fold(f64::max).expect("values"),
            around_zero: [nearest(|value| *value < 0.0), nearest(|value| *value > 0.0)],
        }
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(0.0),
            -4.0..4.0_f64,
            1e9..(1e9 + 1.0),
            (-200..200_i32).prop_map(two_to),
            (-200..200_i32).prop_map(|power| -two_to(power)),
            prop::num::f64::NORMAL.prop_filter("nearly zero", |value| value.abs() > 1e-280),
        ]
    }

    proptest! {
        #[test]
        fn numbers_of_one_value_are_of_one_cell_and_a_cell_has_two_values_at_most(
            values in prop::collection::vec(number(), 2..40), drop in 0..40_u32,
        ) {
            let octaves = Octaves::of(extent(&values), Scale::Plain);
            let least = octaves.least_shift();
            let shift = least + drop % (FRACTION - least);
            let value = |x: f64| {
                let at = octaves.edges.partition_point(|edge| *edge <= x);
                let (factor, offset) = octaves.leaf(at, shift);
                (x * factor).floor() + offset
            };
            let cell = |x: f64| Scale::Plain.position(x) >> shift;
            for pair in values.windows(2) {
                let is_one = value(pair[0]) == value(pair[1]);
                if is_one {
                    prop_assert!(cell(pair[0]) == cell(pair[1]), "{pair:?}");
                }
                // A cell of negative numbers that ends with a power of two lies in two runs.
                if cell(pair[0]) == cell(pair[1]) && pair.iter().all(|x| *x >= 0.0) {
                    prop_assert!(is_one, "{pair:?}");
                }
            }
        }
    }
}
