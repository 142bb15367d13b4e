//! The values of both sides of a numeric feature, laid over one another. What they say is judged
//! elsewhere.

use std::cmp::Ordering;

use crate::profile::{Cell, Numbers};
use crate::stats::empirical::JointCell;

/// Counts both sides between the same cut points.
fn stretches(baseline: &Numbers, current: &Numbers, cuts: &[f64]) -> Vec<JointCell> {
    let least = baseline.min().min(current.min());
    let most = baseline.max().max(current.max());
    let (mut ours, mut theirs) = (baseline.count(), current.count());
    let mut lower = least;
    let mut cells = Vec::with_capacity(cuts.len() + 1);
    for upper in cuts.iter().copied().map(Some).chain([None]) {
        let above = |numbers: &Numbers| upper.map_or(0, |cut| numbers.at_least(cut).0);
        let (next_ours, next_theirs) = (above(baseline).min(ours), above(current).min(theirs));
        let end = upper.unwrap_or(most).clamp(lower, most.max(lower));
        // The values are below the cut, so one that is just above the lower end is alone.
        let width = if end <= lower.next_up() {
            0.0
        } else {
            end - lower
        };
        cells.push(JointCell {
            position: lower + width / 2.0,
            width,
            baseline: ours - next_ours,
            current: theirs - next_theirs,
        });
        (ours, theirs, lower) = (next_ours, next_theirs, end);
    }
    cells
}

/// Lays the cells of both sides over one another, at the coarser grid of the two.
pub(super) fn joint_cells(baseline: &Numbers, current: &Numbers) -> Vec<JointCell> {
    // Where a side was counted in stretches, the other is counted in the same.
    let cuts: Option<Vec<f64>> = match (current.stretches(), baseline.stretches()) {
        (Some(cuts), _) => Some(cuts.collect()),
        (None, Some(cuts)) => Some(cuts.collect()),
        (None, None) => None,
    };
    if let Some(cuts) = cuts {
        return stretches(baseline, current, &cuts);
    }
    let shift = baseline.shift().max(current.shift());
    let coarser = if baseline.shift() >= current.shift() {
        baseline
    } else {
        current
    };
    let (ours, theirs) = (baseline.coarsened(shift), current.coarsened(shift));
    let range = (
        baseline.min().min(current.min()),
        baseline.max().max(current.max()),
    );
    let mut cells = Vec::with_capacity(ours.len() + theirs.len());
    let mut add = |key, baseline, current| {
        let cell = Cell { key, count: 0 };
        let (position, width) = if shift == 0 {
            (coarser.lower(cell), 0.0)
        } else {
            let lower = coarser.lower(cell).max(range.0);
            let upper = coarser.upper(cell).min(range.1).max(lower);
            (f64::midpoint(lower, upper), upper - lower)
        };
        cells.push(JointCell {
            position,
            width,
            baseline,
            current,
        });
    };
    let (mut ours, mut theirs) = (&*ours, &*theirs);
    while let ([mine, our_rest @ ..], [other, their_rest @ ..]) = (ours, theirs) {
        match mine.key.cmp(&other.key) {
            Ordering::Less => {
                add(mine.key, mine.count, 0);
                ours = our_rest;
            }
            Ordering::Greater => {
                add(other.key, 0, other.count);
                theirs = their_rest;
            }
            Ordering::Equal => {
                add(mine.key, mine.count, other.count);
                (ours, theirs) = (our_rest, their_rest);
            }
        }
    }
    ours.iter().for_each(|cell| add(cell.key, cell.count, 0));
    theirs.iter().for_each(|cell| add(cell.key, 0, cell.count));
    cells
}
