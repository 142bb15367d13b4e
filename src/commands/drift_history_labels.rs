//! The part of `churnctl drift` that joins labels with the predictions of a history: those of earlier runs, too, whose
//! windows had not closed then.

use super::Console;
use super::drift_history_checks::refused;
use super::drift_join::Given;
use super::drift_labels::LabelRequest;
use super::drift_request::ReadingRequest;
use crate::drift::Plan;
use crate::error::{Error, Place, Result};
use crate::history::{CountedLabels, Head, History, Lock, PredictionPart};
use crate::labels::{Joining, LaterJoin, Settled, Unmatched};
use crate::profile::{Profile, SegmentPlans};

/// Whether a join may change the history.
#[derive(Clone, Copy)]
pub(super) enum Access<'a> {
    /// It settles predictions whose windows have closed.
    Write(&'a Lock),
    /// It looks at what was kept when a run was done.
    AsOf(u64),
}

impl LabelRequest {
    /// Returns how predictions are kept for a later join.
    pub(super) fn counted(&self) -> CountedLabels {
        let keys = self.spec.join.columns().iter();
        CountedLabels {
            join: keys.map(|key| key.predictions.clone()).collect(),
            prediction_time: self.spec.prediction_time.clone(),
            label_window: self.spec.window.to_string(),
        }
    }

    /// Joins labels with all predictions that are open, and settles those whose windows have closed, if the history
    /// is locked for it.
    ///
    /// # Errors
    /// Bad input where the labels are; 65 if the history is damaged, or joined otherwise; 74 if it cannot be
    /// written.
    pub(super) fn settle(
        &self,
        kept: &mut History,
        access: Access<'_>,
        (plan, baseline, plans): (&Plan, &Profile, &SegmentPlans),
        reading: &ReadingRequest,
        now: i64,
        console: &Console<'_>,
    ) -> Result<Option<Given>> {
        let spec = self.spec_at(now)?;
        if let Access::AsOf(run) = access {
            check_not_settled_since(kept, run)?;
        }
        let labels = self.read(&spec, plan, baseline, reading, console)?;
        let count_plan = plan.count_plan();
        let outcome = count_plan.outcome.as_ref();
        let joining = Joining {
            spec: &spec,
            outcome,
            baseline: baseline.outcome.as_ref(),
            positive: plan.roles.positive.as_deref(),
            by: None,
            plans,
        };
        let before = kept.settled_until();
        let mut join = LaterJoin::new(labels, &joining, before)?;
        check_unmatched(kept, join.unmatched(), before.is_some())?;
        let watermark = join.watermark();
        let (settled, open): (Vec<_>, Vec<_>) = kept
            .predictions()
            .into_iter()
            .partition(|part| part.settled().is_some());
        for part in &open {
            kept.add_to(&mut join, part)?;
        }
        let mut joined = join.finish()?;
        let parts = std::mem::take(&mut joined.parts);
        let earlier: Vec<(i64, Settled)> = settled
            .iter()
            .map(|part| Ok((part.start(), kept.settled(part)?)))
            .collect::<Result<_>>()?;
        let is_done = |part: &PredictionPart| {
            matches!(access, Access::Write(_)) && joined.keys_agree && part.is_closed(watermark)
        };
        let done = open.iter().zip(&parts).filter(|(part, _)| is_done(part));
        let done: Vec<(PredictionPart, &Settled)> = done
            .map(|(part, settled)| (part.clone(), settled))
            .collect();
        let run = match access {
            Access::Write(_) => kept.last_run(),
            Access::AsOf(run) => run,
        };
        // A run that is made again says of labels what it said, though its predictions are settled by then.
        let known = kept.head().and_then(|head| head.joined.as_ref());
        let known = known.filter(|known| done.is_empty() && known.run == run);
        if let Some(known) = known.filter(|known| known.by.sha256 == joined.by.sha256) {
            joined.tell_counts_of(&known.by);
        }
        if let Access::Write(lock) = access {
            kept.settle(lock, &done, joined.by.clone())?;
        }
        let starts = open.iter().map(PredictionPart::start);
        let all = earlier.into_iter().chain(starts.zip(parts)).map(Ok);
        let whole = joined.together(all, outcome)?;
        Ok(Some(Given::new(whole, spec, self.addresses.clone())))
    }

    /// Returns what earlier runs have settled; none if no run has joined labels yet.
    ///
    /// # Errors
    /// 65 if the history is damaged.
    pub(super) fn settled(
        &self,
        kept: &History,
        head: &Head,
        plan: &Plan,
    ) -> Result<Option<Given>> {
        let Some(by) = &head.joined else {
            return Ok(None);
        };
        let parts = kept.predictions();
        let parts = parts
            .iter()
            .map(|part| Ok((part.start(), kept.settled(part)?)));
        let joined = by.by.together(parts, plan.count_plan().outcome.as_ref())?;
        Ok(Some(Given::new(joined, self.spec.clone(), Vec::new())))
    }
}

/// Refuses to make a run again after which others have settled predictions: which of them were open then is not known
/// any more.
fn check_not_settled_since(kept: &History, run: u64) -> Result<()> {
    let later = |part: &PredictionPart| part.settled().is_some_and(|settled| settled > run);
    let in_it = |part: &PredictionPart| part.settled() == Some(run);
    let is_last = kept
        .head()
        .and_then(|head| head.joined.as_ref())
        .is_some_and(|known| known.run == run);
    let parts = kept.predictions();
    if !parts.iter().any(later) && (is_last || !parts.iter().any(in_it)) {
        return Ok(());
    }
    let message = format!(
        "runs after the one of this report (run {run}) have settled labels, and what was open then is not kept"
    );
    let place = Place {
        file: kept.folder().display().to_string(),
        ..Place::default()
    };
    Err(Error::bad_input(message)
        .at(place)
        .hint("a report with late labels can be made again until the next run that settles some"))
}

/// Refuses labels that mean something else than those that were joined before.
fn check_unmatched(kept: &History, unmatched: Unmatched, is_settled: bool) -> Result<()> {
    match kept.head().and_then(|head| head.joined.as_ref()) {
        Some(known) if is_settled && known.by.unmatched != unmatched => {
            let why = format!(
                "a prediction without a label was taken for \"{}\" there and is \"{}\" here (--unmatched)",
                known.by.unmatched.as_str(),
                unmatched.as_str()
            );
            Err(refused(&kept.folder().display().to_string(), &why))
        }
        _ => Ok(()),
    }
}
