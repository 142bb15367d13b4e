//! How large numbers are by each reading of their decimal mark. Where nothing in the values tells the
//! mark, the size of numbers of the same meaning does: the readings are a thousand times apart.

use super::spelled::{DecimalMark, Spelled, is_grouped};

/// A reading is taken if it comes so many times nearer to the other numbers: midway between two that are
/// a thousand times apart.
const NEARER: f64 = 31.6;
/// One a power of two.
const EXPONENTS: usize = 1 << 11;
const MANTISSA_BITS: u32 = 52;

/// Returns whether numbers are read otherwise because that makes them about as large as others are of
/// the same meaning. All three are medians; of zeros nothing is told.
#[must_use]
pub fn is_told_by_size(as_read: f64, otherwise: f64, other: f64) -> bool {
    let has_size = |median: &f64| *median != 0.0 && median.is_finite();
    let apart = |median: f64| (median / other).abs().ln().abs();
    [as_read, otherwise, other].iter().all(has_size)
        && apart(otherwise) + NEARER.ln() < apart(as_read)
}

/// How many numbers there are of each power of two.
#[derive(Debug, Clone, Default)]
struct Exponents(Vec<u64>);

impl Exponents {
    #[inline]
    fn add(&mut self, number: f64) {
        if self.0.is_empty() {
            self.0.resize(EXPONENTS, 0);
        }
        self.0[(number.to_bits() >> MANTISSA_BITS) as usize % EXPONENTS] += 1;
    }

    fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        let counts = self.0.iter_mut().zip(other.0);
        counts.for_each(|(own, count)| *own += count);
    }
}

/// The sizes of numbers that were read once, whichever mark they have.
#[derive(Debug, Clone, Default)]
pub struct Sizes {
    /// Those that both marks read alike.
    alike: Exponents,
    /// By a point, and by a comma.
    by: [Exponents; 2],
}

impl Sizes {
    /// Adds a number as programs write it.
    #[inline]
    pub fn add_plain(&mut self, text: &[u8], number: f64) {
        if !text.contains(&b'.') {
            self.alike.add(number);
            return;
        }
        self.by[0].add(number);
        if is_grouped(text) {
            self.by[1].add(number * 1000.0);
        }
    }

    /// Adds a number as people write it.
    pub fn add_spelled(&mut self, spelled: &Spelled<'_>) {
        let readings = [spelled.point, spelled.comma];
        for (own, number) in self.by.iter_mut().zip(readings) {
            if let Some(number) = number {
                own.add(number);
            }
        }
    }

    /// Adds those that another thread has seen.
    pub fn merge(&mut self, other: Self) {
        self.alike.merge(other.alike);
        for (own, theirs) in self.by.iter_mut().zip(other.by) {
            own.merge(theirs);
        }
    }

    /// Returns about the median of the absolute numbers as a mark reads them; none without numbers.
    #[must_use]
    pub fn median(&self, decimal: DecimalMark) -> Option<f64> {
        let own = &self.by[usize::from(decimal == DecimalMark::Comma)];
        let of = |counts: &Exponents, at: usize| counts.0.get(at).copied().unwrap_or(0);
        let both = |at: usize| of(&self.alike, at) + of(own, at);
        let half = (0..EXPONENTS).map(both).sum::<u64>().div_ceil(2);
        let mut below = 0;
        let at = (0..EXPONENTS).find(|at| {
            below += both(*at);
            below >= half && half > 0
        })?;
        // The middle of the power of two; zeros have the least exponent.
        let middle = ((at as u64) << MANTISSA_BITS) | (1 << (MANTISSA_BITS - 1));
        Some(if at == 0 { 0.0 } else { f64::from_bits(middle) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::spelled::spelled;
    use super::*;

    #[test]
    fn a_reading_must_come_much_nearer() {
        // Five times as much is a drift, a thousand times is another mark.
        for (as_read, otherwise, other, is_told) in [
            (1.85, 1850.0, 1900.0, true),
            (1850.0, 1.85, 1.9, true),
            (1.85, 1850.0, 9.25, false),
            (1850.0, 1.85, 370.0, false),
            (1.85, 1850.0, 0.0, false),
            (-1.85, -1850.0, -1850.0, true),
        ] {
            let told = is_told_by_size(as_read, otherwise, other);
            assert_eq!(told, is_told, "{as_read} {otherwise} {other}");
        }
    }

    #[test]
    fn medians_are_right_within_a_power_of_two() {
        let mut sizes = Sizes::default();
        assert_eq!(sizes.median(DecimalMark::Point), None);
        for (text, number) in [("850", 850.0), ("1.850", 1.85), ("2.125", 2.125)] {
            sizes.add_plain(text.as_bytes(), number);
        }
        if let Some(read) = spelled(b"1,900 km") {
            let mut other = Sizes::default();
            other.add_spelled(&read);
            sizes.merge(other);
        }
        let point = sizes.median(DecimalMark::Point).expect("numbers");
        let comma = sizes.median(DecimalMark::Comma).expect("numbers");
        // 1.85, 2.125, 850, 1900; and 1.9, 850, 1850, 2125.
        assert!((1.0..8.0).contains(&point), "{point}");
        assert!((500.0..2100.0).contains(&comma), "{comma}");
    }
}
