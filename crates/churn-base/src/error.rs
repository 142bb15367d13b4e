//! The one error type that leaves a module: what went wrong, where, why, and what to do.
//!
//! Topics keep their own enums; each converts into [`Error`] with its exit code. Rendering
//! for people and for JSON is here; colour and streams are the terminal's affair.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::exit::ExitCode;
use crate::json_words::in_plain_words;
use crate::redact::{address, redacted};

/// A place in an input: file, and where known the line and the column's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file as the user named it; `-` for standard input.
    pub file: String,
    /// Line number, from 1, counted in the file as an editor counts.
    pub line: Option<u64>,
    /// Name of the column (data) or column number (text files).
    pub column: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ": column \"{column}\"")?;
        }
        Ok(())
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Something that stopped a command. What it was given is redacted as it is taken, so that no error
/// can show a secret that an address or a server's answer had in it, whoever makes it.
pub struct Error {
    code: ExitCode,
    message: String,
    place: Option<Box<Place>>,
    hint: Option<String>,
    source: Option<Cause>,
}

/// The result of anything that can stop a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error that ends the run with `code`. The message is a lowercase fragment.
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: redacted(&message.into()).into_owned(),
            place: None,
            hint: None,
            source: None,
        }
    }

    /// The command line is wrong (64).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// The data or the model is bad (65).
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(ExitCode::BadInput, message)
    }

    /// The settings are wrong (78).
    pub fn bad_settings(message: impl Into<String>) -> Self {
        Self::new(ExitCode::BadSettings, message)
    }

    /// A file or stream cannot be read or written (74). A missing *input* file is this, too.
    ///
    /// A file that is larger than any of its kind is the input's fault (65), and so is what was to be
    /// text and is not UTF-8.
    pub fn io(activity: &str, path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, InvalidData};
        // The system's own "too large" is of a file that is written.
        let is_ours = source.raw_os_error().is_none();
        let code = match is_ours && [FileTooLarge, InvalidData].contains(&source.kind()) {
            true => ExitCode::BadInput,
            false => ExitCode::Io,
        };
        let path = address(&path.to_string_lossy()).into_owned();
        Self::new(code, format!("cannot {activity} {path}")).because(source)
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, mut place: Place) -> Self {
        place.file = address(&place.file).into_owned();
        place.column = place.column.map(|name| redacted(&name).into_owned());
        self.place = Some(Box::new(place));
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(redacted(&hint.into()).into_owned());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the exit code.
    #[must_use]
    pub const fn code(&self) -> ExitCode {
        self.code
    }

    /// Returns the place, if one is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_deref()
    }

    /// Returns the hint, if there is one.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the messages of the causes, nearest first.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next: Option<&(dyn std::error::Error + 'static)> =
            self.source.as_deref().map(|cause| cause as _);
        while let Some(cause) = next {
            let said = match cause.downcast_ref::<serde_json::Error>() {
                Some(error) => in_plain_words(error),
                None => cause.to_string(),
            };
            causes.push(redacted(&said).into_owned());
            next = cause.source();
        }
        causes
    }

    /// Returns the machine-readable form, printed to stderr under `--format json`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        #[derive(Serialize)]
        struct Body<'a> {
            code: u8,
            kind: &'static str,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            file: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            line: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            column: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<&'a str>,
            causes: Vec<String>,
        }
        let place = self.place();
        let body = Body {
            code: self.code.code(),
            kind: self.code.name(),
            message: &self.message,
            file: place.map(|place| place.file.as_str()),
            line: place.and_then(|place| place.line),
            column: place.and_then(|place| place.column.as_deref()),
            hint: self.hint_text(),
            causes: self.causes(),
        };
        serde_json::json!({ "error": body })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A cause's own form for programmers may hold anything.
        f.debug_struct("Error")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("place", &self.place)
            .field("hint", &self.hint)
            .field("causes", &self.causes())
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

/// Returns the known name nearest to `name`, if one is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let near = strsim::jaro_winkler(&wanted, &candidate.to_lowercase());
            (candidate, near)
        })
        .filter(|(_, near)| *near >= 0.8)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(candidate, _)| candidate)
}

/// Returns the known name of which `name` is a slip of the keys: a letter or two that are wrong, absent, too
/// many or swapped. Stricter than [`nearest`], for names that may well be right: `team-a` is not a
/// misspelt `team-b`, nor `p95` a misspelt `p99`.
pub fn misspelt<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match name.chars().count() {
        0..=3 => return None,
        4..=6 => 1,
        _ => 2,
    };
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let stem = |text: &str| {
        let mut characters = text.chars();
        characters.next_back();
        characters.as_str().to_owned()
    };
    known
        .into_iter()
        .filter(|candidate| {
            *candidate != name && stem(candidate) != stem(name) && digits(candidate) == digits(name)
        })
        .map(|candidate| (candidate, strsim::osa_distance(name, candidate)))
        .filter(|(_, distance)| *distance <= allowed)
        .min_by_key(|(_, distance)| *distance)
        .map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keys_is_told_from_another_name() {
        let known = [
            "severity", "critical", "warning", "page", "team-b", "p95-slow",
        ];
        for (name, meant) in [
            ("severty", Some("severity")),
            ("sevrity", Some("severity")),
            ("critcal", Some("critical")),
            ("wraning", Some("warning")),
            ("paeg", Some("page")),
            ("critical", None),
            ("team-a", None),
            ("p99-slow", None),
            ("info", None),
            ("app", None),
        ] {
            assert_eq!(misspelt(name, known), meant, "{name}");
        }
    }

    #[test]
    fn json_form_has_place_hint_and_causes() {
        let error = Error::io(
            "read",
            Path::new("a.csv"),
            std::io::Error::new(std::io::ErrorKind::NotFound, "no such file"),
        )
        .at(Place {
            file: "a.csv".into(),
            line: Some(3),
            column: Some("tenure".into()),
        })
        .hint("check the path");
        let json = error.to_json();
        assert_eq!(json["error"]["code"], 74);
        assert_eq!(json["error"]["line"], 3);
        assert_eq!(json["error"]["column"], "tenure");
        assert_eq!(json["error"]["causes"][0], "no such file");
    }

    #[test]
    fn no_part_of_an_error_shows_a_secret() {
        let login = "http://ann:canary@gw/x";
        let error = Error::io("read", Path::new("postgres://me:my canary@h/db"), {
            std::io::Error::other(format!("cannot ask {login}"))
        })
        .at(Place {
            file: "POSTGRES://me:my canary@h/db?pasword=a canary".into(),
            ..Place::default()
        })
        .hint(format!("is {login} the right place?"));
        let shown = format!("{error} {error:?} {} {:?}", error.to_json(), error.causes());
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(error.to_string(), "cannot read postgres://***@h/db");
        assert_eq!(
            error.hint_text(),
            Some("is http://***@gw/x the right place?")
        );
        assert_eq!(error.causes(), ["cannot ask http://***@gw/x"]);
        // A cause that is an error of ours, as readers of sources pass them on.
        let outer = Error::bad_input("no").because(Error::usage(format!("{login}: no")));
        assert_eq!(outer.causes(), ["http://***@gw/x: no"]);
    }

    #[test]
    fn nearest_finds_a_typo_and_not_just_anything() {
        let known = ["tenure", "contract", "monthly_charges"];
        assert_eq!(nearest("tenrue", known), Some("tenure"));
        assert_eq!(nearest("Contract", known), Some("contract"));
        assert_eq!(nearest("zzz", known), None);
    }
}
