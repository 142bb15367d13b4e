//! `churnctl retrain advise`: whether a training is worth it, tried on rows that nothing is fitted on.

use super::super::drift_why::{WhyRequest, explain};
use super::Console;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::reports::retrain::advise::RetrainAdvice;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// Tries a training and what is cheaper, and says go (0) or wait (3).
///
/// # Errors
/// As `explain`; bad input if the current rows have no labels, on which a training could be tried.
pub fn run(request: &WhyRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let why = explain(request, console)?;
    let advice = RetrainAdvice::of(&why).ok_or_else(|| {
        Error::bad_input(format!(
            "{} has no labels: what a training gains cannot be measured on it",
            why.current
        ))
        .hint("name rows whose labels have come, or ask `churnctl drift why` what the rows alone tell")
    })?;
    let document = console.document("retrain advise", SCHEMA_VERSION, &advice);
    if !console.print_document(&document)? {
        for (tone, line) in advice.lines() {
            console.print_line(tone, &line)?;
        }
    }
    Ok(match advice.go {
        true => ExitCode::Ok,
        false => ExitCode::Refused,
    })
}
