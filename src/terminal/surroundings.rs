//! Where the program runs: environment, and whether its streams are terminals. Asked once, passed on.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

/// Narrower than this nothing is drawn, whatever the terminal says.
const NARROWEST: usize = 40;
const USUAL: usize = 80;

/// The environment of a run. The default is that of a test: no variables, no terminal.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Whether stdin is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether stderr is a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal, if there is one.
    pub terminal_width: Option<usize>,
}

impl Surroundings {
    /// Asks the process.
    #[must_use]
    pub fn of_process() -> Self {
        let env = std::env::vars_os().map(|(name, value)| {
            let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
            (text(name), text(value))
        });
        Self {
            env: env.collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            terminal_width: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
        }
    }

    /// Returns a variable.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// Returns how wide a table may be: `COLUMNS`, the terminal if stdout is one, or 80; at least 40.
    #[must_use]
    pub fn width(&self) -> usize {
        let asked = self.var("COLUMNS").and_then(|columns| columns.parse().ok());
        let terminal = self.terminal_width.filter(|_| self.stdout_is_terminal);
        let width = asked.filter(|width| *width > 0).or(terminal);
        width.unwrap_or(USUAL).max(NARROWEST)
    }
}

/// Shows the cursor again and leaves the line of a progress bar: for a run that is cut short.
pub fn restore_cursor() {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = stderr.write_all(b"\r\x1b[K\x1b[?25h");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_that_of_columns_then_of_the_terminal_then_80() {
        let mut surroundings = Surroundings::default();
        assert_eq!(surroundings.width(), 80);
        surroundings.terminal_width = Some(200);
        assert_eq!(surroundings.width(), 80, "stdout is not a terminal");
        surroundings.stdout_is_terminal = true;
        assert_eq!(surroundings.width(), 200);
        surroundings.env.insert("COLUMNS".into(), "120".into());
        assert_eq!(surroundings.width(), 120);
        surroundings.env.insert("COLUMNS".into(), "5".into());
        assert_eq!(surroundings.width(), 40);
    }
}
