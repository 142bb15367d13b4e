//! What is wrong with a split, or thin: labels that are lacking, few positives, groups in more than
//! one part. How rows are split is `split`'s affair.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};

use super::frame::MISSING_CODE;
use super::splits::{SplitOptions, Splits};
use super::times::LabelWindow;

/// Positive rows in train below which a warning is due.
pub(super) const FEW_POSITIVES: usize = 50;
/// Groups with positive rows in train below which a warning is due.
const FEW_POSITIVE_GROUPS: usize = 100;

/// Counts the positive ones of some rows.
pub(super) fn count_positives(rows: &[u32], label: &[bool]) -> usize {
    rows.iter().filter(|row| label[**row as usize]).count()
}

/// Returns the first split that lacks a label, and which label.
pub(super) fn lacking(splits: &Splits, label: &[bool]) -> Option<(&'static str, &'static str)> {
    let named = [
        ("train", &splits.train),
        ("validation", &splits.validation),
        ("test", &splits.test),
    ];
    named.into_iter().find_map(|(name, rows)| {
        let positives = count_positives(rows, label);
        if positives == 0 {
            Some((name, "positive"))
        } else if positives == rows.len() {
            Some((name, "negative"))
        } else {
            None
        }
    })
}

/// Checks that each split has both labels.
///
/// # Errors
/// Bad input with a hint.
pub(super) fn check_labels(
    splits: &Splits,
    label: &[bool],
    timed: bool,
    options: &SplitOptions,
) -> Result<()> {
    let Some((name, class)) = lacking(splits, label) else {
        return Ok(());
    };
    let hint = if timed && options.label_window > LabelWindow::NONE {
        format!(
            "bring a longer history: {} of {} rows were purged, since their labels are known \
             only {} later (--label-window)",
            splits.purged.len(),
            label.len(),
            options.label_window
        )
    } else {
        "bring more rows, or check --label and --positive".to_owned()
    };
    let message = format!(
        "the {name} split has no {class} row ({} positives among all {} rows)",
        label.iter().filter(|positive| **positive).count(),
        label.len()
    );
    Err(Error::bad_input(message).hint(hint))
}

/// Warns of few positive rows, or few groups with any, to learn from.
pub(super) fn warn_of_few(splits: &mut Splits, label: &[bool], group: Option<&[u32]>) {
    let positives = count_positives(&splits.train, label);
    if positives < FEW_POSITIVES {
        splits.warnings.push(format!(
            "only {positives} positive rows to learn from; bring more data before you trust \
             the model"
        ));
    }
    let Some(group) = group else { return };
    let positive_rows = splits.train.iter().filter(|row| label[**row as usize]);
    let mut groups: Vec<u32> = positive_rows.map(|row| group[*row as usize]).collect();
    groups.sort_unstable();
    groups.dedup();
    if groups.len() < FEW_POSITIVE_GROUPS {
        splits.warnings.push(format!(
            "only {} groups with positive rows to learn from: rows of one group say much the \
             same; bring a longer history",
            groups.len()
        ));
    }
}

/// Warns of groups with rows in more than one split.
pub(super) fn warn_of_shared_groups(splits: &mut Splits, group: Option<&[u32]>) {
    let Some(group) = group else { return };
    let mut seen: BTreeMap<u32, u8> = BTreeMap::new();
    for (bit, rows) in [
        (1, &splits.train),
        (2, &splits.validation),
        (4, &splits.test),
    ] {
        for row in rows {
            *seen.entry(group[*row as usize]).or_default() |= bit;
        }
    }
    seen.remove(&MISSING_CODE);
    let shared = seen.values().filter(|bits| bits.count_ones() > 1).count();
    if shared > 0 {
        splits.warnings.push(format!(
            "{shared} of {} groups have rows in more than one split: the figures are those of \
             known groups at later times, not of new groups",
            seen.len()
        ));
    }
}
