//! Pure numbers: no files, no clock, no printing.

pub mod bootstrap;
pub mod classification;
mod tally;
