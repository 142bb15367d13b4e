//! The graph, operator by operator in the order of the file: from columns of the data to those that the
//! model is given. An operator that is not known matters only if the score needs it.

use std::collections::HashMap;
use std::rc::Rc;

use churn_model::artifact::Calibration;

use super::element::{Element, Step};
use super::operators::{
    arithmetic, cast, concat, each, encode, impute, keeps_width, looked_up, one_hot, pick,
    replaced, scale, sum, word,
};
use super::proto::{Constant, Graph, Input, Kind, Node};
use super::tail::Curve;
use super::values::{Budget, Value};
use super::wire::Malformed;

/// What a graph comes to: the operator that scores, and what it is given.
#[derive(Debug)]
pub(super) struct Found<'g, 'a> {
    pub(super) model: &'g Node<'a>,
    pub(super) columns: Rc<Vec<Element>>,
    /// Those of a product of matrices.
    pub(super) weights: Vec<f64>,
    /// What is added to the sum, and its calibration, where the graph has them behind the operator.
    pub(super) tail: (f64, Calibration),
}

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("{0}")]
    Unsupported(String),
}

/// Follows the graph from its inputs to the output that is a probability.
pub(super) fn follow<'g, 'a>(graph: &'g Graph<'a>) -> Result<Found<'g, 'a>, Fault> {
    let mut walk = Walk {
        values: HashMap::new(),
        budget: Budget::default(),
        models: Vec::new(),
        weights: Vec::new(),
        tail: (0.0, Calibration::None),
    };
    for (name, constant) in &graph.constants {
        walk.values
            .insert(name, Value::Constant(Rc::new(constant.clone())));
    }
    let mut first = 0;
    for input in &graph.inputs {
        // Older files list constants among the inputs, too.
        if walk.values.contains_key(input.name) {
            continue;
        }
        let value = walk.input(input, &mut first);
        walk.values.insert(input.name, value);
    }
    for node in &graph.nodes {
        walk.node(node)?;
    }
    let mut refused = None;
    for output in &graph.outputs {
        match walk.values.get(output) {
            Some(Value::Scores | Value::Score) => {
                let [(model, columns)] = walk.models.as_slice() else {
                    let what = "a graph of several models";
                    return Err(Fault::Unsupported(what.to_owned()));
                };
                return Ok(Found {
                    model,
                    columns: Rc::clone(columns),
                    weights: walk.weights,
                    tail: walk.tail,
                });
            }
            Some(Value::Refused(why)) => refused = Some(why.to_string()),
            _ => {}
        }
    }
    let nothing = "a graph without an output of probabilities of two classes";
    Err(Fault::Unsupported(
        refused.unwrap_or_else(|| nothing.into()),
    ))
}

/// Of a graph that computes in double precision.
pub(super) const DOUBLE: &str = "an input in double precision";

struct Walk<'g, 'a> {
    values: HashMap<&'a str, Value>,
    budget: Budget,
    models: Vec<(&'g Node<'a>, Rc<Vec<Element>>)>,
    weights: Vec<f64>,
    tail: (f64, Calibration),
}

fn refused(why: impl Into<Rc<str>>) -> Value {
    Value::Refused(why.into())
}

impl<'g, 'a> Walk<'g, 'a> {
    fn input(&mut self, input: &Input<'_>, first: &mut usize) -> Value {
        let Some(width) = input.width else {
            let why = format!(
                "the input \"{}\", which does not say how many columns it has,",
                input.name
            );
            return refused(why);
        };
        if !self.budget.has_room(width, 1) {
            return refused(format!("an input of {width} columns"));
        }
        let columns = *first..*first + width;
        *first += width;
        let column = |column| match input.kind {
            Kind::Number | Kind::Double => Some(Element::Number {
                column,
                steps: Rc::default(),
                is_double: input.kind == Kind::Double,
            }),
            Kind::Text => Some(Element::Text {
                column,
                replaced: Rc::default(),
            }),
            Kind::Other => None,
        };
        match columns.map(column).collect::<Option<Vec<Element>>>() {
            Some(columns) => self.budget.columns(columns),
            None => refused(format!(
                "the input \"{}\", which is neither text nor number,",
                input.name
            )),
        }
    }

    fn node(&mut self, node: &'g Node<'a>) -> Result<(), Malformed> {
        let mut given = Vec::with_capacity(node.inputs.len());
        let mut missing = None;
        for name in &node.inputs {
            match self.values.get(name) {
                Some(Value::Refused(why)) => missing = Some(Rc::clone(why)),
                Some(value) => given.push(value.clone()),
                // An input that is left out.
                None if name.is_empty() => given.push(Value::Unused),
                None => missing = Some(format!("\"{name}\", which nothing makes,").into()),
            }
        }
        let outputs = match missing {
            Some(why) => vec![Value::Refused(why); node.outputs.len()],
            None => self.outputs(node, &given)?,
        };
        for (name, value) in node.outputs.iter().zip(outputs) {
            self.values.insert(name, value);
        }
        Ok(())
    }

    fn outputs(&mut self, node: &'g Node<'a>, given: &[Value]) -> Result<Vec<Value>, Malformed> {
        let is_ml = node.domain == "ai.onnx.ml";
        let is_double = |value: &Value| match value {
            Value::Columns(columns) => columns.iter().any(Element::is_double),
            _ => false,
        };
        // They turn it into single precision, each in its own way.
        if is_ml && node.op != "TreeEnsemble" && given.iter().any(is_double) {
            return Ok(vec![refused(DOUBLE); node.outputs.len()]);
        }
        let is_model = matches!(node.op, "TreeEnsembleClassifier" | "LinearClassifier");
        if let ([Value::Columns(columns)], true, "ai.onnx.ml") = (given, is_model, node.domain) {
            self.models.push((node, Rc::clone(columns)));
            return Ok(vec![Value::Unused, Value::Scores]);
        }
        if let Some(sum) = self.sum(node, given) {
            return Ok(vec![sum]);
        }
        if let ("Split", [Value::Columns(columns), sizes @ ..]) = (node.op, given) {
            return self.split(node, columns, sizes);
        }
        let value = match given {
            [Value::Scores | Value::Score, rest @ ..] => Some(after(node, &given[0], rest)?),
            [Value::Sum(curve), rest @ ..] => {
                let curve = Rc::clone(curve);
                self.bend(node, &curve, rest)
            }
            [Value::Constant(one), Value::Score] if node.op == "Sub" && one.is(1.0) => {
                Some(Value::Unused)
            }
            [Value::Unused, Value::Score] if node.op == "Concat" => Some(Value::Scores),
            [Value::Unused, ..] => Some(Value::Unused),
            _ => self.columns(node, given)?,
        };
        Ok(vec![
            value.unwrap_or_else(|| unknown(node));
            node.outputs.len()
        ])
    }

    /// The sum that a model in several operators begins with.
    fn sum(&mut self, node: &'g Node<'a>, given: &[Value]) -> Option<Value> {
        match (node.op, given) {
            ("TreeEnsemble", [Value::Columns(columns)]) if node.domain == "ai.onnx.ml" => {
                self.models.push((node, Rc::clone(columns)));
            }
            ("MatMul", [Value::Columns(columns), Value::Constant(weights)]) => {
                match &**weights {
                    Constant::Numbers(weights) if weights.len() == columns.len() => {
                        self.weights.clone_from(weights);
                    }
                    _ => return None,
                }
                self.models.push((node, Rc::clone(columns)));
            }
            _ => return None,
        }
        Some(Value::Sum(Rc::new(Curve::SUM)))
    }

    /// What an operator makes of the sum.
    fn bend(&mut self, node: &Node<'_>, curve: &Curve, rest: &[Value]) -> Option<Value> {
        let tail = match (node.op, rest) {
            ("Identity", []) => return Some(Value::Sum(Rc::new(curve.clone()))),
            ("Sigmoid", []) => curve.logistic()?,
            ("Clip", [low, high]) if is_margin(low, high) => curve.isotonic()?,
            (op, [Value::Constant(constant)]) => {
                let Constant::Numbers(numbers) = &**constant else {
                    return None;
                };
                return Some(Value::Sum(Rc::new(curve.then(op, numbers)?)));
            }
            _ => return None,
        };
        self.tail = tail;
        Some(Value::Score)
    }

    /// Columns from columns; nothing if the operator is not known for these.
    fn columns(&mut self, node: &Node<'_>, given: &[Value]) -> Result<Option<Value>, Malformed> {
        let made = match (node.op, given) {
            ("Identity", [value]) => return Ok(Some(value.clone())),
            ("Concat" | "FeatureVectorizer", [Value::Columns(_), ..]) => {
                concat(node, given, &self.budget)?
            }
            ("Reshape" | "Flatten", [Value::Columns(columns), shape @ ..]) => {
                keeps_width(shape, columns.len()).then(|| columns.to_vec())
            }
            ("Cast", [Value::Columns(columns)]) => cast(node, columns)?,
            ("Imputer", [Value::Columns(columns)]) => impute(node, columns)?,
            ("Scaler", [Value::Columns(columns)]) => scale(node, columns)?,
            ("Binarizer", [Value::Columns(columns)]) => {
                let limit = node.float("threshold")?.unwrap_or(0.0);
                each(columns, |_| Some(Step::Above(f64::from(limit))))
            }
            // What has no end is missing wherever data are read.
            ("IsInf", [Value::Columns(columns)]) => {
                Some(vec![Element::Constant(0.0); columns.len()])
            }
            ("Gather", [Value::Constant(table), Value::Columns(columns)])
                if matches!(node.int("axis")?, None | Some(0)) =>
            {
                looked_up(table, columns)
            }
            ("IsNaN", [Value::Columns(columns)]) => each(columns, |_| Some(Step::IsMissing)),
            ("Add" | "Sub" | "Mul" | "Div", [one, other]) => arithmetic(node.op, one, other),
            ("OneHotEncoder", [Value::Columns(columns)]) => one_hot(node, columns, &self.budget)?,
            ("LabelEncoder", [Value::Columns(columns)]) => encode(node, columns, &self.budget)?,
            ("LabelEncoder", [Value::Constant(key)]) => word(node, key)?,
            (
                "Gather" | "ArrayFeatureExtractor",
                [Value::Columns(columns), Value::Constant(at)],
            ) => pick(columns, at, &self.budget),
            ("ReduceSum", [Value::Columns(columns), ..]) => sum(columns),
            ("Where", [condition, one, other]) => replaced(condition, one, other),
            _ => None,
        };
        Ok(made.map(|columns| self.budget.columns(columns)))
    }

    fn split(
        &mut self,
        node: &Node<'_>,
        columns: &[Element],
        sizes: &[Value],
    ) -> Result<Vec<Value>, Malformed> {
        let sizes: Vec<f64> = match sizes {
            [Value::Constant(sizes), ..] => match &**sizes {
                Constant::Numbers(sizes) => sizes.clone(),
                Constant::Texts(_) => Vec::new(),
            },
            _ => node
                .ints("split")?
                .into_iter()
                .map(|size| size as f64)
                .collect(),
        };
        let mut rest = columns;
        let mut values = Vec::new();
        for size in sizes {
            let Some((part, others)) = rest.split_at_checked(size as usize) else {
                break;
            };
            rest = others;
            values.push(self.budget.columns(part.to_vec()));
        }
        Ok(
            match values.len() == node.outputs.len() && rest.is_empty() {
                true => values,
                false => vec![unknown(node); node.outputs.len()],
            },
        )
    }
}

fn unknown(node: &Node<'_>) -> Value {
    let op = node.op;
    let name: String = node.name.chars().take(40).collect();
    refused(match name.is_empty() {
        true => format!("the operator {op} in this place"),
        false => format!("the operator {op} in this place (node \"{name}\")"),
    })
}

/// Whether these bounds take no more from a probability than what keeps it clear of 0 and 1.
fn is_margin(low: &Value, high: &Value) -> bool {
    const MARGIN: f64 = 1e-9;
    match (low, high) {
        (Value::Constant(low), Value::Constant(high)) => match (&**low, &**high) {
            (Constant::Numbers(low), Constant::Numbers(high)) => {
                matches!(low.as_slice(), [low] if *low <= MARGIN)
                    && matches!(high.as_slice(), [high] if *high >= 1.0 - MARGIN)
            }
            _ => false,
        },
        _ => false,
    }
}

/// What may stand behind the model and leaves its probabilities as they are.
fn after(node: &Node<'_>, scores: &Value, rest: &[Value]) -> Result<Value, Malformed> {
    let is = |value: &Value, wanted: f64| match value {
        Value::Constant(constant) => constant.is(wanted),
        _ => false,
    };
    let is_one = |value: &Value| is(value, 1.0);
    Ok(match (node.op, scores, rest) {
        ("Identity" | "Cast" | "ZipMap" | "Reshape" | "Flatten", ..) => scores.clone(),
        // Probabilities that add up to one are divided by it.
        ("Normalizer", Value::Scores, []) if node.text("norm")? == Some("L1") => scores.clone(),
        ("Mul" | "Div", _, [one]) if is_one(one) => scores.clone(),
        ("ArrayFeatureExtractor" | "Gather", Value::Scores, [at]) if is_one(at) => Value::Score,
        ("Slice", Value::Scores, [start, end, ..]) if is(start, 1.0) && is(end, 2.0) => {
            Value::Score
        }
        // The probability of the other class.
        ("Slice", Value::Scores, [start, end, ..]) if is(start, 0.0) && is(end, 1.0) => {
            Value::Unused
        }
        ("ArgMax" | "Less" | "Greater" | "GreaterOrEqual", ..) => Value::Unused,
        ("Clip", Value::Score, [low, high]) if is_margin(low, high) => Value::Score,
        _ => unknown(node),
    })
}
