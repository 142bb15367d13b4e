//! Follows the logs of every pod of a Job, retries included, each line with where it comes from.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::core::subresource::LogParams;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::client::{Cluster, path};
use super::error::{Call, ClusterError, Problem};
use super::lines::Lines;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The pod; with the container where the pod has several.
    pub from: String,
    /// The text.
    pub text: String,
}

/// Between two looks for new pods.
const LOOK: Duration = Duration::from_millis(700);
/// What a log says nothing for so long is asked for again.
const IDLE: Duration = Duration::from_secs(600);
/// How long the rest of the logs may take when the Job has ended.
const REST: Duration = Duration::from_secs(10);

/// A container whose log can be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    pod: String,
    container: String,
    from: String,
}

impl Cluster {
    /// Follows the logs of the Job's pods until `ended` says that it has ended and all are read.
    ///
    /// # Errors
    /// Fails if pods or their logs are forbidden. Does *not* fail when a log breaks off: it goes on
    /// from the last line.
    pub async fn follow_logs(
        &self,
        job: &str,
        mut ended: tokio::sync::watch::Receiver<bool>,
        lines: mpsc::Sender<LogLine>,
    ) -> Result<(), ClusterError> {
        let mut known = BTreeSet::new();
        let mut followers = JoinSet::new();
        loop {
            let is_last = *ended.borrow();
            for source in self.sources(job).await? {
                if known.insert(source.clone()) {
                    let (cluster, lines) = (self.clone(), lines.clone());
                    followers.spawn(async move { cluster.follow(&source, &lines).await });
                }
            }
            while let Some(done) = followers.try_join_next() {
                if let Ok(Err(error)) = done {
                    return Err(error);
                }
            }
            if is_last {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = ended.wait_for(|ended| *ended) => {}
            }
        }
        let rest = async {
            while let Some(done) = followers.join_next().await {
                if let Ok(Err(error)) = done {
                    return Err(error);
                }
            }
            Ok(())
        };
        tokio::time::timeout(REST, rest).await.unwrap_or(Ok(()))
    }

    async fn sources(&self, job: &str) -> Result<Vec<Source>, ClusterError> {
        let selector = format!("batch.kubernetes.io/job-name={job}");
        match self.renewed().list::<Pod>(Some(&selector)).await {
            Ok(pods) => Ok(pods.items.iter().flatten_sources().collect()),
            // The Job goes on without us; the next look may find the server again.
            Err(error) if error.is_transient() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn follow(
        &self,
        source: &Source,
        lines: &mpsc::Sender<LogLine>,
    ) -> Result<(), ClusterError> {
        let mut last: Option<Timestamp> = None;
        for _ in 0..10 {
            let params = LogParams {
                container: Some(source.container.clone()),
                follow: true,
                timestamps: true,
                since_time: last,
                ..LogParams::default()
            };
            let call = Call {
                resource: "pods/log".to_owned(),
                ..self.call::<Pod>("get", Some(&source.pod))
            };
            let request = path::<Pod>(&self.place().namespace).logs(&source.pod, &params);
            let mut read = match self.stream(call, request).await {
                Ok(body) => Lines::of(body),
                Err(error) => match error.problem {
                    Problem::Forbidden(_) | Problem::Unauthorized(_) => return Err(error),
                    // The pod is gone, and its log with it.
                    Problem::NotFound(_) => return Ok(()),
                    _ => {
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                },
            };
            let mut came = false;
            while let Some(line) = read.next(IDLE).await {
                let (at, text) = stamp(&line);
                // `sinceTime` is in whole seconds: what we had comes again.
                if at.is_some() && at <= last {
                    continue;
                }
                last = at.or(last);
                came = true;
                let line = LogLine {
                    from: source.from.clone(),
                    text: text.to_owned(),
                };
                if lines.send(line).await.is_err() {
                    return Ok(());
                }
            }
            if !came || self.has_ended(source).await {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn has_ended(&self, source: &Source) -> bool {
        let Ok(Some(pod)) = self.renewed().get::<Pod>(&source.pod).await else {
            return true;
        };
        let statuses = pod.status.and_then(|status| status.container_statuses);
        let status = statuses
            .into_iter()
            .flatten()
            .find(|status| status.name == source.container);
        status
            .and_then(|status| status.state)
            .is_none_or(|state| state.terminated.is_some())
    }
}

trait FlattenSources<'a> {
    fn flatten_sources(self) -> impl Iterator<Item = Source>;
}

impl<'a, I: Iterator<Item = &'a Pod>> FlattenSources<'a> for I {
    fn flatten_sources(self) -> impl Iterator<Item = Source> {
        self.flat_map(sources_of)
    }
}

/// Returns the containers of a pod that have begun: before that there is no log to ask for.
fn sources_of(pod: &Pod) -> Vec<Source> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    let init = status.init_container_statuses.iter().flatten();
    let all = init.chain(status.container_statuses.iter().flatten());
    let several = pod.spec.as_ref().is_some_and(|spec| {
        spec.containers.len() + spec.init_containers.as_ref().map_or(0, Vec::len) > 1
    });
    all.filter(|container| {
        container
            .state
            .as_ref()
            .is_some_and(|state| state.running.is_some() || state.terminated.is_some())
    })
    .map(|container| Source {
        from: match several {
            true => format!("{name}/{}", container.name),
            false => name.clone(),
        },
        pod: name.clone(),
        container: container.name.clone(),
    })
    .collect()
}

/// Splits the time that the kubelet puts before a line.
fn stamp(line: &str) -> (Option<Timestamp>, &str) {
    let (time, text) = line.split_once(' ').unwrap_or((line, ""));
    match time.parse() {
        Ok(time) => (Some(time), text),
        Err(_) => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_containers_that_have_begun_have_a_log() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "train"}, {"name": "side"}, {"name": "late"}]},
            "status": {"containerStatuses": [
                {"name": "train", "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}},
                {"name": "side", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 0}}},
                {"name": "late", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}},
            ]}
        }))
        .expect("a pod");
        let from: Vec<String> = sources_of(&pod)
            .into_iter()
            .map(|source| source.from)
            .collect();
        assert_eq!(from, ["p/train", "p/side"]);
    }

    #[test]
    fn the_time_before_a_line_is_ours_and_not_the_logs() {
        let (at, text) = stamp("2026-01-01T00:00:00.123456789Z epoch 1: loss 0.4");
        assert_eq!(text, "epoch 1: loss 0.4");
        assert!(at.is_some());
        assert_eq!(stamp("no time here"), (None, "no time here"));
        assert_eq!(stamp("2026-01-01T00:00:00Z").1, "");
    }
}
