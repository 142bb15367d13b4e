//! How the numbers of a feature are written, beside each other: decimal marks that only the other
//! side tells, and the units that go with the numbers.

use std::collections::{BTreeMap, BTreeSet};

use churn_data::{DecimalMark, is_told_by_size};

use super::context::{Context, FindingSink};
use super::plan::PlannedFeature;
use super::report::{FindingKind, Status};
use crate::profile::{Column, Kind, View};
use crate::stats::permutation::share_p_value;

/// How far the share of a unit must move to be a change of it.
const MOVED: f64 = 0.05;

/// Returns the baseline read as the current side proves it, if its own values don't tell.
pub(super) fn told_by_current(
    planned: &PlannedFeature,
    baseline: &Column,
    current: &Column,
) -> Option<PlannedFeature> {
    let view = &planned.baseline;
    if view.kind != Kind::Number || !view.reading.is_ambiguous {
        return None;
    }
    let reading = current.reading();
    let tells = reading.is_number && !reading.is_ambiguous && reading.example.is_some();
    if !tells || reading.decimal == view.reading.decimal {
        return None;
    }
    let view = baseline.view_marked(reading.decimal);
    Some(PlannedFeature::new(&planned.name, view)).filter(|other| {
        // What it can't read is not proof.
        other.baseline.unparsable * 20 <= planned.baseline.present
    })
}

/// What the size of the other side's numbers tells of a decimal mark.
#[derive(Debug, Default)]
pub(super) struct InferredFormat {
    /// The baseline, read otherwise.
    pub(super) baseline: Option<PlannedFeature>,
    /// The current side, read otherwise.
    pub(super) current: Option<View>,
    /// That it was.
    pub(super) words: Option<String>,
}

/// Reads a side whose values don't tell their decimal mark as large as the other one.
pub(super) fn told_by_size(
    planned: &PlannedFeature,
    baseline: Option<&Column>,
    current: &Column,
    current_view: &View,
) -> InferredFormat {
    if let Some(view) = as_large_as(current_view, current, &planned.baseline) {
        return InferredFormat {
            words: Some(size_in_words("the current side", &view)),
            current: Some(view),
            baseline: None,
        };
    }
    let told = baseline.and_then(|own| as_large_as(&planned.baseline, own, current_view));
    told.map_or_else(InferredFormat::default, |view| InferredFormat {
        words: Some(size_in_words("the baseline", &view)),
        baseline: Some(PlannedFeature::new(&planned.name, view)),
        current: None,
    })
}

/// Returns a side whose values don't tell their decimal mark, read otherwise than assumed, if that
/// makes its numbers as large as the other side's are.
fn as_large_as(view: &View, column: &Column, other: &View) -> Option<View> {
    // What one side has proved does not bind numbers that are as large as its own otherwise.
    if !view.reading.is_ambiguous && !view.reading.is_bound {
        return None;
    }
    let decimal = view.reading.decimal.other();
    let median = |view: &View| Some(view.numbers.as_ref()?.quantile(0.5));
    let otherwise = column.view_marked(decimal);
    let is_told = is_told_by_size(median(view)?, median(&otherwise)?, median(other)?);
    (is_told && otherwise.unparsable * 20 <= view.present).then_some(otherwise)
}

/// Says that a side was read as large as the other one: a thousand times as much may be a change, too.
fn size_in_words(side: &str, view: &View) -> String {
    let mark = match view.reading.decimal {
        DecimalMark::Comma => "comma",
        DecimalMark::Point => "point",
    };
    format!(
        "nothing in {side} tells its decimal mark; it was read with a decimal {mark}, which makes its \
         numbers about as large as the other side's, and not a thousand times as large or as small"
    )
}

/// Says how numbers were read that are written otherwise than programs write them. Returns what
/// everyone should read who reads of the feature, though nothing is wrong.
pub(super) fn number_format(
    baseline: &View,
    current: &View,
    context: Context,
    found: &mut impl FindingSink,
) -> Vec<String> {
    let sides = [("the baseline", baseline), ("the current side", current)];
    if sides.iter().any(|(_, view)| view.kind == Kind::Text) {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let read = sides.map(|(side, view)| {
        let spelling = view.reading.spelling()?;
        let example = view.reading.example.as_deref().unwrap_or_default();
        Some(format!("{side} with {spelling} (\"{example}\")"))
    });
    let read: Vec<String> = read.into_iter().flatten().collect();
    if !read.is_empty() {
        let message = format!("numbers were read in {}", read.join(" and in "));
        found(Status::Ok, FindingKind::NumberFormat, message);
    }
    for (side, view) in sides {
        if let Some(message) = view.reading.doubt(side) {
            // Said of one side, it is said of both.
            if view.reading.example.is_some() && notes.is_empty() {
                notes.push(message.clone());
            }
            found(Status::Ok, FindingKind::NumberFormat, message);
        }
    }
    notes.extend(units(baseline, current, context, found));
    notes
}

/// Compares the units; returns what is to be known of them though they did not change.
fn units(
    baseline: &View,
    current: &View,
    context: Context,
    found: &mut impl FindingSink,
) -> Option<String> {
    let (ours, theirs) = (&baseline.reading.units, &current.reading.units);
    let present =
        |units: &BTreeMap<String, u64>| units.values().filter(|count| **count > 0).count();
    if present(ours).max(present(theirs)) == 0 {
        return None;
    }
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let totals = [ours, theirs].map(|units| units.values().sum::<u64>());
    let (mut moved, mut p_value) = (0.0_f64, 1.0_f64);
    for name in &names {
        let counts = [ours, theirs].map(|units| units.get(*name).copied().unwrap_or(0));
        let share = |side: usize| counts[side] as f64 / totals[side].max(1) as f64;
        if totals.contains(&0) {
            continue;
        }
        moved = moved.max((share(0) - share(1)).abs());
        let own = share_p_value(counts[0], totals[0], counts[1], totals[1]);
        p_value = p_value.min(own * names.len() as f64);
    }
    let status = context.judge(moved, MOVED, f64::INFINITY, p_value);
    let are_mixed = present(ours) > 1 || present(theirs) > 1;
    let message = match (baseline.reading.unit(), current.reading.unit()) {
        (Some(before), Some(now)) if before != now => {
            format!("the unit is {before} in the baseline, {now} in the current side")
        }
        _ if are_mixed => format!(
            "the numbers have several units, {} in the baseline and {} in the current side: they are \
             compared as they are written, not converted",
            said(baseline),
            said(current)
        ),
        _ if status > Status::Ok => format!(
            "the unit is {} in the baseline, {} in the current side",
            said(baseline),
            said(current)
        ),
        _ => return None,
    };
    let is_quiet = status == Status::Ok;
    found(status, FindingKind::NumberFormat, message.clone());
    is_quiet.then_some(message)
}

fn said(view: &View) -> String {
    if view.reading.units.values().all(|count| *count == 0) {
        return "none".to_owned();
    }
    view.reading.units_in_words()
}
