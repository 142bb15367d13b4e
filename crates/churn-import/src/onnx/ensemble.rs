//! `TreeEnsemble` of ai.onnx.ml 5: nodes and leaves in lists of their own, sets of numbers as conditions, sums in the
//! precision of the input.

use churn_base::error::Result;
use churn_model::artifact::Calibration;

use super::super::refused::unsupported;
use super::arrays::Arrays;
use super::compare::Mode;
use super::proto::{Constant, Node};
use super::wire::Malformed;

/// Its `aggregate_function` of a sum.
const SUM: i64 = 1;

/// Reads nodes and leaves as the older operators have them; the calibration is what stands behind it in the graph.
pub(super) fn read(
    model: &Node<'_>,
    calibration: Calibration,
    file: &str,
) -> Result<Result<Arrays>, Malformed> {
    let int = |name: &str, usual: i64| Ok(model.int(name)?.unwrap_or(usual));
    let is_sum = int("aggregate_function", SUM)? == SUM && int("post_transform", 0)? == 0;
    if !is_sum || int("n_targets", 1)? != 1 {
        let what = "a TreeEnsemble with several outputs, or one that is not a sum,";
        return Ok(Err(unsupported(file, what)));
    }
    let (numbers, outputs) = (
        tensor(model, "nodes_splits")?,
        tensor(model, "leaf_weights")?,
    );
    let codes = tensor(model, "nodes_modes")?;
    let nodes = numbers.len();
    let modes: Option<Vec<Mode>> = codes.iter().map(|code| Mode::of_number(*code)).collect();
    let Some(modes) = modes else {
        return Ok(Err(unsupported(file, "a split of an unknown kind")));
    };
    let feature = model.ints("nodes_featureids")?;
    let mut missing = model.ints("nodes_missing_value_tracks_true")?;
    if missing.is_empty() {
        missing = vec![0; nodes];
    }
    let branch = |child: &str, leaf: &str| -> Result<Vec<i64>, Malformed> {
        let (children, are_leaves) = (model.ints(child)?, model.ints(leaf)?);
        let ends = [nodes, outputs.len()];
        if [children.len(), are_leaves.len()] != [nodes; 2] {
            return Err(Malformed("the arrays of its trees differ in length"));
        }
        let pairs = children.into_iter().zip(are_leaves);
        let place = |(child, leaf): (i64, i64)| {
            let (at, end) = (usize::try_from(child).ok(), ends[usize::from(leaf != 0)]);
            let at = at.filter(|at| *at < end);
            let broken = Malformed("it leads to a node that is not there");
            Ok((at.ok_or(broken)? + if leaf == 0 { 0 } else { nodes }) as i64)
        };
        pairs.map(place).collect()
    };
    let yes = branch("nodes_truenodeids", "nodes_trueleafs")?;
    let no = branch("nodes_falsenodeids", "nodes_falseleafs")?;
    if [modes.len(), feature.len(), missing.len()] != [nodes; 3] {
        return Err(Malformed("the arrays of its trees differ in length"));
    }
    let tree = trees_of(
        &model.ints("tree_roots")?,
        (&yes, &no),
        nodes + outputs.len(),
    )?;
    let sets = sets(model, &modes)?;
    let padded = |mut all: Vec<i64>| {
        all.resize(nodes + outputs.len(), 0);
        all
    };
    let zeros = || std::iter::repeat_n(0.0, nodes);
    Arrays {
        node: (0..tree.len() as i64).collect(),
        modes: modes
            .into_iter()
            .map(Some)
            .chain(outputs.iter().map(|_| None))
            .collect(),
        feature: padded(feature),
        number: numbers
            .into_iter()
            .chain(outputs.iter().map(|_| 0.0))
            .collect(),
        sets,
        yes: padded(yes),
        no: padded(no),
        missing: padded(missing),
        output: zeros().chain(outputs).collect(),
        tree,
        base: 0.0,
        calibration,
        ..Arrays::default()
    }
    .indexed()
    .map(Ok)
}

fn tensor(model: &Node<'_>, name: &str) -> Result<Vec<f64>, Malformed> {
    Ok(match model.tensor(name)? {
        Some(Constant::Numbers(numbers)) => numbers,
        Some(Constant::Texts(_)) | None => Vec::new(),
    })
}

/// The numbers of each split that asks for several, one behind the other in the file.
fn sets(model: &Node<'_>, modes: &[Mode]) -> Result<Vec<Vec<f64>>, Malformed> {
    let all = tensor(model, "membership_values")?;
    let mut all = all.split(|number| f64::is_nan(*number));
    let set = |mode: &Mode| match mode {
        Mode::Member => {
            let own = all
                .next()
                .ok_or(Malformed("a split has no set of numbers"))?;
            Ok(own.to_vec())
        }
        _ => Ok(Vec::new()),
    };
    modes.iter().map(set).collect()
}

/// The tree of each node, those of leaves behind the others. Unlike nodes, leaves are never shared by two trees.
fn trees_of(
    roots: &[i64],
    (yes, no): (&[i64], &[i64]),
    count: usize,
) -> Result<Vec<i64>, Malformed> {
    let mut tree = vec![-1; count];
    for (number, &root) in (0..).zip(roots) {
        let mut open = vec![usize::try_from(root).unwrap_or(usize::MAX)];
        while let Some(at) = open.pop() {
            let own = tree.get_mut(at).ok_or(Malformed("a tree has no root"))?;
            if *own == number {
                continue;
            }
            if *own != -1 {
                return Err(Malformed("two of its trees have a node together"));
            }
            *own = number;
            let children = [yes.get(at), no.get(at)].into_iter().flatten();
            open.extend(children.map(|child| *child as usize));
        }
    }
    match tree.contains(&-1) {
        true => Err(Malformed("a node belongs to no tree")),
        false => Ok(tree),
    }
}
