//! Breaks lines that are too long for the terminal. Tables break their cells themselves.

use unicode_width::UnicodeWidthStr;

/// The text of a line begins at most this far in, behind its status or its label.
const DEEPEST: usize = 16;

/// Breaks a line between words so that no piece is wider than `width`, where the words allow it.
///
/// A line such as `FAIL  one of two` has a label, set off by two blanks or more; what is broken
/// off stands below the text and not below the label. What stands in backticks is one word: a command
/// that is broken in two cannot be copied.
#[must_use]
pub fn wrap(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let begin = begin_of_text(line);
    let (label, text) = line.split_at(begin);
    let indent = label.width();
    let mut wrapped = label.to_owned();
    let mut used = indent;
    for (at, word) in words(text).into_iter().enumerate() {
        let wide = word.width();
        if at > 0 && used + 1 + wide > width && used > indent {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            used = indent;
        } else if at > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += wide;
    }
    wrapped
}

/// Cuts a text at its blanks, those between two backticks left alone.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut begin, mut is_code) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match character {
            // One without a partner is a character like others.
            '`' => is_code = !is_code && text[at + 1..].contains('`'),
            ' ' if !is_code => {
                words.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[begin..]);
    words
}

/// Returns where the text of a line begins, behind blanks and a label.
fn begin_of_text(line: &str) -> usize {
    let lead = line.len() - line.trim_start_matches(' ').len();
    let Some(gap) = line[lead..].find("  ") else {
        return lead;
    };
    let after = line[lead + gap..].trim_start_matches(' ');
    let begin = line.len() - after.len();
    if line[..begin].width() <= DEEPEST {
        begin
    } else {
        lead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_off_stands_below_the_text() {
        assert_eq!(
            wrap("FAIL  10 of 19 features drifted; worst: contract", 24),
            "FAIL  10 of 19 features\n      drifted; worst:\n      contract"
        );
        assert_eq!(wrap("one two three", 8), "one two\nthree");
        assert_eq!(wrap("  one two", 6), "  one\n  two");
    }

    #[test]
    fn a_command_in_backticks_stays_whole() {
        assert_eq!(
            wrap("see `kubectl get pods -n x` for it", 12),
            "see\n`kubectl get pods -n x`\nfor it"
        );
        assert_eq!(wrap("one ` two three", 8), "one `\ntwo\nthree");
    }

    #[test]
    fn short_lines_and_long_words_stay_whole() {
        assert_eq!(wrap("FAIL  short", 80), "FAIL  short");
        assert_eq!(wrap("/a/very/long/path", 5), "/a/very/long/path");
        assert_eq!(wrap("see /a/very/long/path", 8), "see\n/a/very/long/path");
    }
}
