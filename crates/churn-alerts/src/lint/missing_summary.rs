//! `missing-summary`: an alert without `summary`.

use super::check::{Context, Findings};
use super::missing::annotation;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let why = "say in a few words what is wrong, without values: it is the title of the message";
    annotation(context, findings, "summary", why);
}
