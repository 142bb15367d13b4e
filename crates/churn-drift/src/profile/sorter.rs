//! Hands each row to the counters of its piece of time and its segments.

use std::borrow::Cow;
use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_data::{Moment, Row, RowPlace, RowSink, Value, classify};

use super::count::{Counters, Positions};
use super::pieces::{MAX_PIECES, TimeGrouping, TimesRead};
use super::segment_plans::SegmentPlans;
use super::segmenter::Segmenter;

/// What the sinks of all threads share.
pub(super) struct Sorting<'a> {
    pub(super) plans: &'a SegmentPlans,
    pub(super) positions: &'a Positions,
    /// Where the time stands, and how it is cut.
    pub(super) time: Option<(usize, &'a TimeGrouping)>,
    /// Where the columns of each cut stand.
    pub(super) columns: &'a [Vec<usize>],
    /// Times without a zone are in UTC.
    pub(super) holds_instants: bool,
    /// The present by the zone's clock.
    pub(super) now: i64,
}

/// What was counted of a segment in a piece of time.
pub(super) struct Cell {
    /// The cut, by number; one beyond the last if there is none.
    pub(super) cut: usize,
    pub(super) segment: String,
    /// The beginning of the piece.
    pub(super) start: i64,
    pub(super) counters: Counters,
    pub(super) rows: u64,
}

/// All of them, in the order of cuts, segments and time.
pub(super) type Cells = Vec<Cell>;

/// No counters yet.
const NONE: u32 = u32::MAX;

struct Slot {
    counters: Counters,
    rows: u64,
}

/// Hands each row to the counters of its piece and its segments.
pub(super) struct Sorter<'a> {
    sorting: &'a Sorting<'a>,
    /// Pieces by their beginning, numbered as they come.
    pieces: BTreeMap<i64, usize>,
    segmenters: Vec<Segmenter<'a>>,
    /// By cut, piece and segment: the place in `slots`. What is not cut is one segment of one cut.
    places: Vec<Vec<Vec<u32>>>,
    slots: Vec<Slot>,
    /// The piece of the last row, `start..end`: most rows come in the order of time.
    last: Option<(i64, i64, usize)>,
    pub(super) times: TimesRead,
    pub(super) first_unreadable: Option<(RowPlace, Vec<u8>)>,
    /// The earliest time, and where it is first.
    pub(super) earliest: Option<(i64, RowPlace)>,
    is_full: bool,
    rows: u64,
}

impl<'a> Sorter<'a> {
    pub(super) fn new(sorting: &'a Sorting<'a>) -> Self {
        let plans = sorting.plans;
        let segmenters = plans.cuts().iter().zip(sorting.columns);
        let segmenters: Vec<Segmenter<'a>> = segmenters
            .map(|(cut, columns)| {
                let (cut, columns) = (Cow::Borrowed(cut), Cow::Borrowed(columns.as_slice()));
                Segmenter::new(cut, columns, plans.max_segments())
            })
            .collect();
        let mut pieces = BTreeMap::new();
        let mut places = vec![Vec::new(); segmenters.len().max(1)];
        if sorting.time.is_none() {
            pieces.insert(0, 0);
            places.iter_mut().for_each(|places| places.push(Vec::new()));
        }
        Self {
            sorting,
            pieces,
            segmenters,
            places,
            slots: Vec::new(),
            last: None,
            times: TimesRead::default(),
            first_unreadable: None,
            earliest: None,
            is_full: false,
            rows: 0,
        }
    }

    pub(super) const fn has_too_many_pieces(&self) -> bool {
        self.is_full
    }

    /// Refuses more segments than are allowed, and what is not a group of rows at all.
    pub(super) fn check_segments(&self) -> Result<()> {
        let mut segmenters = self.segmenters.iter();
        let is_part = self.sorting.plans.is_part;
        segmenters.try_for_each(|segmenter| segmenter.check(self.rows, is_part))
    }

    /// Takes out what was counted.
    pub(super) fn into_cells(self) -> Cells {
        let mut slots: Vec<Option<Slot>> = self.slots.into_iter().map(Some).collect();
        let mut cells = Vec::with_capacity(slots.len());
        for (cut, places) in self.places.iter().enumerate() {
            let names = self.segmenters.get(cut).map(|segmenter| &*segmenter.names);
            let names = names.unwrap_or(&[]);
            let mut order: Vec<usize> = (0..names.len().max(1)).collect();
            order.sort_by_key(|segment| names.get(*segment));
            for segment in order {
                for (&start, &piece) in &self.pieces {
                    let place = places[piece].get(segment).copied().unwrap_or(NONE);
                    let slot = slots.get_mut(place as usize).and_then(Option::take);
                    let Some(Slot { counters, rows }) = slot else {
                        continue;
                    };
                    cells.push(Cell {
                        cut,
                        segment: names.get(segment).cloned().unwrap_or_default(),
                        start,
                        counters,
                        rows,
                    });
                }
            }
        }
        cells
    }

    /// Returns the time of a row by the zone's clock; notes what keeps it from having one.
    fn time(&mut self, row: &Row<'_>, column: usize, by: &TimeGrouping) -> Option<i64> {
        let field = row.field(column);
        let Some(moment) = Moment::read(&field) else {
            if matches!(classify(&field), Value::Missing(_)) {
                self.times.missing += 1;
            } else {
                self.times.unreadable += 1;
                self.keep_first(row.place(), &field);
            }
            return None;
        };
        match moment.offset {
            Some(offset) => {
                self.times.with_offset += 1;
                Some(by.zone.civil(moment.seconds - offset))
            }
            None if self.sorting.holds_instants => {
                self.times.with_offset += 1;
                Some(by.zone.civil(moment.seconds))
            }
            None => {
                self.times.without_offset += 1;
                Some(moment.seconds)
            }
        }
    }

    fn keep_first(&mut self, place: RowPlace, text: &[u8]) {
        let is_first = self.first_unreadable.as_ref();
        if is_first.is_none_or(|(first, _)| place < *first) {
            let text = text[..text.len().min(80)].to_vec();
            self.first_unreadable = Some((place, text));
        }
    }

    /// Returns the piece that a time lies in; none if it is not to be counted.
    fn piece(&mut self, time: i64, by: &TimeGrouping, row: &Row<'_>) -> Option<usize> {
        if let Some((start, end, piece)) = self.last
            && (start..end).contains(&time)
        {
            return Some(piece);
        }
        let start = by.every.floor(time);
        if start > self.sorting.now {
            self.times.future += 1;
            self.times.latest_future = self.times.latest_future.max(Some(time));
            return None;
        }
        if !self.pieces.contains_key(&start) && self.pieces.len() >= MAX_PIECES {
            self.is_full = true;
            self.note(time, row);
            return None;
        }
        let piece = self.numbered(start);
        self.last = Some((start, by.every.after(start, 1), piece));
        Some(piece)
    }

    /// Returns the number of a piece, which may be a new one.
    fn numbered(&mut self, start: i64) -> usize {
        let next = self.pieces.len();
        let piece = *self.pieces.entry(start).or_insert(next);
        if piece == next {
            for places in &mut self.places {
                places.push(Vec::new());
            }
        }
        piece
    }

    fn note(&mut self, time: i64, row: &Row<'_>) {
        if self.earliest.is_none_or(|(earliest, _)| time < earliest) {
            self.earliest = Some((time, row.place()));
        }
        let times = &mut self.times;
        times.earliest = Some(times.earliest.map_or(time, |earliest| earliest.min(time)));
        times.latest = times.latest.max(Some(time));
    }

    /// Returns where the counters of a segment in a piece are, if there are any.
    #[inline]
    fn known(&self, cut: usize, piece: usize, segment: usize) -> Option<usize> {
        let place = self.places[cut][piece].get(segment).copied();
        place
            .filter(|place| *place != NONE)
            .map(|place| place as usize)
    }

    /// Returns the counters of a segment in a piece.
    #[inline]
    fn slot(&mut self, cut: usize, piece: usize, segment: usize) -> &mut Slot {
        let place = match self.known(cut, piece, segment) {
            Some(place) => place,
            None => self.new_slot(cut, piece, segment),
        };
        &mut self.slots[place]
    }

    #[cold]
    fn new_slot(&mut self, cut: usize, piece: usize, segment: usize) -> usize {
        let names = self.segmenters.get(cut).map(|segmenter| &*segmenter.names);
        let name = names.and_then(|names| names.get(segment));
        let plans = self.sorting.plans;
        let plan = plans.counting(cut, name.map_or("", String::as_str));
        let slot = Slot {
            counters: Counters::new(plan, self.sorting.positions),
            rows: 0,
        };
        self.push(cut, piece, segment, slot)
    }

    fn push(&mut self, cut: usize, piece: usize, segment: usize, slot: Slot) -> usize {
        self.slots.push(slot);
        let place = self.slots.len() - 1;
        let places = &mut self.places[cut][piece];
        if places.len() <= segment {
            places.resize(segment + 1, NONE);
        }
        places[segment] = place as u32;
        place
    }

    #[inline]
    fn count(&mut self, row: &Row<'_>, piece: usize) {
        if self.segmenters.is_empty() {
            let slot = self.slot(0, piece, 0);
            slot.rows += 1;
            slot.counters.row(row);
            return;
        }
        for cut in 0..self.segmenters.len() {
            if let Some(segment) = self.segmenters[cut].segment(row) {
                let slot = self.slot(cut, piece, segment);
                slot.rows += 1;
                slot.counters.row(row);
            }
        }
    }

    /// Adds what another one has counted of a cut.
    fn merge_cut(&mut self, cut: usize, theirs: &Theirs<'_>, slots: &mut [Option<Slot>]) {
        for (&start, &their_piece) in theirs.pieces {
            let piece = self.numbered(start);
            for (their_segment, place) in theirs.places[their_piece].iter().enumerate() {
                let slot = slots.get_mut(*place as usize).and_then(Option::take);
                let Some(slot) = slot else { continue };
                let segment = match (self.segmenters.get_mut(cut), theirs.names) {
                    (Some(own), Some(names)) => own.number(names[their_segment].clone()),
                    _ => Some(0),
                };
                let Some(segment) = segment else { continue };
                match self.known(cut, piece, segment) {
                    Some(place) => {
                        let own = &mut self.slots[place];
                        own.rows += slot.rows;
                        own.counters.merge(slot.counters);
                    }
                    None => drop(self.push(cut, piece, segment, slot)),
                }
            }
        }
    }
}

/// What another sorter has of a cut.
struct Theirs<'a> {
    pieces: &'a BTreeMap<i64, usize>,
    places: &'a [Vec<u32>],
    names: Option<&'a [String]>,
}

impl RowSink for Sorter<'_> {
    fn row(&mut self, row: &Row<'_>) {
        self.rows += 1;
        let Some((column, by)) = self.sorting.time else {
            self.count(row, 0);
            return;
        };
        let Some(time) = self.time(row, column, by) else {
            return;
        };
        if let Some(piece) = self.piece(time, by, row) {
            self.note(time, row);
            self.count(row, piece);
        }
    }

    fn merge(&mut self, other: Self) {
        let mut slots: Vec<Option<Slot>> = other.slots.into_iter().map(Some).collect();
        for (cut, places) in other.places.iter().enumerate() {
            let segmenter = other.segmenters.get(cut);
            let theirs = Theirs {
                pieces: &other.pieces,
                places,
                names: segmenter.map(|segmenter| &*segmenter.names),
            };
            self.merge_cut(cut, &theirs, &mut slots);
            if let (Some(own), Some(theirs)) = (self.segmenters.get_mut(cut), segmenter) {
                own.is_full |= theirs.is_full;
                own.distinct.merge(&theirs.distinct);
            }
        }
        self.rows += other.rows;
        self.is_full |= other.is_full || self.pieces.len() > MAX_PIECES;
        self.times.add(&other.times);
        self.earliest = match (self.earliest, other.earliest) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        if let Some((place, text)) = other.first_unreadable {
            self.keep_first(place, &text);
        }
    }
}
