//! The rules beside PSI that judge numbers: how far they moved, what lies beyond the baseline's
//! range or in its gaps, and single values. Each needs a size and evidence against chance.

use super::bins::short;
use super::context::{Context, FindingSink, percent};
use super::report::{FindingKind, SizeThresholds, Status};
use super::share_rule::{Counted, Moved, moved};
use crate::profile::Numbers;
use crate::stats::empirical::JointCell;
use crate::stats::far_value::far_value_p_value;
use crate::stats::permutation::all_on_current_side;

/// Most single values that are spoken of.
const MOST_VALUES: usize = 2;

/// Both sides of a numeric feature, with what is known of them.
pub(super) struct NumberRules<'a> {
    /// Baseline and current side.
    pub(super) sides: (&'a Numbers, &'a Numbers),
    /// Their values, laid over one another.
    pub(super) cells: &'a [JointCell],
    pub(super) sizes: &'a SizeThresholds,
    pub(super) context: Context,
    /// Of the chi-square test of pooled bins.
    pub(super) bins_p_value: f64,
    pub(super) ks_p_value: f64,
    /// In standard deviations of the baseline.
    pub(super) distance: f64,
    /// Current values below the baseline's minimum and above its maximum.
    pub(super) outside: (u64, u64),
}

/// Current values that lie together where the baseline has none.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    count: u64,
    low: f64,
    high: f64,
}

impl NumberRules<'_> {
    /// Applies all rules.
    pub(super) fn judge(&self, found: &mut impl FindingSink) {
        let (below, above) = self.outside;
        let tail = |count| (4.0 * self.run_p_value(count)).min(1.0);
        let gap = self.widest_run();
        // As many gaps as there are values can have it; tails and gaps share a level.
        let gap_p_value = (2.0 * self.rows().0 * self.run_p_value(gap.count)).min(1.0);
        let outside_p_value = tail(below).min(tail(above));
        let evidence = [
            self.bins_p_value,
            self.ks_p_value,
            outside_p_value,
            gap_p_value,
        ];
        let evidence = evidence.into_iter().fold(1.0, f64::min);
        self.distance(evidence, found);
        self.outside_of_range(outside_p_value, found);
        let is_spoken_of = self.in_a_gap(gap, gap_p_value, found);
        self.single_values(is_spoken_of.then_some(gap), found);
        self.constant(found);
    }

    fn rows(&self) -> (f64, f64) {
        (self.sides.0.count() as f64, self.sides.1.count() as f64)
    }

    fn run_p_value(&self, count: u64) -> f64 {
        all_on_current_side(count, self.sides.0.count(), self.sides.1.count())
    }

    fn share(&self, count: u64) -> f64 {
        count as f64 / self.rows().1
    }

    fn new_share(&self, count: u64, p_value: f64) -> Status {
        let (warn, fail) = (self.sizes.warn_new_share, self.sizes.fail_new_share);
        self.context.judge(self.share(count), warn, fail, p_value)
    }

    fn distance(&self, evidence: f64, found: &mut impl FindingSink) {
        let (warn, fail) = (self.sizes.warn_distance, self.sizes.fail_distance);
        let status = self.context.judge(self.distance, warn, fail, evidence);
        if status > Status::Ok {
            let limit = if status == Status::Fail { fail } else { warn };
            let message = format!(
                "moved by {} standard deviations (threshold {limit})",
                short(two_digits(self.distance))
            );
            found(status, FindingKind::Distance, message);
        }
    }

    fn outside_of_range(&self, p_value: f64, found: &mut impl FindingSink) {
        let (below, above) = self.outside;
        let baseline = self.sides.0;
        let status = self.new_share(below + above, p_value);
        if status > Status::Ok {
            let side = |count: u64, word: &str, end: f64| {
                (count > 0).then(|| {
                    format!(
                        "{} of the current values lie {word} {}",
                        percent(self.share(count)),
                        short(end)
                    )
                })
            };
            let words = [
                side(below, "below the baseline's minimum", baseline.min()),
                side(above, "above the baseline's maximum", baseline.max()),
            ];
            let words: Vec<String> = words.into_iter().flatten().collect();
            found(status, FindingKind::OutOfRange, words.join(", "));
        } else if let Some(far) = self.far_value() {
            let message = format!(
                "the value {} lies far beyond the baseline's range, {} to {}",
                short(far),
                short(baseline.min()),
                short(baseline.max())
            );
            found(Status::Warn, FindingKind::OutOfRange, message);
        }
    }

    /// Returns the current value that the baseline's tail doesn't explain, if there is one.
    fn far_value(&self) -> Option<f64> {
        let (baseline, current) = self.sides;
        let centre = baseline.quantile(0.5);
        let p_value = |tail: Vec<(f64, u64)>, farthest: f64| {
            // Two tails.
            2.0 * far_value_p_value(&tail, farthest, baseline.count(), current.count())
        };
        let distances = |is_above: bool| {
            let cells = self.cells.iter().filter(move |cell| cell.baseline > 0);
            let distance = move |cell: &JointCell| {
                let distance = if is_above {
                    cell.position - centre
                } else {
                    centre - cell.position
                };
                (distance > 0.0).then_some((distance, cell.baseline))
            };
            cells.filter_map(distance)
        };
        let mut above: Vec<(f64, u64)> = distances(true).collect();
        above.reverse();
        let level = self.context.levels.warn;
        let is_wonder = |tail, distance: f64| distance > 0.0 && p_value(tail, distance) < level;
        if is_wonder(above, current.max() - centre) {
            Some(current.max())
        } else if is_wonder(distances(false).collect(), centre - current.min()) {
            Some(current.min())
        } else {
            None
        }
    }

    /// The largest number of current values between two neighbours of the baseline.
    fn widest_run(&self) -> Run {
        let mut widest = Run::default();
        let mut run: Option<Run> = None;
        for cell in self.cells {
            if cell.baseline > 0 {
                // What lies below the baseline's minimum is out of range, and spoken of as such.
                let ended = run.replace(Run::default());
                widest = larger(widest, ended.unwrap_or_default());
            } else if let Some(run) = &mut run
                && cell.current > 0
            {
                if run.count == 0 {
                    run.low = cell.position;
                }
                run.high = cell.position;
                run.count += cell.current;
            }
        }
        widest
    }

    fn in_a_gap(&self, gap: Run, p_value: f64, found: &mut impl FindingSink) -> bool {
        let status = self.new_share(gap.count, p_value);
        if status > Status::Ok {
            let share = percent(self.share(gap.count));
            let message = if gap.low == gap.high {
                format!(
                    "{share} of the current values are {}, which the baseline never has",
                    short(gap.low)
                )
            } else {
                format!(
                    "{share} of the current values lie between {} and {}, where the baseline has none",
                    short(gap.low),
                    short(gap.high)
                )
            };
            found(status, FindingKind::NewMode, message);
        }
        status > Status::Ok
    }

    fn single_values(&self, spoken_of: Option<Run>, found: &mut impl FindingSink) {
        let values = self.cells.iter().map(|cell| Counted {
            value: cell,
            baseline: cell.baseline,
            current: cell.current,
        });
        let is_known = |one: &Moved<&JointCell>| {
            let at = one.counted.value.position;
            let (baseline, _) = self.sides;
            let in_gap = spoken_of.is_some_and(|gap| gap.low <= at && at <= gap.high);
            in_gap || at < baseline.min() || at > baseline.max()
        };
        let moved = moved(values, self.sizes);
        let judged = moved
            .iter()
            .map(|one| (one.by_ratio(self.sizes, self.context), one))
            .filter(|(status, one)| *status > Status::Ok && !is_known(one));
        for (status, one) in judged.take(MOST_VALUES) {
            let cell = one.counted.value;
            let about = if cell.width > 0.0 { "near " } else { "" };
            let message = format!("value {about}{}: {}", short(cell.position), one.in_words());
            let is_new = one.now > one.before && one.ratio >= self.sizes.fail_share_ratio;
            let kind = if is_new {
                FindingKind::NewMode
            } else {
                FindingKind::ShareRatio
            };
            found(status, kind, message);
        }
    }

    fn constant(&self, found: &mut impl FindingSink) {
        let (baseline, current) = self.sides;
        if current.min() != current.max() || baseline.min() == baseline.max() {
            return;
        }
        let same: u64 = self
            .cells
            .iter()
            .filter(|cell| cell.current > 0)
            .map(|cell| cell.baseline)
            .sum();
        // All rows with another value are the baseline's.
        let others = baseline.count() - same;
        let p_value = all_on_current_side(others, current.count(), baseline.count());
        let status = self.context.judge(1.0, 1.0, f64::INFINITY, p_value);
        if status > Status::Ok {
            let message = format!("every current value is {}", short(current.min()));
            found(status, FindingKind::Constant, message);
        }
    }
}

fn larger(a: Run, b: Run) -> Run {
    if b.count > a.count { b } else { a }
}

/// Two significant digits are enough for a size.
fn two_digits(number: f64) -> f64 {
    format!("{number:.1e}").parse().unwrap_or(number)
}
