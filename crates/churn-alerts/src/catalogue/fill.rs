//! Fills a rule's file with the options: `${...}` becomes a name, or a number by `arithmetic.rs`.

use std::cell::Cell;

use churn_base::error::{Error, Result, nearest};
use churn_base::exit::ExitCode;
use churn_base::thresholds::Thresholds;

use super::arithmetic::evaluate;
use super::case::{Case, CaseKind, Check, Expected};
use super::file::{self, Action, RuleFile, Text};
use super::options::Options;
use super::rule::Rule;

/// What a file's expressions may name.
struct Scope<'a> {
    file: &'a RuleFile,
    name: &'a str,
    options: &'a Options,
    for_seconds: u64,
    /// How many values of the file are being computed one inside another.
    depth: Cell<usize>,
}

/// Makes the rule of a file.
///
/// # Errors
/// Fails, with file and line, on an expression that cannot be computed.
pub(super) fn rule(name: &'static str, text: &str, options: &Options) -> Result<Rule> {
    let file = file::parse(name, text)?;
    let mut scope = Scope {
        file: &file,
        name,
        options,
        for_seconds: 0,
        depth: Cell::new(0),
    };
    scope.for_seconds = match options.for_seconds.get(name) {
        Some(own) => *own,
        None => scope.seconds(&file.rule.hold)?,
    };
    let cases: Result<Vec<Case>> = file.tests.iter().map(|test| scope.case(test)).collect();
    let fix: Result<Vec<String>> = file
        .runbook
        .fix
        .iter()
        .map(|step| scope.text(step))
        .collect();
    Ok(Rule {
        name,
        layer: file.rule.labels.layer,
        severity: file.rule.labels.severity,
        retrains: file.rule.labels.action == Some(Action::Retrain),
        on_by_default: file.on_by_default,
        evaluation_seconds: match &file.evaluation_interval {
            Some(interval) => Some(scope.seconds(interval)?),
            None => None,
        },
        expr: scope.text(&file.rule.expr)?,
        for_seconds: scope.for_seconds,
        summary: scope.text(&file.rule.annotations.summary)?,
        cases: cases?,
        fix: fix?,
        first_command: scope.text(&file.runbook.first_command)?,
        first_query: scope.text(&file.runbook.first_query)?,
        needs: file.needs,
        impact: file.runbook.impact,
        page_because: file.runbook.page_because,
        description: file.rule.annotations.description,
        meaning: file.runbook.meaning,
    })
}

impl Scope<'_> {
    fn error(&self, at: &Text, message: &str) -> Error {
        let (name, line) = (self.name, at.referenced.line());
        Error::new(
            ExitCode::Bug,
            format!("rules/{name}.yaml, line {line}: {message}"),
        )
    }

    /// Fills in every `${...}` of a text.
    fn text(&self, template: &Text) -> Result<String> {
        let mut text = String::with_capacity(template.value.len() + 64);
        let mut rest = template.value.as_str();
        while let Some((before, inside)) = rest.split_once("${") {
            let Some((expression, after)) = inside.split_once('}') else {
                return Err(self.error(template, "\"${\" without \"}\""));
            };
            text.push_str(before);
            match self.options.name(expression) {
                Some(name) => text.push_str(&name),
                None => text.push_str(&self.number(template, expression)?.to_string()),
            }
            rest = after;
        }
        Ok(text + rest)
    }

    /// Computes a value that is nothing but an expression, in `${}` or not: `10m`, `${for + 10m}`.
    fn value(&self, at: &Text) -> Result<f64> {
        let text = at.value.trim();
        let inside = text
            .strip_prefix("${")
            .and_then(|text| text.strip_suffix('}'));
        self.number(at, inside.unwrap_or(text))
    }

    /// Computes a time.
    fn seconds(&self, at: &Text) -> Result<u64> {
        let seconds = self.value(at)?;
        match seconds >= 0.0 && seconds.fract() == 0.0 {
            true => Ok(seconds as u64),
            false => Err(self.error(at, &format!("{seconds} is not a time in whole seconds"))),
        }
    }

    fn number(&self, at: &Text, expression: &str) -> Result<f64> {
        evaluate(expression, &|name| self.lookup(name))
            .map_err(|message| self.error(at, &format!("${{{expression}}}: {message}")))
    }

    fn lookup(&self, name: &str) -> std::result::Result<f64, String> {
        if let Some(own) = self.file.values.get(name) {
            // More than there are values: they refer to each other in a circle.
            if self.depth.get() > self.file.values.len() {
                return Err(format!("\"{name}\" refers to itself"));
            }
            self.depth.set(self.depth.get() + 1);
            let value = evaluate(&own.value, &|name| self.lookup(name));
            self.depth.set(self.depth.get() - 1);
            return value;
        }
        let hold = self.for_seconds;
        match name {
            "for" => Ok(hold as f64),
            // A minute before the alert fires, or half of a shorter time.
            "too_early" => Ok((hold - (hold / 2).min(60)) as f64),
            _ => self.options.thresholds.get(name).ok_or_else(|| {
                let known = self.file.values.keys().map(String::as_str);
                let known = known.chain(Thresholds::ALL.iter().map(|one| one.name));
                match nearest(name, known.chain(["for", "too_early"])) {
                    Some(near) => format!("\"{name}\" is not known; did you mean {near}?"),
                    None => format!("\"{name}\" is not known"),
                }
            }),
        }
    }

    fn case(&self, test: &file::Test) -> Result<Case> {
        let kinds = [CaseKind::Fires, CaseKind::Silent, CaseKind::NoData];
        let kind = kinds.into_iter().find_map(|kind| {
            let name = test.name.value.strip_prefix(kind.as_str())?;
            Some((kind, name.strip_prefix(": ")?))
        });
        let Some((kind, name)) = kind else {
            let message = "a name begins with \"fires: \", \"silent: \" or \"no data: \"";
            return Err(self.error(&test.name, message));
        };
        let mut series = Vec::with_capacity(test.input_series.len());
        for one in &test.input_series {
            let there = match &one.when {
                Some(when) => self.value(when)? != 0.0,
                None => true,
            };
            if there {
                series.push((self.text(&one.series)?, self.text(&one.values)?));
            }
        }
        let mut checks: Vec<Check> = Vec::with_capacity(test.alert_rule_test.len());
        for one in &test.alert_rule_test {
            let check = self.check(one)?;
            // Where `for` is a second there is no time before it.
            match checks
                .iter_mut()
                .find(|other| other.at_seconds == check.at_seconds)
            {
                Some(same) => same.alerts.extend(check.alerts),
                None => checks.push(check),
            }
        }
        Ok(Case {
            kind,
            name: name.to_owned(),
            interval_seconds: match &test.interval {
                Some(interval) => self.seconds(interval)?,
                None => 60,
            },
            series,
            checks,
        })
    }

    fn check(&self, check: &file::Check) -> Result<Check> {
        let mut alerts = Vec::with_capacity(check.exp_alerts.len());
        for alert in &check.exp_alerts {
            let labels = alert.exp_labels.iter();
            let labels: Result<Vec<(String, String)>> = labels
                .map(|(name, value)| Ok((name.clone(), self.text(value)?)))
                .collect();
            alerts.push(Expected {
                labels: labels?,
                value: alert
                    .value
                    .as_ref()
                    .map(|value| self.value(value))
                    .transpose()?,
            });
        }
        Ok(Check {
            at_seconds: self.seconds(&check.eval_time)?,
            alerts,
        })
    }
}
