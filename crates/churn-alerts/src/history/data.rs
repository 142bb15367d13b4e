//! Whether a rule that never fired had anything to look at: a selector without one sample in the whole
//! range is not silence.

use std::collections::BTreeMap;
use std::time::Duration;

use churn_base::error::Result;
use promql_parser::parser::{BinaryExpr, Expr, Offset};
use serde::Serialize;

use super::ask::{Asked, Asker};
use super::plan::{Grid, TimeRange};
use crate::duration;
use crate::promql::{self, Pattern};

/// How long a sample is seen after its time where nobody set another lookback, in milliseconds. With
/// steps up to this no sample is overlooked.
const LOOKBACK: i64 = 300_000;
/// About as many looks at a range as one query answers.
const LOOKS: i64 = 10_000;

/// What a selector found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SelectorData {
    /// The selector.
    pub selector: String,
    /// Share of the range in which it found a series; none if the server could not say.
    pub(crate) data_share: Option<f64>,
    /// Where the files record it; none if they don't.
    pub(crate) recorded_by: Option<String>,
}

impl SelectorData {
    /// Tells whether it found nothing at any time.
    pub fn is_empty(&self) -> bool {
        self.data_share == Some(0.0)
    }
}

/// Asks what selectors find, each once for all rules.
pub(crate) struct DataFinder<'a, 'p> {
    asker: &'a Asker<'p>,
    range: TimeRange,
    /// Places of recording rules by the name that they record.
    records: &'a [(String, String)],
    known: BTreeMap<(String, i64), Option<f64>>,
}

/// What the selectors of a rule find.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleData {
    pub selectors: Vec<SelectorData>,
    /// Whether the expression can have no result, since selectors that it needs found nothing.
    pub(crate) is_without: bool,
}

impl<'a, 'p> DataFinder<'a, 'p> {
    pub(super) const fn new(
        asker: &'a Asker<'p>,
        range: TimeRange,
        records: &'a [(String, String)],
    ) -> Self {
        Self {
            asker,
            range,
            records,
            known: BTreeMap::new(),
        }
    }

    /// Asks for the selectors of an expression: for all of them, or for those alone that a recording
    /// rule makes. An expression that our parser does not know has none.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub(super) fn of(&mut self, expr: &str, step: i64, only_recorded: bool) -> Result<RuleData> {
        let Ok(expr) = promql::parse(expr) else {
            return Ok(RuleData::default());
        };
        let mut data = RuleData::default();
        for (pattern, offset) in looked_at(&expr) {
            let name = pattern.metric().unwrap_or_default();
            let recorded = self.records.iter().find(|(record, _)| record == name);
            // A colon in a name is the mark of a recording rule.
            if only_recorded && recorded.is_none() && !name.contains(':') {
                continue;
            }
            data.selectors.push(SelectorData {
                data_share: self.share(&format!("{pattern}{offset}"), step)?,
                selector: format!("{pattern}{offset}"),
                recorded_by: recorded.map(|(_, place)| place.clone()),
            });
        }
        let finds = |pattern: &Pattern| {
            let text = pattern.to_string();
            let of_it = |one: &&SelectorData| {
                let rest = one.selector.strip_prefix(&text);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" offset "))
            };
            let mut found = data.selectors.iter().filter(of_it).peekable();
            found.peek().is_none() || !found.all(SelectorData::is_empty)
        };
        data.is_without = !may_have_result(&expr, &finds);
        Ok(data)
    }

    fn share(&mut self, selector: &str, step: i64) -> Result<Option<f64>> {
        let length = self.range.end - self.range.start;
        let step = step.max(length / LOOKS).clamp(1, LOOKBACK);
        let key = (selector.to_owned(), step);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let share = match Grid::within(self.range, step) {
            None => None,
            Some(grid) => {
                let (mut found, mut failed) = (0, false);
                let query = format!("count({})", key.0);
                self.asker
                    .ask(&query, grid, 0, &mut |asked: Asked| match asked.series {
                        Ok(series) => {
                            found += series.iter().map(|one| one.samples.len()).sum::<usize>();
                        }
                        Err(_) => failed = true,
                    })?;
                // One sample is enough to know that there is data; that there is none, only all say.
                (found > 0 || !failed).then(|| found as f64 / grid.count() as f64)
            }
        };
        self.known.insert(key, share);
        Ok(share)
    }
}

/// Returns what the expression selects and, behind it, how long before: ` offset 1h`.
fn looked_at(expr: &Expr) -> Vec<(Pattern, String)> {
    let text_of =
        |offset: &Duration| duration::text(u64::try_from(offset.as_millis()).unwrap_or(u64::MAX));
    let mut found = Vec::new();
    promql::walk(expr, &mut |inner, _| {
        if let Some(selector) = promql::selector_of(inner) {
            let offset = match &selector.offset {
                None => String::new(),
                Some(Offset::Pos(offset)) => format!(" offset {}", text_of(offset)),
                Some(Offset::Neg(offset)) => format!(" offset -{}", text_of(offset)),
            };
            let one = (Pattern::of(selector), offset);
            if !found.contains(&one) {
                found.push(one);
            }
        }
    });
    found
}

/// Tells whether an expression may have a result when only some of its selectors find series.
fn may_have_result(expr: &Expr, finds: &dyn Fn(&Pattern) -> bool) -> bool {
    if let Some(selector) = promql::selector_of(expr) {
        return finds(&Pattern::of(selector));
    }
    if let Expr::Binary(binary) = expr {
        return binary_may(binary, finds);
    }
    // Their result is there because the selector finds nothing, or is there always.
    if promql::calls(
        expr,
        &["absent", "absent_over_time", "vector", "scalar", "time"],
    ) {
        return true;
    }
    let children = promql::children(expr);
    children
        .into_iter()
        .all(|child| may_have_result(child, finds))
}

fn binary_may(binary: &BinaryExpr, finds: &dyn Fn(&Pattern) -> bool) -> bool {
    let left = may_have_result(&binary.lhs, finds);
    let right = || may_have_result(&binary.rhs, finds);
    match binary.op.to_string().as_str() {
        "or" => left || right(),
        "unless" => left,
        _ => left && right(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_without_data_that_it_needs_has_no_result() {
        // What PromQL says of each operator where one side is empty.
        for (expr, may) in [
            ("gone > 1", false),
            ("rate(gone[5m]) > 1", false),
            ("here > 1 and on () gone", false),
            ("here / gone > 1", false),
            ("here > 1 or gone > 1", true),
            ("here unless gone", true),
            ("gone unless here", false),
            ("absent(gone)", true),
            ("here > scalar(gone)", true),
            ("sum by (a) (gone) > 0", false),
            ("vector(1)", true),
        ] {
            let parsed = promql::parse(expr).expect(expr);
            let finds = |pattern: &Pattern| pattern.metric() == Some("here");
            assert_eq!(may_have_result(&parsed, &finds), may, "{expr}");
        }
    }
}
