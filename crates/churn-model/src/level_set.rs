//! A set of levels of a category, by their positions.

/// One bit a level, and one for all texts that are not levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LevelSet(Box<[u64]>);

impl LevelSet {
    /// Makes a set of those of `levels` that are below `size`.
    pub(super) fn new(size: usize, levels: &[u32]) -> Self {
        let mut words = vec![0; size.div_ceil(64)];
        for level in levels {
            if let Some(word) = words.get_mut(*level as usize / 64) {
                *word |= 1 << (level % 64);
            }
        }
        Self(words.into())
    }

    /// Returns whether a cell, which is a position, is in it.
    pub(super) fn has(&self, cell: f64) -> bool {
        let level = cell as usize;
        self.0[level / 64] >> (level % 64) & 1 == 1
    }

    /// Returns all that is not in it. Bits beyond the last position are no cell's.
    pub(super) fn complement(&self) -> Self {
        Self(self.0.iter().map(|word| !word).collect())
    }

    /// Returns what is in both, which are of one feature.
    pub(super) fn and(&self, other: &Self) -> Self {
        let words = self.0.iter().zip(&*other.0);
        Self(words.map(|(own, other)| own & other).collect())
    }
}
