//! What each feature is worth to a model: how much worse it gets when the feature is shuffled.

use churn_base::error::Result;
use churn_drift::stats::classification::{ScoredCell, performance};

use super::artifact::Importance;
use super::learner::{log_loss, logistic};
use super::random::{Random, shuffle};
use super::score::Scorer;
use super::threads;
use super::training_set::TrainingSet;

/// Most rows looked at; more change the third digit only.
const MAX_ROWS: usize = 20_000;
/// Shuffles of each feature.
const REPEATS: u64 = 3;

/// Computes the permutation importance of every feature on the rows of `set`, largest rise of
/// the log loss first.
///
/// # Formula
/// Mean over three shuffles of: log loss with the feature's values shuffled among the rows, less
/// log loss as it is; ROC AUC as it is, less ROC AUC shuffled (Breiman 2001; Fisher, Rudin,
/// Dominici 2019). At most 20,000 rows, drawn by `seed`. Before calibration.
///
/// # Errors
/// As [`Scorer::log_odds_of`].
pub fn permutation_importance(
    scorer: &Scorer,
    set: &TrainingSet<'_>,
    seed: u64,
    threads: usize,
) -> Result<Vec<Importance>> {
    let mut rows = set.rows.to_vec();
    if rows.len() > MAX_ROWS {
        shuffle(&mut rows, &mut Random(seed));
        rows.truncate(MAX_ROWS);
    }
    let columns = scorer.cell_columns(set.frame)?;
    let width = columns.len();
    let mut cells = vec![0.0; width * rows.len()];
    for (own, &row) in cells.chunks_exact_mut(width.max(1)).zip(&rows) {
        for (cell, column) in own.iter_mut().zip(&columns) {
            *cell = column.cell(row as usize);
        }
    }
    let labels: Vec<bool> = rows.iter().map(|&row| set.labels[row as usize]).collect();
    let features = scorer.features();
    // The last task is the model as it is.
    let measured = threads::in_order(threads, width + 1, |feature| {
        let shuffles = if feature < width { REPEATS } else { 1 };
        let mut sums = (0.0, 0.0);
        for repeat in 0..shuffles {
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            if feature < width {
                let stream = (feature as u64) << 8 | repeat;
                shuffle(&mut order, &mut Random::stream(seed, stream));
            }
            let mut own = vec![0.0; width];
            let log_odds: Vec<f64> = order
                .iter()
                .enumerate()
                .map(|(row, &from)| {
                    own.copy_from_slice(&cells[row * width..(row + 1) * width]);
                    if feature < width {
                        own[feature] = cells[from as usize * width + feature];
                    }
                    scorer.log_odds(&own)
                })
                .collect();
            sums.0 += log_loss(&log_odds, labels.iter().copied());
            sums.1 += roc_auc(&log_odds, &labels);
        }
        (sums.0 / shuffles as f64, sums.1 / shuffles as f64)
    });
    let (loss, auc) = measured[width];
    let mut importance: Vec<Importance> = features
        .iter()
        .zip(&measured)
        .map(|(feature, (shuffled_loss, shuffled_auc))| Importance {
            feature: feature.name.clone(),
            log_loss_increase: shuffled_loss - loss,
            roc_auc_decrease: auc - shuffled_auc,
        })
        .collect();
    importance.sort_by(|a, b| b.log_loss_increase.total_cmp(&a.log_loss_increase));
    Ok(importance)
}

/// Computes the area under the ROC curve, 0.5 where one class is missing.
fn roc_auc(log_odds: &[f64], labels: &[bool]) -> f64 {
    let cells: Vec<ScoredCell> = log_odds
        .iter()
        .zip(labels)
        .map(|(&z, &churned)| ScoredCell {
            score: logistic(z),
            positives: u64::from(churned),
            negatives: u64::from(!churned),
        })
        .collect();
    performance(&cells, 0.5)
        .roc_auc
        .map_or(0.5, |auc| auc.value)
}
