//! From a place in a scalar's value back to its bytes in the file: folding, indentation and quoting
//! lie between the two.

use std::ops::Range;

use super::node::{Source, Style};
use super::scalar::Scalar;

/// Returns line and column of byte `offset` of a scalar's value.
#[must_use]
pub fn position(source: &Source, scalar: &Scalar, offset: usize) -> (u64, u64) {
    let pairs = pairs(source, scalar);
    let at_or_after = pairs.iter().find(|pair| pair.value >= offset);
    let found = at_or_after.or(pairs.last());
    source.position(found.map_or(scalar.spot.byte, |pair| pair.text.start))
}

/// Returns the bytes of the file that a part of the value is written in; none if the value cannot be
/// laid over the text. Blanks at both ends of the part are left out.
#[must_use]
pub fn bytes(source: &Source, scalar: &Scalar, part: &Range<usize>) -> Option<Range<usize>> {
    let pairs = pairs(source, scalar);
    let within = |pair: &&Pair| part.contains(&pair.value);
    let first = pairs.iter().find(within)?;
    let last = pairs.iter().rfind(within)?;
    Some(first.text.start..last.text.end)
}

/// A character that is not blank: where it begins in the value, and its bytes in the file.
struct Pair {
    value: usize,
    text: Range<usize>,
}

/// Folding and indenting change blanks only, so the characters that are not blank come in the same
/// order in both texts; empty if they don't.
fn pairs(source: &Source, scalar: &Scalar) -> Vec<Pair> {
    let spot = scalar.spot;
    let raw = source.text.get(spot.byte..spot.end()).unwrap_or_default();
    let written = match scalar.style {
        Style::Double => unescaped(raw),
        Style::Single => {
            let mut quotes = 0;
            let inner = raw.char_indices().filter(|(_, c)| {
                // The first one opens; of the others every second is the one that is meant.
                quotes += usize::from(*c == '\'');
                *c != '\'' || quotes % 2 == 1 && quotes > 1
            });
            inner.map(|(at, c)| (c, at..at + c.len_utf8())).collect()
        }
        Style::Plain | Style::Block | Style::Flow => {
            let all = raw.char_indices();
            all.map(|(at, c)| (c, at..at + c.len_utf8())).collect()
        }
    };
    let value = scalar.value.char_indices();
    let value: Vec<_> = value.filter(|(_, c)| !c.is_whitespace()).collect();
    let written: Vec<_> = written
        .into_iter()
        .filter(|(c, _)| !c.is_whitespace())
        .collect();
    // A block scalar's header may lie before its text.
    let skip = written.len().saturating_sub(value.len());
    let written = &written[skip..];
    let same = written.len() == value.len()
        && value
            .iter()
            .zip(written)
            .all(|((_, one), (two, _))| one == two);
    if !same {
        return Vec::new();
    }
    let pairs = value.iter().zip(written);
    pairs
        .map(|((at, _), (_, text))| Pair {
            value: *at,
            text: spot.byte + text.start..spot.byte + text.end,
        })
        .collect()
}

/// The characters of a text in double quotes, each with the bytes that it is written in.
fn unescaped(raw: &str) -> Vec<(char, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 1;
    let end = raw.len().saturating_sub(1);
    while at < end {
        let Some(first) = raw[at..].chars().next() else {
            break;
        };
        if first != '\\' {
            found.push((first, at..at + first.len_utf8()));
            at += first.len_utf8();
            continue;
        }
        let Some(escape) = raw[at + 1..].chars().next() else {
            break;
        };
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let length = 1 + escape.len_utf8() + digits;
        let hex = raw.get(at + 2..at + 2 + digits).unwrap_or_default();
        let character = match escape {
            'x' | 'u' | 'U' => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
            // What stands for a blank, or for nothing to see.
            '0' => Some('\0'),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'e' => Some('\u{1b}'),
            'n' | 'r' | 't' | 'v' | 'f' | 'N' | '_' | 'L' | 'P' => Some(' '),
            other => Some(other),
        };
        found.push((character.unwrap_or('\u{fffd}'), at..at + length));
        at += length;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::yaml::documents;
    use super::*;

    fn scalar_of(text: &str) -> (Arc<Source>, Scalar) {
        let source = Arc::new(Source {
            name: "x.yaml".into(),
            text: text.into(),
        });
        let documents = documents(&source).expect("valid");
        let node = documents[0].get("expr").expect("expr");
        let scalar = Scalar {
            value: node.scalar().expect("a scalar"),
            spot: node.spot,
            style: node.style,
            key_line: 0,
        };
        (source, scalar)
    }

    #[test]
    fn block_folded_plain_and_quoted_scalars_lead_back_to_their_lines() {
        for (text, wanted) in [
            ("expr: |\n  sum(x)\n    > 0.3\n", (3, 7)),
            ("expr: >-\n    sum(x)\n    > 0.3\n", (3, 7)),
            ("a: 1\nexpr: sum(x)\n  > 0.3\n", (3, 5)),
            ("expr: 'sum(x) > 0.3'\n", (1, 17)),
            ("expr: \"sum(x{a=\\\"b\\\"})\\n> 0.3\"\n", (1, 27)),
            // Of the escapes, `\\\\n` is a backslash and an n, `\\x3e` the greater sign.
            ("expr: \"sum(x{a=\\\"\\\\\\\\n\\\"}) \\x3e 0.3\"\n", (1, 33)),
            ("expr: 'sum(x{a=''b''}) > 0.3'\n", (1, 26)),
        ] {
            let (source, scalar) = scalar_of(text);
            let offset = scalar.value.find("0.3").expect("in the value");
            assert_eq!(position(&source, &scalar, offset), wanted, "{text}");
            let bytes = bytes(&source, &scalar, &(offset..offset + 3)).expect(text);
            assert_eq!(&source.text[bytes], "0.3", "{text}");
        }
    }
}
