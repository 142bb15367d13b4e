//! `churnctl alerts show`: one alert with its rule, cases, route and runbook.

use super::super::Console;
use crate::alerts::Library;
use crate::alerts::catalogue::{Options, runbooks};
use crate::cells::{Cell, Tone};
use crate::error::{Error, Result, nearest};
use crate::exit::ExitCode;
use crate::reports::alerts::show;

/// What to show.
#[derive(Debug, Clone)]
pub struct ShowRequest {
    /// The alert.
    pub name: String,
    /// Files and folders; `-` for standard input.
    pub paths: Vec<String>,
    /// What the runbooks of our own alerts are filled with.
    pub options: Options,
}

/// Shows the alert.
///
/// # Errors
/// Bad input, and 65 if there is no alert of this name.
pub fn run(request: &ShowRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let library = Library::read(&request.paths)?;
    let name = request.name.as_str();
    if !library.alerts().any(|rule| rule.name == name) {
        let error = Error::bad_input(format!(
            "there is no alert {name} in {}",
            request.paths.join(", ")
        ));
        let known = library.alerts().map(|rule| rule.name.as_str());
        return Err(match nearest(name, known) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("`churnctl alerts list` lists them"),
        });
    }
    let page = format!("{name}.md");
    let pages = runbooks(&request.options)?.into_iter();
    let runbook = pages
        .filter(|(file, _)| *file == page)
        .map(|(_, text)| text)
        .next();
    let body = show::of(&library, name, runbook);
    let document = console.document("alerts show", 1, &body);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    for line in show::lines(&body) {
        match line.is_code {
            true => console.print_cells(&[Cell::plain(&line.text)])?,
            false => console.print_line(Tone::Plain, &line.text)?,
        }
    }
    Ok(ExitCode::Ok)
}
