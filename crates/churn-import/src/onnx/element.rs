//! What a preparation makes of one column of the data, in single precision as ONNX computes it: a number
//! of a number, or a number of a text. Since no more than one column goes into each, a model of them
//! is a model of the columns.

use std::collections::BTreeMap;
use std::rc::Rc;

/// A column of a matrix, as a function of one column of the data.
#[derive(Debug, Clone)]
pub(super) enum Element {
    /// The same in every row.
    Constant(f32),
    /// The same text in every row.
    Word(String),
    /// A number of a number.
    Number { column: usize, steps: Rc<Vec<Step>> },
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
    pub(super) of: BTreeMap<String, f32>,
    /// Of all others.
    pub(super) other: f32,
}

impl Table {
    pub(super) fn get(&self, text: &str) -> f32 {
        self.of.get(text).copied().unwrap_or(self.other)
    }

    fn map(&self, by: impl Fn(f32) -> f32) -> Self {
        Self {
            of: self
                .of
                .iter()
                .map(|(text, value)| (text.clone(), by(*value)))
                .collect(),
            other: by(self.other),
        }
    }
}

/// A step from number to number. Each rises, falls or is constant, so that all steps together do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// A missing value becomes this.
    Impute(f32),
    Scale {
        offset: f32,
        scale: f32,
    },
    Add(f32),
    Subtract(f32),
    SubtractFrom(f32),
    Multiply(f32),
    Divide(f32),
    Truncate,
    /// 1 if it is missing, else 0.
    IsMissing,
    /// 1 if it is above this, else 0.
    Above(f32),
}

impl Step {
    pub(super) fn apply(self, value: f32) -> f32 {
        match self {
            Self::Impute(by) if value.is_nan() => by,
            Self::Impute(_) => value,
            Self::Scale { offset, scale } => (value - offset) * scale,
            Self::Add(number) => value + number,
            Self::Subtract(number) => value - number,
            Self::SubtractFrom(number) => number - value,
            Self::Multiply(number) => value * number,
            Self::Divide(number) => value / number,
            Self::Truncate => value.trunc(),
            Self::IsMissing => f32::from(u8::from(value.is_nan())),
            Self::Above(limit) => f32::from(u8::from(value > limit)),
        }
    }

    /// Returns slope and offset after this step, given those before; nothing if it is not linear.
    fn line(self, (slope, offset): (f64, f64)) -> Option<(f64, f64)> {
        let times = |factor: f64| (slope * factor, offset * factor);
        Some(match self {
            Self::Impute(_) => (slope, offset),
            Self::Scale { offset: by, scale } => {
                let scale = f64::from(scale);
                (slope * scale, (offset - f64::from(by)) * scale)
            }
            Self::Add(number) => (slope, offset + f64::from(number)),
            Self::Subtract(number) => (slope, offset - f64::from(number)),
            Self::SubtractFrom(number) => (-slope, f64::from(number) - offset),
            Self::Multiply(number) => times(f64::from(number)),
            Self::Divide(number) => times(1.0 / f64::from(number)),
            Self::IsMissing => (0.0, 0.0),
            Self::Truncate | Self::Above(_) => return None,
        })
    }
}

/// Returns what the steps make of a value.
pub(super) fn apply(steps: &[Step], value: f32) -> f32 {
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
        Some(match self {
            Self::Constant(value) => Self::Constant(step.apply(*value)),
            Self::Number { column, steps } => {
                let steps: Vec<Step> = steps.iter().copied().chain([step]).collect();
                Self::Number {
                    column: *column,
                    steps: Rc::new(steps),
                }
            }
            Self::Category { column, table } => Self::Category {
                column: *column,
                table: Rc::new(table.map(|value| step.apply(value))),
            },
            Self::Word(_) | Self::Text { .. } => return None,
        })
    }

    /// Returns what numbers of its values are: of a text, of the codes that a table gives, or of the
    /// whole numbers that a column holds, by their texts.
    pub(super) fn encoded(&self, texts: &BTreeMap<String, f32>, other: f32) -> Option<Self> {
        let of = |text: &str| texts.get(text).copied().unwrap_or(other);
        let (column, table) = match self {
            Self::Text { column, replaced } => {
                let mut own: BTreeMap<String, f32> = texts.clone();
                own.extend(replaced.iter().map(|(from, to)| (from.clone(), of(to))));
                (*column, Table { of: own, other })
            }
            Self::Category { column, table } => {
                let by = |value: f32| of(&text_of(value));
                (*column, table.map(by))
            }
            Self::Number { column, steps } if steps.iter().all(|step| *step == Step::Truncate) => {
                let of = texts.clone();
                (*column, Table { of, other })
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
pub(super) fn text_of(value: f32) -> String {
    churn_data::canonical_number(f64::from(value))
}
