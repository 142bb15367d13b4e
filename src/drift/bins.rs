//! Bins: where the baseline's edges are, and what falls between them on either side.

use crate::profile::{Categories, Numbers};

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
    /// A bin a category by falling baseline count, then the unseen ones by falling current count.
    pub bins: Vec<Bin>,
    /// Categories that the baseline never had with their current counts, largest first.
    pub unseen: Vec<(String, u64)>,
    /// Categories of the baseline that are gone with their baseline counts, largest first.
    pub lost: Vec<(String, u64)>,
}

/// Counts both sides by category: the baseline's largest ones, `other`, and those it never had.
#[must_use]
pub fn category_bins(baseline: &Categories, current: &Categories) -> CategoryBins {
    let (baseline, current) = if baseline.hashed == current.hashed {
        (baseline.clone(), current.clone())
    } else {
        (baseline.to_hashed(), current.to_hashed())
    };
    let count = |side: &Categories, name: &str| side.counts.get(name).copied().unwrap_or(0);
    let largest_first = |names: &mut Vec<(String, u64)>| {
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    };
    let mut known: Vec<(String, u64)> = baseline.counts.clone().into_iter().collect();
    largest_first(&mut known);
    let mut unseen: Vec<(String, u64)> = current
        .counts
        .iter()
        .filter(|(name, _)| !baseline.counts.contains_key(*name))
        .map(|(name, &count)| (name.clone(), count))
        .collect();
    largest_first(&mut unseen);
    let lost: Vec<(String, u64)> = known
        .iter()
        .filter(|(name, _)| count(&current, name) == 0)
        .cloned()
        .collect();
    let bin = |label: &str, baseline: u64, current: u64| Bin {
        label: label.to_owned(),
        lower: None,
        upper: None,
        baseline,
        current,
    };
    let mut bins: Vec<Bin> = known
        .iter()
        .take(MAX_CATEGORIES)
        .map(|(name, baseline)| bin(name, *baseline, count(&current, name)))
        .collect();
    let rest = &known[known.len().min(MAX_CATEGORIES)..];
    if !rest.is_empty() {
        let (theirs, ours) = rest
            .iter()
            .fold((0, 0), |(theirs, ours), (name, baseline)| {
                (theirs + baseline, ours + count(&current, name))
            });
        bins.push(bin("(other)", theirs, ours));
    }
    bins.extend(
        unseen
            .iter()
            .take(MAX_CATEGORIES)
            .map(|(name, count)| bin(name, 0, *count)),
    );
    let rest: u64 = unseen
        .iter()
        .skip(MAX_CATEGORIES)
        .map(|(_, count)| count)
        .sum();
    if rest > 0 {
        bins.push(bin("(other unseen)", 0, rest));
    }
    let (unseen, lost) = if baseline.hashed {
        Default::default()
    } else {
        (unseen, lost)
    };
    CategoryBins { bins, unseen, lost }
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
            ("(other)", 1000, 1000)
        );
        assert_eq!(bins.lost.len(), 700);
    }
}
