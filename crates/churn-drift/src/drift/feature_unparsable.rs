//! Cells of a numeric feature that nobody can read as numbers, counted and judged like missing ones.

use super::context::percent;
use super::feature_bins::two_bin_psi;
use super::report::{FirstUnparsable, Sides, UnparsableReport};
use crate::profile::{Kind, View};
use crate::stats::permutation::share_p_value;

/// Reports what could not be read on either side, but for what chance makes of it; nothing if all could.
pub(super) fn unparsable(
    baseline: &View,
    current: &View,
    rows: Sides<u64>,
) -> Option<UnparsableReport> {
    let count = Sides {
        baseline: baseline.unparsable,
        current: current.unparsable,
    };
    if count.baseline + count.current == 0 || current.kind == Kind::Text {
        return None;
    }
    let share = |count: u64, rows: u64| count as f64 / rows.max(1) as f64;
    let side = if count.current > 0 { current } else { baseline };
    let first = side
        .first_unparsable
        .as_ref()
        .map(|(place, text)| FirstUnparsable {
            text: text.clone(),
            file: place.as_ref().map(|place| place.file.clone()),
            line: place.as_ref().and_then(|place| place.line),
        });
    Some(UnparsableReport {
        psi: two_bin_psi(count, rows),
        psi_noise_limit: 0.0,
        p_value: share_p_value(count.baseline, rows.baseline, count.current, rows.current),
        share: Sides {
            baseline: share(count.baseline, rows.baseline),
            current: share(count.current, rows.current),
        },
        count,
        first,
    })
}

impl UnparsableReport {
    /// Says how many values of either side can't be read, and names the first.
    pub(super) fn in_words(&self) -> String {
        let first = match &self.first {
            Some(FirstUnparsable { text, file, line }) => {
                let file = file.as_ref().map(|file| format!(" at {file}"));
                let line = line.map(|line| format!(":{line}"));
                let (file, line) = (file.unwrap_or_default(), line.unwrap_or_default());
                format!(", first \"{text}\"{file}{line}")
            }
            None => String::new(),
        };
        let Sides { baseline, current } = self.share;
        format!(
            "not a number {} -> {} ({} -> {} rows){first}",
            percent(baseline),
            percent(current),
            self.count.baseline,
            self.count.current,
        )
    }
}
