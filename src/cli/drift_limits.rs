//! The flags about windows of time and about thresholds, which `drift` and `drift mutate` share.

use std::num::NonZeroUsize;

use clap::Args;

use super::columns::checked;
use crate::data::{Period, Zone};
use crate::drift::{Against, AlarmBudget, WindowsOfLast};
use crate::settings::{FailOn, Flags, SizeThreshold};

pub(super) const WINDOWS: &str = "Windows of time";
pub(super) const THRESHOLDS: &str = "Thresholds";

/// Reads how many windows at the end are looked at.
pub(super) fn count_of_windows(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| {
        format!(
            "\"{text}\" is not a number of windows, from 1 on; without --last all are looked at"
        )
    })
}

/// How the current side is cut into windows, and when they alarm.
#[derive(Debug, Clone, Args)]
pub(super) struct WindowArgs {
    /// Column with the time of each row: cuts the current data into windows, each judged by itself
    ///
    /// The verdict is the worst of all windows that are complete. Times are ISO 8601, days such as
    /// 20260131 or 31.01.2026, or seconds since 1970. Rows without one are in no window; the report
    /// says how many.
    #[arg(long, value_name = "COLUMN", help_heading = WINDOWS)]
    time: Option<String>,

    /// Length of a window: 6h, 1d, 7d, 1w, 1mo; a day if not given
    ///
    /// Windows follow the calendar: hours count from midnight, days begin at midnight, weeks on
    /// Monday, months on the first. A window holds its beginning, not its end. It is complete when a
    /// row is later or its end has passed; the last may not be, and is then shown but not judged.
    #[arg(long, value_name = "PERIOD", value_parser = checked::<Period>, help_heading = WINDOWS)]
    window: Option<String>,

    /// Zone whose midnights and months count; UTC if not given
    ///
    /// A name such as Europe/Berlin. Times that name no offset are taken for times in it.
    #[arg(long, value_name = "ZONE", value_parser = checked::<Zone>, help_heading = WINDOWS)]
    time_zone: Option<String>,

    /// What each window is compared with: baseline, previous, or trailing:N
    ///
    /// The window before it, or the N windows before it together; bins are the baseline's in any case.
    #[arg(long, value_name = "WHAT", value_parser = checked::<Against>, help_heading = WINDOWS)]
    against: Option<String>,

    /// K of the last N complete windows must FAIL for the run to FAIL: 2/3
    ///
    /// With fewer the run is a WARN that says so. Without this and --alarm-budget one window that FAILs
    /// fails the run. The report says what each policy would have done.
    #[arg(long, value_name = "K/N", value_parser = checked::<WindowsOfLast>, help_heading = WINDOWS)]
    alarm: Option<String>,

    /// Fail when windows show more drift than chance does this often: 1/year, 2/year, 1/month, 1/90d
    ///
    /// Evidence adds up from window to window, so that a drift of the size of a WARN that goes on fails,
    /// too. After an alarm it starts anew. The run fails if there is one in a window that it looks at: give
    /// --last the number of windows since the run before.
    #[arg(long, value_name = "RATE", value_parser = checked::<AlarmBudget>, help_heading = WINDOWS)]
    alarm_budget: Option<String>,

    /// From what PSI on a window drifted: fixed, windows or both
    ///
    /// `windows` takes mean + 3 standard deviations of the PSI that the baseline's own windows of this length
    /// have against the whole baseline, for each feature; `both` wants that and the thresholds that are set.
    /// The baseline must have the time column, in five windows or more: data, not a profile.
    #[arg(long, value_name = "FROM", value_parser = ["fixed", "windows", "both"], help_heading = WINDOWS)]
    thresholds: Option<String>,
}

impl WindowArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.one("drift.time", self.time.as_ref());
        flags.one("drift.window", self.window.as_ref());
        flags.one("drift.time_zone", self.time_zone.as_ref());
        flags.one("drift.against", self.against.as_ref());
        flags.one("drift.alarm", self.alarm.as_ref());
        flags.one("drift.alarm_budget", self.alarm_budget.as_ref());
        flags.one("drift.thresholds_from", self.thresholds.as_ref());
    }
}

/// From where on what drifts.
#[derive(Debug, Clone, Args)]
pub(super) struct ThresholdArgs {
    /// By what a column that drifts is judged: statistics, consequence or both
    ///
    /// `consequence` looks at the model's score: a column that drifted fails if it alone moves the score far, and is a
    /// WARN otherwise. `both` wants that and the thresholds of its distribution. The baseline must be a model, which
    /// scores the current rows; sizes are the settings `drift.warn_score_move` and `drift.fail_score_move`.
    #[arg(long, value_name = "POLICY", value_parser = ["statistics", "consequence", "both"], help_heading = THRESHOLDS)]
    policy: Option<String>,

    /// What is looked at beside each column by itself: off, correlation or all
    ///
    /// `correlation` compares how pairs of number columns hang together (Spearman's rank correlation). `all` also grows
    /// trees that tell rows of both sides apart, and says by which columns. Needs rows of both sides, which are read
    /// once more; of larger sides about 20,000 are looked at. Sizes are the settings `drift.warn_domain_auc`,
    /// `drift.fail_domain_auc`, `drift.warn_correlation` and `drift.fail_correlation`.
    #[arg(long, value_name = "MODE", value_parser = ["off", "correlation", "all"], help_heading = THRESHOLDS)]
    multivariate: Option<String>,

    /// PSI from which a feature warns
    ///
    /// A finite number of 0 or more, in nats. Single features can have thresholds of their own in
    /// the settings file: `[drift.thresholds.FEATURE]` with `warn_psi`, `fail_psi` and the other
    /// sizes.
    #[arg(long, value_name = "PSI", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    warn_psi: Option<String>,

    /// PSI from which a feature fails
    ///
    /// A finite number of 0 or more, in nats. A PSI above it that chance alone could reach with so
    /// few rows only warns. PSI is not all that fails: distances, shares of single values and values
    /// that are new have thresholds of their own, below.
    #[arg(long, value_name = "PSI", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    fail_psi: Option<String>,

    /// Distance in standard deviations from which a feature warns
    ///
    /// Of numbers, the Wasserstein distance over the baseline's standard deviation; of a category,
    /// how far its share moved over the standard deviation of having it. Counts only beyond chance.
    #[arg(long, value_name = "SD", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    warn_distance: Option<String>,

    /// Distance in standard deviations from which a feature fails
    #[arg(long, value_name = "SD", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    fail_distance: Option<String>,

    /// How many times as frequent, or as rare, a single value must have become to warn
    ///
    /// A category or a number that holds the share of --warn-new-share on either side. Counts only beyond chance.
    #[arg(long, value_name = "TIMES", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    warn_share_ratio: Option<String>,

    /// How many times as frequent, or as rare, a single value must have become to fail
    #[arg(long, value_name = "TIMES", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    fail_share_ratio: Option<String>,

    /// Share of current values where the baseline has none, from which a feature warns
    ///
    /// Beyond the baseline's minimum and maximum, or in a gap between its values; 0.01 is one in a hundred.
    #[arg(long, value_name = "SHARE", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    warn_new_share: Option<String>,

    /// Share of current values where the baseline has none, from which a feature fails
    #[arg(long, value_name = "SHARE", value_parser = checked::<SizeThreshold>, help_heading = THRESHOLDS, allow_negative_numbers = true)]
    fail_new_share: Option<String>,

    /// Rows below which a side is too small to tell
    ///
    /// The verdict is then TOO_FEW_ROWS, unless something fails or warns beyond chance.
    #[arg(long, value_name = "ROWS", help_heading = THRESHOLDS)]
    min_rows: Option<u64>,

    /// Verdict that ends with exit code 2
    #[arg(long, value_name = "VERDICT", help_heading = THRESHOLDS)]
    fail_on: Option<FailOnArg>,
}

impl ThresholdArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.one("drift.policy", self.policy.as_ref());
        flags.one("drift.multivariate", self.multivariate.as_ref());
        flags.one("drift.warn_psi", self.warn_psi.as_ref());
        flags.one("drift.fail_psi", self.fail_psi.as_ref());
        flags.one("drift.warn_distance", self.warn_distance.as_ref());
        flags.one("drift.fail_distance", self.fail_distance.as_ref());
        flags.one("drift.warn_share_ratio", self.warn_share_ratio.as_ref());
        flags.one("drift.fail_share_ratio", self.fail_share_ratio.as_ref());
        flags.one("drift.warn_new_share", self.warn_new_share.as_ref());
        flags.one("drift.fail_new_share", self.fail_new_share.as_ref());
        flags.one("drift.min_rows", self.min_rows);
        flags.one("drift.fail_on", self.fail_on.map(|arg| arg.twin().as_str()));
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailOnArg {
    /// FAIL
    Fail,
    /// WARN and FAIL
    Warn,
    /// None: drift is for reports only, errors end as ever
    Never,
}

impl FailOnArg {
    const fn twin(self) -> FailOn {
        match self {
            Self::Fail => FailOn::Fail,
            Self::Warn => FailOn::Warn,
            Self::Never => FailOn::Never,
        }
    }
}
