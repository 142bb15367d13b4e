//! The words of `churnctl config`, `completions`, `man` and `version`.

use clap::{Args, Subcommand, ValueEnum};

const SHOW_EXAMPLES: &str = "\
Examples:
  # What a check would use here, and why
  churnctl config show

  # The settings of one command, for people and for programs
  churnctl config show drift
  churnctl config show drift --format json | jq '.settings[] | select(.origin != \"default\")'
";

const GET_EXAMPLES: &str = "\
Examples:
  # One value, for a script
  churnctl config get drift.fail_psi

  # A list has a line for each of its texts
  churnctl config get drift.baseline | xargs ls -l
";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  # For the editor, beside churnctl.toml
  churnctl config schema > churnctl.schema.json

  # The words that a setting takes
  churnctl config schema | jq -c '.properties.serve.properties.access_log.enum'
";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  # bash
  churnctl completions bash > ~/.local/share/bash-completion/completions/churnctl

  # zsh, into a folder of $fpath
  churnctl completions zsh > ~/.zfunc/_churnctl

  # fish
  churnctl completions fish > ~/.config/fish/completions/churnctl.fish
";

pub(super) const VERSION_EXAMPLES: &str = "\
Examples:
  churnctl version
  churnctl version --format json
";

/// Look at the settings
#[derive(Debug, Clone, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every setting, its value, and where the value comes from
    ///
    /// Flags count before CHURNCTL_* variables, these before the settings file, and that before
    /// the defaults. A setting that nobody knows is an error.
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show {
        /// Only settings that begin like this, such as `drift` or `drift.fail`
        prefix: Option<String>,
    },

    /// Print the value of one setting and nothing else
    ///
    /// A list has a line for each of its texts; a setting that is not set has none. Which value wins
    /// is decided as in `config show`.
    #[command(after_long_help = GET_EXAMPLES)]
    Get {
        /// The setting, such as `drift.fail_psi`
        key: String,
    },

    /// Print the JSON Schema of churnctl.toml
    ///
    /// Editors complete and check the file by it: with Taplo or Even Better TOML, put
    /// `#:schema ./churnctl.schema.json` into its first line. `churnctl init` does both.
    #[command(after_long_help = SCHEMA_EXAMPLES)]
    Schema,
}

/// Print the completions of a shell
#[derive(Debug, Clone, Args)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: ShellArg,
}

/// A shell that we have completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShellArg {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

/// Print the man page of a command
#[derive(Debug, Clone, Args)]
pub(super) struct ManArgs {
    /// The command, such as `drift` or `profile merge`; none for the overview
    pub(super) command: Vec<String>,
}
