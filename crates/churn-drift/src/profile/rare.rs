//! Rare texts without their names: a text that few rows have can say whose row it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use churn_data::Value;

use super::column::Column;
use super::distinct_values::DistinctValues;
use super::document::Profile;
use super::texts::meaning;
use super::view::{Categories, Kind};

/// The category of all texts that are too rare to be named.
pub const RARE: &str = "(rare)";

impl Profile {
    /// Counts texts of fewer than `least` rows together, without their names.
    ///
    /// In a column of categories that goes for all values, in a column of numbers for the texts
    /// among them; the label, whose values are the classes, keeps its own. A column of dates is not
    /// kept at all, as an identifier is not: with its dates folded it would be a category. Texts
    /// that are counted by hash have no names anyway.
    pub fn fold_rare(&mut self, least: u64) {
        let label = self.roles.label.clone();
        let roles = &mut self.roles;
        self.columns.retain_mut(|column| {
            if Some(&column.name) == label.as_ref() {
                return true;
            }
            let view = column.view(column.categorical);
            if view.kind == Kind::Text && view.are_dates {
                roles.exclude.push(column.name.clone());
                return false;
            }
            column.fold_rare(least, view.kind == Kind::Text);
            true
        });
    }
}

impl Column {
    fn fold_rare(&mut self, least: u64, numbers_too: bool) {
        let categorical = self.categorical;
        let mut rare = 0;
        let mut kept = BTreeMap::new();
        for (text, count) in self.values.iter() {
            let is_text = matches!(meaning(text.as_bytes(), categorical), Value::Text);
            if count >= least || !(is_text || numbers_too) {
                kept.insert(text.into_owned(), count);
            } else {
                rare += count;
            }
        }
        if rare > 0 {
            *kept.entry(RARE.to_owned()).or_default() += rare;
        }
        self.values = DistinctValues::of_texts(kept);
        self.first_texts.clear();
    }
}

/// Makes two sides comparable where one has folded its rare texts: what only the other side names
/// may be among them, and is counted with them.
#[must_use]
pub fn pool_rare<'a>(
    one: &'a Categories,
    other: &'a Categories,
) -> (Cow<'a, Categories>, Cow<'a, Categories>) {
    (pooled(one, other), pooled(other, one))
}

fn pooled<'a>(own: &'a Categories, theirs: &Categories) -> Cow<'a, Categories> {
    if own.hashed || theirs.hashed || !theirs.counts.contains_key(RARE) {
        return Cow::Borrowed(own);
    }
    let mut pooled = Categories::default();
    for (name, count) in &own.counts {
        let name = if theirs.counts.contains_key(name) {
            name
        } else {
            RARE
        };
        *pooled.counts.entry(name.to_owned()).or_default() += count;
    }
    Cow::Owned(pooled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Roles;

    fn profile(column: &serde_json::Value) -> Profile {
        let rows: u64 = column["values"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(_, count)| count.as_u64())
            .sum();
        serde_json::from_value(serde_json::json!({
            "schema_version": 1, "command": "profile", "churnctl_version": "0.1.0",
            "created_at": "2026-01-31T00:00:00Z", "source": "t.csv", "rows": rows,
            "roles": {"label": "churn"}, "columns": [column],
        }))
        .expect("is a profile")
    }

    fn folded(name: &str, values: &[(&str, u64)]) -> Profile {
        let values: std::collections::BTreeMap<_, _> = values.iter().copied().collect();
        let mut profile = profile(&serde_json::json!({"name": name, "values": values}));
        profile.fold_rare(5);
        profile
    }

    #[track_caller]
    fn counts(profile: &Profile) -> Vec<(Cow<'_, str>, u64)> {
        profile.columns[0].values.by_text().into_iter().collect()
    }

    fn named(values: &[(&'static str, u64)]) -> Vec<(Cow<'static, str>, u64)> {
        let named = values.iter();
        named
            .map(|(text, count)| ((*text).into(), *count))
            .collect()
    }

    #[test]
    fn texts_of_fewer_rows_lose_their_names_and_numbers_keep_their_values() {
        let city = [("Ulm", 4), ("Bonn", 5), ("Kiel", 1), ("80331", 2)];
        let expected = named(&[("(rare)", 7), ("Bonn", 5)]);
        assert_eq!(counts(&folded("city", &city)), expected);
        // More than 20,000 distinct numbers are on a grid; these are not, and 7 is not folded.
        let spend = [("1.5", 9), ("7", 1)];
        assert_eq!(counts(&folded("spend", &spend)), named(&spend));
        // The classes are not secret.
        let label = [("Yes", 2), ("No", 9)];
        let expected = named(&[("No", 9), ("Yes", 2)]);
        assert_eq!(counts(&folded("churn", &label)), expected);
        assert_eq!(folded("city", &city).columns[0].rows(), Some(12));
    }

    #[test]
    fn dates_are_left_out_since_they_would_become_a_category() {
        let born = [("1980-01-02", 1), ("1999-12-31", 9)];
        let profile = folded("born", &born);
        assert!(profile.columns.is_empty());
        let roles = Roles {
            label: Some("churn".into()),
            exclude: vec!["born".into()],
            ..Roles::default()
        };
        assert_eq!(profile.roles, roles);
    }

    #[test]
    fn what_only_one_side_names_is_rare_where_the_other_has_folded() {
        let of = |counts: &[(&str, u64)]| Categories {
            counts: counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
            hashed: false,
        };
        let (folded, plain) = (
            of(&[("a", 50), (RARE, 9)]),
            of(&[("a", 48), ("b", 4), ("c", 5)]),
        );
        let (one, other) = pool_rare(&folded, &plain);
        assert_eq!(*one, folded);
        assert_eq!(*other, of(&[("a", 48), (RARE, 9)]));
        let (one, other) = pool_rare(&plain, &folded);
        assert_eq!((&*one, &*other), (&of(&[("a", 48), (RARE, 9)]), &folded));
        let (one, other) = pool_rare(&plain, &plain);
        assert_eq!((&*one, &*other), (&plain, &plain));
    }
}
