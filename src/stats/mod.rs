//! Pure numbers: no files, no clock, no printing.

pub mod classification;
