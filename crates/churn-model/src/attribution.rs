//! What each column adds to a model's scores over many rows: rows are sampled as they come, and taken apart at the
//! end. What a change of it means is `churn_drift`'s affair.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_drift::stats::attribution::{Attribution, Attributions};

use super::explain::Explanation;
use super::frame::Frame;
use super::random::GOLDEN;
use super::score::Scorer;
use super::threads;

/// Most distinct rows that are taken apart; more change the third digit only.
const MOST_ROWS: usize = 20_000;
/// Rows that a thread takes at once.
const CHUNK: usize = 1024;
/// Log-odds closer to those of a row about which nothing is known than this are the same.
const SAME: f64 = 1e-9;

/// Distinct rows with their counts: those with the lowest hashes. Which these are depends neither on the order in
/// which rows come nor on the number of threads that take them.
#[derive(Debug, Clone, Default)]
pub struct RowSample {
    rows: BTreeMap<u64, (Box<[f64]>, u64)>,
    /// Rows were dropped.
    is_part: bool,
}

impl RowSample {
    /// Adds a row, as the cells of a [`Scorer`].
    pub fn add(&mut self, cells: &[f64]) {
        let hash = hash(cells);
        if let Some((_, count)) = self.rows.get_mut(&hash) {
            *count += 1;
            return;
        }
        self.keep(hash, || (cells.into(), 1));
    }

    /// A row that was dropped once has too high a hash ever after, so that the counts of those kept are whole.
    fn keep(&mut self, hash: u64, row: impl FnOnce() -> (Box<[f64]>, u64)) {
        let is_full = self.rows.len() >= MOST_ROWS;
        if is_full
            && self
                .rows
                .last_key_value()
                .is_some_and(|(last, _)| hash > *last)
        {
            self.is_part = true;
            return;
        }
        self.rows.insert(hash, row());
        if self.rows.len() > MOST_ROWS {
            self.rows.pop_last();
            self.is_part = true;
        }
    }

    /// Adds what another thread has taken.
    pub fn merge(&mut self, other: Self) {
        self.is_part |= other.is_part;
        for (hash, (cells, count)) in other.rows {
            match self.rows.get_mut(&hash) {
                Some((_, own)) => *own += count,
                None => self.keep(hash, || (cells, count)),
            }
        }
    }
}

fn hash(cells: &[f64]) -> u64 {
    let mut hash = GOLDEN;
    for cell in cells {
        let bits = if cell.is_nan() { f64::NAN } else { cell + 0.0 }.to_bits();
        hash = (hash ^ bits).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^= hash >> 31;
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 29)
}

/// Takes the scores of these rows of a frame apart.
///
/// # Errors
/// As [`Scorer::log_odds_of`].
pub fn attributions_of(
    scorer: &Scorer,
    frame: &Frame,
    rows: &[u32],
    threshold: f64,
    threads: usize,
) -> Result<Option<Attributions>> {
    let columns = scorer.cell_columns(frame)?;
    let mut sample = RowSample::default();
    for &row in rows {
        let cells = columns.iter().map(|column| column.cell(row as usize));
        sample.add(&cells.collect::<Vec<f64>>());
    }
    Ok(attributions(scorer, &sample, threshold, threads))
}

/// Takes the scores of sampled rows apart; `threshold` is the score from which a row is called churned. None if there
/// is no row.
///
/// # Formula
/// With f the log-odds of a row, f0 those of a row about which nothing is known, phi_j the Shapley values of the
/// log-odds (f = f0 + sum phi_j) and g the calibrated score, column j adds
/// `phi_j (g(f) - g(f0)) / (f - f0)` to the score: the rescale rule for a function of the model's output (Chen,
/// Lundberg, Lee 2022, "Explaining a series of models by propagating Shapley values"). The parts add up to
/// `g(f) - g(f0)`. Where a row is called otherwise than the row about which nothing is known, columns that pushed it
/// that way share the call by their phi_j; these parts add up to the difference of the two calls.
#[must_use]
pub fn attributions(
    scorer: &Scorer,
    sample: &RowSample,
    threshold: f64,
    threads: usize,
) -> Option<Attributions> {
    let rows: Vec<&(Box<[f64]>, u64)> = sample.rows.values().collect();
    if rows.is_empty() {
        return None;
    }
    let chunk = threads::blocks(rows.len(), CHUNK);
    let width = scorer.features().len();
    let sums = threads::in_order(threads, rows.len().div_ceil(CHUNK), |index| {
        let mut sums = Sums::new(width);
        let rows = &rows[chunk(index)];
        let cells: Vec<&[f64]> = rows.iter().map(|(cells, _)| &**cells).collect();
        let explanations = scorer.explain_rows(&cells);
        for ((cells, count), explanation) in rows.iter().zip(explanations) {
            let score = scorer.score(cells);
            sums.add(scorer, &explanation, score, *count as f64, threshold);
        }
        sums
    });
    // In the order of the rows, so that the sums are the same with any number of threads.
    let mut all = Sums::new(width);
    sums.into_iter().for_each(|sums| all.merge(&sums));
    Some(all.finish(scorer, threshold, sample.is_part))
}

/// Sums of a value with the weights of its rows.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    sum: f64,
    squares: f64,
    /// With squared weights, for the standard error of a sample.
    weighted: f64,
    weighted_squares: f64,
}

impl Sum {
    fn add(&mut self, value: f64, weight: f64) {
        self.sum += weight * value;
        self.squares += weight * value * value;
        self.weighted += weight * weight * value;
        self.weighted_squares += weight * weight * value * value;
    }

    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.squares += other.squares;
        self.weighted += other.weighted;
        self.weighted_squares += other.weighted_squares;
    }

    /// Returns the mean and its standard error: of all rows, or of distinct rows drawn from more, whose mean is a
    /// ratio of two sums.
    fn mean(&self, rows: f64, squared_rows: f64, is_part: bool) -> (f64, f64) {
        let mean = self.sum / rows;
        let variance = match is_part {
            false => (self.squares / rows - mean * mean) / rows,
            true => {
                (self.weighted_squares - 2.0 * mean * self.weighted + mean * mean * squared_rows)
                    / (rows * rows)
            }
        };
        (mean, variance.max(0.0).sqrt())
    }
}

struct Sums {
    rows: f64,
    squared_rows: f64,
    score: Sum,
    called: f64,
    /// What each column adds, its size, and what it adds to being called.
    features: Vec<(Sum, Sum, f64)>,
}

impl Sums {
    fn new(width: usize) -> Self {
        Self {
            rows: 0.0,
            squared_rows: 0.0,
            score: Sum::default(),
            called: 0.0,
            features: vec![(Sum::default(), Sum::default(), 0.0); width],
        }
    }

    fn add(
        &mut self,
        scorer: &Scorer,
        explanation: &Explanation,
        score: f64,
        weight: f64,
        threshold: f64,
    ) {
        let unknown = scorer.calibrated(explanation.base);
        let slope = slope(scorer, explanation, score - unknown);
        let (is_called, unknown_called) = (score >= threshold, unknown >= threshold);
        let turned = f64::from(u8::from(is_called)) - f64::from(u8::from(unknown_called));
        let pushed = |part: f64| (part * turned).max(0.0);
        let all_pushed: f64 = explanation
            .contributions
            .iter()
            .map(|part| pushed(*part))
            .sum();
        self.rows += weight;
        self.squared_rows += weight * weight;
        self.score.add(score, weight);
        self.called += weight * f64::from(u8::from(is_called));
        for ((own, size, called), part) in self.features.iter_mut().zip(&explanation.contributions)
        {
            let added = part * slope;
            own.add(added, weight);
            size.add(added.abs(), weight);
            if all_pushed > 0.0 {
                *called += weight * turned * pushed(*part) / all_pushed;
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.squared_rows += other.squared_rows;
        self.score.merge(other.score);
        self.called += other.called;
        for (own, other) in self.features.iter_mut().zip(&other.features) {
            own.0.merge(other.0);
            own.1.merge(other.1);
            own.2 += other.2;
        }
    }

    fn finish(&self, scorer: &Scorer, threshold: f64, is_part: bool) -> Attributions {
        let mean = |sum: &Sum| sum.mean(self.rows, self.squared_rows, is_part);
        let mean_score = self.score.sum / self.rows;
        let variance = self.score.squares / self.rows - mean_score * mean_score;
        let features = scorer.features().iter().zip(&self.features);
        Attributions {
            rows: self.rows as u64,
            threshold,
            mean_score,
            score_standard_deviation: variance.max(0.0).sqrt(),
            called_share: self.called / self.rows,
            features: features
                .map(|(feature, (own, size, called))| {
                    let (own, size) = (mean(own), mean(size));
                    Attribution {
                        feature: feature.name.clone(),
                        mean: own.0,
                        standard_error: own.1,
                        mean_size: size.0,
                        size_standard_error: size.1,
                        called: called / self.rows,
                    }
                })
                .collect(),
        }
    }
}

/// Returns how much the score rises with the log-odds between a row and one about which nothing is known.
fn slope(scorer: &Scorer, explanation: &Explanation, rise: f64) -> f64 {
    let gap: f64 = explanation.contributions.iter().sum();
    match gap.abs() > SAME {
        true => rise / gap,
        // The parts cancel each other out: what each does is what it does nearby.
        false => {
            let near = 1e-4;
            let score = |log_odds: f64| scorer.calibrated(log_odds);
            (score(explanation.base + near) - score(explanation.base - near)) / (2.0 * near)
        }
    }
}

#[cfg(test)]
mod tests {
    use churn_drift::stats::bootstrap::SplitMix64;

    use super::*;
    use crate::store::tests::sample;

    fn scorer() -> Scorer {
        Scorer::new(&sample(0.4).body).expect("is sound")
    }

    /// Rows of a number and of a category's position, some of them missing.
    fn rows(count: usize, distinct: u64) -> Vec<[f64; 2]> {
        let mut random = SplitMix64::new(7);
        let row = |_| {
            let number = match random.next_u64() % 10 {
                0 => f64::NAN,
                _ => (random.next_u64() % distinct) as f64 / distinct as f64 * 3.0,
            };
            [number, (random.next_u64() % 3) as f64]
        };
        (0..count).map(row).collect()
    }

    fn sampled(rows: &[[f64; 2]]) -> RowSample {
        let mut sample = RowSample::default();
        rows.iter().for_each(|row| sample.add(row));
        sample
    }

    #[test]
    fn parts_add_up_to_the_scores() {
        let scorer = scorer();
        let rows = rows(1_000, 40);
        let found = attributions(&scorer, &sampled(&rows), 0.6, 2).expect("rows");
        let mean = |of: &dyn Fn(&[f64; 2]) -> f64| rows.iter().map(of).sum::<f64>() / 1_000.0;
        let unknown = scorer.calibrated(scorer.explain(&rows[0]).base);
        let parts: f64 = found.features.iter().map(|one| one.mean).sum();
        assert!((found.mean_score - mean(&|row| scorer.score(row))).abs() < 1e-12);
        assert!((parts + unknown - found.mean_score).abs() < 1e-12);
        let called = mean(&|row| f64::from(u8::from(scorer.score(row) >= 0.6)));
        let parts: f64 = found.features.iter().map(|one| one.called).sum();
        assert!((found.called_share - called).abs() < 1e-12 && called > 0.0);
        assert!(unknown < 0.6 && (parts - called).abs() < 1e-12);
        // The standard error of a mean of 1,000 rows, from the rows one by one.
        let part = |row: &[f64; 2]| {
            let explained = scorer.explain(row);
            let sum: f64 = explained.contributions.iter().sum();
            explained.contributions[1] * (scorer.score(row) - unknown) / sum
        };
        let expected = mean(&part);
        let variance = mean(&|row| (part(row) - expected).powi(2));
        let plan = &found.features[1];
        assert!((plan.mean - expected).abs() < 1e-12);
        assert!((plan.standard_error - (variance / 1_000.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_sample_is_the_same_in_any_order_and_stands_for_all_rows() {
        let scorer = scorer();
        let rows = rows(60_000, 1 << 40);
        let whole = sampled(&rows);
        assert!(whole.is_part && whole.rows.len() == MOST_ROWS);
        let mut parts = sampled(&rows[40_000..]);
        parts.merge(sampled(&rows[..25_000]));
        parts.merge(sampled(&rows[25_000..40_000]));
        let [one, other] = [&whole, &parts].map(|sample| attributions(&scorer, sample, 0.6, 2));
        assert_eq!(one, other);
        let one = one.expect("rows");
        let mean = rows.iter().map(|row| scorer.score(row)).sum::<f64>() / 60_000.0;
        let error = one.score_standard_deviation / (MOST_ROWS as f64).sqrt();
        assert!(
            (one.mean_score - mean).abs() < 4.0 * error,
            "{} {mean}",
            one.mean_score
        );
    }

    #[test]
    fn rows_that_repeat_count_as_often_as_they_come() {
        let scorer = scorer();
        let (rare, frequent) = ([0.5, 0.0], [2.5, 1.0]);
        let rows: Vec<[f64; 2]> = (0..100)
            .map(|row| if row < 3 { rare } else { frequent })
            .collect();
        let found = attributions(&scorer, &sampled(&rows), 0.6, 1).expect("rows");
        let expected = 0.03 * scorer.score(&rare) + 0.97 * scorer.score(&frequent);
        assert_eq!(found.rows, 100);
        assert!((found.mean_score - expected).abs() < 1e-12);
    }
}
