//! The section of the page about segments: a row for each, a heat map by windows, and which of them made the
//! drift of the whole.

use std::collections::BTreeMap;

use serde::Serialize;

use super::segments;
use crate::drift::report::DriftReport;
use crate::drift::segments::{CutReport, SegmentReport};
use crate::page::Html;
use crate::page::heat::{HeatRow, heat};
use crate::page::svg::Caption;
use crate::reports::format;

/// Rows of a table, and of a heat map.
const MOST_SEGMENTS: usize = 100;
/// Features whose drift is taken apart.
const MOST_FEATURES: usize = 30;

#[derive(Serialize)]
pub(super) struct View {
    heading: String,
    rows: Vec<Row>,
    more: usize,
    has_performance: bool,
    heat: Option<Html>,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Row {
    status: &'static str,
    segment: String,
    count: String,
    share: String,
    psi: String,
    auc: String,
    why: String,
}

#[derive(Serialize)]
struct Part {
    feature: String,
    psi: String,
    mix: String,
    within: String,
    made_by: String,
}

/// Returns what the page says of each cut.
pub(super) fn views(report: &DriftReport) -> Vec<View> {
    let cuts = segments::cuts(report).iter().enumerate();
    cuts.map(|(at, cut)| view(report, at, cut)).collect()
}

fn view(report: &DriftReport, at: usize, cut: &CutReport) -> View {
    let rows = cut.segments.iter().take(MOST_SEGMENTS).map(|segment| Row {
        status: segment.status.as_str(),
        segment: segments::name(segment),
        count: format::count(segment.rows.current),
        share: format::change(segment.share.baseline, segment.share.current, "→"),
        psi: segments::psi(segment),
        auc: segments::auc(segment),
        why: segments::remark(segment),
    });
    let parts = segments::worth_splitting(cut, MOST_FEATURES);
    let parts = parts.iter().map(|feature| Part {
        feature: feature.feature.clone(),
        psi: format::psi(feature.psi),
        mix: segments::part(feature.mix),
        within: segments::part(feature.within),
        made_by: segments::made_by(feature),
    });
    View {
        heading: segments::heading(cut),
        rows: rows.collect(),
        more: cut.segments.len().saturating_sub(MOST_SEGMENTS),
        has_performance: segments::has_performance(cut),
        heat: (!report.windows.is_empty()).then(|| map(report, at, cut)),
        parts: parts.collect(),
    }
}

/// Draws the segments that are worst off by windows.
fn map(report: &DriftReport, at: usize, cut: &CutReport) -> Html {
    let columns: Vec<String> = report
        .windows
        .iter()
        .map(|window| window.window.clone())
        .collect();
    let rows: Vec<HeatRow> = cut
        .segments
        .iter()
        .take(MOST_SEGMENTS)
        .map(|segment| HeatRow {
            label: segments::name(segment),
            cells: cells(segment, &columns),
        })
        .collect();
    let id = format!("heat-segments-{at}");
    let caption = Caption {
        id: &id,
        title: "Segments by windows",
        description: "Each square is a segment in a window of time: !! fails, ! warns; the figures are in the report",
    };
    heat(&caption, &columns, &rows)
}

fn cells(segment: &SegmentReport, columns: &[String]) -> Vec<Option<(&'static str, String)>> {
    let by_name: BTreeMap<&str, _> = segment
        .windows
        .iter()
        .map(|window| (&*window.window, window))
        .collect();
    let cell = |column: &String| {
        let window = by_name.get(column.as_str())?;
        let psi = window
            .max_psi
            .map_or_else(|| format::NONE.to_owned(), format::psi);
        let said = format!(
            "{}, {column}: {}, max PSI {psi}",
            segment.segment, window.status
        );
        Some((window.status.as_str(), said))
    };
    columns.iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use crate::reports::drift::html;
    use crate::reports::drift::segments::tests::by_contract;

    #[test]
    fn the_page_has_a_row_for_each_segment_and_no_markup_of_theirs() {
        let page = html::page(&by_contract()).expect("a page");
        assert!(page.contains("id=\"segments\""), "{page}");
        assert!(page.contains("Segments by contract"));
        assert!(page.contains("contract=Two &lt;year&gt;") && !page.contains("<year>"));
        assert!(page.contains("0.021 (within)"));
    }
}
