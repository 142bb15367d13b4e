//! `finished-pods`: a pod of a Job that is done is in the phase Succeeded, and stays there.

use super::check::{Context, Findings, Severity};
use crate::promql::selectors;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        for pattern in selectors(view.expr) {
            if pattern.metric() != Some("kube_pod_status_phase") {
                continue;
            }
            let phase = pattern.matcher("phase");
            if phase.is_some_and(|matcher| !matcher.is_match("Succeeded")) {
                continue;
            }
            let message = "the phase may be Succeeded: every finished pod of a Job fires, as long as it is kept";
            let hint = "match phase=~\"Pending|Unknown|Failed\", and leave out pods that a Job owns (kube_pod_owner)";
            let place = view.place_of("kube_pod_status_phase");
            findings.of_rule(Severity::Fail, view.rule, place, message, hint);
        }
    }
}
