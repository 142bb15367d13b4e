//! Matchers of Alertmanager: `severity="critical"`, `team=~"a|b"`, `"any name"="x"`. There are two
//! parsers, the classic one and that of UTF-8, and where both read a text the classic one decides.

use std::fmt;

use regex::Regex;

use super::Labels;
use crate::go_regex;
use crate::promql::{quoted, unquoted};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `=~`.
    Matches,
    /// `!~`.
    MatchesNot,
}

impl Operator {
    /// The longer ones first.
    const ALL: [Self; 4] = [Self::Matches, Self::MatchesNot, Self::NotEqual, Self::Equal];

    const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }

    fn at_start(text: &str) -> Option<(Self, &str)> {
        Self::ALL
            .into_iter()
            .find_map(|operator| Some((operator, text.strip_prefix(operator.sign())?)))
    }
}

/// A matcher of one label.
#[derive(Debug, Clone)]
pub struct LabelMatcher {
    /// The label.
    pub label: String,
    operator: Operator,
    value: String,
    regex: Option<Regex>,
}

/// A label, an operator and a value, as they are read.
type Parts = (String, Operator, String);

impl LabelMatcher {
    /// Makes a matcher.
    ///
    /// # Errors
    /// Fails if the value is to be a regular expression and is not one of Go.
    pub fn new(label: &str, sign: &str, value: &str) -> Result<Self, String> {
        let operator = Operator::ALL
            .into_iter()
            .find(|operator| operator.sign() == sign)
            .ok_or_else(|| format!("\"{sign}\" is none of =, !=, =~, !~"))?;
        Self::of((label.to_owned(), operator, value.to_owned()))
    }

    fn of((label, operator, value): Parts) -> Result<Self, String> {
        let regex = match operator {
            Operator::Equal | Operator::NotEqual => None,
            Operator::Matches | Operator::MatchesNot => Some(go_regex::anchored(&value)?),
        };
        Ok(Self {
            label,
            operator,
            value,
            regex,
        })
    }

    /// Reads `a="b"` or `{a="b",c=~"d"}`.
    ///
    /// # Errors
    /// Fails if neither parser of Alertmanager reads it.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let all = |parts: Vec<Parts>| {
            parts
                .into_iter()
                .map(Self::of)
                .collect::<Result<Vec<_>, _>>()
        };
        let modern = Utf8 { rest: text }.matchers().and_then(all);
        match (classic(text).and_then(all), modern) {
            (Ok(matchers), _) | (Err(_), Ok(matchers)) => Ok(matchers),
            // What is wrong with a regular expression says more than that a parser gave up.
            (Err(_), Err(said)) if said.contains("regular expression") => Err(said),
            (Err(said), Err(_)) => Err(said),
        }
    }

    /// Returns the value that the label must have, if it must have one.
    pub fn equals(&self) -> Option<&str> {
        (self.operator == Operator::Equal).then_some(self.value.as_str())
    }

    /// Returns the values that it names one by one: that of `=` and `!=`, and the alternatives of a
    /// regular expression that are plain words.
    pub(crate) fn named_values(&self) -> Vec<&str> {
        match self.operator {
            Operator::Equal | Operator::NotEqual => vec![self.value.as_str()],
            Operator::Matches | Operator::MatchesNot => {
                let alternatives = self.value.split('|');
                alternatives.filter(|one| is_plain_word(one)).collect()
            }
        }
    }

    /// Returns the same about another label.
    pub(crate) fn with_label(&self, label: &str) -> Self {
        Self {
            label: label.to_owned(),
            ..self.clone()
        }
    }

    /// Returns the same with another value in the place of one that it names; none if that would be
    /// something else inside of a regular expression.
    pub(crate) fn with_value(&self, old: &str, new: &str) -> Option<Self> {
        let value = match self.operator {
            Operator::Equal | Operator::NotEqual => new.to_owned(),
            Operator::Matches | Operator::MatchesNot if is_plain_word(new) => {
                let alternatives = self.value.split('|');
                let changed = alternatives.map(|one| if one == old { new } else { one });
                changed.collect::<Vec<_>>().join("|")
            }
            Operator::Matches | Operator::MatchesNot => return None,
        };
        Self::of((self.label.clone(), self.operator, value)).ok()
    }

    /// Tells whether the labels are matched; an absent label is an empty one.
    #[must_use]
    pub fn is_match(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        let found = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => self.value == value,
        };
        match self.operator {
            Operator::Equal | Operator::Matches => found,
            Operator::NotEqual | Operator::MatchesNot => !found,
        }
    }

    /// Tells whether only the parser of UTF-8 reads the name of the label.
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        !is_classic_name(&self.label)
    }
}

/// A word that means itself in a regular expression, too.
fn is_plain_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "_-:/ ".contains(c);
    !text.is_empty() && text.chars().all(is_plain)
}

/// A label of a classic matcher may have colons.
fn is_classic_name(name: &str) -> bool {
    crate::schema::is_classic_label(&name.replace(':', "_"))
}

/// The classic parser: braces are optional at either end, commas outside of quotes separate.
fn classic(text: &str) -> Result<Vec<Parts>, String> {
    let inner = text.strip_prefix('{').unwrap_or(text);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for character in inner.chars() {
        match character {
            ',' if !quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    if parts.last().is_some_and(|part| part.trim().is_empty()) {
        parts.pop();
    }
    parts.iter().map(|part| classic_matcher(part)).collect()
}

fn classic_matcher(text: &str) -> Result<Parts, String> {
    let wrong = || format!("\"{text}\" is not a matcher such as severity=\"critical\"");
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| c.is_whitespace() || "=!".contains(c));
    let (label, rest) = trimmed.split_at(end.ok_or_else(wrong)?);
    if !is_classic_name(label) {
        return Err(wrong());
    }
    let (operator, value) = Operator::at_start(rest.trim_start()).ok_or_else(wrong)?;
    let value = value.trim_start();
    let (raw, mut open) = match value.strip_prefix('"') {
        Some(raw) => (raw, true),
        None => (value, false),
    };
    let mut read = String::new();
    let mut characters = raw.char_indices();
    while let Some((at, character)) = characters.next() {
        let is_last = at + character.len_utf8() == raw.len();
        match character {
            '\\' if is_last => read.push('\\'),
            '\\' => match characters.next() {
                Some((_, 'n')) => read.push('\n'),
                Some((_, c @ ('"' | '\\'))) => read.push(c),
                Some((_, c)) => read.extend(['\\', c]),
                None => {}
            },
            '"' if open && is_last => open = false,
            '"' => return Err(wrong()),
            c => read.push(c),
        }
    }
    match open {
        true => Err(wrong()),
        false => Ok((label.to_owned(), operator, read)),
    }
}

/// The parser of UTF-8: names and values may be in quotes, with escapes as in Go.
struct Utf8<'a> {
    rest: &'a str,
}

impl Utf8<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, sign: char) -> bool {
        self.skip_blanks();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn matchers(mut self) -> Result<Vec<Parts>, String> {
        let text = self.rest;
        let wrong = |said: &str| format!("\"{text}\" is not a list of matchers: {said}");
        let mut parts = Vec::new();
        let braced = self.take('{');
        loop {
            self.skip_blanks();
            if self.rest.is_empty() || self.rest.starts_with('}') {
                break;
            }
            let label = self.word().ok_or_else(|| wrong("a label is missing"))?;
            self.skip_blanks();
            let (operator, rest) =
                Operator::at_start(self.rest).ok_or_else(|| wrong("an operator is missing"))?;
            self.rest = rest;
            let value = self.word().ok_or_else(|| wrong("a value is missing"))?;
            parts.push((label, operator, value));
            if !self.take(',') {
                break;
            }
        }
        if self.take('}') != braced {
            return Err(wrong("braces do not match"));
        }
        self.skip_blanks();
        match self.rest.is_empty() {
            true => Ok(parts),
            false => Err(wrong("something is left over")),
        }
    }

    /// Takes a name or a value.
    fn word(&mut self) -> Option<String> {
        self.skip_blanks();
        if self.rest.starts_with('"') {
            let (value, length) = unquoted(self.rest)?;
            self.rest = &self.rest[length..];
            return Some(value);
        }
        let is_reserved = |c: char| c.is_whitespace() || "{}!=~,\\\"'`".contains(c);
        let end = self.rest.find(is_reserved).unwrap_or(self.rest.len());
        if end == 0 {
            return None;
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word.to_owned())
    }
}

impl fmt::Display for LabelMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = match self.needs_utf8() {
            true => quoted(&self.label),
            false => self.label.clone(),
        };
        write!(f, "{label}{}{}", self.operator.sign(), quoted(&self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_read_and_match_as_in_alertmanager() {
        let labels = Labels::from([
            ("a".to_owned(), "x,y".to_owned()),
            ("path".to_owned(), "C:\\new".to_owned()),
            ("foo🙂".to_owned(), "bar".to_owned()),
            ("a=b".to_owned(), "c".to_owned()),
            ("n".to_owned(), "1\n2".to_owned()),
            ("id".to_owned(), "/v/{id}".to_owned()),
        ]);
        // amtool config routes test, 0.25 for those without a quoted name, 0.34 for all.
        for (text, matches) in [
            ("a=\"x,y\"", true),
            ("{a=\"x,y\", b=\"\"}", true),
            ("a =~ x.*", true),
            ("a=~x", false),
            ("a!=\"x\"", true),
            ("b!~\".+\"", true),
            ("path=\"C:\\\\new\"", true),
            ("path=~\"C:\\\\\\\\n.*\"", true),
            ("\"foo🙂\"=\"bar\"", true),
            ("\"a=b\"=\"c\"", true),
            ("{\"a=b\"=\"c\",a=~\"x.+\"}", true),
            ("n=\"1\\n2\"", true),
            ("id=~\"/v/{id}\"", true),
            ("foo🙂=bar", true),
            ("a=\"\\x78,\\u0079\"", false),
            ("b=", true),
            ("", true),
            ("{}", true),
        ] {
            let matchers = LabelMatcher::parse_list(text).expect(text);
            let all = matchers.iter().all(|matcher| matcher.is_match(&labels));
            assert_eq!(all, matches, "{text}");
        }
        for (text, wanted) in [
            ("a=\"x\\\"\"", "a=\"x\\\"\""),
            ("\"a b\"=~\"c\"", "\"a b\"=~\"c\""),
            ("a=\"\\n\"", "a=\"\\n\""),
        ] {
            let read = LabelMatcher::parse_list(text).expect(text);
            assert_eq!(read[0].to_string(), wanted);
        }
        for text in [
            "a",
            "a=\"x",
            "a=~\"(\"",
            ",a=b",
            "a=\"x\"y",
            "=x",
            "a==b\"",
            "a=~\"(?=x)\"",
            "\"a\"b=c",
        ] {
            assert!(LabelMatcher::parse_list(text).is_err(), "{text}");
        }
    }
}
