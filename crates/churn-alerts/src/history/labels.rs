//! The labels of an alert: those of the sample without its name, those that the rule sets over them,
//! and the alert's name, as Prometheus puts them together. Of templates only a label of the sample
//! and the value are filled in; what else there is stays as written, and is told.

use std::collections::BTreeMap;

/// Labels of an alert, by name.
pub(super) type Labels = BTreeMap<String, String>;

/// A piece of a label's value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `{{ $labels.NAME }}`.
    Label(String),
    /// `{{ $value }}`.
    Value,
}

/// The labels that a rule sets, ready to be filled in.
#[derive(Debug)]
pub(super) struct LabelMaker {
    name: String,
    labels: Vec<(String, Vec<Piece>)>,
    /// Labels whose template is more than what is filled in here.
    pub(super) unfilled: Vec<String>,
}

impl LabelMaker {
    pub(super) fn new(name: &str, labels: &[(String, String)]) -> Self {
        let mut unfilled = Vec::new();
        let labels = labels.iter().map(|(label, template)| {
            let pieces = pieces(template).unwrap_or_else(|| {
                unfilled.push(label.clone());
                vec![Piece::Text(template.clone())]
            });
            (label.clone(), pieces)
        });
        let labels = labels.collect();
        Self {
            name: name.to_owned(),
            labels,
            unfilled,
        }
    }

    /// Tells whether two samples of one series may be two alerts.
    pub(super) fn depends_on_value(&self) -> bool {
        let pieces = self.labels.iter().flat_map(|(_, pieces)| pieces);
        pieces.into_iter().any(|piece| *piece == Piece::Value)
    }

    /// Returns the labels of the alert of a sample.
    pub(super) fn labels(&self, sample: &Labels, value: f64) -> Labels {
        let mut labels = sample.clone();
        labels.remove("__name__");
        for (name, pieces) in &self.labels {
            let text: String = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Label(name) => sample.get(name).cloned().unwrap_or_default(),
                    Piece::Value => go_float(value),
                })
                .collect();
            // A label without a value is not a label.
            match text.is_empty() {
                true => labels.remove(name),
                false => labels.insert(name.clone(), text),
            };
        }
        labels.insert("alertname".to_owned(), self.name.clone());
        labels
    }
}

/// Cuts a template; none if it does more than name labels and the value.
fn pieces(template: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(begin) = rest.find("{{") {
        if begin > 0 {
            pieces.push(Piece::Text(rest[..begin].to_owned()));
        }
        let end = begin + rest[begin..].find("}}")?;
        let action = rest[begin + 2..end].trim();
        let label = action
            .strip_prefix("$labels.")
            .or_else(|| action.strip_prefix(".Labels."));
        let is_word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        pieces.push(match (action, label) {
            ("$value" | ".Value", _) => Piece::Value,
            (_, Some(name)) if is_word(name) => Piece::Label(name.to_owned()),
            _ => return None,
        });
        rest = &rest[end + 2..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}

/// Writes a number as Go's `%v` does: the shortest text that is read back as the same number, with
/// an exponent below 1e-4 and from 1e6 on.
fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Labels {
        let pairs = [("__name__", "up"), ("job", "api"), ("pod", "a")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        pairs.into_iter().collect()
    }

    fn maker(labels: &[(&str, &str)]) -> LabelMaker {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        LabelMaker::new("A", &labels.collect::<Vec<_>>())
    }

    #[test]
    fn the_rules_labels_go_over_those_of_the_sample() {
        let maker = maker(&[
            ("job", "x"),
            ("pod", ""),
            ("team", "of {{ $labels.pod }}/{{.Value}}"),
        ]);
        let labels = maker.labels(&sample(), 0.5);
        let text: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(text, ["alertname=A", "job=x", "team=of a/0.5"]);
        assert!(maker.depends_on_value() && maker.unfilled.is_empty());
    }

    #[test]
    fn a_template_that_does_more_is_told_and_stays_as_written() {
        let maker = maker(&[
            ("a", "{{ $labels.pod | toUpper }}"),
            ("b", "{{ $labels.none }}"),
        ]);
        assert_eq!(maker.unfilled, ["a"]);
        let labels = maker.labels(&sample(), 1.0);
        assert_eq!(labels["a"], "{{ $labels.pod | toUpper }}");
        assert!(!labels.contains_key("b") && !maker.depends_on_value());
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        // {{.}} of Go 1.26.8's text/template on each of them.
        for (value, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (999_999.0, "999999"),
            (1_234_567.0, "1.234567e+06"),
            (1e8, "1e+08"),
            (1e21, "1e+21"),
            (0.0001, "0.0001"),
            (0.00001234, "1.234e-05"),
            (-0.5, "-0.5"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(go_float(value), text, "{value}");
        }
    }
}
