//! Percent escapes of addresses (RFC 3986, 2.1). Undone strictly: what is not an escape is named,
//! because a guess at it asks a server another question than the user did.

use std::borrow::Cow;

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, utf8_percent_encode,
};

/// Everything but the unreserved characters of RFC 3986, 2.3.
const PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Why a text cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEscape {
    /// A percent sign without two hexadecimal digits behind it.
    #[error("\"{found}\" at character {at} is not an escape of two hexadecimal digits")]
    NotHex {
        /// The percent sign and what follows it.
        found: String,
        /// Where the percent sign is, in characters from 1.
        at: usize,
    },
    /// The escapes stand for bytes that are not UTF-8.
    #[error("\"{found}\" at character {at} stands for a byte that is not part of a UTF-8 text")]
    NotUtf8 {
        /// The first escape that is at fault.
        found: String,
        /// Where it is, in characters from 1.
        at: usize,
    },
}

impl BadEscape {
    /// What to do about either of them.
    pub const HINT: &'static str = "a percent sign itself is written %25: like 'a%25'";
}

/// Returns the text that a part of an address stands for; a plus stays a plus.
///
/// # Errors
/// Names the first escape that is malformed, or that leads to what is not a text.
///
/// # Examples
///
/// ```
/// use churn_base::percent::decoded;
/// assert_eq!(decoded("a%20b+c").as_deref(), Ok("a b+c"));
/// assert!(decoded("like '%+49%'").is_err());
/// ```
pub fn decoded(text: &str) -> Result<Cow<'_, str>, BadEscape> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('%') {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(BadEscape::NotHex {
                found: text[at..].chars().take(3).collect(),
                at: text[..at].chars().count() + 1,
            });
        }
    }
    percent_decode_str(text).decode_utf8().map_err(|error| {
        let at = encoded_position(bytes, error.valid_up_to());
        BadEscape::NotUtf8 {
            found: text[at..].chars().take(3).collect(),
            at: text[..at].chars().count() + 1,
        }
    })
}

/// Returns where the decoded byte at this position stands in the encoded text.
fn encoded_position(encoded: &[u8], decoded_position: usize) -> usize {
    let mut at = 0;
    for _ in 0..decoded_position {
        at += if encoded[at] == b'%' { 3 } else { 1 };
    }
    at
}

/// Returns the text of a message that a server has escaped. What is malformed in it stays as it
/// is: the gRPC specification wants half a message rather than none.
#[must_use]
pub fn decoded_leniently(bytes: &[u8]) -> String {
    percent_decode(bytes).decode_utf8_lossy().into_owned()
}

/// Returns a text as one part of a path or query: all but letters, digits and `-._~` is escaped.
///
/// # Examples
///
/// ```
/// use churn_base::percent::part;
/// assert_eq!(part("a/b c"), "a%2Fb%20c");
/// ```
#[must_use]
pub fn part(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_a_plus_is_a_plus() {
        // RFC 3986, 2.1: digits in either case; urllib.parse.unquote of CPython 3.11 says the same.
        for (text, plain) in [
            ("p%40ss%2fword", "p@ss/word"),
            ("%C3%A9", "é"),
            ("a+b", "a+b"),
            ("é%25", "é%"),
            ("", ""),
        ] {
            assert_eq!(decoded(text).as_deref(), Ok(plain), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_escape_is_named_with_its_place() {
        for (text, found, at) in [
            ("like '%+49%'", "%+4", 7),
            ("%-1", "%-1", 1),
            ("% 1", "% 1", 1),
            ("é%4", "%4", 2),
            ("a%", "%", 2),
            ("%é1", "%é1", 1),
            ("%0x", "%0x", 1),
        ] {
            let found = found.to_owned();
            assert_eq!(decoded(text), Err(BadEscape::NotHex { found, at }));
        }
        for (text, found, at) in [("a%20%ab%20", "%ab", 5), ("%C3%A9%C3", "%C3", 7)] {
            let found = found.to_owned();
            assert_eq!(decoded(text), Err(BadEscape::NotUtf8 { found, at }));
        }
    }

    #[test]
    fn a_server_is_understood_as_far_as_it_goes() {
        assert_eq!(decoded_leniently(b"50%25 %C3%BC%"), "50% ü%");
        assert_eq!(decoded_leniently(b"%+4"), "%+4");
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back(text in ".*") {
            let escaped = part(&text);
            let back = decoded(&escaped);
            proptest::prop_assert_eq!(back.as_deref(), Ok(&*text));
        }

        #[test]
        fn never_panics(text in "[%+0-9a-fA-Fé ]{0,12}") {
            let _ = decoded(&text);
        }
    }
}
