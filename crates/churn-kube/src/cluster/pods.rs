//! Why the pods of a Job do not run: what a wait would otherwise never hear of, since the Job itself
//! only counts them. Reads pods and changes nothing; a container that works is not looked at.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use tokio::sync::watch;

use super::client::Cluster;

/// Between two looks. The kubelet itself waits longer between two tries to pull an image.
const LOOK: Duration = Duration::from_secs(2);

/// Reasons of a waiting container that are on the way to a running one (the kubelet's
/// `ContainerCreating` and `PodInitializing`); every other word names something that went wrong.
const ON_THE_WAY: [&str; 2] = ["ContainerCreating", "PodInitializing"];

impl Cluster {
    /// Tells what holds the pods of a Job back, each time that it changes, until the Job has ended.
    /// Ends without a word where pods may not be listed: the wait does not need them.
    pub(super) async fn tell_stuck_pods(
        &self,
        job: &str,
        mut ended: watch::Receiver<bool>,
        tell: impl Fn(String),
    ) {
        let looking = async {
            let selector = format!("batch.kubernetes.io/job-name={job}");
            let mut last = None;
            loop {
                tokio::time::sleep(LOOK).await;
                let stuck = match self.renewed().list::<Pod>(Some(&selector)).await {
                    Ok(pods) => pods.items.iter().find_map(stuck),
                    Err(error) if error.is_transient() => continue,
                    Err(_) => return,
                };
                if stuck != last
                    && let Some(text) = &stuck
                {
                    tell(text.clone());
                }
                last = stuck;
            }
        };
        tokio::select! {
            () = looking => {}
            _ = ended.wait_for(|ended| *ended) => {}
        }
    }
}

/// Returns what holds a pod back, in a sentence; none for one that runs, ends, or is on its way.
fn stuck(pod: &Pod) -> Option<String> {
    let name = pod.metadata.name.as_deref().unwrap_or("a pod");
    let status = pod.status.as_ref()?;
    if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return None;
    }
    let because = |word: &str, text: Option<&str>| match text {
        Some(text) if !text.is_empty() => format!("{word}: {text}"),
        Some(_) | None => word.to_owned(),
    };
    let mut conditions = status.conditions.iter().flatten();
    // `Unschedulable` where no node fits, `SchedulingGated` where somebody holds the pod back.
    let unplaced = conditions
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unplaced {
        let word = condition.reason.as_deref().unwrap_or("not scheduled");
        let why = because(word, condition.message.as_deref());
        return Some(format!("pod {name} has no node, {why}"));
    }
    let init = status.init_container_statuses.iter().flatten();
    let mut all = init.chain(status.container_statuses.iter().flatten());
    all.find_map(|container: &ContainerStatus| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let word = waiting.reason.as_deref().filter(|word| !word.is_empty())?;
        if ON_THE_WAY.contains(&word) {
            return None;
        }
        let why = because(word, waiting.message.as_deref());
        Some(format!(
            "container {} of pod {name} does not start, {why}",
            container.name
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(status: Value) -> Option<String> {
        let pod = json!({"metadata": {"name": "p"}, "status": status});
        stuck(&serde_json::from_value(pod).expect("a pod"))
    }

    fn waiting(kind: &str, reason: &str) -> Value {
        json!({"phase": "Pending", kind: [{"name": "train", "image": "x", "imageID": "", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": reason, "message": "why"}}}]})
    }

    #[test]
    fn a_pod_that_no_node_takes_says_so_in_the_schedulers_words() {
        // The reasons are PodReasonUnschedulable and PodReasonSchedulingGated of k8s.io/api/core/v1.
        for reason in ["Unschedulable", "SchedulingGated"] {
            let told = of(json!({"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": reason,
                 "message": "0/3 nodes are available: 3 Insufficient memory."}]}));
            let wanted = format!(
                "pod p has no node, {reason}: 0/3 nodes are available: 3 Insufficient memory."
            );
            assert_eq!(told, Some(wanted));
        }
    }

    #[test]
    fn a_container_that_cannot_start_is_named_with_the_kubelets_reason() {
        // Reasons of k8s.io/kubernetes/pkg/kubelet/images and kuberuntime.
        for reason in [
            "ErrImagePull",
            "ImagePullBackOff",
            "InvalidImageName",
            "ErrImageNeverPull",
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "CrashLoopBackOff",
        ] {
            for kind in ["containerStatuses", "initContainerStatuses"] {
                let wanted = format!("container train of pod p does not start, {reason}: why");
                assert_eq!(of(waiting(kind, reason)), Some(wanted));
            }
        }
    }

    #[test]
    fn a_pod_on_its_way_or_at_its_end_is_not_stuck() {
        for reason in ["ContainerCreating", "PodInitializing"] {
            assert_eq!(of(waiting("containerStatuses", reason)), None);
        }
        assert_eq!(of(json!({"phase": "Running"})), None);
        let mut ended = waiting("containerStatuses", "ErrImagePull");
        ended["phase"] = json!("Failed");
        assert_eq!(of(ended), None);
        let scheduled = json!({"conditions": [{"type": "PodScheduled", "status": "True"}]});
        assert_eq!(of(scheduled), None);
        assert_eq!(stuck(&Pod::default()), None);
    }
}
