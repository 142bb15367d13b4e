//! Trees as the flat arrays of an artifact, with splits by category as sets of level positions.

use std::collections::HashMap;

use churn_base::error::{Error, Result};
use churn_model::artifact::{Ensemble, LEAF, TreeArrays, TreeInput};

use super::foreign::{Foreign, Input, InputKind, Node, Split};

/// Most positions in all sets together.
const MOST_POSITIONS: usize = 1 << 24;

/// Lays out the trees; `keys` are those of each category's levels, in the order of the levels.
pub(crate) fn flatten(foreign: &Foreign, keys: &[Option<Vec<u32>>]) -> Result<Ensemble> {
    let mut sets = Sets::default();
    let mut trees = TreeArrays {
        base: foreign.base,
        ..TreeArrays::default()
    };
    for (number, tree) in foreign.trees.iter().enumerate() {
        let root = trees.feature.len();
        trees.roots.push(root as u32);
        for node in tree {
            match node {
                Node::Leaf { output, cover } => {
                    trees.feature.push(LEAF);
                    trees.threshold.push(*output);
                    trees.left.push(0);
                    trees.right.push(0);
                    trees.missing_left.push(false);
                    trees.cover.push(*cover);
                }
                Node::Split {
                    feature,
                    split,
                    missing_left,
                    left,
                    right,
                    cover,
                } => {
                    let of = keys.get(*feature).and_then(Option::as_deref);
                    let threshold = match (split, of) {
                        (Split::Below(threshold), None) => *threshold,
                        (Split::OneOf(asked), Some(keys)) => {
                            sets.add(*feature, keys, (asked, true))?
                        }
                        (Split::NoneOf(asked), Some(keys)) => {
                            sets.add(*feature, keys, (asked, false))?
                        }
                        _ => return Err(both(&foreign.features, *feature, number)),
                    };
                    trees.feature.push(*feature as u32);
                    trees.threshold.push(threshold.clamp(f64::MIN, f64::MAX));
                    trees.left.push((root + left) as u32);
                    trees.right.push((root + right) as u32);
                    trees.missing_left.push(*missing_left);
                    trees.cover.push(*cover);
                }
            }
        }
    }
    let input = |input: &Input| match input.kind {
        InputKind::Number(input) => input,
        _ => TreeInput::Exact,
    };
    Ok(Ensemble {
        trees,
        inputs: foreign.features.iter().map(input).collect(),
        sets: sets.all,
    })
}

fn both(features: &[Input], feature: usize, tree: usize) -> Error {
    let name = features.get(feature).map_or("", |feature| &*feature.name);
    Error::bad_input(format!(
        "tree {tree} takes \"{name}\" for a number or a category where others do not"
    ))
}

/// Sets of positions, each once.
#[derive(Default)]
struct Sets {
    all: Vec<Vec<u32>>,
    known: HashMap<(usize, Vec<u32>), usize>,
    positions: usize,
}

impl Sets {
    /// Returns the number of the set of levels that go left: those that are asked for, or all others.
    fn add(
        &mut self,
        feature: usize,
        keys: &[u32],
        (asked, is_left): (&[u32], bool),
    ) -> Result<f64> {
        let mut asked = asked.to_vec();
        asked.sort_unstable();
        let is_asked = |key: &u32| asked.binary_search(key).is_ok();
        let positions = (0_u32..).zip(keys);
        let left = positions.filter(|(_, key)| is_asked(key) == is_left);
        let mut set: Vec<u32> = left.map(|(position, _)| position).collect();
        // A text that is not a level is not asked for, either.
        if !is_left {
            set.push(keys.len() as u32);
        }
        let next = self.all.len();
        let number = *self.known.entry((feature, set.clone())).or_insert(next);
        if number == next {
            self.positions += set.len();
            self.all.push(set);
        }
        match self.positions > MOST_POSITIONS {
            true => Err(Error::bad_input(
                "its splits by category take more memory than any model may",
            )),
            false => Ok(number as f64),
        }
    }
}
