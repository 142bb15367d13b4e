//! The section of the page about windows of time: a heat map of features by windows, and a row for each
//! window.

use serde::Serialize;

use super::{alarm, windows};
use crate::drift::over_time::WindowReport;
use crate::drift::report::DriftReport;
use crate::page::Html;
use crate::page::heat::{HeatRow, heat};
use crate::page::svg::Caption;
use crate::reports::format;

/// Rows of the heat map: the features that are worst off.
pub(super) const MOST_FEATURES: usize = 100;
/// Rows of the table, from the last window on.
const MOST_WINDOWS: usize = 200;

#[derive(Serialize)]
pub(super) struct View {
    cut: String,
    heat: Html,
    features_more: usize,
    rows: Vec<Row>,
    has_estimates: bool,
    more: usize,
    last: String,
    alarm: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Row {
    status: &'static str,
    judged: bool,
    window: String,
    count: String,
    psi: String,
    auc: Option<String>,
    worst: String,
    why: String,
}

/// Returns what the page says of windows; none if there are none.
pub(super) fn view(report: &DriftReport) -> Option<View> {
    let cut = windows::cut(report)?;
    let rows = rows(report);
    let (heat, features) = map(&report.windows);
    Some(View {
        cut,
        heat,
        features_more: features.saturating_sub(MOST_FEATURES),
        rows,
        has_estimates: windows::has_estimates(report),
        more: windows::listed(&report.windows)
            .len()
            .saturating_sub(MOST_WINDOWS),
        last: windows::last(report).map_or(String::new(), |window| window.window.clone()),
        alarm: alarm::lines(report),
    })
}

/// Returns a row for each window, the latest first.
pub(super) fn rows(report: &DriftReport) -> Vec<Row> {
    let windows = windows::listed(&report.windows);
    let latest = windows.iter().rev().take(MOST_WINDOWS);
    let rows = latest.map(|window| Row {
        status: windows::status(window),
        judged: window.judged,
        window: window.window.clone(),
        count: format::count(window.rows.current),
        psi: windows::psi(window),
        auc: windows::estimated_auc(window),
        worst: windows::worst_feature(window),
        why: windows::remark(window),
    });
    rows.collect()
}

/// Draws the features that are worst off by windows; also returns how many features there are.
fn map(all: &[WindowReport]) -> (Html, usize) {
    let names = windows::worst_first(all);
    (drawn(all, &names), names.len())
}

/// Draws features by windows, the first of them.
pub(super) fn drawn(all: &[WindowReport], names: &[&str]) -> Html {
    let mut rows = vec![HeatRow {
        label: "all".to_owned(),
        cells: all.iter().map(whole).collect(),
    }];
    rows.extend(names.iter().take(MOST_FEATURES).map(|name| HeatRow {
        label: windows::label(all, name).into_owned(),
        cells: all.iter().map(|window| cell(window, name)).collect(),
    }));
    let columns: Vec<String> = all.iter().map(|window| window.window.clone()).collect();
    let caption = Caption {
        id: "heat",
        title: "Features by windows",
        description: "Each square is a feature in a window of time: !! fails, ! warns; the figures are \
                      in the report",
    };
    heat(&caption, &columns, &rows)
}

fn whole(window: &WindowReport) -> Option<(&'static str, String)> {
    let psi = window.max_psi?;
    let said = format!(
        "{}: {}, max PSI {}",
        window.window,
        window.status,
        format::psi(psi)
    );
    Some((window.status.as_str(), said))
}

fn cell(window: &WindowReport, name: &str) -> Option<(&'static str, String)> {
    let feature = windows::feature_of(window, name)?;
    let psi = feature
        .psi
        .map_or_else(|| format::NONE.to_owned(), format::psi);
    let said = format!("{name}, {}: {} PSI {psi}", window.window, feature.status);
    Some((feature.status.as_str(), said))
}

#[cfg(test)]
mod tests {
    use crate::drift::over_time::WindowFeature;
    use crate::reports::drift::{html, sample};

    #[test]
    fn the_page_shows_windows_and_says_what_the_features_are_of() {
        let page = html::page(&sample::over_time()).expect("a page");
        assert!(page.contains("id=\"windows\""), "{page}");
        assert!(page.contains("2026-01-02"));
        assert!(page.contains("Features of the last complete window, 2026-01-02"));
        // Two rows of squares in three windows that have rows.
        assert_eq!(page.matches("v18h-").count(), 6);
        let plain = html::page(&sample::calm()).expect("a page");
        assert!(!plain.contains("id=\"windows\""));
    }

    #[test]
    fn a_page_of_a_hundred_features_by_ninety_windows_is_below_a_megabyte() {
        let mut report = sample::over_time();
        let mut window = report.windows[1].clone();
        let feature = window.features[0].clone();
        window.features = (0..100)
            .map(|at| WindowFeature {
                feature: format!("feature_{at:03}_with_a_long_name"),
                ..feature.clone()
            })
            .collect();
        report.windows = vec![window; 90];
        let page = html::page(&report).expect("a page");
        assert!(page.len() < 1_000_000, "{}", page.len());
    }
}
