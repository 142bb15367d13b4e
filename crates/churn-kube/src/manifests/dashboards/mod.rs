//! Dashboards for Grafana: boards of panels, and the ConfigMaps that carry them.

mod api;
mod board;
mod drift;
mod platform;
mod quality;

pub(super) use board::files;
pub use board::{Board, Panel, boards};
