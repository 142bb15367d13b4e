//! When windows that drifted make a run fail: the words of a user, and what a report says of it.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use churn_data::Period;
use serde::{Deserialize, Serialize};

/// Fewest windows for which a budget has one false alarm: with fewer it would be no bound.
const FEWEST_WINDOWS: f64 = 2.0;
/// Most windows that are looked back at.
const MOST_WINDOWS: u32 = 1_000;

/// When windows that drifted make a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlarmPolicy {
    /// One window that FAILs does.
    #[default]
    AnyWindow,
    /// So many of the last ones.
    Windows(WindowsOfLast),
    /// Evidence that comes by chance no more often than this.
    Budget(AlarmBudget),
}

/// How many of the last windows must FAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowsOfLast {
    /// So many must FAIL.
    needed: u32,
    /// Of so many, the last ones.
    last: u32,
}

/// How often chance may alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmBudget {
    alarms: NonZeroU32,
    per: Period,
    /// The word for the period, if it has one.
    word: Option<&'static str>,
}

/// Why a text is not an alarm policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAlarm {
    /// Not so many of so many.
    #[error(
        "\"{0}\" is not K/N, K of the last N windows, such as 2/3, with N up to {MOST_WINDOWS}"
    )]
    Windows(String),
    /// Not a rate.
    #[error("\"{0}\" is not a rate of alarms, such as 1/year, 2/year, 1/month or 1/90d")]
    Budget(String),
}

impl FromStr for WindowsOfLast {
    type Err = BadAlarm;

    fn from_str(text: &str) -> Result<Self, BadAlarm> {
        let bad = || BadAlarm::Windows(text.to_owned());
        let (needed, last) = text.split_once('/').ok_or_else(bad)?;
        let (needed, last) = (whole(needed), whole(last));
        let (needed, last) = needed.zip(last).ok_or_else(bad)?;
        if !(1..=last).contains(&needed) || last > MOST_WINDOWS {
            return Err(bad());
        }
        Ok(Self { needed, last })
    }
}

impl FromStr for AlarmBudget {
    type Err = BadAlarm;

    fn from_str(text: &str) -> Result<Self, BadAlarm> {
        const WORDS: [(&str, &str); 3] = [("year", "1y"), ("month", "1mo"), ("week", "1w")];
        let bad = || BadAlarm::Budget(text.to_owned());
        let (alarms, per) = text.split_once('/').ok_or_else(bad)?;
        let alarms = whole(alarms).and_then(NonZeroU32::new).ok_or_else(bad)?;
        let word = WORDS.into_iter().find(|(word, _)| *word == per);
        let per = word.map_or(per, |(_, period)| period);
        Ok(Self {
            alarms,
            per: per.parse().map_err(|_| bad())?,
            word: word.map(|(word, _)| word),
        })
    }
}

/// Reads digits, and nothing else: no sign, no blank.
fn whole(text: &str) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for WindowsOfLast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.needed, self.last)
    }
}

impl fmt::Display for AlarmBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word {
            Some(word) => write!(f, "{}/{word}", self.alarms),
            None => write!(f, "{}/{}", self.alarms, self.per),
        }
    }
}

impl fmt::Display for AlarmPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyWindow => f.write_str("any"),
            Self::Windows(windows) => windows.fmt(f),
            Self::Budget(budget) => budget.fmt(f),
        }
    }
}

impl FromStr for AlarmPolicy {
    type Err = BadAlarm;

    /// Reads a policy as a report names it.
    fn from_str(text: &str) -> Result<Self, BadAlarm> {
        if text == "any" {
            return Ok(Self::AnyWindow);
        }
        let windows = text.parse().map(Self::Windows);
        windows.or_else(|_| text.parse().map(Self::Budget))
    }
}

impl WindowsOfLast {
    /// What is shown where none is asked for: 2 of 3.
    pub(super) const USUAL: Self = Self { needed: 2, last: 3 };

    /// Returns how many must FAIL.
    #[must_use]
    pub const fn needed(self) -> usize {
        self.needed as usize
    }

    /// Returns of how many, the last ones.
    #[must_use]
    pub const fn last(self) -> usize {
        self.last as usize
    }
}

impl AlarmBudget {
    /// What is shown where none is asked for: one a year.
    pub(super) fn usual() -> Option<Self> {
        "1/year".parse().ok()
    }

    /// Returns how many windows have one false alarm, in the mean; none if it would be one in every other
    /// window or more often, which bounds nothing.
    #[must_use]
    pub fn windows_per_alarm(self, window: Period) -> Option<f64> {
        let windows = self.per.mean_seconds() / window.mean_seconds();
        let windows = windows / f64::from(self.alarms.get());
        (windows >= FEWEST_WINDOWS).then_some(windows)
    }
}

/// Which policy decided, and what each would have done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmReport {
    /// The policy in force: `any`, or as it was asked for, such as `2/3` and `1/year`.
    pub policy: String,
    /// What each policy does or would have done: a single window, some of the last, a budget.
    pub policies: Vec<PolicyOutcome>,
    /// Windows before those shown that were looked at for it.
    pub windows_before: u64,
    /// The budget's evidence of drift after each judged window; absent if windows are too long for
    /// the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What a policy does with the windows of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyOutcome {
    /// `any`, or such as `2/3` and `1/year`.
    pub policy: String,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// Whether by it the windows make the run FAIL.
    pub fails: bool,
    /// The windows at whose end it alarmed, or would have.
    pub alarms: Vec<String>,
}

/// The evidence of drift, window after window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// It alarms from here on: as many windows as have one false alarm in the mean.
    pub limit: f64,
    /// The windows in the order of time; of windows that overlap those that don't.
    pub windows: Vec<WindowEvidence>,
}

/// The evidence of drift after a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowEvidence {
    /// The window's name.
    pub window: String,
    /// The evidence of it and those before since the last alarm.
    pub evidence: f64,
    /// What it is mostly of: a feature, or a verdict of the window; absent if there is hardly any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mostly: Option<String>,
    /// Whether it reached the limit; it then starts anew.
    pub alarm: bool,
}

impl AlarmReport {
    /// Returns what the policy in force does.
    #[must_use]
    pub fn in_force(&self) -> Option<&PolicyOutcome> {
        self.policies.iter().find(|policy| policy.in_force)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written_alike() {
        for text in [
            "any", "2/3", "1/1", "5/1000", "1/year", "2/year", "1/month", "1/week", "1/90d",
        ] {
            let policy: AlarmPolicy = text.parse().expect(text);
            assert_eq!(policy.to_string(), text);
        }
        for text in [
            "", "2", "3/2", "0/3", "1/1001", "-1/3", "+1/3", "2/3/4", "2 / 3", "1/year",
        ] {
            assert!(text.parse::<WindowsOfLast>().is_err(), "{text}");
        }
        for text in [
            "", "1", "0/year", "1/0d", "1/3", "1/Year", "-1/year", "1/year/2", "1/5min",
        ] {
            assert!(text.parse::<AlarmBudget>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_budget_is_so_many_windows() {
        let windows = |budget: &str, window: &str| {
            let budget: AlarmBudget = budget.parse().expect(budget);
            budget.windows_per_alarm(window.parse().expect(window))
        };
        assert_eq!(windows("1/year", "1d"), Some(365.2425));
        assert_eq!(windows("2/year", "1d"), Some(365.2425 / 2.0));
        assert_eq!(windows("1/90d", "1d"), Some(90.0));
        assert_eq!(windows("1/year", "1mo"), Some(12.0));
        assert_eq!(windows("1/month", "1mo"), None);
        assert_eq!(windows("7/week", "1d"), None);
    }
}
