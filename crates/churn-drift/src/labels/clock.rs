//! The time in a field, by the clock of a zone.

use churn_data::{DataSet, Moment, Value, Zone, classify};

/// Reads the times of a column.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    zone: Zone,
    /// Times without a zone are in UTC.
    holds_instants: bool,
}

/// What a field of a time column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Seconds since 1970-01-01 00:00 by the zone's clock.
    At(i64),
    Missing,
    Unreadable,
}

impl Clock {
    pub(super) fn of(data: &DataSet, column: &str, zone: &Zone) -> Self {
        Self {
            zone: zone.clone(),
            holds_instants: data.holds_instants(column),
        }
    }

    pub(super) fn read(&self, field: &[u8]) -> Reading {
        match Moment::read(field) {
            None if matches!(classify(field), Value::Missing(_)) => Reading::Missing,
            None => Reading::Unreadable,
            Some(moment) => Reading::At(match moment.offset {
                Some(offset) => self.zone.civil(moment.seconds - offset),
                None if self.holds_instants => self.zone.civil(moment.seconds),
                None => moment.seconds,
            }),
        }
    }
}
