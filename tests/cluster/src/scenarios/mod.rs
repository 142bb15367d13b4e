//! What is asked of the cluster; each scenario makes what it needs and can be run alone.

mod accepted;
mod doctor;
mod install;
mod luck;
mod rules;
mod service;
mod week;

use crate::lab::{Lab, Outcome};

pub(crate) use install::NAMESPACE;

/// A scenario by its name, what it shows, and how.
type Scenario = (&'static str, &'static str, fn(&mut Lab) -> Outcome);

pub(crate) const ALL: &[Scenario] = &[
    (
        "accepted",
        "every rendered form is accepted, stays equal when applied again, and leaves nothing behind",
        accepted::run,
    ),
    (
        "loop",
        "drift, alert, one retrain Job, promotion, resolved: by schedules alone",
        week::run,
    ),
    (
        "service",
        "rolling update, promotion, scaling, drain and a crash under load: no request lost",
        service::run,
    ),
    (
        "luck",
        "one alert is one Job, whatever is killed, refused or slow",
        luck::run,
    ),
    (
        "doctor",
        "seventy-nine changes of the wiring: each broken wire named and mended by its command, harmless ones not",
        doctor::run,
    ),
    (
        "rules",
        "every rule fires for real, reaches its receiver, and is resolved once the harm is undone",
        rules::run,
    ),
];
