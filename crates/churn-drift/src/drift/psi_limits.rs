//! How far the baseline's own windows lie from the baseline as a whole: PSI from which a window of the current side is
//! farther away than they are, a limit for each feature.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// By what limits the PSI of a feature is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSource {
    /// Those that are set.
    #[default]
    Fixed,
    /// Those of the baseline's own windows.
    Windows,
    /// What both say.
    Both,
}

/// The text names no source of limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("thresholds are fixed, windows or both")]
pub struct BadLimitSource;

impl FromStr for LimitSource {
    type Err = BadLimitSource;

    fn from_str(text: &str) -> Result<Self, BadLimitSource> {
        match text {
            "fixed" => Ok(Self::Fixed),
            "windows" => Ok(Self::Windows),
            "both" => Ok(Self::Both),
            _ => Err(BadLimitSource),
        }
    }
}

impl fmt::Display for LimitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Windows => "windows",
            Self::Both => "both",
        })
    }
}

/// Limits of the PSI of features from the windows of the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PsiLimits {
    /// Whether they stand alone or beside the fixed thresholds.
    pub thresholds: LimitSource,
    /// Windows of the baseline that they are made of.
    pub windows: u64,
    /// Mean and three standard deviations of the PSI of these windows against the whole baseline, by feature; a score
    /// by its name.
    pub psi: BTreeMap<String, f64>,
}

/// The limit of one feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct PsiLimit {
    /// The fixed thresholds count, too.
    pub(super) is_beside_fixed: bool,
    pub(super) psi: f64,
    pub(super) windows: u64,
}

impl PsiLimits {
    /// Returns the limit of a feature; none if its windows said nothing.
    pub(super) fn of(&self, feature: &str) -> Option<PsiLimit> {
        Some(PsiLimit {
            is_beside_fixed: self.thresholds == LimitSource::Both,
            psi: *self.psi.get(feature)?,
            windows: self.windows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_alike() {
        for text in ["fixed", "windows", "both"] {
            assert_eq!(text.parse::<LimitSource>().expect(text).to_string(), text);
        }
        assert!("Both".parse::<LimitSource>().is_err());
    }
}
