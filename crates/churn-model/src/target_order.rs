//! Categories as numbers for trees: each level's smoothed rate of churned rows, such that no row
//! sees its own label.

use super::artifact::{Feature, FeatureKind};
use super::frame::Column;
use super::training_set::TrainingSet;

/// Rows of the prior that a level's rate is mixed with, see [`smoothed_rate`].
pub const PRIOR_ROWS: f64 = 10.0;
/// Parts of the training rows: a row's target order comes from the other parts.
const FOLDS: usize = 5;

/// Rows of a level: all, and the churned ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) churned: u64,
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
    use super::super::encode::fit_features;
    use super::super::frame::Frame;
    use super::*;

    #[test]
    fn no_row_sees_its_own_label() {
        let frame = Frame {
            rows: 1000,
            names: vec!["plan".into()],
            columns: vec![Column::Categories {
                codes: (0..1000).map(|row| row % 4).collect(),
                levels: ["a", "b", "c", "d"].map(String::from).into(),
            }],
        };
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
