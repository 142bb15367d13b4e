//! A history in words: a heat map of features by windows for a terminal, and the document for programs.

use serde::Serialize;

use super::{verdict, windows};
use crate::cells::{Cell, Tone};
use crate::drift::over_time::{OverTime, WindowReport};
use crate::drift::report::{DriftReport, Finding, Status};
use crate::history::{BaselineUse, Mark};
use crate::reports::format;
use crate::reports::sparkline::Glyphs;
use crate::text::{pad, shorten_middle, visible, width};

/// Longest name of a feature before its squares, where these leave no more room.
const LONGEST_NAME: usize = 24;
/// Features that are drawn, unless they were named.
const MOST_FEATURES: usize = 30;
/// Marks that are listed, the last ones.
const MOST_MARKS: usize = 10;

/// What a folder of a history holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The folder.
    pub folder: String,
    /// Files, objects, or pieces of what has no name.
    pub sources: u64,
    /// Their rows.
    pub rows: u64,
    /// Pieces of time that have rows.
    pub pieces: u64,
    /// Pieces from the first to the last that have none.
    pub missing_pieces: u64,
    /// Columns that are kept.
    pub columns: u64,
    /// Bytes of the pieces.
    pub bytes: u64,
    /// Files that hold them.
    pub files: u64,
}

/// A history as it is shown: the check of its windows, and what is known beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryView {
    /// The check of all windows that are shown.
    pub report: DriftReport,
    /// What the folder holds; none if the page is that of a check.
    pub kept: Option<Kept>,
    /// What happened meanwhile, in the order of time.
    pub marks: Vec<Mark>,
    /// The features to show; all if none.
    pub features: Vec<String>,
}

/// The document.
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    status: Status,
    sentence: String,
    model: &'a str,
    baselines: &'a [BaselineUse],
    over_time: Option<&'a OverTime>,
    kept: Option<&'a Kept>,
    marks: &'a [Mark],
    findings: &'a [Finding],
    windows: Vec<WindowReport>,
}

impl HistoryView {
    /// Returns the features that are shown, the worst first.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = windows::worst_first(&self.report.windows);
        names
            .retain(|name| self.features.is_empty() || self.features.iter().any(|one| one == name));
        names
    }

    /// Returns the document for programs.
    #[must_use]
    pub fn body<'a>(&'a self, baselines: &'a [BaselineUse]) -> Body<'a> {
        let is_shown = |name: &String| self.features.is_empty() || self.features.contains(name);
        let mut windows = self.report.windows.clone();
        for window in &mut windows {
            window.features.retain(|feature| is_shown(&feature.feature));
            window.score = window.score.take().filter(|score| is_shown(&score.feature));
        }
        Body {
            status: self.report.status,
            sentence: verdict::sentence(&self.report),
            model: &self.report.model,
            baselines,
            over_time: self.report.over_time.as_ref(),
            kept: self.kept.as_ref(),
            marks: &self.marks,
            findings: &self.report.findings,
            windows,
        }
    }
}

/// A line of several tones.
pub type Line = Vec<Cell>;

/// Returns the lines for a terminal of this width: the verdict, what is kept, the heat map, the marks.
#[must_use]
pub fn lines(view: &HistoryView, columns: usize, glyphs: Glyphs) -> Vec<Line> {
    let report = &view.report;
    let mut lines = vec![
        vec![Cell::new(
            verdict::line(report),
            windows::tone(report.status),
        )],
        Line::new(),
    ];
    if let Some(kept) = &view.kept {
        lines.push(vec![Cell::plain(in_words(kept))]);
    }
    if let Some(cut) = windows::cut(report) {
        lines.push(vec![Cell::new(
            format!("Cut into {}", visible(&cut)),
            Tone::Dim,
        )]);
    }
    lines.push(Line::new());
    lines.extend(map(view, columns, glyphs));
    let marks = view.marks.len().saturating_sub(MOST_MARKS);
    if !view.marks.is_empty() {
        lines.push(Line::new());
    }
    if marks > 0 {
        let text = format!(
            "{} earlier marks are not listed",
            format::count(marks as u64)
        );
        lines.push(vec![Cell::new(text, Tone::Dim)]);
    }
    for mark in view.marks.iter().skip(marks) {
        let text = format!(
            "{}  {}: {}",
            mark.at,
            mark.kind.as_str(),
            visible(&mark.text)
        );
        lines.push(vec![Cell::plain(text)]);
    }
    lines
}

/// Says what a folder holds.
#[must_use]
pub(super) fn in_words(kept: &Kept) -> String {
    let gaps = match kept.missing_pieces {
        0 => String::new(),
        count => format!(", {} without rows between them", format::count(count)),
    };
    format!(
        "{} keeps {} of {} in {}{gaps}; {} of {} kB",
        visible(&kept.folder),
        format::counted(kept.rows, "row", "rows"),
        format::counted(kept.sources, "file", "files"),
        format::counted(kept.pieces, "piece of time", "pieces of time"),
        format::counted(kept.columns, "column", "columns"),
        format::count(kept.bytes.div_ceil(1_000)),
    )
}

/// The heat map: a row a feature, a square a window, the last windows that have room.
fn map(view: &HistoryView, columns: usize, glyphs: Glyphs) -> Vec<Line> {
    let report = &view.report;
    let names = view.names();
    let most = if view.features.is_empty() {
        MOST_FEATURES
    } else {
        usize::MAX
    };
    let shown = &names[..names.len().min(most)];
    let label_of = |name: &str| windows::label(&report.windows, name).into_owned();
    let beside = columns.saturating_sub(report.windows.len() + 2);
    let longest = shown
        .iter()
        .map(|name| width(&visible(&label_of(name))).min(beside.max(LONGEST_NAME)));
    let label = longest.max().unwrap_or(0).max(3);
    let room = columns.saturating_sub(label + 2).max(1);
    let wide = match report.windows.len() {
        0 => return Vec::new(),
        count => (room / count).clamp(1, 3),
    };
    let first = report.windows.len().saturating_sub(room / wide);
    let windows = &report.windows[first..];
    let labelled =
        |name: &str| Cell::plain(format!("{}  ", pad(&shorten_middle(name, label), label)));
    let square =
        |square: Square| Cell::new(square.text(glyphs).to_string().repeat(wide), square.tone());
    let mut lines = Vec::new();
    let mut all = vec![labelled("all")];
    all.extend(windows.iter().map(|window| square(Square::of(window))));
    lines.push(joined(all));
    for name in shown {
        let mut line = vec![labelled(&label_of(name))];
        line.extend(windows.iter().map(|window| {
            let warn = verdict::limits(report, name).warn_psi;
            square(Square::of_feature(window, name, warn))
        }));
        lines.push(joined(line));
    }
    lines.push(vec![Cell::new(axis(windows, label + 2, wide), Tone::Dim)]);
    if first > 0 {
        let text = format!(
            "{} earlier windows have no room here; a wider terminal or --html shows them",
            format::count(first as u64)
        );
        lines.push(vec![Cell::new(text, Tone::Dim)]);
    }
    if names.len() > shown.len() {
        let text = format!(
            "{} more features, less changed than these; --feature NAME shows one",
            format::count((names.len() - shown.len()) as u64)
        );
        lines.push(vec![Cell::new(text, Tone::Dim)]);
    }
    lines.push(legend(glyphs));
    lines
}

/// Neighbours of one tone are one cell: a terminal is told of a colour once.
fn joined(line: Line) -> Line {
    let mut joined = Line::new();
    for cell in line {
        match joined.last_mut() {
            Some(last) if last.tone == cell.tone => last.text.push_str(&cell.text),
            _ => joined.push(cell),
        }
    }
    joined
}

/// The first window at the left, the last at the right.
fn axis(windows: &[WindowReport], left: usize, wide: usize) -> String {
    let (Some(first), Some(last)) = (windows.first(), windows.last()) else {
        return String::new();
    };
    let (first, last) = (&*first.window, &*last.window);
    let room = windows.len() * wide;
    let blank = " ".repeat(left);
    match first == last || room < width(first) + width(last) + 1 {
        true => format!("{blank}{first} to {last}"),
        false => format!(
            "{blank}{first}{}{last}",
            " ".repeat(room - width(first) - width(last))
        ),
    }
}

fn legend(glyphs: Glyphs) -> Line {
    let of = |square: Square, text: &str| {
        let sign = square.text(glyphs);
        Cell::new(format!("{sign} {text}  "), square.tone())
    };
    vec![
        of(Square::Calm, "OK"),
        of(Square::Near, "half of what warns"),
        of(Square::Warn, "WARN"),
        of(Square::Fail, "FAIL"),
        of(Square::TooFew, "too few rows"),
        Cell::new("(blank) not judged", Tone::Dim),
    ]
}

/// What is drawn of a feature in a window: told apart by more than the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Square {
    None,
    TooFew,
    Calm,
    Near,
    Warn,
    Fail,
}

impl Square {
    fn of(window: &WindowReport) -> Self {
        match window.judged && window.max_psi.is_some() {
            true => Self::of_status(window.status, false),
            false => Self::None,
        }
    }

    fn of_feature(window: &WindowReport, name: &str, warn: f64) -> Self {
        match windows::feature_of(window, name).filter(|_| window.judged) {
            Some(feature) => {
                let is_near = feature.psi.is_some_and(|psi| psi >= warn / 2.0);
                Self::of_status(feature.status, is_near)
            }
            None => Self::None,
        }
    }

    const fn of_status(status: Status, is_near: bool) -> Self {
        match status {
            Status::Ok if is_near => Self::Near,
            Status::Ok => Self::Calm,
            Status::TooFewRows => Self::TooFew,
            Status::Warn => Self::Warn,
            Status::Fail => Self::Fail,
        }
    }

    const fn text(self, glyphs: Glyphs) -> char {
        match (self, glyphs) {
            (Self::None, _) => ' ',
            (Self::TooFew, _) => '?',
            (Self::Calm, Glyphs::Blocks) => '·',
            (Self::Calm, Glyphs::Ascii) => '.',
            (Self::Near, Glyphs::Blocks) => '░',
            (Self::Near, Glyphs::Ascii) => '-',
            (Self::Warn, Glyphs::Blocks) => '▒',
            (Self::Warn, Glyphs::Ascii) => 'w',
            (Self::Fail, Glyphs::Blocks) => '█',
            (Self::Fail, Glyphs::Ascii) => 'F',
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::None => Tone::Plain,
            Self::TooFew => Tone::Dim,
            Self::Calm | Self::Near => Tone::Good,
            Self::Warn => Tone::Warn,
            Self::Fail => Tone::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::MarkKind;
    use crate::reports::drift::sample;

    fn view() -> HistoryView {
        HistoryView {
            report: sample::over_time(),
            kept: Some(Kept {
                folder: "kept".into(),
                sources: 4,
                rows: 4_000,
                pieces: 4,
                missing_pieces: 1,
                columns: 3,
                bytes: 12_300,
                files: 1,
            }),
            marks: vec![Mark {
                at: "2026-01-02T10:00:00Z".into(),
                kind: MarkKind::Note,
                text: "new prices\u{1b}[2J".into(),
            }],
            features: Vec::new(),
        }
    }

    fn text(lines: &[Line]) -> String {
        let line = |line: &Line| {
            line.iter()
                .map(|cell| cell.text.clone())
                .collect::<String>()
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_verdict_stands_on_top_and_every_window_has_a_square() {
        let text = text(&lines(&view(), 80, Glyphs::Ascii));
        let mut found = text.lines();
        assert!(
            found.next().is_some_and(|line| line.contains("FAIL")),
            "{text}"
        );
        // OK, FAIL, no rows, not judged; each three columns wide.
        assert!(text.contains("all       ...FFF"), "{text}");
        assert!(text.contains("contract  ...FFF"), "{text}");
        assert!(text.contains("1 without rows between them"), "{text}");
        assert!(text.contains("13 kB"), "{text}");
        assert!(text.contains("note: new prices\\u{1b}[2J"), "{text}");
    }

    #[test]
    fn a_narrow_terminal_shows_the_last_windows() {
        let mut view = view();
        let window = view.report.windows[0].clone();
        view.report.windows = vec![window; 300];
        for (columns, room) in [(40, 30), (80, 70), (200, 190)] {
            let text = text(&lines(&view, columns, Glyphs::Ascii));
            let row = text
                .lines()
                .find(|line| line.starts_with("all"))
                .expect("a row");
            assert_eq!(row.matches('.').count(), room, "{text}");
            let earlier = format!("{} earlier windows", 300 - room);
            assert!(text.contains(&earlier), "{text}");
        }
    }

    #[test]
    fn the_score_has_the_first_row() {
        let mut view = view();
        for window in &mut view.report.windows {
            let feature = window.features.first().cloned();
            window.score = feature.map(|feature| crate::drift::over_time::WindowFeature {
                feature: "churn_risk".into(),
                status: Status::Warn,
                ..feature
            });
        }
        let text = text(&lines(&view, 80, Glyphs::Ascii));
        let rows: Vec<&str> = text.lines().collect();
        let all = rows.iter().position(|row| row.starts_with("all"));
        let score = all.and_then(|all| rows.get(all + 1));
        assert!(
            score.is_some_and(|row| row.starts_with("score churn_risk  wwwwww")),
            "{text}"
        );
        view.features = vec!["contract".into()];
        let body = serde_json::to_value(view.body(&[])).expect("JSON");
        assert_eq!(body["windows"][0].get("score"), None);
    }

    #[test]
    fn a_named_feature_is_shown_alone() {
        let mut view = view();
        view.features = vec!["other".into()];
        let text = text(&lines(&view, 80, Glyphs::Blocks));
        assert!(!text.contains("\ncontract"), "{text}");
        let body = serde_json::to_value(view.body(&[])).expect("JSON");
        assert_eq!(body["windows"][0]["features"], serde_json::json!([]));
    }
}
