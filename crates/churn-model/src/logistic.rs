//! L2 logistic regression by a truncated Newton method.
//!
//! Our own, not linfa-logistic's: that one wants the dense matrix (a gigabyte for a million rows
//! of 30 columns), works on one thread, and stops by the gradient of the sum of losses, which
//! depends on the number of rows. This one needs no matrix at all, see `design.rs`.

use churn_base::error::{Error, Result};
use churn_base::progress::Progress;
use ndarray::{Array1, ArrayView1};

use super::artifact::{Feature, FeatureKind, Model};
use super::design::{Design, weight_count};
use super::learner::{Fitted, Learner, log_loss, logistic, softplus};
use super::random::Random;
use super::threads;
use super::training_set::TrainingSet;

/// Penalties tried, strongest first.
const PENALTIES: [f64; 8] = [300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1];
/// Penalty without validation rows.
const DEFAULT_PENALTY: f64 = 1.0;
const MAX_NEWTON_STEPS: usize = 50;
const MAX_INNER_STEPS: usize = 200;
/// Converged when no part of the gradient exceeds this times the rows.
const TOLERANCE: f64 = 1e-7;
/// A weaker penalty must lower the validation log loss by more than this share of it.
const WORTH: f64 = 1e-5;
/// Training rows above which penalties are tried on a sample of so many: the best one is the prior variance of the weights,
/// which has nothing to do with the number of rows.
const PATH_ROWS: usize = 100_000;
/// A sample with fewer rows of one class decides nothing.
const PATH_ROWS_OF_A_CLASS: usize = 1_000;

/// The logistic learner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// The penalty, chosen on the validation rows if not given.
    pub l2: Option<f64>,
    /// Threads to use; changes nothing but the time.
    pub threads: usize,
}

impl Default for Logistic {
    fn default() -> Self {
        Self {
            l2: None,
            threads: threads::available(),
        }
    }
}

impl Learner for Logistic {
    fn name(&self) -> &'static str {
        "logistic"
    }

    fn fit(
        &self,
        features: &[Feature],
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        progress: &dyn Progress,
    ) -> Result<Fitted> {
        check_classes(train)?;
        let drawn = path_rows(train);
        let path = TrainingSet {
            rows: drawn.as_deref().unwrap_or(train.rows),
            ..*train
        };
        let problem = Problem::new(features, &path, self.threads);
        let held_out = Design::new(features, validation, self.threads);
        let candidates: &[f64] = match &self.l2 {
            Some(l2) => std::slice::from_ref(l2),
            None if validation.is_empty() => &[DEFAULT_PENALTY],
            None => &PENALTIES,
        };
        progress.steps("logistic regression", candidates.len() as u64);
        let mut weights = problem.start(train.prior());
        let mut best: Option<(f64, f64, Vec<f64>)> = None;
        let mut history = Vec::new();
        let mut worse = 0;
        for &l2 in candidates {
            weights = problem.minimise(l2, weights);
            let loss = if validation.is_empty() {
                f64::NAN
            } else {
                log_loss(&held_out.times(&weights), validation.targets())
            };
            history.push(loss);
            progress.advance(1);
            if best
                .as_ref()
                .is_none_or(|(least, ..)| loss < *least * (1.0 - WORTH))
            {
                best = Some((loss, l2, weights.clone()));
                worse = 0;
            } else {
                worse += 1;
            }
            if let Some((least, penalty, _)) = best.as_ref().filter(|_| loss.is_finite()) {
                progress.note(&format!(
                    "validation log loss {loss:.4}, best {least:.4} with penalty {penalty}"
                ));
            }
            if worse == 2 {
                break;
            }
        }
        progress.finish();
        let Some((mut validation_log_loss, l2, mut weights)) = best else {
            return Err(Error::bad_input("the logistic model has no penalty to try"));
        };
        let mut problem = problem;
        if drawn.is_some() {
            problem = Problem::new(features, train, self.threads);
            weights = problem.minimise(l2, weights);
            if !validation.is_empty() {
                validation_log_loss = log_loss(&held_out.times(&weights), validation.targets());
            }
        }
        Ok(Fitted {
            model: problem.model(features, &weights, l2),
            validation_log_loss,
            history,
            summary: format!("penalty {l2}"),
        })
    }
}

/// Draws the rows to try penalties on: one of each stretch of the table, so that it stands for all times; nothing where all
/// rows are few enough, or the sample has too few of a class.
fn path_rows(train: &TrainingSet<'_>) -> Option<Vec<u32>> {
    let rows = train.rows;
    if rows.len() <= PATH_ROWS {
        return None;
    }
    let mut random = Random(rows.len() as u64);
    let drawn: Vec<u32> = (0..PATH_ROWS)
        .map(|number| {
            let stretch = number * rows.len() / PATH_ROWS..(number + 1) * rows.len() / PATH_ROWS;
            rows[stretch.start + random.below(stretch.len() as u64) as usize]
        })
        .collect();
    let churned = drawn.iter().filter(|&&row| train.labels[row as usize]);
    let churned = churned.count();
    (churned.min(PATH_ROWS - churned) >= PATH_ROWS_OF_A_CLASS).then_some(drawn)
}

/// Checks that there is something to tell apart.
///
/// # Errors
/// Bad input without rows, or with rows of one class.
pub(super) fn check_classes(train: &TrainingSet<'_>) -> Result<()> {
    let churned = train.targets().filter(|&label| label).count();
    if churned == 0 || churned == train.len() {
        let rows = train.len();
        return Err(Error::bad_input(format!(
            "of {rows} training rows {churned} are positive: a model needs both classes"
        ))
        .hint("check the label column and which of its values is the positive one"));
    }
    Ok(())
}

struct Problem<'a> {
    design: Design<'a>,
    /// 1 for churned, else 0.
    targets: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(features: &[Feature], train: &TrainingSet<'a>, threads: usize) -> Self {
        Self {
            design: Design::new(features, train, threads),
            targets: train
                .targets()
                .map(|label| f64::from(u8::from(label)))
                .collect(),
        }
    }

    /// Returns the model without features: the log-odds of the prior.
    fn start(&self, prior: f64) -> Vec<f64> {
        let mut weights = vec![0.0; self.design.weights()];
        if let Some(intercept) = weights.last_mut() {
            *intercept = (prior / (1.0 - prior)).ln();
        }
        weights
    }

    /// Computes the penalised loss.
    fn loss(&self, l2: f64, weights: &[f64], log_odds: &[f64]) -> f64 {
        let loss: f64 = log_odds
            .iter()
            .zip(&self.targets)
            .map(|(&z, target)| softplus(z) - target * z)
            .sum();
        let slopes = &weights[..weights.len() - 1];
        loss + l2 / 2.0 * slopes.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// Finds the weights with the least penalised loss, from these on.
    ///
    /// # Formula
    /// `sum(ln(1 + exp(z)) - y z) + l2 / 2 |w|^2`, the intercept free. Each Newton step solves
    /// `(X^T D X + l2) d = -g` by conjugate gradients with the diagonal as preconditioner, as far
    /// as the gradient is worth (Dembo, Eisenstat, Steihaug 1982), and is halved until the loss
    /// falls (Armijo).
    fn minimise(&self, l2: f64, mut weights: Vec<f64>) -> Vec<f64> {
        let mut penalties = Array1::from_elem(weights.len(), l2);
        if let Some(intercept) = penalties.last_mut() {
            *intercept = 0.0;
        }
        let mut log_odds = self.design.times(&weights);
        let mut loss = self.loss(l2, &weights, &log_odds);
        for _ in 0..MAX_NEWTON_STEPS {
            let scores: Vec<f64> = log_odds.iter().map(|&z| logistic(z)).collect();
            let residuals: Vec<f64> = scores
                .iter()
                .zip(&self.targets)
                .map(|(score, target)| score - target)
                .collect();
            let gradient = Array1::from(self.design.transposed_times(&residuals));
            let gradient = gradient + &penalties * &ArrayView1::from(&weights);
            let steepest = gradient
                .iter()
                .fold(0.0_f64, |most, part| most.max(part.abs()));
            if steepest <= TOLERANCE * self.targets.len() as f64 {
                break;
            }
            let curvature: Vec<f64> = scores.iter().map(|score| score * (1.0 - score)).collect();
            let step = self.newton_step(&curvature, &penalties, &gradient);
            let slope = gradient.dot(&step);
            let change = self.design.times(values(&step));
            let mut length = 1.0;
            let taken = loop {
                let trial: Vec<f64> = weights
                    .iter()
                    .zip(&step)
                    .map(|(weight, step)| weight + length * step)
                    .collect();
                let moved: Vec<f64> = log_odds
                    .iter()
                    .zip(&change)
                    .map(|(z, change)| z + length * change)
                    .collect();
                let found = self.loss(l2, &trial, &moved);
                if found <= loss + 1e-4 * length * slope {
                    break Some((trial, moved, found));
                }
                length /= 2.0;
                if length < 1e-6 {
                    break None;
                }
            };
            // No step lowers the loss any more: the limit of the arithmetic.
            let Some((trial, moved, found)) = taken else {
                break;
            };
            (weights, log_odds, loss) = (trial, moved, found);
        }
        weights
    }

    /// Solves for the step by conjugate gradients; all vectors have a place a weight.
    fn newton_step(
        &self,
        curvature: &[f64],
        penalties: &Array1<f64>,
        gradient: &Array1<f64>,
    ) -> Array1<f64> {
        let diagonal = Array1::from(self.design.diagonal(curvature)) + penalties;
        let diagonal = diagonal.mapv_into(|own| own.max(1e-12));
        let mut step = Array1::zeros(gradient.len());
        let mut residual = -gradient;
        let start = residual.dot(&residual).sqrt();
        let relative = (start / self.targets.len() as f64).sqrt().min(0.1);
        let mut conditioned = &residual / &diagonal;
        let mut direction = conditioned.clone();
        let mut energy = residual.dot(&conditioned);
        for _ in 0..MAX_INNER_STEPS {
            let product = self.design.curvature_times(curvature, values(&direction));
            let product = Array1::from(product) + penalties * &direction;
            let bend = direction.dot(&product);
            if bend <= 0.0 {
                break;
            }
            let length = energy / bend;
            step.scaled_add(length, &direction);
            residual.scaled_add(-length, &product);
            if residual.dot(&residual).sqrt() <= relative * start {
                break;
            }
            conditioned = &residual / &diagonal;
            let next = residual.dot(&conditioned);
            direction = &conditioned + next / energy * direction;
            energy = next;
        }
        step
    }

    /// Makes the model: a category's weights are moved to mean 0 over the training rows, and the
    /// intercept with them, so that the intercept is the log-odds at the mean. Levels without
    /// training rows get that mean.
    fn model(&self, features: &[Feature], weights: &[f64], l2: f64) -> Model {
        let ones = vec![1.0; self.targets.len()];
        let counts = self.design.diagonal(&ones);
        let rows = ones.len() as f64;
        let mut intercept = weights[weights.len() - 1];
        let mut first = 0;
        let of_features = features.iter().map(|feature| {
            let own = first..first + weight_count(feature);
            first = own.end;
            let mut own_weights = weights[own.clone()].to_vec();
            if let FeatureKind::Category { .. } = feature.kind {
                let counts = &counts[own];
                let mean = dot(&own_weights, counts) / rows;
                for (weight, count) in own_weights.iter_mut().zip(counts) {
                    *weight = if *count > 0.0 { *weight - mean } else { 0.0 };
                }
                intercept += mean;
            }
            own_weights
        });
        let weights = of_features.collect();
        Model::Logistic {
            intercept,
            weights,
            l2,
        }
    }
}

/// The numbers of a vector, which lie one behind another.
fn values(vector: &Array1<f64>) -> &[f64] {
    vector.as_slice().unwrap_or_default()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use churn_base::progress::Silent;

    use super::super::encode::fit_features;
    use super::super::frame::{Column, Frame};
    use super::*;

    /// Rows whose label follows one of two numbers.
    fn frame(rows: usize, churned: f64) -> (Frame, Vec<bool>) {
        let mut random = Random(7);
        let mut unit = || random.below(1 << 32) as f64 / (1_u64 << 32) as f64;
        let (mut told, mut noise, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let value = unit();
            labels.push(unit() < churned * 2.0 * value);
            told.push(value);
            noise.push(unit());
        }
        let frame = Frame {
            rows,
            names: vec!["told".into(), "noise".into()],
            columns: vec![Column::Numbers(told), Column::Numbers(noise)],
        };
        (frame, labels)
    }

    /// The weights have one optimum, whatever rows the way to it began with.
    #[test]
    fn penalties_tried_on_a_sample_leave_the_optimum_of_all_rows() {
        let (frame, labels) = frame(PATH_ROWS + 40_000, 0.4);
        let all: Vec<u32> = (0..frame.rows as u32).collect();
        let (rows, held_out) = all.split_at(PATH_ROWS + 20_000);
        let set = |rows| TrainingSet {
            frame: &frame,
            labels: &labels,
            rows,
        };
        let (train, validation) = (set(rows), set(held_out));
        let drawn = path_rows(&train).expect("a sample");
        assert!(drawn.len() == PATH_ROWS && drawn.windows(2).all(|pair| pair[0] < pair[1]));
        let features = fit_features(&train, &frame.names);
        let chosen = Logistic::default()
            .fit(&features, &train, &validation, &Silent)
            .expect("fits");
        let Model::Logistic { weights, l2, .. } = &chosen.model else {
            panic!("another model");
        };
        let problem = Problem::new(&features, &train, 1);
        let cold = problem.minimise(*l2, problem.start(train.prior()));
        for (weight, cold) in weights.concat().iter().zip(&cold) {
            assert!((weight - cold).abs() < 1e-5, "{weight} {cold}");
        }
        let loss = log_loss(
            &Design::new(&features, &validation, 1).times(&cold),
            validation.targets(),
        );
        assert!((chosen.validation_log_loss - loss).abs() < 1e-8);
    }

    #[test]
    fn a_sample_with_hardly_a_churned_row_decides_nothing() {
        let (frame, labels) = frame(PATH_ROWS + 10, 0.005);
        let rows: Vec<u32> = (0..frame.rows as u32).collect();
        let set = |rows| TrainingSet {
            frame: &frame,
            labels: &labels,
            rows,
        };
        assert_eq!(path_rows(&set(&rows)), None);
        assert_eq!(path_rows(&set(&rows[..PATH_ROWS])), None);
    }
}
