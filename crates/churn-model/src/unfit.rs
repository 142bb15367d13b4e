//! Columns that are not features by their values: identifiers, dates, and those that never differ.

use std::collections::{HashMap, HashSet};

use churn_data::{
    GroupKey, Identified, Repeats, date_number, date_numbers, identified, is_date, looks_measured,
    named_like_an_id, named_like_an_index, shaped_like_an_id,
};

use super::frame::{Column, MISSING_CODE};
use super::leakage::fixes_the_label;

/// Rows below which no column is taken for an identifier: fewer may differ by chance.
const FEWEST_ROWS: usize = 50;
/// Share of distinct texts from which a column is taken for an identifier.
const NEARLY_ALL: f64 = 0.95;
/// A sequence of numbers steps by at most this much on average: some that were given are gone.
const LONGEST_STEP: f64 = 10.0;

/// Why a column is not a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It tells who a row is, in a sentence; the user may know better.
    Identifier(String),
    /// It tells whose rows these are; the user may know better.
    GroupKey {
        /// That it does, in a sentence.
        said: String,
        /// Whether its name says so, too.
        is_named: bool,
    },
    /// It is a date, in a sentence; the user may know better.
    Date(String),
    /// It tells nothing, in a sentence.
    Useless(String),
}

/// Returns why a column is not a feature, if its values say so.
///
/// An identifier is a text that differs in nearly every row, or a whole number that differs in
/// nearly every row and is named like one, or in every row and counts the rows without gaps, or
/// rises with the rows as numbers do that are given one after another. Other numbers may well
/// differ in every row: amounts in cents, bytes, seconds. An identifier may also repeat, as that
/// of a customer with a row a month: see `unfit_group_key`.
#[must_use]
pub fn unfit(name: &str, column: &Column, labels: &[bool]) -> Option<Unfit> {
    unfit_by_values(name, column).or_else(|| unfit_group_key(name, column, labels))
}

/// Returns that a column tells whose rows these are, if its values repeat and look so. Where the
/// name only says that something is identified, it is enough that the label is the same in all rows
/// of a value, which the rows of a store or a product never have.
fn unfit_group_key(name: &str, column: &Column, labels: &[bool]) -> Option<Unfit> {
    let what = identified(name);
    if what.is_none() && matches!(column, Column::Numbers(_)) {
        return None;
    }
    let repeats = repeats(column)?;
    let found = repeats.group_key(name);
    let is_row = what == Some(Identified::Row) && counts_rows_again(name, column, repeats);
    let fixes = || what == Some(Identified::Other) && fixes_the_label(column, labels).is_some();
    let is_named = found == Some(GroupKey::Sure) || is_row || found.is_none() && fixes();
    let looks = if is_named { "is named" } else { "looks" };
    let said = || {
        format!(
            "\"{name}\" {looks} like an identifier and has {} distinct values in {} rows: it is \
             left out (--include {name} takes it in)",
            repeats.distinct, repeats.present
        )
    };
    (is_named || found.is_some()).then(|| Unfit::GroupKey {
        said: said(),
        is_named,
    })
}

/// Whether a frame's index starts anew, as it does in frames that were put together.
fn counts_rows_again(name: &str, column: &Column, repeats: Repeats) -> bool {
    // `index` alone may be a measure.
    let Column::Numbers(numbers) = column else {
        return false;
    };
    let present: Vec<f64> = (numbers.iter().copied().filter(|number| !number.is_nan())).collect();
    let (least, largest) = ends(&present);
    name != "index"
        && repeats.distinct >= FEWEST_ROWS as f64
        && (0.0..=1.0).contains(&least)
        && largest - least < 1.05 * repeats.distinct
}

/// How often the values of a column repeat; nothing for numbers with fractions.
fn repeats(column: &Column) -> Option<Repeats> {
    Some(match column {
        Column::Numbers(numbers) => {
            let mut counts: HashMap<u64, u64> = HashMap::new();
            for number in numbers.iter().filter(|number| !number.is_nan()) {
                if number.fract() != 0.0 {
                    return None;
                }
                *counts.entry(number.to_bits()).or_default() += 1;
            }
            let counts = counts.into_iter();
            Repeats::of_numbers(
                counts
                    .map(|(bits, count)| (f64::from_bits(bits), count))
                    .collect(),
            )
        }
        Column::Categories { levels, codes } => {
            let mut counts = vec![0; levels.len()];
            for code in codes.iter().filter(|code| **code != MISSING_CODE) {
                counts[*code as usize] += 1;
            }
            Repeats::of_texts(levels.iter().map(String::as_str).zip(counts))
        }
    })
}

fn unfit_by_values(name: &str, column: &Column) -> Option<Unfit> {
    match column {
        Column::Numbers(numbers) => {
            let mut values = numbers.iter().filter(|value| !value.is_nan());
            let Some(first) = values.next() else {
                let said = format!("\"{name}\" has no value, it is left out");
                return Some(Unfit::Useless(said));
            };
            let missing = numbers.iter().any(|value| value.is_nan());
            // With missing values among them, that they are missing may still tell something.
            if !missing && values.all(|value| value == first) {
                let said = format!("\"{name}\" is always {first}, it is left out");
                return Some(Unfit::Useless(said));
            }
            if let Some(form) = date_numbers(name, counted(numbers).into_iter()) {
                let reason = form.reason();
                return Some(Unfit::Date(format!(
                    "\"{name}\": {reason}, it is left out (--include {name} takes it in)"
                )));
            }
            let numbered = named_like_an_id(name) && nearly_all_another_whole(name, numbers)
                || all_another_whole(numbers) && (is_dense(numbers) || is_sequence(numbers));
            numbered.then(|| {
                Unfit::Identifier(format!(
                    "\"{name}\" is another whole number in every row: an identifier, it is left \
                     out (--include {name} takes it in)"
                ))
            })
        }
        Column::Categories { levels, codes } => {
            let distinct = levels.len();
            let present = codes.iter().filter(|&&code| code != MISSING_CODE).count();
            let share = |is_one: &dyn Fn(&str) -> bool| {
                let yes: Vec<bool> = levels.iter().map(|level| is_one(level)).collect();
                let known = |code: &&u32| yes.get(**code as usize).copied().unwrap_or(false);
                codes.iter().filter(known).count() as f64 / present.max(1) as f64
            };
            // One level tells whether a look at all of them is worth it.
            let likely = levels.iter().take(8).any(|level| is_date(level.as_bytes()));
            if likely && share(&|level| is_date(level.as_bytes())) >= NEARLY_ALL {
                return Some(Unfit::Date(format!(
                    "\"{name}\": nearly all values are dates, it is left out (--include {name} \
                     takes it in)"
                )));
            }
            if distinct >= FEWEST_ROWS && distinct as f64 >= NEARLY_ALL * present as f64 {
                let what = if named_like_an_id(name) || share(&shaped_like_an_id) >= NEARLY_ALL {
                    "an identifier"
                } else if share(&looks_measured) >= NEARLY_ALL {
                    "texts with digits that could not be read as numbers"
                } else {
                    "prose"
                };
                return Some(Unfit::Identifier(format!(
                    "\"{name}\" has {distinct} distinct values in {} rows: {what}, it is left \
                     out",
                    codes.len()
                )));
            }
            let constant = distinct == 1 && codes.iter().all(|&code| code == 0);
            constant.then(|| {
                let said = format!("\"{name}\" is always \"{}\", it is left out", levels[0]);
                Unfit::Useless(said)
            })
        }
    }
}

/// Returns whether there is a whole number in every row, and none of them twice.
#[must_use]
pub fn all_another_whole(numbers: &[f64]) -> bool {
    let mut seen = HashSet::new();
    numbers.len() >= FEWEST_ROWS
        && numbers
            .iter()
            .all(|number| number.fract() == 0.0 && seen.insert(number.to_bits()))
}

/// Returns whether nearly every value is another whole number, and all are whole.
fn nearly_all_another_whole(name: &str, numbers: &[f64]) -> bool {
    let mut seen = HashSet::new();
    let mut present = 0;
    for number in numbers.iter().filter(|number| !number.is_nan()) {
        if number.fract() != 0.0 {
            return false;
        }
        present += 1;
        seen.insert(number.to_bits());
    }
    let fewest = if named_like_an_index(name) {
        2
    } else {
        FEWEST_ROWS
    };
    present >= fewest && seen.len() as f64 >= NEARLY_ALL * present as f64
}

/// Each distinct number with its count, if the first ones let it seem worth while.
fn counted(numbers: &[f64]) -> Vec<(f64, u64)> {
    let mut present = numbers.iter().filter(|number| !number.is_nan());
    let likely = present
        .clone()
        .take(8)
        .any(|number| date_number(*number).is_some());
    if !likely {
        return Vec::new();
    }
    let mut counts: HashMap<u64, u64> = HashMap::new();
    present
        .by_ref()
        .for_each(|number| *counts.entry(number.to_bits()).or_default() += 1);
    let counts = counts.into_iter();
    counts
        .map(|(bits, count)| (f64::from_bits(bits), count))
        .collect()
}

/// Whether distinct whole numbers leave hardly any gap between the least and the largest.
fn is_dense(numbers: &[f64]) -> bool {
    let (least, largest) = ends(numbers);
    largest - least < 1.05 * numbers.len() as f64
}

/// Whether they rise from row to row, or fall, in steps of a few.
fn is_sequence(numbers: &[f64]) -> bool {
    let (least, largest) = ends(numbers);
    let rises = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    let falls = numbers.windows(2).all(|pair| pair[0] > pair[1]);
    (rises || falls) && largest - least <= LONGEST_STEP * numbers.len() as f64
}

fn ends(numbers: &[f64]) -> (f64, f64) {
    let first = (f64::INFINITY, f64::NEG_INFINITY);
    numbers.iter().fold(first, |(least, largest), number| {
        (least.min(*number), largest.max(*number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers that jump about, none twice: 7 919 is prime.
    fn scattered(rows: u32, width: u32) -> Vec<f64> {
        (0..rows)
            .map(|row| f64::from(row * 7_919 % rows * width + row % width))
            .collect()
    }

    fn is_identifier(name: &str, numbers: Vec<f64>) -> bool {
        let labels = vec![false; numbers.len()];
        matches!(
            unfit(name, &Column::Numbers(numbers), &labels),
            Some(Unfit::Identifier(_) | Unfit::GroupKey { .. })
        )
    }

    #[test]
    fn numbers_that_tell_who_a_row_is_are_told_from_those_that_tell_something() {
        let rising = |step: u32| {
            (0..300)
                .map(|row| f64::from(900_000 + row * step))
                .collect()
        };
        for (name, numbers) in [
            // Named so, whatever the numbers.
            ("customer_no", scattered(300, 1_000)),
            // Each from 1 to 300 once, in any order.
            ("zeile", scattered(300, 1)),
            // Given one after another.
            ("ticket", rising(7)),
            ("ticket", rising(7).into_iter().rev().collect::<Vec<f64>>()),
        ] {
            assert!(is_identifier(name, numbers), "{name}");
        }
        let mut twice = scattered(300, 1_000);
        twice[7] = twice[8];
        let mut halves = scattered(300, 1_000);
        halves[7] += 0.5;
        let mut gone = scattered(300, 1_000);
        gone[7] = f64::NAN;
        // One repeated or missing value does not make it a measurement.
        assert!(is_identifier("customer_no", twice));
        assert!(is_identifier("customer_no", gone));
        assert!(is_identifier("Unnamed: 0", vec![1.0, 5.0, 6.0]));
        for (name, numbers) in [
            // Amounts may differ in every row, be they sorted.
            ("revenue_cents", scattered(300, 1_000)),
            ("revenue_cents", rising(1_000)),
            ("customer_no", halves),
            ("customer_no", scattered(49, 1_000)),
        ] {
            assert!(!is_identifier(name, numbers), "{name}");
        }
    }

    /// 1,000 customers of 12 rows, in a mixed order, as numbers or texts; the label is the
    /// customer's or the row's.
    fn panel(is_text: bool, label_of_customer: bool) -> (Column, Vec<bool>) {
        let rows = 0..12_000_u32;
        let customer = |row: u32| row * 7_919 % 12_000 / 12;
        let column = if is_text {
            Column::Categories {
                codes: rows.clone().map(customer).collect(),
                levels: (0..1_000).map(|at| format!("C{at:05}")).collect(),
            }
        } else {
            let id = |row| 100_000.0 + f64::from(customer(row));
            Column::Numbers(rows.clone().map(id).collect())
        };
        let unit = |row| {
            if label_of_customer {
                customer(row)
            } else {
                row
            }
        };
        let labels = rows.map(|row| unit(row) * 7_907 % 10 < 3).collect();
        (column, labels)
    }

    /// By construction; what the names may say is written in `data::identifier`.
    #[test]
    fn an_identifier_may_repeat_if_its_name_says_so() {
        let is_unfit = |name: &str, is_text, of_customer| {
            let (column, labels) = panel(is_text, of_customer);
            matches!(unfit(name, &column, &labels), Some(Unfit::GroupKey { .. }))
        };
        for is_text in [false, true] {
            for name in ["customer_id", "CustomerID", "msisdn", "user", "account_no"] {
                assert!(is_unfit(name, is_text, false), "{name}");
            }
            // A store may have but one kind of customers: it is not a feature if it fixes the label.
            assert!(is_unfit("store_id", is_text, true));
            // `loc_id` may be anything; its values look like those of an identifier.
            assert!(is_unfit("loc_id", is_text, false));
            for name in ["product_id", "store_id", "cell_id"] {
                assert!(!is_unfit(name, is_text, false), "{name}");
            }
            // Without such a name, a warning must do.
            assert!(!is_unfit("zip", is_text, true));
            // Numbers without a name may measure anything; many codes of few rows each do not.
            assert_eq!(is_unfit("x7", is_text, false), is_text);
        }
        // The index of twelve frames, put together.
        let again: Vec<f64> = (0..1_200).map(|row| f64::from(row % 100)).collect();
        assert!(is_identifier("Unnamed: 0", again.clone()));
        assert!(!is_identifier("index", again));
    }

    #[test]
    fn dates_are_told_by_name_and_values() {
        let is_date = |name: &str, numbers: &[f64]| {
            let unfit = unfit(
                name,
                &Column::Numbers(numbers.to_vec()),
                &vec![true; numbers.len()],
            );
            matches!(unfit, Some(Unfit::Date(_)))
        };
        assert!(is_date(
            "as_of",
            &[20_260_101.0, 20_260_201.0, 20_260_301.0]
        ));
        assert!(is_date("created_at", &[1_767_225_600.0, 1_767_225_601.5]));
        assert!(!is_date("bytes", &[1_767_225_600.0, 1_767_225_601.0]));
        let texts = Column::Categories {
            codes: vec![0, 1, 1],
            levels: vec!["2026-01".into(), "2026-02".into()],
        };
        assert!(matches!(
            unfit("m", &texts, &[true; 3]),
            Some(Unfit::Date(_))
        ));
    }

    #[test]
    fn columns_that_never_differ_are_useless() {
        let labels = [true; 3];
        let numbers = |values: &[f64]| {
            let column = Column::Numbers(values.to_vec());
            unfit("n", &column, &labels[..values.len()])
        };
        assert!(matches!(numbers(&[f64::NAN; 3]), Some(Unfit::Useless(_))));
        assert!(matches!(numbers(&[7.0; 3]), Some(Unfit::Useless(_))));
        assert_eq!(numbers(&[7.0, f64::NAN]), None);
        let texts = |codes: Vec<u32>| Column::Categories {
            codes,
            levels: vec!["x".into()],
        };
        assert!(matches!(
            unfit("t", &texts(vec![0; 3]), &labels),
            Some(Unfit::Useless(_))
        ));
        assert_eq!(unfit("t", &texts(vec![0, u32::MAX]), &labels[..2]), None);
    }
}
