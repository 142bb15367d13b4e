//! Matchers of Alertmanager: `severity="critical"`, `team=~"a|b"`.

use std::fmt;

use regex::Regex;

use super::Labels;

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
    const ALL: [Self; 4] = [Self::Equal, Self::NotEqual, Self::Matches, Self::MatchesNot];

    const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
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

impl LabelMatcher {
    /// Makes a matcher.
    ///
    /// # Errors
    /// Fails if the value is to be a regular expression and is none.
    pub fn new(label: &str, sign: &str, value: &str) -> Result<Self, String> {
        let operator = Operator::ALL
            .into_iter()
            .find(|operator| operator.sign() == sign)
            .ok_or_else(|| format!("\"{sign}\" is none of =, !=, =~, !~"))?;
        let regex = match operator {
            Operator::Equal | Operator::NotEqual => None,
            Operator::Matches | Operator::MatchesNot => {
                let anchored = Regex::new(&format!("^(?:{value})$"));
                Some(anchored.map_err(|_| format!("\"{value}\" is no regular expression"))?)
            }
        };
        Ok(Self {
            label: label.to_owned(),
            operator,
            value: value.to_owned(),
            regex,
        })
    }

    /// Reads `a="b"` or `{a="b",c=~"d"}`.
    ///
    /// # Errors
    /// Fails if a part is no matcher.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let inner = text.trim();
        let inner = inner.strip_prefix('{').unwrap_or(inner);
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let mut parts = vec![String::new()];
        let (mut quoted, mut escaped) = (false, false);
        for character in inner.chars() {
            match character {
                ',' if !quoted => parts.push(String::new()),
                _ => {
                    if character == '"' && !escaped {
                        quoted = !quoted;
                    }
                    escaped = character == '\\' && !escaped;
                    if let Some(part) = parts.last_mut() {
                        part.push(character);
                    }
                }
            }
        }
        let parts = parts.iter().map(|part| part.trim());
        parts
            .filter(|part| !part.is_empty())
            .map(Self::parse)
            .collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no matcher such as severity=\"critical\"");
        let end = text.find(['=', '!']).ok_or_else(wrong)?;
        let (label, rest) = text.split_at(end);
        let sign = ["=~", "!~", "!=", "="]
            .into_iter()
            .find(|sign| rest.starts_with(sign))
            .ok_or_else(wrong)?;
        let value = rest[sign.len()..].trim();
        let value = match value.strip_prefix('"') {
            Some(open) => {
                let inner = open.strip_suffix('"').ok_or_else(wrong)?;
                inner
                    .replace("\\\"", "\"")
                    .replace("\\n", "\n")
                    .replace("\\\\", "\\")
            }
            None => value.to_owned(),
        };
        Self::new(label.trim(), sign, &value)
    }

    /// Returns the value that the label must have, if it must have one.
    pub(crate) fn equals(&self) -> Option<&str> {
        (self.operator == Operator::Equal).then_some(self.value.as_str())
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
}

impl fmt::Display for LabelMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "{}{}\"{value}\"", self.label, self.operator.sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_read_and_match_as_in_alertmanager() {
        let labels = Labels::from([("a".to_owned(), "x,y".to_owned())]);
        for (text, matches) in [
            ("a=\"x,y\"", true),
            ("{a=\"x,y\", b=\"\"}", true),
            ("a =~ x.*", true),
            ("a=~x", false),
            ("a!=\"x\"", true),
            ("b!~\".+\"", true),
        ] {
            let matchers = LabelMatcher::parse_list(text).expect(text);
            let all = matchers.iter().all(|matcher| matcher.is_match(&labels));
            assert_eq!(all, matches, "{text}");
        }
        assert_eq!(
            LabelMatcher::parse_list("a=\"x\\\"\"").expect("escaped")[0].to_string(),
            "a=\"x\\\"\""
        );
        for text in ["a", "a=\"x", "a=~\"(\""] {
            assert!(LabelMatcher::parse_list(text).is_err(), "{text}");
        }
    }
}
