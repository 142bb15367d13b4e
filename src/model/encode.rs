//! Fits what becomes of each input column, on training rows only: medians, scales, levels,
//! and the target order of levels for trees.

use super::artifact::{Feature, FeatureKind};
use super::frame::{Column, Frame};
use super::threads;

/// Levels with fewer training rows than this are pooled into `other`.
pub const MIN_LEVEL_ROWS: u64 = 10;
/// Most levels that are kept, by count.
pub const MAX_LEVELS: usize = 1000;
/// Rows of the prior that a level's rate is mixed with, see [`smoothed_rate`].
pub const PRIOR_ROWS: f64 = 10.0;
/// Parts of the training rows: a row's target order comes from the other parts.
const FOLDS: usize = 5;

/// Rows of a frame with their labels: what a learner sees.
#[derive(Debug, Clone, Copy)]
pub struct TrainingSet<'a> {
    /// The table, all rows of it.
    pub frame: &'a Frame,
    /// The label of every row of `frame`: true is churned.
    pub labels: &'a [bool],
    /// The rows of this set.
    pub rows: &'a [u32],
}

impl TrainingSet<'_> {
    /// Returns how many rows the set has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether the set has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the labels of the set's rows.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = bool> {
        self.rows.iter().map(|&row| self.labels[row as usize])
    }

    /// Returns the share of churned rows, 0.5 without rows.
    #[must_use]
    pub fn prior(&self) -> f64 {
        if self.is_empty() {
            return 0.5;
        }
        self.targets().filter(|&label| label).count() as f64 / self.len() as f64
    }
}

/// Fits the named columns of the frame on the rows of `train`, in the order of `names`.
///
/// Numbers: median (mean of the middle two), mean and population standard deviation of the
/// values that are there. Categories: levels by falling count, then by name; those with fewer
/// than [`MIN_LEVEL_ROWS`] rows or beyond [`MAX_LEVELS`] are pooled into `other`. Their order
/// for trees is [`smoothed_rate`]. Names that are no column are left out.
#[must_use]
pub fn fit_features(train: &TrainingSet<'_>, names: &[String]) -> Vec<Feature> {
    let prior = train.prior();
    threads::in_order(threads::available(), names.len(), |index| {
        let name = &names[index];
        let column = train.frame.column(name)?;
        let (kind, nullable) = match column {
            Column::Numbers(numbers) => fit_number(train, numbers),
            Column::Categories { codes, levels } => fit_category(train, codes, levels, prior),
        };
        Some(Feature {
            name: name.clone(),
            kind,
            nullable,
        })
    })
    .into_iter()
    .flatten()
    .collect()
}

fn fit_number(train: &TrainingSet<'_>, numbers: &[f64]) -> (FeatureKind, bool) {
    let values = train.rows.iter().map(|&row| numbers[row as usize]);
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    let nullable = values.len() < train.len();
    if values.is_empty() {
        let kind = FeatureKind::Number {
            median: 0.0,
            mean: 0.0,
            scale: 1.0,
            min: 0.0,
            max: 0.0,
        };
        return (kind, nullable);
    }
    let rows = values.len() as f64;
    // Around the first value, so that large offsets cost no digits.
    let origin = values[0];
    let mean = origin + values.iter().map(|value| value - origin).sum::<f64>() / rows;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / rows;
    let (min, max) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| {
            (min.min(*value), max.max(*value))
        });
    let scale = if max > min && variance.sqrt().is_normal() {
        variance.sqrt()
    } else {
        1.0
    };
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().max_by(f64::total_cmp);
    let median = match lower {
        Some(lower) if even => lower + (upper - lower) / 2.0,
        _ => upper,
    };
    let kind = FeatureKind::Number {
        median,
        mean,
        scale,
        min,
        max,
    };
    (kind, nullable)
}

/// Rows of a level: all, and the churned ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Tally {
    rows: u64,
    churned: u64,
}

fn fit_category(
    train: &TrainingSet<'_>,
    codes: &[u32],
    texts: &[String],
    prior: f64,
) -> (FeatureKind, bool) {
    let mut tallies = vec![Tally::default(); texts.len()];
    let mut missing = 0;
    for (&row, label) in train.rows.iter().zip(train.targets()) {
        match tallies.get_mut(codes[row as usize] as usize) {
            Some(tally) => {
                tally.rows += 1;
                tally.churned += u64::from(label);
            }
            None => missing += 1,
        }
    }
    let mut kept: Vec<usize> = (0..texts.len())
        .filter(|&code| tallies[code].rows >= MIN_LEVEL_ROWS)
        .collect();
    kept.sort_by(|&a, &b| {
        tallies[b]
            .rows
            .cmp(&tallies[a].rows)
            .then_with(|| texts[a].cmp(&texts[b]))
    });
    kept.truncate(MAX_LEVELS);
    let mut other = Tally::default();
    for tally in &tallies {
        other.rows += tally.rows;
        other.churned += tally.churned;
    }
    for &code in &kept {
        other.rows -= tallies[code].rows;
        other.churned -= tallies[code].churned;
    }
    let rate = |tally: Tally| smoothed_rate(tally.churned as f64, tally.rows as f64, prior);
    let kind = FeatureKind::Category {
        levels: kept.iter().map(|&code| texts[code].clone()).collect(),
        order: kept
            .iter()
            .map(|&code| rate(tallies[code]))
            .chain([rate(other)])
            .collect(),
    };
    (kind, missing > 0)
}

/// Computes the share of churned rows, pulled towards the prior where rows are few.
///
/// # Formula
/// `(churned + m prior) / (rows + m)`, m = [`PRIOR_ROWS`] (Micci-Barreca 2001, "A preprocessing
/// scheme for high-cardinality categorical attributes", with a fixed weight of the prior).
#[must_use]
pub fn smoothed_rate(churned: f64, rows: f64, prior: f64) -> f64 {
    (churned + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
}

/// Returns for each code of a frame's column the position of its level: `levels.len()` is
/// `other`. A missing code is beyond the result.
#[must_use]
pub(super) fn level_positions(texts: &[String], levels: &[String]) -> Vec<u32> {
    let mut sorted: Vec<(&str, u32)> = levels.iter().map(String::as_str).zip(0..).collect();
    sorted.sort_unstable();
    let other = levels.len() as u32;
    texts
        .iter()
        .map(|text| {
            sorted
                .binary_search_by(|(level, _)| (*level).cmp(text))
                .map_or(other, |at| sorted[at].1)
        })
        .collect()
}

/// Returns the trees' input of the set for one feature: numbers as they are, categories by
/// target order, NaN for missing.
///
/// With `crossed`, for the rows that trees are trained on, a row's order comes from the rows
/// outside its fold of five, so that no row sees its own label. Folds follow from the row's
/// index alone.
pub(super) fn tree_column(feature: &Feature, set: &TrainingSet<'_>, crossed: bool) -> Vec<f64> {
    let rows = set.rows.iter().map(|&row| row as usize);
    match (&feature.kind, set.frame.column(&feature.name)) {
        (FeatureKind::Number { .. }, Some(Column::Numbers(numbers))) => {
            rows.map(|row| numbers[row]).collect()
        }
        (
            FeatureKind::Category { levels, order },
            Some(Column::Categories {
                codes,
                levels: texts,
            }),
        ) => {
            let positions = level_positions(texts, levels);
            let rates: Vec<[f64; FOLDS]> = if crossed {
                crossed_rates(set, codes, &positions, order.len())
            } else {
                order.iter().map(|rate| [*rate; FOLDS]).collect()
            };
            rows.map(|row| match positions.get(codes[row] as usize) {
                Some(&position) => rates[position as usize][fold(row)],
                None => f64::NAN,
            })
            .collect()
        }
        // The features were fitted on this frame: no case that happens.
        _ => vec![f64::NAN; set.len()],
    }
}

/// Returns the fold of a row: the high bits of its index times the golden ratio.
fn fold(row: usize) -> usize {
    let hash = (row as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((hash >> 33) % FOLDS as u64) as usize
}

/// Returns the rate of each level as the rows of each fold see it: from the other folds.
fn crossed_rates(
    set: &TrainingSet<'_>,
    codes: &[u32],
    positions: &[u32],
    levels: usize,
) -> Vec<[f64; FOLDS]> {
    let prior = set.prior();
    let mut tallies = vec![[Tally::default(); FOLDS]; levels];
    for (&row, label) in set.rows.iter().zip(set.targets()) {
        let row = row as usize;
        if let Some(&position) = positions.get(codes[row] as usize) {
            let tally = &mut tallies[position as usize][fold(row)];
            tally.rows += 1;
            tally.churned += u64::from(label);
        }
    }
    let without = |folds: &[Tally; FOLDS], own: usize| {
        let mut others = Tally::default();
        for (_, tally) in folds.iter().enumerate().filter(|(fold, _)| *fold != own) {
            others.rows += tally.rows;
            others.churned += tally.churned;
        }
        smoothed_rate(others.churned as f64, others.rows as f64, prior)
    };
    tallies
        .iter()
        .map(|folds| std::array::from_fn(|own| without(folds, own)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(codes: Vec<u32>, levels: &[&str]) -> Frame {
        Frame {
            rows: codes.len(),
            names: vec!["plan".into()],
            columns: vec![Column::Categories {
                codes,
                levels: levels.iter().map(|&level| level.into()).collect(),
            }],
        }
    }

    #[test]
    fn numbers_have_median_mean_and_scale_of_what_is_there() {
        let frame = Frame {
            rows: 5,
            names: vec!["n".into(), "constant".into()],
            columns: vec![
                Column::Numbers(vec![4.0, 1.0, f64::NAN, 2.0, 9.0]),
                Column::Numbers(vec![0.1; 5]),
            ],
        };
        let rows: Vec<u32> = (0..5).collect();
        let set = TrainingSet {
            frame: &frame,
            labels: &[false; 5],
            rows: &rows,
        };
        let features = fit_features(&set, &["n".into(), "absent".into(), "constant".into()]);
        assert_eq!(features.len(), 2);
        assert!(features[0].nullable && !features[1].nullable);
        let FeatureKind::Number {
            median,
            mean,
            scale,
            min,
            max,
        } = features[0].kind
        else {
            panic!("a number");
        };
        // numpy.median, mean, std of [4, 1, 2, 9].
        assert_eq!((median, mean, min, max), (3.0, 4.0, 1.0, 9.0));
        assert!((scale - 3.082_207_001_484_488).abs() < 1e-15);
        assert!(matches!(
            features[1].kind,
            FeatureKind::Number { scale: 1.0, .. }
        ));
    }

    #[test]
    fn rare_levels_are_pooled_and_rates_pulled_towards_the_prior() {
        // 30 of a (15 churned), 20 of b (none), 9 of c (all): 24 of 60 with one missing.
        let mut codes = vec![0; 30];
        codes.extend([1; 20]);
        codes.extend([2; 9]);
        codes.push(u32::MAX);
        let labels: Vec<bool> = (0..60)
            .map(|row| row < 15 || (50..59).contains(&row))
            .collect();
        let frame = category(codes, &["b", "a", "c"]);
        let rows: Vec<u32> = (0..60).collect();
        let set = TrainingSet {
            frame: &frame,
            labels: &labels,
            rows: &rows,
        };
        let features = fit_features(&set, &["plan".into()]);
        let FeatureKind::Category { levels, order } = &features[0].kind else {
            panic!("a category");
        };
        assert_eq!(levels, &["b", "a"]);
        // (15 + 10 x .4) / (30 + 10), (0 + 4) / (20 + 10), (9 + 4) / (9 + 10).
        for (rate, expected) in order.iter().zip([19.0 / 40.0, 4.0 / 30.0, 13.0 / 19.0]) {
            assert!((rate - expected).abs() < 1e-15);
        }
        assert!(features[0].nullable);
        let values = tree_column(&features[0], &set, false);
        assert_eq!((values[0], values[55]), (order[0], order[2]));
        assert!(values[59].is_nan());
    }

    #[test]
    fn no_row_sees_its_own_label() {
        let frame = category(
            (0..1000).map(|row| row % 4).collect(),
            &["a", "b", "c", "d"],
        );
        let rows: Vec<u32> = (0..1000).collect();
        let mut labels: Vec<bool> = (0..1000).map(|row| row % 3 == 0).collect();
        let crossed = |labels: &[bool]| {
            let set = TrainingSet {
                frame: &frame,
                labels,
                rows: &rows,
            };
            let features = fit_features(&set, &["plan".into()]);
            tree_column(&features[0], &set, true)
        };
        let before = crossed(&labels);
        // Two rows of one level and fold change places: the prior stays, and so does what they see.
        let twin = (1..250)
            .map(|row| row * 4)
            .find(|&row| fold(row) == fold(0) && !labels[row]);
        labels.swap(0, twin.expect("a twin"));
        assert_eq!(before[0], crossed(&labels)[0]);
        let folds: Vec<usize> = (0..1000).map(fold).collect();
        let sizes: Vec<usize> = (0..FOLDS)
            .map(|own| folds.iter().filter(|fold| **fold == own).count())
            .collect();
        assert!(
            sizes.iter().all(|size| (150..250).contains(size)),
            "{sizes:?}"
        );
    }
}
