//! Trees ready to be walked: nodes side by side. That they are trees was checked before.

use std::sync::OnceLock;

use super::artifact::{Feature, FeatureKind, LEAF, Model};
use super::node::Node;
use super::shapley::Shapley;

/// Trees over the cells of a [`Scorer`](super::score::Scorer).
#[derive(Debug)]
pub(super) struct Forest {
    base: f64,
    roots: Vec<u32>,
    nodes: Vec<Node>,
    /// Of each category: the target order of its levels and of `other`.
    orders: Vec<Option<Vec<f64>>>,
    /// Made with the first explanation: most runs want none.
    shapley: OnceLock<Shapley>,
}

impl Forest {
    /// Lays out trees that [`check_parts`](super::artifact_check::check_parts) found sound: a
    /// child stands behind its parent, so every walk ends. Of another model: no trees.
    pub(super) fn new(features: &[Feature], model: &Model) -> Self {
        let mut forest = Self {
            base: 0.0,
            roots: Vec::new(),
            nodes: Vec::new(),
            orders: features.iter().map(order).collect(),
            shapley: OnceLock::new(),
        };
        if let Model::Trees {
            base,
            roots,
            feature,
            threshold,
            left,
            right,
            missing_left,
            cover,
        } = model
        {
            forest.base = *base;
            forest.roots.clone_from(roots);
            let share = |at: usize| {
                let left = cover[left[at] as usize];
                let rows = left + cover[right[at] as usize];
                if rows > 0.0 { left / rows } else { 0.5 }
            };
            let node = |at: usize| Node {
                threshold: threshold[at],
                left_share: if feature[at] == LEAF { 1.0 } else { share(at) },
                feature: feature[at],
                left: left[at],
                right: right[at],
                missing_left: missing_left[at],
            };
            forest.nodes = (0..feature.len()).map(node).collect();
        }
        forest
    }

    /// Returns what the trees compare with their thresholds: a number, or a level's target order.
    fn value(&self, feature: usize, cell: f64) -> f64 {
        match &self.orders[feature] {
            Some(order) if !cell.is_nan() => order[cell as usize],
            _ => cell,
        }
    }

    fn child(&self, node: &Node, cells: &[f64]) -> u32 {
        let feature = node.feature as usize;
        let value = self.value(feature, cells[feature]);
        if value < node.threshold || (value.is_nan() && node.missing_left) {
            node.left
        } else {
            node.right
        }
    }

    pub(super) fn log_odds(&self, cells: &[f64]) -> f64 {
        let mut sum = self.base;
        for &root in &self.roots {
            let mut node = &self.nodes[root as usize];
            while node.feature != LEAF {
                node = &self.nodes[self.child(node, cells) as usize];
            }
            sum += node.threshold;
        }
        sum
    }

    /// Adds to `contributions` what each feature is worth to this row, and returns the mean
    /// output of all trees over the training rows.
    pub(super) fn explain(&self, cells: &[f64], contributions: &mut [f64]) -> f64 {
        let shapley = self
            .shapley
            .get_or_init(|| Shapley::new(&self.nodes, &self.roots));
        let values = cells.iter().enumerate();
        let values: Vec<f64> = values
            .map(|(feature, &cell)| self.value(feature, cell))
            .collect();
        shapley.add_to(&values, contributions);
        self.base + shapley.mean()
    }
}

fn order(feature: &Feature) -> Option<Vec<f64>> {
    match &feature.kind {
        FeatureKind::Number { .. } => None,
        FeatureKind::Category { order, .. } => Some(order.clone()),
    }
}
