//! amtool as the judge of routes: what Alertmanager's own code says of a configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::files::write_atomically;
use serde_json::{Value, json};

use super::Labels;
use super::configuration::{Configuration, Route};
use crate::promql::quoted;
use crate::schema::is_classic_label;

/// amtool with a configuration written down for it.
#[derive(Debug)]
pub struct Amtool {
    program: PathBuf,
    file: PathBuf,
}

impl Amtool {
    /// Writes the routes of a configuration into `folder`.
    ///
    /// # Errors
    /// Fails with 74 if the file cannot be written.
    pub fn new(program: &Path, configuration: &Configuration, folder: &Path) -> Result<Self> {
        let receivers = configuration.receivers.iter();
        let receivers: Vec<Value> = receivers.map(|one| json!({ "name": one.name })).collect();
        let body = json!({ "route": route(&configuration.root), "receivers": receivers });
        let file = folder.join("alertmanager.json");
        write_atomically(&file, body.to_string().as_bytes())?;
        Ok(Self {
            program: program.to_path_buf(),
            file,
        })
    }

    /// Returns the receivers that amtool finds for these labels.
    ///
    /// # Errors
    /// Fails with 69 if amtool cannot be run, with 65 if it refuses the configuration.
    pub fn routes(&self, labels: &Labels) -> Result<Vec<String>> {
        let mut command = Command::new(&self.program);
        command.args(["config", "routes", "test"]);
        command.arg(format!("--config.file={}", self.file.display()));
        command.args(labels.iter().map(|(name, value)| argument(name, value)));
        let output = command
            .output()
            .map_err(|error| cannot_run(&self.program, error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().lines().next().unwrap_or_default().to_owned();
            return Err(Error::bad_input(format!(
                "amtool refuses the routes: {said}"
            )));
        }
        // Warnings of its parser come before the receivers, on the same stream.
        let said = String::from_utf8_lossy(&output.stdout);
        let names = said.trim().lines().last().unwrap_or_default();
        let names = names.split(',').map(str::trim);
        Ok(names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect())
    }
}

/// Runs `amtool check-config` on a whole file, and returns what it says is wrong.
///
/// # Errors
/// Fails with 69 if amtool cannot be run.
pub fn amtool_check(program: &Path, file: &Path) -> Result<Option<String>> {
    let mut command = Command::new(program);
    command.arg("check-config").arg(file);
    let output = command
        .output()
        .map_err(|error| cannot_run(program, error))?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .rev()
        .find(|line| line.contains("error") || line.contains("FAILED"));
    let line = line.unwrap_or("refused").trim();
    Ok(Some(line.trim_start_matches("FAILED: ").to_owned()))
}

/// Writes a label as an equality matcher, its value in quotes: without them amtool takes blanks, braces and commas for
/// its own. A name that only newer ones take is in quotes, too.
fn argument(name: &str, value: &str) -> String {
    match is_classic_label(name) {
        true => format!("{name}={}", quoted(value)),
        false => format!("{}={}", quoted(name), quoted(value)),
    }
}

fn cannot_run(program: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot run {}", program.display());
    Error::new(ExitCode::Unavailable, message)
        .because(error)
        .hint("Debian's package is prometheus-alertmanager; --no-amtool goes without")
}

fn route(route_: &Route) -> Value {
    let mut body = json!({});
    if let Some(receiver) = &route_.receiver {
        body["receiver"] = json!(receiver);
    }
    let matchers: Vec<String> = route_.matchers.iter().map(ToString::to_string).collect();
    if !matchers.is_empty() {
        body["matchers"] = json!(matchers);
    }
    if route_.go_on {
        body["continue"] = json!(true);
    }
    if !route_.routes.is_empty() {
        body["routes"] = route_.routes.iter().map(route).collect();
    }
    body
}
