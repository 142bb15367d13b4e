//! The flags that every command takes.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};

use crate::commands::alerts::Export;
use crate::terminal::{Color, Format, FormatChoice, LogFormat, Verbosity};

const HEADING: &str = "Global options";

/// The flags that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]
    ///
    /// A file named here or in the environment must exist. `churnctl config show` prints every
    /// setting and where its value comes from.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub config: Option<PathBuf>,

    /// How to print the result
    ///
    /// `auto` is a table on a terminal and plain text otherwise. Under `json`, errors are JSON
    /// on stderr, too.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "auto", value_parser = formats(&USUAL), help_heading = HEADING)]
    format: FormatArg,

    /// What other tools call `--format json`.
    #[arg(long, global = true, hide = true, conflicts_with = "format", help_heading = HEADING)]
    json: bool,

    /// When to colour
    ///
    /// `auto` heeds NO_COLOR, CLICOLOR_FORCE, CLICOLOR and TERM=dumb, and colours on a terminal.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = HEADING)]
    color: ColorArg,

    /// Say more on stderr
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet", help_heading = HEADING)]
    verbose: u8,

    /// Say nothing but errors, beside the result on stdout
    #[arg(short, long, global = true, help_heading = HEADING)]
    quiet: bool,

    /// How messages on stderr look
    ///
    /// `json` is one object a line with `timestamp`, `level` and `message`. Progress on stderr is
    /// a bar on a terminal and one line a stage elsewhere; CHURNCTL_PROGRESS=plain or off
    /// changes that.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", help_heading = HEADING)]
    log_format: LogFormatArg,
}

/// Every format. `alerts` and `model export` have some of their own; their arguments take the place of the global one
/// there.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormatArg {
    Auto,
    Table,
    Plain,
    Json,
    Yaml,
    Github,
    Junit,
    Sarif,
    Lightgbm,
    Onnx,
    #[value(name = "sql:postgres")]
    SqlPostgres,
}

/// The formats that every command has.
const USUAL: [&str; 5] = ["auto", "table", "plain", "json", "yaml"];

/// Returns a parser that takes these formats.
pub(super) fn formats(names: &[&'static str]) -> impl TypedValueParser<Value = FormatArg> + use<> {
    PossibleValuesParser::new(names.to_vec()).map(|name| {
        // The parser has let a known name through.
        FormatArg::from_str(&name, false).unwrap_or(FormatArg::Auto)
    })
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ColorArg {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormatArg {
    Text,
    Json,
}

impl Global {
    /// Returns how to print the result.
    #[must_use]
    pub const fn format(&self) -> FormatChoice {
        match self.format {
            _ if self.json => FormatChoice::Always(Format::Json),
            FormatArg::Auto => FormatChoice::Auto,
            FormatArg::Table => FormatChoice::Always(Format::Table),
            FormatArg::Plain
            | FormatArg::Github
            | FormatArg::Junit
            | FormatArg::Sarif
            | FormatArg::Lightgbm
            | FormatArg::Onnx
            | FormatArg::SqlPostgres => FormatChoice::Always(Format::Plain),
            FormatArg::Json => FormatChoice::Always(Format::Json),
            FormatArg::Yaml => FormatChoice::Always(Format::Yaml),
        }
    }

    /// Returns the form for one kind of program, if one was asked for.
    #[must_use]
    pub const fn export(&self) -> Option<Export> {
        match self.format {
            FormatArg::Github => Some(Export::Github),
            FormatArg::Junit => Some(Export::Junit),
            FormatArg::Sarif => Some(Export::Sarif),
            FormatArg::Auto
            | FormatArg::Table
            | FormatArg::Plain
            | FormatArg::Json
            | FormatArg::Yaml
            | FormatArg::Lightgbm
            | FormatArg::Onnx
            | FormatArg::SqlPostgres => None,
        }
    }

    /// Returns when to colour.
    #[must_use]
    pub const fn color(&self) -> Color {
        match self.color {
            ColorArg::Auto => Color::Auto,
            ColorArg::Always => Color::Always,
            ColorArg::Never => Color::Never,
        }
    }

    /// Returns how much to say.
    #[must_use]
    pub const fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        }
    }

    /// Returns how messages look.
    #[must_use]
    pub const fn log_format(&self) -> LogFormat {
        match self.log_format {
            LogFormatArg::Text => LogFormat::Text,
            LogFormatArg::Json => LogFormat::Json,
        }
    }
}
