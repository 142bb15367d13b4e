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
    /// It is one of several numbers.
    Member,
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

    /// Returns the mode with this number in `TreeEnsemble`.
    pub(super) fn of_number(number: f64) -> Option<Self> {
        let all = [
            Self::AtMost,
            Self::Below,
            Self::AtLeast,
            Self::Above,
            Self::Equal,
            Self::NotEqual,
            Self::Member,
        ];
        all.into_iter()
            .zip(0_u8..)
            .find_map(|(mode, own)| (f64::from(own) == number).then_some(mode))
    }

    fn holds(self, value: f64, number: f64, members: &[f64]) -> bool {
        match self {
            Self::Member => members.contains(&value),
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
    pub(super) number: f64,
    /// The numbers of [`Mode::Member`].
    pub(super) members: &'e [f64],
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
    fn holds(&self, value: f64) -> bool {
        self.mode.holds(value, self.number, self.members)
            || value.is_nan() && self.holds_for_missing
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
            Element::Number { .. } if self.mode == Mode::Member => None,
            Element::Number { column, steps, .. } if self.mode.is_equality() => {
                // Whole numbers that are only compared for equality are categories.
                let is_plain = steps.iter().all(|step| *step == Step::Truncate);
                let own = super::element::text_of(self.number);
                let texts = columns.texts(*column);
                let texts = texts.map(|text| (*text == own) == (self.mode == Mode::Equal));
                let other = self.mode == Mode::NotEqual;
                is_plain.then(|| of_texts(*column, texts, other, missing))
            }
            Element::Number { column, steps, .. } => Some(self.of_number(*column, steps, missing)),
        }
    }

    fn of_number(&self, column: usize, steps: &[Step], missing: bool) -> Outcome {
        let holds = |value: f64| self.holds(apply(steps, value));
        // Beyond single precision, what is rounded to it has no end, and what is made of that is not a number.
        let most = match steps.contains(&Step::Round) {
            true => f64::from(f32::MAX),
            false => f64::MAX,
        };
        let (low, high) = (holds(-most), holds(most));
        if low == high && low == missing {
            return Outcome::Always(low);
        }
        let first = match low == high {
            // What is there is all alike: below infinity.
            true => f64::MAX,
            false => first_other(holds, most),
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

/// Returns the first number for which a condition is not what it is for the least. That numbers of single precision
/// are compared with one of double changes nothing: it is between the same two.
fn first_other(holds: impl Fn(f64) -> bool, most: f64) -> f64 {
    let least = holds(-most);
    let (mut low, mut high) = (place(-most), place(most));
    while low + 1 < high {
        let middle = low.midpoint(high);
        match holds(number(middle)) == least {
            true => low = middle,
            false => high = middle,
        }
    }
    number(high)
}

/// The place of a number among all of double precision, in their order.
fn place(number: f64) -> i64 {
    let place = number.abs().to_bits().cast_signed();
    if number.is_sign_negative() {
        -place
    } else {
        place
    }
}

fn number(place: i64) -> f64 {
    let number = f64::from_bits(place.unsigned_abs());
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
            let single = |number: f32| f64::from(number);
            let steps = [
                Step::Impute(0.5),
                Step::Scale {
                    offset: single(0.1),
                    scale: factor,
                },
                Step::Round,
            ];
            let element = Element::Number {
                column: 0,
                steps: Rc::new(steps.to_vec()),
                is_double: false,
            };
            let number = single(if passes { 0.7 } else { -0.7 });
            let condition = Condition {
                element: &element,
                mode: if passes { Mode::AtMost } else { Mode::AtLeast },
                number,
                members: &[],
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
            let holds = |x: f32| condition.holds(apply(&steps, f64::from(x)));
            let first = f64::from_bits(first);
            // The singles on both sides of it.
            let below = match f64::from(first as f32) < first {
                true => first as f32,
                false => (first as f32).next_down(),
            };
            assert!(!holds(below.next_up()) && holds(below), "{first}");
            assert!((first - 1.0 / 3.0).abs() < 1e-6, "{first}");
        }
    }

    #[test]
    fn places_are_in_the_order_of_numbers() {
        let all = [f64::MIN, -1.0, -5e-324, -0.0, 5e-324, 1.0, f64::MAX];
        assert!(all.windows(2).all(|two| place(two[0]) < place(two[1])));
        assert!(all.iter().all(|one| number(place(*one)) == *one));
    }
}
