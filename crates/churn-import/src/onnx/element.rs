//! What a preparation makes of one column of the data, in the precision that ONNX computes it in: a number
//! of a number, or a number of a text. Since no more than one column goes into each, a model of them
//! is a model of the columns.

use std::collections::BTreeMap;
use std::rc::Rc;

/// A column of a matrix, as a function of one column of the data.
#[derive(Debug, Clone)]
pub(super) enum Element {
    /// The same in every row.
    Constant(f64),
    /// The same text in every row.
    Word(String),
    /// A number of a number.
    Number {
        column: usize,
        steps: Rc<Vec<Step>>,
        is_double: bool,
    },
    /// A number of a text.
    Category { column: usize, table: Rc<Table> },
    /// A text, where some may be replaced by others.
    Text {
        column: usize,
        replaced: Rc<BTreeMap<String, String>>,
    },
}

/// Numbers of texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) of: BTreeMap<String, f64>,
    /// Of all others.
    pub(super) other: f64,
    /// They are in double precision.
    pub(super) is_double: bool,
}

impl Table {
    /// A table in single precision.
    pub(super) const fn single(of: BTreeMap<String, f64>, other: f64) -> Self {
        Self {
            of,
            other,
            is_double: false,
        }
    }

    pub(super) fn get(&self, text: &str) -> f64 {
        self.of.get(text).copied().unwrap_or(self.other)
    }

    pub(super) fn map(&self, by: impl Fn(f64) -> f64) -> Self {
        Self {
            of: self
                .of
                .iter()
                .map(|(text, value)| (text.clone(), by(*value)))
                .collect(),
            other: by(self.other),
            is_double: self.is_double,
        }
    }
}

/// A step from number to number. Each rises, falls or is constant, so that all steps together do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// A missing value becomes this.
    Impute(f64),
    /// In single precision alone.
    Scale {
        offset: f64,
        scale: f64,
    },
    Add(f64),
    Subtract(f64),
    SubtractFrom(f64),
    Multiply(f64),
    Divide(f64),
    Truncate,
    /// To the nearest number of single precision. A sum or product of two of those that is rounded twice, to double
    /// and then to single, is the one that is rounded once.
    Round,
    /// 1 if it is missing, else 0.
    IsMissing,
    /// 1 if it is above this, else 0.
    Above(f64),
}

impl Step {
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Self::Impute(by) if value.is_nan() => by,
            Self::Impute(_) => value,
            Self::Scale { offset, scale } => Self::Round.apply(value - offset) * scale,
            Self::Add(number) => value + number,
            Self::Subtract(number) => value - number,
            Self::SubtractFrom(number) => number - value,
            Self::Multiply(number) => value * number,
            Self::Divide(number) => value / number,
            Self::Truncate => value.trunc(),
            Self::Round => f64::from(value as f32),
            Self::IsMissing => f64::from(u8::from(value.is_nan())),
            Self::Above(limit) => f64::from(u8::from(value > limit)),
        }
    }

    /// Whether its result may need more digits than its operands have.
    const fn is_rounded(self) -> bool {
        matches!(
            self,
            Self::Scale { .. }
                | Self::Add(_)
                | Self::Subtract(_)
                | Self::SubtractFrom(_)
                | Self::Multiply(_)
                | Self::Divide(_)
        )
    }

    /// Returns slope and offset after this step, given those before; nothing if it is not linear.
    fn line(self, (slope, offset): (f64, f64)) -> Option<(f64, f64)> {
        let times = |factor: f64| (slope * factor, offset * factor);
        Some(match self {
            Self::Impute(_) | Self::Round => (slope, offset),
            Self::Scale { offset: by, scale } => (slope * scale, (offset - by) * scale),
            Self::Add(number) => (slope, offset + number),
            Self::Subtract(number) => (slope, offset - number),
            Self::SubtractFrom(number) => (-slope, number - offset),
            Self::Multiply(number) => times(number),
            Self::Divide(number) => times(1.0 / number),
            Self::IsMissing => (0.0, 0.0),
            Self::Truncate | Self::Above(_) => return None,
        })
    }
}

/// Returns what the steps make of a value.
pub(super) fn apply(steps: &[Step], value: f64) -> f64 {
    steps.iter().fold(value, |value, step| step.apply(value))
}

/// Returns slope and offset of steps that are linear in what is there.
pub(super) fn line(steps: &[Step]) -> Option<(f64, f64)> {
    steps
        .iter()
        .try_fold((1.0, 0.0), |line, step| step.line(line))
}

impl Element {
    /// Returns it after one more step; nothing if it is a text.
    pub(super) fn then(&self, step: Step) -> Option<Self> {
        let rounds = step.is_rounded() && !self.is_double();
        let apply = |value: f64| match rounds {
            true => Step::Round.apply(step.apply(value)),
            false => step.apply(value),
        };
        Some(match self {
            Self::Constant(value) => Self::Constant(apply(*value)),
            Self::Number {
                column,
                steps,
                is_double,
            } => {
                let steps = steps.iter().copied().chain([step]);
                Self::Number {
                    column: *column,
                    steps: Rc::new(steps.chain(rounds.then_some(Step::Round)).collect()),
                    is_double: *is_double,
                }
            }
            Self::Category { column, table } => Self::Category {
                column: *column,
                table: Rc::new(table.map(apply)),
            },
            Self::Word(_) | Self::Text { .. } => return None,
        })
    }

    /// Whether it is computed in double precision.
    pub(super) fn is_double(&self) -> bool {
        match self {
            Self::Number { is_double, .. } => *is_double,
            Self::Category { table, .. } => table.is_double,
            Self::Constant(_) | Self::Word(_) | Self::Text { .. } => false,
        }
    }

    /// Returns it in the other precision, rounded if need be; nothing if it is a text.
    pub(super) fn in_precision(&self, double: bool) -> Option<Self> {
        let narrows = self.is_double() && !double;
        let mut made = match narrows {
            true => self.then(Step::Round)?,
            false => self.clone(),
        };
        match &mut made {
            Self::Number { is_double, .. } => *is_double = double,
            Self::Category { table, .. } => Rc::make_mut(table).is_double = double,
            Self::Constant(_) => {}
            Self::Word(_) | Self::Text { .. } => return None,
        }
        Some(made)
    }

    /// Returns what numbers of its values are: of a text, of the codes that a table gives, or of the
    /// whole numbers that a column holds, by their texts.
    pub(super) fn encoded(&self, texts: &BTreeMap<String, f64>, other: f64) -> Option<Self> {
        let of = |text: &str| texts.get(text).copied().unwrap_or(other);
        let (column, table) = match self {
            Self::Text { column, replaced } => {
                let mut own: BTreeMap<String, f64> = texts.clone();
                own.extend(replaced.iter().map(|(from, to)| (from.clone(), of(to))));
                (*column, Table::single(own, other))
            }
            Self::Category { column, table } => {
                let by = |value: f64| of(&text_of(value));
                (*column, table.map(by))
            }
            Self::Number { column, steps, .. }
                if steps.iter().all(|step| *step == Step::Truncate) =>
            {
                (*column, Table::single(texts.clone(), other))
            }
            _ => return None,
        };
        Some(Self::Category {
            column,
            table: Rc::new(table),
        })
    }

    /// Returns how much memory a copy takes, in entries.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Constant(_) | Self::Word(_) => 1,
            Self::Number { steps, .. } => 1 + steps.len(),
            Self::Category { table, .. } => 1 + table.of.len(),
            Self::Text { replaced, .. } => 1 + replaced.len(),
        }
    }
}

/// Returns a number as texts of categories have it.
pub(super) fn text_of(value: f64) -> String {
    churn_data::canonical_number(value)
}
