//! Columns counted from values in memory, not from the text of a table.

use churn_data::MissingKind;

use super::column::Column;
use super::counter::ColumnCounter;

impl Column {
    /// Counts numbers, also at these cut points; NaN is missing. The result is that of a table
    /// with these numbers.
    #[must_use]
    pub fn of_numbers(name: &str, values: impl Iterator<Item = f64>, cuts: Vec<f64>) -> Self {
        let mut counter = ColumnCounter::new(false, cuts);
        for value in values {
            if value.is_nan() {
                counter.missing[MissingKind::Empty.index()] += 1;
            } else {
                counter.add_number(value, 1);
            }
        }
        Self::from_counter(name, counter)
    }

    /// Counts texts, each once with its count; those that look like numbers are texts, too.
    #[must_use]
    pub fn of_texts<'a>(
        name: &str,
        texts: impl Iterator<Item = (&'a str, u64)>,
        missing: u64,
    ) -> Self {
        let mut counter = ColumnCounter::new(true, Vec::new());
        counter.missing[MissingKind::Empty.index()] += missing;
        for (text, count) in texts.filter(|(_, count)| *count > 0) {
            counter.add_times(text.as_bytes(), count);
        }
        Self::from_counter(name, counter)
    }
}

#[cfg(test)]
mod tests {
    use super::super::counter::MAX_NUMBERS;
    use super::*;

    fn counted(values: &[f64]) -> Column {
        let mut counter = ColumnCounter::new(false, vec![100.0]);
        for value in values {
            let text = if value.is_nan() {
                String::new()
            } else {
                value.to_string()
            };
            if text.is_empty() {
                counter.missing[MissingKind::Empty.index()] += 1;
            } else {
                counter.add_times(text.as_bytes(), 1);
            }
        }
        Column::from_counter("n", counter)
    }

    #[test]
    fn numbers_are_counted_like_those_of_a_table_few_or_many() {
        for distinct in [3, 30_000] {
            let value = |row: usize| match row % 10 {
                9 => f64::NAN,
                _ => (row * 7 % distinct) as f64 / 8.0 - 5.0,
            };
            let values: Vec<f64> = (0..60_000).map(value).collect();
            let column = Column::of_numbers("n", values.iter().copied(), vec![100.0]);
            assert_eq!(column.grid.is_some(), distinct > MAX_NUMBERS);
            assert_eq!(column, counted(&values));
        }
    }

    #[test]
    fn texts_that_look_like_numbers_are_categories() {
        let column = Column::of_texts("plan", [("1", 2), ("2", 3), ("x", 0)].into_iter(), 4);
        let view = column.view(false);
        assert_eq!(view.categories.counts.len(), 2);
        assert_eq!((view.present, view.missing_count()), (5, 4));
    }
}
