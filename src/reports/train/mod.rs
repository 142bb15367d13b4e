//! A training in every form but JSON, which is the report itself.

mod figures;
pub mod html;
mod html_plots;
pub mod metrics;
#[cfg(test)]
mod sample;
pub mod table;
