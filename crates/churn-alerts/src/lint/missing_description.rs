//! `missing-description`: an alert without `description`.

use super::check::{Context, Findings};
use super::missing::annotation;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let why = "say which object it is about and how bad it is, with {{ $labels }} and {{ $value }}";
    annotation(context, findings, "description", why);
}
