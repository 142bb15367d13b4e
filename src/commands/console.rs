//! What every command gets: stdout, messages, progress, the decisions about the terminal, the time.

use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::Serialize;

use crate::cells::{Cell, Table, Tone};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::progress::Progress;
use crate::redact::redacted;
use crate::terminal::{
    Document, Format, Messages, OutputOptions, Paint, Surroundings, choose, choose_some, confirm,
    draw, json, plain, wrap, yaml,
};
use crate::text::{visible, visible_lines};

/// The format, colour and width of results on stdout.
#[derive(Debug, Clone, Copy)]
pub struct OutputFormat {
    /// The format, `auto` resolved.
    pub format: Format,
    /// Colour on stdout.
    pub paint: Paint,
    /// Columns of a table.
    pub width: usize,
}

/// A command prints, reports and tells the time through this and nothing else.
pub struct Console<'a> {
    stdout: &'a mut dyn Write,
    messages: &'a Messages<'a>,
    surroundings: &'a Surroundings,
    look: OutputFormat,
    created_at: String,
}

impl<'a> Console<'a> {
    /// Puts the parts together and looks at the clock, once a run.
    ///
    /// # Errors
    /// Fails with 78 if `SOURCE_DATE_EPOCH` is set and no time in seconds.
    pub fn new(
        stdout: &'a mut dyn Write,
        messages: &'a Messages<'a>,
        surroundings: &'a Surroundings,
        look: OutputFormat,
    ) -> Result<Self> {
        Ok(Self {
            created_at: now(surroundings.var("SOURCE_DATE_EPOCH"))?,
            stdout,
            messages,
            surroundings,
            look,
        })
    }

    /// Returns how results look.
    #[must_use]
    pub const fn look(&self) -> OutputFormat {
        self.look
    }

    /// Has work done at a console of its own, of which nobody hears: parts of a command that do what another does.
    pub(super) fn silently<T>(
        &self,
    ) -> impl Fn(&dyn Fn(&Console<'_>) -> T) -> T + Sync + use<'_, T> {
        let (surroundings, look) = (self.surroundings, self.look);
        let created_at = self.created_at.clone();
        move |work| {
            let (mut nowhere, mut no_one) = (std::io::sink(), std::io::sink());
            let messages = Messages::new(&mut no_one, OutputOptions::silent());
            work(&Console {
                stdout: &mut nowhere,
                messages: &messages,
                surroundings,
                look,
                created_at: created_at.clone(),
            })
        }
    }

    /// Looks at the clock again: what a command does over and over begins anew each time.
    ///
    /// # Errors
    /// As [`Console::new`].
    pub fn begin_anew(&mut self) -> Result<()> {
        self.created_at = now(self.surroundings.var("SOURCE_DATE_EPOCH"))?;
        Ok(())
    }

    /// Returns when this run began, RFC 3339 in UTC, or `SOURCE_DATE_EPOCH`.
    #[must_use]
    pub fn created_at(&self) -> &str {
        &self.created_at
    }

    /// Returns when this run began, in seconds since 1970.
    #[must_use]
    pub fn created_at_seconds(&self) -> f64 {
        let time = self.created_at.parse::<jiff::Timestamp>();
        time.map_or(0.0, |time| time.as_second() as f64)
    }

    /// Returns an environment variable that is not a setting, such as `GITHUB_STEP_SUMMARY`; none if empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.surroundings
            .var(name)
            .filter(|value| !value.is_empty())
    }

    /// Returns who hears of progress.
    #[must_use]
    pub fn progress(&self) -> &dyn Progress {
        self.messages
    }

    /// Returns who says things on stderr: notes, warnings, details.
    #[must_use]
    pub const fn messages(&self) -> &'a Messages<'a> {
        self.messages
    }

    /// Goes on only if `--yes` was given (`is_agreed`) or somebody at the terminal says so.
    ///
    /// # Errors
    /// Fails with 3 if the answer is no, with 64 if there is no terminal to ask at.
    pub fn agree(&self, is_agreed: bool, question: &str) -> Result<()> {
        if is_agreed || confirm(self.surroundings, question)? {
            return Ok(());
        }
        Err(Error::new(
            ExitCode::Refused,
            "answered no; nothing was done",
        ))
    }

    /// Tells whether somebody sits there who can be asked.
    pub(super) const fn can_ask(&self) -> bool {
        self.surroundings.stdin_is_terminal && self.surroundings.stderr_is_terminal
    }

    /// Asks for one of several things, where somebody can be asked.
    pub(super) fn choose(
        &self,
        question: &str,
        of: &[String],
        first: usize,
    ) -> Result<Option<usize>> {
        choose(question, of, first)
    }

    /// Asks which of several things are wanted, where somebody can be asked.
    pub(super) fn choose_some(&self, question: &str, of: &[&str]) -> Result<Option<Vec<usize>>> {
        choose_some(question, of)
    }

    /// Prints text for people, made safe and painted by the caller, to stdout. Secrets in addresses
    /// are hidden once more.
    ///
    /// # Errors
    /// Fails with 74 if stdout cannot be written. Does *not* fail if its reader has gone.
    pub fn print(&mut self, text: &str) -> Result<()> {
        self.print_bytes(redacted(text).as_bytes())
    }

    /// Prints bytes as they are: data that a program asked for, or text in which everything is
    /// escaped.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn print_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.stdout.write_all(bytes);
        match written.and_then(|()| self.stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::io("write", Path::new("standard output"), error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Prints data that a program asked for: as they are, but on a terminal nothing in them steers it.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub(super) fn print_data(&mut self, bytes: &[u8]) -> Result<()> {
        match self.surroundings.stdout_is_terminal {
            true => self.print(&visible_lines(&String::from_utf8_lossy(bytes))),
            false => self.print_bytes(bytes),
        }
    }

    /// Prints a line in a tone; control characters in it are made visible. Under `table` a line
    /// that is too long for the terminal is broken between words.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn print_line(&mut self, tone: Tone, line: &str) -> Result<()> {
        let mut line = visible(line);
        if self.look.format == Format::Table {
            line = wrap(&line, self.look.width).into();
        }
        // Line by line: pagers forget the colour at the end of each.
        let mut text = String::new();
        for piece in line.split('\n') {
            text.push_str(&self.look.paint.tone(tone, piece));
            text.push('\n');
        }
        self.print(&text)
    }

    /// Prints a line that says what was done, by a command whose result is elsewhere: in files, or on a server.
    /// `-q` leaves it out.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub(super) fn print_done(&mut self, tone: Tone, line: &str) -> Result<()> {
        match self.messages.is_quiet() {
            true => Ok(()),
            false => self.print_line(tone, line),
        }
    }

    /// Prints a line of cells, each in its tone; control characters are made visible. It is as long as it is.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub(super) fn print_cells(&mut self, line: &[Cell]) -> Result<()> {
        let paint = self.look.paint;
        let mut text: String = line
            .iter()
            .map(|cell| paint.safe(cell.tone, &cell.text))
            .collect();
        text.push('\n');
        self.print(&text)
    }

    /// Prints a table, drawn under `table`, aligned text under any other format.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn print_table(&mut self, table: &Table) -> Result<()> {
        let text = match self.look.format {
            Format::Table => draw(table, self.look.width, self.look.paint),
            Format::Plain | Format::Json | Format::Yaml => plain(table),
        };
        self.print(&text)
    }

    /// Prints a document if the format is JSON or YAML, and tells whether it did.
    ///
    /// # Errors
    /// As [`Console::print`], and with 70 if the document cannot be serialised.
    pub fn print_document<T: Serialize>(&mut self, document: &T) -> Result<bool> {
        let text = match self.look.format {
            Format::Json => json(document)?,
            Format::Yaml => yaml(document)?,
            Format::Table | Format::Plain => return Ok(false),
        };
        self.print_bytes(text.as_bytes())?;
        Ok(true)
    }

    /// Wraps a body into the envelope of every document of ours.
    #[must_use]
    pub fn document<T>(&self, command: &'static str, schema_version: u32, body: T) -> Document<T> {
        Document {
            schema_version,
            command,
            churnctl_version: env!("CARGO_PKG_VERSION"),
            created_at: self.created_at.clone(),
            body,
        }
    }
}

fn now(source_date_epoch: Option<&str>) -> Result<String> {
    let time = match source_date_epoch.filter(|text| !text.is_empty()) {
        None => jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()),
        Some(text) => {
            let refused = || {
                let message = format!("SOURCE_DATE_EPOCH: \"{text}\" is not a time in seconds");
                Error::bad_settings(message)
            };
            jiff::Timestamp::from_second(text.parse().map_err(|_| refused())?)
        }
    };
    time.map(|time| time.to_string())
        .map_err(|error| Error::bad_settings("the clock shows a time out of range").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{LogFormat, OutputOptions, ProgressMode, Verbosity};

    /// Prints data to a terminal or to a pipe, and returns what came there.
    fn printed(stdout_is_terminal: bool, data: &[u8]) -> Vec<u8> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let messages = Messages::new(
            &mut stderr,
            OutputOptions {
                verbosity: Verbosity::Normal,
                log_format: LogFormat::Text,
                errors_as_json: false,
                progress: ProgressMode::Off,
                paint: Paint::default(),
            },
        );
        let surroundings = Surroundings {
            stdout_is_terminal,
            ..Surroundings::default()
        };
        let look = OutputFormat {
            format: Format::Plain,
            paint: Paint::default(),
            width: 80,
        };
        let mut console =
            Console::new(&mut stdout, &messages, &surroundings, look).expect("a console");
        console.print_data(data).expect("to memory");
        stdout
    }

    #[test]
    fn data_are_bytes_in_a_pipe_and_steer_no_terminal() {
        let data = "id,\u{1b}]0;x\u{7}\n\u{9b}2J,\u{202e}b\n";
        assert_eq!(printed(false, data.as_bytes()), data.as_bytes());
        let seen = "id,\\u{1b}]0;x\\u{7}\n\\u{9b}2J,\\u{202e}b\n";
        assert_eq!(printed(true, data.as_bytes()), seen.as_bytes());
        assert_eq!(printed(false, b"\xff\n"), b"\xff\n");
    }

    #[test]
    fn the_time_comes_from_source_date_epoch_if_set() {
        let time = now(Some("1700000000")).expect("a time");
        // date -u -d @1700000000 +%FT%TZ
        assert_eq!(time, "2023-11-14T22:13:20Z");
        assert!(now(Some("")).expect("now").ends_with('Z'));
        assert_eq!(now(Some("soon")).expect_err("no time").code().code(), 78);
        assert_eq!(
            now(Some("99999999999999"))
                .expect_err("too late")
                .code()
                .code(),
            78
        );
    }
}
