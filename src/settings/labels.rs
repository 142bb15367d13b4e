//! The settings of labels that come later than their predictions, see `drift.labels`: typed and checked.

use std::fmt;
use std::str::FromStr;

use super::key::Key;
use super::layers::{Layers, Origin};
use crate::data::{Moment, Period, Zone};
use crate::error::{Error, Result};
use crate::labels::{JoinKey, Unmatched};

/// The settings of late labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelSettings {
    /// Files and patterns of the label source; empty for none.
    pub labels: Vec<String>,
    /// The columns by which predictions and labels know each other.
    pub join: Option<JoinKey>,
    /// How long after a prediction its label may come.
    pub window: Option<Period>,
    /// The column with the time of a label.
    pub time: Option<String>,
    /// Until when the labels are whole.
    pub until: Option<Until>,
    /// What a prediction without a label is.
    pub unmatched: Option<Unmatched>,
    /// The column with the time of a prediction.
    pub prediction_time: Option<String>,
    /// Bytes that the join may hold.
    pub memory: Bytes,
    /// The database that holds labels and predictions joins them.
    pub by_database: bool,
    /// Who named the labels.
    origin: Origin,
}

impl LabelSettings {
    /// Makes the error for labels that lack something: 64 for the flag, 78 for the rest.
    #[must_use]
    pub fn misfit(&self, why: &str) -> Error {
        match &self.origin {
            Origin::Flag(flag) => Error::usage(format!("{flag} {why}")),
            other => other.refuse("drift.labels", why),
        }
    }
}

/// A moment that the user names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until(Moment);

impl Until {
    /// Returns what a clock in the zone shows then, in seconds since 1970-01-01 00:00.
    #[must_use]
    pub fn civil(self, zone: &Zone) -> i64 {
        match self.0.offset {
            Some(offset) => zone.civil(self.0.seconds - offset),
            None => self.0.seconds,
        }
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Moment::read(text.as_bytes()).map(Self).ok_or_else(|| {
            format!("\"{text}\" is not a time such as 2026-01-31 or 2026-01-31T03:00:00+01:00")
        })
    }
}

/// A number of bytes: `4096`, `64MB`, `1GB`. A kB is 1,000 bytes, a KiB 1,024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(usize);

/// Units of bytes and their size.
const UNITS: [(&str, u64); 7] = [
    ("", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
];

impl Bytes {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("\"{text}\" is not a number of bytes above 0, such as 4096, 64MB or 1GB");
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (count, unit) = text.split_at(end);
        let unit = unit.trim().to_ascii_lowercase();
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        let count: u64 = count.parse().map_err(|_| refused())?;
        let bytes = unit.and_then(|(_, size)| count.checked_mul(*size));
        bytes
            .and_then(|bytes| usize::try_from(bytes).ok())
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(refused)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Takes what is set.
pub(super) fn labels(layers: &Layers) -> Result<LabelSettings> {
    let origin = Key::named("drift.labels").map(|key| layers.find(key).1);
    Ok(LabelSettings {
        origin: origin.unwrap_or(Origin::Default),
        labels: layers.list("drift.labels")?,
        join: layers.optional("drift.join")?.0,
        window: layers.optional("drift.label_window")?.0,
        time: layers.optional("drift.label_time")?.0,
        until: layers.optional("drift.labels_until")?.0,
        unmatched: layers.optional("drift.unmatched")?.0,
        prediction_time: layers.optional("drift.prediction_time")?.0,
        memory: layers.required("drift.join_memory")?.0,
        by_database: layers.required::<String>("drift.joined_by")?.0 == "database",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        let bytes = |text: &str| text.parse::<Bytes>().map(Bytes::get);
        assert_eq!(bytes("4096"), Ok(4_096));
        assert_eq!(bytes("256MB"), Ok(256_000_000));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        for text in ["", "0", "-1", "MB", "1.5GB", "4TB4", "99999999999GB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
