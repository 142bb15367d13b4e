//! What the help says beside the flags: exit codes, settings and defaults, from their registries.

use clap::{Arg, Command};

use crate::exit::ExitCode;
use crate::settings::{Kind, key_of_flag};

/// Returns the end of `churnctl --help`.
pub(super) fn overview() -> String {
    let mut text = String::from(
        "Examples:\n  \
         # See what it does, on real customers\n  \
         churnctl demo\n\n  \
         # Begin with your own data\n  \
         churnctl init training.csv\n\n  \
         # Compare; exit code 2 on FAIL\n  \
         churnctl drift training.csv august.csv\n\n  \
         # Where does each setting come from?\n  \
         churnctl config show\n\n\
         Exit codes:\n",
    );
    for code in ExitCode::ALL {
        text.push_str(&format!("  {:>3}  {}\n", code.code(), code.meaning()));
    }
    text
}

/// Adds default, variable and setting to the help of every flag that sets a setting, in the commands whose name (or
/// alias) is wanted: all of them take longer than anything else that a short run does.
pub(super) fn complete(command: Command, is_wanted: impl Fn(&str) -> bool) -> Command {
    let wanted = command
        .get_subcommands()
        .filter(|sub| is_wanted(sub.get_name()) || sub.get_all_aliases().any(&is_wanted))
        .map(|sub| sub.get_name().to_owned());
    let wanted: Vec<String> = wanted.collect();
    wanted
        .into_iter()
        .fold(with_own_args(command, ""), |command, name| {
            command.mut_subcommand(&name, |sub| completed(sub, &name))
        })
}

/// `top` is the subcommand of `churnctl` that the command belongs to.
fn completed(command: Command, top: &str) -> Command {
    let names = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned());
    let names: Vec<String> = names.collect();
    names
        .into_iter()
        .fold(with_own_args(command, top), |command, name| {
            command.mut_subcommand(name, |sub| completed(sub, top))
        })
}

fn with_own_args(command: Command, top: &str) -> Command {
    // The sides of `drift verify` are those of the report, whatever is set, a history has its own; `init` makes
    // settings and reads none.
    let checks = ["drift", "mutate", "why"].contains(&command.get_name());
    let sets_nothing = top == "init" || top == "drift" && !checks;
    command.mut_args(|arg| {
        // Whoever says what a value may be also says what is wrong with -1; clap would take it for a flag.
        let takes_value = arg.get_long().is_some() && arg.get_action().takes_values();
        let arg = arg.allow_negative_numbers(takes_value);
        match sets_nothing {
            true => arg,
            false => complete_arg(top, arg),
        }
    })
}

fn complete_arg(command: &str, arg: Arg) -> Arg {
    // A flag with a default of its own sets nothing, whatever it is called.
    let is_own = !arg.get_default_values().is_empty();
    let Some(key) = arg
        .get_long()
        .filter(|_| !is_own)
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
    use super::super::{parse, parsed_args};
    use super::*;
    use crate::settings::KEYS;

    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name());
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            leaves(sub, &path, found);
        }
        let is_leaf = command.get_subcommands().next().is_none();
        if is_leaf
            || path.ends_with("profile")
            || path.ends_with("drift")
            || path.ends_with("push-metrics")
        {
            let help = command.get_after_long_help();
            found.push((path, help.map(ToString::to_string).unwrap_or_default()));
        }
    }

    /// Splits a line like a shell does, as far as our examples go.
    fn split(line: &str) -> Vec<std::ffi::OsString> {
        let mut parsed_args = vec![String::new()];
        let mut quoted = false;
        for character in line.chars() {
            match (character, parsed_args.last_mut()) {
                ('\'', _) => quoted = !quoted,
                (' ', _) if !quoted => parsed_args.push(String::new()),
                (_, Some(word)) => word.push(character),
                (_, None) => {}
            }
        }
        parsed_args.into_iter().map(Into::into).collect()
    }

    #[test]
    fn every_command_has_two_examples_and_every_example_parses() {
        let mut found = Vec::new();
        leaves(&parsed_args::command(), "", &mut found);
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
                let parsed_args = example.split(" > ").next().unwrap_or_default();
                let parsed = parse(split(&format!("churnctl {parsed_args}")));
                assert!(parsed.is_ok(), "{path}: {example}: {parsed:?}");
            }
        }
    }

    /// The long help of every flag of this name, in whatever command.
    fn helps(command: &Command, flag: &str, found: &mut Vec<String>) {
        let named = |arg: &&Arg| {
            arg.get_long()
                .is_some_and(|long| flag == format!("--{long}"))
        };
        let args = command.get_arguments().filter(named);
        found.extend(args.filter_map(|arg| Some(arg.get_long_help()?.to_string())));
        for inner in command.get_subcommands() {
            helps(inner, flag, found);
        }
    }

    #[test]
    fn every_flag_of_the_registry_exists_and_its_help_names_default_and_variable() {
        let command = parsed_args::command();
        for key in KEYS {
            let Some(flag) = key.flag else { continue };
            let mut found = Vec::new();
            helps(&command, flag, &mut found);
            let said = |help: &String| {
                help.contains(&key.env_name()) && help.contains(key.default.unwrap_or_default())
            };
            assert!(found.iter().any(said), "{flag}: {found:?}");
        }
    }

    #[test]
    fn claps_own_checks_of_the_commands_pass() {
        parsed_args::command().debug_assert();
    }
}
