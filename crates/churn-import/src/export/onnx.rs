//! A model as a graph of ONNX: a column of doubles or texts for each feature, and all in double precision, so that
//! nothing is rounded on the way.

use std::collections::BTreeSet;

use churn_base::error::{Error, Result};
use churn_data::canonical;
use churn_model::artifact::{Calibration, FeatureKind};

use super::model::{Exportable, Sum, levels_of};
use super::protobuf::{Attribute, Graph, Kind, ML, Tensor};
use super::sql::{MARKS, TRUTHS};
use crate::foreign::{Line, Node, Split, Tree};

/// The outputs, as those of skl2onnx are called.
const LABEL: &str = "label";
const PROBABILITIES: &str = "probabilities";
/// `TensorProto.DOUBLE` and `TensorProto.INT64`, for casts.
const DOUBLE: i64 = Kind::Double as i64;
const INTEGER: i64 = Kind::Integer as i64;
/// Modes of a split: below a number, one of several.
const BELOW: u8 = 1;
const MEMBER: u8 = 6;

impl Exportable {
    /// Writes the model as a graph of ONNX, `doc` as its description.
    ///
    /// # Errors
    /// Bad input, by name, for what a graph cannot have: a feature whose zeros are missing, or one that is called as
    /// an output is.
    pub fn onnx(&self, doc: &str) -> Result<Vec<u8>> {
        let refused = |what: &str| {
            let message = format!("{what} cannot be written as a graph of ONNX");
            Err(Error::bad_input(message).hint("sql:postgres has all models"))
        };
        if self.zero_is_missing.contains(&true) {
            return refused("a feature whose zeros are missing");
        }
        let is_taken = |name: &str| matches!(name, "" | LABEL | PROBABILITIES);
        if self.features.iter().any(|feature| is_taken(&feature.name)) {
            return refused("a feature without a name, or called label or probabilities,");
        }
        let mut graph = Graph::default();
        for feature in &self.features {
            let kind = match feature.kind {
                FeatureKind::Number { .. } => Kind::Double,
                FeatureKind::Category { .. } => Kind::Text,
            };
            graph.input(&feature.name, kind);
        }
        let (sum, version) = match &self.sum {
            Sum::Lines { intercept, lines } => (self.lines(*intercept, lines, &mut graph), 3),
            Sum::Trees { base, trees } => (self.trees(*base, trees, &mut graph), 5),
        };
        let probability = self.calibrated(sum, &mut graph);
        self.outputs(&probability, &mut graph);
        graph.output(LABEL, Kind::Integer, 1);
        graph.output(PROBABILITIES, Kind::Double, 2);
        Ok(graph.model(doc, &[("", 17), (ML, version)]))
    }

    /// A number that is missing where it has no end.
    fn number(&self, at: usize, graph: &mut Graph) -> String {
        let name = &*self.features[at].name;
        let has_no_end = graph.op("IsInf", &[name]);
        let missing = graph.constant(&Tensor::doubles(&[1], &[f64::NAN]));
        graph.op("Where", &[&has_no_end, &missing, name])
    }

    /// The position of a text among the levels; behind them that of all other texts, then that of a missing one.
    fn position(&self, at: usize, levels: &[String], graph: &mut Graph) -> String {
        let cell = |text: &str| self.scorer.cell_of_field(at, text.as_bytes()).ok();
        let mut known = BTreeSet::new();
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let mut add = |text: String, value: usize| {
            if known.insert(text.clone()) {
                keys.push(text);
                values.push(value as i64);
            }
        };
        for (position, level) in levels.iter().enumerate() {
            // A level that is a mark of a missing value is never found: marks come first.
            if cell(level) == Some(position as f64) {
                add(level.clone(), position);
            }
        }
        for (position, level) in levels.iter().enumerate() {
            let truths = TRUTHS.iter().map(|text| (*text).to_owned());
            let spelled = truths.chain([format!("{level}.0"), format!("{level}.00")]);
            let is_same = |text: &String| {
                canonical(text.as_bytes()) == canonical(level.as_bytes())
                    && cell(text) == Some(position as f64)
            };
            spelled.filter(is_same).for_each(|text| add(text, position));
        }
        for mark in MARKS
            .iter()
            .filter(|mark| cell(mark).is_some_and(f64::is_nan))
        {
            add((*mark).to_owned(), levels.len() + 1);
        }
        let attributes = [
            ("keys_strings", Attribute::Texts(keys)),
            ("values_int64s", Attribute::Integers(values)),
            ("default_int64", Attribute::Integer(levels.len() as i64)),
        ];
        graph.op_with(
            (ML, "LabelEncoder"),
            &[&self.features[at].name],
            &attributes,
        )
    }

    fn lines(&self, intercept: f64, lines: &[Line], graph: &mut Graph) -> String {
        let (mut columns, mut weights) = (Vec::new(), Vec::new());
        let mut first = intercept;
        for (at, line) in lines.iter().enumerate() {
            let Some(levels) = levels_of(&self.features[at]) else {
                let number = self.number(at, graph);
                let is_missing = graph.op("IsNaN", &[&number]);
                let zero = graph.constant(&Tensor::doubles(&[1], &[0.0]));
                columns.push(graph.op("Where", &[&is_missing, &zero, &number]));
                columns.push(cast(&is_missing, DOUBLE, graph));
                weights.extend([line.slope, line.missing - line.offset]);
                first += line.offset;
                continue;
            };
            let position = self.position(at, levels, graph);
            let mut table = line.levels.clone();
            table.extend([line.other, line.missing]);
            let table = graph.constant(&Tensor::doubles(&[table.len()], &table));
            columns.push(graph.op("Gather", &[&table, &position]));
            weights.push(1.0);
        }
        let row = beside(&columns, graph);
        let weights = graph.constant(&Tensor::doubles(&[weights.len(), 1], &weights));
        let sum = graph.op("MatMul", &[&row, &weights]);
        let first = graph.number(first);
        graph.op("Add", &[&sum, &first])
    }

    fn trees(&self, base: f64, trees: &[Tree], graph: &mut Graph) -> String {
        let mut columns = Vec::new();
        for (at, feature) in self.features.iter().enumerate() {
            columns.push(match &feature.kind {
                FeatureKind::Number { .. } => self.number(at, graph),
                FeatureKind::Category { levels, order } => {
                    let position = self.position(at, levels, graph);
                    match self.is_by_order {
                        false => cast(&position, DOUBLE, graph),
                        true => {
                            let mut table = order.clone();
                            table.push(f64::NAN);
                            let table = graph.constant(&Tensor::doubles(&[table.len()], &table));
                            graph.op("Gather", &[&table, &position])
                        }
                    }
                }
            });
        }
        let row = beside(&columns, graph);
        let mut arrays = Arrays::default();
        let mut base = base;
        for tree in trees {
            match tree.as_slice() {
                [Node::Leaf { output, .. }] => base += output,
                _ => self.add_tree(tree, &mut arrays),
            }
        }
        if arrays.roots.is_empty() {
            arrays.roots.push(0);
            arrays.split(0, (BELOW, 0.0, false), [(0, true), (1, true)]);
            arrays.weights = vec![0.0; 2];
        }
        let sum = graph.op_with((ML, "TreeEnsemble"), &[&row], &arrays.attributes());
        let base = graph.number(base);
        graph.op("Add", &[&sum, &base])
    }

    fn add_tree(&self, tree: &Tree, arrays: &mut Arrays) {
        let (mut nodes, mut leaves) = (arrays.modes.len(), arrays.weights.len());
        arrays.roots.push(nodes as i64);
        let place = |node: &Node| {
            let (of, is_leaf) = match node {
                Node::Leaf { .. } => (&mut leaves, true),
                Node::Split { .. } => (&mut nodes, false),
            };
            *of += 1;
            (*of as i64 - 1, is_leaf)
        };
        let places: Vec<(i64, bool)> = tree.iter().map(place).collect();
        for node in tree {
            let (feature, split, missing_left, children) = match node {
                Node::Leaf { output, .. } => {
                    arrays.weights.push(*output);
                    continue;
                }
                Node::Split {
                    feature,
                    split,
                    missing_left,
                    left,
                    right,
                    ..
                } => (
                    *feature,
                    split,
                    *missing_left,
                    [places[*left], places[*right]],
                ),
            };
            let below = |threshold| (BELOW, threshold, missing_left);
            match (split, &self.features[feature].kind) {
                (Split::Below(threshold), _) => {
                    arrays.split(feature, below(*threshold), children);
                }
                (levels, FeatureKind::Category { order, .. }) if self.is_by_order => {
                    let others = (0..).zip(order).filter(|(level, _)| !levels.has(*level));
                    let first = others.map(|(_, place)| *place).fold(f64::MAX, f64::min);
                    arrays.split(feature, below(first), children);
                }
                (levels, kind) => {
                    let known = match kind {
                        FeatureKind::Category { levels, .. } => levels.len() as u32,
                        FeatureKind::Number { .. } => 0,
                    };
                    let goes_left = |code: &u32| match *code > known {
                        true => missing_left,
                        false => levels.has(*code),
                    };
                    let (left, right): (Vec<u32>, Vec<u32>) = (0..known + 2).partition(goes_left);
                    let (asked, [yes, no]) = match left.len() <= right.len() {
                        true => (left, children),
                        false => (right, [children[1], children[0]]),
                    };
                    arrays.ask(&asked);
                    arrays.split(feature, (MEMBER, 0.0, false), [yes, no]);
                }
            }
        }
    }

    fn calibrated(&self, sum: String, graph: &mut Graph) -> String {
        let (knots, values) = match &self.calibration {
            Calibration::None => return graph.op("Sigmoid", &[&sum]),
            Calibration::Platt { slope, intercept } => {
                let (slope, intercept) = (graph.number(*slope), graph.number(*intercept));
                let scaled = graph.op("Mul", &[&sum, &slope]);
                let moved = graph.op("Add", &[&scaled, &intercept]);
                return graph.op("Sigmoid", &[&moved]);
            }
            Calibration::Isotonic {
                log_odds,
                probability,
            } => (log_odds, probability),
        };
        // A piece adds what the sum has gone of its width, times its slope.
        let pairs = || knots.windows(2).zip(values.windows(2));
        let piece = |(knots, values): (&[f64], &[f64])| {
            let width = knots[1] - knots[0];
            (width, (values[1] - values[0]) / width)
        };
        let (mut widths, mut slopes): (Vec<f64>, Vec<f64>) = pairs().map(piece).unzip();
        if widths.is_empty() {
            (widths, slopes) = (vec![1.0], vec![0.0]);
        }
        let count = widths.len();
        let starts = graph.constant(&Tensor::doubles(&[1, count], &knots[..count]));
        let (zero, widths) = (
            graph.number(0.0),
            graph.constant(&Tensor::doubles(&[1, count], &widths)),
        );
        let slopes = graph.constant(&Tensor::doubles(&[count, 1], &slopes));
        let beyond = graph.op("Sub", &[&sum, &starts]);
        let above = graph.op("Max", &[&beyond, &zero]);
        let within = graph.op("Min", &[&above, &widths]);
        let risen = graph.op("MatMul", &[&within, &slopes]);
        let first = graph.number(values.first().copied().unwrap_or(0.5));
        graph.op("Add", &[&risen, &first])
    }

    fn outputs(&self, probability: &str, graph: &mut Graph) {
        let (low, high) = (graph.number(f64::EPSILON), graph.number(1.0 - f64::EPSILON));
        let clear = graph.op("Clip", &[probability, &low, &high]);
        let threshold = graph.number(self.threshold);
        let is_churn = graph.op("GreaterOrEqual", &[&clear, &threshold]);
        let to = [("to", Attribute::Integer(INTEGER))];
        graph.node(("", "Cast"), &[&is_churn], &to, LABEL);
        let one = graph.number(1.0);
        let other = graph.op("Sub", &[&one, &clear]);
        let axis = [("axis", Attribute::Integer(1))];
        graph.node(("", "Concat"), &[&other, &clear], &axis, PROBABILITIES);
    }
}

fn cast(edge: &str, to: i64, graph: &mut Graph) -> String {
    graph.op_with(("", "Cast"), &[edge], &[("to", Attribute::Integer(to))])
}

fn beside(columns: &[String], graph: &mut Graph) -> String {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    graph.op_with(("", "Concat"), &columns, &[("axis", Attribute::Integer(1))])
}

/// The lists of `TreeEnsemble`.
#[derive(Default)]
struct Arrays {
    roots: Vec<i64>,
    modes: Vec<u8>,
    features: Vec<i64>,
    numbers: Vec<f64>,
    missing: Vec<i64>,
    /// Places of both children, and whether they are leaves.
    children: [Vec<i64>; 2],
    are_leaves: [Vec<i64>; 2],
    /// Sets, each with a NaN behind it.
    members: Vec<f64>,
    weights: Vec<f64>,
}

impl Arrays {
    fn split(
        &mut self,
        feature: usize,
        (mode, number, missing_left): (u8, f64, bool),
        children: [(i64, bool); 2],
    ) {
        self.modes.push(mode);
        self.features.push(feature as i64);
        self.numbers.push(number);
        self.missing.push(i64::from(missing_left));
        for (side, (place, is_leaf)) in children.into_iter().enumerate() {
            self.children[side].push(place);
            self.are_leaves[side].push(i64::from(is_leaf));
        }
    }

    /// Adds the set that the next split asks for; one of nothing is of a number that no code is.
    fn ask(&mut self, codes: &[u32]) {
        match codes {
            [] => self.members.push(-1.0),
            codes => self.members.extend(codes.iter().copied().map(f64::from)),
        }
        self.members.push(f64::NAN);
    }

    fn attributes(self) -> Vec<(&'static str, Attribute)> {
        let doubles =
            |numbers: &[f64]| Attribute::Tensor(Tensor::doubles(&[numbers.len()], numbers));
        let leaves = vec![0; self.weights.len()];
        let [yes, no] = self.children;
        let [yes_leaf, no_leaf] = self.are_leaves;
        let integers = Attribute::Integers;
        let mut all = vec![
            ("n_targets", Attribute::Integer(1)),
            ("aggregate_function", Attribute::Integer(1)),
            ("post_transform", Attribute::Integer(0)),
            ("tree_roots", integers(self.roots)),
            ("nodes_modes", Attribute::Tensor(Tensor::bytes(self.modes))),
            ("nodes_featureids", integers(self.features)),
            ("nodes_splits", doubles(&self.numbers)),
            ("nodes_missing_value_tracks_true", integers(self.missing)),
            ("nodes_truenodeids", integers(yes)),
            ("nodes_trueleafs", integers(yes_leaf)),
            ("nodes_falsenodeids", integers(no)),
            ("nodes_falseleafs", integers(no_leaf)),
            ("leaf_targetids", integers(leaves)),
            ("leaf_weights", doubles(&self.weights)),
        ];
        if !self.members.is_empty() {
            all.push(("membership_values", doubles(&self.members)));
        }
        all
    }
}
