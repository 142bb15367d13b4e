//! Random numbers from a seed, the same on any machine.

/// 2^64 over the golden ratio.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Returns the generator with this number among those of a seed, each far from the others.
    ///
    /// `seed + number * GOLDEN` would not do: the state moves by `GOLDEN` a draw, so that each generator would draw the
    /// numbers of the one before it, one later.
    pub(super) fn stream(seed: u64, number: u64) -> Self {
        let start = Self(seed).next();
        Self(Self(start.wrapping_add(number)).next())
    }

    /// Draws a number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Draws 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Shuffles (Fisher, Yates).
pub(super) fn shuffle<T>(values: &mut [T], random: &mut Random) {
    for last in (1..values.len()).rev() {
        let other = random.below(last as u64 + 1) as usize;
        values.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_a_seed_share_no_number() {
        let mut seen = std::collections::HashSet::new();
        for number in 0..200 {
            let mut random = Random::stream(1, number);
            assert!((0..1_000).all(|_| seen.insert(random.next())), "{number}");
        }
    }

    #[test]
    fn a_shuffle_keeps_all_values_and_follows_the_seed() {
        let of = |seed| {
            let mut values: Vec<u32> = (0..100).collect();
            shuffle(&mut values, &mut Random(seed));
            values
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let mut sorted = of(3);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }
}
