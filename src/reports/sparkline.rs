//! Histograms of a dozen characters, both sides on the same scale.

/// Which characters a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// `▁▂▃▄▅▆▇█`.
    #[default]
    Blocks,
    /// `.:-=+*#@`, where the locale isn't UTF-8.
    Ascii,
}

impl Glyphs {
    const fn levels(self) -> [char; 8] {
        match self {
            Self::Blocks => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => ['.', ':', '-', '=', '+', '*', '#', '@'],
        }
    }

    /// Returns the arrow between before and after.
    #[must_use]
    pub const fn arrow(self) -> &'static str {
        match self {
            Self::Blocks => "→",
            Self::Ascii => "->",
        }
    }
}

/// Most characters of a histogram.
pub const MOST: usize = 12;

/// How bins are merged where there are more than [`MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Equally many neighbours at a time: numbers.
    Neighbours,
    /// The last ones into one: categories, the most frequent first.
    Tail,
}

/// Returns the two histograms of pairs of shares, baseline first. A bin without a row is a space.
#[must_use]
pub fn pair(shares: &[(f64, f64)], merge: Merge, glyphs: Glyphs) -> (String, String) {
    let bins = merged(shares, merge);
    let most = bins.iter().map(|bin| bin.0.max(bin.1)).fold(0.0, f64::max);
    let levels = glyphs.levels();
    let glyph = |share: f64| {
        if share > 0.0 && most > 0.0 {
            let level = (share / most * 8.0).ceil() as usize;
            levels[level.clamp(1, 8) - 1]
        } else {
            ' '
        }
    };
    (
        bins.iter().map(|bin| glyph(bin.0)).collect(),
        bins.iter().map(|bin| glyph(bin.1)).collect(),
    )
}

fn merged(shares: &[(f64, f64)], merge: Merge) -> Vec<(f64, f64)> {
    let sum = |bins: &[(f64, f64)]| {
        bins.iter()
            .fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1))
    };
    if shares.len() <= MOST {
        return shares.to_vec();
    }
    match merge {
        Merge::Neighbours => shares
            .chunks(shares.len().div_ceil(MOST))
            .map(sum)
            .collect(),
        Merge::Tail => {
            let (head, tail) = shares.split_at(MOST - 1);
            head.iter().copied().chain([sum(tail)]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_share_one_scale() {
        let (baseline, current) = pair(
            &[(0.5, 1.0), (0.5, 0.0), (0.0, 0.001)],
            Merge::Neighbours,
            Glyphs::Blocks,
        );
        assert_eq!(baseline, "▄▄ ");
        assert_eq!(current, "█ ▁");
    }

    #[test]
    fn never_more_than_a_dozen_and_nothing_is_lost() {
        for bins in [13, 24, 25, 30, 1000] {
            let shares = vec![(1.0 / f64::from(bins), 0.0); bins as usize];
            for merge in [Merge::Neighbours, Merge::Tail] {
                let merged = merged(&shares, merge);
                assert!(merged.len() <= MOST, "{bins}: {}", merged.len());
                let total: f64 = merged.iter().map(|bin| bin.0).sum();
                assert!((total - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn ascii_has_no_wide_character() {
        let (baseline, _) = pair(&[(0.1, 0.2), (0.9, 0.8)], Merge::Tail, Glyphs::Ascii);
        assert!(baseline.is_ascii());
    }

    #[test]
    fn a_side_without_values_is_blank() {
        let (_, current) = pair(&[(0.5, 0.0), (0.5, 0.0)], Merge::Tail, Glyphs::Blocks);
        assert_eq!(current, "  ");
        assert_eq!(
            pair(&[], Merge::Tail, Glyphs::Blocks),
            (String::new(), String::new())
        );
    }
}
