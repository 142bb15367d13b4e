//! Rows into train, validation and test, such that the test figures can be had in production:
//! by time with a purge gap, else at random with groups kept together.

use churn_base::error::{Error, Result};

use super::cut::{Cuts, Timeline};
use super::split_check::{
    FEW_POSITIVES, check_labels, count_positives, lacking, warn_of_few, warn_of_shared_groups,
};
pub use super::splits::{SplitOptions, Splits};
use super::strata::deal;
use super::times::show_time;

/// Rows to split: what is known of each.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Whether it is positive.
    pub label: &'a [bool],
    /// Its time in seconds, if the split is by time.
    pub time: Option<&'a [i64]>,
    /// Its group, if rows belong together.
    pub group: Option<&'a [u32]>,
    /// Who it is, or its group: decides on its part in a split at random.
    pub keys: &'a [u64],
}

/// Splits rows.
///
/// With `time` (seconds): a label at time t is known at t + window, so train holds only rows
/// with t + window <= start of validation, validation only rows with t + window <= start of
/// test; the rest before test is purged. The cuts are chosen such that the rows that are kept
/// have the shares. Where the history is too short for two gaps, only the one before test is
/// kept (the test figures stay honest), validation is dealt by group, or by time without a gap,
/// and a warning says so. Groups are kept in one split only without `time`; with it, a warning
/// counts those in more than one.
///
/// # Errors
/// Bad input if train, validation or test would lack a label, with a hint.
///
/// # Panics
/// Panics if the members of `rows` are not of one length.
pub fn split(rows: Rows<'_>, options: &SplitOptions) -> Result<Splits> {
    let Rows {
        label,
        time,
        group,
        keys,
    } = rows;
    assert!(time.is_none_or(|time| time.len() == label.len()));
    assert!(group.is_none_or(|group| group.len() == label.len()));
    assert_eq!(keys.len(), label.len());
    let mut splits = match time {
        Some(time) => by_time(rows, time, options)?,
        None => at_random(rows, options),
    };
    check_labels(&splits, label, time.is_some(), options)?;
    warn_of_few(&mut splits, label, group);
    if time.is_some() {
        warn_of_shared_groups(&mut splits, group);
    }
    Ok(splits)
}

fn at_random(table: Rows<'_>, options: &SplitOptions) -> Splits {
    let rows = all_rows(table.label);
    let mut splits = Splits::default();
    let stratified = deal_into(&mut splits, rows, table, &options.shares, options.seed);
    // Which rows are in which part depends on these words: `promote` compares them.
    splits.description = "at random by key and occurrence".to_owned();
    if stratified {
        splits.description += ", stratified by label";
    }
    if table.group.is_some() {
        splits.description += ", groups kept together";
    }
    splits
}

/// Deals rows to train, validation and test, or the first of them. Returns whether these are
/// stratified by label.
fn deal_into(splits: &mut Splits, rows: Vec<u32>, of: Rows<'_>, shares: &[f64], seed: u64) -> bool {
    let dealt = deal(&rows, of.label, of.group, of.keys, shares, seed);
    for (row, part) in rows.into_iter().zip(dealt.parts) {
        splits.part(part).push(row);
    }
    dealt.stratified
}

fn by_time(table: Rows<'_>, time: &[i64], options: &SplitOptions) -> Result<Splits> {
    let label = table.label;
    let timeline = Timeline::new(time, options.label_window.seconds());
    let full = timeline
        .both_cuts(options.shares)
        .map(|cuts| with_both_gaps(time, cuts, options));
    let enough = full.as_ref().is_some_and(|splits| {
        let positives = count_positives(&splits.train, label);
        positives >= FEW_POSITIVES && lacking(splits, label).is_none()
    });
    if let Some(full) = full.clone().filter(|_| enough) {
        return Ok(full);
    }
    // More positives to learn from are worth the overlap of train and validation.
    let short = with_one_gap(&timeline, table, time, options).filter(|short| {
        full.as_ref().is_none_or(|full| {
            lacking(full, label).is_some()
                || count_positives(&short.train, label) > 2 * count_positives(&full.train, label)
        })
    });
    short.or(full).ok_or_else(|| {
        let (first, last) = (time.iter().min(), time.iter().max());
        let show = |time: Option<&i64>| time.map_or_else(String::new, |time| show_time(*time));
        Error::bad_input(format!(
            "the times from {} to {} leave no rows to learn from before the test rows, with a \
             label window of {}",
            show(first),
            show(last),
            options.label_window
        ))
        .hint("bring a longer history, or set --label-window to when labels are really known")
    })
}

fn with_both_gaps(time: &[i64], cuts: Cuts, options: &SplitOptions) -> Splits {
    let window = options.label_window.seconds();
    let mut splits = Splits::default();
    for (row, &at) in (0_u32..).zip(time) {
        let known = at.saturating_add(window);
        let place = if at >= cuts.test {
            &mut splits.test
        } else if at >= cuts.validation && known <= cuts.test {
            &mut splits.validation
        } else if at < cuts.validation && known <= cuts.validation {
            &mut splits.train
        } else {
            &mut splits.purged
        };
        place.push(row);
    }
    splits.describe_times(time, options.label_window);
    splits
}

fn with_one_gap(
    timeline: &Timeline,
    table: Rows<'_>,
    time: &[i64],
    options: &SplitOptions,
) -> Option<Splits> {
    let [train, validation, test] = options.shares;
    let cut = timeline.test_cut(test)?;
    let window = options.label_window.seconds();
    let mut splits = Splits::default();
    let mut known = Vec::new();
    for (row, &at) in (0_u32..).zip(time) {
        if at >= cut {
            splits.test.push(row);
        } else if at.saturating_add(window) <= cut {
            known.push(row);
        } else {
            splits.purged.push(row);
        }
    }
    let how = if table.group.is_some() {
        deal_into(
            &mut splits,
            known,
            table,
            &[train, validation],
            options.seed,
        );
        "validation is made of other groups from the time of train"
    } else {
        let begin = timeline.validation_cut(cut, validation / (train + validation))?;
        let is_train = |row: &u32| time[*row as usize] < begin;
        (splits.train, splits.validation) = known.into_iter().partition(is_train);
        "validation follows train without a gap"
    };
    splits.describe_times(time, options.label_window);
    if window > 0 {
        splits.warnings.push(format!(
            "the history is too short for a gap of {} before validation, too: {how}; the test \
             figures are not touched by that. Bring a longer history",
            options.label_window
        ));
    }
    Some(splits)
}

fn all_rows(label: &[bool]) -> Vec<u32> {
    (0_u32..).take(label.len()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::times::LabelWindow;
    use super::*;

    const DAY: i64 = 86_400;

    /// Splits with keys by place.
    fn split(
        label: &[bool],
        time: Option<&[i64]>,
        group: Option<&[u32]>,
        options: &SplitOptions,
    ) -> Result<Splits> {
        let keys: Vec<u64> = (0..).take(label.len()).collect();
        let rows = Rows {
            label,
            time,
            group,
            keys: &keys,
        };
        super::split(rows, options)
    }

    fn window(text: &str) -> LabelWindow {
        text.parse().expect("is a window")
    }

    /// `users` rows a day, every fifth positive.
    fn daily(days: i64, users: u32) -> (Vec<bool>, Vec<i64>, Vec<u32>) {
        let rows = (0..days).flat_map(|day| (0..users).map(move |user| (day, user)));
        let rows: Vec<(i64, u32)> = rows.collect();
        let label = rows
            .iter()
            .map(|(day, user)| (day + i64::from(*user)) % 5 == 0);
        (
            label.collect(),
            rows.iter().map(|row| row.0 * DAY).collect(),
            rows.iter().map(|row| row.1).collect(),
        )
    }

    #[test]
    fn no_label_looks_over_a_cut() {
        let (label, time, _) = daily(240, 10);
        let options = SplitOptions::default();
        let splits = split(&label, Some(&time), None, &options).expect("splits");
        let known = |row: &u32| time[*row as usize] + 30 * DAY;
        let begin = |rows: &[u32]| rows.iter().map(|row| time[*row as usize]).min();
        let last_train = splits.train.iter().map(known).max();
        let last_validation = splits.validation.iter().map(known).max();
        assert!(last_train <= begin(&splits.validation));
        assert!(last_validation <= begin(&splits.test));
        // No more is purged than must be: the two gaps of 29 whole days.
        assert_eq!(splits.purged.len(), 2 * 29 * 10);
        assert!(splits.warnings.is_empty(), "{:?}", splits.warnings);
    }

    #[test]
    fn a_short_history_keeps_the_gap_before_test() {
        let (label, time, group) = daily(85, 120);
        let options = SplitOptions::default();
        for group in [None, Some(group.as_slice())] {
            // The 85 days have room for both gaps, but with positives late only for one.
            let late: Vec<bool> = label
                .iter()
                .zip(&time)
                .map(|(positive, time)| *positive && *time > 25 * DAY)
                .collect();
            let splits = split(&late, Some(&time), group, &options).expect("splits");
            let before = splits.train.iter().chain(&splits.validation);
            let known = before.map(|row| time[*row as usize] + 30 * DAY).max();
            let test = splits.test.iter().map(|row| time[*row as usize]).min();
            assert!(known <= test);
            assert!(
                splits.warnings[0].contains("too short"),
                "{:?}",
                splits.warnings
            );
        }
    }

    #[test]
    fn rows_of_one_day_are_never_torn_apart() {
        let (label, time, _) = daily(100, 7);
        let options = SplitOptions {
            label_window: LabelWindow::NONE,
            ..SplitOptions::default()
        };
        let splits = split(&label, Some(&time), None, &options).expect("splits");
        let lengths = [&splits.train, &splits.validation, &splits.test].map(Vec::len);
        assert_eq!(lengths, [490, 105, 105]);
    }

    #[test]
    fn a_split_without_positives_is_an_error_with_a_hint() {
        let (_, time, _) = daily(200, 5);
        let label: Vec<bool> = (0..1_000).map(|row| row < 100).collect();
        let error = split(&label, Some(&time), None, &SplitOptions::default())
            .expect_err("test has no positives");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
        assert!(error.to_string().contains("no positive row"), "{error}");
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains("--label-window"))
        );
    }

    #[test]
    fn one_moment_for_all_rows_is_an_error() {
        let label = [true, false, true, false];
        let error = split(&label, Some(&[5; 4]), None, &SplitOptions::default());
        let error = error.expect_err("nothing is before test");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
    }

    #[test]
    fn warns_of_few_positives_and_few_positive_groups() {
        let label: Vec<bool> = (0..1_000).map(|row| row % 50 == 0).collect();
        let group: Vec<u32> = (0..1_000).collect();
        let splits = split(&label, None, Some(&group), &SplitOptions::default()).expect("splits");
        assert!(splits.warnings[0].contains("only 14 positive rows"));
        assert!(splits.warnings[1].contains("only 14 groups"));
    }

    #[test]
    fn counts_groups_in_more_than_one_split() {
        let (label, time, group) = daily(240, 110);
        let splits = split(&label, Some(&time), Some(&group), &SplitOptions::default());
        let splits = splits.expect("splits");
        assert!(
            splits.warnings[0].starts_with("110 of 110 groups"),
            "{:?}",
            splits.warnings
        );
    }

    proptest! {
        #[test]
        fn every_row_is_in_exactly_one_place(
            data in proptest::collection::vec((any::<bool>(), -50_i64..50, 0_u32..20), 1..200),
            timed: bool,
            days in 0_i64..20,
        ) {
            let label: Vec<bool> = data.iter().map(|row| row.0).collect();
            let time: Vec<i64> = data.iter().map(|row| row.1 * DAY).collect();
            let group: Vec<u32> = data.iter().map(|row| row.2).collect();
            let label_window = window(&format!("{days}d"));
            let options = SplitOptions { label_window, ..SplitOptions::default() };
            let time = timed.then_some(time.as_slice());
            if let Ok(splits) = split(&label, time, Some(&group), &options) {
                prop_assert_eq!(&splits, &split(&label, time, Some(&group), &options).expect("again"));
                let parts = [&splits.train, &splits.validation, &splits.test, &splits.purged];
                let mut rows: Vec<u32> = parts.into_iter().flatten().copied().collect();
                rows.sort_unstable();
                prop_assert_eq!(rows, all_rows(&label));
                prop_assert!(timed || splits.purged.is_empty());
            }
        }
    }
}
