//! Columns of times in databases: what their times mean, and how one is written in SQL.

use super::sql::{Dialect, SqlColumn};
use super::zone::Zone;

/// What the times of a column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlTime {
    /// Days.
    Date,
    /// What a clock on the wall shows, nobody says where.
    Local,
    /// Moments, the same everywhere.
    Instant,
}

impl SqlTime {
    /// Returns what a column's times mean; none if its type is not one of times.
    #[must_use]
    pub fn of(dialect: Dialect, column: &SqlColumn) -> Option<Self> {
        match (dialect, &*column.type_name) {
            (_, "date") => Some(Self::Date),
            (Dialect::Postgres, "timestamptz") | (Dialect::MySql | Dialect::Spark, "timestamp") => {
                Some(Self::Instant)
            }
            (Dialect::Postgres, "timestamp")
            | (Dialect::MySql, "datetime")
            | (Dialect::Spark, "timestamp_ntz") => Some(Self::Local),
            _ => None,
        }
    }
}

/// The first and the last second of the years from 1 to 99999.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 3_093_527_980_799;

impl Dialect {
    /// Writes a time, in seconds since 1970-01-01 00:00 in UTC, or by the clock that a column without a
    /// zone means. Of days it is the first that does not begin earlier.
    #[must_use]
    pub fn time(self, kind: SqlTime, seconds: i64) -> String {
        const DAY: i64 = 86_400;
        let seconds = match kind {
            SqlTime::Date => seconds + (-seconds).rem_euclid(DAY),
            SqlTime::Local | SqlTime::Instant => seconds,
        };
        let written = Zone::utc().rfc3339(seconds);
        let written = written.replace('T', " ").replace('Z', "");
        match (self, kind) {
            (_, SqlTime::Date) => {
                let day = written.split(' ').next().unwrap_or_default();
                format!("cast('{day}' as date)")
            }
            (Self::Postgres, SqlTime::Local) => format!("cast('{written}' as timestamp)"),
            (Self::Postgres, SqlTime::Instant) => format!("cast('{written}+00' as timestamptz)"),
            // The session's zone is UTC.
            (Self::MySql, _) => format!("cast('{written}' as datetime)"),
            (Self::Spark, SqlTime::Instant) => format!("cast('{written}' as timestamp)"),
            (Self::Spark, SqlTime::Local) => format!("cast('{written}' as timestamp_ntz)"),
        }
    }

    /// Returns the seconds of a time since 1970-01-01 00:00, in UTC or by the clock that a column without a zone means,
    /// without their fraction; null for what is no such time, such as infinity.
    #[must_use]
    pub fn seconds(self, kind: SqlTime, time: &str) -> String {
        match (self, kind) {
            // Years of more than five digits, or before Christ, are no times to those who read them.
            (Self::Postgres, _) => format!(
                "cast(floor(case when isfinite({time}) and extract(epoch from {time}) between {FIRST} and {LAST} then \
                 extract(epoch from {time}) end) as bigint)"
            ),
            // The session's zone is UTC. Whole seconds would be cut towards zero.
            (Self::MySql, _) => format!(
                "cast(floor(timestampdiff(microsecond, '1970-01-01 00:00:00', {time}) / 1000000) as signed)"
            ),
            (Self::Spark, SqlTime::Instant) => format!("unix_seconds({time})"),
            (Self::Spark, SqlTime::Local | SqlTime::Date) => {
                format!("unix_seconds(cast({time} as timestamp))")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::SqlKind;

    #[test]
    fn a_time_is_written_for_its_column() {
        // date -u -d '2026-01-31 03:00:00' +%s
        const AT: i64 = 1_769_828_400;
        let postgres = Dialect::Postgres;
        assert_eq!(
            postgres.time(SqlTime::Instant, AT),
            "cast('2026-01-31 03:00:00+00' as timestamptz)"
        );
        assert_eq!(
            postgres.time(SqlTime::Local, AT),
            "cast('2026-01-31 03:00:00' as timestamp)"
        );
        // No day begins from three o'clock on until the next.
        assert_eq!(
            postgres.time(SqlTime::Date, AT),
            "cast('2026-02-01' as date)"
        );
        assert_eq!(
            postgres.time(SqlTime::Date, AT - 3 * 3_600),
            "cast('2026-01-31' as date)"
        );
    }

    #[test]
    fn types_say_what_their_times_mean() {
        let of = |dialect, type_name: &str| {
            let column = SqlColumn {
                name: "at".into(),
                kind: SqlKind::Text,
                type_name: type_name.into(),
            };
            SqlTime::of(dialect, &column)
        };
        assert_eq!(of(Dialect::Postgres, "timestamp"), Some(SqlTime::Local));
        assert_eq!(of(Dialect::MySql, "timestamp"), Some(SqlTime::Instant));
        assert_eq!(of(Dialect::Spark, "timestamp"), Some(SqlTime::Instant));
        assert_eq!(of(Dialect::Postgres, "text"), None);
    }
}
