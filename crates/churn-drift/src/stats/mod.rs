//! Pure numbers: no files, no clock, no printing.

pub mod attribution;
pub mod bootstrap;
mod calibration;
#[cfg(test)]
mod car_loan;
pub mod chi_square;
pub mod classification;
pub mod correlation;
pub mod cost;
pub mod cox;
pub mod decomposition;
pub mod distances;
pub(crate) mod e_process;
pub mod empirical;
mod estimate;
pub mod estimated;
pub mod far_value;
pub mod intervals;
pub mod kolmogorov;
pub mod kolmogorov_exact;
pub mod paired_precision;
pub mod permutation;
pub mod score_bounds;
mod scored;
mod tally;
