//! The part of `churnctl drift` that takes what earlier runs have counted out of a history, reads what is new, and
//! keeps it.

use std::collections::BTreeSet;

use super::drift_check::count_plans;
use super::drift_evidence::settings_of;
use super::drift_history_checks::{
    check_once, check_segments, check_shape, holds_nothing, is_same_set, not_begun, refused,
};
use super::drift_history_labels::Access;
use super::drift_history_messages::{
    TELLING, Tally, behind, missing, say, say_gaps, say_replaced, say_twice,
};
use super::drift_join::Given;
use super::drift_labels::LabelRequest;
use super::drift_request::{DriftRequest, HistoryUse, ReadingRequest};
use super::inputs::{self, Input};
use super::{Console, drift_windows};
use crate::data::{DataSet, Location, expand, is_database};
use crate::drift::history::HistoryReport;
use crate::drift::{CheckOptions, Plan, Provenance, PsiLimits, SegmentBaselines, Windowing};
use crate::error::{Error, Result};
use crate::history::{
    BaselineUse, Head, History, Judging, Lock, Recorded, Shape, Source, SourceState,
};
use crate::labels::{Predictions, Recording, record};
use crate::profile::{
    Grouped, Profile, Roles, SegmentPlans, TimeGrouping, count_grouped_part, no_time_in,
};
use crate::reports::format;

/// Version of the head's layout.
const SCHEMA_VERSION: u32 = 1;
/// That of one with segments.
const SCHEMA_VERSION_WITH_SEGMENTS: u32 = 2;
/// That of one that keeps predictions for later labels.
const SCHEMA_VERSION_WITH_LABELS: u32 = 3;
/// What cannot be named again.
const ONCE: &str = "-";

/// The current side with all that is kept of it.
pub(super) struct Taken {
    pub(super) counted: Grouped,
    pub(super) counts_sha256: String,
    pub(super) plan: Plan,
    pub(super) segments: Option<SegmentBaselines>,
    pub(super) options: CheckOptions,
    pub(super) report: HistoryReport,
    /// What labels say that came later, if they are joined.
    pub(super) labels: Option<Given>,
}

/// A source of the current side that is not kept as it is now.
struct Fresh {
    key: String,
    version: Option<String>,
    name: String,
    state: SourceState,
    /// Where it is; a database is open from the start.
    location: Option<Location>,
    data: Option<Box<DataSet>>,
}

impl Fresh {
    /// It is told from others by its place.
    const fn is_file(&self) -> bool {
        self.version.is_some()
    }

    /// Opens it, unless it is open: what can be read only once is opened once.
    fn open(&mut self, reading: &ReadingRequest) -> Result<Box<DataSet>> {
        match (self.data.take(), &self.location) {
            (Some(data), _) => Ok(data),
            (None, location) => {
                let at: Vec<Location> = location.iter().cloned().collect();
                DataSet::of(&at, self.name.clone(), reading.read_options()).map(Box::new)
            }
        }
    }
}

impl DriftRequest {
    /// Puts the current side together of what is kept and what is new, and keeps that.
    pub(super) fn take_from(
        &self,
        history: &HistoryUse,
        baseline: &Profile,
        windowing: &Windowing,
        provenance: &Provenance,
        console: &Console<'_>,
    ) -> Result<Taken> {
        let by = windowing.grouping(drift_windows::moment(provenance));
        if let Some(run) = history.as_of {
            let kept = History::open_as_of(&history.folder, run)?;
            return self.take_as_of((kept, run), baseline, (windowing, &by, provenance), console);
        }
        let reading = self.reading.with_nulls(&baseline.roles.null);
        let lock = Lock::take(&history.folder, || {
            let folder = history.folder.display();
            let waiting = format!("waiting for another run to be done with the history {folder}");
            console.messages().info(&waiting);
        })?;
        let mut kept = History::open(&history.folder)?;
        let (mut fresh, there) = self.look(&kept, &reading, console)?;
        let mut tally = Tally {
            kept: kept.sources().count() as u64,
            ..Tally::default()
        };
        let (columns, exclude) = match fresh.first_mut() {
            Some(first) => {
                let data = first.open(&reading)?;
                let data = first.data.insert(data);
                (data.columns().to_vec(), self.excluded_in(data))
            }
            None => match kept.head() {
                Some(head) => (head.shape.columns.clone(), head.judging.exclude.clone()),
                None => return Err(Error::usage("no data given")),
            },
        };
        // In the order in which they were read first, as one read of all has them.
        let known = kept.head().map(|head| &head.shape.columns);
        let same = known.filter(|known| is_same_set(known, &columns));
        let columns = same.cloned().unwrap_or(columns);
        let options = self.options_without(&exclude);
        let (plan, _, plans) = self.planned(baseline, &columns, &options)?;
        let options = self.with_limits(options, None, (baseline, &plan), provenance, console)?;
        let shape = self.shape(&reading, windowing, columns, &plans);
        check_shape(&kept, &shape)?;
        let recorded = self.read(fresh, &kept, &shape, (&plans, &by), console, &mut tally)?;
        let moved = moved(&recorded, &kept, &there, console);
        tally.kept -= moved.len() as u64;
        say_twice(&recorded, &moved, &kept, &there, console);
        let judged_by = (windowing, &options);
        let head = self.head(&kept, shape, judged_by, baseline, &exclude, provenance);
        if let Some((head, is_new)) = head {
            kept.set_head(&lock, head, is_new.then_some(baseline))?;
        }
        kept.append(&lock, recorded.into_iter().chain(moved).collect())?;
        let sides = (&plan, baseline, &plans);
        let labels = match &self.labels {
            Some(labels) => {
                let access = Access::Write(&lock);
                labels.settle(&mut kept, access, sides, &reading, by.now, console)?
            }
            None => None,
        };
        drop(lock);
        say(&tally, &kept, console);
        let asked = (windowing, &by, provenance);
        let taken = self.assemble(kept, baseline, asked, tally, options.limits, console)?;
        Ok(Taken { labels, ..taken })
    }

    /// Puts the current side together as an earlier run has seen it.
    fn take_as_of(
        &self,
        (mut kept, run): (History, u64),
        baseline: &Profile,
        asked: (&Windowing, &TimeGrouping, &Provenance),
        console: &Console<'_>,
    ) -> Result<Taken> {
        let labels = match (&self.labels, kept.head().cloned()) {
            (Some(labels), Some(head)) => {
                let options = self.options_without(&head.judging.exclude);
                let (plan, _, plans) = self.planned(baseline, &head.shape.columns, &options)?;
                let reading = self.reading.with_nulls(&head.shape.null);
                let sides = (&plan, baseline, &plans);
                let now = asked.1.now;
                let access = Access::AsOf(run);
                match labels.addresses.is_empty() {
                    true => labels.settled(&kept, &head, &plan)?,
                    false => labels.settle(&mut kept, access, sides, &reading, now, console)?,
                }
            }
            _ => None,
        };
        let taken = self.assemble(kept, baseline, asked, Tally::default(), None, console)?;
        Ok(Taken { labels, ..taken })
    }

    /// Finds what is not kept as it is now; also returns the places of all.
    fn look(
        &self,
        kept: &History,
        reading: &ReadingRequest,
        console: &Console<'_>,
    ) -> Result<(Vec<Fresh>, BTreeSet<String>)> {
        if self.current.iter().any(|address| is_database(address)) {
            let data = match self.labels {
                // A database counts by itself, and a join needs the rows.
                Some(_) => LabelRequest::open_current(&self.current, reading, console)?,
                None => Input::open(&self.current, reading)?,
            };
            let Input::Data(data) = data else {
                return Err(inputs::no_rows_in_profile());
            };
            let name = data.name().to_owned();
            let fresh = Fresh {
                key: name.clone(),
                version: None,
                name,
                state: SourceState::New,
                location: None,
                data: Some(data),
            };
            return Ok((vec![fresh], BTreeSet::new()));
        }
        inputs::refuse_profile(&self.current)?;
        let mut fresh = Vec::new();
        let mut there = BTreeSet::new();
        for location in expand(&self.current)? {
            let name = location.name();
            let (key, version) = match location.identity()? {
                Some(identity) => (identity.place, Some(identity.version)),
                None => (ONCE.to_owned(), None),
            };
            let state = match &version {
                Some(version) => kept.state(&key, Some(version)),
                None => SourceState::New,
            };
            let is_first = there.insert(key.clone());
            // A file that is named twice is one: its rows must not count twice.
            if state != SourceState::Kept && (is_first || version.is_none()) {
                fresh.push(Fresh {
                    key,
                    version,
                    name,
                    state,
                    location: Some(location),
                    data: None,
                });
            }
        }
        Ok((fresh, there))
    }

    fn shape(
        &self,
        reading: &ReadingRequest,
        windowing: &Windowing,
        columns: Vec<String>,
        plans: &SegmentPlans,
    ) -> Shape {
        let shape = Shape {
            model: self.model.clone(),
            time: windowing.column.clone(),
            every: windowing.every.to_string(),
            time_zone: windowing.zone.name().to_owned(),
            null: reading.null.clone(),
            columns,
            counted: Vec::new(),
            outcome: None,
            by: Vec::new(),
            labels: self.labels.as_ref().map(LabelRequest::counted),
        };
        shape.with_plans(plans)
    }

    /// Decides what to compare and to count of a current side with these columns.
    fn planned(
        &self,
        baseline: &Profile,
        columns: &[String],
        options: &CheckOptions,
    ) -> Result<(Plan, Option<SegmentBaselines>, SegmentPlans)> {
        let plan = Plan::new(baseline, columns, options)?;
        let segments = self.baseline_segments(baseline, columns, options)?;
        let plans = count_plans(&plan, segments.as_ref());
        Ok((plan, segments, plans))
    }

    /// Counts what is new, a source after the other.
    fn read(
        &self,
        fresh: Vec<Fresh>,
        kept: &History,
        shape: &Shape,
        (plans, by): (&SegmentPlans, &TimeGrouping),
        console: &Console<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<Recorded>> {
        let reading = self.reading.with_nulls(&shape.null);
        let mut recorded = Vec::new();
        if let Some(first) = fresh.first() {
            let (what, bytes) = match fresh.len() {
                1 => (
                    first.name.clone(),
                    first.data.as_ref().and_then(|data| data.bytes()),
                ),
                count => (
                    format!("{count} new files of {}", inputs::shown(&self.current)),
                    None,
                ),
            };
            console
                .progress()
                .stage(&format!("reading current {what}"), bytes);
        }
        for mut one in fresh {
            let (key, version, name) = (one.key.clone(), one.version.clone(), one.name.clone());
            let (state, is_file) = (one.state, one.is_file());
            let data = one.open(&reading)?;
            let is_once = key == ONCE;
            let counted = self.count(*data, shape, plans, by, console);
            let (counted, predictions) = counted.inspect_err(|_| console.progress().finish())?;
            tally.read += 1;
            tally.rows += counted.rows;
            if state == SourceState::Changed {
                tally.replaced += 1;
                tally.kept -= 1;
                if let Some(before) = kept.source(&key) {
                    say_replaced(before, counted.rows, &name, console);
                }
            }
            let packed = Recorded::new(key.clone(), version, name, &counted)
                .and_then(|packed| packed.with_predictions(predictions))
                .map_err(|error| Error::io("pack", kept.folder(), error))?;
            if is_file {
                recorded.push(packed);
                continue;
            }
            let rest = match is_once {
                // Two of them are two: only the same once more is the same.
                true => format!("{key} {}", packed.source().counts_sha256),
                false => key.clone(),
            };
            if is_once {
                check_once(packed.source(), kept, by)?;
            }
            recorded.extend(packed.by_pieces(rest));
        }
        console.progress().finish();
        Ok(recorded)
    }

    /// Counts a source; where labels are joined, also takes its predictions down.
    fn count(
        &self,
        data: DataSet,
        shape: &Shape,
        plans: &SegmentPlans,
        by: &TimeGrouping,
        console: &Console<'_>,
    ) -> Result<(Grouped, Vec<Predictions>)> {
        let name = data.name().to_owned();
        if !is_same_set(&shape.columns, data.columns()) {
            let other = Shape {
                columns: data.columns().to_vec(),
                ..shape.clone()
            };
            return Err(refused(&name, &shape.differs(&other).unwrap_or_default()));
        }
        let (data, recording) = match &self.labels {
            None => (data, None),
            Some(labels) => {
                let score = shape.outcome.as_ref();
                let score = score.map(|outcome| &*outcome.score);
                let (data, recording) = record(data, &labels.spec, score, by, plans)?;
                (data, Some(recording))
            }
        };
        let counted = count_grouped_part(data.or_empty(), plans, by, console.progress())?;
        inputs::warn_of_blank_lines(counted.blank_lines, &name, console);
        let predictions = recording.map(Recording::finish).transpose()?;
        Ok((counted, predictions.unwrap_or_default()))
    }

    /// Returns the head as it should be, and whether its baseline is another; none if nothing has changed.
    fn head(
        &self,
        kept: &History,
        shape: Shape,
        (windowing, options): (&Windowing, &CheckOptions),
        baseline: &Profile,
        exclude: &[String],
        provenance: &Provenance,
    ) -> Option<(Head, bool)> {
        let known = kept.head();
        let used = BaselineUse {
            from: provenance.created_at.clone(),
            name: provenance.baseline.clone(),
            counts_sha256: baseline.counts_sha256(),
            created_at: baseline.created_at.clone(),
            model_features: baseline.model_features.clone(),
        };
        let mut baselines = known.map_or_else(Vec::new, |head| head.baselines.clone());
        let last = baselines.last();
        let is_new = last.is_none_or(|last| last.counts_sha256 != used.counts_sha256);
        if is_new {
            baselines.push(used);
        }
        let judging = Judging {
            at: provenance.created_at.clone(),
            current: provenance.current.clone(),
            window: windowing.window.to_string(),
            against: windowing.against.to_string(),
            alarm: windowing.alarm.to_string(),
            thresholds: self.thresholds.clone(),
            settings: settings_of(&self.reading, (self.class_threshold, self.costs)),
            exclude: exclude.to_vec(),
            psi_limits: options.limits.clone(),
            max_segments: self.segments.as_ref().map(|one| one.max_segments as u64),
        };
        let is_as_before = known.is_some_and(|head| {
            let at = head.judging.at.clone();
            head.shape == shape
                && head.judging
                    == Judging {
                        at,
                        ..judging.clone()
                    }
        });
        if is_as_before && !is_new {
            return None;
        }
        let head = Head {
            schema_version: match shape.by.is_empty() {
                _ if shape.labels.is_some() => SCHEMA_VERSION_WITH_LABELS,
                true => SCHEMA_VERSION,
                false => SCHEMA_VERSION_WITH_SEGMENTS,
            },
            command: "drift_history".to_owned(),
            churnctl_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: known.map_or_else(
                || provenance.created_at.clone(),
                |head| head.created_at.clone(),
            ),
            shape,
            kept_from: known.and_then(|head| head.kept_from),
            judging,
            baselines,
            files: known.map_or_else(Vec::new, |head| head.files.clone()),
            joined: known.and_then(|head| head.joined.clone()),
        };
        Some((head, is_new))
    }

    /// Puts the pieces together that the windows need.
    fn assemble(
        &self,
        mut kept: History,
        baseline: &Profile,
        (windowing, by, provenance): (&Windowing, &TimeGrouping, &Provenance),
        tally: Tally,
        limits: Option<PsiLimits>,
        console: &Console<'_>,
    ) -> Result<Taken> {
        let head = kept.head().cloned();
        let head = head.ok_or_else(|| not_begun(&kept))?;
        let options = self.options_without(&head.judging.exclude);
        let (plan, segments, plans) = self.planned(baseline, &head.shape.columns, &options)?;
        let sides = (baseline, &plan);
        let options = self.with_limits(options, limits, sides, provenance, console)?;
        let shape = head.shape.clone().with_plans(&plans);
        check_shape(&kept, &shape)?;
        let starts: BTreeSet<i64> = kept.sources().flat_map(Source::pieces).collect();
        let from = starts
            .last()
            .and_then(|latest| windowing.needs_from(*latest));
        let folder = kept.folder().display().to_string();
        console
            .progress()
            .stage(&format!("reading the history {folder}"), None);
        let taken = kept.grouped(&plans, from, by.now);
        console.progress().finish();
        let (counted, counts_sha256) = taken?;
        check_segments(&counted, plans.max_segments(), &folder)?;
        if starts.is_empty() && counted.rows == 0 {
            return Err(holds_nothing(&kept));
        }
        if starts.is_empty() {
            return Err(no_time_in(&folder, by, &counted.times, counted.rows));
        }
        let report = HistoryReport {
            folder,
            run: kept.last_run(),
            sources_read: tally.read,
            sources_replaced: tally.replaced,
            sources_kept: tally.kept,
            rows_read: tally.rows,
            rows: counted.rows,
            pieces: starts.len() as u64,
            missing_pieces: missing(&starts, by),
            pieces_behind: behind(&starts, by),
        };
        say_gaps(&report, &starts, by, console);
        Ok(Taken {
            counted,
            counts_sha256,
            plan,
            segments,
            options,
            report,
            labels: None,
        })
    }

    /// Returns the columns to leave out by the names that the data have.
    fn excluded_in(&self, data: &DataSet) -> Vec<String> {
        let exclude = self.check_options().roles.exclude;
        exclude.iter().flat_map(|name| data.named(name)).collect()
    }

    fn options_without(&self, exclude: &[String]) -> CheckOptions {
        let options = self.check_options();
        let exclude = exclude.to_vec();
        CheckOptions {
            roles: Roles {
                exclude,
                ..options.roles
            },
            ..options
        }
    }
}

/// Finds what is kept under another name: a file that was moved must not count twice.
fn moved(
    recorded: &[Recorded],
    kept: &History,
    there: &BTreeSet<String>,
    console: &Console<'_>,
) -> Vec<Recorded> {
    let stem = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name);
        file.split('.').next().unwrap_or(file).to_owned()
    };
    let mut moved: Vec<(&Source, &Source)> = Vec::new();
    for one in recorded.iter().map(Recorded::source) {
        if one.version.is_none() || one.rows == 0 || kept.source(&one.key).is_some() {
            continue;
        }
        let is_it = |known: &&Source| {
            let alike = stem(&known.name) == stem(&one.name) || one.rows >= TELLING;
            let is_gone = !there.contains(&known.key);
            let is_taken = moved.iter().any(|(_, taken)| taken.key == known.key);
            known.counts_sha256 == one.counts_sha256 && is_gone && alike && !is_taken
        };
        if let Some(known) = kept.sources().find(is_it) {
            moved.push((one, known));
        }
    }
    if let [(one, known), ..] = moved.as_slice() {
        let rows = moved.iter().map(|(one, _)| one.rows).sum();
        let message = format!(
            "{} the rows that were read under another name, which is gone, and count once: {}, such as {} and \
             before {}",
            match moved.len() {
                1 => "1 file holds".to_owned(),
                count => format!("{} files hold", format::count(count as u64)),
            },
            format::counted(rows, "row", "rows"),
            one.name,
            known.name
        );
        console.messages().info(&message);
    }
    moved
        .iter()
        .map(|(_, known)| Recorded::gone(known))
        .collect()
}
