//! The current side in the baseline's spelling. What one side alone decides has one form already;
//! here is what takes both: truth values that one side writes `1` and `0`, numbers that a writer
//! has rounded, codes that have lost their leading zeros, characters in another Unicode form.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use churn_data::{
    DecimalMark, Value, canonical_number, classify, has_leading_zeros, is_same_number, truth,
};

use unicode_normalization::UnicodeNormalization;

use super::context::{Context, FindingSink, percent};
use super::report::{FindingKind, Status};
use crate::profile::{Cell, Column, Kind, Numbers, View};
use crate::stats::permutation::share_p_value;

/// Renamed values that a message lists.
const MOST_NAMED: usize = 4;
/// Share of the values that must be written otherwise before that is taken for the writer's doing.
const FROM: f64 = 0.01;

/// The current side as the baseline would write it.
pub(super) struct Aligned<'a> {
    /// The column, respelled where it has to be.
    pub(super) column: Cow<'a, Column>,
    /// What it says beside the baseline.
    pub(super) view: View,
    /// What was respelled, by the current side's texts.
    pub(super) renamed: BTreeMap<String, String>,
}

/// Returns the current side with the baseline's texts for its values.
pub(super) fn align<'a>(baseline: &View, current: &'a Column) -> Aligned<'a> {
    let view = current.view_beside(baseline);
    let renamed = match (&baseline.numbers, &view.numbers) {
        // What is read with a decimal comma has other texts than its numbers have.
        (Some(ours), Some(theirs))
            if ours.is_exact()
                && theirs.is_exact()
                && view.reading.decimal == DecimalMark::Point =>
        {
            let own = |cell: &Cell| (ours.lower(*cell), None);
            rounded(ours.cells(), own, values(theirs))
        }
        (None, None) if !baseline.categories.hashed && !view.categories.hashed => {
            let (ours, theirs) = (&baseline.categories.counts, &view.categories.counts);
            let mut renamed = truths(ours.keys().map(String::as_str), theirs);
            renamed.extend(composed(ours, theirs));
            let mut known: Vec<(f64, Option<&str>)> = numbers(ours).collect();
            known.sort_by(|a, b| a.0.total_cmp(&b.0));
            renamed.extend(rounded(&known, |own| *own, numbers(theirs)));
            renamed
        }
        (Some(ours), None) if view.kind == Kind::Text && ours.is_exact() => {
            if values(ours).all(|(value, _)| value == 0.0 || value == 1.0) {
                truths(["0", "1"].into_iter(), &view.categories.counts)
            } else {
                BTreeMap::new()
            }
        }
        _ => BTreeMap::new(),
    };
    let share = count(&view, &renamed) as f64 / view.present.max(1) as f64;
    // Now and then two calculations come to nearly the same number.
    if share < FROM {
        return Aligned {
            column: Cow::Borrowed(current),
            view,
            renamed: BTreeMap::new(),
        };
    }
    let column = current.respelled(|name| renamed.get(name).cloned());
    Aligned {
        view: column.view_beside(baseline),
        column: Cow::Owned(column),
        renamed,
    }
}

/// Returns how many values of a view have these texts.
fn count(view: &View, renamed: &BTreeMap<String, String>) -> u64 {
    let count = |text: &String| match &view.numbers {
        Some(numbers) => match classify(text.as_bytes()) {
            Value::Number(number) => numbers.count_of(number),
            _ => 0,
        },
        None => view.categories.counts.get(text).copied().unwrap_or(0),
    };
    renamed.keys().map(count).sum()
}

/// Returns the baseline's names for the current truth values, where neither side has anything else.
fn truths<'a>(
    baseline: impl Iterator<Item = &'a str>,
    current: &BTreeMap<String, u64>,
) -> BTreeMap<String, String> {
    let mut known: [Option<&str>; 2] = [None, None];
    for name in baseline {
        let Some(truth) = truth(name.as_bytes()) else {
            return BTreeMap::new();
        };
        if known[usize::from(truth)].replace(name).is_some() {
            return BTreeMap::new();
        }
    }
    let mut renamed = BTreeMap::new();
    for name in current.keys() {
        let Some(truth) = truth(name.as_bytes()) else {
            return BTreeMap::new();
        };
        if let Some(own) = known[usize::from(truth)].filter(|own| own != name) {
            renamed.insert(name.clone(), own.to_owned());
        }
    }
    renamed
}

/// Returns the baseline's texts for current ones of the same characters in another Unicode form: `é` as one character, or
/// as an `e` and an accent.
fn composed(
    baseline: &BTreeMap<String, u64>,
    current: &BTreeMap<String, u64>,
) -> BTreeMap<String, String> {
    let form = |name: &str| name.nfc().collect::<String>();
    let others = |name: &&String| !name.is_ascii() && !baseline.contains_key(*name);
    let theirs: Vec<&String> = current.keys().filter(others).collect();
    if theirs.is_empty() {
        return BTreeMap::new();
    }
    let ours = baseline.keys().filter(|name| !name.is_ascii());
    let known: BTreeMap<String, &String> = ours.map(|name| (form(name), name)).collect();
    let theirs = theirs.into_iter();
    theirs
        .filter_map(|name| Some((name.clone(), (*known.get(&form(name))?).clone())))
        .collect()
}

/// Returns the values of numbers that are kept one by one, without their texts: few are asked for.
fn values(numbers: &Numbers) -> impl Iterator<Item = (f64, Option<&str>)> {
    let cells = numbers.cells().iter();
    cells.map(|cell| (numbers.lower(*cell), None))
}

/// Returns the categories that are numbers.
fn numbers(categories: &BTreeMap<String, u64>) -> impl Iterator<Item = (f64, Option<&str>)> {
    categories
        .keys()
        .filter_map(|name| match classify(name.as_bytes()) {
            Value::Number(number) if !has_leading_zeros(name.as_bytes()) => {
                Some((number, Some(&**name)))
            }
            _ => None,
        })
}

/// Returns the baseline's texts for current numbers that are the same but for how writers round; what is known of the
/// baseline is in rising order. A number without a text has its canonical one.
fn rounded<'a, 'b, T>(
    known: &[T],
    own: impl Fn(&T) -> (f64, Option<&'a str>),
    current: impl Iterator<Item = (f64, Option<&'b str>)>,
) -> BTreeMap<String, String> {
    let text = |value: f64, text: Option<&str>| {
        text.map_or_else(|| canonical_number(value), str::to_owned)
    };
    let mut renamed = BTreeMap::new();
    let mut at = 0;
    for (value, name) in current {
        let is_below = |at: usize| known.get(at).is_some_and(|one| own(one).0 < value);
        // Numbers come in rising order: most often the next one is near, and is looked for in ever longer steps.
        if at > 0 && !is_below(at - 1) {
            at = 0;
        }
        let mut step = 1;
        while is_below(at + step) {
            at += step;
            step *= 2;
        }
        let end = known.len().min(at + step);
        at += known[at..end].partition_point(|one| own(one).0 < value);
        if known.get(at).is_some_and(|one| own(one).0 == value) {
            continue;
        }
        let near = &known[at.saturating_sub(1)..known.len().min(at + 1)];
        let near = near.iter().map(&own);
        let mut same = near.filter(|(own, _)| is_same_number(*own, value));
        if let (Some((own, known)), None) = (same.next(), same.next()) {
            renamed.insert(text(value, name), text(own, known));
        }
    }
    renamed
}

/// Says where one side has blanks around its texts and the other has none: a column of a fixed width.
pub(super) fn blanks(baseline: &View, current: &View, found: &mut impl FindingSink) {
    let (side, with) = match (baseline.padded, current.padded) {
        (1.., 0) => ("the baseline", baseline),
        (0, 1..) => ("the current side", current),
        _ => return,
    };
    if with.kind != Kind::Text {
        return;
    }
    let message = format!(
        "{} texts of {side} have blanks around them; they are compared without",
        with.padded
    );
    found(Status::Ok, FindingKind::Spelling, message);
}

/// Says what was respelled.
pub(super) fn spelling(all: &BTreeMap<String, String>, found: &mut impl FindingSink) {
    if all.is_empty() {
        return;
    }
    let named: Vec<String> = all
        .iter()
        .take(MOST_NAMED)
        .map(|(name, own)| match name.nfc().eq(own.nfc()) {
            // They look alike.
            true => format!("\"{}\" is \"{}\"", escaped(name), escaped(own)),
            false => format!("\"{name}\" is \"{own}\""),
        })
        .collect();
    let more = all.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let message = format!(
        "the current side writes the baseline's values otherwise: {}{more}; they are compared as \
         the same",
        named.join(", ")
    );
    found(Status::Ok, FindingKind::Spelling, message);
}

fn escaped(text: &str) -> String {
    let escape = |one: char| match one.is_ascii() {
        true => one.to_string(),
        false => one.escape_unicode().to_string(),
    };
    text.chars().map(escape).collect()
}

/// Returns the side with leading zeros and the one without; none if both have them, or neither.
fn by_leading_zeros<'a>(baseline: &'a View, current: &'a View) -> Option<(&'a View, &'a View)> {
    match (baseline.leading_zeros, current.leading_zeros) {
        (1.., 0) => Some((baseline, current)),
        (0, 1..) => Some((current, baseline)),
        _ => None,
    }
}

/// Returns whether one side has leading zeros and the other the same codes without them. Text that is not a code
/// at all, in their place, is told as unseen categories.
pub(super) fn has_lost_zeros(baseline: &View, current: &View) -> bool {
    let sides = by_leading_zeros(baseline, current);
    sides.is_some_and(|(with, without)| same_without_zeros(with, without))
}

/// Says where one side has leading zeros and the other has lost them: a spreadsheet, or a reader that takes codes for
/// numbers, has stripped them.
pub(super) fn lost_zeros(
    baseline: &View,
    current: &View,
    context: Context,
    found: &mut impl FindingSink,
) {
    let share = |view: &View| view.leading_zeros as f64 / view.present.max(1) as f64;
    let Some((with, without)) = by_leading_zeros(baseline, current) else {
        return;
    };
    let (who, whose) = if baseline.leading_zeros > 0 {
        ("the current side", "the baseline's")
    } else {
        ("the baseline", "the current side's")
    };
    let p_value = share_p_value(
        with.leading_zeros,
        with.present,
        without.leading_zeros,
        without.present,
    );
    let status = context.judge(1.0, 1.0, f64::INFINITY, p_value);
    if status == Status::Ok {
        return;
    }
    let example = with
        .a_leading_zero
        .as_ref()
        .map_or(String::new(), |text| format!(" (\"{text}\")"));
    let message = format!(
        "{} of {whose} values are written with leading zeros{example}, none in {who}: codes that \
         a spreadsheet or a reader has taken for numbers; keep them as text, and name the column \
         with --categorical",
        percent(share(with)),
    );
    found(status, FindingKind::LeadingZeros, message);
}

/// Returns whether codes of one side are on the other without their zeros, as far as they are kept.
fn same_without_zeros(with: &View, without: &View) -> bool {
    if with.kind != Kind::Text || without.kind != Kind::Text || with.categories.hashed {
        return true;
    }
    let stripped: BTreeSet<&str> = with
        .categories
        .counts
        .keys()
        .filter(|name| has_leading_zeros(name.as_bytes()))
        .map(|name| name.trim_start_matches('0'))
        .collect();
    without
        .categories
        .counts
        .keys()
        .any(|name| stripped.contains(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_in_another_form_are_the_same_text() {
        let counts = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1)).collect();
        let baseline: BTreeMap<String, u64> = counts(&["caf\u{e9}", "plain", "\u{fc}"]);
        let current = counts(&["cafe\u{301}", "caf\u{e9}", "plain", "u\u{308}", "\u{df}"]);
        let renamed = composed(&baseline, &current);
        let pairs: Vec<_> = renamed
            .iter()
            .map(|(name, own)| (name.as_str(), own.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [("cafe\u{301}", "caf\u{e9}"), ("u\u{308}", "\u{fc}")]
        );
        let mut told = String::new();
        spelling(&renamed, &mut |_, _, message: String| told = message);
        assert!(
            told.contains("\"cafe\\u{301}\" is \"caf\\u{e9}\""),
            "{told}"
        );
    }
}
