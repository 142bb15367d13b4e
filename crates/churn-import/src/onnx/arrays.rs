//! Trees as an operator has them: an array for each property of a node.

use std::collections::HashMap;

use churn_model::artifact::Calibration;

use super::compare::Mode;
use super::wire::Malformed;

/// The attributes of the operator.
#[derive(Default)]
pub(super) struct Arrays {
    pub(super) tree: Vec<i64>,
    pub(super) node: Vec<i64>,
    pub(super) modes: Vec<Option<Mode>>,
    pub(super) feature: Vec<i64>,
    pub(super) number: Vec<f64>,
    /// Numbers of the splits that ask for several; empty if none does.
    pub(super) sets: Vec<Vec<f64>>,
    pub(super) yes: Vec<i64>,
    pub(super) no: Vec<i64>,
    /// Whether a missing value fulfils the condition.
    pub(super) missing: Vec<i64>,
    /// Position of a node by tree and number.
    pub(super) at: HashMap<(i64, i64), usize>,
    /// Output of each leaf.
    pub(super) output: Vec<f64>,
    pub(super) base: f64,
    pub(super) calibration: Calibration,
}

impl Arrays {
    /// Finds the place of each node.
    pub(super) fn indexed(mut self) -> Result<Self, Malformed> {
        let places = self.tree.iter().zip(&self.node).enumerate();
        let places = places.map(|(at, (&tree, &node))| ((tree, node), at));
        self.at = places.collect();
        match self.at.len() == self.tree.len() {
            true => Ok(self),
            false => Err(Malformed("a node of its trees is there twice")),
        }
    }
}
