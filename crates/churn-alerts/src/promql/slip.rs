//! What somebody meant who writes an operator of another language into PromQL. Whether an expression is
//! PromQL at all is for the parser.

use super::scan::{Token, scan};

/// Operators of other languages, as the scanner cuts them, and what to write instead.
const FOREIGN: [(&[&str], &str); 10] = [
    (&["=", ">"], "\"at least\" is `>=`, not `=>`"),
    (&["=", "<"], "\"at most\" is `<=`, not `=<`"),
    (&["=", "!"], "\"differs from\" is `!=`, not `=!`"),
    (&["==", "="], "comparison is `==`, not `===`"),
    (&["!=", "="], "\"differs from\" is `!=`, not `!==`"),
    (&["<", ">"], "\"differs from\" is `!=`, not `<>`"),
    (&["&", "&"], "\"and\" is `and`, not `&&`"),
    (&["|", "|"], "\"or\" is `or`, not `||`"),
    (
        &["=~"],
        "`=~` compares a label, inside of braces: up{job=~\"a|b\"}",
    ),
    (
        &["="],
        "comparison is `==`; `=` compares a label, inside of braces",
    ),
];

/// Returns a hint for the first operator of another language outside of braces; none if there is none.
#[must_use]
pub fn slip(text: &str) -> Option<&'static str> {
    let tokens = scan(text);
    let mut braces = 0_usize;
    for at in 0..tokens.len() {
        match tokens[at].text(text) {
            "{" => braces += 1,
            "}" => braces = braces.saturating_sub(1),
            _ => {}
        }
        if braces > 0 {
            continue;
        }
        let is_here = |signs: &[&str]| {
            let Some(found) = tokens.get(at..at + signs.len()) else {
                return false;
            };
            let touch = |pair: &[Token]| pair[0].range.end == pair[1].range.start;
            let mut both = found.iter().zip(signs);
            both.all(|(token, sign)| token.text(text) == *sign) && found.windows(2).all(touch)
        };
        if let Some((_, hint)) = FOREIGN.iter().find(|one| is_here(one.0)) {
            return Some(*hint);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_other_languages_are_told_from_those_of_promql() {
        for (text, wanted) in [
            ("up = 0", "`==`;"),
            ("sum(rate(x{a=\"b\"}[5m])) = 0", "`==`;"),
            ("up === 0", "`===`"),
            ("up => 3", "`=>`"),
            ("up =< 3", "`=<`"),
            ("up <> 3", "`<>`"),
            ("up !== 3", "`!==`"),
            ("up == 0 && down == 1", "`and`"),
            ("up == 0 || down == 1", "`or`"),
            ("up =~ \"a\"", "braces"),
        ] {
            let hint = slip(text).unwrap_or_default();
            assert!(hint.contains(wanted), "{text}: {hint}");
            assert!(super::super::parse(text).is_err(), "{text}");
        }
        for text in [
            "up{a=\"b\",c=~\"d||e\"} == 0 # = 3",
            "rate(x[5m)",
            "a <= 3 and b >= 4 or c != 5",
            "x{a=\"=>\"} < bool 3",
        ] {
            assert_eq!(slip(text), None, "{text}");
        }
    }
}
