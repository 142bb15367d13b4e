//! Cells of a numeric feature that are not numbers as programs write them: those that nobody can
//! read, counted and judged like missing ones, and those that were read by another spelling.

use super::feature::{Context, Found, percent, two_bin_psi};
use super::feature_bins::finite;
use super::report::{FindingKind, FirstUnparsable, Sides, Status, UnparsableReport};
use crate::profile::{Kind, View};
use crate::stats::distances::noise_limit;
use crate::stats::permutation::share_p_value;

/// Reports what could not be read on either side; nothing if all could.
pub(super) fn unparsable(
    baseline: &View,
    current: &View,
    context: Context,
) -> Option<UnparsableReport> {
    let rows = context.rows;
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
        psi_noise_limit: finite(noise_limit(
            2,
            rows.baseline,
            rows.current,
            context.levels.warn,
        )),
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

/// Says how numbers were read that are written otherwise than programs write them.
pub(super) fn number_format(baseline: &View, current: &View, found: &mut impl Found) {
    let sides = [("the baseline", baseline), ("the current side", current)];
    if sides.iter().any(|(_, view)| view.kind == Kind::Text) {
        return;
    }
    let read = sides.map(|(side, view)| {
        let spelling = view.reading.spelling()?;
        let example = view.reading.example.as_deref().unwrap_or_default();
        Some(format!("{side} with {spelling} (\"{example}\")"))
    });
    let read: Vec<String> = read.into_iter().flatten().collect();
    if !read.is_empty() {
        let message = format!("numbers were read in {}", read.join(" and in "));
        found(Status::Ok, FindingKind::NumberFormat, message);
    }
    for (side, view) in sides {
        if view.reading.is_ambiguous {
            let message = match &view.reading.example {
                Some(example) => format!(
                    "nothing in {side} tells whether the comma in \"{example}\" stands between \
                     thousands; it was read so"
                ),
                None => format!(
                    "every fraction in {side} has three digits, and there are whole numbers \
                     beside them: points between thousands would look the same; they were read as \
                     decimal points"
                ),
            };
            found(Status::Ok, FindingKind::NumberFormat, message);
        }
    }
    if let (Some(before), Some(now)) = (&baseline.reading.unit, &current.reading.unit)
        && before != now
    {
        let message = format!("the unit is {before} in the baseline, {now} in the current side");
        found(Status::Warn, FindingKind::NumberFormat, message);
    }
}
