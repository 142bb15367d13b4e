//! Gradient boosted trees: forust grows each tree, the rounds are ours.
//!
//! Forust's own rounds want the whole table as one matrix of doubles (240 MB for a million rows
//! of 30 columns, beside the bins), and say nothing until the end.

use std::collections::HashMap;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::panics::NO_THREADS_HINT;
use churn_base::progress::Progress;
use forust_ml::binning::TiledBins;
use forust_ml::data::Matrix;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::sampler::SampleMethod;
use forust_ml::splitter::MissingImputerSplitter;
use forust_ml::tree::{Tree, split_bins};
use rayon::prelude::*;

use super::artifact::{Feature, LEAF, Model, TreeArrays};
use super::bins::{Bins, MISSING_BIN};
use super::learner::{Fitted, Learner, log_loss, logistic};
use super::logistic::check_classes;
use super::random::{Random, shuffle};
use super::threads;
use super::training_set::TrainingSet;

/// Rows whose gradients one thread computes at once.
const CHUNK: usize = 16_384;

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
    /// Seed of the columns drawn.
    pub seed: u64,
    /// Threads to use; changes nothing but the time.
    pub threads: usize,
}

impl Trees {
    /// Shallow and slow, stopped early: what tables of customers want.
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
        let pool = |threads: usize| {
            let builder = rayon::ThreadPoolBuilder::new();
            builder.num_threads(threads).build()
        };
        // Fewer threads change nothing but the time.
        let pool = pool(self.threads.max(1)).or_else(|_| pool(1));
        let pool = pool.map_err(|error| {
            let failed = Error::new(ExitCode::Io, "cannot start threads for training");
            failed.because(error).hint(NO_THREADS_HINT)
        })?;
        progress.steps("boosted trees", self.rounds as u64);
        let fitted = pool.install(|| self.boost(features, train, validation, progress));
        progress.finish();
        Ok(fitted)
    }
}

impl Trees {
    fn boost(
        &self,
        features: &[Feature],
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        progress: &dyn Progress,
    ) -> Fitted {
        let rows = train.len();
        let bins = Bins::new(features, train, self.threads);
        let held_out = bins.of(features, validation, self.threads);
        let matrix = Matrix::new(&bins.bins, rows, features.len());
        let tiles = TiledBins::new(&matrix, &bins.cuts, self.threads > 1);
        let targets: Vec<bool> = train.targets().collect();
        let prior = train.prior();
        let base = (prior / (1.0 - prior)).ln();
        let mut log_odds = vec![base; rows];
        let mut held_out_log_odds = vec![base; validation.len()];
        let (mut gradients, mut hessians) = (vec![0.0; rows], vec![0.0; rows]);
        let splitter = self.splitter();
        let mut random = Random(self.seed);
        let mut trees: Vec<Tree> = Vec::new();
        let mut history: Vec<f64> = Vec::new();
        let mut best = (0, f64::INFINITY);
        for round in 0..self.rounds {
            derivatives(&targets, &log_odds, &mut gradients, &mut hessians);
            let columns = self.draw_columns(features.len(), &mut random);
            let mut tree = Tree::new();
            let grown = tree.fit_with_tiles(
                &matrix,
                (0..rows).collect(),
                &columns,
                &bins.cuts,
                &gradients,
                &hessians,
                &splitter,
                usize::MAX,
                self.max_depth,
                self.threads > 1,
                &SampleMethod::None,
                &GrowPolicy::DepthWise,
                Some(&tiles),
            );
            let walk = Walk::new(&tree, &bins);
            match grown {
                Some(grown) => grown.leaves(&tree).for_each(|(rows, output)| {
                    rows.iter().for_each(|&row| log_odds[row] += output);
                }),
                None => walk.add_to(&mut log_odds, &bins.bins),
            }
            walk.add_to(&mut held_out_log_odds, &held_out);
            trees.push(tree);
            progress.advance(1);
            if validation.is_empty() {
                continue;
            }
            let loss = log_loss(&held_out_log_odds, validation.targets());
            history.push(loss);
            if loss < best.1 {
                best = (round + 1, loss);
            }
            progress.note(&format!(
                "validation log loss {loss:.4}, best {:.4} in round {}",
                best.1, best.0
            ));
            if self
                .patience
                .is_some_and(|patience| round + 1 - best.0 >= patience)
            {
                break;
            }
        }
        let used = if self.patience.is_some() && !history.is_empty() {
            best.0
        } else {
            trees.len()
        };
        Fitted {
            model: flatten(base, &trees[..used]),
            validation_log_loss: match used.checked_sub(1) {
                Some(last) => history.get(last).copied().unwrap_or(f64::NAN),
                None => f64::NAN,
            },
            history,
            summary: format!("{used} of {} rounds", trees.len()),
        }
    }

    pub(super) fn splitter(&self) -> MissingImputerSplitter {
        MissingImputerSplitter {
            l1: 0.0,
            l2: self.l2,
            max_delta_step: 0.0,
            gamma: 0.0,
            min_leaf_weight: self.min_leaf_weight,
            learning_rate: self.learning_rate,
            allow_missing_splits: true,
            constraints_map: HashMap::new(),
        }
    }

    fn draw_columns(&self, count: usize, random: &mut Random) -> Vec<usize> {
        let mut columns: Vec<usize> = (0..count).collect();
        if self.column_share < 1.0 {
            shuffle(&mut columns, random);
            columns.truncate(((count as f64 * self.column_share) as usize).max(1));
            columns.sort_unstable();
        }
        columns
    }
}

/// Computes the first and second derivative of each row's log loss: `p - y` and `p (1 - p)`.
fn derivatives(targets: &[bool], log_odds: &[f64], gradients: &mut [f32], hessians: &mut [f32]) {
    let own = gradients
        .par_chunks_mut(CHUNK)
        .zip(hessians.par_chunks_mut(CHUNK));
    let of_rows = targets.par_chunks(CHUNK).zip(log_odds.par_chunks(CHUNK));
    own.zip(of_rows)
        .for_each(|((gradients, hessians), (targets, log_odds))| {
            let rows = gradients
                .iter_mut()
                .zip(hessians)
                .zip(targets.iter().zip(log_odds));
            for ((gradient, hessian), (&churned, &z)) in rows {
                let score = logistic(z);
                *gradient = (score - f64::from(u8::from(churned))) as f32;
                *hessian = (score * (1.0 - score)) as f32;
            }
        });
}

/// A tree that is walked by bins.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    bins: Vec<u16>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a Tree, bins: &Bins) -> Self {
        Self {
            tree,
            bins: split_bins(tree, &bins.cuts),
        }
    }

    fn add_to(&self, log_odds: &mut [f64], bins: &[u16]) {
        let rows = log_odds.len();
        log_odds.par_iter_mut().enumerate().for_each(|(row, z)| {
            *z += self.output(|column| bins[column * rows + row]);
        });
    }

    /// Returns the tree's output for a row of these bins.
    pub(super) fn output(&self, bin: impl Fn(usize) -> u16) -> f64 {
        self.tree
            .predict_row_from_bins(bin, &self.bins, MISSING_BIN, &f64::NAN)
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
                feature.push(LEAF);
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
    Model::Trees(TreeArrays {
        base,
        roots,
        feature,
        threshold,
        left,
        right,
        missing_left,
        cover,
    })
}
