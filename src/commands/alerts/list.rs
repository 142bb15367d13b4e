//! `churnctl alerts list`: every rule with what it looks at, and its cases.

use super::super::Console;
use crate::alerts::Library;
use crate::cells::Tone;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::reports::alerts::list;

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// Files and folders; `-` for standard input.
    pub paths: Vec<String>,
}

/// Lists the rules.
///
/// # Errors
/// Bad input, and 65 if there is no rule at all.
pub fn run(request: &ListRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let library = Library::read(&request.paths)?;
    if library.rules.is_empty() {
        let paths = request.paths.join(", ");
        let error = Error::bad_input(format!("no rule in {paths}"));
        return Err(error.hint("name files or folders with PrometheusRule objects or rule files"));
    }
    let body = list::of(&library);
    let document = console.document("alerts list", 1, &body);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    console.print_table(&list::table(&body))?;
    console.print("\n")?;
    console.print_line(Tone::Plain, &list::sum(&body))?;
    Ok(ExitCode::Ok)
}
