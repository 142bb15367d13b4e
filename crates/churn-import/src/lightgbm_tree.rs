//! One tree of LightGBM's text format.

use churn_base::error::Result;

use super::foreign::{Node, Split, Tree, at_most};
use super::lightgbm_section::Section;
use super::refused::{refused, unsupported};

/// What counts as missing in a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing: NaN is 0.
    Nothing,
    /// Zero and NaN.
    Zero,
    /// NaN.
    NaN,
}

const CATEGORY: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

struct Arrays {
    feature: Vec<usize>,
    threshold: Vec<f64>,
    decision: Vec<u8>,
    left: Vec<i32>,
    right: Vec<i32>,
    internal_count: Vec<f64>,
    leaf_value: Vec<f64>,
    leaf_count: Vec<f64>,
    /// Codes that go left, by number of the set.
    sets: Vec<Vec<u32>>,
}

/// Reads a tree; notes what is missing in each of its number features.
pub(crate) fn read(section: &Section<'_>, missing: &mut [Option<Missing>]) -> Result<Tree> {
    if section.find("is_linear").is_some_and(|value| value != "0") {
        return Err(unsupported(
            section.file,
            "a tree with linear models in its leaves",
        ));
    }
    let leaves: usize = section.one("num_leaves")?;
    if leaves == 1 {
        let output: Vec<f64> = section.list("leaf_value", 1)?;
        return Ok(vec![Node::Leaf {
            output: output[0],
            cover: 1.0,
        }]);
    }
    let arrays = arrays(section, leaves)?;
    let mut tree = Tree::with_capacity(2 * arrays.leaf_value.len());
    // Nodes that are still to be laid out, each with the slot of its parent's child.
    let mut open: Vec<(i32, Option<(usize, bool)>)> = vec![(0, None)];
    while let Some((at, parent)) = open.pop() {
        if tree.len() >= 2 * leaves {
            return Err(refused(
                section.file,
                Some(section.line),
                "its nodes are reached twice",
            ));
        }
        let place = tree.len();
        if let Some((parent, is_left)) = parent
            && let Node::Split { left, right, .. } = &mut tree[parent]
        {
            *(if is_left { left } else { right }) = place;
        }
        let absent = || {
            let message = format!("the tree leads to node {at}, which is not there");
            refused(section.file, Some(section.line), message)
        };
        if at < 0 {
            let leaf = !at as usize;
            tree.push(Node::Leaf {
                output: *arrays.leaf_value.get(leaf).ok_or_else(absent)?,
                cover: arrays.leaf_count[leaf],
            });
            continue;
        }
        let at = at as usize;
        if at >= arrays.feature.len() {
            return Err(absent());
        }
        tree.push(split(section, &arrays, at, missing)?);
        open.push((arrays.right[at], Some((place, false))));
        open.push((arrays.left[at], Some((place, true))));
    }
    Ok(tree)
}

fn arrays(section: &Section<'_>, leaves: usize) -> Result<Arrays> {
    // The count is a claim: nothing is reserved by it.
    let Some(splits) = leaves.checked_sub(1) else {
        return Err(refused(
            section.file,
            Some(section.line),
            "the tree has no leaves",
        ));
    };
    let sets: usize = section.one("num_cat")?;
    let sets = match sets {
        0 => Vec::new(),
        _ => bitsets(section, sets)?,
    };
    Ok(Arrays {
        feature: section.list("split_feature", splits)?,
        threshold: section.list("threshold", splits)?,
        decision: section.list("decision_type", splits)?,
        left: section.list("left_child", splits)?,
        right: section.list("right_child", splits)?,
        internal_count: section.list("internal_count", splits)?,
        leaf_value: section.list("leaf_value", leaves)?,
        leaf_count: section.list("leaf_count", leaves)?,
        sets,
    })
}

/// Sets of codes as words of 32 bits.
fn bitsets(section: &Section<'_>, sets: usize) -> Result<Vec<Vec<u32>>> {
    let bad = |key: &str, message: &str| refused(section.file, Some(section.line_of(key)), message);
    let wanted = sets.checked_add(1);
    let wanted = wanted.ok_or_else(|| bad("num_cat", "num_cat is not a count"))?;
    let boundaries: Vec<usize> = section.list("cat_boundaries", wanted)?;
    let count = boundaries.last().copied().unwrap_or_default();
    let words: Vec<u32> = section.list("cat_threshold", count)?;
    let mut bitsets = Vec::new();
    for bounds in boundaries.windows(2) {
        let words = words.get(bounds[0]..bounds[1]);
        let words = words.ok_or_else(|| bad("cat_boundaries", "its bounds do not rise"))?;
        let codes = (0_u32..).zip(words).flat_map(|(at, word)| {
            let bits = (0..32).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| at * 32 + bit)
        });
        bitsets.push(codes.collect());
    }
    Ok(bitsets)
}

fn split(
    section: &Section<'_>,
    arrays: &Arrays,
    at: usize,
    missing: &mut [Option<Missing>],
) -> Result<Node> {
    let bad = |message: String| refused(section.file, Some(section.line), message);
    let (feature, threshold) = (arrays.feature[at], arrays.threshold[at]);
    let decision = arrays.decision[at];
    let Some(known) = missing.get_mut(feature) else {
        return Err(bad(format!(
            "node {at} asks for feature {feature}, which is not there"
        )));
    };
    let (split, missing_left) = if decision & CATEGORY != 0 {
        let set = arrays.sets.get(threshold as usize);
        let Some(set) = set.filter(|_| threshold >= 0.0 && threshold.fract() == 0.0) else {
            return Err(bad(format!("node {at} asks for a set that is not there")));
        };
        // What is missing is in no set.
        (Split::OneOf(set.clone()), false)
    } else {
        let is_left = decision & DEFAULT_LEFT != 0;
        let (kind, missing_left) = match decision >> 2 & 3 {
            0 => (Missing::Nothing, 0.0 <= threshold),
            1 => (Missing::Zero, is_left),
            2 => (Missing::NaN, is_left),
            _ => return Err(bad(format!("node {at} has decision type {decision}"))),
        };
        if known.is_some_and(|known| (known == Missing::Zero) != (kind == Missing::Zero)) {
            let what = format!("feature {feature}, whose zeros are missing at some nodes only,");
            return Err(unsupported(section.file, what));
        }
        *known = Some(kind);
        (Split::Below(at_most(threshold)), missing_left)
    };
    Ok(Node::Split {
        feature,
        split,
        missing_left,
        left: 0,
        right: 0,
        cover: arrays.internal_count[at],
    })
}
