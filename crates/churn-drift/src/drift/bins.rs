//! Bins: where the baseline's edges are, and what falls between them on either side.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::profile::{Categories, Numbers, pool_rare};

/// Deciles.
const QUANTILES: u32 = 10;
/// With no more distinct values than this, every value is a bin.
const FEW_VALUES: usize = 20;
/// Most categories with a bin of their own.
pub const MAX_CATEGORIES: usize = 1_000;

/// Returns the edges of the numeric bins of a baseline, rising.
///
/// The deciles, repeats merged. A value is a bin of its own where at most 20 are distinct, or
/// where it holds more than a tenth of the rows. On a grid, edges are boundaries of cells.
#[must_use]
pub fn edges(baseline: &Numbers) -> Vec<f64> {
    let cells = baseline.cells();
    let few = baseline.is_exact() && cells.len() <= FEW_VALUES;
    let mut edges: Vec<f64> = cells
        .iter()
        .filter(|cell| few || cell.count * 10 > baseline.count())
        .flat_map(|&cell| {
            let (lower, upper) = (baseline.lower(cell), baseline.upper(cell));
            // Counted in stretches: one that is a single value has it for its lower end.
            match baseline.stretches() {
                Some(cuts) => {
                    let inside = cuts.filter(|cut| lower <= *cut && *cut < upper);
                    let value = inside.last().unwrap_or(lower);
                    [value, value.next_up()]
                }
                None => [lower, upper],
            }
        })
        .collect();
    if !few {
        edges.extend((1..QUANTILES).map(|decile| {
            baseline.snapped(baseline.quantile(f64::from(decile) / f64::from(QUANTILES)))
        }));
    }
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// One bin with the counts of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// What a reader calls it.
    pub label: String,
    /// Lower edge, included.
    pub lower: Option<f64>,
    /// Upper edge, excluded.
    pub upper: Option<f64>,
    /// Rows of the baseline.
    pub baseline: u64,
    /// Rows of the current side.
    pub current: u64,
}

/// Counts both sides between the edges. Bins that are empty on both sides are left out.
/// Also returns whether all counts are exact.
#[must_use]
pub fn numeric_bins(edges: &[f64], baseline: &Numbers, current: &Numbers) -> (Vec<Bin>, bool) {
    let mut exact = true;
    let mut at_least = |numbers: &Numbers, edge: f64| {
        let (count, is_exact) = numbers.at_least(edge);
        exact &= is_exact;
        count
    };
    let mut bins = Vec::with_capacity(edges.len() + 1);
    let (mut above_baseline, mut above_current) = (baseline.count(), current.count());
    for position in 0..=edges.len() {
        let lower = position.checked_sub(1).map(|position| edges[position]);
        let upper = edges.get(position).copied();
        let (next_baseline, next_current) = match upper {
            Some(edge) => (at_least(baseline, edge), at_least(current, edge)),
            None => (0, 0),
        };
        let bin = Bin {
            label: label(lower, upper),
            lower,
            upper,
            baseline: above_baseline - next_baseline.min(above_baseline),
            current: above_current - next_current.min(above_current),
        };
        (above_baseline, above_current) = (next_baseline, next_current);
        if bin.baseline + bin.current > 0 {
            bins.push(bin);
        }
    }
    (bins, exact)
}

fn label(lower: Option<f64>, upper: Option<f64>) -> String {
    match (lower, upper) {
        (Some(lower), Some(upper)) if upper == lower.next_up() => format!("= {}", short(lower)),
        (Some(lower), Some(upper)) => format!("[{}, {})", short(lower), short(upper)),
        (None, Some(upper)) => format!("< {}", short(upper)),
        (Some(lower), None) => format!(">= {}", short(lower)),
        (None, None) => "all".into(),
    }
}

/// Returns a number with at most six significant digits, shorter where it is round.
#[must_use]
pub fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let magnitude = number.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        return format!("{number:.4e}");
    }
    let decimals = (5.0 - magnitude).max(0.0) as usize;
    let text = format!("{number:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

/// The bins of a categorical feature, with the names that came and went.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CategoryBins {
    /// A bin a category by falling baseline count, then the unseen ones by falling current count,
    /// then all others as one.
    pub bins: Vec<Bin>,
    /// Rows of both sides by category, every one of either side.
    pub counts: Vec<(u64, u64)>,
    /// Categories that the baseline never had with their current counts, largest first.
    pub unseen: Vec<(String, u64)>,
    /// Categories of the baseline that are gone with their baseline counts, largest first.
    pub lost: Vec<(String, u64)>,
}

/// Counts both sides by category: a bin each for the largest, one for all others.
///
/// Which are the largest is decided by the rows of both sides together. Were it the baseline's
/// alone, its long tail would be one bin, and the current side's tail, which are other categories of
/// the same law, would be thousands; and what chance made large in the baseline would shrink.
#[must_use]
pub fn category_bins(baseline: &Categories, current: &Categories) -> CategoryBins {
    let (ours, theirs) = if baseline.hashed == current.hashed {
        pool_rare(baseline, current)
    } else {
        (
            Cow::Owned(baseline.to_hashed()),
            Cow::Owned(current.to_hashed()),
        )
    };
    let is_hashed = ours.hashed;
    let mut joint: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (name, count) in &ours.counts {
        joint.entry(name).or_default().0 += count;
    }
    for (name, count) in &theirs.counts {
        joint.entry(name).or_default().1 += count;
    }
    let mut names: Vec<(&str, u64, u64)> = joint
        .into_iter()
        .map(|(name, (baseline, current))| (name, baseline, current))
        .filter(|(_, baseline, current)| baseline + current > 0)
        .collect();
    names.sort_by(|a, b| (b.1 + b.2).cmp(&(a.1 + a.2)).then_with(|| a.0.cmp(b.0)));
    let counts = names
        .iter()
        .map(|(_, ours, theirs)| (*ours, *theirs))
        .collect();
    let mut shown = names[..names.len().min(MAX_CATEGORIES)].to_vec();
    let rest = &names[shown.len()..];
    let largest_first = |a: &(&str, u64, u64), b: &(&str, u64, u64)| {
        (b.1.cmp(&a.1))
            .then(b.2.cmp(&a.2))
            .then_with(|| a.0.cmp(b.0))
    };
    shown.sort_by(largest_first);
    let bin = |label: &str, baseline: u64, current: u64| Bin {
        label: label.to_owned(),
        lower: None,
        upper: None,
        baseline,
        current,
    };
    let mut bins: Vec<Bin> = shown
        .into_iter()
        .map(|(name, baseline, current)| bin(name, baseline, current))
        .collect();
    if !rest.is_empty() {
        let sum = |(ours, theirs), (_, baseline, current): &(&str, u64, u64)| {
            (ours + baseline, theirs + current)
        };
        let (ours, theirs) = rest.iter().fold((0, 0), sum);
        bins.push(bin("(other)", ours, theirs));
    }
    names.sort_by(largest_first);
    let named = |is_wanted: fn(&(&str, u64, u64)) -> bool, count: fn(&(&str, u64, u64)) -> u64| {
        // A hash has no name to be missed by.
        let wanted = names.iter().filter(|one| !is_hashed && is_wanted(one));
        wanted
            .map(|one| (one.0.to_owned(), count(one)))
            .collect::<Vec<_>>()
    };
    CategoryBins {
        counts,
        unseen: named(|one| one.1 == 0, |one| one.2),
        lost: named(|one| one.2 == 0, |one| one.1),
        bins,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_short_and_keep_six_digits() {
        for (number, text) in [
            (0.0, "0"),
            (15_623.800_000_000_001, "15623.8"),
            (0.560_668_915_626_536_3, "0.560669"),
            (100.0, "100"),
            (-2.5, "-2.5"),
            (1e9, "1000000000"),
            (1.5e-9, "1.5000e-9"),
            (1e300, "1.0000e300"),
        ] {
            assert_eq!(short(number), text);
        }
    }

    #[test]
    fn labels_say_what_is_included() {
        assert_eq!(label(None, Some(1.0)), "< 1");
        assert_eq!(label(Some(1.0), Some(1.0_f64.next_up())), "= 1");
        assert_eq!(label(Some(1.0), Some(2.0)), "[1, 2)");
        assert_eq!(label(Some(2.0), None), ">= 2");
    }

    fn categories(counts: &[(&str, u64)]) -> Categories {
        Categories {
            counts: counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
            hashed: false,
        }
    }

    #[test]
    fn unseen_and_lost_categories_are_named() {
        let bins = category_bins(
            &categories(&[("a", 5), ("b", 9), ("c", 1)]),
            &categories(&[("a", 4), ("b", 2), ("z", 6)]),
        );
        let labels: Vec<&str> = bins.bins.iter().map(|bin| bin.label.as_str()).collect();
        assert_eq!(labels, ["b", "a", "c", "z"]);
        assert_eq!(bins.unseen, [("z".to_owned(), 6)]);
        assert_eq!(bins.lost, [("c".to_owned(), 1)]);
    }

    #[test]
    fn more_than_a_thousand_categories_share_other() {
        let names: Vec<String> = (0..1500).map(|i| format!("c{i:04}")).collect();
        let many: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 2)).collect();
        let bins = category_bins(&categories(&many), &categories(&many[700..]));
        assert_eq!(bins.bins.len(), 1001);
        let other = &bins.bins[1000];
        assert_eq!(
            (other.label.as_str(), other.baseline, other.current),
            ("(other)", 1000, 0)
        );
        assert_eq!(bins.lost.len(), 700);
    }

    #[test]
    fn the_tails_of_both_sides_share_one_bin() {
        // 1,200 categories on either side, 1,000 of them known to both: the 400 of one row each
        // that only one side has are one bin, and a new one of many rows has its own.
        let name = |at: usize| format!("c{at:05}");
        let side = |own: usize| {
            let common = (0..1000).map(|at| (name(at), if at < 999 { 5 } else { 2 }));
            let own = (own..own + 200).map(|at| (name(at), 1));
            common.chain(own).collect::<Vec<_>>()
        };
        let (ours, mut theirs) = (side(2000), side(3000));
        theirs.push(("new".to_owned(), 400));
        let named = |side: &[(String, u64)]| {
            let pairs: Vec<(&str, u64)> =
                side.iter().map(|(name, n)| (name.as_str(), *n)).collect();
            categories(&pairs)
        };
        let bins = category_bins(&named(&ours), &named(&theirs));
        assert_eq!(bins.bins.len(), 1001);
        assert_eq!(bins.counts.len(), 1401);
        let shown = |at: usize| {
            let bin = &bins.bins[at];
            (bin.label.as_str(), bin.baseline, bin.current)
        };
        assert_eq!(shown(999), ("new", 0, 400));
        assert_eq!(shown(1000), ("(other)", 202, 202));
        assert_eq!(bins.unseen[0], ("new".to_owned(), 400));
        assert_eq!((bins.unseen.len(), bins.lost.len()), (201, 200));
    }
}
