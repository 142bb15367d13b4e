//! Dashboards for Grafana: boards of panels, and the ConfigMaps that carry them.

mod api;
mod board;
mod config_maps;
mod drift;
mod platform;
mod quality;

pub use board::{Board, Panel};
pub use config_maps::boards;
pub(super) use config_maps::files;
