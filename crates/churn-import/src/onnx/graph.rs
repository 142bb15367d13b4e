//! The graph, operator by operator in the order of the file: from columns of the data to those that the
//! model is given. An operator that is not known matters only if the score needs it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::element::{Element, Step, Table, text_of};
use super::proto::{Constant, Graph, Input, Kind, Node};
use super::values::{Budget, Value};
use super::wire::Malformed;

/// What a graph comes to: the operator that scores, and what it is given.
#[derive(Debug)]
pub(super) struct Found<'g, 'a> {
    pub(super) model: &'g Node<'a>,
    pub(super) columns: Rc<Vec<Element>>,
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
            Kind::Number => Some(Element::Number {
                column,
                steps: Rc::default(),
            }),
            Kind::Text => Some(Element::Text {
                column,
                replaced: Rc::default(),
            }),
            Kind::Double | Kind::Other => None,
        };
        match columns.map(column).collect::<Option<Vec<Element>>>() {
            Some(columns) => self.budget.columns(columns),
            None if input.kind == Kind::Double => refused(DOUBLE),
            None => refused(format!(
                "the input \"{}\", which is neither text nor of whole numbers or single precision,",
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
        let is_model = matches!(node.op, "TreeEnsembleClassifier" | "LinearClassifier");
        if let ([Value::Columns(columns)], true, "ai.onnx.ml") = (given, is_model, node.domain) {
            self.models.push((node, Rc::clone(columns)));
            return Ok(vec![Value::Unused, Value::Scores]);
        }
        if let ("Split", [Value::Columns(columns), sizes @ ..]) = (node.op, given) {
            return self.split(node, columns, sizes);
        }
        let value = match given {
            [Value::Scores | Value::Score, rest @ ..] => Some(after(node, &given[0], rest)?),
            [Value::Unused, ..] => Some(Value::Unused),
            _ => self.columns(node, given)?,
        };
        Ok(vec![
            value.unwrap_or_else(|| unknown(node));
            node.outputs.len()
        ])
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
                each(columns, |_| Some(Step::Above(limit)))
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

/// What may stand behind the model and leaves its probabilities as they are.
fn after(node: &Node<'_>, scores: &Value, rest: &[Value]) -> Result<Value, Malformed> {
    let is = |value: &Value, wanted: f64| match value {
        Value::Constant(constant) => **constant == Constant::Numbers(vec![wanted]),
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
        ("ArgMax" | "Less" | "Greater", ..) => Value::Unused,
        _ => unknown(node),
    })
}

fn each(columns: &[Element], step: impl Fn(usize) -> Option<Step>) -> Option<Vec<Element>> {
    let pairs = columns.iter().enumerate();
    pairs.map(|(at, column)| column.then(step(at)?)).collect()
}

/// Whether a shape leaves each column a column.
fn keeps_width(shape: &[Value], width: usize) -> bool {
    match shape {
        [] => true,
        [Value::Constant(shape)] => match &**shape {
            Constant::Numbers(shape) => shape.as_slice() == [-1.0, width as f64],
            Constant::Texts(_) => false,
        },
        _ => false,
    }
}

fn concat(
    node: &Node<'_>,
    given: &[Value],
    budget: &Budget,
) -> Result<Option<Vec<Element>>, Malformed> {
    if !matches!(node.int("axis")?, None | Some(1 | -1)) {
        return Ok(None);
    }
    let mut all = Vec::new();
    for value in given {
        let Value::Columns(columns) = value else {
            return Ok(None);
        };
        if !budget.has_room(all.len() + columns.len(), 1) {
            return Ok(None);
        }
        all.extend(columns.iter().cloned());
    }
    Ok(Some(all))
}

fn cast(node: &Node<'_>, columns: &[Element]) -> Result<Option<Vec<Element>>, Malformed> {
    let to = node.int("to")?.unwrap_or_default();
    let cast = |column: &Element| match (to, column) {
        (1, Element::Number { .. } | Element::Category { .. } | Element::Constant(_)) => {
            Some(column.clone())
        }
        (6 | 7, _) => column.then(Step::Truncate),
        // A truth value: whether a code is one.
        (9, Element::Category { table, .. }) => {
            let is_truth = |value: &f32| *value == 0.0 || *value == 1.0;
            let mut all = table.of.values().chain([&table.other]);
            all.all(is_truth).then(|| column.clone())
        }
        (8, Element::Text { .. } | Element::Word(_)) => Some(column.clone()),
        _ => None,
    };
    Ok(columns.iter().map(cast).collect())
}

/// A value for each column, or one for all.
fn of<T: Copy>(values: &[T], at: usize) -> Option<T> {
    match values {
        [only] => Some(*only),
        several => several.get(at).copied(),
    }
}

fn impute(node: &Node<'_>, columns: &[Element]) -> Result<Option<Vec<Element>>, Malformed> {
    let by = node.floats("imputed_value_floats")?;
    let replaced = node.float("replaced_value_float")?;
    // A number that stands for a missing value would be both above and below what it is replaced by.
    if !replaced.is_some_and(f32::is_nan) {
        return Ok(None);
    }
    let step = |at| of(&by, at).filter(|by| by.is_finite()).map(Step::Impute);
    Ok(each(columns, step))
}

fn scale(node: &Node<'_>, columns: &[Element]) -> Result<Option<Vec<Element>>, Malformed> {
    let (offsets, scales) = (node.floats("offset")?, node.floats("scale")?);
    let step = |at| {
        let (offset, scale) = (of(&offsets, at)?, of(&scales, at)?);
        let is_sound = offset.is_finite() && scale.is_finite();
        is_sound.then_some(Step::Scale { offset, scale })
    };
    Ok(each(columns, step))
}

fn arithmetic(op: &str, one: &Value, other: &Value) -> Option<Vec<Element>> {
    let (columns, constant, is_first) = match (one, other) {
        (Value::Columns(columns), Value::Constant(constant)) => (columns, constant, true),
        (Value::Constant(constant), Value::Columns(columns)) => (columns, constant, false),
        _ => return None,
    };
    let Constant::Numbers(numbers) = &**constant else {
        return None;
    };
    if numbers.len() != 1 && numbers.len() != columns.len() {
        return None;
    }
    each(columns, |at| {
        let number = of(numbers, at)? as f32;
        let is_sound = number.is_finite() && (op != "Div" || number != 0.0);
        Some(match (op, is_first) {
            _ if !is_sound => return None,
            ("Add", _) => Step::Add(number),
            ("Mul", _) => Step::Multiply(number),
            ("Sub", true) => Step::Subtract(number),
            ("Sub", false) => Step::SubtractFrom(number),
            ("Div", true) => Step::Divide(number),
            _ => return None,
        })
    })
}

fn one_hot(
    node: &Node<'_>,
    columns: &[Element],
    budget: &Budget,
) -> Result<Option<Vec<Element>>, Malformed> {
    let texts = node.texts("cats_strings")?;
    let texts: Vec<String> = match texts.is_empty() {
        false => texts.into_iter().map(str::to_owned).collect(),
        true => node
            .ints("cats_int64s")?
            .iter()
            .map(i64::to_string)
            .collect(),
    };
    let size = columns.iter().map(Element::size).max().unwrap_or(1) + 1;
    if !budget.has_room(columns.len().saturating_mul(texts.len()), size) {
        return Ok(None);
    }
    let mut all = Vec::new();
    for column in columns {
        for text in &texts {
            let one = BTreeMap::from([(text.clone(), 1.0)]);
            let Some(made) = column.encoded(&one, 0.0) else {
                return Ok(None);
            };
            all.push(made);
        }
    }
    Ok(Some(all))
}

fn encode(
    node: &Node<'_>,
    columns: &[Element],
    budget: &Budget,
) -> Result<Option<Vec<Element>>, Malformed> {
    let keys = node.texts("keys_strings")?;
    let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
    if keys.is_empty() {
        keys = node
            .ints("keys_int64s")?
            .iter()
            .map(i64::to_string)
            .collect();
    }
    if keys.is_empty() {
        let floats = node.floats("keys_floats")?;
        // That a key is missing is told from all texts, not from one.
        if floats.iter().any(|key| key.is_nan()) {
            return Ok(None);
        }
        keys = floats.into_iter().map(text_of).collect();
    }
    let mut values = node.floats("values_floats")?;
    let mut other = node.float("default_float")?.unwrap_or(0.0);
    if values.is_empty() {
        values = node
            .ints("values_int64s")?
            .into_iter()
            .map(|value| value as f32)
            .collect();
        other = node.int("default_int64")?.unwrap_or(-1) as f32;
    }
    if keys.is_empty() || keys.len() != values.len() {
        return Ok(None);
    }
    if !budget.has_room(columns.len(), keys.len()) {
        return Ok(None);
    }
    let table: BTreeMap<String, f32> = keys.into_iter().zip(values).collect();
    Ok(columns
        .iter()
        .map(|column| column.encoded(&table, other))
        .collect())
}

/// A text that a constant is encoded as: how a text for missing ones is written.
fn word(node: &Node<'_>, key: &Constant) -> Result<Option<Vec<Element>>, Malformed> {
    let (Constant::Numbers(key), keys) = (key, node.ints("keys_int64s")?) else {
        return Ok(None);
    };
    let texts = node.texts("values_strings")?;
    let [key] = key.as_slice() else {
        return Ok(None);
    };
    let at = keys.iter().position(|one| *one as f64 == *key);
    let text = match at {
        Some(at) => texts.get(at).copied(),
        None => node.text("default_string")?,
    };
    Ok(text.map(|text| vec![Element::Word(text.to_owned())]))
}

fn pick(columns: &[Element], at: &Constant, budget: &Budget) -> Option<Vec<Element>> {
    let Constant::Numbers(at) = at else {
        return None;
    };
    let size = columns.iter().map(Element::size).max().unwrap_or(1);
    if !budget.has_room(at.len(), size) {
        return None;
    }
    let one = |at: &f64| columns.get(*at as usize).filter(|_| *at >= 0.0).cloned();
    at.iter().map(one).collect()
}

/// The sum of columns that say which text of one column it is: rare categories pooled.
fn sum(columns: &[Element]) -> Option<Vec<Element>> {
    let mut of: BTreeMap<String, f32> = BTreeMap::new();
    let mut column = None;
    for one in columns {
        match one {
            Element::Category { column: own, table }
                if *column.get_or_insert(*own) == *own && table.other == 0.0 =>
            {
                for (text, value) in &table.of {
                    *of.entry(text.clone()).or_default() += value;
                }
            }
            _ => return None,
        }
    }
    let (column, table) = (column?, Rc::new(Table { of, other: 0.0 }));
    Some(vec![Element::Category { column, table }])
}

/// Texts of which some are replaced by one, where a code says so.
fn replaced(condition: &Value, one: &Value, other: &Value) -> Option<Vec<Element>> {
    let (Value::Columns(condition), Value::Columns(one), Value::Columns(other)) =
        (condition, one, other)
    else {
        return None;
    };
    match (condition.as_slice(), one.as_slice(), other.as_slice()) {
        (
            [Element::Category { column, table }],
            [Element::Word(word)],
            [
                Element::Text {
                    column: own,
                    replaced,
                },
            ],
        ) if own == column && table.other == 0.0 => {
            let mut all = BTreeMap::clone(replaced);
            let asked = table.of.iter().filter(|(_, value)| **value != 0.0);
            all.extend(asked.map(|(text, _)| (text.clone(), word.clone())));
            Some(vec![Element::Text {
                column: *column,
                replaced: Rc::new(all),
            }])
        }
        _ => None,
    }
}
