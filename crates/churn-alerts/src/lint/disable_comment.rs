//! `disable-comment`: whoever switches a check off says why, and names a check that exists.

use churn_base::error::nearest;

use super::check::{Context, Findings, Severity};
use super::comments::disables;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for source in &context.library.sources {
        for disable in disables(source) {
            if disable.reason.is_empty() {
                let message = format!(
                    "{} is switched off without a reason",
                    disable.ids.join(", ")
                );
                let hint = "write the reason behind the id, in the same comment";
                findings.of_line(Severity::Warn, source, disable.line, message, hint);
            }
            let known = context.checks.iter().map(|check| check.id);
            let is_unknown = |id: &&String| known.clone().all(|known| known != id.as_str());
            for id in disable.ids.iter().filter(is_unknown) {
                let hint = match nearest(id, known.clone()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "churnctl alerts lint --explain all lists the checks".to_owned(),
                };
                let message = format!("no check \"{id}\" to switch off");
                findings.of_line(Severity::Warn, source, disable.line, message, hint);
            }
        }
    }
}
