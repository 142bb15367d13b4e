//! From a place in a scalar's value back to its line and column in the file: folding, indentation
//! and quoting lie between the two, and the parser does not tell.

use std::ops::Range;

use super::node::{Source, Spot};
use super::rule::Scalar;

/// Returns the bytes of the file that a part of the value is written in. Blanks at both ends of the
/// part are left out.
#[must_use]
pub fn bytes(source: &Source, scalar: &Scalar, part: &Range<usize>) -> Option<Range<usize>> {
    let text = scalar.value.get(part.clone())?;
    let (first, _) = text.char_indices().find(|(_, c)| !c.is_whitespace())?;
    let (last, character) = text.char_indices().rfind(|(_, c)| !c.is_whitespace())?;
    let byte = |offset: usize| nearest(source, scalar.spot, &scalar.value, part.start + offset);
    Some(byte(first)?..byte(last)? + character.len_utf8())
}

/// Returns line and column of byte `offset` of a scalar's value.
#[must_use]
pub fn position(source: &Source, spot: Spot, value: &str, offset: usize) -> (u64, u64) {
    source.position(nearest(source, spot, value, offset).unwrap_or(spot.byte))
}

/// Folding and indenting change blanks only, so the characters that are not blank come in the same
/// order in both texts; quoting adds backslashes, which are skipped.
fn nearest(source: &Source, spot: Spot, value: &str, offset: usize) -> Option<usize> {
    let raw = source.text.get(spot.byte..).unwrap_or_default();
    let mut raw = raw.char_indices().peekable();
    let mut found = spot.byte;
    for (at, wanted) in value.char_indices() {
        if at > offset && found != spot.byte {
            break;
        }
        if wanted.is_whitespace() {
            continue;
        }
        loop {
            let (byte, seen) = raw.next()?;
            if seen == wanted {
                found = spot.byte + byte;
                break;
            }
            // `\n` and `\t` of a quoted scalar stand for blanks.
            if seen == '\\' && raw.peek().is_some_and(|(_, next)| "nrt".contains(*next)) {
                raw.next();
            }
        }
        if at >= offset {
            break;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::node::documents;
    use super::*;

    fn position_of(text: &str, needle: &str) -> (u64, u64) {
        let source = Arc::new(Source {
            name: "x.yaml".into(),
            text: text.into(),
        });
        let documents = documents(&source).expect("valid");
        let node = documents[0].get("expr").expect("expr");
        let value = node.scalar().expect("a scalar");
        let offset = value.find(needle).expect("in the value");
        position(&source, node.spot, &value, offset)
    }

    #[test]
    fn block_folded_plain_and_quoted_scalars_lead_back_to_their_lines() {
        for (text, wanted) in [
            ("expr: |\n  sum(x)\n    > 0.3\n", (3, 7)),
            ("expr: >-\n    sum(x)\n    > 0.3\n", (3, 7)),
            ("a: 1\nexpr: sum(x)\n  > 0.3\n", (3, 5)),
            ("expr: 'sum(x) > 0.3'\n", (1, 17)),
            ("expr: \"sum(x{a=\\\"b\\\"})\\n> 0.3\"\n", (1, 27)),
        ] {
            assert_eq!(position_of(text, "0.3"), wanted, "{text}");
        }
    }
}
