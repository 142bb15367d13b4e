//! Which of three things the cases of a rule show: that it fires, that it is silent although there
//! are data, and what it does when there are none.

use std::collections::BTreeMap;
use std::time::Duration;

use promql_parser::parser::{Expr, Offset};
use serde::Serialize;

use crate::cases::{CaseFile, Test};
use crate::library::Library;
use crate::promql::{self, Pattern};
use crate::rule::{Rule, RuleKind};
use crate::samples::LOOKBACK;

/// Recording rules that feed each other are followed so far.
const MOST_LEVELS: usize = 8;

/// What the cases of a rule show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Cases in which it must fire.
    pub fires: usize,
    /// Cases in which it must be silent although a selector finds samples.
    pub silent: usize,
    /// Cases in which no selector finds a sample.
    pub no_data: usize,
}

impl Coverage {
    /// Looks at all cases of a rule.
    #[must_use]
    pub fn of(rule: &Rule, library: &Library) -> Self {
        let looks = promql::parse(&rule.expr.value).map(|expr| looks(&expr));
        // A heartbeat such as `vector(1)` looks at no data: any will do.
        let is_heartbeat = looks.as_ref().is_ok_and(Vec::is_empty);
        let looks = through_records(looks.unwrap_or_default(), rule.at.set, library);
        let mut coverage = Self::default();
        let files = library.case_files.iter();
        let loading = files.filter(|file| file.sets.contains(&rule.at.set));
        for test in loading.flat_map(|file: &CaseFile| &file.tests) {
            for case in test.cases.iter().filter(|case| case.alert == rule.name) {
                let has_data = looks.iter().any(|look| look.finds(test, case.at))
                    || is_heartbeat && !test.series.is_empty();
                // Of two alerts of one name, that fires whose labels are expected.
                let fires = case.expected.iter().any(|labels| may_be_of(rule, labels));
                coverage.fires += usize::from(fires);
                coverage.silent += usize::from(!fires && has_data);
                coverage.no_data += usize::from(!has_data);
            }
        }
        coverage
    }

    /// Returns how many of the three there are.
    #[must_use]
    pub fn shown(&self) -> usize {
        let counts = [self.fires, self.silent, self.no_data];
        counts.into_iter().filter(|count| *count > 0).count()
    }

    /// Returns what is not shown, in words.
    #[must_use]
    pub fn lacking(&self) -> Vec<&'static str> {
        let all = [
            (self.fires, "fires"),
            (self.silent, "silent"),
            (self.no_data, "no data"),
        ];
        let lacking = all.into_iter().filter(|(count, _)| *count == 0);
        lacking.map(|(_, word)| word).collect()
    }
}

/// Tells whether an alert of the rule can have these labels; those that are templates may be anything.
pub(super) fn may_be_of(rule: &Rule, labels: &BTreeMap<String, String>) -> bool {
    rule.labels.iter().all(|(name, scalar)| {
        let is_template = scalar.value.contains("{{");
        is_template || labels.get(name).map_or("", String::as_str) == scalar.value
    })
}

/// A selector, and the time that it looks at.
#[derive(Debug, Clone)]
struct Look {
    pattern: Pattern,
    /// How far back a range or a subquery looks, in milliseconds; none of an instant.
    range: Option<u64>,
    /// How long before the evaluation it ends; below zero after it.
    offset: i64,
    /// It looks at a time of its own (`@`): any sample will do.
    is_fixed: bool,
}

impl Look {
    fn finds(&self, test: &Test, at: u64) -> bool {
        let to = i64::try_from(at)
            .unwrap_or(i64::MAX)
            .saturating_sub(self.offset);
        let series = test.series.iter();
        let mut selected = series.filter(|one| self.pattern.selects(&one.pattern));
        selected.any(|one| match (&one.samples, u64::try_from(to)) {
            // What cannot be read is for promtool to refuse.
            (None, _) => true,
            (Some(samples), _) if self.is_fixed => samples.within(None, u64::MAX),
            (Some(_), Err(_)) => false,
            (Some(samples), Ok(to)) => match self.range {
                Some(range) => samples.within(to.checked_sub(range), to),
                None => samples.at(to),
            },
        })
    }
}

/// Returns what an expression looks at.
fn looks(expr: &Expr) -> Vec<Look> {
    let mut found = Vec::new();
    promql::walk(expr, &mut |inner, above| {
        let Some(selector) = promql::selector_of(inner) else {
            return;
        };
        let mut look = Look {
            pattern: Pattern::of(selector),
            range: match inner {
                Expr::MatrixSelector(matrix) => Some(milliseconds(matrix.range)),
                _ => None,
            },
            offset: offset(selector.offset.as_ref()),
            is_fixed: selector.at.is_some(),
        };
        for outer in above {
            if let Expr::Subquery(subquery) = outer {
                let own = look.range.unwrap_or(LOOKBACK);
                look.range = Some(own.saturating_add(milliseconds(subquery.range)));
                look.offset = look.offset.saturating_add(offset(subquery.offset.as_ref()));
                look.is_fixed |= subquery.at.is_some();
            }
        }
        found.push(look);
    });
    found
}

/// Adds what recording rules of the same set look at to make the metrics that are looked at.
fn through_records(mut looks: Vec<Look>, set: usize, library: &Library) -> Vec<Look> {
    let mut from = 0;
    for _ in 0..MOST_LEVELS {
        let mut made = Vec::new();
        for look in &looks[from..] {
            let Some(name) = look.pattern.metric() else {
                continue;
            };
            let records = library.rules.iter().filter(|rule| {
                rule.kind == RuleKind::Record && rule.at.set == set && rule.name == name
            });
            for expr in records.filter_map(|rule| promql::parse(&rule.expr.value).ok()) {
                made.extend(self::looks(&expr).into_iter().map(|inner| Look {
                    range: match (inner.range, look.range) {
                        (None, None) => None,
                        (inner, outer) => {
                            Some(inner.unwrap_or(LOOKBACK).saturating_add(outer.unwrap_or(0)))
                        }
                    },
                    offset: inner.offset.saturating_add(look.offset),
                    is_fixed: inner.is_fixed || look.is_fixed,
                    pattern: inner.pattern,
                }));
            }
        }
        from = looks.len();
        // A rule that feeds itself adds nothing new.
        made.retain(|one| !looks.iter().any(|known| known.pattern == one.pattern));
        if made.is_empty() {
            break;
        }
        looks.extend(made);
    }
    looks
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn offset(offset: Option<&Offset>) -> i64 {
    let signed = |duration: &Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match offset {
        None => 0,
        Some(Offset::Pos(duration)) => signed(duration),
        Some(Offset::Neg(duration)) => -signed(duration),
    }
}
