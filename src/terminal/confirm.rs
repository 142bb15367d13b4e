//! Questions at a terminal: yes or no, one of several, some of several. Where there is none nobody is asked, and nothing is assumed.

use std::io::ErrorKind;

use super::{Surroundings, restore_cursor};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::text::visible;

/// Asks a question on stderr; Return alone, Escape and `q` are no.
///
/// # Errors
/// Fails with 64 if stdin or stderr is not a terminal: a script must say `--yes`. Fails with 130 on
/// Ctrl-C.
pub fn confirm(surroundings: &Surroundings, question: &str) -> Result<bool> {
    if !surroundings.stdin_is_terminal || !surroundings.stderr_is_terminal {
        let message = format!("no terminal to ask at: {question}");
        return Err(Error::usage(message).hint("--yes goes ahead, --dry-run only shows"));
    }
    let asked = dialoguer::Confirm::new()
        .with_prompt(visible(question).into_owned())
        .default(false)
        .interact_opt();
    asked.map(|answer| answer.unwrap_or(false)).map_err(failed)
}

/// Asks for one of several things; nothing if Escape or `q` is the answer.
///
/// # Errors
/// Fails with 130 on Ctrl-C.
pub fn choose(question: &str, choices: &[String], first: usize) -> Result<Option<usize>> {
    let asked = dialoguer::Select::new()
        .with_prompt(visible(question).into_owned())
        .items(choices.iter().map(|choice| visible(choice)))
        .default(first)
        .interact_opt();
    asked.map_err(failed)
}

/// Asks which of several things are wanted; nothing if Escape or `q` is the answer.
///
/// # Errors
/// As [`choose`].
pub fn choose_some(question: &str, choices: &[&str]) -> Result<Option<Vec<usize>>> {
    let asked = dialoguer::MultiSelect::new()
        .with_prompt(visible(question).into_owned())
        .items(choices)
        .interact_opt();
    asked.map_err(failed)
}

fn failed(dialoguer::Error::IO(error): dialoguer::Error) -> Error {
    restore_cursor();
    match error.kind() {
        ErrorKind::Interrupted => Error::new(ExitCode::Interrupted, "interrupted"),
        _ => Error::new(ExitCode::Io, "cannot ask at the terminal").because(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_on_both_sides_nobody_is_asked() {
        for (stdin, stderr) in [(false, false), (true, false), (false, true)] {
            let surroundings = Surroundings {
                stdin_is_terminal: stdin,
                stderr_is_terminal: stderr,
                ..Surroundings::default()
            };
            let error = confirm(&surroundings, "Delete?").expect_err("no terminal");
            assert_eq!(error.code(), ExitCode::Usage);
            assert!(error.hint_text().is_some_and(|hint| hint.contains("--yes")));
        }
    }
}
