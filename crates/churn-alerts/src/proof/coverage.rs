//! Which of three things the cases of a rule show: that it fires, that it is silent although there
//! are data, and what it does when there are none.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cases::{CaseFile, Test};
use crate::promql::{self, Pattern};
use crate::rule::Rule;

/// What the cases of a rule show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Cases in which it must fire.
    pub fires: usize,
    /// Cases in which it must be silent although a selector finds series.
    pub silent: usize,
    /// Cases in which no selector finds a series.
    pub no_data: usize,
}

impl Coverage {
    /// Looks at all cases of a rule.
    #[must_use]
    pub fn of(rule: &Rule, files: &[CaseFile]) -> Self {
        let selectors = promql::parse(&rule.expr.value);
        let selectors = selectors.map(|expr| promql::selectors(&expr));
        // A heartbeat such as `vector(1)` looks at no data: any will do.
        let is_heartbeat = selectors.as_ref().is_ok_and(Vec::is_empty);
        let selectors = selectors.unwrap_or_default();
        let mut coverage = Self::default();
        let loading = files.iter().filter(|file| file.sets.contains(&rule.at.set));
        for test in loading.flat_map(|file| &file.tests) {
            let has_data = finds(&selectors, test) || is_heartbeat && !test.series.is_empty();
            for case in test.cases.iter().filter(|case| case.alert == rule.name) {
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

fn finds(selectors: &[Pattern], test: &Test) -> bool {
    let mut series = test.series.iter();
    series.any(|series| selectors.iter().any(|selector| selector.selects(series)))
}
