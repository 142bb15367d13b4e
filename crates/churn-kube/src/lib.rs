//! Kubernetes: what `churnctl` does in a cluster, and the manifests that put it there.

pub mod cluster;
pub mod expansion;
pub mod manifests;
