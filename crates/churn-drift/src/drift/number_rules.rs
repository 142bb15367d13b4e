//! The rules beside PSI that judge numbers: how far they moved, what lies beyond the baseline's
//! range or in its gaps, and single values. Each needs a size and evidence against chance.

use super::bins::short;
use super::context::{Context, FindingSink, percent};
use super::report::{FindingKind, SizeThresholds, Status};
use super::share_rule::{Counted, Moved, moved, of_status, two_digits};
use crate::profile::Numbers;
use crate::stats::empirical::JointCell;
use crate::stats::far_value::far_value_p_value;
use crate::stats::permutation::all_on_current_side;

/// Most single values that are spoken of.
const MOST_VALUES: usize = 2;

/// What is known of both sides of a numeric feature when the rules are asked.
pub(super) struct TestedNumbers {
    /// Of the chi-square test of pooled bins.
    pub(super) bins_p_value: f64,
    pub(super) ks_p_value: f64,
    /// In standard deviations of the baseline.
    pub(super) distance: f64,
    /// What it is at least, where values were counted by interval.
    pub(super) certain_distance: f64,
    /// Current values below the baseline's minimum and above its maximum.
    pub(super) outside: (u64, u64),
}

/// What the rules need to know of both sides of a numeric feature.
pub(super) struct NumberEvidence {
    tested: TestedNumbers,
    /// Least and largest value of the baseline.
    range: (f64, f64),
    /// Values of the current side.
    count: f64,
    outside_p_value: f64,
    /// The most current values between two neighbours of the baseline.
    gap: Run,
    gap_p_value: f64,
    /// The largest and the least current value, if it lies beyond the baseline's tail, with how likely that is.
    far: Vec<(f64, f64)>,
    /// Values whose shares moved, the most certain first.
    moved: Vec<Moved<JointCell>>,
    /// The only current value where the baseline has several, with how likely that is.
    constant: Option<(f64, f64)>,
}

/// Current values that lie together where the baseline has none.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    count: u64,
    low: f64,
    high: f64,
}

impl NumberEvidence {
    /// Measures both sides, whose values are laid over one another.
    pub(super) fn of(
        (baseline, current): (&Numbers, &Numbers),
        cells: &[JointCell],
        sizes: &SizeThresholds,
        tested: TestedNumbers,
    ) -> Self {
        let run = |count| all_on_current_side(count, baseline.count(), current.count());
        let tail = |count| (4.0 * run(count)).min(1.0);
        let (below, above) = tested.outside;
        let gap = widest_run(cells);
        let values = cells.iter().map(|cell| Counted {
            value: *cell,
            baseline: cell.baseline,
            current: cell.current,
        });
        Self {
            range: (baseline.min(), baseline.max()),
            count: current.count() as f64,
            outside_p_value: tail(below).min(tail(above)),
            gap,
            // As many gaps as there are values can have it; tails and gaps share a level.
            gap_p_value: (2.0 * baseline.count() as f64 * run(gap.count)).min(1.0),
            far: far_values((baseline, current), cells),
            moved: moved(values, (baseline.count(), current.count()), sizes),
            constant: constant((baseline, current), cells),
            tested,
        }
    }

    /// Applies all rules.
    pub(super) fn judge(
        &self,
        sizes: &SizeThresholds,
        context: Context,
        found: &mut impl FindingSink,
    ) {
        let rules = NumberRules {
            evidence: self,
            sizes,
            context,
        };
        rules.distance(found);
        rules.outside_of_range(found);
        let is_spoken_of = rules.in_a_gap(found);
        rules.single_values(is_spoken_of.then_some(self.gap), found);
        rules.constant(found);
    }
}

/// The evidence, and what is asked of it.
struct NumberRules<'a> {
    evidence: &'a NumberEvidence,
    sizes: &'a SizeThresholds,
    context: Context,
}

impl NumberRules<'_> {
    fn share(&self, count: u64) -> f64 {
        count as f64 / self.evidence.count
    }

    fn new_share(&self, count: u64, p_value: f64) -> Status {
        let (warn, fail) = (self.sizes.warn_new_share, self.sizes.fail_new_share);
        self.context.judge(self.share(count), warn, fail, p_value)
    }

    /// Returns the threshold of a share where the baseline has nothing, in words.
    fn new_share_threshold(&self, status: Status) -> String {
        let limits = (self.sizes.warn_new_share, self.sizes.fail_new_share);
        format!("threshold {}", percent(of_status(status, limits)))
    }

    fn distance(&self, found: &mut impl FindingSink) {
        let tested = &self.evidence.tested;
        let evidence = [
            tested.bins_p_value,
            tested.ks_p_value,
            self.evidence.outside_p_value,
            self.evidence.gap_p_value,
        ];
        let evidence = evidence.into_iter().fold(1.0, f64::min);
        let (warn, fail) = (self.sizes.warn_distance, self.sizes.fail_distance);
        let status = self
            .context
            .judge(tested.certain_distance, warn, fail, evidence);
        if status > Status::Ok {
            let distance = short(two_digits(tested.distance));
            let limit = of_status(status, (warn, fail));
            let message = format!("moved by {distance} SD (threshold {limit})");
            found(status, FindingKind::Distance, message);
        }
    }

    fn outside_of_range(&self, found: &mut impl FindingSink) {
        let (below, above) = self.evidence.tested.outside;
        let (min, max) = self.evidence.range;
        let status = self.new_share(below + above, self.evidence.outside_p_value);
        let level = self.context.levels.warn;
        let mut far = self.evidence.far.iter();
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
                side(below, "below the baseline's minimum", min),
                side(above, "above the baseline's maximum", max),
            ];
            let words: Vec<String> = words.into_iter().flatten().collect();
            let message = format!(
                "{} ({})",
                words.join(", "),
                self.new_share_threshold(status)
            );
            found(status, FindingKind::OutOfRange, message);
        } else if let Some((far, _)) = far.find(|(_, p_value)| *p_value < level) {
            let message = format!(
                "the value {} lies far beyond the baseline's range, {} to {}",
                short(*far),
                short(min),
                short(max)
            );
            found(Status::Warn, FindingKind::OutOfRange, message);
        }
    }

    fn in_a_gap(&self, found: &mut impl FindingSink) -> bool {
        let gap = self.evidence.gap;
        let status = self.new_share(gap.count, self.evidence.gap_p_value);
        if status > Status::Ok {
            let share = percent(self.share(gap.count));
            let threshold = self.new_share_threshold(status);
            let message = if gap.low == gap.high {
                format!(
                    "{share} of the current values are {}, which the baseline never has ({threshold})",
                    short(gap.low)
                )
            } else {
                format!(
                    "{share} of the current values lie between {} and {}, where the baseline has none \
                     ({threshold})",
                    short(gap.low),
                    short(gap.high)
                )
            };
            found(status, FindingKind::NewMode, message);
        }
        status > Status::Ok
    }

    fn single_values(&self, spoken_of: Option<Run>, found: &mut impl FindingSink) {
        let (min, max) = self.evidence.range;
        let is_known = |one: &Moved<JointCell>| {
            let at = one.counted.value.position;
            let in_gap = spoken_of.is_some_and(|gap| gap.low <= at && at <= gap.high);
            in_gap || at < min || at > max
        };
        let moved = self.evidence.moved.iter();
        let judged = moved
            .filter(|one| one.has_moved(self.sizes))
            .map(|one| (one.by_ratio(self.sizes, self.context), one))
            .filter(|(status, one)| *status > Status::Ok && !is_known(one));
        for (status, one) in judged.take(MOST_VALUES) {
            let cell = one.counted.value;
            let about = if cell.width > 0.0 { "near " } else { "" };
            let words = one.ratio_in_words(status, self.sizes);
            let message = format!("value {about}{}: {words}", short(cell.position));
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
        let Some((value, p_value)) = self.evidence.constant else {
            return;
        };
        let status = self.context.judge(1.0, 1.0, f64::INFINITY, p_value);
        if status > Status::Ok {
            let message = format!("every current value is {}", short(value));
            found(status, FindingKind::Constant, message);
        }
    }
}

/// Returns the ends of the current side that lie beyond the baseline's tails, with how likely chance puts them there.
fn far_values((baseline, current): (&Numbers, &Numbers), cells: &[JointCell]) -> Vec<(f64, f64)> {
    let centre = baseline.quantile(0.5);
    let with_baseline = || cells.iter().filter(|cell| cell.baseline > 0);
    let above = |cell: &JointCell| (cell.position - centre, cell.baseline);
    let below = |cell: &JointCell| (centre - cell.position, cell.baseline);
    // Two tails, each from its end on.
    let upper = (current.max(), current.max() - centre);
    let lower = (current.min(), centre - current.min());
    let upper = far_value(upper, with_baseline().rev().map(above), baseline, current);
    let lower = far_value(lower, with_baseline().map(below), baseline, current);
    upper.into_iter().chain(lower).collect()
}

/// Returns the value with its p-value, if it lies beyond the tail: distances from the centre, falling.
fn far_value(
    (value, distance): (f64, f64),
    tail: impl Iterator<Item = (f64, u64)> + Clone,
    baseline: &Numbers,
    current: &Numbers,
) -> Option<(f64, f64)> {
    let tail = tail.take_while(|(distance, _)| *distance > 0.0);
    let (largest, _) = tail.clone().next()?;
    // Most sides end where others do: nothing to be collected for them.
    if distance <= largest {
        return None;
    }
    let tail: Vec<(f64, u64)> = tail.collect();
    let p_value = far_value_p_value(&tail, distance, baseline.count(), current.count());
    Some((value, 2.0 * p_value))
}

/// Returns the most current values between two neighbours of the baseline.
fn widest_run(cells: &[JointCell]) -> Run {
    let mut widest = Run::default();
    let mut run: Option<Run> = None;
    for cell in cells {
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

/// Returns the only current value where the baseline has several, with how likely chance leaves it alone.
fn constant((baseline, current): (&Numbers, &Numbers), cells: &[JointCell]) -> Option<(f64, f64)> {
    if current.min() != current.max() || baseline.min() == baseline.max() {
        return None;
    }
    // Whichever value it is: a single row always has but one.
    let (ours, theirs) = (baseline.count(), current.count());
    let counts = cells.iter().map(|cell| cell.baseline + cell.current);
    let p_value: f64 = counts
        .filter(|count| *count >= theirs)
        // All rows with another value are the baseline's.
        .map(|count| all_on_current_side(ours + theirs - count, theirs, ours))
        .sum();
    let p_value = p_value.min(1.0);
    Some((current.min(), p_value))
}

fn larger(a: Run, b: Run) -> Run {
    if b.count > a.count { b } else { a }
}
