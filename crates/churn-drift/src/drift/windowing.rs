//! How the current side is cut into windows of time, and what each is compared with: the words of a user.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use churn_data::{Period, Zone};

use super::alarm::AlarmPolicy;
use crate::profile::TimeGrouping;

/// What each window is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The baseline.
    Baseline,
    /// So many windows before it, together.
    Trailing(NonZeroUsize),
}

/// Why a text does not say what windows are compared with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not one of baseline, previous, trailing:N with N from 1 to 1000")]
pub struct BadAgainst(String);

impl FromStr for Against {
    type Err = BadAgainst;

    fn from_str(text: &str) -> Result<Self, BadAgainst> {
        match text {
            "baseline" => return Ok(Self::Baseline),
            "previous" => return Ok(Self::Trailing(NonZeroUsize::MIN)),
            _ => {}
        }
        let count = text.strip_prefix("trailing:");
        let count = count.and_then(|count| count.parse::<NonZeroUsize>().ok());
        count
            .filter(|count| count.get() <= 1_000)
            .map(Self::Trailing)
            .ok_or_else(|| BadAgainst(text.to_owned()))
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Baseline => f.write_str("baseline"),
            Self::Trailing(NonZeroUsize::MIN) => f.write_str("previous"),
            Self::Trailing(count) => write!(f, "trailing:{count}"),
        }
    }
}

/// How the current side is cut into windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windowing {
    /// The column with the time of each row.
    pub column: String,
    /// Length of a window.
    pub window: Period,
    /// From the end of a window to that of the next; the window is made of whole ones.
    pub every: Period,
    /// The zone whose midnights and months count.
    pub zone: Zone,
    /// What each window is compared with.
    pub against: Against,
    /// How many windows at the end are looked at; all if none.
    pub last: Option<NonZeroUsize>,
    /// When windows that drifted make the run fail.
    pub alarm: AlarmPolicy,
    /// Where no window is complete yet, the one that is under way is judged by what there is: a history has just
    /// begun.
    pub judges_running: bool,
}

impl Windowing {
    /// Returns how many windows before those that are looked at have a part in the verdict.
    pub(super) fn looks_back(&self) -> usize {
        match self.alarm {
            AlarmPolicy::AnyWindow => 0,
            AlarmPolicy::Windows(windows) => windows.last() - 1,
            AlarmPolicy::Budget(_) => usize::MAX,
        }
    }

    /// Returns how the rows are counted; `now` is the present, in seconds since 1970.
    #[must_use]
    pub fn grouping(&self, now: i64) -> TimeGrouping {
        TimeGrouping {
            column: self.column.clone(),
            every: self.every,
            zone: self.zone.clone(),
            now,
        }
    }

    /// Returns from where on pieces are needed to judge the last windows, the latest piece of the data beginning
    /// at `latest`; none if all windows are judged. Times are seconds since 1970 by the zone's clock.
    #[must_use]
    pub fn needs_from(&self, latest: i64) -> Option<i64> {
        let steps = |count: NonZeroUsize| i64::try_from(count.get()).unwrap_or(i64::MAX);
        let back = i64::try_from(self.looks_back()).ok()?;
        let last = steps(self.last?).saturating_add(back);
        // Longer ago than any data: then all are needed.
        let last = Some(last).filter(|last| *last <= i64::from(u32::MAX))?;
        // One more: the last window may not be complete, and is shown all the same.
        let first_end = self.every.after(latest, 1 - last);
        let start = self.window.after(first_end, -1);
        Some(match self.against {
            Against::Baseline => start,
            Against::Trailing(count) => self.window.after(start, -steps(count)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_are_compared_with_is_read_and_written_alike() {
        for text in ["baseline", "previous", "trailing:4"] {
            assert_eq!(text.parse::<Against>().expect(text).to_string(), text);
        }
        let one = "trailing:1".parse::<Against>().expect("one window");
        assert_eq!(one.to_string(), "previous");
        for text in [
            "",
            "trailing",
            "trailing:0",
            "trailing:1001",
            "trailing:-1",
            "Baseline",
        ] {
            assert!(text.parse::<Against>().is_err(), "{text}");
        }
    }
}
