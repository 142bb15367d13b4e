//! Completions and man pages, made from the same description as the help.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use super::config::ShellArg;
use super::parsed_args::command;
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

/// An argument that takes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The words of its command.
    pub command: Vec<String>,
    /// Its flag, with dashes; none if its place tells what it is.
    pub flag: Option<String>,
}

/// Returns all arguments that take a value, of all commands: for those who try every one of them.
#[must_use]
pub fn arguments() -> Vec<Argument> {
    let mut built = command();
    built.build();
    let mut found = Vec::new();
    collect(&built, &[], &mut found);
    found
}

fn collect(command: &Command, parsed_args: &[String], found: &mut Vec<Argument>) {
    let arguments = command.get_arguments();
    let valued = arguments.filter(|argument| argument.get_action().takes_values());
    found.extend(valued.map(|argument| Argument {
        command: parsed_args.to_vec(),
        flag: argument.get_long().map(|long| format!("--{long}")),
    }));
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            let name = inner.get_name().to_owned();
            let parsed_args = [parsed_args, &[name]].concat();
            collect(inner, &parsed_args, found);
        }
    }
}

/// Date on the man pages: that of the release, so that the same source makes the same pages.
const DATE: &str = "2026-11-22";

fn render(command: &Command) -> Result<String> {
    let name = command.get_display_name().unwrap_or("churnctl").to_owned();
    let page = clap_mangen::Man::new(command.clone().name(name))
        .date(DATE)
        .source(concat!("churnctl ", env!("CARGO_PKG_VERSION")))
        .manual("churnctl");
    let mut bytes = Vec::new();
    page.render(&mut bytes)
        .map_err(|error| Error::new(ExitCode::Bug, "cannot make the man page").because(error))?;
    Ok(tidy(&String::from_utf8_lossy(&bytes)))
}

/// Makes paragraphs out of line breaks around empty lines, which mandoc objects to, and keeps the
/// lines of examples and tables, which roff would fill.
fn tidy(page: &str) -> String {
    let page = page.replace(".br\n\n.br\n", ".sp\n");
    let page = without_help_command(&page);
    let Some((before, extra)) = page.split_once(".SH EXTRA\n") else {
        return page;
    };
    let (extra, after) = match extra.find("\n.SH ") {
        Some(end) => extra.split_at(end + 1),
        None => (extra, ""),
    };
    format!("{before}.SH EXAMPLES AND EXIT CODES\n.nf\n{extra}.fi\n{after}")
}

/// clap lists its own `help` command, which has no page.
fn without_help_command(page: &str) -> String {
    let mut lines: Vec<&str> = page.lines().collect();
    if let Some(at) = lines.iter().position(|line| line.ends_with("\\-help(1)")) {
        lines.drain(at.saturating_sub(1)..(at + 2).min(lines.len()));
    }
    lines.join("\n") + "\n"
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
