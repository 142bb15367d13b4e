//! Resampling of counts with a generator of our own, so that a seed means the same on any
//! machine. What is estimated from the resampled counts is the caller's affair.

/// SplitMix64, a tiny generator of 64 random bits at a time.
///
/// # Formula
/// `state += 0x9E3779B97F4A7C15`, then two xor-shift-multiply rounds over a copy of it.
/// Steele, Lea, Flood (2014), "Fast Splittable Pseudorandom Number Generators", OOPSLA.
///
/// # Examples
/// ```
/// let mut bits = churnctl::stats::bootstrap::SplitMix64::new(1_234_567);
/// assert_eq!(bits.next_u64(), 6_457_827_717_110_365_317);
/// ```
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// Returns a generator that starts from `seed`. Every seed is a good one.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns the next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Returns a number in 0 (included) to 1 (excluded), a multiple of 2^-53.
    pub const fn next_unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Returns a draw from the standard normal law, accurate enough to resample counts.
    ///
    /// # Formula
    /// The sum of twelve uniforms less six (Irwin-Hall): mean 0, variance 1, tails cut at 6.
    /// It needs additions only, so every machine gets the same bits; a sine or a logarithm
    /// may differ in the last digit.
    pub const fn next_normal(&mut self) -> f64 {
        let mut sum = 0_u64;
        let mut pair = 0;
        while pair < 6 {
            let bits = self.next_u64();
            sum += (bits >> 32) + (bits & 0xFFFF_FFFF);
            pair += 1;
        }
        // Each half is floored to 32 bits; half a step apiece centres the sum again.
        (sum as f64 + 6.0) / 4_294_967_296.0 - 6.0
    }
}

/// Counts up to here are drawn from a table of the Poisson law, larger ones by the normal law.
const LARGEST_TABLE: u64 = 64;

/// Draws Poisson numbers whose mean is an observed count: the Poisson bootstrap.
///
/// A row drawn with replacement occurs about Poisson(1) times, and the sum over the `count`
/// rows of one cell is Poisson(`count`), so cells can be resampled in place of rows
/// (Chamandy, Muralidharan, Najmi, Naidu (2012), "Estimating uncertainty for massive data
/// streams", Google).
#[derive(Debug)]
pub struct PoissonResampler {
    bits: SplitMix64,
    tables: Vec<Option<Box<PoissonTable>>>,
}

/// The cumulated Poisson law of one mean over 32 random bits.
#[derive(Debug)]
struct PoissonTable {
    /// `limits[k]` is P(X <= k) times 2^32; the last one is never reached.
    limits: Vec<u64>,
    /// The answer for the smallest 32 bits that start with these eight: where the search begins.
    first: [u8; 256],
}

impl PoissonTable {
    fn new(mean: u64) -> Self {
        let mean = mean as f64;
        let mut limits = Vec::new();
        let mut term = (-mean).exp();
        let mut sum = term;
        while sum < 1.0 - 1e-12 || (limits.len() as f64) < mean {
            limits.push((sum * 4_294_967_296.0) as u64);
            term *= mean / (limits.len() as f64);
            sum += term;
        }
        limits.push(u64::MAX);
        let mut first = [0_u8; 256];
        let mut answer = 0;
        for (start, slot) in (0_u64..).zip(first.iter_mut()) {
            while limits[answer] <= start << 24 {
                answer += 1;
            }
            *slot = u8::try_from(answer).unwrap_or(u8::MAX);
        }
        Self { limits, first }
    }

    #[inline]
    fn draw(&self, bits: u32) -> u64 {
        let mut answer = usize::from(self.first[(bits >> 24) as usize]);
        while self.limits[answer] <= u64::from(bits) {
            answer += 1;
        }
        answer as u64
    }
}

impl PoissonResampler {
    /// Returns a resampler that starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            bits: SplitMix64::new(seed),
            tables: (0..=LARGEST_TABLE).map(|_| None).collect(),
        }
    }

    /// Returns a draw from Poisson(`count`); 0 for 0.
    #[inline]
    pub fn draw(&mut self, count: u64) -> u64 {
        match count {
            0 => 0,
            1..=LARGEST_TABLE => {
                let bits = (self.bits.next_u64() >> 32) as u32;
                let slot = &mut self.tables[count as usize];
                slot.get_or_insert_with(|| Box::new(PoissonTable::new(count)))
                    .draw(bits)
            }
            _ => {
                let mean = count as f64;
                (mean + mean.sqrt() * self.bits.next_normal()).round() as u64
            }
        }
    }
}

/// Returns the ends of the central interval that holds `level` of the values, or nothing if
/// there are none. Sorts the values.
///
/// # Formula
/// Quantiles at `(1 - level) / 2` and `(1 + level) / 2` by linear interpolation between the
/// two nearest ranks, numpy's default.
#[must_use]
pub fn percentile_interval(values: &mut [f64], level: f64) -> Option<(f64, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let quantile = |share: f64| {
        let rank = share * last as f64;
        let below = rank.floor() as usize;
        let above = (below + 1).min(last);
        values[below] + (values[above] - values[below]) * (rank - below as f64)
    };
    Some((quantile((1.0 - level) / 2.0), quantile((1.0 + level) / 2.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_sequence() {
        // Rosetta Code, "Pseudo-random numbers/Splitmix64", seed 1234567.
        let mut bits = SplitMix64::new(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| bits.next_u64()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_the_poisson_law() {
        for count in [1_u64, 2, 7, 40, 64, 65, 1_000] {
            let mut resampler = PoissonResampler::new(count);
            let draws: Vec<f64> = (0..100_000).map(|_| resampler.draw(count) as f64).collect();
            let n = draws.len() as f64;
            let mean = draws.iter().sum::<f64>() / n;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let expected = count as f64;
            // Five standard errors: of the mean sqrt(m / n), of the variance sqrt((m + 2 m^2) / n).
            assert!((mean - expected).abs() < 5.0 * (expected / n).sqrt());
            let variance_error = ((expected + 2.0 * expected * expected) / n).sqrt();
            assert!((variance - expected).abs() < 5.0 * variance_error);
        }
    }

    #[test]
    fn a_single_row_is_drawn_by_the_poisson_probabilities() {
        let mut resampler = PoissonResampler::new(9);
        let mut seen = [0_u32; 12];
        for _ in 0..100_000 {
            seen[resampler.draw(1) as usize] += 1;
        }
        // scipy 1.17.1: scipy.stats.poisson(1).pmf([0, 1, 2, 3])
        let law = [0.36787944, 0.36787944, 0.18393972, 0.06131324];
        for (count, probability) in seen.iter().zip(law) {
            assert!((f64::from(*count) / 100_000.0 - probability).abs() < 0.008);
        }
    }

    #[test]
    fn nothing_is_drawn_from_nothing() {
        assert_eq!(PoissonResampler::new(1).draw(0), 0);
    }

    #[test]
    fn the_interval_is_that_of_numpy() {
        // numpy 2.4.6: np.quantile(np.arange(11) ** 2, [0.025, 0.975])
        let mut values: Vec<f64> = (0..11).rev().map(|x| f64::from(x * x)).collect();
        let (low, high) = percentile_interval(&mut values, 0.95).expect("has values");
        assert!((low - 0.25).abs() < 1e-12 && (high - 95.25).abs() < 1e-12);
        assert_eq!(percentile_interval(&mut [], 0.95), None);
    }
}
