//! The drift report in every form but JSON, which is the report itself.

mod alarm;
mod consequence;
mod definitions;
mod estimated;
pub mod github;
pub mod history;
pub mod html;
mod html_feature;
pub mod html_history;
mod html_segments;
mod html_windows;
pub mod junit;
mod labels;
pub mod markdown;
pub mod metrics;
mod multivariate;
pub mod mutate;
mod performance;
pub mod plain;
#[cfg(test)]
mod sample;
mod segments;
mod statistics;
pub mod summary;
pub mod table;
pub mod verdict;
mod view;
pub mod why;
mod windows;

pub use view::View;
