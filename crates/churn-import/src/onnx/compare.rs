//! A comparison of an element with a number, as a split of a column of the data: exact, since every element
//! of a number rises or falls with it.

use super::arena::Passes;
use super::columns::Columns;
use super::element::{Element, Step, apply};

/// How a node compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    NotEqual,
}

impl Mode {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "BRANCH_LEQ" => Self::AtMost,
            "BRANCH_LT" => Self::Below,
            "BRANCH_GTE" => Self::AtLeast,
            "BRANCH_GT" => Self::Above,
            "BRANCH_EQ" => Self::Equal,
            "BRANCH_NEQ" => Self::NotEqual,
            _ => return None,
        })
    }

    pub(super) const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    fn holds(self, value: f32, number: f32) -> bool {
        match self {
            Self::AtMost => value <= number,
            Self::Below => value < number,
            Self::AtLeast => value >= number,
            Self::Above => value > number,
            Self::Equal => value == number,
            Self::NotEqual => value != number,
        }
    }
}

/// A condition on an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'e> {
    pub(super) element: &'e Element,
    pub(super) mode: Mode,
    pub(super) number: f32,
    /// Whether it holds for what is not a number.
    pub(super) holds_for_missing: bool,
}

/// What a condition comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Always(bool),
    Split {
        column: usize,
        split: Passes,
        /// What passes the split fulfils the condition.
        passes: bool,
        /// Whether the condition holds where the column is missing.
        missing: bool,
    },
}

impl Condition<'_> {
    fn holds(&self, value: f32) -> bool {
        self.mode.holds(value, self.number) || value.is_nan() && self.holds_for_missing
    }

    /// Returns the split of the column; nothing if it would have to be two, or is of a text.
    pub(super) fn outcome(&self, columns: &Columns) -> Option<Outcome> {
        let missing = self.holds(columns.missing(self.element));
        match self.element {
            Element::Constant(value) => Some(Outcome::Always(self.holds(*value))),
            Element::Word(_) | Element::Text { .. } => None,
            Element::Category { column, table } => {
                let holds = |text: &String| self.holds(table.get(text));
                let texts = columns.texts(*column).map(holds);
                Some(of_texts(*column, texts, self.holds(table.other), missing))
            }
            Element::Number { column, steps } if self.mode.is_equality() => {
                // Whole numbers that are only compared for equality are categories.
                let is_plain = steps.iter().all(|step| *step == Step::Truncate);
                let own = super::element::text_of(self.number);
                let texts = columns.texts(*column);
                let texts = texts.map(|text| (*text == own) == (self.mode == Mode::Equal));
                let other = self.mode == Mode::NotEqual;
                is_plain.then(|| of_texts(*column, texts, other, missing))
            }
            Element::Number { column, steps } => Some(self.of_number(*column, steps, missing)),
        }
    }

    fn of_number(&self, column: usize, steps: &[Step], missing: bool) -> Outcome {
        let holds = |value: f32| self.holds(apply(steps, value));
        let (low, high) = (holds(f32::MIN), holds(f32::MAX));
        if low == high && low == missing {
            return Outcome::Always(low);
        }
        let first = match low == high {
            // What is there is all alike: below infinity.
            true => f64::MAX,
            false => f64::from(first_other(holds)),
        };
        Outcome::Split {
            column,
            split: Passes::Below(first.to_bits()),
            passes: low,
            missing,
        }
    }
}

/// The split of a category by which texts a condition holds for.
fn of_texts(
    column: usize,
    texts: impl Iterator<Item = bool>,
    other: bool,
    missing: bool,
) -> Outcome {
    let keys = (0..).zip(texts).filter(|(_, holds)| *holds != other);
    let keys: Vec<u32> = keys.map(|(key, _)| key).collect();
    match keys.is_empty() && missing == other {
        true => Outcome::Always(other),
        false => Outcome::Split {
            column,
            split: Passes::OneOf(keys),
            passes: !other,
            missing,
        },
    }
}

/// Returns the first number for which a condition is not what it is for the least.
fn first_other(holds: impl Fn(f32) -> bool) -> f32 {
    let least = holds(f32::MIN);
    let (mut low, mut high) = (place(f32::MIN), place(f32::MAX));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match holds(number(middle)) == least {
            true => low = middle,
            false => high = middle,
        }
    }
    number(high)
}

/// The place of a number among all of single precision, in their order.
fn place(number: f32) -> i64 {
    let bits = i64::from(number.to_bits() & 0x7fff_ffff);
    match number.is_sign_negative() {
        true => -bits,
        false => bits,
    }
}

fn number(place: i64) -> f32 {
    let bits = u32::try_from(place.abs()).unwrap_or(0);
    let number = f32::from_bits(bits);
    if place < 0 { -number } else { number }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_scaled_number_is_split_where_its_scaled_value_is() {
        // (x - 0.1) * 3 is 0.7 at x = 1/3; which neighbour is the last is for single precision to say.
        for (factor, passes) in [(3.0, true), (-3.0, false)] {
            let step = Step::Scale {
                offset: 0.1,
                scale: factor,
            };
            let element = Element::Number {
                column: 0,
                steps: Rc::new(vec![Step::Impute(0.5), step]),
            };
            let number = if passes { 0.7 } else { -0.7 };
            let condition = Condition {
                element: &element,
                mode: if passes { Mode::AtMost } else { Mode::AtLeast },
                number,
                holds_for_missing: false,
            };
            let columns = Columns::of([&element].into_iter(), &BTreeMap::new());
            let outcome = condition.outcome(&columns);
            let Some(Outcome::Split {
                split: Passes::Below(first),
                passes: low,
                missing,
                ..
            }) = outcome
            else {
                panic!("{outcome:?}");
            };
            assert!(low && !missing);
            let holds = |x: f32| condition.holds(apply(&[Step::Impute(0.5), step], x));
            let first = f64::from_bits(first) as f32;
            assert!(!holds(first) && holds(first.next_down()), "{first}");
            assert!((first - 0.333_333_3).abs() < 1e-6, "{first}");
        }
    }

    #[test]
    fn places_are_in_the_order_of_numbers() {
        let all = [f32::MIN, -1.0, -1e-45, -0.0, 1e-45, 1.0, f32::MAX];
        assert!(all.windows(2).all(|two| place(two[0]) < place(two[1])));
        assert!(all.iter().all(|one| number(place(*one)) == *one));
    }
}
