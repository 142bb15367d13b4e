//! `churnctl drift history`: what a history holds, as a heat map, a page or a document; its files joined; marks on its
//! time line.

use std::path::PathBuf;

use super::drift_evidence::reading_of;
use super::drift_history_checks::not_begun;
use super::drift_history_messages::missing;
use super::drift_labels::LabelRequest;
use super::drift_request::{DriftRequest, HistoryUse};
use super::inputs::Baseline;
use super::{Console, drift_segments, drift_windows};
use crate::cells::Tone;
use crate::data::{Moment, Period, Zone};
use crate::drift::{LimitSource, Provenance, PsiLimits, Windowing};
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::history::{Head, History, Lock, Mark, MarkKind};
use crate::model::publish::ModelStore;
use crate::model::registry;
use crate::reports::drift::history::{HistoryView, Kept, lines};
use crate::reports::drift::html_history;
use crate::reports::format;
use crate::reports::sparkline::Glyphs;
use crate::settings::Settings;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// Longest text of a mark.
const LONGEST_TEXT: usize = 400;

/// How many windows at the end are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// So many.
    Windows(std::num::NonZeroUsize),
    /// Those of a length of time.
    Time(Period),
}

/// Everything that a look at a history needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryShowRequest {
    /// The folder.
    pub folder: PathBuf,
    /// The features to show; all if none.
    pub features: Vec<String>,
    /// The windows to show; all if none.
    pub last: Option<Last>,
    /// The page.
    pub html: Option<PathBuf>,
    /// Where promotions are recorded.
    registry: PathBuf,
    /// What a check needs beside what the history says: threads.
    check: DriftRequest,
}

/// Everything that joining the files of a history needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryCompactRequest {
    /// The folder.
    pub folder: PathBuf,
    /// How far back pieces are kept; all if none.
    pub keep: Option<Period>,
}

/// A mark for the time line of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryAnnotateRequest {
    /// The folder.
    pub folder: PathBuf,
    /// When it happened; now if none.
    pub at: Option<String>,
    /// What happened.
    pub text: String,
}

/// What is done with a history.
#[derive(Debug, Clone)]
pub enum HistoryTask {
    /// `drift history`.
    Show(Box<HistoryShowRequest>),
    /// `drift history compact`.
    Compact(HistoryCompactRequest),
    /// `drift history annotate`.
    Annotate(HistoryAnnotateRequest),
}

impl HistoryShowRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`DriftRequest::from_settings`].
    pub fn from_settings(
        settings: &Settings,
        folder: PathBuf,
        features: Vec<String>,
        last: Option<Last>,
        html: Option<PathBuf>,
    ) -> Result<Self> {
        Ok(Self {
            folder,
            features,
            last,
            html,
            registry: ModelStore::new(&settings.train.artifacts, "", "").registry(),
            check: DriftRequest::from_settings(settings)?,
        })
    }
}

/// Shows a history. It is a look and not a check: a drift that is seen is *not* exit code 2.
///
/// # Errors
/// 65 if there is no history, or it is damaged, or a feature is not in it; as the check itself.
pub fn show(request: &HistoryShowRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let history = History::open(&request.folder)?;
    let head = history.head().ok_or_else(|| not_begun(&history))?;
    let view = request.view(&history, head, console)?;
    if let Some(path) = &request.html {
        write_atomically(path, html_history::page(&view)?.as_bytes())?;
        console
            .messages()
            .info(&format!("wrote {}", path.display()));
    }
    let document = console.document("drift_history", SCHEMA_VERSION, view.body(&head.baselines));
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    for line in lines(&view, console.look().width, Glyphs::Blocks) {
        match line.as_slice() {
            [only] => console.print_line(only.tone, &only.text)?,
            cells => console.print_cells(cells)?,
        }
    }
    Ok(ExitCode::Ok)
}

impl HistoryShowRequest {
    fn view(&self, history: &History, head: &Head, console: &Console<'_>) -> Result<HistoryView> {
        self.check_features(head)?;
        let baseline = history.baseline()?;
        let windowing = windowing(history, head, self.last)?;
        let settings = head.judging.settings.clone();
        let (class_threshold, costs) = (settings.class_threshold, settings.costs);
        let reading = reading_of(settings, &self.check.reading)
            .ok_or_else(|| damaged(history, "the delimiter in its head is not one character"))?;
        let check = DriftRequest {
            model: head.shape.model.clone(),
            reading,
            windows: Some(windowing.clone()),
            history: Some(HistoryUse {
                folder: self.folder.clone(),
                as_of: Some(u64::MAX),
            }),
            thresholds: head.judging.thresholds.clone(),
            class_threshold,
            costs,
            segments: drift_segments::of_history(head).map_err(|why| damaged(history, &why))?,
            limits: of_judging(head),
            labels: labels_of(&self.check, head).map_err(|why| damaged(history, &why))?,
            baseline: Vec::new(),
            current: Vec::new(),
            ..self.check.clone()
        };
        let name = head.baselines.last().map(|baseline| baseline.name.clone());
        let provenance = Provenance {
            baseline: name.unwrap_or_default(),
            current: head.judging.current.clone(),
            created_at: console.created_at().to_owned(),
        };
        let baseline = Baseline {
            profile: baseline,
            model: None,
            named: None,
        };
        let report = check.compare_as(&baseline, provenance, console)?;
        Ok(HistoryView {
            report,
            kept: Some(kept(history, head, &windowing)),
            marks: self.marks(history, head)?,
            features: self.features.clone(),
        })
    }

    fn check_features(&self, head: &Head) -> Result<()> {
        let columns = || head.shape.counted.iter().map(|column| &*column.name);
        let unknown = self.features.iter();
        let mut unknown = unknown.filter(|name| !columns().any(|column| column == *name));
        let Some(name) = unknown.next() else {
            return Ok(());
        };
        let error = Error::bad_input(format!("the history has no feature \"{name}\""));
        Err(match crate::error::nearest(name, columns()) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint(format!(
                "its features are: {}",
                columns().collect::<Vec<_>>().join(", ")
            )),
        })
    }

    /// Puts together what people noted, what the registry knows, and when the baseline changed.
    fn marks(&self, history: &History, head: &Head) -> Result<Vec<Mark>> {
        let mut marks = history.marks()?;
        marks.extend(head.baselines.iter().skip(1).map(|baseline| Mark {
            at: baseline.from.clone(),
            kind: MarkKind::Baseline,
            text: format!(
                "judged by {}, made at {}",
                baseline.name, baseline.created_at
            ),
        }));
        let promotions = registry::read(&self.registry)?
            .into_iter()
            .filter(|record| record.event.promotes() && record.name == head.shape.model);
        marks.extend(promotions.map(|record| Mark {
            at: record.created_at,
            kind: MarkKind::Promotion,
            text: format!("{} {} went into production", record.name, record.version),
        }));
        let instant = |mark: &Mark| mark.at.parse::<jiff::Timestamp>().ok();
        marks.sort_by_key(instant);
        Ok(marks)
    }
}

/// Returns how the last run cut windows, and how many of them are shown.
fn windowing(history: &History, head: &Head, last: Option<Last>) -> Result<Windowing> {
    let wrong = |why: String| damaged(history, &why);
    let (shape, judging) = (&head.shape, &head.judging);
    let every: Period = shape
        .every
        .parse()
        .map_err(|error| wrong(format!("{error}")))?;
    let window = judging
        .window
        .parse()
        .map_err(|error| wrong(format!("{error}")))?;
    let latest = history
        .sources()
        .flat_map(crate::history::Source::pieces)
        .max();
    let count = match (last, latest) {
        (Some(Last::Windows(count)), _) => Some(count),
        (Some(Last::Time(time)), Some(latest)) => {
            let end = every.after(latest, 1);
            let from = time.after(end, -1);
            let back = (0_i64..).take_while(|steps| every.after(end, -steps) > from);
            std::num::NonZeroUsize::new(back.count())
        }
        _ => None,
    };
    Ok(Windowing {
        column: shape.time.clone(),
        window,
        every,
        zone: zone(history, head)?,
        against: judging
            .against
            .parse()
            .map_err(|error| wrong(format!("{error}")))?,
        last: count,
        alarm: judging
            .alarm
            .parse()
            .map_err(|error| wrong(format!("{error}")))?,
        judges_running: true,
    })
}

fn zone(history: &History, head: &Head) -> Result<Zone> {
    let zone = head.shape.time_zone.parse();
    zone.map_err(|error| damaged(history, &format!("{error}")))
}

/// Returns how the predictions of a history are joined, without labels: what is settled is kept.
fn labels_of(check: &DriftRequest, head: &Head) -> Result<Option<LabelRequest>, String> {
    let Some(labels) = &head.shape.labels else {
        return Ok(None);
    };
    let limits = (check.join_memory, check.reading.threads);
    let request = LabelRequest::of_history(labels, &head.shape.time_zone, limits);
    request.map(Some)
}

/// Returns the limits by which the last run judged.
fn of_judging(head: &Head) -> (LimitSource, Option<PsiLimits>) {
    let limits = head.judging.psi_limits.clone();
    let source = limits.as_ref().map(|limits| limits.thresholds);
    (source.unwrap_or_default(), limits)
}

fn damaged(history: &History, why: &str) -> Error {
    Error::bad_input(format!("the history is damaged: {why}")).at(Place {
        file: history.folder().display().to_string(),
        ..Place::default()
    })
}

fn kept(history: &History, head: &Head, windowing: &Windowing) -> Kept {
    let starts = history
        .sources()
        .flat_map(crate::history::Source::pieces)
        .collect();
    let (bytes, files) = history.size();
    Kept {
        folder: history.folder().display().to_string(),
        sources: history.sources().filter(|source| source.rows > 0).count() as u64,
        rows: history.sources().map(|source| source.rows).sum(),
        pieces: std::collections::BTreeSet::len(&starts) as u64,
        missing_pieces: missing(&starts, &windowing.grouping(0)),
        columns: head.shape.counted.len() as u64,
        bytes,
        files,
    }
}

/// Joins the files of a history, and drops what is too old.
///
/// # Errors
/// 65 if there is no history, or it is damaged; 74 if it cannot be written.
pub fn compact(request: &HistoryCompactRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let (lock, mut history) = written(&request.folder, console)?;
    let head = history.head().ok_or_else(|| not_begun(&history))?;
    let every: Period = head
        .shape
        .every
        .parse()
        .map_err(|error| damaged(&history, &format!("{error}")))?;
    // Of a history that nobody adds to any more, the last days stay.
    let latest = history.sources().flat_map(crate::history::Source::pieces);
    let end = latest.max().map(|latest| every.after(latest, 1));
    let from = request.keep.zip(end);
    let from = from.map(|(keep, end)| every.floor(keep.after(end, -1)));
    let done = history.compact(&lock, from)?;
    let document = console.document("drift_history_compact", SCHEMA_VERSION, done);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    let dropped = match done.pieces_dropped {
        0 => String::new(),
        pieces => format!(
            "; dropped {} of {}",
            format::counted(pieces, "old piece", "old pieces"),
            format::counted(done.rows_dropped, "row", "rows")
        ),
    };
    let line = format!(
        "{}: {} of {} kB are one of {} kB with {}{dropped}",
        request.folder.display(),
        format::counted(done.files_before, "file", "files"),
        format::count(done.bytes_before.div_ceil(1_000)),
        format::count(done.bytes.div_ceil(1_000)),
        format::counted(done.pieces, "piece", "pieces"),
    );
    console.print_line(Tone::Good, &line)?;
    Ok(ExitCode::Ok)
}

/// Takes the lock of a history that is there, and looks at it.
fn written(folder: &std::path::Path, console: &Console<'_>) -> Result<(Lock, History)> {
    let before = History::open(folder)?;
    if before.head().is_none() {
        return Err(not_begun(&before));
    }
    let lock = Lock::take(folder, || {
        let waiting = format!(
            "waiting for another run to be done with the history {}",
            folder.display()
        );
        console.messages().info(&waiting);
    })?;
    Ok((lock, History::open(folder)?))
}

/// Adds a mark.
///
/// # Errors
/// 64 if the time cannot be read; 65 if there is no history; 74 if it cannot be written.
pub fn annotate(request: &HistoryAnnotateRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let text = request.text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_TEXT {
        let message = format!("a mark has from 1 to {LONGEST_TEXT} characters");
        return Err(Error::usage(message));
    }
    let (lock, history) = written(&request.folder, console)?;
    let head = history.head().ok_or_else(|| not_begun(&history))?;
    let zone = zone(&history, head)?;
    let at = match &request.at {
        None => zone.civil(drift_windows::moment_of(console.created_at())),
        Some(at) => {
            let read = Moment::read(at.as_bytes()).ok_or_else(|| {
                Error::usage(format!("--at \"{at}\" is not a time"))
                    .hint("such as 2026-01-31, 2026-01-31T03:00:00+01:00, or seconds since 1970")
            })?;
            match read.offset {
                Some(offset) => zone.civil(read.seconds - offset),
                None => read.seconds,
            }
        }
    };
    let mark = Mark {
        at: zone.rfc3339(at),
        kind: MarkKind::Note,
        text: text.to_owned(),
    };
    history.annotate(&lock, mark.clone())?;
    let document = console.document("drift_history_annotate", SCHEMA_VERSION, &mark);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    console.print_done(Tone::Good, &format!("{}: {}", mark.at, mark.text))?;
    Ok(ExitCode::Ok)
}
