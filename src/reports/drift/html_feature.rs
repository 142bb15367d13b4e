//! One feature's section of the page, as the template wants it: plot, statistics, bins.

use serde::Serialize;

use super::{statistics, verdict};
use crate::drift::report::{BinReport, DriftReport, FeatureKind, FeatureReport, Histogram, Sides};
use crate::page::Html;
use crate::page::svg::{self, Bar, Caption, Tick};
use crate::reports::format;
use crate::text::shorten;

/// Most bins in a table; more are merged into one row.
const MOST_BINS: usize = 40;
/// Most categories in a plot.
const MOST_CATEGORIES: usize = 12;
/// Longest name of a feature or a category in the page, in terminal columns.
const LONGEST: usize = 80;
/// Most reasons, and the longest one.
const MOST_REASONS: usize = 12;
const LONGEST_REASON: usize = 400;

/// A feature's row in the table at the top.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Anchor of its section, if it has one.
    anchor: Option<String>,
    name: String,
    note: &'static str,
    status: &'static str,
    psi: String,
    missing: String,
    reasons: Vec<String>,
    gauge: Html,
    thumbnail: Option<Html>,
}

/// A feature's section.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    /// Heading above it, if it is the first of its kind.
    heading: Option<&'static str>,
    id: String,
    name: String,
    kind: &'static str,
    status: &'static str,
    reasons: Vec<String>,
    plot: Option<Html>,
    shape: Option<Html>,
    /// How many values the shape leaves out.
    beyond: Vec<String>,
    statistics: Vec<statistics::Statistic>,
    sides: Vec<(&'static str, String, String)>,
    bins: Vec<BinView>,
    bin_count: usize,
}

#[derive(Debug, Serialize)]
struct BinView {
    label: String,
    baseline: String,
    baseline_share: String,
    current: String,
    current_share: String,
    psi: String,
}

/// Makes the row of a feature. `id` is the anchor of its section; `linked` if it has one.
pub(super) fn row(report: &DriftReport, feature: &FeatureReport, id: &str, linked: bool) -> Row {
    let limits = verdict::limits(report, &feature.feature);
    let psi = feature
        .psi
        .map_or_else(|| format::NONE.to_owned(), format::psi);
    let title = format!(
        "PSI {psi}; warns at {}, fails at {}",
        limits.warn_psi, limits.fail_psi
    );
    let caption = Caption {
        id: &format!("{id}g"),
        title: &title,
        description: "",
    };
    let gauge = svg::gauge(
        &caption,
        feature.psi.unwrap_or(0.0),
        limits.warn_psi,
        limits.fail_psi,
        feature.status.as_str(),
    );
    let share = feature.missing.share;
    Row {
        thumbnail: thumbnail(feature, id),
        anchor: linked.then(|| id.to_owned()),
        name: shorten(&feature.feature, LONGEST).into_owned(),
        note: "",
        status: feature.status.as_str(),
        psi,
        missing: format::change(share.baseline, share.current, "→"),
        reasons: reasons(feature),
        gauge,
    }
}

/// Draws the shape in small: the histogram, or the bins as far as they fit into a cell.
fn thumbnail(feature: &FeatureReport, id: &str) -> Option<Html> {
    let bars: Vec<_> = match histogram(feature) {
        Some(histogram) => even_bars(histogram),
        None => merged(&feature.bins, MOST_CATEGORIES)
            .iter()
            .map(bar)
            .collect(),
    };
    let caption = Caption {
        id: &format!("{id}s"),
        title: "Shares by value: the baseline filled, the current side an outline",
        description: "",
    };
    (!bars.is_empty()).then(|| svg::thumbnail(&caption, &bars))
}

impl Row {
    /// Adds a word behind the name.
    pub(super) fn noted(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// Makes the section of a feature.
pub(super) fn section(
    report: &DriftReport,
    feature: &FeatureReport,
    id: String,
    heading: Option<&'static str>,
) -> Section {
    let limits = verdict::limits(report, &feature.feature);
    let name = shorten(&feature.feature, LONGEST).into_owned();
    Section {
        heading,
        plot: plot(feature, &id, &name),
        shape: shape(feature, &id, &name),
        beyond: histogram(feature).map_or_else(Vec::new, beyond),
        statistics: statistics::compared(feature, limits),
        sides: statistics::of_sides(feature),
        bins: bins(feature),
        bin_count: feature.bins.len(),
        kind: feature.kind.as_str(),
        status: feature.status.as_str(),
        reasons: reasons(feature),
        id,
        name,
    }
}

fn reasons(feature: &FeatureReport) -> Vec<String> {
    feature
        .reasons
        .iter()
        .take(MOST_REASONS)
        .map(|reason| format::held_together(&shorten(reason, LONGEST_REASON), "→"))
        .collect()
}

fn plot(feature: &FeatureReport, id: &str, name: &str) -> Option<Html> {
    if feature.bins.is_empty() {
        return None;
    }
    let largest = feature
        .bins
        .iter()
        .max_by(|a, b| a.psi.total_cmp(&b.psi))
        .map_or_else(String::new, |bin| {
            format!(
                "The largest change is in {}: {}.",
                shorten(&bin.label, LONGEST),
                format::change(bin.share.baseline, bin.share.current, "to")
            )
        });
    let caption = Caption {
        id,
        title: &format!("Shares of {name}, baseline against current"),
        description: &format!(
            "{} bins; the baseline is filled, the current side an outline. {largest}",
            feature.bins.len()
        ),
    };
    Some(match feature.kind {
        FeatureKind::Numeric => {
            let bars: Vec<_> = feature.bins.iter().map(bar).collect();
            svg::histogram(&caption, &bars, &ticks(&feature.bins))
        }
        FeatureKind::Categorical => {
            let rows = merged(&feature.bins, MOST_CATEGORIES);
            svg::categories(&caption, &rows.iter().map(bar).collect::<Vec<_>>())
        }
    })
}

fn histogram(feature: &FeatureReport) -> Option<&Histogram> {
    feature.numeric.as_ref()?.histogram.as_ref()
}

/// Draws the shape of numbers: bins of one width, where those of PSI hold a tenth of the baseline each.
fn shape(feature: &FeatureReport, id: &str, name: &str) -> Option<Html> {
    let histogram = histogram(feature)?;
    let caption = Caption {
        id: &format!("{id}h"),
        title: &format!("Shape of {name}, baseline against current"),
        description: &format!(
            "{} bins of one width; the baseline is filled, the current side an outline.",
            histogram.edges.len().saturating_sub(1)
        ),
    };
    let edges = histogram.edges.iter().enumerate();
    let ticks: Vec<Tick> = edges
        .map(|(at, edge)| Tick {
            at: at as f64,
            text: format::number(*edge),
        })
        .collect();
    Some(svg::histogram(&caption, &even_bars(histogram), &ticks))
}

/// Returns the shares of all values of a side, those beyond the bins included.
fn even_bars(histogram: &Histogram) -> Vec<Bar> {
    let Histogram {
        edges,
        count,
        below,
        above,
    } = histogram;
    let all = |counts: &[u64], below: u64, above: u64| {
        (counts.iter().sum::<u64>() + below + above).max(1) as f64
    };
    let baseline = all(&count.baseline, below.baseline, above.baseline);
    let current = all(&count.current, below.current, above.current);
    let counts = count.baseline.iter().zip(&count.current).zip(edges);
    counts
        .map(|((ours, theirs), edge)| Bar {
            label: format::number(*edge),
            baseline: *ours as f64 / baseline,
            current: *theirs as f64 / current,
        })
        .collect()
}

/// Says how many values lie where nothing is drawn.
fn beyond(histogram: &Histogram) -> Vec<String> {
    let (first, last) = (histogram.edges.first(), histogram.edges.last());
    [
        ("below", first, histogram.below),
        ("at or above", last, histogram.above),
    ]
    .into_iter()
    .filter(|(.., count)| count.baseline + count.current > 0)
    .map(|(word, edge, count)| {
        format!(
            "{word} {}: {} of the baseline, {} of the current side",
            edge.copied().map_or_else(String::new, format::number),
            format::counted(count.baseline, "value", "values"),
            format::count(count.current),
        )
    })
    .collect()
}

fn bar(bin: &BinReport) -> Bar {
    Bar {
        label: bin.label.clone(),
        baseline: bin.share.baseline,
        current: bin.share.current,
    }
}

/// Puts an edge between bins, and the value under a bin that is one value.
fn ticks(bins: &[BinReport]) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    for (at, bin) in bins.iter().enumerate() {
        let value = bin.label.strip_prefix("= ");
        if let Some(value) = value {
            ticks.push(Tick {
                at: at as f64 + 0.5,
                text: value.to_owned(),
            });
        }
        let next_is_value = bins
            .get(at + 1)
            .is_none_or(|next| next.label.starts_with("= "));
        if let Some(edge) = bin.upper.filter(|_| value.is_none() && !next_is_value) {
            ticks.push(Tick {
                at: at as f64 + 1.0,
                text: format::number(edge),
            });
        }
    }
    ticks
}

/// Returns at most `most` bins: those with the largest share stay, the rest is one.
fn merged(bins: &[BinReport], most: usize) -> Vec<BinReport> {
    if bins.len() <= most {
        return bins.to_vec();
    }
    let mut order: Vec<usize> = (0..bins.len()).collect();
    let weight = |at: &usize| bins[*at].share.baseline.max(bins[*at].share.current);
    order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let (kept, rest) = order.split_at(most - 1);
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    let sum = |get: fn(&BinReport) -> f64| rest.iter().map(|at| get(&bins[*at])).sum::<f64>();
    let count = |get: fn(&BinReport) -> u64| rest.iter().map(|at| get(&bins[*at])).sum::<u64>();
    let rest_bin = BinReport {
        label: format!("{} others", format::count(rest.len() as u64)),
        lower: None,
        upper: None,
        count: Sides {
            baseline: count(|bin| bin.count.baseline),
            current: count(|bin| bin.count.current),
        },
        share: Sides {
            baseline: sum(|bin| bin.share.baseline),
            current: sum(|bin| bin.share.current),
        },
        psi: sum(|bin| bin.psi),
    };
    kept.iter()
        .map(|at| bins[*at].clone())
        .chain([rest_bin])
        .collect()
}

fn bins(feature: &FeatureReport) -> Vec<BinView> {
    merged(&feature.bins, MOST_BINS)
        .into_iter()
        .map(|bin| BinView {
            label: shorten(&bin.label, LONGEST).into_owned(),
            baseline: format::count(bin.count.baseline),
            baseline_share: format::percent(bin.share.baseline),
            current: format::count(bin.count.current),
            current_share: format::percent(bin.share.current),
            psi: format::psi(bin.psi),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::report::Status;
    use crate::reports::drift::sample;

    #[test]
    fn many_categories_are_merged_and_nothing_is_lost() {
        let many: Vec<(String, u64, u64)> = (0..1000)
            .map(|at| (format!("category {at}"), 1000 - at, at))
            .collect();
        let many: Vec<_> = many.iter().map(|c| (c.0.as_str(), c.1, c.2)).collect();
        let feature = sample::categorical("city", Status::Ok, 0.0, &many);
        let rows = merged(&feature.bins, 12);
        assert_eq!(rows.len(), 12);
        assert_eq!(rows[11].label, "989 others");
        let total: u64 = rows.iter().map(|bin| bin.count.baseline).sum();
        assert_eq!(
            total,
            feature
                .bins
                .iter()
                .map(|bin| bin.count.baseline)
                .sum::<u64>()
        );
        assert_eq!(bins(&feature).len(), MOST_BINS);
    }

    #[test]
    fn ticks_stand_on_edges_and_under_single_values() {
        let mut feature = sample::numeric("n", Status::Ok, 0.0, 4, 0.0);
        feature.bins[0].label = "= 0".to_owned();
        let ticks = ticks(&feature.bins);
        let shown: Vec<_> = ticks
            .iter()
            .map(|tick| (tick.at, tick.text.as_str()))
            .collect();
        assert_eq!(shown, [(0.5, "0"), (2.0, "68.45"), (3.0, "93.55")]);
    }

    #[test]
    fn a_feature_without_bins_has_no_plot() {
        let mut feature = sample::numeric("n", Status::Ok, 0.0, 4, 0.0);
        feature.bins.clear();
        assert!(plot(&feature, "f1", "n").is_none());
    }
}
