//! The numbers of a column that is being counted: among its texts while they are few, then as such, then on a grid.

use churn_data::{MissingKind, Value, has_leading_zeros, is_written_grouped, write_number};

use super::counter::{ColumnCounter, MAX_NUMBERS};
use super::distinct_numbers::DistinctNumbers;
use super::distinct_values::DistinctValues;
use super::grid::Grid;
use super::texts::is_unambiguous;

/// Fewest distinct numbers that are worth keeping as such.
const MANY: usize = 128;

impl ColumnCounter {
    #[inline]
    pub(super) fn add_one(&mut self, number: f64) {
        if self.typed.add(number) {
            self.limit_numbers();
        }
    }

    /// Notes that a number is new among the texts.
    pub(super) fn count_number_text(&mut self) {
        self.numbers += 1;
        let may_be_many = self.numbers >= MANY && self.numbers.is_power_of_two();
        if !self.holds_numbers && may_be_many && self.are_mostly_new() {
            self.hold_numbers();
        }
        self.limit_numbers();
    }

    /// Returns whether so few of the numbers among the texts came again that to look them up gains nothing.
    fn are_mostly_new(&mut self) -> bool {
        let mut rows = 0;
        self.texts.each(|_, entry| rows += entry.count);
        rows < 4 * self.numbers as u64
    }

    /// Takes numbers for such from now on, and those among the texts, too.
    #[cold]
    fn hold_numbers(&mut self) {
        self.holds_numbers = true;
        let Self { texts, typed, .. } = self;
        let mut held = 0;
        texts.drain(
            |text, entry| matches!(entry.value, Value::Number(_)) && is_unambiguous(text),
            |_, entry| {
                if let Value::Number(number) = entry.value {
                    held += 1;
                    typed.add_times(number, entry.count);
                }
            },
        );
        self.numbers -= held;
    }

    /// Turns to the grid, or to texts, when there are too many distinct numbers to keep.
    pub(super) fn limit_numbers(&mut self) {
        if self.numbers + self.typed.at_most() <= MAX_NUMBERS {
            return;
        }
        if self.categorical {
            self.typed_to_texts();
            return;
        }
        if self.numbers > 0 {
            // A number may have come as such and as a text, too.
            self.ambiguous_to_texts();
        }
        if self.numbers + self.typed.count_distinct() > MAX_NUMBERS {
            self.numbers_to_grid();
        }
    }

    /// Brings the numbers that are kept as such in order.
    pub(super) fn sort_numbers(&mut self) {
        self.typed.sort();
    }

    /// Returns the numbers that are known by their doubles alone, in rising order; all others are among the texts.
    pub(super) fn take_numbers(&mut self) -> Vec<(f64, u64)> {
        if self.categorical {
            self.typed_to_texts();
            return Vec::new();
        }
        self.limit_numbers();
        self.ambiguous_to_texts();
        self.typed.take_sorted()
    }

    /// Puts numbers that came as such among the texts where their text would tell more than they do.
    fn ambiguous_to_texts(&mut self) {
        let mut all = self.typed.take_sorted();
        let mut ambiguous = Vec::new();
        all.retain(|(number, count)| {
            let is_ambiguous = is_written_grouped(*number);
            ambiguous.extend(is_ambiguous.then_some((*number, *count)));
            !is_ambiguous
        });
        self.typed = DistinctNumbers::of_sorted(all);
        self.add_as_texts(ambiguous);
    }

    fn add_as_texts(&mut self, numbers: Vec<(f64, u64)>) {
        let mut text = Vec::new();
        for (number, count) in numbers {
            text.clear();
            write_number(number, &mut text);
            self.add_times(&text, count);
        }
    }

    pub(super) fn numbers_to_grid(&mut self) {
        let mut values = Vec::with_capacity(self.numbers);
        self.texts.drain(
            |_, entry| matches!(entry.value, Value::Number(_)),
            |text, entry| {
                if let Value::Number(number) = entry.value {
                    values.push((number, entry.count));
                }
                self.leading_zeros += if has_leading_zeros(text) {
                    entry.count
                } else {
                    0
                };
            },
        );
        values.extend(self.typed.take_sorted());
        self.numbers = 0;
        self.grid = Some(Box::new(Grid::of(values, self.scale, self.cuts.clone())));
    }

    /// Counts numbers that come as such.
    pub(super) fn add_numbers(&mut self, numbers: &[f64]) {
        for &number in numbers {
            if let Some(grid) = &mut self.grid
                && number.is_finite()
            {
                // Adding 0.0 turns -0.0 into 0.0: they are one value.
                grid.add(number + 0.0);
            } else {
                self.add_number(number, 1);
            }
        }
    }

    /// Counts a number `count` times.
    pub(super) fn add_number(&mut self, number: f64, count: u64) {
        if number.is_nan() {
            self.missing[MissingKind::Nan.index()] += count;
            return;
        }
        if number.is_infinite() {
            self.add_times(if number > 0.0 { b"inf" } else { b"-inf" }, count);
            return;
        }
        let number = number + 0.0;
        if let Some(grid) = &mut self.grid {
            grid.add_times(number, count);
            return;
        }
        if !self.holds_numbers && !self.categorical {
            self.hold_numbers();
        }
        let is_time = match count {
            1 => self.typed.add(number),
            _ => self.typed.add_times(number, count),
        };
        if is_time {
            self.limit_numbers();
        }
    }

    /// Counts the values that a profile has stored.
    pub(super) fn add_values(&mut self, values: &DistinctValues) {
        self.add_distinct_numbers(DistinctNumbers::of_sorted(values.numbers().to_vec()));
        for (text, &count) in values.texts() {
            self.add_times(text.as_bytes(), count);
        }
    }

    pub(super) fn add_distinct_numbers(&mut self, mut numbers: DistinctNumbers) {
        if numbers.is_empty() {
            return;
        }
        if let Some(grid) = &mut self.grid {
            grid.add_sorted(&numbers.take_sorted());
            return;
        }
        if !self.holds_numbers && !self.categorical {
            self.hold_numbers();
        }
        self.typed.merge(numbers);
        self.limit_numbers();
    }

    /// Turns numbers that came as such into the texts that profiles keep of categories.
    fn typed_to_texts(&mut self) {
        let numbers = self.typed.take_sorted();
        self.add_as_texts(numbers);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use churn_data::{RowPlace, canonical_to_count};
    use proptest::prelude::*;

    use super::super::column::Column;
    use super::*;

    const PLACE: RowPlace = RowPlace {
        file: 0,
        chunk: 0,
        line: 1,
    };

    /// Texts of many distinct numbers, of codes, and of what may have a point between thousands.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        let number = (0..3_000_u32).prop_map(|number| match number % 6 {
            0 => format!("{}", f64::from(number) / 16.0),
            1 => format!("{}.{:03}", number / 100, number % 100),
            2 => format!("{:.2}", f64::from(number) / 8.0),
            3 => format!("{number:05}"),
            4 => format!("{number}e-9"),
            _ => format!("{number}"),
        });
        let text = prop_oneof![20 => number, 1 => "[a-c]".prop_map(String::from)];
        proptest::collection::vec(text, 0..1500)
    }

    fn counted(texts: &[String]) -> ColumnCounter {
        let mut counter = ColumnCounter::new(false, Vec::new());
        for text in texts {
            counter.add(text.as_bytes(), PLACE);
        }
        counter
    }

    fn by_field(texts: &[String]) -> ColumnCounter {
        let mut counter = ColumnCounter::new(false, Vec::new());
        for text in texts {
            match churn_data::Field::new(text.as_bytes()) {
                Some(field) => counter.add_field(&field, PLACE),
                None => counter.add(text.as_bytes(), PLACE),
            }
        }
        counter
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn however_numbers_are_held_each_text_is_counted(texts in texts(), at in 0..1500_usize) {
            let mut expected = BTreeMap::<String, u64>::new();
            for text in &texts {
                let text = canonical_to_count(text.as_bytes()).into_owned();
                *expected.entry(String::from_utf8(text).expect("text")).or_default() += 1;
            }
            let expected = serde_json::to_value(&expected).expect("values");
            let (first, second) = texts.split_at(at.min(texts.len()));
            let mut merged = by_field(first);
            merged.merge(counted(second));
            let mut stored = ColumnCounter::new(false, Vec::new());
            for part in [first, second] {
                let part = Column::from_counter("n", counted(part));
                stored.add_values(&part.values);
            }
            for counter in [counted(&texts), by_field(&texts), merged, stored] {
                let column = Column::from_counter("n", counter);
                let values = serde_json::to_value(&column.values).expect("values");
                prop_assert_eq!(&values, &expected);
            }
        }
    }

    #[test]
    fn numbers_with_and_without_texts_of_their_own_have_one_limit() {
        // 10,001 of three decimals and 10,000 others, as texts and as doubles.
        let values = |extra: u32| {
            (0..20_000 + extra).map(|at| match at % 2 {
                0 => f64::from(1_000 + at / 2 * 10 + 1) / 1000.0,
                _ => f64::from(at),
            })
        };
        for extra in [0, 1] {
            let texts: Vec<String> = values(extra).map(|value| value.to_string()).collect();
            let mut numbers = ColumnCounter::new(false, Vec::new());
            values(extra).for_each(|value| numbers.add_number(value, 1));
            let mut both = counted(&texts);
            values(extra).for_each(|value| both.add_number(value, 1));
            for counter in [by_field(&texts), numbers, both] {
                let column = Column::from_counter("n", counter);
                assert_eq!(column.scale().is_some(), extra == 1);
            }
        }
    }
}
