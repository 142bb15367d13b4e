//! Counts a data set once, by the piece of time and the segment that each row lies in. Which windows are made
//! of the pieces, and what is said of them, is decided in `drift/`.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::progress::Progress;
use churn_base::threads::{available, each_in_order};
use churn_data::{DataSet, Summary};

use super::column::Column;
use super::count::{Counters, Positions, in_database, position};
use super::count_plan::{CountColumn, CountPlan, Counted};
use super::cut::Cut;
use super::cut_profile::{CutProfile, SegmentProfile};
use super::document::{HeaderRows, Profile};
use super::pieces::{CutPieces, Grouped, TimeGrouping, TimesRead, no_time_in, too_many};
use super::pushdown;
use super::segment_plans::SegmentPlans;
use super::sorter::{Cell, Cells, Sorter, Sorting};

/// Counts the planned columns by pieces of time and by segment; all rows are one piece, which begins at 0, if no
/// time is named.
///
/// # Errors
/// As [`count`](super::count()); also if no time can be read, the rows lie in more than [`MAX_PIECES`] pieces, or
/// in more segments than are allowed. Rows without a time are *no* error.
///
/// [`MAX_PIECES`]: super::MAX_PIECES
pub fn count_by(
    data: DataSet,
    plans: &SegmentPlans,
    by: Option<&TimeGrouping>,
    progress: &dyn Progress,
) -> Result<Grouped> {
    let source = data.name().to_owned();
    let grouped = count_part(data, plans, by, progress)?;
    match by {
        Some(by) if grouped.pieces.is_empty() => {
            Err(no_time_in(&source, by, &grouped.times, grouped.rows))
        }
        _ => Ok(grouped),
    }
}

/// As [`count_by`], of one of many tables: that none of its rows has a time is *no* error, nor that it has no row, or
/// few of each segment.
///
/// # Errors
/// As [`count_by`].
pub fn count_grouped_part(
    data: DataSet,
    plans: &SegmentPlans,
    by: &TimeGrouping,
    progress: &dyn Progress,
) -> Result<Grouped> {
    count_part(data, &plans.clone().of_part(), Some(by), progress)
}

fn count_part(
    mut data: DataSet,
    plans: &SegmentPlans,
    by: Option<&TimeGrouping>,
    progress: &dyn Progress,
) -> Result<Grouped> {
    let source = data.name().to_owned();
    let time = by.map(|by| position(&data, &by.column)).transpose()?;
    if let Some(table) = in_database(&mut data) {
        let time = by.map(|by| Some((pushdown::time_of(&table, &by.column)?, by)));
        // Where times are texts to a database, or it cannot tell the segments, its rows are read.
        if time != Some(None)
            && let Some(grouped) = pushdown::count_by_piece(table, time.flatten(), plans, progress)?
        {
            return Ok(grouped);
        }
    }
    let positions = Positions::of(&data, plans.all())?;
    let of_cut = |cut: &Cut| cut.columns().map(|name| position(&data, name)).collect();
    let columns = plans
        .cuts()
        .iter()
        .map(of_cut)
        .collect::<Result<Vec<Vec<usize>>>>()?;
    let holds_instants = by.is_some_and(|by| data.holds_instants(&by.column));
    let sorting = Sorting {
        plans,
        positions: &positions,
        time: time.zip(by),
        columns: &columns,
        holds_instants,
        now: by.map_or(0, |by| by.zone.civil(by.now)),
    };
    let wanted = positions
        .all()
        .chain(time)
        .chain(columns.iter().flatten().copied());
    let data = data.wanting(wanted);
    let (sorter, summary) = data.read(&|| Sorter::new(&sorting), progress)?;
    let at = |column: Option<&str>| Place {
        file: source.clone(),
        line: None,
        column: column.map(str::to_owned),
    };
    if let Some(by) = by
        && sorter.has_too_many_pieces()
    {
        return Err(too_many(by, &sorter.times).at(at(Some(&by.column))));
    }
    sorter
        .check_segments()
        .map_err(|error| error.at(at(None)))?;
    let times = times_of(&sorter, by, &summary);
    let cells = sorter.into_cells();
    let (mut pieces, cuts) = finished(cells, plans, &source, &summary)?;
    if by.is_none() && pieces.is_empty() {
        let none = Counters::new(plans.whole(), &positions);
        pieces.insert(0, none.finish(plans.whole(), &source, &summary)?);
    }
    Ok(Grouped {
        first: pieces.keys().next().copied(),
        pieces,
        cuts,
        now: by.map_or(0, |by| by.now),
        times,
        rows: summary.rows,
        blank_lines: summary.blank_lines,
        header_rows: HeaderRows {
            count: summary.header_rows,
            first: summary.first_header_row,
        },
    })
}

impl Grouped {
    /// Returns all rows together, if they were not cut by time.
    #[must_use]
    pub fn whole(&self) -> Option<Counted> {
        let mut whole = self.pieces.get(&0)?.clone();
        whole.rows = self.rows;
        whole.blank_lines = self.blank_lines;
        whole.header_rows = self.header_rows.clone();
        Some(whole)
    }
}

impl Grouped {
    /// Takes what a profile has counted; its segments must be those of these cuts.
    ///
    /// # Errors
    /// Bad input if it was not counted by one of them.
    pub fn of_profile(profile: Profile, cuts: &[Cut]) -> Result<Self> {
        let of_cut = |cut: &Cut| {
            let by = cut.to_string();
            let known = profile.segments.iter().find(|known| known.by == by);
            let known = known.ok_or_else(|| profile.lacks(&by, "--current"))?;
            let counted = |segment: &SegmentProfile| {
                let counted = Counted {
                    columns: segment.columns.clone(),
                    outcome: segment.outcome.clone(),
                    rows: segment.rows,
                    blank_lines: 0,
                    header_rows: HeaderRows::default(),
                };
                (segment.segment.clone(), BTreeMap::from([(0, counted)]))
            };
            Ok(CutPieces {
                cut: cut.clone(),
                segments: known.segments.iter().map(counted).collect(),
            })
        };
        let cuts = cuts.iter().map(of_cut).collect::<Result<_>>()?;
        let whole = Counted {
            columns: profile.columns,
            outcome: profile.outcome,
            rows: profile.rows,
            blank_lines: 0,
            header_rows: profile.header_rows.clone(),
        };
        Ok(Self {
            first: Some(0),
            pieces: BTreeMap::from([(0, whole)]),
            cuts,
            now: 0,
            times: TimesRead::default(),
            rows: profile.rows,
            blank_lines: 0,
            header_rows: profile.header_rows,
        })
    }

    /// Returns all rows together and the segments as they stand in a profile, if they were not cut by time.
    ///
    /// # Errors
    /// A bug if they were.
    pub(super) fn into_profiles(self) -> Result<(Counted, Vec<CutProfile>)> {
        let whole = self.whole();
        let whole = whole.ok_or_else(|| Error::new(ExitCode::Bug, "rows were cut by time"))?;
        let profile = |(segment, mut pieces): (String, BTreeMap<i64, Counted>)| {
            let counted = pieces.remove(&0)?;
            Some(SegmentProfile {
                segment,
                rows: counted.rows,
                columns: counted.columns,
                outcome: counted.outcome,
            })
        };
        let cuts = self.cuts.into_iter().map(|cut| CutProfile {
            by: cut.cut.to_string(),
            segments: cut.segments.into_iter().filter_map(profile).collect(),
        });
        Ok((whole, cuts.collect()))
    }
}

/// The whole by pieces, and the pieces of each segment.
type Finished = (BTreeMap<i64, Counted>, Vec<CutPieces>);

/// Puts away what was counted by segment, and what that comes to for all.
fn finished(
    cells: Cells,
    plans: &SegmentPlans,
    source: &str,
    summary: &Summary,
) -> Result<Finished> {
    let put_away = |plan: &CountPlan, counters: Counters, rows: u64| {
        let mut counted = counters.finish(plan, source, summary)?;
        counted.rows = rows;
        Ok::<Counted, Error>(counted)
    };
    let cells = each_in_order(available(), cells, |mut cell| {
        cell.counters.sort_numbers();
        cell
    });
    let are_cut = !plans.cuts().is_empty();
    let mut whole = BTreeMap::new();
    // Each row is in one segment of every cut: those of the first are all rows.
    let (firsts, mut cells): (Vec<Cell>, Vec<Cell>) =
        cells.into_iter().partition(|cell| are_cut && cell.cut == 0);
    let mut of_pieces: BTreeMap<i64, Vec<Cell>> = BTreeMap::new();
    for cell in firsts {
        of_pieces.entry(cell.start).or_default().push(cell);
    }
    let of_pieces: Vec<(i64, Vec<Cell>)> = of_pieces.into_iter().collect();
    let together = |(start, mut cells): (i64, Vec<Cell>)| {
        let rows = cells.iter().map(|cell| cell.rows).sum();
        let counters = cells.iter_mut().map(|cell| &mut cell.counters);
        let all = Counters::together(counters, plans.all(), plans.whole());
        (start, put_away(plans.whole(), all, rows), cells)
    };
    for (start, counted, parts) in each_in_order(available(), of_pieces, together) {
        whole.insert(start, counted?);
        cells.extend(parts);
    }
    let mut cuts: Vec<CutPieces> = plans
        .cuts()
        .iter()
        .map(|cut| CutPieces {
            cut: cut.clone(),
            segments: BTreeMap::new(),
        })
        .collect();
    let counted = each_in_order(available(), cells, |cell| {
        let plan = match are_cut {
            true => plans.counting(cell.cut, &cell.segment),
            false => plans.whole(),
        };
        let counted = put_away(plan, cell.counters, cell.rows)?;
        Ok((cell.cut, cell.segment, cell.start, counted))
    });
    for cell in counted {
        let (cut, segment, start, counted) = cell?;
        match cuts.get_mut(cut) {
            Some(cut) => {
                let segment = cut.segments.entry(segment).or_default();
                segment.insert(start, counted);
            }
            None => drop(whole.insert(start, counted)),
        }
    }
    Ok((whole, cuts))
}

/// Returns what the times were, with the line of the first that cannot be read.
fn times_of(sorter: &Sorter<'_>, by: Option<&TimeGrouping>, summary: &Summary) -> TimesRead {
    let first = by.zip(sorter.first_unreadable.as_ref());
    let placed = |by: &TimeGrouping, place| Place {
        column: Some(by.column.clone()),
        ..summary.lines.place(place)
    };
    TimesRead {
        first_unreadable: first.map(|(by, (place, text))| {
            let text = String::from_utf8_lossy(text).into_owned();
            (placed(by, *place), text)
        }),
        earliest_at: by
            .zip(sorter.earliest)
            .map(|(by, (_, place))| placed(by, place)),
        ..sorter.times.clone()
    }
}

impl CountPlan {
    /// Puts together what was counted by this plan in parts.
    ///
    /// # Errors
    /// Bad input if a part is damaged; what was just counted is not.
    pub fn merged(&self, parts: &[&Counted]) -> Result<Counted> {
        if let [only] = parts {
            return Ok((*only).clone());
        }
        // A database need not have counted all: what is not in every part is in none.
        let counted = |column: &&CountColumn| {
            let is_it = |one: &Column| one.name == column.name;
            parts.iter().all(|part| part.columns.iter().any(is_it))
        };
        let plan = Self {
            columns: self.columns.iter().filter(counted).cloned().collect(),
            outcome: self.outcome.clone(),
        };
        let mut whole = Counters::new(&plan, &Positions::of_none(&plan));
        for part in parts {
            whole.add(part)?;
        }
        let mut merged = whole.finish(&plan, "", &Summary::default())?;
        merged.rows = parts.iter().map(|part| part.rows).sum();
        for (at, column) in merged.columns.iter_mut().enumerate() {
            let mut first = parts.iter().map(|part| &part.columns[at].first_texts);
            let first = first.find(|texts| !texts.is_empty());
            column.first_texts = first.cloned().unwrap_or_default();
        }
        Ok(merged)
    }
}
