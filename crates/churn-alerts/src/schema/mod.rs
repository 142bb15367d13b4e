//! What Prometheus and Alertmanager demand of their files: which keys there are at each level, what
//! their values may be. The form is data; it is checked here, and what is refused is told with its place.

mod alertmanager;
mod chat;
mod check;
mod go;
mod http;
mod pagers;
mod receivers;
mod rules;
mod shape;
mod template;

pub(super) use check::{alertmanager_file, rule_file, rule_list, rule_object};
pub(super) use go::{is_classic_label, is_classic_metric};
pub(super) use template::fault as template_fault;
