//! Completions and man pages, made from the same description as the help.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use super::config::ShellArg;
use super::words::command;
use crate::error::{Error, Result, nearest};
use crate::exit::ExitCode;

/// Returns the completions of a shell.
#[must_use]
pub fn completion(shell: ShellArg) -> String {
    let shell = match shell {
        ShellArg::Bash => Shell::Bash,
        ShellArg::Zsh => Shell::Zsh,
        ShellArg::Fish => Shell::Fish,
    };
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command(), "churnctl", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the man page of a command; of none, the overview.
///
/// # Errors
/// Fails with 64 if there is no such command.
pub fn man_page(path: &[String]) -> Result<String> {
    let mut built = command();
    built.build();
    let mut found = &built;
    for word in path {
        found = found.find_subcommand(word).ok_or_else(|| {
            let error = Error::usage(format!("no command \"{word}\""));
            match nearest(word, found.get_subcommands().map(Command::get_name)) {
                Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                None => error,
            }
        })?;
    }
    render(found)
}

fn render(command: &Command) -> Result<String> {
    let name = command.get_display_name().unwrap_or("churnctl").to_owned();
    let page = clap_mangen::Man::new(command.clone().name(name));
    let mut bytes = Vec::new();
    page.render(&mut bytes)
        .map_err(|error| Error::new(ExitCode::Bug, "cannot make the man page").because(error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns every file in `completions/` and `man/` with its text, for the test that keeps them fresh.
///
/// # Errors
/// Fails with 70 if a page cannot be made.
pub fn generated_files() -> Result<Vec<(PathBuf, String)>> {
    let mut files = vec![
        (
            PathBuf::from("completions/churnctl.bash"),
            completion(ShellArg::Bash),
        ),
        (
            PathBuf::from("completions/_churnctl"),
            completion(ShellArg::Zsh),
        ),
        (
            PathBuf::from("completions/churnctl.fish"),
            completion(ShellArg::Fish),
        ),
    ];
    let mut built = command();
    built.build();
    pages(&built, &mut files)?;
    Ok(files)
}

fn pages(command: &Command, files: &mut Vec<(PathBuf, String)>) -> Result<()> {
    let name = command.get_display_name().unwrap_or("churnctl");
    files.push((PathBuf::from(format!("man/{name}.1")), render(command)?));
    let subcommands = command.get_subcommands();
    for sub in subcommands.filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        pages(sub, files)?;
    }
    Ok(())
}
