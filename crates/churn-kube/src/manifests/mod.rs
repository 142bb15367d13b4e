//! The whole deployment: a plan to typed objects to files. Where a plan comes from, and where files go, is the caller's affair.

mod admission;
#[cfg(test)]
mod any_text;
mod api;
mod argo;
pub mod dashboards;
mod extras;
mod hook;
mod jobs;
mod kfp;
mod kfp_spec;
mod kfp_steps;
mod kserve;
mod kustomize;
mod meta;
mod monitoring;
mod network;
mod object;
mod operator;
mod placeholders;
mod plain;
mod plan;
mod pods;
mod pushgateway;
mod render;
mod routing;
mod storage;
mod tests;

pub(crate) use meta::COMPONENT_LABEL;
pub use object::{Content, File, Form};
pub use placeholders::placeholders;
#[cfg(any(test, feature = "sample"))]
pub use plan::sample;
pub use plan::{Alerting, AlertmanagerForm, Discovery, Part, Plain, Plan, Receiver, Resources};
pub use render::{Flavor, HEADER, header, render, secrets};
pub use routing::{HOOK, HOOK_PATH};
