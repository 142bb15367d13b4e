//! Text that came from data, made fit for people: nothing in it can steer a terminal, hide, let
//! anybody in, or run on for ever. No colour and no layout here.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::redact::redacted;

/// Returns `text` with every character that is not plainly seen written as an escape, and with what
/// may be a secret in an address hidden, see [`redacted`].
///
/// That is C0 and C1 controls (ESC, newline, tab), bidirectional controls, line and paragraph
/// separators, zero-width spaces, and tag characters. `\n`, `\r` and `\t` are written so, the
/// rest as `\u{1b}`. Text without such characters is returned as it is.
///
/// # Examples
///
/// ```
/// use churn_base::text::visible;
/// assert_eq!(visible("tenure"), "tenure");
/// assert_eq!(visible("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
/// assert_eq!(visible("http://ann:pw@gw/x"), "http://***@gw/x");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let text = redacted(text);
    if !text.contains(steers_terminal) {
        return text;
    }
    let mut seen = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => seen.push_str("\\n"),
            '\r' => seen.push_str("\\r"),
            '\t' => seen.push_str("\\t"),
            hidden if steers_terminal(hidden) => {
                // Writing to a String cannot fail.
                let _ = write!(seen, "\\u{{{:x}}}", u32::from(hidden));
            }
            plain => seen.push(plain),
        }
    }
    Cow::Owned(seen)
}

/// Returns `text` as [`visible`] does, but with its line feeds.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Returns `text` as one word of a POSIX shell, for commands that people copy.
///
/// # Examples
///
/// ```
/// use churn_base::text::shell_word;
/// assert_eq!(shell_word("churn-mlops"), "churn-mlops");
/// assert_eq!(shell_word("it's; reboot"), r"'it'\''s; reboot'");
/// ```
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    // A tilde, a comment and an assignment count at the beginning, where a letter or a slash is safe.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    let begins_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    match text.starts_with(begins_plain) && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        // Within single quotes only they themselves mean something.
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

/// Tells whether a terminal may act on the character, or hide it, instead of showing it.
#[must_use]
pub fn steers_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns how many terminal columns `text` takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Returns `text` as [`visible`] shows it, cut to `columns` terminal columns with `…` at the end
/// if it is longer.
///
/// # Examples
///
/// ```
/// use churn_base::text::shorten;
/// assert_eq!(shorten("monthly_charges", 8), "monthly…");
/// ```
#[must_use]
pub fn shorten(text: &str, columns: usize) -> Cow<'_, str> {
    let seen = visible(text);
    if width(&seen) <= columns {
        return seen;
    }
    let mut short = String::new();
    let mut used = 0;
    for character in seen.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide > columns.saturating_sub(1) {
            break;
        }
        used += wide;
        short.push(character);
    }
    short.push('…');
    Cow::Owned(short)
}

/// Returns `text` in at most `columns` terminal columns, an ellipsis in its middle if it is longer: names that begin
/// alike are told apart by their ends.
///
/// ```
/// use churn_base::text::shorten_middle;
/// assert_eq!(shorten_middle("monthly_charges_2025", 12), "monthl…_2025");
/// ```
#[must_use]
pub fn shorten_middle(text: &str, columns: usize) -> Cow<'_, str> {
    let seen = visible(text);
    if width(&seen) <= columns {
        return seen;
    }
    let mut ending: Vec<char> = Vec::new();
    let mut used = 0;
    for character in seen.chars().rev() {
        let wide = character.width().unwrap_or(0);
        if used + wide > columns.saturating_sub(1) / 2 {
            break;
        }
        used += wide;
        ending.push(character);
    }
    let start = shorten(&seen, columns - used).into_owned();
    Cow::Owned(start + &ending.into_iter().rev().collect::<String>())
}

/// Returns `text` with spaces after it up to `columns` terminal columns.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut padded = text.to_owned();
    padded.extend(std::iter::repeat_n(
        ' ',
        columns.saturating_sub(width(text)),
    ));
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_survives() {
        for code in (0..0x20).chain(0x7f..0xa0) {
            let raw = char::from_u32(code).expect("a control character");
            let seen = visible(&raw.to_string()).into_owned();
            assert!(seen.starts_with('\\'), "{code:#x} became {seen:?}");
            assert!(!seen.contains(raw));
        }
    }

    #[test]
    fn no_bidirectional_control_survives() {
        for raw in ['\u{202e}', '\u{2066}', '\u{2069}', '\u{200f}', '\u{61c}'] {
            let seen = visible(&format!("a{raw}b")).into_owned();
            assert!(!seen.contains(raw), "{seen:?}");
        }
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn a_terminal_title_sequence_becomes_text() {
        assert_eq!(visible("\x1b]0;x\x07"), "\\u{1b}]0;x\\u{7}");
    }

    #[test]
    fn ordinary_text_of_any_script_is_borrowed_as_it_is() {
        for text in [
            "tenure",
            "Kündigung",
            "解約率",
            "מגדר",
            "नमस्ते",
            "👩\u{200d}💻",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn shortening_counts_columns_and_not_characters() {
        assert_eq!(shorten("解約率の予測", 7), "解約率…");
        assert_eq!(width(&shorten("解約率の予測", 7)), 7);
        assert_eq!(shorten("short", 5), "short");
        assert_eq!(shorten("a\nbcdef", 4), "a\\n…");
    }

    #[test]
    fn a_shell_takes_any_text_as_one_word_with_nothing_done() {
        for text in [
            "plain", "", " ", "a b", "it's", "''", "$(id)", "`id`", "a;b", "a&b", "~", "#a", "*",
            "a\nb", "\"", "\\", "!a", "a=b", "=a", "-n", "{a,b}", "<a", "(a)", "ünï", "$HOME",
        ] {
            let script = format!("printf %s {}", shell_word(text));
            let said = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            assert_eq!(said.expect("sh").stdout, text.as_bytes(), "{script}");
        }
    }

    #[test]
    fn padding_never_cuts() {
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(pad("abcde", 4), "abcde");
        assert_eq!(pad("解", 4), "解  ");
    }
}
