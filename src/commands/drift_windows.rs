//! The part of `churnctl drift` that cuts the current side into windows of time.

use crate::data::Period;
use crate::drift::over_time::OverTime;
use crate::drift::{Provenance, Windowing};
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
    } = settings;
    let Some(column) = time else {
        let named = [
            ("--window", window.is_some()),
            ("--every", every.is_some()),
            ("--last", last.is_some()),
        ];
        return match named.into_iter().find(|(_, is_set)| *is_set) {
            Some((flag, _)) => Err(Error::usage(format!("{flag} without --time"))
                .hint("--time names the column with the time of each row")),
            None => Ok(None),
        };
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
    }))
}

/// Returns how the current side was cut for a report.
///
/// # Errors
/// Says which word cannot be read.
pub(super) fn of_report(over_time: &OverTime) -> Result<Windowing, String> {
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
    Ok(Windowing {
        column: time.clone(),
        window: window.parse().map_err(|error| format!("{error}"))?,
        every: every.parse().map_err(|error| format!("{error}"))?,
        zone: time_zone.parse().map_err(|error| format!("{error}"))?,
        against: against.parse().map_err(|error| format!("{error}"))?,
        last: last
            .map(|last| last.ok_or("\"last\" is not a count of windows"))
            .transpose()?,
    })
}

/// Returns the moment of a check: that of its report, so that who makes it again has the same windows.
pub(super) fn moment(provenance: &Provenance) -> i64 {
    let created_at = provenance.created_at.parse::<jiff::Timestamp>();
    created_at.map_or(0, jiff::Timestamp::as_second)
}

/// Says that the database is not asked for windows.
pub(super) fn not_in_sql() -> Error {
    Error::usage("windows of a table in a database are not supported yet")
        .hint("without --time, --explain-sql prints the statements for the whole table")
}
