//! Why a row has its score: what each feature added to the log-odds. A category is one feature,
//! however the learner takes it in: its levels' parts are already together.

use super::engine::Engine;

/// The log-odds of a row, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Mean log-odds of the training rows (trees), log-odds at their mean (logistic).
    pub base: f64,
    /// What each feature added, in the order of the features. With `base` they add up to the
    /// log-odds, before calibration.
    pub contributions: Vec<f64>,
}

impl Explanation {
    /// Returns the log-odds: base and contributions together.
    #[must_use]
    pub fn log_odds(&self) -> f64 {
        self.base + self.contributions.iter().sum::<f64>()
    }

    /// Returns the `k` features with the largest contributions by size, largest first.
    #[must_use]
    pub fn top(&self, k: usize) -> Vec<(usize, f64)> {
        let mut order: Vec<(usize, f64)> = self.contributions.iter().copied().enumerate().collect();
        order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        order.truncate(k);
        order
    }
}

/// Takes a row's log-odds apart.
///
/// # Formula
/// Shapley values, whose sum with the base is the log-odds. Linear: weight x (value - mean) for a
/// number, the level's weight (mean 0 over the training rows) for a category. Trees: see
/// [`Shapley`](super::shapley::Shapley), path-dependent TreeSHAP.
pub(super) fn explain(engine: &Engine, cells: &[f64]) -> Explanation {
    match engine {
        Engine::Logistic { intercept, lines } => Explanation {
            base: *intercept,
            contributions: lines
                .iter()
                .zip(cells)
                .map(|(line, cell)| line.of(*cell))
                .collect(),
        },
        Engine::Trees(forest) => {
            let mut contributions = vec![0.0; cells.len()];
            let base = forest.explain(cells, &mut contributions);
            Explanation {
                base,
                contributions,
            }
        }
    }
}

/// Takes the log-odds of many rows apart, as [`explain`] does those of one, to the last bit.
pub(super) fn explain_rows(engine: &Engine, rows: &[&[f64]]) -> Vec<Explanation> {
    let Engine::Trees(forest) = engine else {
        return rows.iter().map(|cells| explain(engine, cells)).collect();
    };
    let (contributions, base) = forest.explain_rows(rows);
    let of_row = |(row, cells): (usize, &&[f64])| Explanation {
        base,
        contributions: (0..cells.len())
            .map(|feature| contributions.column(feature)[row])
            .collect(),
    };
    rows.iter().enumerate().map(of_row).collect()
}
