//! Exact sums of doubles and of their squares: the same mean and standard deviation whatever
//! the order of the rows, the number of threads or the cut into shards.
//!
//! Every double is `m * 2^e` with a 53-bit integer `m`. Values of one sign and exponent (an
//! octave) are summed as integers, `sum m` and `sum m^2`; only the final figures round.

use serde::{Deserialize, Serialize};

const MANTISSA_BITS: u32 = 52;
const NO_SLOT: u16 = u16::MAX;

/// Sums over the values of one sign and exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Octave {
    /// Sign and exponent, the top 12 bits of the doubles.
    key: u16,
    count: u64,
    sum: u128,
    /// Sum of the squared mantissas: 128 low bits and the carries above them.
    squares: u128,
    squares_carry: u64,
}

/// Exact sums of any number of finite doubles.
#[derive(Debug, Clone)]
pub(super) struct ExactSums {
    slots: Vec<u16>,
    octaves: Vec<Octave>,
    /// Values that were summed elsewhere, in doubles.
    rounded: Option<Rounded>,
}

/// Count, mean and sum of squared deviations of values that were summed in doubles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rounded {
    count: u64,
    mean: f64,
    squared_deviations: f64,
}

impl Rounded {
    /// Adds other values (Chan, Golub, LeVeque 1979).
    fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0 {
            return self;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let between = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + between * (m / (n + m)),
            squared_deviations: self.squared_deviations
                + other.squared_deviations
                + between * between * (n * m / (n + m)),
        }
    }
}

/// An octave as it stands in a profile. The sums are hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredOctave {
    key: u16,
    count: u64,
    sum: String,
    squares: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    squares_carry: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for ExactSums {
    fn default() -> Self {
        Self {
            slots: vec![NO_SLOT; 1 << 12],
            octaves: Vec::new(),
            rounded: None,
        }
    }
}

impl ExactSums {
    #[inline(always)]
    fn octave(&mut self, key: u16) -> &mut Octave {
        let slot = &mut self.slots[usize::from(key & 0xfff)];
        if *slot == NO_SLOT {
            *slot = self.octaves.len() as u16;
            self.octaves.push(Octave {
                key,
                ..Octave::default()
            });
        }
        &mut self.octaves[usize::from(*slot)]
    }

    /// Adds one finite value.
    #[inline(always)]
    pub(super) fn add(&mut self, value: f64) {
        let (key, mantissa) = parts(value);
        let octave = self.octave(key);
        let square = u128::from(mantissa) * u128::from(mantissa);
        octave.count += 1;
        octave.sum += u128::from(mantissa);
        let (squares, carry) = octave.squares.overflowing_add(square);
        octave.squares = squares;
        octave.squares_carry += u64::from(carry);
    }

    /// Adds a finite value `count` times.
    pub(super) fn add_times(&mut self, value: f64, count: u64) {
        let (key, mantissa) = parts(value);
        let square = u128::from(mantissa) * u128::from(mantissa);
        let times = product([square as u64, (square >> 64) as u64], [count, 0]);
        self.add_octave(&Octave {
            key,
            count,
            sum: u128::from(mantissa) * u128::from(count),
            squares: u128::from(times[0]) | (u128::from(times[1]) << 64),
            squares_carry: times[2],
        });
    }

    fn add_octave(&mut self, other: &Octave) {
        let octave = self.octave(other.key);
        octave.count += other.count;
        octave.sum += other.sum;
        let (squares, carry) = octave.squares.overflowing_add(other.squares);
        octave.squares = squares;
        octave.squares_carry += other.squares_carry + u64::from(carry);
    }

    /// Adds all values of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        for octave in &other.octaves {
            self.add_octave(octave);
        }
        self.rounded = match (self.rounded, other.rounded) {
            (Some(mine), Some(theirs)) => Some(mine.merge(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }

    fn sorted(&self) -> Vec<Octave> {
        let mut octaves = self.octaves.clone();
        octaves.sort_by_key(|octave| octave.key);
        octaves
    }

    /// Returns the arithmetic mean and the standard deviation (divisor n - 1, and 0 for one value).
    ///
    /// The deviations inside an octave come from `n sum m^2 - (sum m)^2` in integers, those
    /// between octaves from their means (Chan, Golub, LeVeque 1979). Means are taken as distances
    /// from that of the largest octave, and all in units of the largest value: so the deviation is
    /// right to the last digits also for values far from 0 on both sides of a power of two, and
    /// squares neither overflow nor vanish.
    pub(super) fn mean_and_deviation(&self) -> Option<(f64, f64)> {
        let Some(rounded) = self.rounded else {
            return self.exact_mean_and_deviation();
        };
        let exact = self.exact_mean_and_deviation().map(|(mean, deviation)| {
            let count = self.count() - rounded.count;
            let squared_deviations = deviation * deviation * (count as f64 - 1.0);
            Rounded {
                count,
                mean,
                squared_deviations,
            }
        });
        let all = exact.map_or(rounded, |exact| exact.merge(rounded));
        if all.count == 0 {
            return None;
        }
        let divisor = (all.count as f64 - 1.0).max(1.0);
        Some((
            clamp(all.mean),
            clamp((all.squared_deviations / divisor).sqrt()),
        ))
    }

    fn exact_mean_and_deviation(&self) -> Option<(f64, f64)> {
        let octaves = self.sorted();
        let count: u64 = octaves.iter().map(|octave| octave.count).sum();
        if count == 0 {
            return None;
        }
        let n = count as f64;
        let used = || octaves.iter().filter(|octave| octave.count > 0);
        // In this unit no value is larger than 1.
        let unit = used().map(Octave::exponent).max()? + 53;
        // Neumaier's sum: positive and negative octaves may cancel.
        let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
        for octave in used() {
            let term = octave.sum as f64 / n * octave.factor(unit);
            let next = sum + term;
            lost += if sum.abs() >= term.abs() {
                (sum - next) + term
            } else {
                (term - next) + sum
            };
            sum = next;
        }
        let mean = times_power_of_two(sum + lost, unit);
        if count == 1 {
            return Some((clamp(mean), 0.0));
        }
        let centre = used().max_by_key(|octave| octave.count)?;
        let centre = centre.mean_parts(unit).0;
        let distance = |octave: &Octave| {
            let (whole, rest) = octave.mean_parts(unit);
            (whole - centre) + rest
        };
        let middle: f64 = used()
            .map(|octave| octave.count as f64 / n * distance(octave))
            .sum();
        let squared: f64 = used()
            .map(|octave| {
                let between = distance(octave) - middle;
                octave.squared_deviations(unit) + octave.count as f64 * between * between
            })
            .sum();
        let deviation = times_power_of_two((squared / (n - 1.0)).sqrt(), unit);
        Some((clamp(mean), clamp(deviation)))
    }

    pub(super) fn to_stored(&self) -> Vec<StoredOctave> {
        self.sorted()
            .iter()
            .map(|octave| StoredOctave {
                key: octave.key,
                count: octave.count,
                sum: format!("{:x}", octave.sum),
                squares: format!("{:x}", octave.squares),
                squares_carry: octave.squares_carry,
            })
            .collect()
    }

    /// Reads back what [`to_stored`](Self::to_stored) wrote; `None` if it is not of that form.
    pub(super) fn from_stored(stored: &[StoredOctave]) -> Option<Self> {
        let mut sums = Self::default();
        for octave in stored {
            // Exponent 2047 would be infinities and NaN.
            let finite = octave.key < 1 << 12 && octave.key & 0x7ff != 0x7ff;
            let small = octave.count < 1 << 60;
            if !finite || !small {
                return None;
            }
            let sum = u128::from_str_radix(&octave.sum, 16).ok()?;
            if sum >> 120 != 0 {
                return None;
            }
            sums.add_octave(&Octave {
                key: octave.key,
                count: octave.count,
                sum,
                squares: u128::from_str_radix(&octave.squares, 16).ok()?,
                squares_carry: octave.squares_carry.min(u64::MAX / 4),
            });
        }
        Some(sums)
    }

    /// Makes sums of values that were summed elsewhere.
    pub(super) fn of_rounded(count: u64, mean: f64, squared_deviations: f64) -> Self {
        Self {
            rounded: Some(Rounded {
                count,
                mean,
                squared_deviations,
            }),
            ..Self::default()
        }
    }

    /// Returns what was summed elsewhere, to be stored.
    pub(super) const fn rounded(&self) -> Option<Rounded> {
        self.rounded
    }

    /// Adds what was stored; false if it is not a sum.
    pub(super) fn set_rounded(&mut self, rounded: Option<Rounded>) -> bool {
        self.rounded = rounded;
        rounded.is_none_or(|rounded| {
            rounded.count < 1 << 60
                && rounded.mean.is_finite()
                && rounded.squared_deviations.is_finite()
                && rounded.squared_deviations >= 0.0
        })
    }

    /// Returns the number of values.
    pub(super) fn count(&self) -> u64 {
        let exact: u64 = self.octaves.iter().map(|octave| octave.count).sum();
        exact + self.rounded.map_or(0, |rounded| rounded.count)
    }
}

fn clamp(number: f64) -> f64 {
    number.clamp(f64::MIN, f64::MAX)
}

/// Returns `number * 2^exponent`.
fn times_power_of_two(number: f64, exponent: i32) -> f64 {
    // In steps: a single factor would overflow, or be subnormal and lose digits, where the product
    // is neither.
    let third = exponent / 3;
    number * 2.0_f64.powi(third) * 2.0_f64.powi(third) * 2.0_f64.powi(exponent - 2 * third)
}

#[inline(always)]
fn parts(value: f64) -> (u16, u64) {
    let bits = value.to_bits();
    let key = (bits >> MANTISSA_BITS) as u16;
    let fraction = bits & ((1 << MANTISSA_BITS) - 1);
    let implicit = u64::from(key & 0x7ff != 0) << MANTISSA_BITS;
    (key, fraction | implicit)
}

impl Octave {
    /// Returns `e`, the power of two that one unit of a mantissa is worth.
    fn exponent(&self) -> i32 {
        i32::from((self.key & 0x7ff).max(1)) - 1075
    }

    /// Returns what one unit of a mantissa is worth, in units of `2^unit`, with the sign.
    fn factor(&self, unit: i32) -> f64 {
        let sign = if self.key & 0x800 == 0 { 1.0 } else { -1.0 };
        times_power_of_two(sign, self.exponent() - unit)
    }

    /// Returns the mean as the sum of a double and a rest, in units of `2^unit`: the mean mantissa's
    /// whole part has at most 53 bits.
    fn mean_parts(&self, unit: i32) -> (f64, f64) {
        let count = u128::from(self.count);
        let whole = (self.sum / count) as f64;
        let rest = (self.sum % count) as f64 / self.count as f64;
        let factor = self.factor(unit);
        (whole * factor, rest * factor)
    }

    /// Returns the sum of squared deviations from the octave's own mean, in units of `2^unit`.
    fn squared_deviations(&self, unit: i32) -> f64 {
        let squares = [
            self.squares as u64,
            (self.squares >> 64) as u64,
            self.squares_carry,
        ];
        let times_count = product(squares, [self.count, 0, 0]);
        let sum = [self.sum as u64, (self.sum >> 64) as u64, 0];
        let sum_squared = product(sum, sum);
        let factor = self.factor(unit);
        difference(times_count, sum_squared) / self.count as f64 * factor * factor
    }
}

/// Multiplies two little-endian numbers of `N` words; the product has at most 6 words.
fn product<const N: usize>(a: [u64; N], b: [u64; N]) -> [u64; 6] {
    let mut words = [0_u64; 6];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0_u128;
        for (j, &y) in b.iter().enumerate() {
            let sum = u128::from(x) * u128::from(y) + u128::from(words[i + j]) + carry;
            words[i + j] = sum as u64;
            carry = sum >> 64;
        }
        for word in &mut words[i + N..] {
            let sum = u128::from(*word) + carry;
            *word = sum as u64;
            carry = sum >> 64;
        }
    }
    words
}

/// Returns `a - b` as a double, 0 if it is negative (which only a forged profile can bring about).
fn difference(a: [u64; 6], b: [u64; 6]) -> f64 {
    let mut words = [0_u64; 6];
    let mut borrow = false;
    for ((word, &x), &y) in words.iter_mut().zip(&a).zip(&b) {
        let (first, under) = x.overflowing_sub(y);
        let (second, under_again) = first.overflowing_sub(u64::from(borrow));
        *word = second;
        borrow = under || under_again;
    }
    if borrow {
        return 0.0;
    }
    words.iter().rev().fold(0.0, |sum, &word| {
        sum * 18_446_744_073_709_551_616.0 + word as f64
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sums(values: &[f64]) -> ExactSums {
        let mut sums = ExactSums::default();
        values.iter().for_each(|&value| sums.add(value));
        sums
    }

    fn assert_close(actual: f64, expected: f64, relative: f64) {
        assert!(
            (actual - expected).abs() <= relative * expected.abs().max(f64::MIN_POSITIVE),
            "{actual} is not {expected}"
        );
    }

    #[test]
    fn small_examples() {
        assert_eq!(sums(&[]).mean_and_deviation(), None);
        assert_eq!(sums(&[3.5]).mean_and_deviation(), Some((3.5, 0.0)));
        assert_eq!(sums(&[0.0, 0.0]).mean_and_deviation(), Some((0.0, 0.0)));
        // numpy 2.4: np.std([1, 2, 3, 4], ddof=1)
        let (mean, deviation) = sums(&[1.0, 2.0, 3.0, 4.0])
            .mean_and_deviation()
            .expect("values");
        assert_eq!(mean, 2.5);
        assert_close(deviation, 1.290_994_448_735_805_6, 1e-15);
    }

    #[test]
    fn is_right_at_every_size_and_across_powers_of_two() {
        // Python 3.11, exact: f = [Fraction(x) for x in values]; m = sum(f) / n;
        // v = sum((x - m) ** 2 for x in f) / (n - 1); mpmath 1.3.0, 60 digits: sqrt(v)
        let around = |centre: f64, step: f64| -> Vec<f64> {
            (-30..=30).map(|k| centre + f64::from(k) * step).collect()
        };
        let two_to_53 = 9_007_199_254_740_992.0;
        for (values, mean, deviation) in [
            (
                around(two_to_53, 1.0),
                9007199254740992.0,
                17.745883845067368,
            ),
            (
                around(-two_to_53, 1.0),
                -9007199254740992.0,
                17.745883845067368,
            ),
            (around(1024.0, 0.001), 1024.0, 0.017752934029805545),
            (
                vec![1e154, 2e154, 4e154],
                2.3333333333333334e+154,
                1.5275252316519468e+154,
            ),
            (
                vec![1e300, -1e300, 1.5e300],
                5e+299,
                1.3228756555322954e+300,
            ),
            (
                vec![f64::MAX, f64::MIN, f64::MAX],
                5.992310449541053e+307,
                1.7976931348623157e+308,
            ),
            (vec![1e-162, 3e-162], 2e-162, 1.414213562373095e-162),
            (
                vec![1e-200, 2e-200, 5e-201],
                1.1666666666666667e-200,
                7.637626158259733e-201,
            ),
            (vec![5e-324, 1.5e-323], 1e-323, 5e-324),
            (vec![1e16, 1.0, -1e16], 0.3333333333333333, 1e+16),
            (vec![0.0, 1e-9, 1e9], 333333333.3333333, 577350269.1896257),
        ] {
            let (found, found_deviation) = sums(&values).mean_and_deviation().expect("values");
            assert_close(found, mean, 2.3e-16);
            assert_close(found_deviation, deviation, 1e-14);
            // In any order, and counted at once.
            let mut reversed = values.clone();
            reversed.reverse();
            assert_eq!(
                sums(&reversed).mean_and_deviation(),
                Some((found, found_deviation))
            );
        }
    }

    #[test]
    fn no_cancellation_far_from_zero() {
        // The values 0, 1, 2 moved by 1.7e9: their deviation is 1 wherever they are.
        let (mean, deviation) = sums(&[1.7e9, 1.7e9 + 1.0, 1.7e9 + 2.0])
            .mean_and_deviation()
            .expect("values");
        assert_eq!(mean, 1.7e9 + 1.0);
        assert_close(deviation, 1.0, 1e-15);
    }

    #[test]
    fn huge_and_tiny_values_stay_finite() {
        let (mean, deviation) = sums(&[f64::MAX, f64::MIN, 5e-324])
            .mean_and_deviation()
            .expect("values");
        assert!(mean.is_finite() && deviation.is_finite());
        let (mean, _) = sums(&[5e-324]).mean_and_deviation().expect("values");
        assert_eq!(mean, 5e-324);
    }

    proptest! {
        #[test]
        fn order_and_shards_change_nothing(
            values in proptest::collection::vec(-1e6..1e6_f64, 1..60),
            cut in 0..60_usize,
        ) {
            let whole = sums(&values);
            let cut = cut.min(values.len());
            let mut reversed: Vec<f64> = values.clone();
            reversed.reverse();
            let mut merged = sums(&values[..cut]);
            merged.merge(&sums(&values[cut..]));
            let mut counted = ExactSums::default();
            values.iter().for_each(|&value| counted.add_times(value, 1));
            for other in [sums(&reversed), merged, counted] {
                prop_assert_eq!(other.to_stored(), whole.to_stored());
                prop_assert_eq!(other.mean_and_deviation(), whole.mean_and_deviation());
            }
            let stored = ExactSums::from_stored(&whole.to_stored()).expect("own form");
            prop_assert_eq!(stored.to_stored(), whole.to_stored());
        }

        #[test]
        fn agrees_with_the_two_pass_formula(values in proptest::collection::vec(-1e3..1e3_f64, 2..60)) {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let deviation =
                (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt();
            let (ours, our_deviation) = sums(&values).mean_and_deviation().expect("values");
            prop_assert!((ours - mean).abs() <= 1e-10);
            prop_assert!((our_deviation - deviation).abs() <= 1e-9 * (1.0 + deviation));
        }

        #[test]
        fn times_is_repeated_addition(value in -1e9..1e9_f64, count in 1..40_u64) {
            let mut times = ExactSums::default();
            times.add_times(value, count);
            let repeated = sums(&vec![value; count as usize]);
            prop_assert_eq!(times.to_stored(), repeated.to_stored());
        }
    }
}
