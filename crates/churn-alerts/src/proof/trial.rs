//! One alert is tried: promtool runs guesses, and says which alerts fire in each.

use std::path::{Path, PathBuf};

use churn_base::error::Result;
use promql_parser::parser::Expr;
use serde_json::{Value, json};

use super::guess::Guess;
use super::prepare;
use super::promtool::{Objection, Promtool};
use crate::duration;
use crate::promql;
use crate::promql::unquoted;
use crate::rule::Rule;

/// An alert that fires, in the words of promtool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fired {
    /// Its labels, `alertname` among them.
    pub(super) labels: Vec<(String, String)>,
    pub(super) annotations: Vec<(String, String)>,
}

/// What promtool says of a guess: the alerts that fire, or why it cannot say.
pub(super) type Outcome = std::result::Result<Vec<Fired>, String>;

/// A guess, and the alert that is asked at some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) guess: &'a Guess,
    pub(super) alert: &'a str,
    pub(super) at: &'a str,
}

/// Asks promtool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Oracle<'a> {
    pub(super) promtool: &'a Promtool,
    /// Where its files are written.
    pub(super) folder: &'a Path,
    /// Tells the files of one oracle from those of others.
    pub(super) number: usize,
}

impl Oracle<'_> {
    /// Returns for each question the alerts that fire.
    pub(super) fn ask(
        &self,
        rules: &[PathBuf],
        questions: &[Question<'_>],
    ) -> Result<Vec<Outcome>> {
        let tests = questions.iter().enumerate().map(|(place, question)| {
            let series = question.guess.series.iter();
            let series = series.map(|one| json!({ "series": one.name, "values": one.values }));
            json!({
                "name": format!("g{place}"),
                "interval": question.guess.interval(),
                "input_series": series.collect::<Value>(),
                // What no alert has: the case fails if one fires, and promtool says which.
                "alert_rule_test": [
                    { "alertname": question.alert, "eval_time": question.at, "exp_alerts": [] }
                ],
            })
        });
        let patterns = rules.iter().map(|path| pattern(&path.to_string_lossy()));
        let body = json!({
            "rule_files": patterns.collect::<Value>(),
            "evaluation_interval": "1m",
            "tests": tests.collect::<Value>(),
        });
        let path = self.folder.join(format!("guess-{}.json", self.number));
        prepare::write(&path, &body.to_string())?;
        let mut outcomes: Vec<Outcome> = vec![Ok(Vec::new()); questions.len()];
        for objection in self.promtool.test(&path)? {
            if let Objection::Case { test, detail, .. } = objection {
                let place = test
                    .strip_prefix('g')
                    .and_then(|at| at.parse::<usize>().ok());
                if let Some(outcome) = place.and_then(|place| outcomes.get_mut(place)) {
                    *outcome = fired(&detail).ok_or(detail);
                }
                continue;
            }
            // What cannot be evaluated does not say of which question it is.
            if questions.len() == 1 {
                return Ok(vec![Err(objection.text())]);
            }
            let (first, second) = questions.split_at(questions.len() / 2);
            let mut outcomes = self.ask(rules, first)?;
            outcomes.extend(self.ask(rules, second)?);
            return Ok(outcomes);
        }
        Ok(outcomes)
    }
}

/// The path as a pattern that finds it and nothing else: promtool takes no plain paths.
pub(super) fn pattern(path: &str) -> String {
    let mut pattern = String::new();
    for character in path.chars() {
        match character {
            '*' | '?' | '[' => pattern.extend(['[', character, ']']),
            _ => pattern.push(character),
        }
    }
    pattern
}

/// Takes the alerts that promtool got out of its words.
pub(super) fn fired(detail: &str) -> Option<Vec<Fired>> {
    let mut rest = detail.split_once("got:")?.1;
    let mut found = Vec::new();
    while let Some((_, after)) = rest.split_once("Labels:{") {
        let (labels, after) = pairs(after)?;
        let (_, after) = after.split_once("Annotations:{")?;
        let (annotations, after) = pairs(after)?;
        found.push(Fired {
            labels,
            annotations,
        });
        rest = after;
    }
    Some(found)
}

/// Reads `a="b", c="d"}` and returns what is behind it.
fn pairs(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((found, after));
        }
        let name = match rest.starts_with('"') {
            true => {
                let (name, length) = unquoted(rest)?;
                rest = rest[length..].strip_prefix('=')?;
                name
            }
            false => {
                let (name, after) = rest.split_once('=')?;
                rest = after;
                name.to_owned()
            }
        };
        let (value, length) = unquoted(rest)?;
        rest = &rest[length..];
        found.push((name, value));
    }
}

/// Tells whether an annotation shows the last digits of a computation, which differ from one version
/// of Prometheus to another.
pub(super) fn is_long(fired: &[Fired]) -> bool {
    let texts = fired
        .iter()
        .flat_map(|one| one.labels.iter().chain(&one.annotations));
    texts.into_iter().any(|(_, text)| {
        let mut digits = text.split(|c: char| !c.is_ascii_digit());
        digits.any(|digits| digits.len() > 11)
    })
}

/// How far back the expression looks, in milliseconds, the shorter first: of most ranges a part is
/// enough.
pub(super) fn reaches(rule: &Rule, expr: &Expr) -> Vec<u64> {
    let mut longest = 0;
    promql::walk(expr, &mut |inner, _| match inner {
        Expr::MatrixSelector(matrix) => longest = longest.max(matrix.range.as_millis() as u64),
        Expr::Subquery(subquery) => longest = longest.max(subquery.range.as_millis() as u64),
        _ => {}
    });
    let text = &rule.expr.value;
    let tokens = promql::scan(text);
    // An offset looks back as far as it says.
    let offsets = tokens
        .windows(2)
        .filter(|pair| pair[0].text(text) == "offset");
    let offset = offsets
        .filter_map(|pair| duration::parse(pair[1].text(text)))
        .max()
        .unwrap_or(0);
    let mut reaches = vec![offset + longest.min(600_000), offset + longest];
    reaches.dedup();
    reaches
}

/// So many whole minutes and two more. A month of minutes is what promtool does in a second or two.
pub(super) fn minutes(milliseconds: u64) -> u64 {
    (milliseconds.div_ceil(60_000) + 2).min(45_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_taken_out_of_the_words_of_promtool() {
        // promtool 2.42 and 3.14 test rules, joined to one line as `promtool` does it.
        let said = "exp:[], got:[ 0: Labels:{alertname=\"A\", a=\"b, \\\"c\\\"\", \"x.y\"=\"z\"} Annotations:{s=\"two\\nlines\"}, \
                    1: Labels:{alertname=\"A\"} Annotations:{} ]";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let first = vec![
            pair("alertname", "A"),
            pair("a", "b, \"c\""),
            pair("x.y", "z"),
        ];
        let wanted = vec![
            (first, vec![pair("s", "two\nlines")]),
            (vec![pair("alertname", "A")], Vec::new()),
        ];
        let wanted: Vec<Fired> = wanted
            .into_iter()
            .map(|(labels, annotations)| Fired {
                labels,
                annotations,
            })
            .collect();
        assert_eq!(fired(said), Some(wanted));
        assert_eq!(
            fired("exp:[ 0: Labels:{} Annotations:{} ], got:[]"),
            Some(Vec::new())
        );
    }
}
