//! The 95 % intervals of the figures of [`classification`](super::classification), each in closed
//! form: no resampling, no seed, and fit for few rows of a class. Of the calibration error:
//! `calibration.rs`. `examples/interval_coverage.rs` measures all of them.

use super::estimate::Estimate;
use super::scored::{Confusion, ScoredCell};

/// The normal law's quantile at 97.5 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// An estimate whose interval also holds its value.
pub(super) const fn around(value: f64, low: f64, high: f64) -> Estimate {
    Estimate {
        value,
        low: low.min(value),
        high: high.max(value),
    }
}

/// Returns the share `hits / rows` with its interval; absent without rows.
///
/// # Formula
/// The score interval of Wilson (1927): the shares from which the observed one is not further
/// than `Z sqrt(p (1 - p) / n)`, the error taken at the share in question. It keeps its level near
/// 0 and 1 and with few rows, where the observed share's own error is 0.
pub(super) fn share(hits: f64, rows: f64) -> Option<Estimate> {
    (rows > 0.0).then(|| {
        let value = hits / rows;
        let centre = value + Z * Z / (2.0 * rows);
        let half = Z * (value * (1.0 - value) / rows + (Z / (2.0 * rows)).powi(2)).sqrt();
        let whole = 1.0 + Z * Z / rows;
        around(
            value,
            ((centre - half) / whole).max(0.0),
            ((centre + half) / whole).min(1.0),
        )
    })
}

/// Returns F1 with its interval; absent if there are neither positives nor rows classed as positive.
///
/// # Formula
/// `F1 = 2 J / (1 + J)` with `J = TP / (TP + FP + FN)`, a share, and the interval of that share.
pub(super) fn f1(of: &Confusion) -> Option<Estimate> {
    let hits = of.true_positives as f64;
    let any = hits + (of.false_positives + of.false_negatives) as f64;
    let from_share = |share: f64| 2.0 * share / (1.0 + share);
    share(hits, any).map(|of| Estimate {
        value: 2.0 * hits / (hits + any),
        low: from_share(of.low),
        high: from_share(of.high),
    })
}

/// Returns Matthews' coefficient with its interval; absent if a class or a label is missing.
///
/// # Formula
/// The delta method on `artanh MCC` (Fisher's transformation of a correlation) over the four
/// counts, each with a half added so that an empty one has an error, too.
pub(super) fn matthews(of: &Confusion) -> Option<Estimate> {
    let counts = [
        of.true_positives,
        of.false_positives,
        of.true_negatives,
        of.false_negatives,
    ]
    .map(|count| count as f64);
    let coefficient = |[tp, fp, tn, fn_]: [f64; 4]| {
        let margins =
            ((tp + fp).sqrt() * (tp + fn_).sqrt()) * ((tn + fp).sqrt() * (tn + fn_).sqrt());
        (margins > 0.0).then(|| (tp * tn - fp * fn_) / margins)
    };
    let value = coefficient(counts)?;
    let smooth = counts.map(|count| count + 0.5);
    let centre = coefficient(smooth)?;
    let [tp, fp, tn, fn_] = smooth;
    // d MCC / d count: of the numerator over the margins, less half of MCC over each margin that
    // the count is part of.
    let margins = ((tp + fp) * (tp + fn_)).sqrt() * ((tn + fp) * (tn + fn_)).sqrt();
    let slope = |partner: f64, sign: f64, one: f64, two: f64| {
        sign * partner / margins - centre / 2.0 * (1.0 / one + 1.0 / two)
    };
    let slopes = [
        slope(tn, 1.0, tp + fp, tp + fn_),
        slope(fn_, -1.0, tp + fp, tn + fp),
        slope(tp, 1.0, tn + fp, tn + fn_),
        slope(fp, -1.0, tp + fn_, tn + fn_),
    ];
    let rows: f64 = smooth.iter().sum();
    let both = || smooth.iter().zip(slopes);
    let squares: f64 = both().map(|(count, slope)| count * slope * slope).sum();
    let mean: f64 = both().map(|(count, slope)| count * slope).sum();
    let error = (squares - mean * mean / rows).max(0.0).sqrt() / (1.0 - centre * centre);
    let middle = centre.atanh();
    Some(around(
        value,
        (middle - Z * error).tanh(),
        (middle + Z * error).tanh(),
    ))
}

/// Sums of the losses of rows and of their powers.
#[derive(Debug, Clone, Copy, Default)]
pub struct LossSums {
    rows: f64,
    sums: [f64; 3],
}

impl LossSums {
    /// Adds `rows` rows of one loss.
    pub fn add(&mut self, loss: f64, rows: f64) {
        self.rows += rows;
        let mut power = rows;
        for sum in &mut self.sums {
            power *= loss;
            *sum += power;
        }
    }

    /// Returns the mean of differences of losses with its interval, `mean +- Z sqrt(variance / n)`;
    /// absent without rows. Differences of two models have either sign, so that their mean is close
    /// to the normal law, and the skewness of a few rows would add more error than it takes out.
    pub fn mean_difference(&self) -> Option<Estimate> {
        let (rows, mean, spread) = (self.rows, self.sums[0] / self.rows, self.spread());
        let half = Z * spread / rows.sqrt();
        (rows > 0.0).then(|| around(mean, mean - half, mean + half))
    }

    /// Returns the standard deviation of the losses.
    fn spread(&self) -> f64 {
        let [mean, second, _] = self.sums.map(|sum| sum / self.rows);
        let variance = (second - mean * mean).max(0.0);
        (variance * self.rows / (self.rows - 1.0).max(1.0)).sqrt()
    }

    /// Returns the mean loss with its interval; absent without rows. `rarer` is the number of rows
    /// of the rarer label.
    ///
    /// # Formula
    /// Student's t with its skewness taken out by the cubic of Hall (1992), "On the removal of
    /// skewness by transformation", J. R. Statist. Soc. B 54(1). Losses of rare positives are
    /// skewed, and a symmetric interval would miss upwards. The skewness, itself measured on few
    /// rows, counts by `rarer / (rarer + 1)`.
    pub fn mean(&self, rarer: f64) -> Option<Estimate> {
        let rows = self.rows;
        if rows <= 0.0 {
            return None;
        }
        let [mean, second, third] = self.sums.map(|sum| sum / rows);
        let variance = (second - mean * mean).max(0.0);
        let spread = self.spread();
        let skewness = (third - 3.0 * mean * second + 2.0 * mean.powi(3)) / variance.powf(1.5)
            * (rarer / (rarer + 1.0));
        // The inverse of g(t) = t + s t^2 / 3 + s^2 t^3 / 27 + s / (6 n), t in standard deviations.
        let inverse = |z: f64| {
            let z = z / rows.sqrt();
            if !skewness.is_finite() || skewness.abs() < 1e-6 {
                return z;
            }
            let inner = 1.0 + skewness * (z - skewness / (6.0 * rows));
            (inner.cbrt() - 1.0) * 3.0 / skewness
        };
        Some(around(
            mean,
            mean - spread * inverse(Z),
            mean - spread * inverse(-Z),
        ))
    }
}

/// Returns the root of an estimate.
pub(super) fn root(of: Estimate) -> Estimate {
    Estimate {
        value: of.value.sqrt(),
        low: of.low.max(0.0).sqrt(),
        high: of.high.sqrt(),
    }
}

/// How far the error of a figure is taken from the data, and how far from its law: with `rarer`
/// rows of the rarer label, the ratio of the two counts by `(rarer - 1) / (rarer + 3)`, so that a
/// figure of a handful of rows that happen to agree has an error, too.
fn shrunk_ratio(measured: f64, law: f64, rarer: f64) -> f64 {
    if measured <= 0.0 || law <= 0.0 {
        return 1.0;
    }
    (measured / law).powf((rarer - 1.0).max(0.0) / (rarer + 3.0))
}

/// Returns the area under the ROC curve with its interval. Both labels are there.
///
/// # Formula
/// Like a score interval: the areas from which the measured one is not further than `Z` of their
/// errors. The error at an area is that of Hanley, McNeil (1982), scaled to the one of DeLong,
/// DeLong, Clarke-Pearson (1988) at the measured area.
pub(super) fn roc_auc(value: f64, ranked: &[ScoredCell], labels: (f64, f64)) -> Estimate {
    let (positives, negatives) = labels;
    let (mut above_positives, mut above_negatives) = (0.0, 0.0);
    let (mut of_positives, mut of_negatives) = (0.0, 0.0);
    for cell in ranked {
        let (here, others) = (cell.positives as f64, cell.negatives as f64);
        let won = (negatives - above_negatives - others / 2.0) / negatives;
        let lost = (above_positives + here / 2.0) / positives;
        of_positives += here * (won - value).powi(2);
        of_negatives += others * (lost - value).powi(2);
        above_positives += here;
        above_negatives += others;
    }
    let measured = of_positives / (positives - 1.0).max(1.0) / positives
        + of_negatives / (negatives - 1.0).max(1.0) / negatives;
    let law = |area: f64| {
        let square = area * area;
        let two_positives = area / (2.0 - area) - square;
        let two_negatives = 2.0 * square / (1.0 + area) - square;
        (area * (1.0 - area)
            + (positives - 1.0) * two_positives
            + (negatives - 1.0) * two_negatives)
            / (positives * negatives)
    };
    let ratio = shrunk_ratio(measured, law(value), positives.min(negatives));
    let holds = |area: f64| (value - area).abs() <= Z * (ratio * law(area)).max(0.0).sqrt();
    around(
        value,
        last_that_holds(value, 0.0, holds),
        last_that_holds(value, 1.0, holds),
    )
}

/// Returns the furthest point from `inside` towards `outside` at which `holds` is true.
pub(super) fn last_that_holds(inside: f64, outside: f64, holds: impl Fn(f64) -> bool) -> f64 {
    if holds(outside) {
        return outside;
    }
    let (mut inside, mut outside) = (inside, outside);
    // Each step halves the distance; after these, doubles know no finer one.
    for _ in 0..60 {
        let middle = f64::midpoint(inside, outside);
        if holds(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}

/// Returns by how much an interval of average precision is wider with so many rows of the rarer
/// label: a handful of them at the top decides both the figure and its error. Found by simulation;
/// 1.15 for 6 rows, 1.03 for 100.
pub(super) fn for_few_rows(rarer: f64) -> f64 {
    1.0 + 4.0 / (rarer + 20.0)
}

/// Returns the average precision with its interval. Both labels are there.
///
/// # Formula
/// `logit AP +- Z (1 + 4 / (r + 20)) error / (AP (1 - AP))`, on the scale of the logit as Boyd, Eng,
/// Page (2013), "Area under the precision-recall curve", propose. The error is that of the
/// delete-one jackknife over all rows. `r` is the number of rows of the rarer label.
pub(super) fn average_precision(value: f64, ranked: &[ScoredCell], labels: (f64, f64)) -> Estimate {
    let rows = labels.0 + labels.1;
    let rarer = labels.0.min(labels.1);
    let (mut sum, mut squares) = (0.0, 0.0);
    for (cell, changes) in ranked.iter().zip(precision_changes(value, ranked)) {
        for (count, change) in [cell.negatives, cell.positives].into_iter().zip(changes) {
            sum += count as f64 * change;
            squares += count as f64 * change * change;
        }
    }
    let measured = (squares - sum * sum / rows) * (rows - 1.0) / rows;
    let of_a_share = value * (1.0 - value) / rarer;
    if of_a_share <= 0.0 {
        // All positives above all negatives: as far from 1 as a share of so many rows may be.
        let share = share(rarer * value, rarer);
        return share.map_or(around(value, value, value), |share| {
            around(value, share.low, share.high)
        });
    }
    let error = (shrunk_ratio(measured, of_a_share, rarer) * of_a_share).sqrt();
    let half = Z * for_few_rows(rarer) * error / (value * (1.0 - value));
    let middle = (value / (1.0 - value)).ln();
    let share_of = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    around(value, share_of(middle - half), share_of(middle + half))
}

/// Returns by cell what average precision changes by without one of its negatives, without one of
/// its positives; 0 where there is none. Two passes, not one a row.
fn precision_changes(value: f64, ranked: &[ScoredCell]) -> Vec<[f64; 2]> {
    let positives: f64 = ranked.iter().map(|cell| cell.positives as f64).sum();
    // What the positives of a cell add with so many positives and negatives down to it.
    let step = |here: f64, hits: f64, misses: f64| {
        if here > 0.0 && hits > 0.0 {
            here * hits / (hits + misses.max(0.0))
        } else {
            0.0
        }
    };
    let mut totals = Vec::with_capacity(ranked.len());
    let (mut hits, mut misses) = (0.0, 0.0);
    // The steps below a cell if one positive, one negative above is gone.
    let (mut less_a_hit, mut less_a_miss) = (0.0, 0.0);
    for cell in ranked {
        hits += cell.positives as f64;
        misses += cell.negatives as f64;
        totals.push((hits, misses));
        less_a_hit += step(cell.positives as f64, hits - 1.0, misses);
        less_a_miss += step(cell.positives as f64, hits, misses - 1.0);
    }
    let mut above = 0.0;
    let mut changes = Vec::with_capacity(ranked.len());
    for (cell, (hits, misses)) in ranked.iter().zip(totals) {
        let here = cell.positives as f64;
        less_a_hit -= step(here, hits - 1.0, misses);
        less_a_miss -= step(here, hits, misses - 1.0);
        let mut change = [0.0; 2];
        if cell.negatives > 0 {
            let own = step(here, hits, misses - 1.0);
            change[0] = (above + own + less_a_miss) / positives - value;
        }
        if here > 0.0 && positives > 1.0 {
            let own = step(here - 1.0, hits - 1.0, misses);
            change[1] = (above + own + less_a_hit) / (positives - 1.0) - value;
        }
        changes.push(change);
        above += step(here, hits, misses);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap::SplitMix64;
    use super::super::classification::{Performance, performance};
    use super::*;

    fn assert_interval(of: Option<Estimate>, low: f64, high: f64) {
        let of = of.expect("is defined");
        assert!((of.low - low).abs() < 1e-9, "{of:?} and {low}");
        assert!((of.high - high).abs() < 1e-9, "{of:?} and {high}");
    }

    #[test]
    fn shares_have_the_interval_of_wilson() {
        // statsmodels 0.15.0: proportion_confint(k, n, method="wilson")
        assert_interval(
            share(7.0, 20.0),
            0.181_191_824_101_082_03,
            0.567_145_723_314_763_8,
        );
        assert_interval(share(0.0, 12.0), 0.0, 0.242_494_006_655_240_96);
        assert_interval(share(12.0, 12.0), 0.757_505_993_344_758_9, 1.0);
        assert_eq!(share(0.0, 0.0), None);
    }

    #[test]
    fn one_row_less_is_what_a_sample_without_it_gives() {
        let cell = |score: f64, positives, negatives| ScoredCell {
            score,
            positives,
            negatives,
        };
        let cells = [
            cell(0.9, 3, 1),
            cell(0.7, 0, 2),
            cell(0.5, 2, 2),
            cell(0.1, 1, 5),
        ];
        let precision = |cells: &[ScoredCell]| {
            performance(cells, 0.5)
                .average_precision
                .expect("is defined")
                .value
        };
        let value = precision(&cells);
        for (at, [negative, positive]) in precision_changes(value, &cells).into_iter().enumerate() {
            let mut less = cells;
            less[at].negatives -= 1;
            assert!((precision(&less) - value - negative).abs() < 1e-12);
            let mut less = cells;
            if less[at].positives > 0 {
                less[at].positives -= 1;
                assert!((precision(&less) - value - positive).abs() < 1e-12);
            }
        }
    }

    /// Scores that tell the truth, or halves of their log odds.
    fn sample(random: &mut SplitMix64, rows: usize, slope: f64) -> Vec<ScoredCell> {
        let mut row = || {
            let log_odds = 1.5 * random.next_normal() - 1.4;
            let share = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
            let positive = random.next_unit() < share(slope * log_odds);
            ScoredCell {
                score: share(log_odds),
                positives: u64::from(positive),
                negatives: u64::from(!positive),
            }
        };
        (0..rows).map(|_| row()).collect()
    }

    /// Every interval, also with few rows: examples/interval_coverage.rs has the larger table. The
    /// truth is a sample of a million rows, so that nothing but the figures themselves is trusted.
    #[test]
    fn intervals_hold_the_truth_in_about_95_of_100_samples() {
        let figures = |p: &Performance| {
            [
                p.roc_auc,
                p.average_precision,
                p.log_loss,
                p.brier,
                p.rmse,
                p.accuracy,
                p.precision,
                p.recall,
                p.specificity,
                p.f1,
                p.mcc,
                p.calibration_error,
            ]
            .map(|figure| figure.expect("is defined"))
        };
        for (seed, slope) in [(1, 1.0), (2, 0.5)] {
            let mut random = SplitMix64::new(seed);
            let truth = figures(&performance(&sample(&mut random, 1_000_000, slope), 0.5));
            let mut held = [0_u32; 12];
            for _ in 0..400 {
                let found = figures(&performance(&sample(&mut random, 300, slope), 0.5));
                for ((held, found), truth) in held.iter_mut().zip(found).zip(truth) {
                    *held += u32::from(found.low <= truth.value && truth.value <= found.high);
                }
            }
            // 380 of 400 are expected, with a standard deviation of 4.4: four of them.
            assert!(
                held.iter().all(|held| (362..=397).contains(held)),
                "{held:?}"
            );
        }
    }
}
