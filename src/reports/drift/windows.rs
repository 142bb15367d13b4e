//! The windows of a drift report in words: the verdict on all of them, and a row each.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::alarm;
use crate::cells::{Cell, Column, Table, Tone};
use crate::drift::over_time::{WindowFeature, WindowReport};
use crate::drift::report::{DriftReport, FindingKind, Status};
use crate::reports::format;
use crate::text::{shorten, visible};

/// What stands above the ROC AUC that scores promise.
pub(super) const ESTIMATED_AUC: &str = "ROC AUC, estimated";
/// Longest name of a feature in a row.
const LONGEST_NAME: usize = 24;
/// Longest name of a column in a sentence.
const LONGEST_COLUMN: usize = 40;
/// Longest reason in a row.
const LONGEST_REASON: usize = 120;
/// Windows in a row without rows that are listed as one.
const FOLDED: usize = 3;

/// Returns the verdict without its status: `1 of 30 windows drifted; worst: 2026-01-30, contract: PSI
/// 1.17 (threshold 0.25)`.
#[must_use]
pub(super) fn sentence(report: &DriftReport) -> String {
    let judged = || report.windows.iter().filter(|window| window.judged);
    let count = |status| judged().filter(|window| window.status == status).count();
    let all = format::counted(judged().count() as u64, "window", "windows");
    let too_few = count(Status::TooFewRows);
    let mut parts = vec![match (count(Status::Fail), count(Status::Warn)) {
        (0, 0) if report.status == Status::TooFewRows => {
            format!("too few rows to tell of any of {all}")
        }
        (0, 0) => format!("none of {all} drifted"),
        (0, warned) => format!("{warned} of {all} worth a look"),
        (failed, 0) => format!("{failed} of {all} drifted"),
        (failed, warned) => format!("{failed} of {all} drifted, {warned} more worth a look"),
    }];
    let worst = worst(report);
    if let Some(worst) = worst.filter(|window| window.status >= Status::Warn) {
        let why = worst.reason().unwrap_or_default();
        let why = shorten(&why, LONGEST_REASON);
        parts.push(format!("worst: {}, {why}", worst.window));
    } else if let Some(worst) = worst
        && let (Some(psi), Some(feature)) = (worst.max_psi, &worst.worst_feature)
    {
        let feature = shorten(feature, LONGEST_COLUMN);
        let psi = format::psi(psi);
        parts.push(format!("highest: {}, {feature} PSI {psi}", worst.window));
    }
    parts.extend(alarm::part_of_sentence(report));
    if too_few > 0 && report.status != Status::TooFewRows {
        parts.push(format!("too few rows to tell of {too_few}"));
    }
    let beside = report
        .findings
        .iter()
        .filter(|finding| finding.status >= Status::Warn && is_of_the_run(finding.kind));
    match beside.count() {
        0 => {}
        1 => parts.push("1 more finding".to_owned()),
        more => parts.push(format!("{more} more findings")),
    }
    parts.join("; ")
}

/// Whether a finding is about the run beside its windows.
const fn is_of_the_run(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::EmptyWindow
            | FindingKind::MissingPieces
            | FindingKind::UnreadableTime
            | FindingKind::FutureTime
            | FindingKind::MixedZones
            | FindingKind::HeaderRows
            | FindingKind::UnmatchedLabels
            | FindingKind::ConflictingLabels
            | FindingKind::UnreadableLabels
    )
}

/// Returns the judged window that is worst off.
fn worst(report: &DriftReport) -> Option<&WindowReport> {
    let judged = report.windows.iter().filter(|window| window.judged);
    judged.max_by(|a, b| {
        let psi = |window: &WindowReport| window.max_psi.unwrap_or(0.0);
        a.status.cmp(&b.status).then(psi(a).total_cmp(&psi(b)))
    })
}

/// Returns the last window that the upper part of the report speaks of.
pub(super) fn last(report: &DriftReport) -> Option<&WindowReport> {
    let mut judged = report.windows.iter().rev();
    judged.find(|window| window.judged && window.rows.current > 0)
}

/// Says how the windows were cut: `windows of 7d every 1d by scored_at (Europe/Berlin), against baseline`.
pub(super) fn cut(report: &DriftReport) -> Option<String> {
    let cut = report.over_time.as_ref()?;
    let every = match cut.every == cut.window {
        true => String::new(),
        false => format!(" every {}", cut.every),
    };
    let last = cut.last.map_or(String::new(), |last| match last {
        1 => ", the last one".to_owned(),
        last => format!(", the last {last}"),
    });
    Some(format!(
        "windows of {}{every} by {} ({}){last}, each against {}",
        cut.window,
        shorten(&cut.time, LONGEST_COLUMN),
        cut.time_zone,
        match &*cut.against {
            "baseline" => "the baseline".to_owned(),
            "previous" => "the one before".to_owned(),
            other => other.replace("trailing:", "those before, "),
        }
    ))
}

/// Returns what to know of a window beside its figures: why it is not judged, or why its verdict is what
/// it is.
pub(super) fn remark(window: &WindowReport) -> String {
    if !window.complete && !window.judged {
        return "not complete, not judged".to_owned();
    }
    if !window.complete && window.status == Status::Ok {
        return "not complete".to_owned();
    }
    if !window.judged {
        return "nothing before it to compare with".to_owned();
    }
    match window.status {
        Status::Ok => String::new(),
        _ => visible(&window.reason().unwrap_or_default()).into_owned(),
    }
}

/// Returns the score, if there is one, and the features of all windows, the worst first: by their worst status, in how
/// many windows they have it, and their largest PSI.
pub(super) fn worst_first(windows: &[WindowReport]) -> Vec<&str> {
    let mut features: BTreeMap<&str, (Status, usize, f64)> = BTreeMap::new();
    for feature in windows.iter().flat_map(|window| &window.features) {
        let known = features.entry(&feature.feature);
        let worst = known.or_insert((Status::Ok, 0, 0.0));
        if feature.status > worst.0 {
            (worst.0, worst.1) = (feature.status, 0);
        }
        worst.1 += usize::from(feature.status == worst.0);
        worst.2 = worst.2.max(feature.psi.unwrap_or(0.0));
    }
    let mut order: Vec<(&str, (Status, usize, f64))> = features.into_iter().collect();
    order.sort_by(|(a, one), (b, two)| {
        let by_status = two.0.cmp(&one.0);
        let by_size = two.2.total_cmp(&one.2);
        let by_count = match one.0 {
            Status::Ok => std::cmp::Ordering::Equal,
            _ => two.1.cmp(&one.1),
        };
        by_status.then(by_count).then(by_size).then(a.cmp(b))
    });
    let features = order.into_iter().map(|(name, _)| name);
    score(windows).into_iter().chain(features).collect()
}

/// Returns the name of the score, if a window has it.
fn score(windows: &[WindowReport]) -> Option<&str> {
    let mut scores = windows.iter().filter_map(|window| window.score.as_ref());
    scores.next().map(|score| &*score.feature)
}

/// Returns a name as it stands before its squares: the score is called one.
pub(super) fn label<'a>(windows: &[WindowReport], name: &'a str) -> Cow<'a, str> {
    match score(windows) == Some(name) {
        true => Cow::Owned(format!("score {name}")),
        false => Cow::Borrowed(name),
    }
}

/// Returns a feature, or the score, in a window.
pub(super) fn feature_of<'a>(window: &'a WindowReport, name: &str) -> Option<&'a WindowFeature> {
    let found = window
        .features
        .binary_search_by(|feature| feature.feature.as_str().cmp(name));
    let feature = found.ok().and_then(|at| window.features.get(at));
    feature.or_else(|| window.score.as_ref().filter(|score| score.feature == name))
}

/// Returns the ROC AUC that scores promise in a window; none if it is not estimated.
pub(super) fn estimated_auc(window: &WindowReport) -> Option<String> {
    let auc = window.estimated.as_ref()?.roc_auc?;
    Some(format!("{:.3}", auc.value))
}

/// Returns whether the quality of the scores is estimated in any window.
pub(super) fn has_estimates(report: &DriftReport) -> bool {
    report
        .windows
        .iter()
        .any(|window| estimated_auc(window).is_some())
}

/// Returns the windows as they are listed: several in a row without rows are one, or years of them would hide the others.
pub(super) fn listed(windows: &[WindowReport]) -> Vec<Cow<'_, WindowReport>> {
    let is_empty = |window: &WindowReport| window.complete && window.rows.current == 0;
    let mut listed = Vec::new();
    for run in windows.chunk_by(|a, b| is_empty(a) && is_empty(b)) {
        match run {
            [first, .., last] if run.len() >= FOLDED => {
                let mut all = first.clone();
                all.window = format!("{} to {}", first.window, last.window);
                all.end.clone_from(&last.end);
                for finding in &mut all.findings {
                    if finding.kind == FindingKind::EmptyWindow {
                        finding.message =
                            format!("{} windows have no rows", format::count(run.len() as u64));
                    }
                }
                listed.push(Cow::Owned(all));
            }
            _ => listed.extend(run.iter().map(Cow::Borrowed)),
        }
    }
    listed
}

/// Returns the windows as a table, a row each, in the order of time.
#[must_use]
pub(super) fn table(report: &DriftReport) -> Option<Table> {
    if report.windows.is_empty() {
        return None;
    }
    let has_estimates = has_estimates(report);
    let mut columns = vec![
        Column::text("Status"),
        Column::text("Window"),
        Column::number("Rows"),
        Column::number("Max PSI"),
    ];
    if has_estimates {
        columns.push(Column::number(ESTIMATED_AUC).shown_from(90));
    }
    columns.extend([
        Column::text("Worst feature").shown_from(56),
        Column::prose("Why").shown_from(76),
    ]);
    let windows = listed(&report.windows);
    let rows = windows.iter().map(|window| {
        let quiet = match window.status {
            Status::Ok | Status::TooFewRows => Tone::Dim,
            Status::Warn | Status::Fail => Tone::Plain,
        };
        let shown_status = if window.judged {
            tone(window.status)
        } else {
            Tone::Dim
        };
        let mut cells = vec![
            Cell::new(status(window), shown_status),
            Cell::plain(&window.window),
            Cell::new(format::count(window.rows.current), quiet),
            Cell::new(psi(window), quiet),
        ];
        if has_estimates {
            let auc = estimated_auc(window).unwrap_or_else(|| format::NONE.to_owned());
            cells.push(Cell::new(auc, quiet));
        }
        cells.extend([
            Cell::new(worst_feature(window), quiet),
            Cell::new(remark(window), quiet),
        ]);
        cells
    });
    Some(Table {
        rows: rows.collect(),
        columns,
    })
}

/// Returns the tone of a verdict.
pub(super) const fn tone(status: Status) -> Tone {
    match status {
        Status::Ok => Tone::Good,
        Status::TooFewRows => Tone::Dim,
        Status::Warn => Tone::Warn,
        Status::Fail => Tone::Bad,
    }
}

/// Returns the verdict on a window, or a dash where there is none.
pub(super) fn status(window: &WindowReport) -> &'static str {
    match window.judged {
        true => window.status.as_str(),
        false => format::NONE,
    }
}

/// Returns the largest PSI of a window.
pub(super) fn psi(window: &WindowReport) -> String {
    window
        .max_psi
        .map_or_else(|| format::NONE.to_owned(), format::psi)
}

/// Returns the feature that is worst off in a window.
pub(super) fn worst_feature(window: &WindowReport) -> String {
    let name = window.worst_feature.as_deref().unwrap_or(format::NONE);
    shorten(name, LONGEST_NAME).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn the_sentence_names_the_worst_window() {
        let report = sample::over_time();
        assert_eq!(
            sentence(&report),
            "1 of 3 windows drifted; worst: 2026-01-02, contract: PSI 1.17 (threshold 0.25); \
             too few rows to tell of 1; 1 more finding"
        );
        assert_eq!(
            last(&report).map(|window| &*window.window),
            Some("2026-01-02")
        );
        assert_eq!(
            cut(&report).as_deref(),
            Some("windows of 1d by scored_at (Europe/Berlin), each against the baseline")
        );
    }

    #[test]
    fn every_window_has_a_row_and_says_why_it_is_not_judged() {
        let report = sample::over_time();
        let table = table(&report).expect("windows");
        let texts = |row: &Vec<Cell>| row.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
        assert_eq!(
            texts(&table.rows[1]),
            [
                "FAIL",
                "2026-01-02",
                "1,000",
                "1.170",
                "contract",
                "contract: PSI 1.17 (threshold 0.25)"
            ]
        );
        assert_eq!(texts(&table.rows[3])[0], format::NONE);
        assert_eq!(texts(&table.rows[3])[5], "not complete, not judged");
    }
}
