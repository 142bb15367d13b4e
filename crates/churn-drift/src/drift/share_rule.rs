//! The rule about single values: a category, a number, a cell of the grid that became several times
//! as frequent, or as rare.

use super::bins::short;
use super::context::{Context, percent};
use super::report::{SizeThresholds, Status};
use crate::stats::permutation::share_p_value;

/// A value with the rows of both sides that have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted<T> {
    /// The value.
    pub(super) value: T,
    /// Rows of the baseline.
    pub(super) baseline: u64,
    /// Rows of the current side.
    pub(super) current: u64,
}

/// A value whose share moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moved<T> {
    /// The value.
    pub(super) counted: Counted<T>,
    /// Its share of the baseline.
    pub(super) before: f64,
    /// Its share of the current side.
    pub(super) now: f64,
    /// The larger share over the smaller, smoothed; infinite for nothing.
    pub(super) ratio: f64,
    /// How far the share moved in standard deviations of having the value or not: the Wasserstein
    /// distance of that column of zeros and ones.
    pub(super) distance: f64,
    /// How likely chance moves it so far, as often as there are values to do it.
    pub(super) p_value: f64,
}

/// Returns the values that moved far enough to be spoken of, the most certain first; there are so many rows of both
/// sides.
///
/// Values that are rare on both sides are not candidates, and so don't share in the level: which
/// ones they are depends on the rows of both sides together alone.
pub(super) fn moved<T: Copy>(
    values: impl Iterator<Item = Counted<T>>,
    (n, m): (u64, u64),
    sizes: &SizeThresholds,
) -> Vec<Moved<T>> {
    if n == 0 || m == 0 {
        return Vec::new();
    }
    let (rows_n, rows_m) = (n as f64, m as f64);
    let least = sizes.warn_new_share * rows_n.min(rows_m);
    let candidates = values.filter(|one| (one.baseline + one.current) as f64 >= least.max(1.0));
    let candidates: Vec<Counted<T>> = candidates.collect();
    let tests = candidates.len() as f64;
    let mut found: Vec<Moved<T>> = candidates
        .into_iter()
        .filter_map(|counted| {
            let before = counted.baseline as f64 / rows_n;
            let now = counted.current as f64 / rows_m;
            let smoothed = (
                (counted.baseline as f64 + 0.5) / (rows_n + 0.5),
                (counted.current as f64 + 0.5) / (rows_m + 0.5),
            );
            let ratio = (smoothed.1 / smoothed.0).max(smoothed.0 / smoothed.1);
            // A share that was next to nothing has no spread: it is taken for a hundredth.
            let spread = before.clamp(0.01, 0.99);
            let distance = (now - before).abs() / (spread * (1.0 - spread)).sqrt();
            let moved = Moved {
                counted,
                before,
                now,
                ratio,
                distance,
                p_value: 1.0,
            };
            moved.has_moved(sizes).then(|| Moved {
                p_value: share_p_value(counted.baseline, n, counted.current, m) * tests,
                ..moved
            })
        })
        .collect();
    found.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
    found
}

impl<T> Moved<T> {
    /// Returns whether the share moved far enough to be spoken of.
    pub(super) fn has_moved(&self, sizes: &SizeThresholds) -> bool {
        let is_large = self.before.max(self.now) >= sizes.warn_new_share;
        is_large && self.ratio >= sizes.warn_share_ratio || self.distance >= sizes.warn_distance
    }

    /// Returns the same of another name for the value.
    pub(super) fn named<U>(self, name: impl FnOnce(T) -> U) -> Moved<U> {
        let Counted {
            value,
            baseline,
            current,
        } = self.counted;
        Moved {
            counted: Counted {
                value: name(value),
                baseline,
                current,
            },
            before: self.before,
            now: self.now,
            ratio: self.ratio,
            distance: self.distance,
            p_value: self.p_value,
        }
    }

    /// Judges by the ratio of the shares.
    pub(super) fn by_ratio(&self, sizes: &SizeThresholds, context: Context) -> Status {
        let share = self.before.max(self.now);
        let reaches = |ratio: f64, least: f64| self.ratio >= ratio && share >= least;
        if reaches(sizes.fail_share_ratio, sizes.fail_new_share)
            && self.p_value < context.levels.fail
        {
            Status::Fail
        } else if reaches(sizes.warn_share_ratio, sizes.warn_new_share)
            && self.p_value < context.levels.warn
        {
            Status::Warn
        } else {
            Status::Ok
        }
    }

    /// Judges by how far the share moved.
    pub(super) fn by_distance(&self, sizes: &SizeThresholds, context: Context) -> Status {
        context.judge(
            self.distance,
            sizes.warn_distance,
            sizes.fail_distance,
            self.p_value,
        )
    }

    /// Says how the share moved by its ratio, and what that was judged by: `10% -> 50% (5.0 times as frequent,
    /// threshold 4)`.
    pub(super) fn ratio_in_words(&self, status: Status, sizes: &SizeThresholds) -> String {
        let limit = of_status(status, (sizes.warn_share_ratio, sizes.fail_share_ratio));
        let (before, now) = (percent(self.before), percent(self.now));
        let times = if self.counted.baseline == 0 || self.counted.current == 0 {
            String::new()
        } else if self.now >= self.before {
            let times = self.now / self.before;
            format!(" ({times:.1} times as frequent, threshold {limit})")
        } else {
            let times = self.before / self.now;
            format!(" ({times:.1} times as rare, threshold {limit})")
        };
        format!("{before} -> {now}{times}")
    }

    /// Says the same of how far it moved: `54% -> 96% (0.84 SD, threshold 0.5)`.
    pub(super) fn distance_in_words(&self, status: Status, sizes: &SizeThresholds) -> String {
        let limit = of_status(status, (sizes.warn_distance, sizes.fail_distance));
        let (before, now) = (percent(self.before), percent(self.now));
        let distance = short(two_digits(self.distance));
        format!("{before} -> {now} ({distance} SD, threshold {limit})")
    }
}

/// Returns the threshold that a status stands for, of those to warn and to fail.
pub(super) const fn of_status(status: Status, (warn, fail): (f64, f64)) -> f64 {
    match status {
        Status::Fail => fail,
        Status::Warn | Status::TooFewRows | Status::Ok => warn,
    }
}

/// Two significant digits are enough for a size.
pub(super) fn two_digits(number: f64) -> f64 {
    format!("{number:.1e}").parse().unwrap_or(number)
}
