//! The part of `churnctl drift` that joins labels which came later with the rows of the current side, while
//! these are read.

use super::Console;
use super::drift_evidence::input_of;
use super::drift_labels::LabelRequest;
use super::drift_request::ReadingRequest;
use super::inputs::Input;
use crate::data::{DataSet, RowsCopy, is_database};
use crate::drift::{DriftReport, Plan};
use crate::error::{Error, Place, Result, nearest};
use crate::labels::{
    InDatabase, Join, Joined, Joining, LabelColumns, LabelSpec, Labels, join_in_database, listen,
    read_labels,
};
use crate::profile::{Counted, Grouped, Profile, SegmentPlans, TimeGrouping};
use crate::reports::format;
use crate::stats::cost::Costs;

/// Labels that are being joined with the rows of the current side.
pub(super) struct LateLabels {
    join: Joins,
    spec: LabelSpec,
    addresses: Vec<String>,
}

/// Who joins.
enum Joins {
    /// We do, while the rows are read.
    WhileRead(Box<Join>),
    /// The database that holds both has joined.
    Done(Box<Joined>),
}

impl Joins {
    fn finish(self) -> Result<Joined> {
        match self {
            Self::WhileRead(join) => join.finish(),
            Self::Done(joined) => Ok(*joined),
        }
    }
}

impl LabelRequest {
    /// Opens the current side so that its rows can be heard: a table in a database is copied.
    ///
    /// # Errors
    /// As [`Input::open`]; 64 if it is a profile, which has no rows.
    pub(super) fn open_current(
        addresses: &[String],
        reading: &ReadingRequest,
        console: &Console<'_>,
    ) -> Result<Input> {
        if addresses.iter().any(|address| is_database(address)) {
            let copied = RowsCopy::of_database(addresses, |_| true, console.progress())?;
            if let Some(copy) = copied {
                return Ok(Input::Data(Box::new(copy.open(reading.read_options())?)));
            }
        }
        match Input::open(addresses, reading)? {
            Input::Profile(..) => Err(Error::usage(
                "labels cannot be joined with a profile: it has no rows",
            )
            .hint("name the predictions themselves with --current")),
            data => Ok(data),
        }
    }

    /// Lets the labels be joined: by us when the current side is read, or by the database that holds both.
    ///
    /// # Errors
    /// Bad input where the labels are; if a column is not there, on either side; 64 if the database is to join and is
    /// not sure to do it as we do.
    pub(super) fn join(
        &self,
        current: Input,
        (plan, baseline): (&Plan, &Profile),
        reading: &ReadingRequest,
        (by, plans): (Option<&TimeGrouping>, &SegmentPlans),
        now: i64,
        console: &Console<'_>,
    ) -> Result<(Input, LateLabels)> {
        let spec = self.spec_at(now)?;
        let Input::Data(mut current) = current else {
            return Err(Error::usage(
                "labels cannot be joined with a profile: it has no rows",
            ));
        };
        let count_plan = plan.count_plan();
        let joining = Joining {
            spec: &spec,
            outcome: count_plan.outcome.as_ref(),
            baseline: baseline.outcome.as_ref(),
            positive: plan.roles.positive.as_deref(),
            by,
            plans,
        };
        let late = |join: Joins, spec: LabelSpec| LateLabels {
            join,
            spec,
            addresses: self.addresses.clone(),
        };
        if self.by_database {
            let (mut labels, columns) = self.open(&spec, plan, baseline, reading)?;
            let progress = console.progress();
            progress.stage(&format!("joining {}", labels.name()), None);
            let joined = join_in_database(&mut current, &mut labels, columns, &joining, progress);
            progress.finish();
            return match joined? {
                InDatabase::Joined(joined) => {
                    Ok((Input::Data(current), late(Joins::Done(joined), spec)))
                }
                InDatabase::Apart(why) => Err(not_by_database(&why)),
            };
        }
        let labels = self.read(&spec, plan, baseline, reading, console)?;
        let (current, join) = listen(*current, labels, joining)?;
        let late = late(Joins::WhileRead(Box::new(join)), spec.clone());
        Ok((Input::Data(Box::new(current)), late))
    }

    /// Returns how labels are joined, with the present.
    ///
    /// # Errors
    /// 64 if --labels-until is in the future.
    pub(super) fn spec_at(&self, now: i64) -> Result<LabelSpec> {
        let spec = LabelSpec {
            now,
            ..self.spec.clone()
        };
        match spec.until {
            Some(until) if until > spec.zone.civil(now) => {
                let until = spec.zone.rfc3339(until);
                let error = Error::usage(format!("--labels-until lies in the future: {until}"));
                Err(error.hint("nobody knows yet who will leave until then"))
            }
            _ => Ok(spec),
        }
    }

    pub(super) fn read(
        &self,
        spec: &LabelSpec,
        plan: &Plan,
        baseline: &Profile,
        reading: &ReadingRequest,
        console: &Console<'_>,
    ) -> Result<Labels> {
        let (data, columns) = self.open(spec, plan, baseline, reading)?;
        let name = data.name().to_owned();
        let progress = console.progress();
        progress.stage(&format!("reading labels {name}"), data.bytes());
        let labels = read_labels(data, spec, columns, progress);
        progress.finish();
        labels
    }

    /// Opens the labels, and finds their columns.
    fn open(
        &self,
        spec: &LabelSpec,
        plan: &Plan,
        baseline: &Profile,
        reading: &ReadingRequest,
    ) -> Result<(DataSet, LabelColumns)> {
        let data = DataSet::open(&self.addresses, reading.read_options())?;
        let label = plan.roles.label.as_deref();
        let columns = spec.columns_of(data.columns(), label, &reading.columns.label)?;
        if let Some(named) = &reading.label
            && columns.label.as_ref() != Some(named)
        {
            check_label(named, &data, baseline)?;
        }
        Ok((data, columns))
    }
}

/// Refuses a join by the database.
pub(super) fn not_by_database(why: &str) -> Error {
    Error::usage(format!("--joined-by database: {why}"))
        .hint("--joined-by here, the default, copies the rows and joins them")
}

/// A label that is named and neither in the source nor in the baseline is a typo: being in the source would
/// be taken for it.
fn check_label(named: &str, data: &DataSet, baseline: &Profile) -> Result<()> {
    let of_outcome = baseline.outcome.iter().map(|outcome| &outcome.label);
    let mut known = baseline.columns.iter().map(|column| &column.name);
    if baseline.roles.label.as_deref() == Some(named)
        || of_outcome.chain(&mut known).any(|name| name == named)
    {
        return Ok(());
    }
    let names = data.columns().iter().map(String::as_str);
    let message = format!("neither the labels nor the baseline have a column \"{named}\"");
    let error = Error::bad_input(message).at(Place {
        file: data.name().to_owned(),
        ..Place::default()
    });
    Err(error.hint(match nearest(named, names) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("the columns are: {}", data.columns().join(", ")),
    }))
}

impl LateLabels {
    /// Ends the join, and hands the scores by label to what was counted.
    pub(super) fn give_to(self, counted: &mut Counted) -> Result<Given> {
        let joined = self.join.finish()?;
        joined.give_to(counted)?;
        Ok(Given::new(joined, self.spec, self.addresses))
    }

    /// The same for pieces of time.
    pub(super) fn give_to_pieces(self, grouped: &mut Grouped) -> Result<Given> {
        let joined = self.join.finish()?;
        joined.give_to_pieces(grouped);
        Ok(Given::new(joined, self.spec, self.addresses))
    }
}

/// Labels whose scores have been handed over, or are to be; what is left is to say how they were joined.
pub(super) struct Given {
    joined: Joined,
    spec: LabelSpec,
    addresses: Vec<String>,
}

impl Given {
    pub(super) const fn new(joined: Joined, spec: LabelSpec, addresses: Vec<String>) -> Self {
        Self {
            joined,
            spec,
            addresses,
        }
    }

    /// Hands the scores by label to what was counted.
    pub(super) fn give_to_pieces(&self, grouped: &mut Grouped) {
        self.joined.give_to_pieces(grouped);
    }

    /// Adds what the labels say to a report.
    pub(super) fn add_to(
        self,
        report: &mut DriftReport,
        classing: (f64, Option<Costs>),
        console: &Console<'_>,
    ) -> Result<()> {
        let source = input_of(&self.addresses, self.joined.sha256.clone());
        report.add_labels(&self.joined, &self.spec, source, classing)?;
        if let Some(labels) = &report.labels {
            let message = format!(
                "labels: {} read, label {}, time {}",
                format::counted(labels.labels.rows, "row", "rows"),
                labels.label_column.as_deref().unwrap_or("by being there"),
                labels.label_time.as_deref().unwrap_or("unknown")
            );
            console.messages().debug(&message);
        }
        Ok(())
    }
}
