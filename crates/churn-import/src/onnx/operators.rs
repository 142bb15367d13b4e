//! What single operators make of columns. Nothing, if that is not a function of one column of the data each, or not
//! known.

use std::collections::BTreeMap;
use std::rc::Rc;

use churn_data::{DoubtfulMark, canonical, doubtful_mark};

use super::columns::is_missing;
use super::element::{Element, Step, Table, text_of};
use super::proto::{Constant, Node};
use super::values::{Budget, Value};
use super::wire::Malformed;

pub(super) fn each(
    columns: &[Element],
    step: impl Fn(usize) -> Option<Step>,
) -> Option<Vec<Element>> {
    let pairs = columns.iter().enumerate();
    pairs.map(|(at, column)| column.then(step(at)?)).collect()
}

/// Whether a shape leaves each column a column.
pub(super) fn keeps_width(shape: &[Value], width: usize) -> bool {
    match shape {
        [] => true,
        [Value::Constant(shape)] => match &**shape {
            Constant::Numbers(shape) => shape.as_slice() == [-1.0, width as f64],
            Constant::Texts(_) => false,
        },
        _ => false,
    }
}

pub(super) fn concat(
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

pub(super) fn cast(
    node: &Node<'_>,
    columns: &[Element],
) -> Result<Option<Vec<Element>>, Malformed> {
    let to = node.int("to")?.unwrap_or_default();
    let cast = |column: &Element| match (to, column) {
        (1 | 11, Element::Number { .. } | Element::Category { .. } | Element::Constant(_)) => {
            column.in_precision(to == 11)
        }
        (6 | 7, _) => column.then(Step::Truncate),
        // A truth value: whether a code is one.
        (9, Element::Category { table, .. }) => {
            let is_truth = |value: &f64| *value == 0.0 || *value == 1.0;
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

pub(super) fn impute(
    node: &Node<'_>,
    columns: &[Element],
) -> Result<Option<Vec<Element>>, Malformed> {
    let by = node.floats("imputed_value_floats")?;
    let replaced = node.float("replaced_value_float")?;
    // A number that stands for a missing value would be both above and below what it is replaced by.
    if !replaced.is_some_and(f32::is_nan) {
        return Ok(None);
    }
    let step = |at| of(&by, at).filter(|by| by.is_finite());
    let step = |at| step(at).map(|by| Step::Impute(f64::from(by)));
    Ok(each(columns, step))
}

pub(super) fn scale(
    node: &Node<'_>,
    columns: &[Element],
) -> Result<Option<Vec<Element>>, Malformed> {
    let (offsets, scales) = (node.floats("offset")?, node.floats("scale")?);
    let step = |at| {
        let (offset, scale) = (of(&offsets, at)?, of(&scales, at)?);
        let is_sound = offset.is_finite() && scale.is_finite();
        is_sound.then_some(Step::Scale {
            offset: f64::from(offset),
            scale: f64::from(scale),
        })
    };
    Ok(each(columns, step))
}

pub(super) fn arithmetic(op: &str, one: &Value, other: &Value) -> Option<Vec<Element>> {
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
        let mut number = of(numbers, at)?;
        if !columns[at].is_double() {
            number = Step::Round.apply(number);
        }
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

pub(super) fn one_hot(
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

pub(super) fn encode(
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
        keys = floats
            .into_iter()
            .map(|key| text_of(f64::from(key)))
            .collect();
    }
    let values = node.floats("values_floats")?;
    let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
    let mut other = f64::from(node.float("default_float")?.unwrap_or(0.0));
    if values.is_empty() {
        values = node
            .ints("values_int64s")?
            .into_iter()
            .map(|value| value as f64)
            .collect();
        other = node.int("default_int64")?.unwrap_or(-1) as f64;
    }
    if keys.is_empty() || keys.len() != values.len() {
        return Ok(None);
    }
    if !budget.has_room(columns.len(), keys.len()) {
        return Ok(None);
    }
    let table = by_value(keys, values);
    Ok(columns
        .iter()
        .map(|column| column.encoded(&table, other))
        .collect())
}

/// The number of each text; spellings of one value, or of a missing one, that have the same number are one text.
fn by_value(keys: Vec<String>, values: Vec<f64>) -> BTreeMap<String, f64> {
    let mut known: BTreeMap<Vec<u8>, f64> = BTreeMap::new();
    let mut table = BTreeMap::new();
    for (key, value) in keys.into_iter().zip(values) {
        // A dash is missing unless the model tells it from that, and then the values differ.
        let is_dash = doubtful_mark(key.as_bytes()) == Some(DoubtfulMark::Sign);
        let own = match is_missing(&key) || is_dash {
            true => Vec::new(),
            false => canonical(key.as_bytes()).into_owned(),
        };
        if known.get(&own) != Some(&value) {
            known.insert(own, value);
            table.insert(key, value);
        }
    }
    table
}

/// The number of a table at the position that each code is.
pub(super) fn looked_up(table: &Constant, columns: &[Element]) -> Option<Vec<Element>> {
    let Constant::Numbers(numbers) = table else {
        return None;
    };
    let one = |element: &Element| {
        let Element::Category { column, table } = element else {
            return None;
        };
        let is_position = |code: &f64| *code >= 0.0 && *code < numbers.len() as f64;
        let mut codes = table.of.values().chain([&table.other]);
        if !codes.all(is_position) {
            return None;
        }
        let table = Table {
            is_double: true,
            ..table.map(|code| numbers[code as usize])
        };
        Some(Element::Category {
            column: *column,
            table: Rc::new(table),
        })
    };
    columns.iter().map(one).collect()
}

/// A text that a constant is encoded as: how a text for missing ones is written.
pub(super) fn word(node: &Node<'_>, key: &Constant) -> Result<Option<Vec<Element>>, Malformed> {
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

pub(super) fn pick(columns: &[Element], at: &Constant, budget: &Budget) -> Option<Vec<Element>> {
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
pub(super) fn sum(columns: &[Element]) -> Option<Vec<Element>> {
    let mut of: BTreeMap<String, f64> = BTreeMap::new();
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
    let (column, table) = (column?, Rc::new(Table::single(of, 0.0)));
    Some(vec![Element::Category { column, table }])
}

/// Columns of which some values are replaced by one: texts where a code says so, numbers where they are missing.
pub(super) fn replaced(condition: &Value, one: &Value, other: &Value) -> Option<Vec<Element>> {
    let (Value::Columns(condition), Value::Columns(other)) = (condition, other) else {
        return None;
    };
    if condition
        .iter()
        .all(|one| matches!(one, Element::Constant(0.0)))
    {
        return Some(other.to_vec());
    }
    match (condition.as_slice(), one, other.as_slice()) {
        ([condition], Value::Columns(one), [other]) => match one.as_slice() {
            [Element::Word(word)] => respelled(condition, word, other).map(|made| vec![made]),
            _ => None,
        },
        ([condition], Value::Constant(by), [other]) => {
            let Constant::Numbers(by) = &**by else {
                return None;
            };
            let (Element::Number { steps, column, .. }, [by]) = (condition, by.as_slice()) else {
                return None;
            };
            let asked = steps
                .split_last()
                .filter(|(last, _)| **last == Step::IsMissing);
            match other {
                Element::Number {
                    steps: own,
                    column: same,
                    ..
                } if same == column && asked.is_some_and(|(_, asked)| asked == own.as_slice()) => {
                    Some(vec![other.then(Step::Impute(*by))?])
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A text that is replaced by a word where a code of the same column says so.
fn respelled(condition: &Element, word: &str, other: &Element) -> Option<Element> {
    match (condition, other) {
        (
            Element::Category { column, table },
            Element::Text {
                column: own,
                replaced,
            },
        ) if own == column && table.other == 0.0 => {
            let mut all = BTreeMap::clone(replaced);
            let asked = table.of.iter().filter(|(_, value)| **value != 0.0);
            all.extend(asked.map(|(text, _)| (text.clone(), word.to_owned())));
            Some(Element::Text {
                column: *column,
                replaced: Rc::new(all),
            })
        }
        _ => None,
    }
}
