//! A generator of our own, so that a seed means the same on any machine.

/// SplitMix64, a tiny generator of 64 random bits at a time.
///
/// # Formula
/// `state += 0x9E3779B97F4A7C15`, then two xor-shift-multiply rounds over a copy of it.
/// Steele, Lea, Flood (2014), "Fast Splittable Pseudorandom Number Generators", OOPSLA.
///
/// # Examples
/// ```
/// let mut bits = churn_drift::stats::bootstrap::SplitMix64::new(1_234_567);
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
}
