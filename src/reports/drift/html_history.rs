//! The page over time: the verdict as a time line, a heat map, a line for each feature with its thresholds, performance
//! with its intervals, and what happened meanwhile. One file, no script.

use serde::Serialize;

use super::history::{HistoryView, in_words};
use super::html_windows::{self, MOST_FEATURES};
use super::{verdict, windows};
use crate::drift::over_time::{WindowPerformance, WindowReport};
use crate::drift::report::{DriftReport, Status};
use crate::error::Result;
use crate::page::frame::render;
use crate::page::series::{Point, Series, series};
use crate::page::svg::{Caption, Tick};
use crate::page::timeline::{Lane, timeline};
use crate::page::{Html, Page};
use crate::reports::format;
use crate::stats::classification::Estimate;
use crate::text::shorten;

const TEMPLATE: &str = include_str!("history.html");
const STYLE: &str = concat!(include_str!("page.css"), include_str!("history.css"));
/// Names on the axis of a plot.
const TICKS: usize = 3;
/// Marks and findings that are listed.
const MOST_LISTED: usize = 200;

#[derive(Serialize)]
struct View {
    title: String,
    status: &'static str,
    sentence: String,
    model: String,
    created_at: String,
    version: String,
    cut: String,
    kept: Option<String>,
    baseline: String,
    judged: String,
    failed: String,
    warned: String,
    max_psi: String,
    timeline: Html,
    heat: Html,
    features_more: usize,
    rows: Vec<html_windows::Row>,
    more: usize,
    performance: Vec<Plot>,
    plots: Vec<Plot>,
    marks: Vec<(String, &'static str, String)>,
    marks_more: usize,
    findings: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct Plot {
    id: String,
    name: String,
    status: &'static str,
    /// The last value that is known.
    last: String,
    plot: Html,
}

/// Returns the whole page.
///
/// # Errors
/// Fails only if the template does: a bug. Does *not* fail on any text in the report.
pub fn page(history: &HistoryView) -> Result<String> {
    let view = view(history);
    let body = render(TEMPLATE, &view)?;
    Page {
        title: &view.title,
        style: STYLE,
        body: &body,
    }
    .render()
}

fn view(history: &HistoryView) -> View {
    let report = &history.report;
    let judged = || report.windows.iter().filter(|window| window.judged);
    let count = |status| {
        let found = judged().filter(|window| window.status == status).count();
        format::count(found as u64)
    };
    let psi = judged().filter_map(|window| window.max_psi);
    let axis = Axis::of(history);
    let names = history.names();
    let shown = &names[..names.len().min(MOST_FEATURES)];
    let rows = html_windows::rows(report);
    let marks = history.marks.iter().rev().take(MOST_LISTED);
    let findings = report.findings.iter().take(MOST_LISTED);
    View {
        title: format!("{}: drift of {} over time", report.status, report.model),
        status: report.status.as_str(),
        sentence: verdict::sentence(report),
        model: report.model.clone(),
        created_at: report.created_at.clone(),
        version: report.churnctl_version.clone(),
        cut: windows::cut(report).unwrap_or_default(),
        kept: history.kept.as_ref().map(in_words),
        baseline: format!(
            "{} ({})",
            report.baseline,
            format::counted(report.rows.baseline, "row", "rows")
        ),
        judged: format::count(judged().count() as u64),
        failed: count(Status::Fail),
        warned: count(Status::Warn),
        max_psi: format::psi(psi.fold(0.0, f64::max)),
        timeline: axis.timeline(report),
        heat: html_windows::drawn(&report.windows, shown),
        features_more: names.len() - shown.len(),
        more: windows::listed(&report.windows).len() - rows.len(),
        rows,
        performance: performance(report, &axis),
        plots: plots(report, shown, &axis),
        marks: marks
            .map(|mark| {
                let text = shorten(&mark.text, 400).into_owned();
                (mark.at.clone(), mark.kind.as_str(), text)
            })
            .collect(),
        marks_more: history.marks.len().saturating_sub(MOST_LISTED),
        findings: findings
            .map(|one| {
                let about = one
                    .feature
                    .iter()
                    .filter(|name| !one.message.contains(*name));
                let about = about.map(|name| format!("{name}: ")).collect::<String>();
                let text = about + &one.message;
                (one.status.as_str(), shorten(&text, 400).into_owned())
            })
            .collect(),
    }
}

/// The time line that all plots share.
struct Axis {
    ticks: Vec<Tick>,
    marks: Vec<f64>,
}

impl Axis {
    fn of(history: &HistoryView) -> Self {
        let windows = &history.report.windows;
        let count = windows.len().max(1) as f64;
        let step = (windows.len() / TICKS).max(1);
        let ticks = windows.iter().enumerate().step_by(step);
        let ticks = ticks.map(|(at, window)| Tick {
            at: (at as f64 + 0.5) / count,
            text: window.window.clone(),
        });
        let marks = history.marks.iter();
        Self {
            ticks: ticks.collect(),
            marks: marks.filter_map(|mark| share(windows, &mark.at)).collect(),
        }
    }

    fn timeline(&self, report: &DriftReport) -> Html {
        let count = report.windows.len().max(1) as f64;
        let span = |at: usize| (at as f64 / count, (at + 1) as f64 / count);
        let spans = |is_it: &dyn Fn(&WindowReport) -> bool| {
            let windows = report.windows.iter().enumerate();
            let found = windows.filter(|(_, window)| is_it(window));
            found.map(|(at, _)| span(at)).collect::<Vec<_>>()
        };
        let unknown = spans(&|window| !window.judged || window.max_psi.is_none());
        let statuses = [Status::Fail, Status::Warn, Status::Ok, Status::TooFewRows];
        let mut lanes: Vec<Lane> = statuses
            .into_iter()
            .map(|status| Lane {
                label: status.as_str().replace('_', " ").to_lowercase(),
                class: match status {
                    Status::Fail => "df",
                    Status::Warn => "dw",
                    Status::Ok => "do",
                    Status::TooFewRows => "u",
                },
                spans: spans(&|window| {
                    window.judged && window.max_psi.is_some() && window.status == status
                }),
                unknown: unknown.clone(),
            })
            .filter(|lane| lane.label != "too few rows" || !lane.spans.is_empty())
            .collect();
        if !self.marks.is_empty() {
            lanes.push(Lane {
                label: "marks".to_owned(),
                class: "f",
                spans: self.marks.iter().map(|at| (*at, *at)).collect(),
                unknown: Vec::new(),
            });
        }
        let caption = Caption {
            id: "verdict-line",
            title: "The verdict over time",
            description: "A lane for each verdict, filled where a window has it; grey where no window was judged",
        };
        timeline(&caption, &lanes, &self.ticks)
    }

    fn series(
        &self,
        caption: &Caption<'_>,
        points: &[Option<Point>],
        limits: Option<(f64, f64)>,
    ) -> Html {
        let drawn = Series {
            points,
            limits,
            ticks: &self.ticks,
            marks: &self.marks,
        };
        series(caption, &drawn)
    }
}

/// Returns where on the time line something happened: after the windows that were over.
fn share(windows: &[WindowReport], at: &str) -> Option<f64> {
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let at = instant(at)?;
    let first = instant(&windows.first()?.start)?;
    let last = instant(&windows.last()?.end)?;
    if at < first || at > last {
        return None;
    }
    let over = windows
        .iter()
        .filter(|window| instant(&window.end).is_some_and(|end| end <= at));
    Some(over.count() as f64 / windows.len() as f64)
}

fn plots(report: &DriftReport, names: &[&str], axis: &Axis) -> Vec<Plot> {
    let mut plots = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let mut worst = Status::Ok;
        let points: Vec<Option<Point>> = report
            .windows
            .iter()
            .map(|window| {
                let feature = windows::feature_of(window, name)?;
                let psi = feature.psi.filter(|_| window.judged)?;
                worst = worst.max(feature.status);
                Some(Point {
                    value: psi,
                    interval: (psi, psi),
                    class: feature.status.as_str(),
                })
            })
            .collect();
        let limits = verdict::limits(report, name);
        let name = &*windows::label(&report.windows, name);
        let id = format!("p{at}");
        let caption = Caption {
            id: &id,
            title: &format!("PSI of {} over time", shorten(name, 80)),
            description: "The lines are the thresholds; squares fail, diamonds warn",
        };
        plots.push(Plot {
            name: shorten(name, 80).into_owned(),
            status: worst.as_str(),
            last: last_value(&points),
            plot: axis.series(&caption, &points, Some((limits.warn_psi, limits.fail_psi))),
            id: format!("f{at}"),
        });
    }
    plots
}

fn last_value(points: &[Option<Point>]) -> String {
    let last = points.iter().rev().flatten().next();
    last.map_or_else(|| format::NONE.to_owned(), |point| format::psi(point.value))
}

type Figure = (&'static str, fn(&WindowPerformance) -> Option<Estimate>);

const FIGURES: [Figure; 3] = [
    ("ROC AUC", |figures| figures.roc_auc),
    ("Average precision", |figures| figures.average_precision),
    ("Log loss", |figures| figures.log_loss),
];

fn performance(report: &DriftReport, axis: &Axis) -> Vec<Plot> {
    let mut plots = Vec::new();
    for (at, (name, figure)) in FIGURES.into_iter().enumerate() {
        let mut worst = Status::Ok;
        let points: Vec<Option<Point>> = report
            .windows
            .iter()
            .map(|window| {
                let figures = window.performance.as_ref().filter(|_| window.judged)?;
                let estimate = figure(figures)?;
                worst = worst.max(figures.status);
                Some(Point {
                    value: estimate.value,
                    interval: (estimate.low, estimate.high),
                    class: figures.status.as_str(),
                })
            })
            .collect();
        if points.iter().all(Option::is_none) {
            continue;
        }
        let id = format!("q{at}");
        let caption = Caption {
            id: &id,
            title: &format!("{name} over time"),
            description: "The band is the 95 % interval; squares fail, diamonds warn",
        };
        plots.push(Plot {
            name: name.to_owned(),
            status: worst.as_str(),
            last: last_value(&points),
            plot: axis.series(&caption, &points, None),
            id: format!("g{at}"),
        });
    }
    plots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::over_time::WindowFeature;
    use crate::history::{Mark, MarkKind};
    use crate::reports::drift::sample;

    fn view() -> HistoryView {
        HistoryView {
            report: sample::over_time(),
            kept: None,
            marks: vec![
                Mark {
                    at: "2026-01-02T10:00:00+01:00".into(),
                    kind: MarkKind::Promotion,
                    text: "churn 7".into(),
                },
                Mark {
                    at: "2020-01-01T00:00:00Z".into(),
                    kind: MarkKind::Note,
                    text: sample::EVIL.into(),
                },
            ],
            features: Vec::new(),
        }
    }

    #[test]
    fn the_page_has_every_part_and_nothing_of_the_data_is_markup() {
        let page = page(&view()).expect("a page");
        for part in [
            "1 of 3 windows drifted",
            "id=\"timeline\"",
            "id=\"map\"",
            "id=\"f0\"",
            "churn 7",
            "2026-01-02",
            "class=\"lf\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let page = page.to_lowercase();
        assert!(!page.contains("<script") && !page.contains(" onload") && !page.contains(" src="));
    }

    #[test]
    fn a_mark_stands_after_the_windows_that_were_over() {
        let report = sample::over_time();
        let at = |text: &str| share(&report.windows, text);
        // Four windows of a day; one is over on the second.
        assert_eq!(at("2026-01-02T10:00:00+01:00"), Some(0.25));
        assert_eq!(at("2020-01-01T00:00:00Z"), None);
        assert_eq!(at("no time"), None);
    }

    #[test]
    fn a_hundred_features_by_ninety_windows_are_below_a_megabyte() {
        let mut view = view();
        let mut window = view.report.windows[1].clone();
        let feature = window.features[0].clone();
        window.features = (0..100)
            .map(|at| WindowFeature {
                feature: format!("feature_{at:03}_with_a_long_name"),
                ..feature.clone()
            })
            .collect();
        view.report.windows = vec![window; 90];
        let page = page(&view).expect("a page");
        assert!(page.len() < 1_000_000, "{}", page.len());
        assert_eq!(page.matches("class=\"series\"").count(), 100);
    }
}
