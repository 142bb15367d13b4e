//! Texts from data, made safe to print: no character of theirs may steer a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `text` with control characters and bidirectional overrides written as escapes.
///
/// Line feeds and tabs are escaped, too: a value never makes a line of its own.
///
/// # Examples
/// ```
/// assert_eq!(churnctl::text::visible("a\u{1b}]0;x\u{7}"), "a\\x1b]0;x\\x07");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers_terminal) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if !steers_terminal(character) => safe.push(character),
            _ if u32::from(character) <= 0xff => {
                let _ = write!(safe, "\\x{:02x}", u32::from(character));
            }
            _ => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    Cow::Owned(safe)
}

/// Tells whether a terminal may act on the character instead of showing it.
#[must_use]
pub fn steers_terminal(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_texts_in_any_script_stay_as_they_are() {
        for text in ["tenure", "Zürich", "数据", "▁▂▃", ""] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn escape_sequences_and_bidirectional_overrides_become_visible() {
        assert_eq!(visible("\u{1b}[31mred"), "\\x1b[31mred");
        assert_eq!(visible("\u{9b}2J"), "\\x9b2J");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(visible("a\nb"), "a\\nb");
    }
}
