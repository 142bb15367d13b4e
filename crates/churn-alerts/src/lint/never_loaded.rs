//! `never-loaded`: a second YAML document, which the server does not even look at.

use super::check::{Context, Findings, Severity};
use super::syntax::add;
use crate::refusal::RefusalKind;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for refusal in &context.library.refusals {
        if refusal.kind == RefusalKind::NeverLoaded {
            add(refusal, Severity::Fail, findings);
        }
    }
}
