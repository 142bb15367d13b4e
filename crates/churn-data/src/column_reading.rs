//! How the values of a column are read: as numbers or texts, and how the numbers are written.
//! What its values say of that is counted elsewhere.

use std::collections::BTreeMap;

use super::affix::{BYTES, POWERS, is_currency};
use super::missing::{DoubtfulMark, MissingKind, doubtful_mark};
use super::spelled::{DecimalMark, spelled};
use super::value::{Value, classify};

/// How the values of a column are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnReading {
    /// Whether they are numbers; else they are texts.
    pub is_number: bool,
    /// How the numbers are written.
    pub decimal: DecimalMark,
    /// The units that go with the numbers, each with the numbers that have it. The numbers of all of
    /// them are taken as they are written.
    pub units: BTreeMap<String, u64>,
    /// The numbers without a unit.
    pub unitless: u64,
    /// No number has a mark of any kind.
    pub is_whole: bool,
    /// The decimal mark is the one that another column of the same meaning has proved: these values
    /// alone don't tell.
    pub is_bound: bool,
    /// Nothing in the values tells the decimal mark: `1,234` was taken for thousands.
    pub is_ambiguous: bool,
    /// Numbers were written otherwise than programs read them, and how: none if not.
    pub example: Option<String>,
    /// Signs such as `-` are values, not marks of missing ones.
    pub signs_are_values: bool,
}

/// What one value means in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// No value.
    Missing(MissingKind),
    /// A finite number.
    Number(f64),
    /// A number too large for a double, or an infinity as such.
    Infinite,
    /// A value of a column of texts.
    Text,
    /// Not a number, in a column of numbers.
    Unparsable,
}

impl ColumnReading {
    /// Returns what a text means in the column.
    #[must_use]
    pub fn meaning(&self, text: &[u8]) -> Meaning {
        match classify(text) {
            Value::Missing(kind) => Meaning::Missing(kind),
            Value::Number(number) | Value::BigInteger(number) => self.of_plain(text, number),
            Value::Infinite if self.is_number => Meaning::Infinite,
            Value::Infinite => Meaning::Text,
            Value::Text => self.of_text(text),
        }
    }

    /// Returns what a text means of which it is known to be a plain number.
    #[must_use]
    pub fn of_plain(&self, text: &[u8], number: f64) -> Meaning {
        match self.decimal {
            _ if !self.is_number => Meaning::Text,
            DecimalMark::Point => Meaning::Number(number),
            DecimalMark::Comma => spelled(text)
                .and_then(|spelled| spelled.comma)
                .map_or(Meaning::Unparsable, Meaning::Number),
        }
    }

    /// Returns what a text means of which it is known that it is neither a plain number nor a
    /// mark in every column.
    #[must_use]
    pub fn of_text(&self, text: &[u8]) -> Meaning {
        match doubtful_mark(text.trim_ascii()) {
            Some(_) if self.is_number => return Meaning::Missing(MissingKind::Mark),
            Some(DoubtfulMark::Sign) if !self.signs_are_values => {
                return Meaning::Missing(MissingKind::Mark);
            }
            _ => {}
        }
        if !self.is_number {
            return Meaning::Text;
        }
        let Some(spelled) = spelled(text) else {
            return Meaning::Unparsable;
        };
        let unit = spelled.unit.as_deref().unwrap_or_default();
        let is_one = spelled.is_known() || self.units.contains_key(unit);
        spelled
            .by(self.decimal)
            .filter(|_| is_one)
            .map_or(Meaning::Unparsable, Meaning::Number)
    }

    /// Returns the one unit that goes with the numbers; none if there are several, or none.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        let mut units = self.units.keys();
        units
            .next()
            .filter(|_| self.units.len() == 1)
            .map(String::as_str)
    }

    /// Returns how the numbers are written, in words; none if as programs write them.
    #[must_use]
    pub fn spelling(&self) -> Option<String> {
        let example = self.example.as_ref()?;
        let decimal = match self.decimal {
            DecimalMark::Comma => "a decimal comma",
            DecimalMark::Point if example.contains(',') => "commas between thousands",
            DecimalMark::Point => "a decimal point",
        };
        let unit = match (self.unit(), self.units.len()) {
            (_, 0) => String::new(),
            (Some("%"), _) => " and a percent sign".to_owned(),
            (Some(BYTES), _) => " and sizes, in bytes".to_owned(),
            (Some(POWERS), _) => " and k, M or G for thousands, millions, billions".to_owned(),
            (Some(unit), _) if is_currency(unit) => format!(" and the currency {unit}"),
            (Some(unit), _) => format!(" and the unit {unit}"),
            (None, _) => format!(" and the units {}, not converted", self.units_in_words()),
        };
        Some(format!("{decimal}{unit}"))
    }

    /// Says that nothing tells the decimal mark, and what was assumed; none if something does.
    #[must_use]
    pub fn doubt(&self, values: &str) -> Option<String> {
        if !self.is_ambiguous {
            return None;
        }
        let Some(example) = &self.example else {
            return Some(format!(
                "every fraction in {values} has three digits, and there are whole numbers beside them: \
                 points between thousands would look the same; they were read as decimal points"
            ));
        };
        let (mark, decimal) = if example.contains(',') {
            ("comma", DecimalMark::Comma)
        } else {
            ("point", DecimalMark::Point)
        };
        let meaning = if decimal == self.decimal {
            "before decimals"
        } else {
            "between thousands"
        };
        Some(format!(
            "nothing in {values} tells whether the {mark} in \"{example}\" stands between thousands or \
             before decimals; it was read as one {meaning}"
        ))
    }

    /// Says how the units changed since the training data; none if they did not.
    #[must_use]
    pub fn unit_since(&self, trained: &Self) -> Option<String> {
        let sides = [trained, self];
        let totals = sides.map(|side| side.unitless + side.units.values().sum::<u64>());
        if totals.contains(&0) {
            return None;
        }
        let share = |side: usize, unit: &str| {
            let count = sides[side].units.get(unit).copied().unwrap_or(0);
            count as f64 / totals[side] as f64
        };
        // `12k` is 12000, with a unit or without.
        let names = sides.iter().flat_map(|side| side.units.keys());
        let mut names = names.filter(|unit| *unit != POWERS);
        let has_changed = names.any(|unit| {
            let (before, now) = (share(0, unit), share(1, unit));
            before == 0.0 && now >= NEW || (before - now).abs() >= MOVED
        });
        has_changed.then(|| {
            let said = |side: &Self| match side.unit() {
                _ if side.units.values().all(|count| *count == 0) => "none".to_owned(),
                Some(unit) if side.unitless == 0 => unit.to_owned(),
                _ => side.units_in_words(),
            };
            format!(
                "the unit was {} in training and is {} here; the numbers are taken as they are, not \
                 converted",
                said(trained),
                said(self)
            )
        })
    }

    /// Lists the units with the share of the numbers that each goes with, the most frequent first.
    #[must_use]
    pub fn units_in_words(&self) -> String {
        let all: u64 = self.units.values().sum();
        let mut units: Vec<(&String, u64)> = self
            .units
            .iter()
            .map(|(unit, &count)| (unit, count))
            .collect();
        units.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let named = units.iter().take(MOST_NAMED).map(|(unit, count)| {
            let percent = *count as f64 / all.max(1) as f64 * 100.0;
            if percent < 0.1 {
                format!("{unit} (<0.1%)")
            } else if percent < 9.95 {
                format!("{unit} ({percent:.1}%)")
            } else {
                format!("{unit} ({percent:.0}%)")
            }
        });
        let mut said = named.collect::<Vec<_>>().join(", ");
        if let Some(more @ 1..) = units.len().checked_sub(MOST_NAMED) {
            said.push_str(&format!(" and {more} more"));
        }
        said
    }
}

/// A unit that training had not is another one if so many numbers have it, and one that it had if its
/// share moved so far: a batch may have few rows.
const NEW: f64 = 0.05;
const MOVED: f64 = 0.5;
/// Most units that a message names.
const MOST_NAMED: usize = 5;
