//! The settings of `alerts`, see `proof.*`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::layers::Layers;
use super::values::Span;
use crate::error::Result;

/// The settings of lists, lint and tests of alerting rules.
#[derive(Debug, Clone)]
pub struct AlertsSettings {
    /// Files and folders with rules, cases and configurations.
    pub rules: Vec<String>,
    /// Time between two scrapes, if anybody said it.
    pub scrape_interval: Option<Span>,
    /// How long Prometheus keeps samples, if anybody said it.
    pub retention: Option<Span>,
    /// Least coverage of the cases.
    pub min_coverage: Percent,
    /// Least share of altered rules that some case notices.
    pub min_mutation: Percent,
    /// Prometheus to prove on.
    pub prometheus: Option<String>,
    /// Alertmanager to prove on.
    pub alertmanager: Option<String>,
    /// File with a bearer token for both.
    pub token_file: Option<PathBuf>,
    /// Certificates to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

impl AlertsSettings {
    pub(super) fn resolve(layers: &Layers) -> Result<Self> {
        Ok(Self {
            rules: layers.list("proof.rules")?,
            scrape_interval: layers.optional("proof.scrape_interval")?.0,
            retention: layers.optional("proof.retention")?.0,
            min_coverage: layers.required("proof.min_coverage")?.0,
            min_mutation: layers.required("proof.min_mutation")?.0,
            prometheus: layers.optional("proof.prometheus")?.0,
            alertmanager: layers.optional("proof.alertmanager")?.0,
            token_file: layers.optional("proof.token_file")?.0,
            ca_file: layers.optional("proof.ca_file")?.0,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_lies_between_0_and_100() {
        assert_eq!("97.5".parse::<Percent>().map(Percent::get), Ok(97.5));
        assert_eq!("100 %".parse::<Percent>().map(Percent::get), Ok(100.0));
        for text in ["", "NaN", "-1", "101", "all"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }
}
