//! Rows for an artifact's self-test and for those who look at the model: made up from its columns
//! one by one, so that none of them is anybody's row. What they score is the scorer's affair.

use std::collections::BTreeMap;

use super::artifact::{Feature, FeatureKind};
use super::frame::{Column, Frame};

/// How many there are.
const EXAMPLES: usize = 5;
/// Rows whose values are looked at, at most, evenly spread.
const LOOKED_AT: usize = 2_000;
/// Quantiles of the numbers, the middle first: what most rows are like is shown first.
const QUANTILES: [f64; EXAMPLES] = [0.5, 0.1, 0.3, 0.7, 0.9];
/// Digits that a number keeps: what is rounded is not a value that somebody has.
const DIGITS: i32 = 3;
/// Below this, whole numbers stay whole numbers and as they are: years, counts.
const SMALL_WHOLE: f64 = 10_000.0;

/// Returns the values of made-up rows by feature.
///
/// The first row has the middle of every number and the most frequent level of every category. The
/// others take other quantiles and levels, another one in each column, so that they go together as
/// they do in no row but by chance. In the last row, what may be missing is.
#[must_use]
pub fn made_up(frame: &Frame, features: &[Feature], rows: &[u32]) -> Vec<BTreeMap<String, String>> {
    let step = rows.len().div_ceil(LOOKED_AT).max(1);
    let choices: Vec<Vec<String>> = features
        .iter()
        .map(|feature| match &feature.kind {
            FeatureKind::Number { median, .. } => match frame.column(&feature.name) {
                Some(Column::Numbers(numbers)) => {
                    quantiles(rows.iter().step_by(step).map(|&row| numbers[row as usize]))
                }
                _ => vec![median.to_string()],
            },
            FeatureKind::Category { levels, .. } => levels.iter().take(EXAMPLES).cloned().collect(),
        })
        .collect();
    let row = |number: usize| {
        let may_miss = number == EXAMPLES - 1;
        let values = features.iter().zip(&choices).enumerate();
        values
            .filter(|(_, (feature, _))| !(may_miss && feature.nullable))
            .filter_map(|(at, (feature, choices))| {
                let place = if number == 0 { 0 } else { number + at };
                let value = choices.get(place % choices.len().max(1))?;
                Some((feature.name.clone(), value.clone()))
            })
            .collect()
    };
    (0..EXAMPLES).map(row).collect()
}

/// The quantiles of the numbers that are there, rounded.
fn quantiles(numbers: impl Iterator<Item = f64>) -> Vec<String> {
    let mut known: Vec<f64> = numbers.filter(|number| !number.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    let Some(last) = known.len().checked_sub(1) else {
        return vec!["0".into()];
    };
    let whole = known.iter().all(|number| number.fract() == 0.0);
    let at = |quantile: &f64| rounded(known[(quantile * last as f64).round() as usize], whole);
    QUANTILES.iter().map(at).collect()
}

fn rounded(number: f64, whole: bool) -> String {
    if number == 0.0 || whole && number.abs() < SMALL_WHOLE {
        return number.to_string();
    }
    // By way of its text: scaling would leave digits such as 70.39999999999999.
    let digits = (DIGITS - 1) as usize;
    let text = format!("{number:.digits$e}");
    text.parse::<f64>().unwrap_or(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::fit_features;
    use crate::training_set::TrainingSet;

    fn frame() -> Frame {
        let rows = 1_000_u32;
        let numbers =
            |of: fn(f64) -> f64| Column::Numbers((0..rows).map(|row| of(f64::from(row))).collect());
        Frame {
            rows: rows as usize,
            names: ["spend", "year", "plan", "gone"].map(String::from).into(),
            columns: vec![
                numbers(|row| 20.05 + row * 0.1003),
                numbers(|row| 1_950.0 + (row * 37.0) % 50.0),
                Column::Categories {
                    codes: (0..rows).map(|row| row % 3).collect(),
                    levels: ["a", "b", "c"].map(String::from).into(),
                },
                numbers(|row| if row % 2.0 == 0.0 { f64::NAN } else { row }),
            ],
        }
    }

    #[test]
    fn rows_are_of_the_columns_but_none_is_a_row_of_the_data() {
        let frame = frame();
        let labels: Vec<bool> = (0..1_000).map(|row| row % 4 == 0).collect();
        let rows: Vec<u32> = (0..1_000).collect();
        let set = TrainingSet {
            frame: &frame,
            labels: &labels,
            rows: &rows,
        };
        let features = fit_features(&set, &frame.names);
        let made = made_up(&frame, &features, &rows);
        assert_eq!(made.len(), EXAMPLES);
        // Three digits of the middle of 20.05 to 120.25; whole numbers as they are.
        assert_eq!(made[0]["spend"], "70.2");
        assert!(
            made.iter()
                .all(|row| row["year"].starts_with("19") && row["year"].len() == 4)
        );
        assert!(made[0].contains_key("gone") && !made[4].contains_key("gone"));
        let text = |row: usize, name: &str| frame.column(name).and_then(|column| column.text(row));
        for values in &made {
            let same = |row: &usize| {
                let mut names = ["spend", "year", "plan"].into_iter();
                names.all(|name| values.get(name) == text(*row, name).as_ref())
            };
            assert_eq!((0..1_000).find(same), None, "{values:?}");
        }
        let distinct: std::collections::BTreeSet<_> = made.iter().collect();
        assert_eq!(distinct.len(), EXAMPLES);
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (number, whole, text) in [
            (70.349_999, false, "70.3"),
            (1_397.475, false, "1400"),
            (-0.012_345, false, "-0.0123"),
            (2_019.0, true, "2019"),
            (123_456.0, true, "123000"),
            (0.0, false, "0"),
        ] {
            assert_eq!(rounded(number, whole), text);
        }
    }
}
