//! Tables by column: what sources that store columns hand on, to those who can take it so.

use super::value::LARGEST_EXACT;

/// Values of a column in some rows, one after another; those of rows without a value left out.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// Numbers; NaN and infinities are among them.
    Numbers(&'a [f64]),
    /// Texts.
    Texts(&'a Texts),
}

/// A column in some rows.
#[derive(Debug, Clone, Copy)]
pub struct ColumnBatch<'a> {
    /// The values that are there.
    pub values: Values<'a>,
    /// Whether each row has a value; none if all have.
    pub present: Option<&'a [bool]>,
    /// Number of rows.
    pub rows: usize,
}

/// Takes columns. All batches of one call are of the same rows.
pub trait ColumnSink: Send {
    /// Takes the next rows of the columns of the task.
    fn add(&mut self, batches: &[ColumnBatch<'_>]);
}

/// Columns that go to one sink together.
pub struct ColumnTask<'a> {
    /// Positions in the data set.
    pub columns: Vec<usize>,
    /// Who takes them.
    pub sink: &'a mut dyn ColumnSink,
}

/// Texts in one piece of memory.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Forgets all.
    #[cfg(feature = "parquet")]
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds what `write` writes.
    #[inline]
    #[cfg(feature = "parquet")]
    pub(super) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// Adds a text.
    #[inline]
    #[cfg(feature = "parquet")]
    pub(super) fn push(&mut self, text: &[u8]) {
        self.push_with(|bytes| bytes.extend_from_slice(text));
    }

    /// Returns the number of texts.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns a text.
    ///
    /// # Panics
    /// If `index` is not below [`Texts::len`].
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Returns all texts.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl<'a> Values<'a> {
    /// Writes a value as text, as [`write_number`] writes numbers.
    #[inline]
    #[cfg(feature = "parquet")]
    pub(super) fn write(self, index: usize, out: &mut Vec<u8>) {
        match self {
            Self::Numbers(numbers) => write_number(numbers[index], out),
            Self::Texts(texts) => out.extend_from_slice(texts.get(index)),
        }
    }

    /// Returns the number of values.
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Returns whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Writes the shortest text that reads back as the number: `12`, `0.5`, `1e300`, `NaN`, `inf`.
///
/// Beyond 2^53 always with an exponent: digits alone would be those of a whole number that is
/// known to the last one.
pub fn write_number(number: f64, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let size = number.abs();
    // Writing to a vector cannot fail.
    let _ = if number == 0.0 {
        out.write_all(b"0")
    } else if number.is_finite() && !(1e-5..=LARGEST_EXACT).contains(&size) {
        write!(out, "{number:e}")
    } else {
        write!(out, "{number}")
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{MissingKind, Value, classify};

    fn text(number: f64) -> String {
        let mut out = Vec::new();
        write_number(number, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn numbers_are_written_short() {
        for (number, expected) in [
            (12.0, "12"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (1e300, "1e300"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (9_007_199_254_740_994.0, "9.007199254740994e15"),
            (2.5e-9, "2.5e-9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(text(number), expected);
        }
        assert_eq!(
            classify(text(f64::NAN).as_bytes()),
            Value::Missing(MissingKind::Nan)
        );
        assert_eq!(
            classify(text(f64::NEG_INFINITY).as_bytes()),
            Value::Infinite
        );
    }

    proptest! {
        #[test]
        fn every_number_reads_back(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(classify(text(number).as_bytes()), Value::Number(number));
        }
    }
}
