//! Why the log loss of a model differs between two sets of labelled rows: the difference taken apart by mechanism and by
//! feature, exactly. What can be done about it is asked elsewhere.

use churn_drift::drift::report::Sides;
use churn_drift::stats::bootstrap::SplitMix64;
use churn_drift::stats::classification::{Estimate, ScoredCell};
use churn_drift::stats::cox::{log_odds, recalibration};
use churn_drift::stats::intervals::LossSums;
use serde::Serialize;

use super::score::Scorer;
use super::threads;

/// Standard errors by which a share of missing values must have risen to be a matter of its own.
const RISEN: f64 = 3.0;
/// Log-odds closer to those of a row about which nothing is known than this are the same.
const SAME: f64 = 1e-9;
/// Rows that a thread takes at once.
const CHUNK: usize = 256;
/// Calibration slope from which on scores say something of labels: below, what they mean cannot be told from what they
/// are worth.
const LEAST_SLOPE: f64 = 0.05;

/// Rows of one side: cells of a [`Scorer`], and labels.
#[derive(Debug, Clone, Default)]
pub struct LabelledRows {
    /// The cells of each row.
    pub cells: Vec<Vec<f64>>,
    /// Whether it churned; none of the current side where that is not known yet.
    pub labels: Vec<bool>,
}

/// A difference of log loss, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drop {
    /// Rows of both sides.
    pub rows: Sides<u64>,
    /// Mean log loss of both sides, scores kept 1e-6 from 0 and 1.
    pub log_loss: Sides<f64>,
    /// How much higher it is on the current side. The four parts add up to it.
    pub change: f64,
    /// The change with its 95 % interval, rows being drawn anew; absent if it is estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Estimate>,
    /// The current rows have no labels: their log loss is what it would be if labels followed the scores as on the
    /// baseline, so that nothing is known of concept and calibration.
    pub is_estimated: bool,
    /// By values that are missing now and were not.
    pub missing_data: f64,
    /// That with its 95 % interval, the baseline's rows being drawn anew; absent if no more are missing than were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_data_interval: Option<Estimate>,
    /// By other rows: customers that are harder or easier to tell apart.
    pub covariates: f64,
    /// By labels that follow the scores less, or more: what no calibration brings back.
    pub concept: f64,
    /// By scores that no longer mean what they meant: what a calibration brings back.
    pub calibration: f64,
    /// Whether concept and calibration can be told apart; else all is in `concept`.
    pub is_calibration_known: bool,
    /// Intercept and slope of the log-odds of churn over those of the score.
    pub recalibration: Sides<Curve>,
    /// What each feature has in `missing_data` and `covariates`, the largest first.
    pub features: Vec<FeaturePart>,
}

/// The log-odds of churn as a line over those of the score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Curve {
    /// Where those of the score are 0.
    pub intercept: f64,
    /// How fast they rise.
    pub slope: f64,
}

/// What a feature has in the change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeaturePart {
    /// The feature.
    pub feature: String,
    /// Of `missing_data`.
    pub missing_data: f64,
    /// Of `covariates`.
    pub covariates: f64,
}

/// Takes the change of log loss from `baseline` to `current` apart; none if a side has one class only, or scores that
/// tell classes apart without an error. Where the current side has no labels, the change is that of rows and missing data.
///
/// # Formula
/// First the feed: values are taken out of the baseline's rows up to the current side's share of missing ones, and labels go
/// on to follow the scores of the whole rows (missing data). Of what is left, Shapley values of three mechanisms (the idea of
/// Zhang et al. 2023, "Why did the model fail?", arXiv 2210.10769): `v(S)` is the mean log loss where those in `S` are as on
/// the current side and the others as on the baseline. Rows come from one side or the other (covariates). Labels follow
/// `logit p = a + b z`, `z` being the log-odds of the score, by maximum likelihood on one side or the other (concept), those of
/// the baseline's law that of rows whose missing values are put in from other rows; with its own law a side has just the
/// log loss that it has, since that is linear in `p` and `p z`. The score is the one that is calibrated as on one side or the other:
/// its log-odds are `(logit p - a') / b'` (calibration). A part by feature: of each row, `phi_j (l(z) - l(z0)) / (f - f0)`,
/// phi being the Shapley values of the model's log-odds `f`.
#[must_use]
pub fn explain_drop(
    scorer: &Scorer,
    baseline: &LabelledRows,
    current: &LabelledRows,
    seed: u64,
    threads: usize,
) -> Option<Drop> {
    let is_estimated = current.labels.is_empty();
    let before = curve(scorer, baseline)?;
    let now = match is_estimated {
        true => before,
        false => curve(scorer, current)?,
    };
    let curves = [before, now];
    let is_calibration_known = curves.iter().all(|curve| curve.slope >= LEAST_SLOPE);
    let risen = risen(&baseline.cells, &current.cells);
    let mut random = SplitMix64::new(seed);
    let emptied = emptied(&baseline.cells, &risen, &mut random);
    let filled = filled(&current.cells, &baseline.cells, &risen, &mut random);
    let [intact, emptied, filled, observed] = [&baseline.cells, &emptied, &filled, &current.cells]
        .map(|cells| Explained::of(scorer, cells, threads));
    let players = if is_calibration_known { 3 } else { 2 };
    let losses: Vec<Losses> = (0..1_usize << players)
        .map(|coalition| {
            let has = |player: usize| coalition >> player & 1;
            let law = curves[has(CONCEPT)];
            let meaning = match is_calibration_known {
                true => curves[has(CALIBRATION)],
                false => law,
            };
            // The law of the current side is that of the scores that it has; before, labels followed the scores of
            // whole rows.
            let is_of_whole_rows = has(CONCEPT) == 0 || is_estimated;
            let (rows, of) = match (has(COVARIATES), is_of_whole_rows) {
                (0, true) => (&emptied, &intact),
                (0, false) => (&emptied, &emptied),
                (_, true) if !is_estimated => (&observed, &filled),
                _ => (&observed, &observed),
            };
            rows.losses(of, scorer, law, meaning)
        })
        .collect();
    let value = |player: usize| shapley(&losses, players, player);
    let missing = losses[0].minus(&intact.losses(&intact, scorer, before, before));
    let covariates = value(COVARIATES);
    let names = scorer.features().iter().map(|feature| &feature.name);
    let parts = missing.by_feature.iter().zip(&covariates.by_feature);
    let mut features: Vec<FeaturePart> = names
        .zip(parts)
        .map(|(feature, (missing, covariates))| FeaturePart {
            feature: feature.clone(),
            missing_data: *missing,
            covariates: *covariates,
        })
        .collect();
    let size = |part: &FeaturePart| (part.missing_data + part.covariates).abs();
    features.sort_by(|a, b| {
        size(b)
            .total_cmp(&size(a))
            .then_with(|| a.feature.cmp(&b.feature))
    });
    let log_loss = Sides {
        baseline: realised(scorer, baseline),
        current: match is_estimated {
            true => losses.last().map_or(0.0, |losses| losses.mean),
            false => realised(scorer, current),
        },
    };
    Some(Drop {
        rows: Sides {
            baseline: baseline.labels.len() as u64,
            current: current.cells.len() as u64,
        },
        change: log_loss.current - log_loss.baseline,
        interval: (!is_estimated).then(|| interval(scorer, baseline, current, &log_loss)),
        is_estimated,
        log_loss,
        missing_data: missing.mean,
        missing_data_interval: (risen.iter().any(Option::is_some))
            .then(|| emptied.gap(&intact, before))
            .flatten()
            // The sum of differences is the difference of sums but for its last digit.
            .map(|gap| Estimate {
                value: missing.mean,
                ..gap
            }),
        covariates: covariates.mean,
        concept: value(CONCEPT).mean,
        calibration: if is_calibration_known {
            value(CALIBRATION).mean
        } else {
            0.0
        },
        is_calibration_known,
        recalibration: Sides {
            baseline: curves[0],
            current: curves[1],
        },
        features,
    })
}

const COVARIATES: usize = 0;
const CONCEPT: usize = 1;
const CALIBRATION: usize = 2;

fn curve(scorer: &Scorer, rows: &LabelledRows) -> Option<Curve> {
    let cell = |(cells, label): (&Vec<f64>, &bool)| ScoredCell {
        score: scorer.score(cells),
        positives: u64::from(*label),
        negatives: u64::from(!label),
    };
    let cells: Vec<ScoredCell> = rows.cells.iter().zip(&rows.labels).map(cell).collect();
    let first = cells.first()?.score;
    if cells.iter().all(|cell| cell.score == first) {
        // As where a model has lost all that it goes by: the share of those who churn is all that is known.
        let churned = rows.labels.iter().filter(|label| **label).count() as f64;
        let share = churned / rows.labels.len() as f64;
        return (share > 0.0 && share < 1.0).then(|| Curve {
            intercept: log_odds(share),
            slope: 0.0,
        });
    }
    let (intercept, slope) = recalibration(&cells)?;
    Some(Curve { intercept, slope })
}

/// Returns the log loss of a score, kept 1e-6 from 0 and 1.
fn row_loss(score: f64, label: bool) -> f64 {
    loss_of(log_odds(score), f64::from(u8::from(label)))
}

/// Returns the mean log loss of rows with their labels.
fn realised(scorer: &Scorer, rows: &LabelledRows) -> f64 {
    let all = rows.cells.iter().zip(&rows.labels);
    let all = all.map(|(cells, label)| row_loss(scorer.score(cells), *label));
    all.sum::<f64>() / rows.labels.len().max(1) as f64
}

/// Returns the change of two means of independent rows with its interval.
fn interval(
    scorer: &Scorer,
    baseline: &LabelledRows,
    current: &LabelledRows,
    means: &Sides<f64>,
) -> Estimate {
    const HALF_WIDTH: f64 = 1.959_963_984_540_054;
    let variance = |rows: &LabelledRows, mean: f64| {
        let all = rows.cells.iter().zip(&rows.labels);
        let squares =
            all.map(|(cells, label)| (row_loss(scorer.score(cells), *label) - mean).powi(2));
        squares.sum::<f64>() / (rows.labels.len() as f64).powi(2)
    };
    let value = means.current - means.baseline;
    let half =
        HALF_WIDTH * (variance(baseline, means.baseline) + variance(current, means.current)).sqrt();
    Estimate {
        value,
        low: value - half,
        high: value + half,
    }
}

/// Returns the log loss of each row: of its label, or if there are none what it would be if labels followed the scores
/// as this says.
#[must_use]
pub fn row_losses(scorer: &Scorer, rows: &LabelledRows, law: Curve) -> Vec<f64> {
    let score = |cells: &Vec<f64>| log_odds(scorer.score(cells));
    let expected = |score: f64| {
        let truth = law.intercept + law.slope * score;
        loss_of(score, 1.0 / (1.0 + (-truth).exp()))
    };
    match rows.labels.is_empty() {
        true => rows
            .cells
            .iter()
            .map(|cells| expected(score(cells)))
            .collect(),
        false => {
            let all = rows.cells.iter().zip(&rows.labels);
            all.map(|(cells, label)| loss_of(score(cells), f64::from(u8::from(*label))))
                .collect()
        }
    }
}

/// Returns the log loss of a score with these log-odds where a row churns with this probability.
fn loss_of(log_odds: f64, probability: f64) -> f64 {
    log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p() - probability * log_odds
}

fn missing_share(cells: &[Vec<f64>], column: usize) -> f64 {
    let missing = cells.iter().filter(|row| row[column].is_nan()).count();
    missing as f64 / cells.len().max(1) as f64
}

/// Returns the shares of missing values on both sides by feature, where they have risen beyond chance.
fn risen(baseline: &[Vec<f64>], current: &[Vec<f64>]) -> Vec<Option<(f64, f64)>> {
    let width = current.first().map_or(0, Vec::len);
    let of = |column: usize| {
        let (before, now) = (
            missing_share(baseline, column),
            missing_share(current, column),
        );
        let (before_rows, now_rows) = (baseline.len() as f64, current.len() as f64);
        let both = (before * before_rows + now * now_rows) / (before_rows + now_rows);
        let error = (both * (1.0 - both) * (1.0 / before_rows + 1.0 / now_rows)).sqrt();
        (now - before > RISEN * error && error > 0.0).then_some((before, now))
    };
    (0..width).map(of).collect()
}

/// Takes values out of the baseline's rows until as many are missing as on the current side.
fn emptied(
    cells: &[Vec<f64>],
    risen: &[Option<(f64, f64)>],
    random: &mut SplitMix64,
) -> Vec<Vec<f64>> {
    let mut cells = cells.to_vec();
    for row in &mut cells {
        for (cell, risen) in row.iter_mut().zip(risen) {
            if let Some((before, now)) = risen
                && !cell.is_nan()
                && random.next_unit() < (now - before) / (1.0 - before)
            {
                *cell = f64::NAN;
            }
        }
    }
    cells
}

/// Puts values of other rows into the current ones until as many are missing as on the baseline: of the current side, or
/// of the baseline where that has none left.
fn filled(
    cells: &[Vec<f64>],
    baseline: &[Vec<f64>],
    risen: &[Option<(f64, f64)>],
    random: &mut SplitMix64,
) -> Vec<Vec<f64>> {
    let present = |rows: &[Vec<f64>], column: usize| -> Vec<f64> {
        let values = rows.iter().map(|row| row[column]);
        values.filter(|value| !value.is_nan()).collect()
    };
    let donors: Vec<Vec<f64>> = (0..risen.len())
        .map(|column| match risen[column] {
            None => Vec::new(),
            Some(_) => match present(cells, column) {
                none if none.is_empty() => present(baseline, column),
                values => values,
            },
        })
        .collect();
    let mut cells = cells.to_vec();
    for row in &mut cells {
        for (column, cell) in row.iter_mut().enumerate() {
            if let (Some((before, now)), donors) = (risen[column], &donors[column])
                && cell.is_nan()
                && !donors.is_empty()
                && random.next_unit() < (now - before) / now
            {
                let at = (random.next_unit() * donors.len() as f64) as usize;
                *cell = donors[at.min(donors.len() - 1)];
            }
        }
    }
    cells
}

/// Rows with their scores taken apart.
struct Explained {
    /// Log-odds of the model about which nothing is known.
    unknown: f64,
    /// Of each row: log-odds of the score, and what each feature adds to those of the model.
    rows: Vec<(f64, Vec<f64>)>,
}

/// A mean log loss, and what the features have in it.
struct Losses {
    mean: f64,
    by_feature: Vec<f64>,
}

impl Explained {
    fn of(scorer: &Scorer, cells: &[Vec<f64>], threads: usize) -> Self {
        let chunk = threads::blocks(cells.len(), CHUNK);
        let explained = threads::in_order(threads, cells.len().div_ceil(CHUNK), |index| {
            let rows = cells[chunk(index)].iter().map(|row| {
                let explanation = scorer.explain(row);
                let base = explanation.base;
                (
                    base,
                    (log_odds(scorer.score(row)), explanation.contributions),
                )
            });
            rows.collect::<Vec<_>>()
        });
        let explained: Vec<_> = explained.into_iter().flatten().collect();
        Self {
            unknown: explained.first().map_or(0.0, |(base, _)| *base),
            rows: explained.into_iter().map(|(_, row)| row).collect(),
        }
    }

    /// Returns how much more these rows lose than the same ones when they were `whole`, whose scores labels follow by
    /// `law`, with the interval of a mean of paired differences.
    fn gap(&self, whole: &Self, law: Curve) -> Option<Estimate> {
        let mut sums = LossSums::default();
        for ((own, _), (score, _)) in self.rows.iter().zip(&whole.rows) {
            let truth = 1.0 / (1.0 + (-(law.intercept + law.slope * score)).exp());
            sums.add(loss_of(*own, truth) - loss_of(*score, truth), 1.0);
        }
        sums.mean_difference()
    }

    /// Returns the mean log loss where labels follow the scores of the rows `of` by `law`, and the scores of these rows
    /// are calibrated as `meaning` says. What a row has in it is told apart by what its features add to its score, and
    /// what its label has by those of the row that this follows.
    fn losses(&self, of: &Self, scorer: &Scorer, law: Curve, meaning: Curve) -> Losses {
        let by_law = |score: f64| law.intercept + law.slope * score;
        let loss = |score: f64, of: f64| {
            // Where both are one and the same there is nothing to turn back, and a flat line could not be.
            let score = match law == meaning {
                true => score,
                false => (by_law(score) - meaning.intercept) / meaning.slope,
            };
            loss_of(score, 1.0 / (1.0 + (-by_law(of)).exp()))
        };
        let calibrated = |model: f64| log_odds(scorer.calibrated(model));
        let unknown = calibrated(self.unknown);
        let [low, high] = [-1e-4, 1e-4].map(|by| calibrated(self.unknown + by));
        let base = loss(unknown, unknown);
        let mut sums = (0.0, vec![0.0; scorer.features().len()]);
        for ((score, parts), (label_score, label_parts)) in self.rows.iter().zip(&of.rows) {
            let own = loss(*score, *label_score);
            let label = loss(unknown, *label_score);
            let near = (loss(high, *label_score) - loss(low, *label_score)) / 2e-4;
            let near_label = (loss(unknown, high) - loss(unknown, low)) / 2e-4;
            sums.0 += own;
            for (parts, change, near) in [
                (parts, own - label, near),
                (label_parts, label - base, near_label),
            ] {
                let gap: f64 = parts.iter().sum();
                let slope = if gap.abs() > SAME { change / gap } else { near };
                let by_feature = sums.1.iter_mut().zip(parts);
                by_feature.for_each(|(sum, part)| *sum += part * slope);
            }
        }
        let rows = self.rows.len().max(1) as f64;
        Losses {
            mean: sums.0 / rows,
            by_feature: sums.1.into_iter().map(|sum| sum / rows).collect(),
        }
    }
}

impl Losses {
    fn minus(&self, other: &Self) -> Self {
        let both = self.by_feature.iter().zip(&other.by_feature);
        Self {
            mean: self.mean - other.mean,
            by_feature: both.map(|(one, other)| one - other).collect(),
        }
    }
}

/// Returns the Shapley value of a player: the mean of what it adds, over all orders in which players may come.
fn shapley(losses: &[Losses], players: usize, player: usize) -> Losses {
    let factorial = |number: usize| (1..=number).product::<usize>() as f64;
    let mut value = Losses {
        mean: 0.0,
        by_feature: vec![0.0; losses[0].by_feature.len()],
    };
    for coalition in (0..losses.len()).filter(|coalition| coalition >> player & 1 == 0) {
        let size = coalition.count_ones() as usize;
        let weight = factorial(size) * factorial(players - size - 1) / factorial(players);
        let (without, with) = (&losses[coalition], &losses[coalition | 1 << player]);
        value.mean += weight * (with.mean - without.mean);
        let both = with.by_feature.iter().zip(&without.by_feature);
        for (sum, (with, without)) in value.by_feature.iter_mut().zip(both) {
            *sum += weight * (with - without);
        }
    }
    value
}

#[cfg(test)]
mod tests;
