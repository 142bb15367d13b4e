//! Which receivers start a retrain: a test must not, unless it is told that it may.

use crate::routing::{Decision, Labels};

/// Returns the first receiver among these that starts a retrain, by its name.
pub(super) fn receiver(decision: &Decision) -> Option<String> {
    let routed = decision.routed().into_iter();
    let mut retrain = routed.filter(|name| name.to_lowercase().contains("retrain"));
    retrain.next()
}

/// Tells why an alert may start a retrain, if it may: its receiver says so, or its own label does
/// and it reaches anybody at all.
pub(super) fn danger(labels: &Labels, decision: &Decision) -> Option<String> {
    if let Some(name) = receiver(decision) {
        return Some(format!("it is routed to {name}"));
    }
    let action = labels.get("action").map(String::as_str) == Some("retrain");
    let reaches = !decision.leaves.is_empty();
    (action && reaches).then(|| {
        let receivers = decision.routed().join(", ");
        format!("it has the label action=retrain and is routed to {receivers}")
    })
}
