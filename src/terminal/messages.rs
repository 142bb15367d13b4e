//! What is said on stderr on the way: notes, warnings, details, and the error at the end.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::stage::Stage;
use super::{LogFormat, Paint, ProgressMode, Verbosity, render_error};
use crate::cells::Tone;
use crate::error::Error;
use crate::redact::redacted;
use crate::text::visible;

/// How messages are given.
#[derive(Debug, Clone, Copy)]
pub struct OutputOptions {
    /// How much.
    pub verbosity: Verbosity,
    /// Text or JSON lines.
    pub log_format: LogFormat,
    /// Whether the error at the end is a JSON document.
    pub errors_as_json: bool,
    /// How progress is shown.
    pub progress: ProgressMode,
    /// Colour on stderr.
    pub paint: Paint,
}

impl OutputOptions {
    /// Returns how nothing is said.
    pub const fn silent() -> Self {
        Self {
            verbosity: Verbosity::Quiet,
            log_format: LogFormat::Text,
            errors_as_json: false,
            progress: ProgressMode::Off,
            paint: Paint { color: false },
        }
    }
}

/// Says things on stderr. Hears of progress, too, see [`crate::progress::Progress`].
pub struct Messages<'a> {
    pub(super) output: OutputOptions,
    stderr: Mutex<&'a mut (dyn Write + Send)>,
    pub(super) stage: Mutex<Option<Stage>>,
}

impl<'a> Messages<'a> {
    /// Takes the stream and the options.
    pub fn new(stderr: &'a mut (dyn Write + Send), output: OutputOptions) -> Self {
        Self {
            output,
            stderr: Mutex::new(stderr),
            stage: Mutex::new(None),
        }
    }

    /// Tells whether nothing but errors is wanted.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.output.verbosity == Verbosity::Quiet
    }

    /// Says what was done or found.
    pub fn info(&self, message: &str) {
        self.say(Verbosity::Normal, "info", "", Tone::Plain, message);
    }

    /// Says what deserves attention and what to do about it.
    pub fn warn(&self, message: &str) {
        self.say(Verbosity::Normal, "warn", "warning: ", Tone::Warn, message);
    }

    /// Says a detail, heard under `-v` only.
    pub fn debug(&self, message: &str) {
        self.say(Verbosity::Verbose, "debug", "debug: ", Tone::Dim, message);
    }

    /// Says what ended the run. Never silenced.
    pub fn error(&self, error: &Error) {
        let text = if self.output.errors_as_json {
            super::json(&error.to_json()).unwrap_or_else(|error| error.to_string() + "\n")
        } else if self.output.log_format == LogFormat::Json {
            let mut line = self.line("error", &error.to_string());
            if let (Some(line), Some(body)) = (line.as_object_mut(), error.to_json().get("error")) {
                line.insert("error".to_owned(), body.clone());
            }
            one_line(&line)
        } else {
            render_error(error, self.output.paint)
        };
        self.write(&text);
    }

    /// Says what happened, with fields for machines: members of the line under JSON, `name=value`
    /// behind the message in text. `level` is `error`, `warn`, `info`, or `debug`.
    pub fn event(&self, level: &str, message: &str, fields: &[(&'static str, serde_json::Value)]) {
        let (from, prefix, tone) = match level {
            "error" => (Verbosity::Quiet, "error: ", Tone::Bad),
            "warn" => (Verbosity::Normal, "warning: ", Tone::Warn),
            "info" => (Verbosity::Normal, "", Tone::Plain),
            _ => (Verbosity::Verbose, "debug: ", Tone::Dim),
        };
        if self.output.verbosity < from {
            return;
        }
        let text = match self.output.log_format {
            LogFormat::Json => {
                let mut line = self.line(level, message);
                if let Some(members) = line.as_object_mut() {
                    let fields = fields.iter();
                    members.extend(fields.map(|(name, value)| ((*name).to_owned(), shown(value))));
                }
                one_line(&line)
            }
            LogFormat::Text => {
                let mut text = format!(
                    "{}{}",
                    self.output.paint.tone(tone, prefix),
                    visible(message)
                );
                for (name, value) in fields {
                    let value = match shown(value) {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    };
                    text.push_str(&format!(" {name}={}", field(&value)));
                }
                text + "\n"
            }
        };
        self.write(&text);
    }

    fn say(&self, from: Verbosity, level: &str, prefix: &str, tone: Tone, message: &str) {
        if self.output.verbosity < from {
            return;
        }
        let text = match self.output.log_format {
            LogFormat::Json => one_line(&self.line(level, message)),
            LogFormat::Text => {
                let prefix = self.output.paint.tone(tone, prefix);
                format!("{prefix}{}\n", visible(message))
            }
        };
        self.write(&text);
    }

    fn line(&self, level: &str, message: &str) -> serde_json::Value {
        serde_json::json!({
            "timestamp": jiff::Timestamp::now().to_string(),
            "level": level,
            "message": redacted(message),
        })
    }

    /// Writes and does not mind if nobody listens: a closed stderr must not end a check.
    fn write(&self, text: &str) {
        let write = || {
            let mut stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = stderr.write_all(text.as_bytes());
            let _ = stderr.flush();
        };
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        match stage.as_ref().and_then(Stage::bar) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// A value behind `name=`: in the quotes of JSON where it could be taken for a further field.
fn field(value: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !['=', '"'].contains(&c);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => visible(value).into_owned(),
        false => super::documents::escape(&serde_json::Value::from(value).to_string()),
    }
}

/// Returns a field's value without what may be a secret in it.
fn shown(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => redacted(text).into(),
        other => other.clone(),
    }
}

fn one_line(value: &serde_json::Value) -> String {
    super::documents::escape(&value.to_string()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn said(output: OutputOptions, say: impl FnOnce(&Messages<'_>)) -> String {
        let mut stderr = Vec::new();
        say(&Messages::new(&mut stderr, output));
        String::from_utf8(stderr).expect("UTF-8")
    }

    const TEXT: OutputOptions = OutputOptions {
        verbosity: Verbosity::Normal,
        log_format: LogFormat::Text,
        errors_as_json: false,
        progress: ProgressMode::Plain,
        paint: Paint { color: false },
    };

    #[test]
    fn quiet_says_errors_only_and_verbose_says_details_too() {
        let all = |messages: &Messages<'_>| {
            messages.info("one");
            messages.warn("two");
            messages.debug("three");
            messages.error(&Error::usage("four"));
        };
        assert_eq!(said(TEXT, all), "one\nwarning: two\nerror: four\n");
        let quiet = OutputOptions {
            verbosity: Verbosity::Quiet,
            ..TEXT
        };
        assert_eq!(said(quiet, all), "error: four\n");
        let verbose = OutputOptions {
            verbosity: Verbosity::Verbose,
            ..TEXT
        };
        assert!(said(verbose, all).contains("debug: three\n"));
    }

    #[test]
    fn a_field_cannot_pass_for_two() {
        let text = said(TEXT, |messages| {
            let fields = [
                ("alert", "x outcome=created".into()),
                ("key", "a-1".into()),
                ("by", "".into()),
                ("said", "\"\n\u{1b}".into()),
            ];
            messages.event("info", "started", &fields);
        });
        assert_eq!(
            text,
            "started alert=\"x outcome=created\" key=a-1 by=\"\" said=\"\\\"\\n\\u001b\"\n"
        );
    }

    #[test]
    fn no_message_steers_a_terminal_and_json_means_the_same() {
        let hostile = "\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{e0041}\nerror: forged";
        for log_format in [LogFormat::Text, LogFormat::Json] {
            let output = OutputOptions { log_format, ..TEXT };
            let text = said(output, |messages| {
                messages.warn(hostile);
                messages.event("info", hostile, &[("path", hostile.into())]);
                messages.error(&Error::bad_input(hostile).hint(hostile));
            });
            let steers = |c| c != '\n' && crate::text::steers_terminal(c);
            assert!(!text.contains(steers), "{text:?}");
            assert!(!text.contains("\nerror: forged"), "{text}");
            if log_format == LogFormat::Json {
                for line in text.lines() {
                    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
                    assert_eq!(line["message"], hostile);
                }
            }
        }
    }

    #[test]
    fn json_messages_are_one_object_a_line() {
        let output = OutputOptions {
            log_format: LogFormat::Json,
            ..TEXT
        };
        let text = said(output, |messages| {
            messages.warn("a\nb");
            messages.error(&Error::bad_input("bad"));
        });
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[0]["level"], &lines[0]["message"]),
            (&"warn".into(), &"a\nb".into())
        );
        assert_eq!(lines[1]["error"]["code"], 65);
    }
}
