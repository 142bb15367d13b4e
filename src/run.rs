//! One run of the program: words, settings, task, exit code. And what may cut it short.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::cli::{self, AlertsTask, ModelTask, ParsedArgs, PushTask, SignTask, Task};
use crate::commands::drift_history_view::HistoryTask;
use crate::commands::{self, Console, OutputFormat, UsesFiles};
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::{MOST_BY_HAND, locks_are_refused, read_at_most, remove_unfinished, written};
use crate::panics;
use crate::settings::{FileChoice, Layers, Origin, Settings, SettingsFile};
use crate::signals::{self, Signal};
use crate::terminal::{
    Color, Format, LogFormat, Messages, OutputOptions, Paint, ProgressMode, Surroundings,
    Verbosity, restore_cursor,
};
use crate::text::visible;

/// Runs `churnctl` as a process does: takes charge of signals and panics, asks environment and terminal.
pub(crate) fn as_process(
    args: Vec<OsString>,
    stdout: &mut dyn Write,
    stderr: &mut (dyn Write + Send),
) -> ExitCode {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panics::keep();
        end_on_signals();
    });
    let surroundings = Surroundings::of_process();
    // A bug in reading the arguments themselves comes before the output options are known.
    panics::guarded(|| Ok(within(&surroundings, args, stdout, stderr))).unwrap_or_else(|error| {
        Messages::new(stderr, plainly(false)).error(&error);
        error.code()
    })
}

/// Runs `churnctl` within these surroundings, which tests make up.
pub(crate) fn within(
    surroundings: &Surroundings,
    args: Vec<OsString>,
    stdout: &mut dyn Write,
    stderr: &mut (dyn Write + Send),
) -> ExitCode {
    let asked = Asked::of(&args);
    let args = match cli::parse(args) {
        Ok(args) => args,
        Err(refused) => return refuse(&refused, asked, surroundings, stdout, stderr),
    };
    let (global, stderr_is_terminal) = (&args.global, surroundings.stderr_is_terminal);
    let look = OutputFormat {
        format: global.format().resolve(surroundings.stdout_is_terminal),
        paint: Paint {
            color: global
                .color()
                .resolve(surroundings, surroundings.stdout_is_terminal),
        },
        width: surroundings.width(),
    };
    let output = OutputOptions {
        verbosity: global.verbosity(),
        log_format: global.log_format(),
        errors_as_json: look.format == Format::Json,
        progress: ProgressMode::decide(surroundings, global.verbosity()),
        paint: Paint {
            color: global.color().resolve(surroundings, stderr_is_terminal),
        },
    };
    let messages = Messages::new(stderr, output);
    let outcome = panics::guarded(|| {
        let mut console = Console::new(stdout, &messages, surroundings, look)?;
        perform(args, surroundings, &mut console)
    });
    crate::progress::Progress::finish(&messages);
    if locks_are_refused() {
        messages.warn("the file system refuses locks (flock): do not run two at once here");
    }
    outcome.unwrap_or_else(|error| {
        messages.error(&error);
        error.code()
    })
}

fn perform(
    args: ParsedArgs,
    surroundings: &Surroundings,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let mut settings = None;
    let layers = if args.needs_settings() {
        let named = args.global.config.clone();
        let choice = FileChoice::new(named, surroundings.var("CHURNCTL_CONFIG"));
        let file = read_settings(&choice)?;
        settings = file.as_ref().map(|_| choice.path);
        let layers = Layers::new(args.flags(), &surroundings.env, file)?;
        say_where_settings_come_from(&layers, settings.as_deref(), console.messages());
        layers
    } else {
        Layers::default()
    };
    let resolved = Settings::resolve(&layers)?;
    resolved.deadlines.put_in_force();
    let task = args.task(&resolved)?;
    let mut start = Start {
        settings: settings.as_deref(),
        console,
    };
    match task {
        Task::Demo(folder) => commands::demo::run(folder.as_deref(), start.console),
        Task::Init(request) => commands::init::run(&request, start.console),
        Task::Train(request) => start.run(commands::train::run, &request),
        Task::Score(request) => start.run(commands::score::run, &request),
        Task::Serve(request) => start.run(commands::serve::run, &request),
        Task::Drift(request) => start.run(commands::drift::run, &request),
        Task::DriftVerify(request) => start.run(commands::drift_verify::run, &request),
        Task::DriftWhy(request) => start.run(commands::drift_why::run, &request),
        Task::DriftMutate(request) => start.run(commands::drift_mutate::run, &request),
        Task::DriftHistory(task) => drift_history(&task, &mut start),
        Task::Profile(request) => start.run(commands::profile::run, &request),
        Task::Merge(request) => start.run(commands::profile::merge, &request),
        Task::Sign(SignTask::Sign(request)) => start.run(commands::sign::run, &request),
        Task::Sign(SignTask::NewKey(request)) => start.run(commands::sign::new_key, &request),
        Task::Verify(request) => start.run(commands::verify::run, &request),
        Task::Promote(request) => start.run(commands::promote::run, &request),
        Task::KfpStatus(status) => commands::kfp::status(&status, start.console),
        Task::Model(task) => model(&task, &mut start),
        Task::MlflowSync(request) => start.run(commands::mlflow::run, &request),
        Task::RenderManifests(request) => start.run(commands::render_manifests::run, &request),
        Task::RetrainAdvise(request) => start.run(commands::retrain::advise::run, &request),
        Task::RetrainNow(request) => start.run(commands::retrain::now::run, &request),
        Task::RetrainListen(request) => start.run(commands::retrain::listen::run, &request),
        Task::RetrainStatus(request) => start.run(commands::retrain::status::run, &request),
        Task::PushMetrics(task) => push_metrics(&task, &mut start),
        Task::Alerts(AlertsTask::List(request)) => start.run(commands::alerts::list, &request),
        Task::Alerts(AlertsTask::Show(request)) => start.run(commands::alerts::show, &request),
        Task::Alerts(AlertsTask::Lint(request)) => start.run(commands::alerts::lint, &request),
        Task::Alerts(AlertsTask::History(request)) => {
            start.run(commands::alerts::history, &request)
        }
        Task::Alerts(AlertsTask::Test(request)) => start.run(commands::alerts::test, &request),
        Task::MetricsList => commands::metrics::list(start.console),
        Task::Doctor(request) => start.run(commands::doctor::run, &request),
        Task::ConfigShow(prefix) => commands::config::show(
            &layers,
            prefix.as_deref().unwrap_or_default(),
            start.console,
        ),
        Task::ConfigSchema => commands::config::print_schema(start.console),
        Task::ConfigGet(key) => commands::config::get(&layers, &key, start.console),
        Task::Version => commands::version::run(start.console),
        Task::Completions(of) => start
            .console
            .print_bytes(cli::completion(of).as_bytes())
            .map(|()| ExitCode::Ok),
        Task::Man(path) => start
            .console
            .print_bytes(cli::man_page(&path)?.as_bytes())
            .map(|()| ExitCode::Ok),
    }
}

/// Says under `-v` which settings somebody set, and where.
fn say_where_settings_come_from(layers: &Layers, file: Option<&Path>, messages: &Messages<'_>) {
    match file {
        Some(path) => messages.debug(&format!("settings file: {}", path.display())),
        None => messages.debug("settings file: none"),
    }
    for setting in layers.shown() {
        if let (Some(value), true) = (&setting.value, setting.origin != Origin::Default) {
            let (key, origin) = (&setting.key, &setting.origin);
            messages.debug(&format!("{key} = {} ({origin})", value.shown()));
        }
    }
}

/// The one way to begin a command that reads or writes files.
struct Start<'s, 'l> {
    /// The settings file that was read.
    settings: Option<&'s Path>,
    console: &'s mut Console<'l>,
}

impl Start<'_, '_> {
    /// Runs a command once none of its outputs would overwrite what it reads.
    fn run<R: UsesFiles>(
        &mut self,
        command: fn(&R, &mut Console<'_>) -> Result<ExitCode>,
        request: &R,
    ) -> Result<ExitCode> {
        request.files_used().settings(self.settings).check()?;
        command(request, self.console)
    }
}

fn drift_history(task: &HistoryTask, start: &mut Start<'_, '_>) -> Result<ExitCode> {
    match task {
        HistoryTask::Show(request) => start.run(commands::drift_history_view::show, &**request),
        HistoryTask::Compact(request) => start.run(commands::drift_history_view::compact, request),
        HistoryTask::Annotate(request) => {
            start.run(commands::drift_history_view::annotate, request)
        }
    }
}

fn model(task: &ModelTask, start: &mut Start<'_, '_>) -> Result<ExitCode> {
    match task {
        ModelTask::Import(request) => start.run(commands::model::import, &**request),
        ModelTask::List(request) => commands::model::list(request, start.console),
        ModelTask::Show(request) => commands::model::show(request, start.console),
        ModelTask::Diff(request) => commands::model::diff(request, start.console),
        ModelTask::Export(request) => start.run(commands::model::export, &**request),
        ModelTask::Wrap(request) => start.run(commands::model::wrap, &**request),
        ModelTask::Rollback(request) => start.run(commands::train::run, &**request),
    }
}

fn push_metrics(task: &PushTask, start: &mut Start<'_, '_>) -> Result<ExitCode> {
    match task {
        PushTask::Push(request) => start.run(commands::push_metrics::run, request),
        PushTask::Run(request) => start.run(commands::push_run::run, request),
        PushTask::List(gateway) => start.run(commands::push_groups::list, gateway),
        PushTask::Delete(request) => start.run(commands::push_groups::delete_one, request),
        PushTask::Prune(request) => start.run(commands::push_groups::prune, request),
    }
}

fn read_settings(choice: &FileChoice) -> Result<Option<SettingsFile>> {
    let name = choice.path.display().to_string();
    match read_at_most(&choice.path, MOST_BY_HAND) {
        Ok(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => SettingsFile::parse(&name, text).map(Some),
            Err(error) => {
                let line = 1 + bytes[..error.valid_up_to()]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count();
                Err(
                    Error::bad_settings("the settings file is not UTF-8").at(Place {
                        file: name,
                        line: Some(line as u64),
                        column: None,
                    }),
                )
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if !choice.named {
                return Ok(None);
            }
            let message = format!("no settings file {name}");
            Err(Error::bad_settings(message).hint("check --config and CHURNCTL_CONFIG"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            Err(Error::bad_settings(format!("no settings file: {name}")).because(error))
        }
        Err(error) => Err(Error::io("read", &choice.path, error)),
    }
}

/// Prints help to stdout, and what is wrong with the words to stderr.
fn refuse(
    refused: &cli::Refused,
    asked: Asked,
    surroundings: &Surroundings,
    stdout: &mut dyn Write,
    stderr: &mut (dyn Write + Send),
) -> ExitCode {
    let good = refused.code == ExitCode::Ok;
    if asked.json && !good {
        Messages::new(stderr, plainly(true)).error(&refused.to_error());
        return refused.code;
    }
    let is_terminal = match good {
        true => surroundings.stdout_is_terminal,
        false => surroundings.stderr_is_terminal,
    };
    let text = match asked.color.resolve(surroundings, is_terminal) {
        true => &refused.painted,
        false => &refused.plain,
    };
    let stream: &mut dyn Write = if good { stdout } else { stderr };
    // Nobody to read the help is not a failure.
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush());
    refused.code
}

/// The manner of errors where the words were not understood.
fn plainly(errors_as_json: bool) -> OutputOptions {
    OutputOptions {
        verbosity: Verbosity::Normal,
        log_format: LogFormat::Text,
        errors_as_json,
        progress: ProgressMode::Off,
        paint: Paint::default(),
    }
}

/// What the words ask for even if they are wrong: how help and errors should look.
#[derive(Debug, Clone, Copy)]
struct Asked {
    json: bool,
    color: Color,
}

impl Asked {
    fn of(args: &[OsString]) -> Self {
        let says = |flag: &str, value: &str| {
            let joined = format!("{flag}={value}");
            args.iter().any(|arg| *arg == *joined)
                || args
                    .windows(2)
                    .any(|pair| pair[0] == *flag && pair[1] == *value)
        };
        Self {
            json: says("--format", "json") || args.iter().any(|arg| arg == "--json"),
            color: match (says("--color", "always"), says("--color", "never")) {
                (true, false) => Color::Always,
                (false, true) => Color::Never,
                (true, true) | (false, false) => Color::Auto,
            },
        }
    }
}

/// Ends the process on SIGTERM and SIGINT that no command takes care of.
fn end_on_signals() {
    signals::listen(|signal| {
        let code = match signal {
            Signal::Interrupt => ExitCode::Interrupted,
            Signal::Terminate | Signal::Hangup => ExitCode::Terminated,
        };
        remove_unfinished();
        restore_cursor();
        if signal == Signal::Interrupt && std::io::stderr().is_terminal() {
            let _ = writeln!(std::io::stderr(), "{}", interrupted(&written()));
        }
        #[expect(
            clippy::exit,
            reason = "the main thread may be anywhere; only the process can end it"
        )]
        std::process::exit(i32::from(code.code()));
    });
}

/// What somebody reads who has pressed Ctrl-C.
fn interrupted(written: &[PathBuf]) -> String {
    let names: Vec<String> = written
        .iter()
        .map(|path| visible(&path.display().to_string()).into_owned())
        .collect();
    match names.as_slice() {
        [] => "interrupted: no file was written".to_owned(),
        names => format!("interrupted: {} had been written before", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_run_says_what_it_has_written() {
        assert_eq!(interrupted(&[]), "interrupted: no file was written");
        let paths = ["a.json".into(), "b.html".into()];
        assert_eq!(
            interrupted(&paths),
            "interrupted: a.json, b.html had been written before"
        );
    }

    fn run(surroundings: &Surroundings, args: &[&str]) -> (ExitCode, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let args = ["churnctl"]
            .iter()
            .chain(args)
            .map(OsString::from)
            .collect();
        let code = within(surroundings, args, &mut stdout, &mut stderr);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (code, text(stdout), text(stderr))
    }

    #[test]
    fn a_mistyped_flag_is_never_drift() {
        let surroundings = Surroundings::default();
        let (code, stdout, stderr) = run(&surroundings, &["drift", "--bogus"]);
        assert_eq!(code, ExitCode::Usage);
        assert!(stdout.is_empty() && stderr.contains("--bogus"), "{stderr}");
        let (code, stdout, stderr) = run(&surroundings, &[]);
        assert_eq!((code, stdout.as_str()), (ExitCode::Usage, ""));
        assert!(stderr.contains("Usage: churnctl"), "{stderr}");
    }

    #[test]
    fn help_is_coloured_on_a_terminal_only() {
        let mut surroundings = Surroundings::default();
        assert!(!run(&surroundings, &["--help"]).1.contains('\u{1b}'));
        assert!(
            run(&surroundings, &["--help", "--color=always"])
                .1
                .contains('\u{1b}')
        );
        surroundings.stdout_is_terminal = true;
        assert!(run(&surroundings, &["--help"]).1.contains('\u{1b}'));
        surroundings.env.insert("NO_COLOR".into(), "1".into());
        assert!(!run(&surroundings, &["--help"]).1.contains('\u{1b}'));
    }

    #[test]
    fn wrong_words_are_json_where_json_was_asked_for() {
        let args = ["drift", "--warn-psi", "NaN", "--format", "json"];
        let (code, _, stderr) = run(&Surroundings::default(), &args);
        assert_eq!(code, ExitCode::Usage);
        let json: serde_json::Value = serde_json::from_str(&stderr).expect("JSON");
        assert_eq!(json["error"]["code"], 64);
        let (_, _, stderr) = run(&Surroundings::default(), &["drfit", "--format=json"]);
        let json: serde_json::Value = serde_json::from_str(&stderr).expect("JSON");
        assert!(
            json["error"]["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("drift")),
            "{stderr}"
        );
    }
}
