//! Fits what becomes of each input column, on training rows only: medians, scales, levels,
//! and the target order of levels for trees.

use super::artifact::{Feature, FeatureKind};
use super::frame::Column;
use super::target_order::{Tally, smoothed_rate};
use super::threads;
use super::training_set::TrainingSet;

/// Levels with fewer training rows than this are pooled into `other`.
pub const MIN_LEVEL_ROWS: u64 = 10;
/// Most levels that are kept, by count.
pub const MAX_LEVELS: usize = 1000;

/// Fits the named columns as [`fit_features_above`] does, with levels from [`MIN_LEVEL_ROWS`] on.
#[must_use]
pub fn fit_features(train: &TrainingSet<'_>, names: &[String]) -> Vec<Feature> {
    fit_features_above(MIN_LEVEL_ROWS, train, names)
}

/// Fits the named columns of the frame on the rows of `train`, in the order of `names`.
///
/// Numbers: median (mean of the middle two), mean and population standard deviation of the
/// values that are there. Categories: levels by falling count, then by name; those with fewer
/// than `level_rows` rows or beyond [`MAX_LEVELS`] are pooled into `other`. Their order
/// for trees is [`smoothed_rate`]. Names that are not column are left out.
#[must_use]
pub fn fit_features_above(
    level_rows: u64,
    train: &TrainingSet<'_>,
    names: &[String],
) -> Vec<Feature> {
    let prior = train.prior();
    threads::in_order(threads::available(), names.len(), |index| {
        let name = &names[index];
        let column = train.frame.column(name)?;
        let (kind, nullable) = match column {
            Column::Numbers(numbers) => fit_number(train, numbers),
            Column::Categories { codes, levels } => {
                fit_category(train, (codes, levels), prior, level_rows)
            }
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
    number_kind(train.rows.iter().map(|&row| numbers[row as usize]))
}

/// Describes numbers, and returns whether some are missing; none at all are zeros.
#[must_use]
pub fn number_kind(values: impl ExactSizeIterator<Item = f64>) -> (FeatureKind, bool) {
    let rows = values.len();
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    let nullable = values.len() < rows;
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

fn fit_category(
    train: &TrainingSet<'_>,
    (codes, texts): (&[u32], &[String]),
    prior: f64,
    level_rows: u64,
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
        .filter(|&code| tallies[code].rows >= level_rows)
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

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::target_order::tree_column;
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
}
