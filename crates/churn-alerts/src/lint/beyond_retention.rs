//! `beyond-retention`: an `offset` or a range that reaches further back than samples are kept.

use std::time::Duration;

use promql_parser::parser::{Expr, Offset, SubqueryExpr, VectorSelector};

use super::check::{Context, Findings, Severity};
use crate::duration;

/// `--storage.tsdb.retention.time` where nobody sets it.
const DEFAULT: u64 = 15 * 86_400_000;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let known = context.options.retention;
    let kept = known.unwrap_or(DEFAULT);
    for view in &context.all {
        view.tree.walk(&mut |part, above| {
            let own = match part.expr {
                Expr::VectorSelector(selector) => of_selector(selector, Duration::ZERO),
                Expr::MatrixSelector(matrix) => of_selector(&matrix.vs, matrix.range),
                _ => return,
            };
            let outer = above.iter().filter_map(|outer| match outer.expr {
                Expr::Subquery(subquery) => Some(of_subquery(subquery)),
                _ => None,
            });
            let back = outer.fold(own, u64::saturating_add);
            if back <= kept {
                return;
            }
            let (status, kept_text) = match known {
                Some(_) => (Severity::Fail, format!("{} are kept", duration::text(kept))),
                None => (
                    Severity::Warn,
                    format!(
                        "Prometheus keeps {} unless told otherwise",
                        duration::text(kept)
                    ),
                ),
            };
            let message = format!("looks {} back, and {kept_text}", duration::text(back));
            let hint = "keep samples longer, record what is needed, or say --retention";
            findings.of_rule(status, view.rule, view.place(part), message, hint);
        });
    }
}

fn back(offset: Option<&Offset>) -> u64 {
    match offset {
        Some(Offset::Pos(offset)) => offset.as_millis() as u64,
        Some(Offset::Neg(_)) | None => 0,
    }
}

fn of_selector(selector: &VectorSelector, range: Duration) -> u64 {
    range.as_millis() as u64 + back(selector.offset.as_ref())
}

fn of_subquery(subquery: &SubqueryExpr) -> u64 {
    subquery.range.as_millis() as u64 + back(subquery.offset.as_ref())
}
