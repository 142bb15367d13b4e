//! Alertmanager's configuration: who is told of an alert, what keeps it from them, and cases that
//! say who should be. Rules are not read here.

mod amtool;
mod case;
mod configuration;
mod decide;
mod file;
mod matcher;
mod object;
mod times;

pub use amtool::{Amtool, amtool_check};
pub use case::{CaseResult, RoutingCase, run_cases};
pub use configuration::{Configuration, InhibitRule, Receiver, Route};
pub use decide::{Decision, Leaf, decide};
pub use file::read_file;
pub use matcher::LabelMatcher;
pub use object::read_object;
pub use times::{RangeKind, minutes_of, zone};

use std::collections::BTreeMap;

/// Labels of an alert.
pub type Labels = BTreeMap<String, String>;
