//! Our scores of rows beside those of the framework that trained the model.

use churn_base::error::{Error, Result};

use super::foreign::Format;

/// The row whose two scores are furthest apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// Position of the row, from 0.
    pub row: usize,
    /// Our score.
    pub ours: f64,
    /// The framework's.
    pub theirs: f64,
}

impl Largest {
    /// Returns how far apart they are.
    #[must_use]
    pub fn difference(&self) -> f64 {
        (self.ours - self.theirs).abs()
    }
}

/// Returns the row whose two scores are furthest apart; `None` if there are no rows.
#[must_use]
pub fn largest(ours: &[f64], theirs: &[f64]) -> Option<Largest> {
    let rows = ours.iter().zip(theirs).enumerate();
    let rows = rows.map(|(row, (&ours, &theirs))| Largest { row, ours, theirs });
    rows.max_by(|one, other| one.difference().total_cmp(&other.difference()))
}

/// Compares scores row by row, and returns the largest difference.
///
/// # Errors
/// Bad input if there are no rows, not as many scores, one that is not a probability, or a difference
/// above the format's limit.
pub fn compare(format: Format, ours: &[f64], theirs: &[f64]) -> Result<Largest> {
    if ours.len() != theirs.len() || ours.is_empty() {
        let message = format!("there are {} scores of {} rows", theirs.len(), ours.len());
        return Err(Error::bad_input(message)
            .hint("--expect has the scores of the rows of --parity, in their order"));
    }
    if let Some(row) = theirs.iter().position(|score| !(0.0..=1.0).contains(score)) {
        let message = format!("score {} is {}, not a probability", row + 1, theirs[row]);
        return Err(Error::bad_input(message)
            .hint("take predict_proba(...)[:, 1], or predict of a booster without raw_score"));
    }
    let Some(largest) = largest(ours, theirs) else {
        return Err(Error::bad_input("there are no rows"));
    };
    let limit = format.limit();
    if largest.difference() <= limit {
        return Ok(largest);
    }
    let message = format!(
        "the model does not score as {} does: row {} gets {}, not {}, {:.1e} off; the limit is \
         {limit:.0e}",
        format.name(),
        largest.row + 1,
        largest.ours,
        largest.theirs,
        largest.difference()
    );
    Err(Error::bad_input(message).hint(
        "are these the scores of these rows by this model, and are missing values and categories \
         written as the model got them?",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_is_found_and_limited() {
        let format = Format::LightGbm;
        let found = compare(format, &[0.5, 0.25, 0.1], &[0.5, 0.25 + 4e-7, 0.1 - 5e-7]);
        assert_eq!(found.expect("is close").row, 2);
        for theirs in [
            &[0.5, 0.25 + 2e-6][..],
            &[0.5],
            &[],
            &[0.5, f64::NAN],
            &[0.5, 1.5],
        ] {
            assert!(compare(format, &[0.5, 0.25], theirs).is_err(), "{theirs:?}");
        }
        // Single precision has seven digits.
        let found = compare(Format::XgBoostJson, &[0.25], &[0.25 + 2e-6]);
        assert!(found.is_ok());
    }
}
