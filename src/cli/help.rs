//! What the help says beside the flags: exit codes, settings and defaults, from their registries.

use clap::{Arg, Command};

use crate::exit::ExitCode;
use crate::settings::{Kind, key_of_flag};

/// Returns the end of `churnctl --help`.
pub(super) fn overview() -> String {
    let mut text = String::from(
        "Examples:\n  \
         # Compare; exit code 2 on FAIL\n  \
         churnctl drift --baseline training.csv --current august.csv\n\n  \
         # Where does each setting come from?\n  \
         churnctl config show\n\n\
         Exit codes:\n",
    );
    for code in ExitCode::ALL {
        text.push_str(&format!("  {:>3}  {}\n", code.code(), code.meaning()));
    }
    text
}

/// Adds default, variable and setting to the help of every flag that sets a setting.
pub(super) fn complete(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|arg| complete_arg(&name, arg));
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, complete)
    })
}

fn complete_arg(command: &str, arg: Arg) -> Arg {
    let Some(key) = arg
        .get_long()
        .and_then(|long| key_of_flag(command, &format!("--{long}")))
    else {
        return arg;
    };
    let default = match key.default {
        Some(default) if !default.is_empty() => format!(" [default: {default}]"),
        Some(_) | None => String::new(),
    };
    let short = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let long = arg
        .get_long_help()
        .map_or_else(|| short.clone(), ToString::to_string);
    let list = match key.kind {
        Kind::List => ", separated by commas",
        Kind::Text | Kind::Number | Kind::Count => "",
    };
    let source = format!(
        "{default} [setting: {}] [env: {}{list}]",
        key.name,
        key.env_name()
    );
    arg.help(short + &default)
        .long_help(format!("{long}\n\n{}", source.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::super::{parse, words};
    use super::*;
    use crate::settings::KEYS;

    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name());
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            leaves(sub, &path, found);
        }
        if command.get_subcommands().next().is_none() || path.ends_with("profile") {
            let help = command.get_after_long_help();
            found.push((path, help.map(ToString::to_string).unwrap_or_default()));
        }
    }

    /// Splits a line like a shell does, as far as our examples go.
    fn split(line: &str) -> Vec<std::ffi::OsString> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for character in line.chars() {
            match (character, words.last_mut()) {
                ('\'', _) => quoted = !quoted,
                (' ', _) if !quoted => words.push(String::new()),
                (_, Some(word)) => word.push(character),
                (_, None) => {}
            }
        }
        words.into_iter().map(Into::into).collect()
    }

    #[test]
    fn every_command_has_two_examples_and_every_example_parses() {
        let mut found = Vec::new();
        leaves(&words::command(), "", &mut found);
        found.push(("overview".to_owned(), overview()));
        assert!(found.len() >= 6, "{found:?}");
        for (path, help) in found {
            let lines = help
                .lines()
                .filter(|line| line.starts_with("  ") && !line.contains('#'));
            let examples: Vec<&str> = lines
                .flat_map(|line| line.split(" | "))
                .filter_map(|part| part.trim().strip_prefix("churnctl "))
                .collect();
            assert!(examples.len() >= 2, "{path}: {examples:?}");
            for example in examples {
                let words = example.split(" > ").next().unwrap_or_default();
                let parsed = parse(split(&format!("churnctl {words}")));
                assert!(parsed.is_ok(), "{path}: {example}: {parsed:?}");
            }
        }
    }

    #[test]
    fn every_flag_of_the_registry_exists_and_its_help_names_default_and_variable() {
        let command = words::command();
        let commands: Vec<_> = ["drift", "train", "score", "serve", "render-manifests"]
            .iter()
            .filter_map(|name| command.find_subcommand(name))
            .collect();
        for key in KEYS {
            let Some(flag) = key.flag else { continue };
            let arg = commands
                .iter()
                .flat_map(|command| command.get_arguments())
                .find(|arg| {
                    Some(flag) == arg.get_long().map(|long| format!("--{long}")).as_deref()
                });
            let help = arg.and_then(Arg::get_long_help).expect(flag).to_string();
            assert!(help.contains(&key.env_name()), "{flag}: {help}");
            assert!(
                help.contains(key.default.unwrap_or_default()),
                "{flag}: {help}"
            );
        }
    }

    #[test]
    fn claps_own_checks_of_the_commands_pass() {
        words::command().debug_assert();
    }
}
