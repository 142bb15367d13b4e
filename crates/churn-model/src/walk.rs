//! Trees ready to be walked: nodes side by side. That they are trees was checked before.

use std::sync::OnceLock;

use super::artifact::{Ensemble, Feature, FeatureKind, LEAF, TreeArrays, TreeInput};
use super::by_feature::ByFeature;
use super::level_set::LevelSet;
use super::node::Node;
use super::shapley::Shapley;

/// Trees over the cells of a [`Scorer`](super::score::Scorer).
#[derive(Debug)]
pub(super) struct Forest {
    base: f64,
    roots: Vec<u32>,
    nodes: Vec<Node>,
    /// What becomes of the cell of each feature.
    takes: Vec<Take>,
    /// Levels that go left, of nodes that ask for a category.
    sets: Vec<LevelSet>,
    /// Made with the first explanation: most runs want none.
    shapley: OnceLock<Shapley>,
}

/// What the trees compare of a cell.
#[derive(Debug)]
enum Take {
    Cell,
    /// The target order of the level, or of `other`.
    Order(Vec<f64>),
    Single,
    ZeroIsMissing,
}

/// What is nearer to zero than this is zero to LightGBM: `kZeroThreshold`, in single precision.
const ZERO: f64 = 1e-35_f32 as f64;

impl Forest {
    /// Lays out our own trees that [`check_parts`](super::artifact_check::check_parts) found sound: a
    /// child stands behind its parent, so every walk ends.
    pub(super) fn new(features: &[Feature], trees: &TreeArrays) -> Self {
        let takes = features.iter().map(|feature| match &feature.kind {
            FeatureKind::Number { .. } => Take::Cell,
            FeatureKind::Category { order, .. } => Take::Order(order.clone()),
        });
        Self::of(trees, takes.collect())
    }

    /// Lays out those of another framework, found sound likewise.
    pub(super) fn imported(features: &[Feature], ensemble: &Ensemble) -> Self {
        let takes = ensemble.inputs.iter().map(|input| match input {
            TreeInput::Exact => Take::Cell,
            TreeInput::Single => Take::Single,
            TreeInput::ZeroIsMissing => Take::ZeroIsMissing,
        });
        let mut forest = Self::of(&ensemble.trees, takes.collect());
        let mut sizes = vec![0; ensemble.sets.len()];
        for node in &mut forest.nodes {
            let feature = features.get(node.feature as usize);
            if let Some(FeatureKind::Category { levels, .. }) = feature.map(|one| &one.kind) {
                node.by_level = true;
                sizes[node.threshold as usize] = levels.len() + 1;
            }
        }
        // A set that no node asks for has no size, and nothing in it.
        let sets = ensemble.sets.iter().zip(sizes);
        forest.sets = sets.map(|(set, size)| LevelSet::new(size, set)).collect();
        forest
    }

    fn of(trees: &TreeArrays, takes: Vec<Take>) -> Self {
        let share = |at: usize| {
            let left = trees.cover[trees.left[at] as usize];
            let rows = left + trees.cover[trees.right[at] as usize];
            if rows > 0.0 { left / rows } else { 0.5 }
        };
        let node = |at: usize| Node {
            threshold: trees.threshold[at],
            left_share: if trees.feature[at] == LEAF {
                1.0
            } else {
                share(at)
            },
            feature: trees.feature[at],
            left: trees.left[at],
            right: trees.right[at],
            missing_left: trees.missing_left[at],
            by_level: false,
        };
        Self {
            base: trees.base,
            roots: trees.roots.clone(),
            nodes: (0..trees.feature.len()).map(node).collect(),
            takes,
            sets: Vec::new(),
            shapley: OnceLock::new(),
        }
    }

    /// Returns what the trees compare with their thresholds.
    fn value(&self, feature: usize, cell: f64) -> f64 {
        match &self.takes[feature] {
            Take::Cell => cell,
            Take::Order(order) if !cell.is_nan() => order[cell as usize],
            Take::Single => f64::from(cell as f32),
            Take::ZeroIsMissing if cell.abs() <= ZERO => f64::NAN,
            Take::Order(_) | Take::ZeroIsMissing => cell,
        }
    }

    /// Returns what the trees compare, feature by feature: once a row, not once a node.
    fn values(&self, cells: &[f64]) -> Vec<f64> {
        let values = cells.iter().enumerate();
        values
            .map(|(feature, &cell)| self.value(feature, cell))
            .collect()
    }

    /// Returns how many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Tells each node that a row comes to.
    pub(super) fn visit(&self, cells: &[f64], mut visits: impl FnMut(usize)) {
        let values = self.values(cells);
        for &root in &self.roots {
            let mut at = root as usize;
            visits(at);
            while self.nodes[at].feature != LEAF {
                let node = &self.nodes[at];
                let value = values[node.feature as usize];
                let goes_left = match node.by_level {
                    _ if value.is_nan() => node.missing_left,
                    false => value < node.threshold,
                    true => self.sets[node.threshold as usize].has(value),
                };
                at = if goes_left { node.left } else { node.right } as usize;
                visits(at);
            }
        }
    }

    pub(super) fn log_odds(&self, cells: &[f64]) -> f64 {
        let values = self.values(cells);
        // Which walk it is, is a matter of the forest: a node of our own trees asks one thing.
        if self.sets.is_empty() {
            self.sum(|node| {
                let value = values[node.feature as usize];
                value < node.threshold || (value.is_nan() && node.missing_left)
            })
        } else {
            self.sum(|node| {
                let value = values[node.feature as usize];
                let passes = match node.by_level {
                    false => value < node.threshold,
                    true => !value.is_nan() && self.sets[node.threshold as usize].has(value),
                };
                passes || (value.is_nan() && node.missing_left)
            })
        }
    }

    /// Adds up the leaves that a row comes to.
    #[inline]
    fn sum(&self, goes_left: impl Fn(&Node) -> bool) -> f64 {
        let mut sum = self.base;
        for &root in &self.roots {
            let mut node = &self.nodes[root as usize];
            while node.feature != LEAF {
                let child = if goes_left(node) {
                    node.left
                } else {
                    node.right
                };
                node = &self.nodes[child as usize];
            }
            sum += node.threshold;
        }
        sum
    }

    /// Adds to `contributions` what each feature is worth to this row, and returns the mean
    /// output of all trees over the training rows.
    pub(super) fn explain(&self, cells: &[f64], contributions: &mut [f64]) -> f64 {
        let shapley = self.shapley();
        shapley.add_to(&self.values(cells), contributions);
        self.base + shapley.mean()
    }

    /// Returns what each feature is worth to each of these rows, and the mean output as [`explain`](Self::explain) does.
    pub(super) fn explain_rows(&self, rows: &[&[f64]]) -> (ByFeature, f64) {
        let shapley = self.shapley();
        let mut values = ByFeature::zeros(rows.len(), self.takes.len());
        for feature in 0..self.takes.len() {
            for (value, cells) in values.column_mut(feature).iter_mut().zip(rows) {
                *value = self.value(feature, cells[feature]);
            }
        }
        let mut contributions = ByFeature::zeros(rows.len(), self.takes.len());
        shapley.add_to_rows(&values, &mut contributions);
        (contributions, self.base + shapley.mean())
    }

    fn shapley(&self) -> &Shapley {
        self.shapley
            .get_or_init(|| Shapley::new(&self.nodes, &self.roots, &self.sets))
    }
}
