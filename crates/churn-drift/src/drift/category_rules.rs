//! The rules beside PSI that judge categories: how far a share moved, and what is new. Each needs a
//! size and evidence against chance.

use super::bins::CategoryBins;
use super::context::{Context, FindingSink, percent};
use super::report::{FindingKind, SizeThresholds, Status};
use super::share_rule::{Counted, Moved, moved};
use crate::stats::permutation::{share_p_value, unseen_p_value};

/// Most categories that are spoken of.
const MOST_CATEGORIES: usize = 2;
/// Most categories among which an exchange or new names are looked for.
const MOST_RECODED: usize = 20;
/// Two shares that are apart no more than this often by chance may be those of one category.
const SAME_SHARE: f64 = 0.01;
/// Share of current rows in new categories from which they WARN: a model has never learned what
/// they mean.
const WARN_UNSEEN: f64 = 0.01;

/// What the rules need to know of both sides of a categorical feature.
pub(super) struct CategoryEvidence {
    /// Rows with a value.
    rows: (u64, u64),
    /// Categories whose shares moved, the most certain first.
    moved: Vec<Moved<String>>,
    /// Categories of the baseline that are gone, and new ones, each with enough rows to be missed.
    lost: Vec<Presence>,
    unseen: Vec<Presence>,
    /// How many categories are new, the largest of them, and the rows in all.
    new: Option<(usize, (String, u64), u64)>,
    /// How likely chance alone gives so many rows to categories that are new.
    unseen_p_value: f64,
}

/// A category that only one side has.
struct Presence {
    name: String,
    rows: u64,
    p_value: f64,
}

impl CategoryEvidence {
    /// Measures both sides, `rows` of them with a value.
    pub(super) fn of(joint: &CategoryBins, (n, m): (u64, u64), sizes: &SizeThresholds) -> Self {
        let values = joint.bins.iter().map(|bin| Counted {
            value: bin.label.as_str(),
            baseline: bin.baseline,
            current: bin.current,
        });
        let moved = moved(values, (n, m), sizes).into_iter();
        let only = |names: &[(String, u64)], (own, other): (u64, u64)| {
            let least = sizes.warn_new_share * own as f64;
            let large = names.iter().filter(|(_, rows)| *rows as f64 >= least);
            let large = large.map(|(name, rows)| Presence {
                name: name.clone(),
                rows: *rows,
                p_value: share_p_value(0, other, *rows, own),
            });
            large.collect::<Vec<_>>()
        };
        let unseen_rows = joint.unseen.iter().map(|(_, rows)| rows).sum();
        let largest = joint.unseen.first();
        let counts = joint.counts.iter().map(|(ours, theirs)| ours + theirs);
        Self {
            rows: (n, m),
            moved: moved.map(|one| one.named(str::to_owned)).collect(),
            lost: only(&joint.lost, (n, m)),
            unseen: only(&joint.unseen, (m, n)),
            new: largest.map(|largest| (joint.unseen.len(), largest.clone(), unseen_rows)),
            unseen_p_value: match largest {
                Some(_) => unseen_p_value(counts, unseen_rows, n, m),
                None => 1.0,
            },
        }
    }

    /// Applies all rules.
    pub(super) fn judge(
        &self,
        sizes: &SizeThresholds,
        context: Context,
        found: &mut impl FindingSink,
    ) {
        let moved = self.moved.iter().filter(|one| one.has_moved(sizes));
        let moved: Vec<&Moved<String>> = moved.collect();
        shares(&moved, sizes, context, found);
        self.exchanged(&moved, context, found);
        self.renamed(context, found);
        self.unseen(context, found);
    }

    /// Two categories whose shares changed places.
    fn exchanged(&self, moved: &[&Moved<String>], context: Context, found: &mut impl FindingSink) {
        let (n, m) = self.rows;
        let certain = |one: &&&Moved<String>| {
            one.p_value < context.levels.warn && one.counted.baseline.min(one.counted.current) > 0
        };
        let candidates: Vec<_> = moved.iter().filter(certain).take(MOST_RECODED).collect();
        let is_same = |a: &Moved<String>, b: &Moved<String>| {
            share_p_value(a.counted.baseline, n, b.counted.current, m) > SAME_SHARE
        };
        for (at, a) in candidates.iter().enumerate() {
            for b in &candidates[at + 1..] {
                if is_same(a, b) && is_same(b, a) {
                    let message = format!(
                        "the shares of \"{}\" and \"{}\" changed places ({} and {})",
                        a.counted.value,
                        b.counted.value,
                        percent(a.before),
                        percent(b.before)
                    );
                    found(Status::Warn, FindingKind::Recoding, message);
                }
            }
        }
    }

    /// New categories that are as large as those that are gone.
    fn renamed(&self, context: Context, found: &mut impl FindingSink) {
        let (n, m) = self.rows;
        let is_certain = |one: &&Presence| one.p_value < context.levels.warn;
        let lost = self.lost.iter().filter(is_certain);
        let unseen = self.unseen.iter().filter(is_certain);
        let pairs: Vec<_> = lost
            .zip(unseen)
            .take(MOST_RECODED)
            .filter(|(old, new)| share_p_value(old.rows, n, new.rows, m) > SAME_SHARE)
            .collect();
        let Some((Presence { name: old, .. }, Presence { name: new, .. })) = pairs.first() else {
            return;
        };
        let more = match pairs.len() {
            1 => String::new(),
            all => format!(", and {} more", all - 1),
        };
        let message = format!("\"{old}\" is gone and \"{new}\" as frequent: renamed?{more}");
        found(Status::Warn, FindingKind::Recoding, message);
    }

    fn unseen(&self, context: Context, found: &mut impl FindingSink) {
        let Some((categories, (name, count), rows)) = &self.new else {
            return;
        };
        let share = |rows: u64| rows as f64 / self.rows.1.max(1) as f64;
        let message = match categories {
            1 => format!(
                "new category \"{name}\" in {} of the current rows",
                percent(share(*count))
            ),
            more => format!(
                "{more} new categories in {} of the current rows, the largest \"{name}\" ({})",
                percent(share(*rows)),
                percent(share(*count))
            ),
        };
        let status = context.judge(
            share(*rows),
            WARN_UNSEEN,
            f64::INFINITY,
            self.unseen_p_value,
        );
        found(status, FindingKind::UnseenCategories, message);
    }
}

/// Categories whose share moved, or became several times as large or small.
fn shares(
    moved: &[&Moved<String>],
    sizes: &SizeThresholds,
    context: Context,
    found: &mut impl FindingSink,
) {
    let judged = moved.iter().filter_map(|one| {
        let by_distance = one.by_distance(sizes, context);
        let by_ratio = one.by_ratio(sizes, context);
        let status = by_distance.max(by_ratio);
        let (kind, words) = if by_distance >= by_ratio {
            let words = one.distance_in_words(status, sizes);
            (FindingKind::Distance, words)
        } else {
            let words = one.ratio_in_words(status, sizes);
            (FindingKind::ShareRatio, words)
        };
        let message = || format!("\"{}\" {words}", one.counted.value);
        (status > Status::Ok).then(|| (status, kind, message()))
    });
    let mut judged: Vec<_> = judged.collect();
    // The worst first; among them the most certain stay first.
    judged.sort_by_key(|(status, ..)| std::cmp::Reverse(*status));
    for (status, kind, message) in judged.into_iter().take(MOST_CATEGORIES) {
        found(status, kind, message);
    }
}
