//! Subtrees, each once: exporters share them between nodes, or write the same one several times. ONNX has no
//! sets of categories, so one of them is a chain of splits by one category each, all with the same subtree
//! behind them; here it becomes a set again.

use std::collections::HashMap;

use super::super::foreign::{Node, Split, Tree};

/// Most categories in all sets together.
const MOST_KEYS: usize = 1 << 24;

/// What a subtree is. Its children are numbers of subtrees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subtree {
    /// Bits of its output.
    Leaf(u64),
    Split {
        feature: usize,
        condition: Passes,
        missing_left: bool,
        left: usize,
        right: usize,
    },
}

/// What goes left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Passes {
    /// Bits of the number that values are below.
    Below(u64),
    OneOf(Vec<u32>),
}

/// Why there is no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Subtrees that are known.
#[derive(Debug, Default)]
pub(super) struct Arena {
    all: Vec<Subtree>,
    known: HashMap<Subtree, usize>,
    keys: usize,
}

impl Arena {
    /// Returns the number of a subtree, put together with the one on its right if both ask for categories and
    /// go to the same.
    pub(super) fn number(&mut self, subtree: Subtree) -> Result<usize, TooLarge> {
        let subtree = self.joined(&subtree).unwrap_or(subtree);
        if let Some(known) = self.known.get(&subtree) {
            return Ok(*known);
        }
        if let Subtree::Split {
            condition: Passes::OneOf(keys),
            ..
        } = &subtree
        {
            self.keys += keys.len();
            if self.keys > MOST_KEYS {
                return Err(TooLarge);
            }
        }
        let number = self.all.len();
        self.all.push(subtree.clone());
        self.known.insert(subtree, number);
        Ok(number)
    }

    fn joined(&self, subtree: &Subtree) -> Option<Subtree> {
        let Subtree::Split {
            feature,
            condition: Passes::OneOf(keys),
            missing_left,
            left,
            right,
        } = subtree
        else {
            return None;
        };
        match self.all.get(*right)? {
            Subtree::Split {
                feature: own,
                condition: Passes::OneOf(others),
                missing_left: then_left,
                left: same,
                right: rest,
            } if own == feature && same == left => {
                let mut all = [&keys[..], others].concat();
                all.sort_unstable();
                all.dedup();
                Some(Subtree::Split {
                    feature: *feature,
                    condition: Passes::OneOf(all),
                    missing_left: *missing_left || *then_left,
                    left: *left,
                    right: *rest,
                })
            }
            _ => None,
        }
    }

    /// Lays out the tree of a subtree, with at most so many nodes.
    pub(super) fn tree(&self, root: usize, most: usize) -> Result<Tree, TooLarge> {
        let mut laid = Tree::new();
        let mut open: Vec<(usize, Option<(usize, bool)>)> = vec![(root, None)];
        while let Some((number, parent)) = open.pop() {
            let place = laid.len();
            if place == most {
                return Err(TooLarge);
            }
            if let Some((parent, is_left)) = parent
                && let Node::Split { left, right, .. } = &mut laid[parent]
            {
                *(if is_left { left } else { right }) = place;
            }
            match &self.all[number] {
                Subtree::Leaf(output) => laid.push(Node::Leaf {
                    output: f64::from_bits(*output),
                    cover: 1.0,
                }),
                Subtree::Split {
                    feature,
                    condition,
                    missing_left,
                    left,
                    right,
                } => {
                    laid.push(Node::Split {
                        feature: *feature,
                        split: match condition {
                            Passes::Below(bits) => Split::Below(f64::from_bits(*bits)),
                            Passes::OneOf(keys) => Split::OneOf(keys.clone()),
                        },
                        missing_left: *missing_left,
                        left: 0,
                        right: 0,
                        cover: 1.0,
                    });
                    open.push((*right, Some((place, false))));
                    open.push((*left, Some((place, true))));
                }
            }
        }
        Ok(laid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(key: u32, left: usize, right: usize) -> Subtree {
        Subtree::Split {
            feature: 0,
            condition: Passes::OneOf(vec![key]),
            missing_left: false,
            left,
            right,
        }
    }

    fn leaf(arena: &mut Arena, output: f64) -> usize {
        arena
            .number(Subtree::Leaf(output.to_bits()))
            .expect("is small")
    }

    #[test]
    fn a_chain_of_one_category_each_is_a_set_again() {
        let mut arena = Arena::default();
        let (yes, no) = (leaf(&mut arena, 1.0), leaf(&mut arena, -1.0));
        assert_eq!(leaf(&mut arena, 1.0), yes);
        let mut chain = no;
        for key in [7, 2, 4] {
            chain = arena.number(split(key, yes, chain)).expect("is small");
        }
        let tree = arena.tree(chain, 3).expect("has three nodes");
        let Node::Split {
            split: Split::OneOf(keys),
            left: 1,
            right: 2,
            ..
        } = &tree[0]
        else {
            panic!("{tree:?}");
        };
        assert_eq!(keys, &[2, 4, 7]);
        // What differs on the left stays apart.
        let other = leaf(&mut arena, 2.0);
        let apart = arena.number(split(5, other, chain)).expect("is small");
        assert_eq!(arena.tree(apart, 5).expect("has five nodes").len(), 5);
        assert_eq!(arena.tree(apart, 4), Err(TooLarge));
    }
}
