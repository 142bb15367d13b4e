//! Columns that fix the label: all rows of a value have one label, though there are many values.
//! They tell whose rows these are, or what came after. What is done about it is for others.

use std::collections::HashMap;

use super::frame::{Column, Frame, MISSING_CODE};

/// Rows that are looked at, about: those of some of the values, but all rows of those.
const ROWS_LOOKED_AT: usize = 32_768;
/// Fewest values that would have both labels if it were for chance. With 20 expected, one or none
/// is seen in 5 of 100,000,000 columns.
const FEWEST_EXPECTED: f64 = 20.0;
/// Largest share of these that may have both labels all the same: somebody's label changed.
const MOST_MIXED: f64 = 0.05;
/// Most columns that a warning names.
const MOST_NAMED: usize = 5;

/// A column whose values have one label each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedLabel {
    /// Values with more than one row that were looked at.
    pub values: u64,
    /// Their rows.
    pub rows: u64,
}

/// Returns how many values have one label in all of their rows, if nearly all do that would have
/// both were labels dealt to the rows by chance.
///
/// # Formula
/// With a share p of positives, a value of k rows has both labels with probability
/// 1 - p^k - (1 - p)^k; their sum is the number expected.
#[must_use]
pub fn fixes_the_label(column: &Column, labels: &[bool]) -> Option<FixedLabel> {
    let positives = labels.iter().filter(|label| **label).count();
    let share = positives as f64 / labels.len().max(1) as f64;
    let (mut values, mut rows, mut mixed, mut expected) = (0, 0, 0.0, 0.0);
    for [no, yes] in counts(column, labels) {
        let count = no + yes;
        if count < 2 {
            continue;
        }
        values += 1;
        rows += u64::from(count);
        let count = f64::from(count);
        expected += 1.0 - share.powf(count) - (1.0 - share).powf(count);
        mixed += f64::from(u8::from(no > 0 && yes > 0));
    }
    let is_fixed = expected >= FEWEST_EXPECTED && mixed <= MOST_MIXED * expected;
    is_fixed.then_some(FixedLabel { values, rows })
}

/// Rows without and with the label, by value.
fn counts(column: &Column, labels: &[bool]) -> Vec<[u32; 2]> {
    match column {
        Column::Categories { codes, levels } => {
            let mut counts = vec![[0; 2]; levels.len()];
            for (code, label) in codes.iter().zip(labels) {
                if *code != MISSING_CODE {
                    counts[*code as usize][usize::from(*label)] += 1;
                }
            }
            counts
        }
        Column::Numbers(numbers) => {
            let parts = (numbers.len() / ROWS_LOOKED_AT).max(1).next_power_of_two();
            let first_part = u64::MAX / parts as u64;
            let mut counts: HashMap<u64, [u32; 2]> = HashMap::new();
            for (number, label) in numbers.iter().zip(labels) {
                let bits = number.to_bits();
                // Fibonacci hashing: the upper bits of the product depend on all bits.
                let hash = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                if hash <= first_part && !number.is_nan() {
                    counts.entry(bits).or_default()[usize::from(*label)] += 1;
                }
            }
            counts.into_values().collect()
        }
    }
}

/// Returns what the user should know of features that fix the label.
#[must_use]
pub fn warning(frame: &Frame, features: &[String], labels: &[bool]) -> Option<String> {
    let fixed = |name: &&String| {
        let column = frame.column(name)?;
        fixes_the_label(column, labels)
    };
    let found: Vec<(&String, FixedLabel)> = features
        .iter()
        .filter_map(|name| Some((name, fixed(&name)?)))
        .collect();
    let (first, FixedLabel { values, rows }) = *found.first()?;
    let others: Vec<String> = found[1..]
        .iter()
        .take(MOST_NAMED - 1)
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let more = found.len() - 1 - others.len();
    let others = match (others.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!("; so have those of {}", others.join(", ")),
        (false, _) => format!("; so have those of {} and {more} more", others.join(", ")),
    };
    Some(format!(
        "the rows of a value of \"{first}\" have one label ({values} values, {rows} rows looked \
         at){others}. If these are rows of one customer, the figures are too good: name the column \
         that identifies customers (--group). If this is known only after the label, leave it out \
         (--exclude)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(rows: u32, value: impl Fn(u32) -> f64) -> Column {
        Column::Numbers((0..rows).map(value).collect())
    }

    /// Counted by hand: 400 values of 3 rows, of which no, 1 in 100 and half have both labels. At
    /// .5 positives 3/4 of the values, 300, are expected to have both, so up to 15 may.
    #[test]
    fn nearly_all_values_must_have_one_label() {
        let column = numbers(1_200, |row| f64::from(row / 3) + 0.25);
        // By the value, but for one row of every so many values.
        let with_mixed = |every: u32| {
            let label = |row: u32| {
                let value = row / 3;
                let is_other = row % 3 == 1 && value.is_multiple_of(every);
                value.is_multiple_of(2) != is_other
            };
            (0..1_200).map(label).collect::<Vec<bool>>()
        };
        let fixed = Some(FixedLabel {
            values: 400,
            rows: 1_200,
        });
        assert_eq!(fixes_the_label(&column, &with_mixed(2_000)), fixed);
        assert_eq!(fixes_the_label(&column, &with_mixed(100)), fixed);
        assert_eq!(fixes_the_label(&column, &with_mixed(2)), None);
    }

    #[test]
    fn few_or_single_values_and_rare_labels_show_nothing() {
        let labels: Vec<bool> = (0..3_000).map(|row| row % 2 == 0).collect();
        assert_eq!(fixes_the_label(&numbers(3_000, f64::from), &labels), None);
        // A flag that is the label has but two values.
        let flag = numbers(3_000, |row| f64::from(row % 2));
        assert_eq!(fixes_the_label(&flag, &labels), None);
        // Pairs of rows, one positive row in 3,000.
        let rare: Vec<bool> = (0..3_000).map(|row| row == 0).collect();
        let pairs = numbers(3_000, |row| f64::from(row / 2));
        assert_eq!(fixes_the_label(&pairs, &rare), None);
        assert_eq!(
            fixes_the_label(&numbers(3_000, |_| f64::NAN), &labels),
            None
        );
    }

    #[test]
    fn large_tables_are_looked_at_in_part_and_texts_like_numbers() {
        let rows = 400_000;
        let labels: Vec<bool> = (0..rows).map(|row| row / 4 % 3 == 0).collect();
        let column = numbers(rows, |row| f64::from(row / 4) * 0.37);
        let fixed = fixes_the_label(&column, &labels).expect("fixed");
        // A sixteenth of the 100,000 values, five standard deviations of 77 either way.
        assert!((5_860..=6_640).contains(&fixed.values), "{fixed:?}");
        assert_eq!(fixed.rows, 4 * fixed.values);
        let texts = Column::Categories {
            codes: (0..rows).map(|row| row / 4).collect(),
            levels: (0..rows / 4).map(|at| format!("{at}x")).collect(),
        };
        let fixed = fixes_the_label(&texts, &labels).expect("fixed");
        assert_eq!(fixed.values, 100_000);
    }
}
