//! A selector apart from its expression: a metric's name and matchers of labels.

use std::fmt;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, VectorSelector};

use super::parse::parse;
use super::quoting::quoted;
use crate::schema::is_classic_metric;

/// What a selector selects, or the name and labels of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    name: Option<String>,
    matchers: Vec<Matcher>,
}

impl Pattern {
    /// Takes the selector.
    #[must_use]
    pub fn of(selector: &VectorSelector) -> Self {
        let all = selector.matchers.matchers.iter();
        let named = all.clone().find(|matcher| is_name(matcher));
        Self {
            name: selector
                .name
                .clone()
                .or_else(|| named.map(|matcher| matcher.value.clone())),
            matchers: all.filter(|matcher| !is_name(matcher)).cloned().collect(),
        }
    }

    /// Reads `name{label="value"}`; none if that is not a single series.
    #[must_use]
    pub fn of_series(text: &str) -> Option<Self> {
        let Ok(Expr::VectorSelector(selector)) = parse(text.trim()) else {
            return None;
        };
        let series = Self::of(&selector);
        let equal = |matcher: &Matcher| matches!(matcher.op, MatchOp::Equal);
        series.matchers.iter().all(equal).then_some(series)
    }

    /// Returns the metric's name.
    #[must_use]
    pub fn metric(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the selector of the metric's name alone.
    #[must_use]
    pub fn without_matchers(&self) -> Self {
        Self {
            name: self.name.clone(),
            matchers: Vec::new(),
        }
    }

    /// Returns the matchers, that of the name left out.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Returns the matcher of a label.
    #[must_use]
    pub fn matcher(&self, label: &str) -> Option<&Matcher> {
        self.matchers.iter().find(|matcher| matcher.name == label)
    }

    /// Returns the labels that are matched by a value.
    pub fn equalities(&self) -> impl Iterator<Item = (&str, &str)> {
        let equal = self
            .matchers
            .iter()
            .filter(|matcher| matches!(matcher.op, MatchOp::Equal) && !matcher.value.is_empty());
        equal.map(|matcher| (matcher.name.as_str(), matcher.value.as_str()))
    }

    /// Tells whether this selector selects that series.
    #[must_use]
    pub fn selects(&self, series: &Self) -> bool {
        let value = |label: &str| {
            let matcher = series.matcher(label);
            matcher.map_or("", |matcher| matcher.value.as_str())
        };
        (self.name.is_none() || self.name == series.name)
            && self
                .matchers
                .iter()
                .all(|matcher| matcher.is_match(value(&matcher.name)))
    }
}

fn is_name(matcher: &Matcher) -> bool {
    matcher.name == "__name__" && matches!(matcher.op, MatchOp::Equal)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut matchers: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        match self.name.as_deref() {
            Some(name) if is_classic_metric(name) => {
                f.write_str(name)?;
                if matchers.is_empty() {
                    return Ok(());
                }
            }
            // As every version reads it.
            Some(name) => matchers.insert(0, format!("__name__={}", quoted(name))),
            None => {}
        }
        write!(f, "{{{}}}", matchers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_series_is_read_as_it_is_written(name in "[a-z.é\"\\\\\n]{1,8}", value in ".{0,12}") {
            let pattern = Pattern {
                name: Some(name),
                matchers: vec![Matcher::new(MatchOp::Equal, "a", &value)],
            };
            let text = pattern.to_string();
            proptest::prop_assert_eq!(Pattern::of_series(&text), Some(pattern), "{}", text);
            let quoted = quoted(&value);
            let read = crate::promql::unquoted(&quoted).map(|(text, _)| text);
            proptest::prop_assert_eq!(read, Some(value));
        }
    }

    #[test]
    fn a_selector_selects_what_prometheus_would() {
        let series = Pattern::of_series("m{a=\"x\",b=\"yz\"}").expect("a series");
        for (selector, selects) in [
            ("m", true),
            ("n", false),
            ("m{a=\"x\"}", true),
            ("m{a!=\"x\"}", false),
            ("m{b=~\"y\"}", false),
            ("m{b=~\"y.*\"}", true),
            ("m{c=\"\"}", true),
            ("m{c!=\"\"}", false),
            ("{__name__=\"m\"}", true),
        ] {
            let Ok(Expr::VectorSelector(parsed)) = super::super::parse(selector) else {
                panic!("{selector} is not a selector");
            };
            assert_eq!(Pattern::of(&parsed).selects(&series), selects, "{selector}");
        }
        assert_eq!(Pattern::of_series("m{a=~\"x\"}"), None);
    }
}
