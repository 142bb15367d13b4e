//! Values of a category feature that the training data never had: told from those that are only
//! rare, counted, and weighed against what chance brings. What they may have been meant to be is
//! for [`respelled`](super::respelled) to say.

use std::collections::BTreeMap;

use churn_data::canonical_text;
use churn_drift::stats::permutation::share_p_value;

use super::respelled::{Respelling, respelling};
pub use super::vocabulary::Vocabulary;

/// Distinct unseen texts that are kept with their counts.
const MOST_TEXTS: usize = 1000;
/// Longest text that is repeated, in characters.
const LONGEST: usize = 80;
/// Fewer values may all be of one new category: a new campaign, or the first customers of a country.
const LEAST_VALUES: u64 = 10;
/// The chance at which that many unseen values are not chance any more. What goes beyond it is
/// refused without an appeal, so it is small: one check in a million.
const BY_CHANCE: f64 = 1e-6;

/// The values of a category feature that training never had; `P` is the place of a value.
#[derive(Debug, Clone)]
pub struct Unseen<P> {
    values: u64,
    unseen: u64,
    first: Option<(P, String)>,
    /// The least of them in order: the same whatever thread has seen which.
    texts: BTreeMap<String, u64>,
}

impl<P> Default for Unseen<P> {
    fn default() -> Self {
        Self {
            values: 0,
            unseen: 0,
            first: None,
            texts: BTreeMap::new(),
        }
    }
}

impl<P: Copy + Ord> Unseen<P> {
    /// Counts a value that is there; `field` is its text if the model pools it with others.
    pub fn add(&mut self, vocabulary: &Vocabulary, pooled: Option<&[u8]>, place: P) {
        self.values += 1;
        let Some(field) = pooled.filter(|field| !vocabulary.has(field)) else {
            return;
        };
        self.unseen += 1;
        let text = String::from_utf8_lossy(field);
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            self.first = Some((place, short(&text)));
        }
        self.add_text(canonical_text(&text).into_owned(), 1);
    }

    fn add_text(&mut self, text: String, count: u64) {
        *self.texts.entry(text).or_default() += count;
        // A text that gives way has a thousand before it, and can't come back.
        if self.texts.len() > MOST_TEXTS {
            self.texts.pop_last();
        }
    }

    /// Adds what another thread has seen.
    pub fn merge(&mut self, other: Self) {
        self.values += other.values;
        self.unseen += other.unseen;
        let earlier = |mine: &(P, String), theirs: &(P, String)| mine.0 <= theirs.0;
        self.first = match (self.first.take(), other.first) {
            (Some(mine), Some(theirs)) if earlier(&mine, &theirs) => Some(mine),
            (mine, theirs) => theirs.or(mine),
        };
        for (text, count) in other.texts {
            self.add_text(text, count);
        }
    }

    /// Returns how many values training never had.
    pub const fn count(&self) -> u64 {
        self.unseen
    }

    /// Returns how many values there are.
    pub const fn values(&self) -> u64 {
        self.values
    }

    /// Returns the first of them and where it stands.
    pub fn first(&self) -> Option<(P, &str)> {
        let (place, text) = self.first.as_ref()?;
        Some((*place, text))
    }

    /// Returns whether the model does not understand the feature: it tells values apart, most of
    /// these were never seen, and chance does not bring that many.
    pub fn is_not_understood(&self, vocabulary: &Vocabulary) -> bool {
        let (seen, once) = (vocabulary.values, vocabulary.once);
        !vocabulary.levels.is_empty()
            && self.values >= LEAST_VALUES
            && self.unseen * 2 > self.values
            && self.unseen as f64 > vocabulary.expected(self.values)
            && share_p_value(once, seen, self.unseen, self.values) < BY_CHANCE
    }

    /// Says how many there are: `"plan": 3 of 40 values were never seen in training`.
    pub fn in_words(&self, vocabulary: &Vocabulary) -> String {
        let Self { values, unseen, .. } = self;
        let verb = if *unseen == 1 { "was" } else { "were" };
        let expected = vocabulary.expected(*values);
        let usual = match expected.round() {
            0.0 => String::new(),
            expected => format!(" (about {expected} would be usual)"),
        };
        let name = &vocabulary.name;
        format!("\"{name}\": {unseen} of {values} values {verb} never seen in training{usual}")
    }

    /// Returns what most of them seem to have been meant to be.
    pub fn respelling(&self, vocabulary: &Vocabulary) -> Option<Respelling> {
        respelling(vocabulary, &self.texts)
    }

    /// Says what to do about them.
    pub fn hint(&self, vocabulary: &Vocabulary) -> String {
        if let Some(respelling) = self.respelling(vocabulary) {
            return format!(
                "{}; write them as the training data has them",
                respelling.in_words()
            );
        }
        let known: Vec<String> = vocabulary
            .levels
            .iter()
            .take(5)
            .map(|level| format!("\"{}\"", short(level)))
            .collect();
        let more = if vocabulary.levels.len() > known.len() {
            ", ..."
        } else {
            ""
        };
        format!(
            "known are {}{more}; new categories need a new model, and an empty value is missing",
            known.join(", ")
        )
    }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    impl Vocabulary {
        /// Makes that of a feature of these levels.
        pub(crate) fn of_names(name: &str, levels: Vec<String>) -> Self {
            Self {
                name: name.to_owned(),
                levels,
                rare: HashSet::new(),
                has_any_number: false,
                has_any_text: false,
                values: 1_000,
                once: 0,
            }
        }
    }

    fn plan() -> Vocabulary {
        Vocabulary::of_names("plan", vec!["a".into(), "b".into()])
    }

    fn counted(vocabulary: &Vocabulary, fields: &[&str]) -> Unseen<usize> {
        let mut unseen = Unseen::default();
        for (place, field) in fields.iter().enumerate() {
            let is_level = vocabulary.levels.iter().any(|level| level == field);
            let pooled = (!is_level).then_some(field.as_bytes());
            unseen.add(vocabulary, pooled, place);
        }
        unseen
    }

    #[test]
    fn rare_values_were_seen_and_new_ones_were_not() {
        let mut vocabulary = plan();
        vocabulary.rare = HashSet::from(["vip".to_owned(), "3".to_owned()]);
        // `3.0` is the number 3, however it is spelled.
        let unseen = counted(&vocabulary, &["a", "vip", "3.0", "A", "b", "x"]);
        assert_eq!((unseen.values(), unseen.count()), (6, 2));
        assert_eq!(unseen.first(), Some((3, "A")));
        let said = "\"plan\": 2 of 6 values were never seen in training";
        assert_eq!(unseen.in_words(&vocabulary), said);
        // What was not kept by name is not called unseen.
        vocabulary.has_any_number = true;
        assert_eq!(counted(&vocabulary, &["4", "x"]).count(), 1);
        vocabulary.has_any_text = true;
        assert_eq!(counted(&vocabulary, &["4", "x"]).count(), 0);
    }

    #[test]
    fn parts_add_up_in_any_order() {
        let vocabulary = plan();
        let texts: Vec<String> = (0..3 * MOST_TEXTS).map(|at| format!("{at:05}")).collect();
        let mut whole = Unseen::default();
        for (place, text) in texts.iter().enumerate() {
            whole.add(&vocabulary, Some(text.as_bytes()), place);
        }
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut merged = Unseen::default();
            for part in order {
                let mut one = Unseen::default();
                for place in (0..texts.len()).filter(|place| place % 3 == part) {
                    one.add(&vocabulary, Some(texts[place].as_bytes()), place);
                }
                merged.merge(one);
            }
            assert_eq!((merged.values, merged.unseen), (whole.values, whole.unseen));
            assert_eq!(merged.first, Some((0, "00000".to_owned())));
            assert_eq!(merged.texts, whole.texts);
        }
    }

    #[test]
    fn a_feature_is_not_understood_where_most_values_are_new_and_chance_is_no_excuse() {
        // Values, unseen ones; values in training, those of them that are there once.
        for (values, unseen, seen, once, expected) in [
            (10, 10, 1_000, 0, true),
            (500, 302, 4_000, 0, true),
            // Nine customers may all have a new plan.
            (9, 9, 1_000, 0, false),
            // As for numbers, half of them is where it begins.
            (500, 250, 4_000, 0, false),
            // A column of names: nine in ten are new, so ten of ten are with .9^10 = .35, and 100 of
            // 100 with .9^100 = 3e-5.
            (10, 10, 1_000, 900, false),
            (100, 100, 1_000, 900, false),
            (500, 450, 1_000, 900, false),
            // All of a thousand: .9^1000 = 2e-46.
            (1_000, 1_000, 1_000, 900, true),
            // A model of ten rows has not seen much.
            (10, 6, 10, 0, false),
        ] {
            let mut vocabulary = plan();
            (vocabulary.values, vocabulary.once) = (seen, once);
            let found = Unseen::<usize> {
                values,
                unseen,
                ..Unseen::default()
            };
            let told = found.is_not_understood(&vocabulary);
            assert_eq!(told, expected, "{unseen} of {values}, {once} of {seen}");
            // A model without levels takes all values for one: nothing is lost.
            vocabulary.levels.clear();
            assert!(!found.is_not_understood(&vocabulary));
        }
    }
}
