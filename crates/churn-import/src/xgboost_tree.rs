//! One tree of XGBoost.

use std::collections::BTreeSet;

use churn_base::error::Result;
use serde::{Deserialize, Deserializer};

use super::foreign::{Node, Split, Tree};
use super::refused::{refused, unsupported};

#[derive(Deserialize)]
pub(crate) struct XgbTree {
    left_children: Vec<i32>,
    right_children: Vec<i32>,
    split_indices: Vec<u32>,
    split_conditions: Vec<f32>,
    #[serde(deserialize_with = "truths")]
    default_left: Vec<bool>,
    sum_hessian: Vec<f32>,
    /// 1 of a split by category; older models have none.
    #[serde(default)]
    split_type: Vec<u8>,
    #[serde(default)]
    categories: Vec<u32>,
    #[serde(default)]
    categories_nodes: Vec<usize>,
    #[serde(default)]
    categories_segments: Vec<usize>,
    #[serde(default)]
    categories_sizes: Vec<usize>,
    tree_param: TreeParameters,
}

#[derive(Deserialize)]
struct TreeParameters {
    size_leaf_vector: Option<String>,
}

/// Truth values or, as most versions write them, zeros and ones.
fn truths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Truth {
        Truth(bool),
        Number(u8),
    }
    let truths = Vec::<Truth>::deserialize(deserializer)?.into_iter();
    Ok(truths
        .map(|truth| match truth {
            Truth::Truth(truth) => truth,
            Truth::Number(number) => number != 0,
        })
        .collect())
}

/// Returns the features that some split takes for a category.
pub(crate) fn by_category(trees: &[Tree]) -> BTreeSet<usize> {
    let nodes = trees.iter().flatten();
    nodes
        .filter_map(|node| match node {
            Node::Split {
                feature,
                split: Split::OneOf(_) | Split::NoneOf(_),
                ..
            } => Some(*feature),
            _ => None,
        })
        .collect()
}

/// Reads a tree over so many features.
pub(crate) fn read(tree: &XgbTree, (number, features): (usize, usize), file: &str) -> Result<Tree> {
    let bad = |what: &str| refused(file, None, format!("tree {number}: {what}"));
    let leaf_size = tree.tree_param.size_leaf_vector.as_deref();
    if !matches!(leaf_size, None | Some("0" | "1")) {
        return Err(unsupported(file, "a tree with more than one output"));
    }
    let nodes = tree.left_children.len();
    let lengths = [
        tree.right_children.len(),
        tree.split_indices.len(),
        tree.split_conditions.len(),
        tree.default_left.len(),
        tree.sum_hessian.len(),
    ];
    if lengths.iter().any(|length| *length != nodes) {
        return Err(bad("its arrays differ in length"));
    }
    let mut laid = Tree::with_capacity(nodes);
    let mut open: Vec<(i32, Option<(usize, bool)>)> = vec![(0, None)];
    while let Some((at, parent)) = open.pop() {
        let place = laid.len();
        if place >= nodes {
            return Err(bad("its nodes are reached twice, or it has none"));
        }
        let at = usize::try_from(at).ok().filter(|at| *at < nodes);
        let at = at.ok_or_else(|| bad("it leads to a node that is not there"))?;
        if let Some((parent, is_left)) = parent
            && let Node::Split { left, right, .. } = &mut laid[parent]
        {
            *(if is_left { left } else { right }) = place;
        }
        let cover = f64::from(tree.sum_hessian[at]);
        if tree.left_children[at] == -1 {
            let output = f64::from(tree.split_conditions[at]);
            laid.push(Node::Leaf { output, cover });
            continue;
        }
        let feature = tree.split_indices[at] as usize;
        if feature >= features {
            return Err(bad("it asks for a feature that is not there"));
        }
        let split = match tree.split_type.get(at) {
            Some(1) => {
                let keys = categories(tree, at);
                // A category of the set goes right.
                Split::NoneOf(
                    keys.ok_or_else(|| bad("it has a set of categories that is not there"))?,
                )
            }
            _ => Split::Below(f64::from(tree.split_conditions[at])),
        };
        laid.push(Node::Split {
            feature,
            split,
            missing_left: tree.default_left[at],
            left: 0,
            right: 0,
            cover,
        });
        open.push((tree.right_children[at], Some((place, false))));
        open.push((tree.left_children[at], Some((place, true))));
    }
    Ok(laid)
}

fn categories(tree: &XgbTree, node: usize) -> Option<Vec<u32>> {
    // Sorted, as the nodes are.
    let at = tree.categories_nodes.binary_search(&node).ok()?;
    let begin = *tree.categories_segments.get(at)?;
    let end = begin.checked_add(*tree.categories_sizes.get(at)?)?;
    Some(tree.categories.get(begin..end)?.to_vec())
}
