//! Sorts rows into the segments of a cut. What is counted of them is `grouped.rs`'s affair.

use std::borrow::Cow;
use std::collections::HashMap;

use churn_base::error::{Error, Result};
use churn_data::{Cell, Field, Row, Value, canonical, classify, parse_field};

use super::cut::{Asks, Comparison, Cut, Literal, Test, quoted};
use super::distinct::DistinctSketch;
use super::texts::stable_hash;

/// The segments of one cut that were met so far, by number.
pub(crate) struct Segmenter<'a> {
    pub(super) cut: Cow<'a, Cut>,
    /// Where its columns stand.
    columns: Cow<'a, [usize]>,
    most: usize,
    /// The names of the segments.
    pub(crate) names: Vec<String>,
    by_name: HashMap<String, usize>,
    /// The segment of the values as they stand in the data: other spellings are looked up once each.
    by_texts: HashMap<Vec<u8>, usize>,
    /// Of short texts, by a few of their bits; for cuts by one column.
    recent: Vec<(u128, u32, u32)>,
    key: Vec<u8>,
    /// All that there are, also those beyond the most that are kept.
    pub(super) distinct: DistinctSketch,
    pub(super) is_full: bool,
}

/// Short texts that are remembered by their bits.
const RECENT: usize = 64;
/// Spellings that are remembered; others are read again each time.
const MAX_SPELLINGS: usize = 100_000;
/// Segments below which nothing is said of how few rows they have.
const FEW: u64 = 20;
/// Segments of a condition: that it is true, that it is not.
const SIDES: usize = 2;

impl<'a> Segmenter<'a> {
    pub(crate) fn new(cut: Cow<'a, Cut>, columns: Cow<'a, [usize]>, most: usize) -> Self {
        let sides = match &*cut {
            Cut::Columns(_) => Vec::new(),
            Cut::Condition(_) => vec![cut.to_string(), format!("not ({cut})")],
        };
        let mut new = Self {
            cut,
            columns,
            most,
            names: Vec::new(),
            by_name: HashMap::new(),
            by_texts: HashMap::new(),
            recent: Vec::new(),
            key: Vec::new(),
            distinct: DistinctSketch::default(),
            is_full: false,
        };
        for name in sides {
            new.number(name);
        }
        new
    }

    /// Returns the number of the segment that a row belongs to; none if there are too many.
    #[inline]
    pub(crate) fn segment(&mut self, row: &Row<'_>) -> Option<usize> {
        let tests = match &*self.cut {
            Cut::Columns(_) => return self.by_values(row),
            Cut::Condition(tests) => tests,
        };
        let mut asked = tests.iter().zip(&*self.columns);
        let is_true = asked.all(|(test, column)| test.is_true(row, *column));
        Some(usize::from(!is_true) % SIDES)
    }

    #[inline]
    fn by_values(&mut self, row: &Row<'_>) -> Option<usize> {
        if let [column] = &*self.columns
            && let Some(field) = row.wide_field(*column)
        {
            return self.by_short_text(&field);
        }
        self.key.clear();
        for column in &*self.columns {
            let field = row.field(*column);
            // The length tells where a text ends, whatever is in it.
            self.key
                .extend_from_slice(&(field.len() as u64).to_le_bytes());
            self.key.extend_from_slice(&field);
        }
        self.by_key()
    }

    #[inline]
    fn by_short_text(&mut self, field: &Field<'_>) -> Option<usize> {
        let mixed =
            (field.word as u64 ^ (field.word >> 61) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = (mixed >> 58) as usize % RECENT;
        let length = field.text.len() as u32;
        if let Some(&(word, known, segment)) = self.recent.get(at)
            && word == field.word
            && known == length
        {
            return Some(segment as usize);
        }
        self.key.clear();
        self.key
            .extend_from_slice(&(field.text.len() as u64).to_le_bytes());
        self.key.extend_from_slice(field.text);
        let segment = self.by_key()?;
        if self.recent.is_empty() {
            self.recent = vec![(0, u32::MAX, 0); RECENT];
        }
        self.recent[at] = (field.word, length, segment as u32);
        Some(segment)
    }

    /// Returns the number of the segment of values as a database writes them, or of the side of a condition that
    /// it has told; none if there are too many.
    pub(super) fn of_texts(&mut self, texts: &[Cell<'_>]) -> Option<usize> {
        if let Cut::Condition(_) = &*self.cut {
            let side = texts.first().copied().flatten()?;
            return side.parse().ok().filter(|side| *side < SIDES);
        }
        self.key.clear();
        for text in texts {
            let text = text.unwrap_or_default();
            self.key
                .extend_from_slice(&(text.len() as u64).to_le_bytes());
            self.key.extend_from_slice(text.as_bytes());
        }
        self.by_key()
    }

    /// Refuses more segments than are allowed, and, unless these are a part of all rows, what does not group
    /// this many rows at all.
    pub(super) fn check(&self, rows: u64, is_part: bool) -> Result<()> {
        let Cut::Columns(_) = &*self.cut else {
            return Ok(());
        };
        let (found, most) = (self.names.len() as u64, self.most);
        if self.is_full {
            let about = self.distinct.estimate().max(found as f64 + 1.0);
            // An estimate, which may be beyond what there can be.
            let about = about.min(rows as f64);
            return Err(Error::bad_input(format!(
                "--by {} makes more than {most} segments: about {about:.0} of {rows} rows",
                self.cut
            ))
            .hint(
                "a column with fewer values, or a condition (--by 'region in (north, south)'); \
                 --max-segments allows more",
            ));
        }
        if !is_part && found > FEW && found * 2 > rows {
            return Err(Error::bad_input(format!(
                "--by {} makes {found} segments of {rows} rows: it tells rows apart, it does not \
                 group them",
                self.cut
            ))
            .hint("a column with fewer values, or a condition: --by 'tenure < 12'"));
        }
        Ok(())
    }

    fn by_key(&mut self) -> Option<usize> {
        if let Some(segment) = self.by_texts.get(&self.key) {
            return Some(*segment);
        }
        let name = self.name();
        let segment = self.number(name)?;
        if self.by_texts.len() < MAX_SPELLINGS {
            self.by_texts.insert(self.key.clone(), segment);
        }
        Some(segment)
    }

    /// Returns the number of a segment, which may be a new one; none if there are too many.
    pub(super) fn number(&mut self, name: String) -> Option<usize> {
        if let Some(known) = self.by_name.get(&name) {
            return Some(*known);
        }
        self.distinct.add(stable_hash(name.as_bytes()));
        if self.names.len() >= self.most.max(SIDES) {
            self.is_full = true;
            return None;
        }
        self.names.push(name.clone());
        self.by_name.insert(name, self.names.len() - 1);
        Some(self.names.len() - 1)
    }

    /// Names the segment of the values in the key: `contract=Two year, region=north`. No two segments
    /// have one name.
    fn name(&self) -> String {
        let mut rest = &*self.key;
        let names: Vec<String> = self
            .cut
            .columns()
            .map(|column| {
                let (length, after) = rest.split_at(8);
                let length = length.try_into().map_or(0, u64::from_le_bytes) as usize;
                let (text, after) = after.split_at(length);
                rest = after;
                let column = quoted(column);
                match value_of(text) {
                    Some(value) => format!("{column}={}", quoted(&String::from_utf8_lossy(&value))),
                    None => format!("{column} missing"),
                }
            })
            .collect();
        names.join(", ")
    }
}

/// Returns the canonical text of a value; none if it is missing.
fn value_of(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    match classify(text) {
        Value::Missing(_) => None,
        _ => Some(canonical(text)),
    }
}

impl Test {
    #[inline]
    fn is_true(&self, row: &Row<'_>, column: usize) -> bool {
        // Most conditions are about numbers, and most numbers are short.
        if let Asks::Compares(comparison, Literal::Number(other, _)) = &self.asks
            && let Some(field) = row.wide_field(column)
            && let Some(number) = parse_field(&field)
        {
            return comparison.holds(number.partial_cmp(other));
        }
        self.holds(&row.field(column))
    }

    /// Returns whether a value is as it is asked for.
    pub(super) fn holds(&self, field: &[u8]) -> bool {
        let value = classify(field);
        if let Value::Missing(_) = value {
            return self.asks == Asks::Missing;
        }
        match &self.asks {
            Asks::Missing => false,
            Asks::Compares(comparison, literal) => {
                comparison.holds(literal.order_of(field, value))
                    // What cannot be compared is different.
                    || *comparison == Comparison::Different && literal.order_of(field, value).is_none()
            }
            Asks::OneOf(literals) => literals
                .iter()
                .any(|literal| Comparison::Equal.holds(literal.order_of(field, value))),
        }
    }
}

impl Literal {
    /// Returns how a value stands to this one; none if one is a number and the other a text.
    fn order_of(&self, field: &[u8], value: Value) -> Option<std::cmp::Ordering> {
        match (self, value) {
            (Self::Number(other, _), Value::Number(number) | Value::BigInteger(number)) => {
                number.partial_cmp(other)
            }
            (Self::Number(..), Value::Infinite) => {
                let is_negative = field.trim_ascii().starts_with(b"-");
                Some(if is_negative {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                })
            }
            (Self::Number(..), Value::Text | Value::Missing(_)) => None,
            (Self::Text(text), _) => {
                let other = canonical(text.as_bytes());
                Some(canonical(field).as_ref().cmp(other.as_ref()))
            }
        }
    }
}

impl Comparison {
    #[inline]
    fn holds(self, order: Option<std::cmp::Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::Different => order.is_ne(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str, value: &str) -> bool {
        let cut: Cut = condition.parse().expect(condition);
        let Cut::Condition(tests) = cut else {
            panic!("{condition} is not a condition");
        };
        tests.iter().all(|test| test.holds(value.as_bytes()))
    }

    #[test]
    fn a_value_is_compared_as_what_it_is() {
        for (condition, value, expected) in [
            ("a < 12", "11.9", true),
            ("a < 12", "12", false),
            ("a <= 12", "1.2e1", true),
            ("a > 9", "10", true),
            ("a >= 12", "inf", true),
            ("a < 0", "-inf", true),
            ("a = 3", "3.0", true),
            ("a = 3", "03", true),
            ("a = \"3\"", "3.0", true),
            ("a != 3", "3", false),
            ("a != 3", "three", true),
            ("a < 3", "three", false),
            ("a = Two year", " Two year ", true),
            ("a = true", "TRUE", true),
            ("a in (north, 3)", "3.00", true),
            ("a in (north, 3)", "South", false),
            ("a < 2026-01-31", "2026-01-30", true),
            ("a < 2026-01-31", "2026-02-01", false),
            ("a is missing", "NA", true),
            ("a is missing", "0", false),
            // What is missing is neither like nor unlike anything.
            ("a != 3", "", false),
            ("a < 3", "NULL", false),
        ] {
            assert_eq!(holds(condition, value), expected, "{condition}: {value}");
        }
    }
}
