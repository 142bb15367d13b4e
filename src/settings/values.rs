//! The values that settings take, each checked once, at the door.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::redact::address;

/// A value as it was written, before it has a type.
/// It may be an address with a password in it: only [`fmt::Display`], of which the typed value is
/// made, shows it whole.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// One value.
    One(String),
    /// A list of values.
    Many(Vec<String>),
}

impl Raw {
    /// Splits a text at its commas; blanks around the parts and empty parts are dropped.
    #[must_use]
    pub fn split(text: &str) -> Self {
        let parts = text.split(',').map(str::trim);
        Self::Many(
            parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }
}

impl Raw {
    /// Returns the value as it may be seen.
    #[must_use]
    pub fn shown(&self) -> Self {
        let shown = |text: &String| address(text).into_owned();
        match self {
            Self::One(text) => Self::One(shown(text)),
            Self::Many(texts) => Self::Many(texts.iter().map(shown).collect()),
        }
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Self::One(text) => text.fmt(f),
            Self::Many(texts) => texts.fmt(f),
        }
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.shown() {
            Self::One(text) => text.serialize(serializer),
            Self::Many(texts) => texts.serialize(serializer),
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(text) => f.write_str(text),
            Self::Many(texts) => f.write_str(&texts.join(",")),
        }
    }
}

/// A size from which something is said, such as a PSI: finite, 0 or larger.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct SizeThreshold(f64);

impl SizeThreshold {
    /// Returns the threshold.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for SizeThreshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Self(number)),
            Ok(_) | Err(_) => Err(format!("\"{text}\" is not a finite number of 0 or more")),
        }
    }
}

/// A share or a score: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Probability {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Probability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().parse::<f64>() {
            Ok(number) if (0.0..=1.0).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(format!("\"{text}\" is not a number from 0 to 1")),
        }
    }
}

/// A share in percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().trim_end_matches('%').trim_end().parse::<f64>() {
            Ok(number) if (0.0..=100.0).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(format!("\"{text}\" is not a percentage from 0 to 100")),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The character between two fields of a CSV line: one byte of ASCII, no quote and no line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// Returns the byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let byte = match text {
            "tab" | "\\t" => b'\t',
            _ => match text.as_bytes() {
                [byte] if byte.is_ascii() => *byte,
                _ => return Err(format!("\"{text}\" is not one ASCII character or `tab`")),
            },
        };
        match byte {
            b'"' | b'\n' | b'\r' | 0 => Err("a quote, a line end or NUL cannot part fields".into()),
            _ => Ok(Self(byte)),
        }
    }
}

/// The name of a model: goes into file names and metric labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName(String);

impl ModelName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with('.') {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "\"{text}\" is not 1 to 64 letters, digits, `.`, `_` or `-`, or begins with a dot"
            ))
        }
    }
}

/// Where a tracking server is: an `http://` or `https://` URL, or the word `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingUri(Option<String>);

impl TrackingUri {
    /// Returns the URL, unless tracking is switched off.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromStr for TrackingUri {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self(Some(text.to_owned())));
        }
        Err(format!(
            "\"{}\" is not a URL of a tracking server: http:// or https://, or `none`; churnctl \
             writes to no folder or database of MLflow",
            address(text)
        ))
    }
}

/// Which verdict ends a check with exit code 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// FAIL does.
    Fail,
    /// WARN does, too.
    Warn,
    /// None does.
    Never,
}

impl FailOn {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Warn, Self::Never];

    /// Returns the word used on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Never => "never",
        }
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not one of fail, warn, never"))
    }
}

/// A length of time above zero: a number and a unit, such as `250ms`, `30s`, `5m`, `12h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    const UNITS: [(&'static str, u64); 6] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 604_800_000),
    ];

    /// Returns the length.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("\"{text}\" is not a length of time, such as 30s, 5m or 7d");
        let digits = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(digits.ok_or_else(refused)?);
        let found = Self::UNITS.iter().find(|(name, _)| *name == unit);
        let (_, milliseconds) = found.ok_or_else(refused)?;
        let number: u64 = number.parse().map_err(|_| refused())?;
        let whole = number.checked_mul(*milliseconds).ok_or_else(refused)?;
        if whole == 0 {
            return Err(format!("\"{text}\" is not a time at all"));
        }
        Ok(Self(Duration::from_millis(whole)))
    }
}

/// A length of time that may be none at all: as [`Span`], or `0s`, `0` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(Duration);

impl Wait {
    /// Returns the length.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Returns the length unless it is zero.
    #[must_use]
    pub fn some(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }
}

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text, "0" | "0s" | "none") {
            return Ok(Self(Duration::ZERO));
        }
        let length = text.parse::<Span>()?.get();
        // More is a typo, and calculations with times stay in range.
        if length > TEN_YEARS {
            return Err(format!("\"{text}\" is longer than ten years"));
        }
        Ok(Self(length))
    }
}

const TEN_YEARS: Duration = Duration::from_secs(315_360_000);

/// A file to write, or the word `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Option<PathBuf>);

impl Target {
    /// Returns the file, unless none is wanted.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("an empty text is not a file name; write `none` for no file".into()),
            "none" => Ok(Self(None)),
            _ => Ok(Self(Some(PathBuf::from(text)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_refuses_what_no_psi_can_be_compared_with() {
        for text in ["NaN", "inf", "-inf", "-0.1", "1e999", "", "x", "0,1"] {
            assert!(text.parse::<SizeThreshold>().is_err(), "{text}");
        }
        assert_eq!(
            "0.25".parse::<SizeThreshold>().map(SizeThreshold::get),
            Ok(0.25)
        );
        assert_eq!(
            "0".parse::<SizeThreshold>().map(SizeThreshold::get),
            Ok(0.0)
        );
    }

    #[test]
    fn a_period_may_be_nothing_and_is_no_longer_than_ten_years() {
        let seconds = |text: &str| text.parse::<Wait>().map(|period| period.get().as_secs());
        for text in ["0", "0s", "none"] {
            assert_eq!(seconds(text), Ok(0), "{text}");
        }
        assert_eq!(seconds("6h"), Ok(21_600));
        for text in ["", "6", "-1h", "1.5h", "600w", "99999999999999w"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_delimiter_is_one_byte_that_is_no_quote() {
        assert_eq!(";".parse::<Delimiter>().map(Delimiter::byte), Ok(b';'));
        assert_eq!("tab".parse::<Delimiter>().map(Delimiter::byte), Ok(b'\t'));
        for text in ["", ";;", "\"", "\n", "é"] {
            assert!(text.parse::<Delimiter>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_length_of_time_has_a_unit_and_is_not_zero() {
        let span = |text: &str| text.parse::<Span>().map(Span::get);
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(span("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(span("2w"), Ok(Duration::from_secs(14 * 86_400)));
        for text in [
            "",
            "5",
            "m",
            "0s",
            "-1s",
            "1.5s",
            "5 m",
            "5M",
            "99999999999999999d",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_tracking_uri_is_a_server_or_none() {
        let url = |text: &str| {
            text.parse::<TrackingUri>()
                .map(|uri| uri.url().map(str::to_owned))
        };
        assert_eq!(url("none"), Ok(None));
        assert_eq!(
            url("http://mlflow:5000"),
            Ok(Some("http://mlflow:5000".to_owned()))
        );
        for text in [
            "",
            "mlruns",
            "sqlite:///mlflow.db",
            "file:///mlruns",
            "databricks",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
        let why = url("ftp://ann:secret@host").expect_err("no server");
        assert!(!why.contains("secret"), "{why}");
    }

    #[test]
    fn a_model_name_is_no_path() {
        for text in ["../x", "a/b", "", ".hidden", "a\nb", &"x".repeat(65)] {
            assert!(text.parse::<ModelName>().is_err(), "{text:?}");
        }
        assert!("churn-2.v1".parse::<ModelName>().is_ok());
    }

    #[test]
    fn lists_are_split_at_commas_and_trimmed() {
        assert_eq!(
            Raw::split("a, b,,c"),
            Raw::Many(vec!["a".into(), "b".into(), "c".into()])
        );
        assert_eq!(Raw::split(""), Raw::Many(vec![]));
    }

    #[test]
    fn a_percentage_lies_between_0_and_100() {
        assert_eq!("97.5".parse::<Percent>().map(Percent::get), Ok(97.5));
        assert_eq!("100 %".parse::<Percent>().map(Percent::get), Ok(100.0));
        for text in ["", "NaN", "-1", "101", "all"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }
}
