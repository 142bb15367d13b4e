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

/// Both sides of a categorical feature.
pub(super) struct CategoryRules<'a> {
    pub(super) joint: &'a CategoryBins,
    /// Rows with a value.
    pub(super) rows: (u64, u64),
    /// Current rows in categories that the baseline lacks.
    pub(super) unseen_rows: u64,
    pub(super) sizes: &'a SizeThresholds,
    pub(super) context: Context,
}

impl CategoryRules<'_> {
    /// Applies all rules.
    pub(super) fn judge(&self, found: &mut impl FindingSink) {
        let bins = self.joint.bins.iter();
        let values = bins.map(|bin| Counted {
            value: bin.label.as_str(),
            baseline: bin.baseline,
            current: bin.current,
        });
        let moved = moved(values, self.sizes);
        self.shares(&moved, found);
        self.exchanged(&moved, found);
        self.renamed(found);
        self.unseen(found);
    }

    fn shares(&self, moved: &[Moved<&str>], found: &mut impl FindingSink) {
        let judged = moved.iter().filter_map(|one| {
            let by_distance = one.by_distance(self.sizes, self.context);
            let by_ratio = one.by_ratio(self.sizes, self.context);
            let kind = if by_distance >= by_ratio {
                FindingKind::Distance
            } else {
                FindingKind::ShareRatio
            };
            let status = by_distance.max(by_ratio);
            (status > Status::Ok).then_some((status, kind, one))
        });
        let mut judged: Vec<_> = judged.collect();
        // The worst first; among them the most certain stay first.
        judged.sort_by_key(|(status, ..)| std::cmp::Reverse(*status));
        for (status, kind, one) in judged.into_iter().take(MOST_CATEGORIES) {
            let message = format!("\"{}\" {}", one.counted.value, one.in_words());
            found(status, kind, message);
        }
    }

    /// Two categories whose shares changed places.
    fn exchanged(&self, moved: &[Moved<&str>], found: &mut impl FindingSink) {
        let (n, m) = self.rows;
        let certain = |one: &&Moved<&str>| {
            one.p_value < self.context.levels.warn
                && one.counted.baseline.min(one.counted.current) > 0
        };
        let candidates: Vec<_> = moved.iter().filter(certain).take(MOST_RECODED).collect();
        let is_same = |a: &Moved<&str>, b: &Moved<&str>| {
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
    fn renamed(&self, found: &mut impl FindingSink) {
        let (n, m) = self.rows;
        let is_large = |(_, count): &&(String, u64), rows: u64| {
            *count as f64 >= self.sizes.warn_new_share * rows as f64
                && share_p_value(0, if rows == m { n } else { m }, *count, rows)
                    < self.context.levels.warn
        };
        let lost = self.joint.lost.iter().filter(|one| is_large(one, n));
        let unseen = self.joint.unseen.iter().filter(|one| is_large(one, m));
        let pairs: Vec<_> = lost
            .zip(unseen)
            .take(MOST_RECODED)
            .filter(|((_, before), (_, now))| share_p_value(*before, n, *now, m) > SAME_SHARE)
            .collect();
        let Some(((old, _), (new, _))) = pairs.first() else {
            return;
        };
        let more = match pairs.len() {
            1 => String::new(),
            all => format!(", and {} more", all - 1),
        };
        let message = format!("\"{old}\" is gone and \"{new}\" as frequent: renamed?{more}");
        found(Status::Warn, FindingKind::Recoding, message);
    }

    fn unseen(&self, found: &mut impl FindingSink) {
        let Some((name, count)) = self.joint.unseen.first() else {
            return;
        };
        let (n, m) = self.rows;
        let share = |rows: u64| percent(rows as f64 / m.max(1) as f64);
        let message = match self.joint.unseen.len() {
            1 => format!(
                "new category \"{name}\" in {} of the current rows",
                share(*count)
            ),
            more => format!(
                "{more} new categories in {} of the current rows, the largest \"{name}\" ({})",
                share(self.unseen_rows),
                share(*count)
            ),
        };
        let sizes = self.joint.counts.iter().map(|(ours, theirs)| ours + theirs);
        let p_value = unseen_p_value(sizes, self.unseen_rows, n, m);
        let share = self.unseen_rows as f64 / m.max(1) as f64;
        let status = self
            .context
            .judge(share, WARN_UNSEEN, f64::INFINITY, p_value);
        found(status, FindingKind::UnseenCategories, message);
    }
}
