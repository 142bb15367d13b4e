//! Headers among the rows.

use super::finding::{Finding, FindingKind};
use super::status::Status;
use crate::profile::HeaderRows;

/// Says that a side has its header among the rows: what comes after may be another export. Those
/// rows are left out on both sides, but only the current side's can still be put right.
pub(super) fn header_rows(baseline: &HeaderRows, current: &HeaderRows) -> Vec<Finding> {
    let sides = [
        (Status::Warn, "the baseline", baseline),
        (Status::Fail, "the current side", current),
    ];
    let said = sides.into_iter().filter_map(|(status, side, headers)| {
        let message = headers.in_words()?;
        Some(Finding {
            status,
            kind: FindingKind::HeaderRows,
            feature: None,
            message: format!("{side} has {message}"),
        })
    });
    said.collect()
}
