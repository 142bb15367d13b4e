//! The words of an expression with their places, as far as lint and mutation need them.

use std::ops::Range;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A metric, label, function or keyword.
    Word,
    /// A number.
    Number,
    /// A duration.
    Duration,
    /// A text in quotes.
    Text,
    /// An operator, a bracket or a comma.
    Sign,
}

/// A word and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the expression.
    pub range: Range<usize>,
}

impl Token {
    /// Returns the word as it is written.
    #[must_use]
    pub fn text<'a>(&self, expr: &'a str) -> &'a str {
        expr.get(self.range.clone()).unwrap_or_default()
    }
}

const SIGNS: [&str; 6] = ["==", "!=", "<=", ">=", "=~", "!~"];

/// Cuts an expression that parses into its words; blanks and comments are left out.
#[must_use]
pub fn scan(expr: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = expr[at..].chars().next() {
        let rest = &expr[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if first == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, length) = next(rest, first);
        tokens.push(Token {
            kind,
            range: at..at + length,
        });
        at += length;
    }
    tokens
}

fn next(rest: &str, first: char) -> (TokenKind, usize) {
    let while_ = |wanted: fn(char) -> bool| rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    match first {
        '"' | '\'' | '`' => (TokenKind::Text, quoted(rest, first)),
        c if c.is_ascii_digit()
            || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) =>
        {
            number(rest)
        }
        c if c.is_ascii_alphabetic() || c == '_' || c == ':' || c == '$' => (
            TokenKind::Word,
            while_(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '$')),
        ),
        c => {
            let long = SIGNS.iter().any(|sign| rest.starts_with(sign));
            (TokenKind::Sign, if long { 2 } else { c.len_utf8() })
        }
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' && quote != '`' {
            escaped = true;
        } else if character == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// `5m` is a duration, `5` and `1e3` and `0x1F` are numbers.
fn number(rest: &str) -> (TokenKind, usize) {
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
        .unwrap_or(rest.len());
    let word = &rest[..end];
    // The sign of an exponent ends the word above.
    if word.ends_with(['e', 'E']) && !word.starts_with("0x") {
        let more = rest[end..].strip_prefix(['+', '-']).unwrap_or_default();
        let digits = more
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(more.len());
        if digits > 0 {
            return (TokenKind::Number, end + 1 + digits);
        }
    }
    match super::super::duration::parse(word) {
        Some(_) if word != "0" => (TokenKind::Duration, end),
        _ => (TokenKind::Number, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_where_the_scanner_says() {
        let expr = "sum by (a) (rate(x:y{b=~\"c\\\"}\",d!='e'}[5m] offset 1h)) >= 1.5e-3 # no\n* 0";
        let words: Vec<&str> = scan(expr).iter().map(|token| token.text(expr)).collect();
        let wanted = [
            "sum",
            "by",
            "(",
            "a",
            ")",
            "(",
            "rate",
            "(",
            "x:y",
            "{",
            "b",
            "=~",
            "\"c\\\"}\"",
            ",",
            "d",
            "!=",
            "'e'",
            "}",
            "[",
            "5m",
            "]",
            "offset",
            "1h",
            ")",
            ")",
            ">=",
            "1.5e-3",
            "*",
            "0",
        ];
        assert_eq!(words, wanted);
        let kinds: Vec<TokenKind> = scan("5m 5 1e3 0.3")
            .iter()
            .map(|token| token.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                TokenKind::Duration,
                TokenKind::Number,
                TokenKind::Number,
                TokenKind::Number
            ]
        );
    }
}
