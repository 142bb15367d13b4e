//! Trees ready to be walked: checked once, nodes side by side.

use super::artifact::{Feature, FeatureKind, Model};

const LEAF: u32 = u32::MAX;

/// A node: 32 bytes, two a cache line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Of a leaf: its output.
    threshold: f64,
    /// Mean output of the training rows that came by.
    mean: f64,
    feature: u32,
    left: u32,
    right: u32,
    missing_left: bool,
}

/// Trees over the cells of a [`Scorer`](super::score::Scorer).
#[derive(Debug)]
pub(super) struct Forest {
    base: f64,
    roots: Vec<u32>,
    nodes: Vec<Node>,
    /// Of each category: the target order of its levels and of `other`.
    orders: Vec<Option<Vec<f64>>>,
}

impl Forest {
    /// Checks and lays out the trees. A child stands behind its parent, so every walk ends.
    pub(super) fn new(features: &[Feature], model: &Model) -> Result<Self, &'static str> {
        let Model::Trees {
            base,
            roots,
            feature,
            threshold,
            left,
            right,
            missing_left,
            cover,
        } = model
        else {
            return Err("it has no trees");
        };
        let count = feature.len();
        let lengths = [
            threshold.len(),
            left.len(),
            right.len(),
            missing_left.len(),
            cover.len(),
        ];
        if lengths.iter().any(|length| *length != count) {
            return Err("its trees' arrays differ in length");
        }
        if !base.is_finite() || threshold.iter().any(|value| !value.is_finite()) {
            return Err("a number in its trees is not finite");
        }
        if cover.iter().any(|rows| !(rows.is_finite() && *rows >= 0.0)) {
            return Err("a node's rows are no number of rows");
        }
        if roots.iter().any(|root| *root as usize >= count) {
            return Err("a tree begins beyond the nodes");
        }
        let mut nodes = Vec::with_capacity(count);
        for at in 0..count {
            let (feature, left, right) = (feature[at], left[at], right[at]);
            if feature != LEAF {
                let behind = |child: u32| child as usize > at && (child as usize) < count;
                if feature as usize >= features.len() || !behind(left) || !behind(right) {
                    return Err("a node points where nothing is");
                }
            }
            nodes.push(Node {
                threshold: threshold[at],
                mean: threshold[at],
                feature,
                left,
                right,
                missing_left: missing_left[at],
            });
        }
        for at in (0..count).rev() {
            let node = nodes[at];
            if node.feature != LEAF {
                let (left, right) = (node.left as usize, node.right as usize);
                let rows = cover[left] + cover[right];
                let share = if rows > 0.0 { cover[left] / rows } else { 0.5 };
                nodes[at].mean = share * nodes[left].mean + (1.0 - share) * nodes[right].mean;
            }
        }
        let orders = features.iter().map(|feature| match &feature.kind {
            FeatureKind::Number { .. } => Ok(None),
            FeatureKind::Category { levels, order } => {
                let fits =
                    order.len() == levels.len() + 1 && order.iter().all(|value| value.is_finite());
                if fits {
                    Ok(Some(order.clone()))
                } else {
                    Err("a category's order does not fit its levels")
                }
            }
        });
        Ok(Self {
            base: *base,
            roots: roots.clone(),
            orders: orders.collect::<Result<_, _>>()?,
            nodes,
        })
    }

    fn value(&self, feature: u32, cells: &[f64]) -> f64 {
        let cell = cells[feature as usize];
        match &self.orders[feature as usize] {
            Some(order) if !cell.is_nan() => order[cell as usize],
            _ => cell,
        }
    }

    fn child(&self, node: &Node, cells: &[f64]) -> u32 {
        let value = self.value(node.feature, cells);
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

    /// Adds to `contributions` by how much each split on a feature moved the mean output, and
    /// returns where the walk began: the mean output of all trees.
    pub(super) fn explain(&self, cells: &[f64], contributions: &mut [f64]) -> f64 {
        let mut base = self.base;
        for &root in &self.roots {
            let mut node = &self.nodes[root as usize];
            base += node.mean;
            while node.feature != LEAF {
                let next = &self.nodes[self.child(node, cells) as usize];
                contributions[node.feature as usize] += next.mean - node.mean;
                node = next;
            }
        }
        base
    }
}
