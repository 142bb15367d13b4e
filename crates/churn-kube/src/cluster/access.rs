//! What we may do, as the API server sees it.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};

use super::client::Cluster;
use super::error::ClusterError;

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// What one does.
    pub verb: &'static str,
    /// API group; empty for the core.
    pub group: &'static str,
    /// To which resource, with its subresource: `pods/log`.
    pub resource: &'static str,
    /// What for, in words.
    pub purpose: &'static str,
}

const fn needs(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    purpose: &'static str,
) -> Permission {
    Permission {
        verb,
        group,
        resource,
        purpose,
    }
}

/// What starting a Job takes.
pub const TO_START: [Permission; 6] = [
    needs("get", "batch", "cronjobs", "to read the template"),
    needs("list", "batch", "jobs", "to see what runs"),
    needs("get", "batch", "jobs", "to know a Job again"),
    needs("create", "batch", "jobs", "to start the Job"),
    needs(
        "get",
        "coordination.k8s.io",
        "leases",
        "to know what was started",
    ),
    needs(
        "update",
        "coordination.k8s.io",
        "leases",
        "to note what is started",
    ),
];

/// What is missed but not needed.
pub const TO_TELL: [Permission; 2] = [
    needs(
        "create",
        "coordination.k8s.io",
        "leases",
        "to make the Lease the first time",
    ),
    needs(
        "create",
        "events.k8s.io",
        "events",
        "to leave an Event on the CronJob",
    ),
];

/// What `--wait` and `--logs` take beside that.
pub const TO_FOLLOW: [Permission; 3] = [
    needs("watch", "batch", "jobs", "to wait for the end"),
    needs("list", "", "pods", "to find the pods"),
    needs("get", "", "pods/log", "to follow their logs"),
];

impl Permission {
    /// Returns the resource as `kubectl auth can-i` takes it.
    #[must_use]
    pub fn resource(&self) -> String {
        match (self.group, self.resource.split_once('/')) {
            ("", _) => self.resource.to_owned(),
            (group, None) => format!("{}.{group}", self.resource),
            (group, Some((resource, sub))) => format!("{resource}.{group}/{sub}"),
        }
    }
}

impl Cluster {
    /// Asks whether we have a permission in our namespace; `name` where it is limited to one object.
    ///
    /// # Errors
    /// As every call. Does *not* fail if we have it not.
    pub async fn may(
        &self,
        permission: &Permission,
        name: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let (resource, subresource) = match permission.resource.split_once('/') {
            Some((resource, sub)) => (resource, Some(sub.to_owned())),
            None => (permission.resource, None),
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    namespace: Some(self.place().namespace.clone()),
                    verb: Some(permission.verb.to_owned()),
                    group: Some(permission.group.to_owned()),
                    resource: Some(resource.to_owned()),
                    subresource,
                    name: name.map(str::to_owned),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let answer = self.review(&review).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}
