//! What the rules of a feature share: rows and evidence, who hears of findings, and shares in words.

use super::noise::Levels;
use super::report::{FindingKind, Sides, Status};

/// What is the same for every feature of a check.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Rows of both sides.
    pub rows: Sides<u64>,
    /// What is not chance: the more features are judged, the more often chance alone would alarm.
    pub levels: Levels,
}

impl Context {
    /// Returns the status of an effect of a size that p-values speak for: the worst of which both
    /// the size and the evidence are there.
    #[must_use]
    pub(super) fn judge(self, size: f64, warn: f64, fail: f64, p_value: f64) -> Status {
        if size >= fail && p_value < self.levels.fail {
            Status::Fail
        } else if size >= warn && p_value < self.levels.warn {
            Status::Warn
        } else {
            Status::Ok
        }
    }
}

/// Hears of what was found: its weight, its kind, and the words.
pub(super) trait FindingSink: FnMut(Status, FindingKind, String) {}

impl<F: FnMut(Status, FindingKind, String)> FindingSink for F {}

/// Returns a share as percent with as many digits as it needs.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 9.95 {
        format!("{percent:.0}%")
    } else if percent >= 0.095 {
        format!("{percent:.1}%")
    } else {
        "<0.1%".into()
    }
}
