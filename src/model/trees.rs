//! Gradient boosted trees: forust grows them, flat arrays keep them.

use forust_ml::data::Matrix;
use forust_ml::gradientbooster::GradientBooster;
use forust_ml::metric::Metric;
use forust_ml::tree::Tree;

use super::artifact::{Feature, Model};
use super::encode::{TrainingSet, tree_matrix};
use super::learner::{Fitted, Learner};
use super::logistic::check_classes;
use super::threads;
use crate::error::{Error, Result};
use crate::progress::Progress;

/// The tree learner's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trees {
    /// Most trees.
    pub rounds: usize,
    /// Rounds without a better validation log loss after which to stop; none for all rounds.
    pub patience: Option<usize>,
    /// Share of each tree's output that is taken.
    pub learning_rate: f32,
    /// Most splits between root and leaf.
    pub max_depth: usize,
    /// Least sum of hessians, p (1 - p) a row, in a leaf.
    pub min_leaf_weight: f32,
    /// L2 penalty of leaf outputs.
    pub l2: f32,
    /// Share of the columns that a tree may use.
    pub column_share: f64,
    /// Share of the rows that a tree is grown on.
    pub row_share: f32,
    /// Seed of the columns and rows drawn.
    pub seed: u64,
    /// Threads to use; changes nothing but the time.
    pub threads: usize,
}

impl Trees {
    /// Shallow and slow, stopped early: what small tables want.
    #[must_use]
    pub fn shallow(seed: u64) -> Self {
        Self {
            rounds: 600,
            patience: Some(50),
            learning_rate: 0.05,
            max_depth: 4,
            min_leaf_weight: 5.0,
            l2: 1.0,
            column_share: 0.5,
            row_share: 1.0,
            seed,
            threads: threads::available(),
        }
    }

    /// The setting of the Python system: 250 trees of depth 6, learning rate 0.08.
    #[must_use]
    pub fn python(seed: u64) -> Self {
        Self {
            rounds: 250,
            patience: None,
            learning_rate: 0.08,
            max_depth: 6,
            min_leaf_weight: 1.0,
            l2: 0.0,
            column_share: 1.0,
            ..Self::shallow(seed)
        }
    }
}

impl Learner for Trees {
    fn name(&self) -> &'static str {
        "trees"
    }

    fn fit(
        &self,
        features: &[Feature],
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        progress: &dyn Progress,
    ) -> Result<Fitted> {
        check_classes(train)?;
        progress.stage("boosted trees", None);
        let (matrix, targets) = (
            tree_matrix(features, train, true, self.threads),
            numbers(train),
        );
        let held_out = tree_matrix(features, validation, false, self.threads);
        let held_out_targets = numbers(validation);
        let (weights, held_out_weights) = (vec![1.0; train.len()], vec![1.0; validation.len()]);
        let mut booster = self.booster();
        if validation.is_empty() {
            booster.early_stopping_rounds = None;
        }
        let evaluation = (!validation.is_empty()).then(|| {
            let matrix = Matrix::new(&held_out, validation.len(), features.len());
            vec![(matrix, &held_out_targets[..], &held_out_weights[..])]
        });
        let fitted = booster.fit(
            &Matrix::new(&matrix, train.len(), features.len()),
            &targets,
            &weights,
            evaluation,
        );
        progress.finish();
        fitted.map_err(|error| {
            Error::bad_input("the trees cannot be grown").because(error.to_string())
        })?;
        let history: Vec<f64> = (0..booster.trees.len())
            .filter_map(|round| {
                let history = booster.evaluation_history.as_ref()?;
                Some(*history.get(round, 0))
            })
            .collect();
        let used = booster.prediction_iteration.unwrap_or(booster.trees.len());
        Ok(Fitted {
            model: flatten(booster.base_score, &booster.trees[..used]),
            validation_log_loss: history
                .get(used.wrapping_sub(1))
                .copied()
                .unwrap_or(f64::NAN),
            history,
            summary: format!("{used} of {} rounds", booster.trees.len()),
        })
    }
}

fn numbers(set: &TrainingSet<'_>) -> Vec<f64> {
    set.targets()
        .map(|label| f64::from(u8::from(label)))
        .collect()
}

impl Trees {
    fn booster(&self) -> GradientBooster {
        let mut booster = GradientBooster::default();
        booster.iterations = self.rounds;
        booster.early_stopping_rounds = self.patience;
        booster.evaluation_metric = Some(Metric::LogLoss);
        booster.learning_rate = self.learning_rate;
        booster.max_depth = self.max_depth;
        booster.min_leaf_weight = self.min_leaf_weight;
        booster.l2 = self.l2;
        booster.colsample_bytree = self.column_share;
        booster.subsample = self.row_share;
        if self.row_share < 1.0 {
            booster.sample_method = forust_ml::sampler::SampleMethod::Random;
        }
        booster.seed = self.seed;
        booster.parallel = self.threads > 1;
        booster.num_threads = Some(self.threads);
        booster.tiled_histograms = true;
        booster.initialize_base_score = true;
        booster
    }
}

/// Turns trees into the flat arrays of [`Model::Trees`].
fn flatten(base: f64, trees: &[Tree]) -> Model {
    let mut roots = Vec::with_capacity(trees.len());
    let (mut feature, mut threshold, mut cover) = (Vec::new(), Vec::new(), Vec::new());
    let (mut left, mut right, mut missing_left) = (Vec::new(), Vec::new(), Vec::new());
    for tree in trees {
        let root = feature.len() as u32;
        roots.push(root);
        for node in &tree.nodes {
            cover.push(f64::from(node.hessian_sum));
            if node.is_leaf {
                feature.push(u32::MAX);
                threshold.push(f64::from(node.weight_value));
                left.push(0);
                right.push(0);
                missing_left.push(false);
            } else {
                feature.push(node.split_feature as u32);
                threshold.push(node.split_value);
                left.push(root + node.left_child as u32);
                right.push(root + node.right_child as u32);
                missing_left.push(node.missing_node == node.left_child);
            }
        }
    }
    Model::Trees {
        base,
        roots,
        feature,
        threshold,
        left,
        right,
        missing_left,
        cover,
    }
}
