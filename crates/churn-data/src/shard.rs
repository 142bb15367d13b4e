//! One of several equal parts of a data set, for machines that share the reading.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Part `index` of `count`, counted from 0: `0/8` to `7/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// Why a text is not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a shard is written I/N with I from 0 to N - 1 and N at most 100000, such as 0/8")]
pub struct BadShard;

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let (index, count) = text.split_once('/').ok_or(BadShard)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| BadShard);
        let (index, count) = (number(index)?, number(count)?);
        if index >= count || count > 100_000 {
            return Err(BadShard);
        }
        Ok(Self { index, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// Returns this part of `total` things that stand in a row.
    pub(super) fn part(self, total: u64) -> Range<u64> {
        let cut = |at: u32| {
            let cut = u128::from(total) * u128::from(at) / u128::from(self.count);
            u64::try_from(cut).unwrap_or(total)
        };
        cut(self.index)..cut(self.index + 1)
    }

    /// Returns whether a table that cannot be cut is this part's, by its position.
    pub(super) const fn takes_whole(self, table: u32) -> bool {
        table % self.count == self.index
    }

    /// Returns its position, from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Returns whether it is the whole.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.count == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole_and_words_are_checked() {
        for total in [0, 1, 7, 1_000_003, u64::MAX] {
            let mut next = 0;
            for index in 0..8 {
                let part = Shard { index, count: 8 }.part(total);
                assert_eq!(part.start, next);
                next = part.end;
            }
            assert_eq!(next, total);
        }
        assert_eq!("3/8".parse(), Ok(Shard { index: 3, count: 8 }));
        for bad in ["8/8", "1", "a/2", "0/0", "-1/2", "1/2/3", "0/100001"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
