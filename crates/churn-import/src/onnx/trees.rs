//! `TreeEnsembleClassifier`: trees over elements to trees over columns.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use churn_base::error::Result;
use churn_model::artifact::Calibration;

use super::super::foreign::{Foreign, Format, Tree};
use super::super::refused::{refused, unsupported};
use super::arena::{Arena, Subtree, TooLarge};
use super::arrays::Arrays;
use super::columns::Columns;
use super::compare::{Condition, Mode, Outcome};
use super::element::{Element, text_of};
use super::ensemble;
use super::proto::{Constant, Kind, Node};
use super::wire::Malformed;

/// Most texts that are compared in all splits together.
const MOST_COMPARED: usize = 1 << 26;
/// Most nodes of all trees together.
const MOST_NODES: usize = 1 << 22;

/// Reads the trees.
pub(super) fn read(
    model: &Node<'_>,
    (added, calibration): (f64, Calibration),
    elements: &[Element],
    names: (&[(String, Kind)], bool),
    file: &str,
) -> Result<Foreign> {
    let damaged =
        |error: Malformed| refused(file, None, "this is not a whole ONNX model").because(error);
    let arrays = match model.op {
        "TreeEnsemble" => ensemble::read(model, calibration, file),
        _ => Arrays::read(model, file),
    };
    let arrays = arrays.map_err(damaged)??;
    let elements = arrays.elements(elements, file)?;
    let equal = arrays.only_equal(&elements);
    let columns = Columns::of(elements.iter().filter_map(|one| *one), &equal);
    if let Some((column, why)) = columns.unclear() {
        let name = names.0.get(column).map_or("", |(name, _)| name);
        return Err(unsupported(file, format!("a column \"{name}\", {why}")));
    }
    let (features, places) = columns.features(names.0, names.1);
    let trees = arrays.trees(&elements, &columns, &places, file)?;
    Ok(Foreign {
        format: Format::Onnx,
        features,
        is_nameless: names.1,
        base: arrays.base + added,
        trees,
        linear: None,
        has_cover: false,
        calibration: arrays.calibration,
    })
}

fn singles(node: &Node<'_>, name: &str) -> Result<Vec<f32>, Malformed> {
    let plain = node.floats(name)?;
    if !plain.is_empty() {
        return Ok(plain);
    }
    Ok(match node.tensor(&format!("{name}_as_tensor"))? {
        Some(Constant::Numbers(numbers)) => numbers.into_iter().map(|one| one as f32).collect(),
        _ => plain,
    })
}

impl Arrays {
    fn read(model: &Node<'_>, file: &str) -> Result<Result<Self>, Malformed> {
        let modes = model.texts("nodes_modes")?;
        let mut arrays = Self {
            tree: model.ints("nodes_treeids")?,
            node: model.ints("nodes_nodeids")?,
            modes: modes.iter().map(|mode| Mode::of(mode)).collect(),
            feature: model.ints("nodes_featureids")?,
            number: singles(model, "nodes_values")?
                .into_iter()
                .map(f64::from)
                .collect(),
            yes: model.ints("nodes_truenodeids")?,
            no: model.ints("nodes_falsenodeids")?,
            missing: model.ints("nodes_missing_value_tracks_true")?,
            ..Self::default()
        };
        let nodes = arrays.tree.len();
        if arrays.missing.is_empty() {
            arrays.missing = vec![0; nodes];
        }
        let lengths = [
            arrays.node.len(),
            arrays.modes.len(),
            arrays.feature.len(),
            arrays.number.len(),
            arrays.yes.len(),
            arrays.no.len(),
            arrays.missing.len(),
        ];
        if lengths.iter().any(|length| *length != nodes) {
            return Err(Malformed("the arrays of its trees differ in length"));
        }
        if let Some(mode) = modes
            .iter()
            .find(|mode| Mode::of(mode).is_none() && **mode != "LEAF")
        {
            let mode: String = mode.chars().take(40).collect();
            return Ok(Err(unsupported(
                file,
                format!("a split of the kind {mode}"),
            )));
        }
        arrays = arrays.indexed()?;
        Ok(match arrays.read_outputs(model, file)? {
            Ok(()) => Ok(arrays),
            Err(error) => Err(error),
        })
    }

    /// Reads what leaves add, and what becomes of their sum.
    fn read_outputs(&mut self, model: &Node<'_>, file: &str) -> Result<Result<()>, Malformed> {
        let classes =
            model.ints("classlabels_int64s")?.len() + model.texts("classlabels_strings")?.len();
        if classes != 2 {
            return Ok(Err(unsupported(
                file,
                format!("a model of {classes} classes"),
            )));
        }
        let trees = model.ints("class_treeids")?;
        let (nodes, ids) = (model.ints("class_nodeids")?, model.ints("class_ids")?);
        let weights = singles(model, "class_weights")?;
        if [nodes.len(), ids.len(), weights.len()]
            .iter()
            .any(|length| *length != trees.len())
        {
            return Err(Malformed("the outputs of its leaves differ in number"));
        }
        if ids.iter().any(|id| !(0..=1).contains(id)) {
            return Err(Malformed("a leaf is of a class that is not there"));
        }
        let has_both = ids.contains(&0) && ids.contains(&1);
        let post = model.text("post_transform")?.unwrap_or("NONE");
        // With one output a leaf it is that of the second class, whatever its number.
        let sign = |id: i64| match (has_both, id, post) {
            (false, ..) | (true, 1, _) => 1.0,
            (true, _, "SOFTMAX") => -1.0,
            (true, ..) => 0.0,
        };
        self.output = vec![0.0; self.tree.len()];
        for (at, weight) in weights.into_iter().enumerate() {
            let place = self.at.get(&(trees[at], nodes[at]));
            let place = *place.ok_or(Malformed("an output is of a leaf that is not there"))?;
            self.output[place] += f64::from(weight) * sign(ids[at]);
        }
        let base = singles(model, "base_values")?;
        self.base = match base.as_slice() {
            [] => 0.0,
            [only] => f64::from(*only),
            [first, second] => {
                f64::from(*second) * sign(1)
                    + if has_both {
                        f64::from(*first) * sign(0)
                    } else {
                        0.0
                    }
            }
            _ => return Err(Malformed("it has base values of more classes than it has")),
        };
        self.calibration = match (post, has_both) {
            ("LOGISTIC", _) | ("SOFTMAX", true) => Calibration::None,
            // The sum is the probability itself.
            ("NONE", _) => Calibration::Isotonic {
                log_odds: vec![0.0, 1.0],
                probability: vec![0.0, 1.0],
            },
            _ => return Ok(Err(unsupported(file, format!("outputs after {post}")))),
        };
        Ok(Ok(()))
    }

    /// The element of each split.
    fn elements<'e>(
        &self,
        elements: &'e [Element],
        file: &str,
    ) -> Result<Vec<Option<&'e Element>>> {
        let pairs = self.feature.iter().zip(&self.modes);
        pairs
            .map(|(feature, mode)| {
                if mode.is_none() {
                    return Ok(None);
                }
                let at = usize::try_from(*feature).ok();
                let found = at.and_then(|at| elements.get(at));
                let broken = || refused(file, None, "its trees ask for a column that is not there");
                found.map(Some).ok_or_else(broken)
            })
            .collect()
    }

    /// Columns of numbers that are compared for equality alone, with what they are compared with.
    fn only_equal(&self, elements: &[Option<&Element>]) -> BTreeMap<usize, BTreeSet<String>> {
        let mut equal: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut others = BTreeSet::new();
        for ((element, mode), number) in elements.iter().zip(&self.modes).zip(&self.number) {
            let (Some(Element::Number { column, .. }), Some(mode)) = (element, mode) else {
                continue;
            };
            if mode.is_equality() {
                equal.entry(*column).or_default().insert(text_of(*number));
            } else {
                others.insert(*column);
            }
        }
        equal.retain(|column, _| !others.contains(column));
        equal
    }

    /// Lays out every tree. Nodes may be shared, as onnxmltools shares them, but lead to no circle.
    fn trees(
        &self,
        elements: &[Option<&Element>],
        columns: &Columns,
        places: &BTreeMap<usize, usize>,
        file: &str,
    ) -> Result<Vec<Tree>> {
        let mut is_child = vec![false; self.tree.len()];
        for (at, _) in self
            .modes
            .iter()
            .enumerate()
            .filter(|(_, mode)| mode.is_some())
        {
            for child in [self.yes[at], self.no[at]] {
                is_child[self.child(at, child, file)?] = true;
            }
        }
        let mut lowering = Lowering {
            arrays: self,
            elements,
            columns,
            places,
            numbers: vec![None; self.tree.len()],
            arena: Arena::default(),
            compared: 0,
            file,
        };
        let mut trees = Vec::new();
        let mut nodes = 0;
        let mut seen = BTreeSet::new();
        for (root, _) in is_child
            .iter()
            .enumerate()
            .filter(|(_, is_child)| !**is_child)
        {
            if !seen.insert(self.tree[root]) {
                let broken = format!("tree {} has more than one root", self.tree[root]);
                return Err(refused(file, None, broken));
            }
            let number = lowering.number(root)?;
            let tree = lowering.arena.tree(number, MOST_NODES - nodes);
            let tree = tree.map_err(|TooLarge| lowering.too_large())?;
            nodes += tree.len();
            trees.push(tree);
        }
        let every: BTreeSet<&i64> = self.tree.iter().collect();
        match seen.len() == every.len() {
            true => Ok(trees),
            false => Err(refused(file, None, "a tree has no root")),
        }
    }

    fn child(&self, at: usize, child: i64, file: &str) -> Result<usize> {
        let found = self.at.get(&(self.tree[at], child)).copied();
        found.ok_or_else(|| {
            let tree = self.tree[at];
            let broken = format!("tree {tree}: it leads to node {child}, which is not there");
            refused(file, None, broken)
        })
    }
}

/// From nodes of the file to subtrees.
struct Lowering<'l> {
    arrays: &'l Arrays,
    elements: &'l [Option<&'l Element>],
    columns: &'l Columns,
    places: &'l BTreeMap<usize, usize>,
    /// The subtree of each node, once it is known.
    numbers: Vec<Option<usize>>,
    arena: Arena,
    compared: usize,
    file: &'l str,
}

impl Lowering<'_> {
    fn too_large(&self) -> churn_base::error::Error {
        let what = "its trees take more room or time than any model may";
        refused(self.file, None, what)
    }

    /// Returns the subtree of a node: children first, a split that all rows pass alike is that child.
    fn number(&mut self, root: usize) -> Result<usize> {
        let mut is_open = HashSet::new();
        let mut open = vec![root];
        while let Some(&at) = open.last() {
            if self.numbers[at].is_some() {
                open.pop();
                continue;
            }
            let (Some(element), Some(mode)) = (self.elements[at], self.arrays.modes[at]) else {
                let leaf = Subtree::Leaf(self.arrays.output[at].to_bits());
                self.numbers[at] = Some(self.put(leaf)?);
                continue;
            };
            let yes = self.arrays.child(at, self.arrays.yes[at], self.file)?;
            let no = self.arrays.child(at, self.arrays.no[at], self.file)?;
            if let (Some(yes), Some(no)) = (self.numbers[yes], self.numbers[no]) {
                self.numbers[at] = Some(self.split(at, (element, mode), yes, no)?);
                continue;
            }
            if !is_open.insert(at) {
                let (tree, node) = (self.arrays.tree[at], self.arrays.node[at]);
                let broken = format!("tree {tree}: node {node} leads back to itself");
                return Err(refused(self.file, None, broken));
            }
            open.extend(
                [yes, no]
                    .into_iter()
                    .filter(|child| self.numbers[*child].is_none()),
            );
        }
        Ok(self.numbers[root].unwrap_or_default())
    }

    fn put(&mut self, subtree: Subtree) -> Result<usize> {
        self.arena
            .number(subtree)
            .map_err(|TooLarge| self.too_large())
    }

    fn split(
        &mut self,
        at: usize,
        (element, mode): (&Element, Mode),
        yes: usize,
        no: usize,
    ) -> Result<usize> {
        if yes == no {
            return Ok(yes);
        }
        let members = self.arrays.sets.get(at).map_or(0, Vec::len);
        self.compared += element.size().saturating_mul(members.max(1));
        if self.compared > MOST_COMPARED {
            return Err(self.too_large());
        }
        let condition = Condition {
            element,
            mode,
            number: self.arrays.number[at],
            members: self.arrays.sets.get(at).map_or(&[], Vec::as_slice),
            holds_for_missing: self.arrays.missing[at] != 0,
        };
        let outcome = condition.outcome(self.columns).ok_or_else(|| {
            let what = "a number that is compared both for equality and for size, or a text that is not \
                        encoded,";
            unsupported(self.file, what)
        })?;
        let Outcome::Split {
            column,
            split,
            passes,
            missing,
        } = outcome
        else {
            let holds = outcome == Outcome::Always(true);
            return Ok(if holds { yes } else { no });
        };
        let Some(&feature) = self.places.get(&column) else {
            let what = "its trees ask for a column that is not there";
            return Err(refused(self.file, None, what));
        };
        let (left, right) = if passes { (yes, no) } else { (no, yes) };
        self.put(Subtree::Split {
            feature,
            condition: split,
            missing_left: missing == passes,
            left,
            right,
        })
    }
}
