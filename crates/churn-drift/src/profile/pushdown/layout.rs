//! Where the groups of a statement belong: to a segment in a piece of time, and to the whole of that piece.

use std::borrow::Cow;
use std::collections::HashMap;

use churn_base::error::{Error, Place, Result};
use churn_base::progress::Progress;
use churn_data::{Cell, Moment, SqlTime};

use super::super::count_plan::{CountColumn, CountPlan};
use super::super::cut::Cut;
use super::super::pieces::{MAX_PIECES, TimeGrouping, TimesRead, no_time, too_many};
use super::super::segment_plans::SegmentPlans;
use super::super::segmenter::Segmenter;
use super::statements_by_piece::{ByPiece, MOST_GROUPS, extent, pieces, rows};
use super::table::Table;

/// The pieces of a table.
pub(super) struct Pieces {
    pub(super) by: ByPiece,
    /// Where each begins, by the zone's clock; the last may be of times to come.
    pub(super) starts: Vec<i64>,
    pub(super) rows: Vec<u64>,
    pub(super) times: TimesRead,
    pub(super) all_rows: u64,
    /// How many of them have begun.
    pub(super) begun: usize,
}

/// What is counted by itself: the rows of a piece, or those of a segment in it.
pub(super) struct Target {
    pub(super) piece: usize,
    /// The segment by number; none for all rows of the piece.
    pub(super) segment: Option<usize>,
    pub(super) rows: u64,
}

/// Where the groups of the statements of one cut belong.
pub(super) struct Layout<'a> {
    pub(super) by: ByPiece,
    pub(super) targets: Vec<Target>,
    plans: &'a SegmentPlans,
    cut: usize,
    /// None where rows are not cut.
    segmenter: Option<Segmenter<'a>>,
    /// By piece and segment.
    places: HashMap<(usize, usize), usize>,
    /// Pieces whose rows are counted as a whole, too: none, or all that have begun.
    wholes: usize,
}

impl<'a> Layout<'a> {
    /// Sorts by pieces alone.
    pub(super) fn of_pieces(found: &Pieces, plans: &'a SegmentPlans) -> Self {
        let rows = found.rows.iter().take(found.begun).enumerate();
        let target = |(piece, rows): (usize, &u64)| Target {
            piece,
            segment: None,
            rows: *rows,
        };
        Self {
            by: found.by.clone(),
            targets: rows.map(target).collect(),
            plans,
            cut: 0,
            segmenter: None,
            places: HashMap::new(),
            wholes: found.begun,
        }
    }

    /// Returns to which targets a group belongs whose piece and keys are these.
    #[inline]
    pub(super) fn targets_of(&mut self, piece: i64, keys: &[Cell<'_>]) -> [Option<usize>; 2] {
        let Ok(piece) = usize::try_from(piece) else {
            return [None; 2];
        };
        let whole = Some(piece).filter(|piece| *piece < self.wholes);
        let segment = self.segmenter.as_mut().and_then(|one| one.of_texts(keys));
        let place = segment.and_then(|segment| self.places.get(&(piece, segment)));
        [whole, place.copied()]
    }

    /// Returns what is counted of a target.
    pub(super) fn plan(&self, target: &Target) -> &'a CountPlan {
        match self.name(target) {
            Some(name) => self.plans.counting(self.cut, name),
            None => self.plans.whole(),
        }
    }

    /// Returns the name of a target's segment.
    pub(super) fn name(&self, target: &Target) -> Option<&str> {
        let segmenter = self.segmenter.as_ref()?;
        Some(&segmenter.names[target.segment?])
    }

    /// Returns how a column is counted for each target; none where it is not.
    pub(super) fn columns(&self, name: &str) -> Vec<Option<&'a CountColumn>> {
        let find = |plan: &'a CountPlan| plan.columns.iter().find(|column| column.name == name);
        let targets = self.targets.iter();
        targets.map(|target| find(self.plan(target))).collect()
    }
}

impl Table<'_> {
    /// Sorts by pieces and the segments of a cut; none if the database cannot tell the segments.
    ///
    /// # Errors
    /// As of a file, if there are too many segments.
    pub(super) fn layout<'a>(
        &mut self,
        found: &Pieces,
        plans: &'a SegmentPlans,
        (number, cut): (usize, &'a Cut),
        progress: &dyn Progress,
    ) -> Result<Option<Layout<'a>>> {
        let Some(keys) = self.segment_keys(cut, progress)? else {
            return Ok(None);
        };
        let mut layout = Layout {
            by: ByPiece {
                keys,
                ..found.by.clone()
            },
            cut: number,
            segmenter: Some(Segmenter::new(
                Cow::Borrowed(cut),
                Cow::Borrowed(&[]),
                plans.max_segments(),
            )),
            ..Layout::of_pieces(found, plans)
        };
        if number > 0 {
            layout.targets.clear();
            layout.wholes = 0;
        }
        let (mut groups, mut bad) = (0, false);
        let Some(segmenter) = &mut layout.segmenter else {
            return Ok(None);
        };
        let sql = rows(self.source(None), &layout.by, MOST_GROUPS + 1);
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let figure = |at: usize| cells.get(at).copied().flatten()?.parse::<i64>().ok();
            let (Some(piece), Some(rows)) = (figure(0), figure(1)) else {
                bad = true;
                return;
            };
            groups += 1;
            let Some(piece) = usize::try_from(piece).ok().filter(|at| *at < found.begun) else {
                return;
            };
            let Some(segment) = segmenter.of_texts(cells.get(2..).unwrap_or_default()) else {
                return;
            };
            let next = layout.targets.len();
            let place = *layout.places.entry((piece, segment)).or_insert(next);
            if place == next {
                layout.targets.push(Target {
                    piece,
                    segment: Some(segment),
                    rows: 0,
                });
            }
            layout.targets[place].rows += rows.unsigned_abs();
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("a count that is not a number"));
        }
        let checked = segmenter.check(found.all_rows, plans.is_part);
        checked.map_err(|error| error.at(self.place.clone()))?;
        Ok(Some(layout).filter(|_| groups <= MOST_GROUPS))
    }

    /// Returns all rows as one piece.
    ///
    /// # Errors
    /// Bad input if there is none.
    pub(super) fn one_piece(&mut self, progress: &dyn Progress) -> Result<Pieces> {
        let by = ByPiece::default();
        let answers = self.texts(&rows(self.source(None), &by, 1), progress)?;
        let count = answers.first().and_then(|row| row.get(1)?.as_ref());
        let rows: u64 = count.and_then(|text| text.parse().ok()).unwrap_or(0);
        if rows == 0 {
            return Err(self.no_rows());
        }
        Ok(Pieces {
            by,
            starts: vec![0],
            rows: vec![rows],
            times: TimesRead::default(),
            all_rows: rows,
            begun: 1,
        })
    }

    /// Sorts the rows into pieces of time.
    ///
    /// # Errors
    /// Bad input if there is no time, or times are too far apart.
    pub(super) fn pieces(
        &mut self,
        kind: SqlTime,
        by: &TimeGrouping,
        progress: &dyn Progress,
    ) -> Result<Pieces> {
        let at = Place {
            column: Some(by.column.clone()),
            ..self.place.clone()
        };
        let dialect = self.engine.dialect();
        let column = self.column(&by.column)?.clone();
        let read = |text: &str| {
            let moment = Moment::read(text.as_bytes())?;
            Some(match kind {
                SqlTime::Instant => by.zone.civil(moment.seconds - moment.offset.unwrap_or(0)),
                SqlTime::Local | SqlTime::Date => moment.seconds,
            })
        };
        let mut answers = self.texts(
            &extent(self.source(None), &dialect.name(&by.column)),
            progress,
        )?;
        let mut answer = answers.pop().unwrap_or_default().into_iter();
        let (first, last) = (answer.next().flatten(), answer.next().flatten());
        let all_rows = answer
            .next()
            .flatten()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let mut times = TimesRead::default();
        let (Some(first), Some(last)) = (first, last) else {
            times.missing = all_rows;
            return Err(no_time(by, &times, all_rows).at(at));
        };
        let (Some(earliest), Some(latest)) = (read(&first), read(&last)) else {
            let error =
                format!("the times reach from \"{first}\" to \"{last}\", which cannot be read");
            let hint = "leave such rows out with a condition: &where=...";
            return Err(Error::bad_input(error).at(at).hint(hint));
        };
        let Some((starts, begun)) = starts(by, earliest, latest) else {
            (times.earliest, times.latest) = (Some(earliest), Some(latest));
            return Err(too_many(by, &times).at(at));
        };
        let by_piece = by_piece(dialect, &column, kind, by, &starts);
        let mut rows = vec![0; starts.len()];
        let sql = pieces(self.source(None), &by_piece);
        for answer in self.texts(&sql, progress)? {
            let number = |at: usize| {
                answer
                    .get(at)
                    .cloned()
                    .flatten()
                    .and_then(|text| text.parse::<i64>().ok())
            };
            let time = |at: usize| {
                answer
                    .get(at)
                    .cloned()
                    .flatten()
                    .and_then(|text| read(&text))
            };
            let (Some(piece), Some(count)) = (number(0), number(1)) else {
                return Err(self.broken("a count that is not a number"));
            };
            let count = count.unsigned_abs();
            let Ok(piece) = usize::try_from(piece) else {
                times.missing += count;
                continue;
            };
            if kind == SqlTime::Instant {
                times.with_offset += count;
            } else {
                times.without_offset += count;
            }
            match rows.get_mut(piece) {
                Some(rows) if piece < begun => {
                    *rows = count;
                    times.earliest = times.earliest.into_iter().chain(time(2)).min();
                    times.latest = times.latest.max(time(3));
                }
                _ => {
                    times.future += count;
                    times.latest_future = times.latest_future.max(time(3));
                }
            }
        }
        if begun == 0 || rows[..begun].iter().all(|rows| *rows == 0) {
            return Err(no_time(by, &times, all_rows).at(at));
        }
        Ok(Pieces {
            by: by_piece,
            starts,
            rows,
            times,
            all_rows,
            begun,
        })
    }

    /// Runs a statement with few rows of texts.
    pub(super) fn texts(
        &mut self,
        sql: &str,
        progress: &dyn Progress,
    ) -> Result<Vec<Vec<Option<String>>>> {
        let mut rows = Vec::new();
        self.engine.query(sql, &mut |cells: &[Cell<'_>]| {
            rows.push(cells.iter().map(|cell| cell.map(str::to_owned)).collect());
        })?;
        progress.advance(1);
        Ok(rows)
    }
}

/// Returns where pieces begin from the first time to the last, and how many of them have begun; none if
/// there are too many.
fn starts(by: &TimeGrouping, first: i64, last: i64) -> Option<(Vec<i64>, usize)> {
    let now = by.zone.civil(by.now);
    let mut starts = Vec::new();
    let mut start = by.every.floor(first);
    while start <= last && start <= now {
        if starts.len() >= MAX_PIECES {
            return None;
        }
        starts.push(start);
        start = by.every.after(start, 1);
    }
    let begun = starts.len();
    if start <= last {
        // One for all that have not begun.
        starts.push(start);
    }
    Some((starts, begun))
}

/// How rows are sorted into pieces that begin then.
pub(super) fn by_piece(
    dialect: churn_data::Dialect,
    column: &churn_data::SqlColumn,
    kind: SqlTime,
    by: &TimeGrouping,
    starts: &[i64],
) -> ByPiece {
    let edges = starts.iter().skip(1).map(|start| {
        let at = match kind {
            SqlTime::Instant => by.zone.instant(*start),
            SqlTime::Local | SqlTime::Date => *start,
        };
        dialect.time(kind, at)
    });
    ByPiece {
        time: Some(dialect.name(&column.name)),
        edges: edges.collect(),
        keys: Vec::new(),
    }
}
