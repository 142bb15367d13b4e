//! The part of `churnctl drift` that cuts the current side into windows of time.

use crate::data::Period;
use crate::drift::over_time::OverTime;
use crate::drift::{Against, AlarmPolicy, DriftReport, LimitSource, Provenance, Windowing};
use crate::error::{Error, Result};
use crate::settings::WindowSettings;

/// Returns how the current side is to be cut; none if it is not.
///
/// # Errors
/// 64 if there are words about windows and none about the time, or windows are not made of whole pieces.
pub(super) fn from_settings(settings: &WindowSettings) -> Result<Option<Windowing>> {
    let WindowSettings {
        time,
        window,
        every,
        zone,
        against,
        last,
        ..
    } = settings;
    let Some(column) = time else {
        let named = settings.first_of_windows();
        return named.map_or(Ok(None), |name| {
            Err(settings
                .misfit(name, "needs --time")
                .hint("--time names the column with the time of each row"))
        });
    };
    let window = window.or(*every).unwrap_or(Period::DAY);
    let every = every.unwrap_or(window);
    if !window.is_made_of(every) {
        let message = format!("a window of {window} is not made of whole pieces of {every}");
        return Err(Error::usage(message)
            .hint("--every divides the window: 1d or 7d a week, 1d a month, 1h or 6h a day"));
    }
    Ok(Some(Windowing {
        column: column.clone(),
        window,
        every,
        zone: zone.clone(),
        against: *against,
        last: *last,
        alarm: alarm(settings, window)?,
        judges_running: false,
    }))
}

/// Returns from what PSI on a window drifted.
///
/// # Errors
/// 64 if windows are compared with others than the baseline, whose own windows would say nothing of them.
pub(super) fn limits(settings: &WindowSettings) -> Result<LimitSource> {
    let source = settings.thresholds_from.unwrap_or_default();
    if source == LimitSource::Fixed || settings.against == Against::Baseline {
        return Ok(source);
    }
    let why = format!("cannot be used with --against {}", settings.against);
    Err(settings
        .misfit("drift.thresholds_from", &why)
        .hint("the baseline's own windows say how far windows lie from the baseline"))
}

/// Returns when windows that drifted make the run fail.
fn alarm(settings: &WindowSettings, window: Period) -> Result<AlarmPolicy> {
    match (settings.alarm, settings.alarm_budget) {
        (None, None) => Ok(AlarmPolicy::AnyWindow),
        (Some(windows), None) => Ok(AlarmPolicy::Windows(windows)),
        (None, Some(budget)) if budget.windows_per_alarm(window).is_some() => {
            Ok(AlarmPolicy::Budget(budget))
        }
        (None, Some(budget)) => {
            let why =
                format!("{budget} allows an alarm in every window of {window}, or in every other");
            let hint = "a budget is a bound from two windows an alarm on: fewer alarms, or a shorter --window";
            Err(settings.misfit("drift.alarm_budget", &why).hint(hint))
        }
        (Some(_), Some(_)) => {
            let error = match settings.is_flag("drift.alarm_budget") {
                true => settings.misfit("drift.alarm_budget", "cannot be used with --alarm"),
                false => settings.misfit("drift.alarm", "cannot be used with --alarm-budget"),
            };
            Err(error.hint("one policy decides; the report says what the other would have done"))
        }
    }
}

/// Returns how the current side was cut for a report; none if it was not.
///
/// # Errors
/// Says which word cannot be read.
pub(super) fn of_report(report: &DriftReport) -> Result<Option<Windowing>, String> {
    let Some(over_time) = &report.over_time else {
        return Ok(None);
    };
    let OverTime {
        time,
        window,
        every,
        time_zone,
        against,
        last,
        left_out: _,
    } = over_time;
    let last = last.map(|last| {
        usize::try_from(last)
            .ok()
            .and_then(|last| last.try_into().ok())
    });
    Ok(Some(Windowing {
        column: time.clone(),
        window: window.parse().map_err(|error| format!("{error}"))?,
        every: every.parse().map_err(|error| format!("{error}"))?,
        zone: time_zone.parse().map_err(|error| format!("{error}"))?,
        against: against.parse().map_err(|error| format!("{error}"))?,
        last: last
            .map(|last| last.ok_or("\"last\" is not a count of windows"))
            .transpose()?,
        // Reports of versions without policies have none.
        alarm: report
            .alarm
            .as_ref()
            .map_or(Ok(AlarmPolicy::AnyWindow), |alarm| {
                alarm.policy.parse().map_err(|error| format!("{error}"))
            })?,
        judges_running: report.history.is_some(),
    }))
}

/// Returns the moment of a check: that of its report, so that who makes it again has the same windows.
pub(super) fn moment(provenance: &Provenance) -> i64 {
    moment_of(&provenance.created_at)
}

/// Returns a time in RFC 3339 as seconds since 1970.
pub(super) fn moment_of(time: &str) -> i64 {
    let time = time.parse::<jiff::Timestamp>();
    time.map_or(0, jiff::Timestamp::as_second)
}
