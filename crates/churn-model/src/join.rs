//! What the threads have gathered of a column, put together: numbers or categories, as all of its
//! values say ([`ColumnTally`]), and what could not be read.

use churn_data::{
    ColumnReading, ColumnTally, DecimalMark, Meaning, RowPlace, Value, canonical_number,
    canonical_text, classify, is_boolean, truth,
};

use super::column::{Column, MISSING_CODE, WantedColumn};
use super::gathered::{FirstTexts, Gathered, NumbersRead, Run};

/// A column and what there is to tell of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Joined {
    pub(super) column: Column,
    pub(super) reading: ColumnReading,
    /// Rows of a number column with something that is not a number: they count as missing.
    pub(super) unparsable: u64,
    /// The first such text.
    pub(super) first: Option<(RowPlace, Vec<u8>)>,
}

/// Puts the parts of one column together.
pub(super) fn join(
    mut parts: Vec<Gathered>,
    runs: &[(usize, Run)],
    rows: usize,
    first: FirstTexts,
    wanted: &WantedColumn,
) -> Joined {
    let categorical = wanted.categorical;
    let tally = tally(&parts).named(&wanted.name);
    let reading = if categorical {
        tally.text_reading()
    } else {
        tally.reading()
    };
    let any_value = parts.iter().any(has_value);
    let is_number = !categorical && (reading.is_number || !any_value);
    if !is_number {
        let column = categories(&mut parts, runs, rows, &reading);
        return Joined {
            column,
            reading,
            unparsable: 0,
            first: None,
        };
    }
    let mut unparsable = 0;
    let parts: Vec<Vec<f64>> = parts
        .into_iter()
        .map(|part| numbers(part, &reading, &mut unparsable))
        .collect();
    let mut all = Vec::with_capacity(rows);
    for (part, run) in runs {
        let values = &parts[*part];
        if values.is_empty() {
            all.extend(std::iter::repeat_n(f64::NAN, run.rows));
        } else {
            all.extend_from_slice(&values[run.start..run.start + run.rows]);
        }
    }
    let is_one = |(_, text): &(RowPlace, Vec<u8>)| reading.of_text(text) == Meaning::Unparsable;
    let first = first.into_iter().flatten().filter(is_one).min();
    Joined {
        column: Column::Numbers(all),
        reading,
        unparsable,
        first,
    }
}

/// Whether there is anything but missing values and marks of them.
fn has_value(part: &Gathered) -> bool {
    let number = ColumnReading {
        is_number: true,
        ..ColumnReading::default()
    };
    let is_value = |text: &[u8]| !matches!(number.meaning(text), Meaning::Missing(_));
    match part {
        Gathered::Nothing(_) => false,
        Gathered::Numbers(numbers) => {
            numbers.values.iter().any(|value| !value.is_nan())
                || numbers.texts.texts().any(is_value)
        }
        Gathered::Texts { texts, .. } => texts.texts().any(is_value),
    }
}

fn tally(parts: &[Gathered]) -> ColumnTally {
    let mut tally = ColumnTally::default();
    for part in parts {
        match part {
            Gathered::Nothing(_) => {}
            Gathered::Numbers(numbers) => {
                let present = numbers.values.iter().filter(|value| !value.is_nan());
                let count = present.clone().count() as u64;
                for value in present {
                    if tally.has_many_numbers() {
                        break;
                    }
                    tally.add_distinct(*value);
                }
                let (fractions, round) = (numbers.fractions(), numbers.round_groups.len() as u64);
                tally.add_read(count, fractions, numbers.grouped, round);
                let mut counts = vec![0_u64; numbers.texts.texts().len()];
                for (_, code) in &numbers.strays {
                    counts[*code as usize] += 1;
                }
                for (text, count) in numbers.texts.texts().zip(counts) {
                    tally.add(text, count);
                }
            }
            Gathered::Texts { codes, texts } => {
                let mut counts = vec![0_u64; texts.texts().len()];
                for code in codes {
                    if let Some(count) = counts.get_mut(*code as usize) {
                        *count += 1;
                    }
                }
                for (text, count) in texts.texts().zip(counts) {
                    tally.add(text, count);
                }
            }
        }
    }
    tally
}

/// Reads a part of a column of numbers; none for a part without any value.
fn numbers(part: Gathered, reading: &ColumnReading, unparsable: &mut u64) -> Vec<f64> {
    let mut number_of = |text: &[u8]| match reading.meaning(text) {
        Meaning::Number(number) => (number + 0.0, 0),
        Meaning::Unparsable | Meaning::Text => (f64::NAN, 1),
        Meaning::Missing(_) | Meaning::Infinite => (f64::NAN, 0),
    };
    match part {
        Gathered::Nothing(_) => Vec::new(),
        Gathered::Texts { codes, texts } => {
            let known: Vec<(f64, u64)> = texts.texts().map(&mut number_of).collect();
            let number = |code: &u32| {
                let (number, is_bad) = known.get(*code as usize).copied().unwrap_or((f64::NAN, 0));
                *unparsable += is_bad;
                number
            };
            codes.iter().map(number).collect()
        }
        Gathered::Numbers(mut read) => {
            if reading.decimal == DecimalMark::Comma {
                *unparsable += read.read_with_comma();
            }
            let known: Vec<(f64, u64)> = read.texts.texts().map(&mut number_of).collect();
            for (row, code) in &read.strays {
                let (number, is_bad) = known[*code as usize];
                *unparsable += is_bad;
                read.values[*row as usize] = number;
            }
            read.values
        }
    }
}

impl NumbersRead {
    /// Reads the points as those between thousands; returns how many are none.
    fn read_with_comma(&mut self) -> u64 {
        for row in &self.round_groups {
            self.values[*row as usize] *= 1000.0;
        }
        let all_grouped = self.grouped == self.fractions();
        let mut bad = 0;
        for value in self.values.iter_mut().filter(|value| value.fract() != 0.0) {
            if value.is_nan() {
                continue;
            }
            // `12.5` is none, and `12.500` among such is not told from it any more.
            let has_three = canonical_number(*value).len() == format!("{value:.3}").len();
            if all_grouped || has_three {
                *value = (*value * 1000.0).round();
            } else {
                *value = f64::NAN;
                bad += 1;
            }
        }
        bad
    }
}

/// Makes categories of the parts. Levels are canonical texts.
fn categories(
    parts: &mut [Gathered],
    runs: &[(usize, Run)],
    rows: usize,
    reading: &ColumnReading,
) -> Column {
    parts.iter_mut().for_each(Gathered::turn_to_texts);
    let level = |text: &[u8]| match classify(text) {
        Value::Text if matches!(reading.of_text(text), Meaning::Missing(_)) => None,
        _ => Some(canonical_text(&String::from_utf8_lossy(text)).into_owned()),
    };
    let mut of_parts: Vec<Vec<Option<String>>> = parts
        .iter()
        .map(|part| match part {
            Gathered::Texts { texts, .. } => texts.texts().map(level).collect(),
            _ => Vec::new(),
        })
        .collect();
    let values = of_parts.iter().flatten().flatten();
    if is_boolean(values.map(String::as_bytes)) {
        for level in of_parts.iter_mut().flatten().flatten() {
            if let Some(is_true) = truth(level.as_bytes()) {
                *level = is_true.to_string();
            }
        }
    }
    let mut levels: Vec<String> = of_parts.iter().flatten().flatten().cloned().collect();
    levels.sort_unstable();
    levels.dedup();
    let maps: Vec<Vec<u32>> = of_parts
        .iter()
        .map(|texts| {
            let code = |text: &Option<String>| {
                let at = levels.binary_search(text.as_ref()?).ok()?;
                Some(at as u32)
            };
            texts
                .iter()
                .map(|text| code(text).unwrap_or(MISSING_CODE))
                .collect()
        })
        .collect();
    let mut all = Vec::with_capacity(rows);
    for (part, run) in runs {
        if let Gathered::Texts { codes, .. } = &parts[*part] {
            let map = &maps[*part];
            all.extend(codes[run.start..run.start + run.rows].iter().map(|&code| {
                // The code of a missing value is beyond every map.
                map.get(code as usize).copied().unwrap_or(MISSING_CODE)
            }));
        }
    }
    Column::Categories { codes: all, levels }
}
