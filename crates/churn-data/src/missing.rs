//! Marks that stand for a value that is not there, as exports of other tools write them. Whether a
//! doubtful one is a mark in a given column is decided by all of the column's values, elsewhere.

/// A text that is often a mark and sometimes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoubtfulMark {
    /// Made of signs alone: `?`, `-`, `--`, `.`, `*`. In a column of texts it is a mark, too,
    /// unless other values are made of signs, as in `+` and `-`.
    Sign,
    /// A word: `nil`, `none`, `n.a.`. Among texts it is a category ("none of the options").
    Word,
}

/// Returns what kind of missing value a text is in every column, blanks around it taken away.
///
/// What pandas' `read_csv` takes for missing (documentation of `na_values`, 2.2), what Hive, MySQL
/// and COPY write (`\N`), what `DataFrame.to_csv` writes of a missing time (`NaT`), and what SQL
/// clients show in place of a null (`(null)`, `[NULL]`, `<null>`).
#[inline]
pub(super) fn certain_mark(text: &[u8]) -> Option<MissingKind> {
    // Nothing longer is a mark: most texts are told by their length.
    if text.len() > 8 {
        return None;
    }
    match text {
        b"" => Some(MissingKind::Empty),
        b"NA" | b"N/A" | b"n/a" | b"<NA>" | b"#N/A" | b"#NA" | b"#N/A N/A" | b"<na>" => {
            Some(MissingKind::Na)
        }
        b"null" | b"NULL" | b"Null" | b"None" | b"\\N" | b"(null)" | b"(NULL)" | b"[null]"
        | b"[NULL]" | b"<null>" | b"<NULL>" | b"#NULL!" => Some(MissingKind::Null),
        b"NaT" | b"1.#IND" | b"-1.#IND" | b"1.#QNAN" | b"-1.#QNAN" => Some(MissingKind::Nan),
        _ => None,
    }
}

/// Returns whether a text may be a mark, and of which sort, blanks around it taken away.
#[must_use]
pub fn doubtful_mark(text: &[u8]) -> Option<DoubtfulMark> {
    match text {
        b"?" | b"??" | b"???" | b"-" | b"--" | b"---" | b"." | b".." | b"*" | b"\xe2\x80\x93"
        | b"\xe2\x80\x94" => Some(DoubtfulMark::Sign),
        b"nil" | b"Nil" | b"NIL" | b"none" | b"NONE" | b"na" | b"n.a." | b"N.A." | b"n.a"
        | b"N.A" | b"undefined" => Some(DoubtfulMark::Word),
        _ => None,
    }
}

/// Returns whether a text has signs alone, neither letters nor digits.
pub(super) fn is_all_signs(text: &[u8]) -> bool {
    String::from_utf8_lossy(text)
        .chars()
        .all(|c| !c.is_alphanumeric())
}

/// The ways a value can be absent. Infinities are counted apart and are not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissingKind {
    /// Nothing, or only blanks.
    Empty,
    /// `NA`, `N/A`, `n/a`, `<NA>`, `#N/A` and the like.
    Na,
    /// `NaN` in any case, also with a sign, and `NaT`.
    Nan,
    /// `null`, `NULL`, `None`, `\N`, `(null)` and the like.
    Null,
    /// What stands for a missing value in this column, or was named as such: `?`, `-`.
    Mark,
}

impl MissingKind {
    /// All kinds, in the order of [`MissingKind::index`].
    pub const ALL: [Self; 5] = [Self::Empty, Self::Na, Self::Nan, Self::Null, Self::Mark];

    /// Returns the name used in profiles and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Na => "na",
            Self::Nan => "nan",
            Self::Null => "null",
            Self::Mark => "mark",
        }
    }

    /// Returns the position in [`MissingKind::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}
