//! What unseen categories may have been meant to be: known ones in another spelling. It is a guess,
//! for people to read; no score depends on it.

use std::collections::{BTreeMap, HashMap};

use super::vocabulary::Vocabulary;

/// Known values that are compared; a column of more is hardly one of categories.
const MOST_KNOWN: usize = 10_000;

/// In what two spellings of a value differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Blanks around it.
    Blanks,
    /// Upper and lower case.
    Case,
    /// Zeros in front.
    LeadingZeros,
    /// Quotes or brackets around it.
    Wrapping,
    /// Marks between its letters and digits.
    Punctuation,
}

impl Difference {
    /// The narrow ones first: the last is true of most that another is true of.
    const ALL: [Self; 5] = [
        Self::Blanks,
        Self::Case,
        Self::LeadingZeros,
        Self::Wrapping,
        Self::Punctuation,
    ];

    /// Returns a text without what the two may differ in.
    fn key(self, text: &str) -> String {
        match self {
            Self::Blanks => text
                .split(is_blank)
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            Self::Case => text.to_lowercase(),
            Self::LeadingZeros => without_zeros(text).to_owned(),
            Self::Wrapping => text.trim_matches(is_wrapping).to_owned(),
            Self::Punctuation => {
                let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
                without_zeros(&plain.to_lowercase()).to_owned()
            }
        }
    }
}

/// Blanks, those of web pages and word processors among them.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

/// What a list, a set or a quoted text of another program is written with.
fn is_wrapping(c: char) -> bool {
    is_blank(c) || matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '"' | '\'' | '`')
}

fn without_zeros(text: &str) -> &str {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = text.trim_start_matches('0');
        // A zero is one.
        return if digits.is_empty() && !text.is_empty() {
            "0"
        } else {
            digits
        };
    }
    text
}

/// Known values in another spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Respelling {
    /// In what.
    pub difference: Difference,
    /// Rows of which that is true.
    pub rows: u64,
    /// One of them as it stands.
    pub found: String,
    /// The same as training had it.
    pub known: String,
}

impl Respelling {
    /// Says in what the values differ from known ones.
    pub fn in_words(&self) -> String {
        let Self {
            rows, found, known, ..
        } = self;
        let what = match self.difference {
            Difference::Blanks => "but for blanks",
            Difference::Case => "but for upper and lower case",
            Difference::LeadingZeros if known.len() > found.len() => {
                "whose leading zeros were lost"
            }
            Difference::LeadingZeros => "with leading zeros added",
            Difference::Wrapping => "within brackets or quotes",
            Difference::Punctuation => "but for case, blanks and punctuation",
        };
        let are = if *rows == 1 {
            "is a known value"
        } else {
            "are known values"
        };
        format!("{rows} {are} {what}: \"{found}\" may be \"{known}\"")
    }
}

/// Returns the one difference that turns most of the unseen texts into known ones.
pub(super) fn respelling(
    vocabulary: &Vocabulary,
    unseen: &BTreeMap<String, u64>,
) -> Option<Respelling> {
    let mut best: Option<Respelling> = None;
    for difference in Difference::ALL {
        let mut known = HashMap::new();
        for name in vocabulary.names().take(MOST_KNOWN) {
            // The first is the most frequent one.
            known.entry(difference.key(name)).or_insert(name);
        }
        let mut rows = 0;
        let mut example: Option<(&str, &str)> = None;
        for (text, count) in unseen {
            let key = difference.key(text);
            if let Some(name) = known.get(&key).filter(|_| !key.is_empty()) {
                rows += count;
                example.get_or_insert((text, name));
            }
        }
        if let Some((found, known)) = example
            && best.as_ref().is_none_or(|best| rows > best.rows)
        {
            best = Some(Respelling {
                difference,
                rows,
                found: found.to_owned(),
                known: known.to_owned(),
            });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(unseen: &[&str], known: &[&str]) -> Option<Respelling> {
        let known: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
        let vocabulary = Vocabulary::of_names("plan", known);
        let unseen = unseen.iter().map(|&text| (text.to_owned(), 3)).collect();
        respelling(&vocabulary, &unseen)
    }

    #[test]
    fn the_narrowest_difference_that_explains_most_is_named() {
        for (unseen, known, difference) in [
            ("A", "a", Difference::Case),
            ("\u{c9}t\u{e9}", "\u{e9}t\u{e9}", Difference::Case),
            (" a ", "a", Difference::Blanks),
            ("two  words\u{a0}", "two words", Difference::Blanks),
            ("2134", "02134", Difference::LeadingZeros),
            ("007", "7", Difference::LeadingZeros),
            ("[\"a\"]", "a", Difference::Wrapping),
            ("('a')", "a", Difference::Wrapping),
            ("month_to_month", "Month-to-month", Difference::Punctuation),
            (" A", "a", Difference::Punctuation),
        ] {
            let found = guess(&[unseen, "something else"], &["other", known]).expect(unseen);
            assert_eq!(found.difference, difference, "{unseen}");
            assert_eq!((found.rows, &*found.known), (3, known), "{unseen}");
        }
    }

    #[test]
    fn what_no_known_value_explains_has_no_guess() {
        for (unseen, known) in [("z", "a"), ("-", "?"), ("0", ""), ("10", "1"), ("aa", "a")] {
            assert_eq!(guess(&[unseen], &[known]), None, "{unseen}");
        }
    }

    #[test]
    fn the_words_tell_lost_zeros_from_added_ones() {
        let lost = guess(&["2134"], &["02134"]).expect("lost").in_words();
        let words = "3 are known values whose leading zeros were lost: \"2134\" may be \"02134\"";
        assert_eq!(lost, words);
        let added = guess(&["007"], &["7"]).expect("added").in_words();
        assert!(added.contains("with leading zeros added"), "{added}");
    }
}
