//! What the user can choose about the output, resolved once.

use super::Surroundings;

/// What `--format` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormatChoice {
    /// A table on a terminal, plain text otherwise.
    #[default]
    Auto,
    /// This one.
    Always(Format),
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Drawn for eyes, as wide as the terminal.
    Table,
    /// Aligned text without lines, for logs and `grep`.
    Plain,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

impl FormatChoice {
    /// Resolves `auto`.
    #[must_use]
    pub const fn resolve(self, stdout_is_terminal: bool) -> Format {
        match self {
            Self::Auto if stdout_is_terminal => Format::Table,
            Self::Auto => Format::Plain,
            Self::Always(format) => format,
        }
    }
}

/// What `--color` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// The environment and the terminal decide.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Decides for one stream: flag, `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM=dumb`, terminal, in this order.
    ///
    /// An empty `NO_COLOR` counts as not set, as no-color.org says.
    #[must_use]
    pub fn resolve(self, surroundings: &Surroundings, is_terminal: bool) -> bool {
        let set = |name: &str| surroundings.var(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR").is_some() => false,
            Self::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            Self::Auto if set("CLICOLOR") == Some("0") || set("TERM") == Some("dumb") => false,
            Self::Auto => is_terminal,
        }
    }
}

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors only (`-q`).
    Quiet,
    /// Stages, notes and warnings.
    #[default]
    Normal,
    /// Details, too (`-v`).
    Verbose,
}

/// What messages on stderr look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// A bar that moves.
    Bar,
    /// One line a stage.
    Plain,
    /// Nothing.
    Off,
}

impl ProgressMode {
    /// Decides from `CHURNCTL_PROGRESS` (`plain` or `off`), `TERM=dumb`, and whether stderr is a terminal.
    #[must_use]
    pub fn decide(surroundings: &Surroundings, verbosity: Verbosity) -> Self {
        let asked = surroundings.var("CHURNCTL_PROGRESS").unwrap_or_default();
        let dumb = surroundings.var("TERM") == Some("dumb");
        match asked {
            _ if verbosity == Verbosity::Quiet => Self::Off,
            "off" => Self::Off,
            "plain" => Self::Plain,
            _ if surroundings.stderr_is_terminal && !dumb => Self::Bar,
            _ => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(vars: &[(&str, &str)]) -> Surroundings {
        let vars = vars.iter();
        Surroundings {
            env: vars
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            stderr_is_terminal: true,
            ..Surroundings::default()
        }
    }

    #[test]
    fn colour_follows_the_written_order() {
        let auto = |vars: &[(&str, &str)], terminal| Color::Auto.resolve(&with(vars), terminal);
        assert!(auto(&[], true) && !auto(&[], false));
        assert!(!auto(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(auto(&[("NO_COLOR", "")], true));
        assert!(auto(&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!auto(&[("CLICOLOR", "0")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(Color::Always.resolve(&with(&[("NO_COLOR", "1")]), false));
        assert!(!Color::Never.resolve(&with(&[("CLICOLOR_FORCE", "1")]), true));
    }

    #[test]
    fn auto_is_a_table_on_a_terminal_and_plain_elsewhere() {
        assert_eq!(FormatChoice::Auto.resolve(true), Format::Table);
        assert_eq!(FormatChoice::Auto.resolve(false), Format::Plain);
        assert_eq!(
            FormatChoice::Always(Format::Json).resolve(true),
            Format::Json
        );
    }

    #[test]
    fn progress_is_a_bar_only_on_a_terminal_and_nothing_when_quiet() {
        let mode = |vars: &[(&str, &str)], verbosity| ProgressMode::decide(&with(vars), verbosity);
        assert_eq!(mode(&[], Verbosity::Normal), ProgressMode::Bar);
        assert_eq!(mode(&[], Verbosity::Quiet), ProgressMode::Off);
        assert_eq!(
            mode(&[("CHURNCTL_PROGRESS", "plain")], Verbosity::Normal),
            ProgressMode::Plain
        );
        assert_eq!(
            mode(&[("CHURNCTL_PROGRESS", "off")], Verbosity::Normal),
            ProgressMode::Off
        );
        let pipe = Surroundings::default();
        assert_eq!(
            ProgressMode::decide(&pipe, Verbosity::Normal),
            ProgressMode::Plain
        );
    }
}
