//! `churnctl render-manifests`: settings to files; or a look at whether the files still match.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::inputs::is_wrapped;
use super::{Console, deployment, diff};
use crate::cells::Tone;
use crate::error::{Error, Result, nearest};
use crate::exit::ExitCode;
use crate::files::{MOST_BY_HAND, read_at_most, write_atomically};
use crate::manifests::{self, Content, File, Flavor, Form, HEADER, Part, Plan};
use crate::settings::Settings;
use crate::terminal::Format;
use crate::text::shell_word;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// The folder that `--check` looks into if none is named.
const USUAL_FOLDER: &str = "k8s";

/// Everything that rendering needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// Where files go; standard output if nowhere.
    pub output: Option<PathBuf>,
    /// Whether to compare only.
    pub check: bool,
    /// Objects, kinds or files; empty for all.
    pub only: Vec<String>,
    /// For whom.
    pub flavor: Flavor,
    /// What is rendered.
    pub plan: Plan,
    /// Settings of the drift check that are not, since their addresses may hold a secret.
    pub untold: Vec<String>,
}

impl RenderRequest {
    /// Makes the request out of words and settings.
    ///
    /// # Errors
    /// Fails with 78 if the settings name a rule that nobody knows.
    pub fn from_settings(
        settings: &Settings,
        output: Option<PathBuf>,
        check: bool,
        only: Vec<String>,
        flavor: Flavor,
    ) -> Result<Self> {
        let plan = deployment::plan(settings)?;
        refuse_wrapped(settings, &plan)?;
        Ok(Self {
            output,
            check,
            only,
            flavor,
            plan,
            untold: deployment::drift_told(settings).untold,
        })
    }
}

/// Refuses what scores or trains where the model lives elsewhere: its pods would never be ready.
fn refuse_wrapped(settings: &Settings, plan: &Plan) -> Result<()> {
    const WATCHING: [Part; 5] = [
        Part::DriftExporter,
        Part::Pushgateway,
        Part::Monitoring,
        Part::Dashboards,
        Part::HelmValues,
    ];
    let baseline = settings.drift.baseline.iter().map(Path::new);
    let mut models = baseline.chain([&*settings.serve.model]);
    let Some(model) = models.find(|path| is_wrapped(path)) else {
        return Ok(());
    };
    let others: Vec<&str> = plan
        .parts
        .iter()
        .filter(|part| !WATCHING.contains(part))
        .map(|part| part.as_str())
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} is a model that lives elsewhere, which nothing here can serve or train: {}",
        model.display(),
        others.join(", ")
    );
    Err(Error::bad_settings(message)
        .hint("what watches it: --parts drift-exporter,monitoring,dashboards"))
}

/// Renders, and writes, prints or compares.
///
/// # Errors
/// Fails with 64 if `--only` matches nothing, with 74 if a file cannot be read or written.
pub fn run(request: &RenderRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let form = match console.look().format {
        Format::Json => Form::Json,
        Format::Table | Format::Plain | Format::Yaml => Form::Yaml,
    };
    let files = chosen(request)?;
    let rendered = files
        .iter()
        .map(|file| {
            let header = manifests::header(request.flavor, file);
            Ok((
                PathBuf::from(file.path_as(form)),
                file.render(form, &header)?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    match (&request.output, request.check) {
        (None, false) => print(&files, &rendered, form, console).map(|()| ExitCode::Ok),
        (Some(folder), false) => write(request, folder, &rendered, console),
        (folder, true) => {
            let folder = folder.as_deref().unwrap_or(Path::new(USUAL_FOLDER));
            compare(request, folder, &rendered, console)
        }
    }
}

fn chosen(request: &RenderRequest) -> Result<Vec<File>> {
    let mut plan = request.plan.clone();
    // Named outright it need not be among the parts.
    if request.only.iter().any(|name| name == Part::Kfp.as_str()) && !plan.has(Part::Kfp) {
        plan.parts.push(Part::Kfp);
    }
    let mut files = manifests::render(&plan, request.flavor)?;
    let named = |file: &File, name: &str| {
        let kind = file.id.split('/').next().unwrap_or_default();
        let object = matches!(file.content, Content::Tree(_)) && file.id != file.path;
        file.id.eq_ignore_ascii_case(name)
            || file.path == name
            || (object && kind.eq_ignore_ascii_case(name))
    };
    for name in &request.only {
        if !files.iter().any(|file| named(file, name)) {
            let error = Error::usage(format!("--only {name}: no such object is rendered"));
            let ids = files.iter().map(|file| file.id.as_str());
            return Err(match nearest(name, ids) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("without --only every object is listed with its file"),
            });
        }
    }
    if !request.only.is_empty() {
        files.retain(|file| request.only.iter().any(|name| named(file, name)));
    }
    Ok(files)
}

/// Everything in one stream that kubectl reads, each object under the name of its file.
fn print(
    files: &[File],
    rendered: &[(PathBuf, String)],
    form: Form,
    console: &mut Console<'_>,
) -> Result<()> {
    if form == Form::Json {
        let trees: Vec<&serde_json::Value> = files
            .iter()
            .filter_map(|file| match &file.content {
                Content::Tree(tree) => Some(tree),
                Content::Text(_) => None,
            })
            .collect();
        let text = match trees.as_slice() {
            [one] => serde_json::to_string_pretty(one),
            many => serde_json::to_string_pretty(
                &serde_json::json!({"apiVersion": "v1", "kind": "List", "items": many}),
            ),
        };
        let text = text.map_err(|error| {
            Error::new(ExitCode::Bug, "cannot write the objects as JSON").because(error)
        })?;
        return console.print_data((text + "\n").as_bytes());
    }
    let mut text = String::new();
    for (path, content) in rendered {
        if rendered.len() > 1 {
            text.push_str(&format!("---\n# {}\n", path.display()));
        }
        text.push_str(content);
    }
    console.print_data(text.as_bytes())
}

#[derive(Serialize)]
struct Body {
    folder: String,
    status: &'static str,
    files: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    state: &'static str,
}

fn write(
    request: &RenderRequest,
    folder: &Path,
    rendered: &[(PathBuf, String)],
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let mut entries = Vec::new();
    for (path, text) in rendered {
        let full = folder.join(path);
        let old = read(&full)?;
        let state = match &old {
            Some(old) if old == text => "unchanged",
            Some(_) => "changed",
            None => "new",
        };
        if state != "unchanged" {
            write_atomically(&full, text.as_bytes())?;
        }
        entries.push(entry(path, state));
    }
    for path in left_over(request, folder, rendered)? {
        let full = folder.join(&path);
        std::fs::remove_file(&full).map_err(|error| Error::io("delete", &full, error))?;
        entries.push(entry(&path, "deleted"));
    }
    let count = |state: &str| entries.iter().filter(|entry| entry.state == state).count();
    let summary = format!(
        "{}: {} files, {} new, {} changed, {} deleted",
        folder.display(),
        rendered.len(),
        count("new"),
        count("changed"),
        count("deleted"),
    );
    let body = Body {
        folder: folder.display().to_string(),
        status: "OK",
        files: entries,
    };
    let document = console.document("render-manifests", SCHEMA_VERSION, &body);
    // Under `--format json` the files are JSON, and so is what is said about them.
    if console.look().format != Format::Json || !console.print_document(&document)? {
        for entry in body.files.iter().filter(|entry| entry.state != "unchanged") {
            console.print_done(Tone::Plain, &format!("{:<9} {}", entry.state, entry.path))?;
        }
        console.print_done(Tone::Plain, &summary)?;
    }
    advise(request, console);
    Ok(ExitCode::Ok)
}

fn entry(path: &Path, state: &'static str) -> Entry {
    Entry {
        path: path.display().to_string(),
        state,
    }
}

/// Says what is left to do by hand.
fn advise(request: &RenderRequest, console: &Console<'_>) {
    let plan = &request.plan;
    let messages = console.messages();
    if !request.only.is_empty() {
        return;
    }
    let left = manifests::placeholders(plan, request.flavor);
    if left
        .iter()
        .any(|(setting, _)| *setting == "k8s.image_digest")
    {
        messages.warn("k8s.image_digest is not set: no image has that digest; set it to the one that your registry shows");
    }
    for (setting, value) in left {
        if setting != "k8s.image_digest" {
            messages.warn(&format!(
                "{setting} is {value}, a placeholder; set your own"
            ));
        }
    }
    if request.flavor == Flavor::Plain {
        return;
    }
    if plan.access_mode == "ReadWriteOncePod" {
        messages.warn("k8s.access_mode is ReadWriteOncePod: while one pod has the volume, every other one waits");
    }
    if plan.has(manifests::Part::Api) && plan.is_on_one_node() && plan.api_reads_volume() {
        messages.info(&format!(
            "k8s.access_mode is {}: all pods with the volume share one node, the API's, too; docs/kubernetes.md says how to have several",
            plan.access_mode
        ));
    }
    for name in &request.untold {
        messages.warn(&format!(
            "{name} is not rendered, since its address may hold a secret: give it to the pods as {} out of a Secret",
            format_args!("CHURNCTL_{}", name.replace('.', "_").to_uppercase())
        ));
    }
    if !plan.prediction_log.is_empty()
        && plan
            .prediction_log
            .iter()
            .all(|(key, _)| *key != "log_upload")
    {
        messages.warn("serve.log_upload is not set: the API's predictions go with its pods");
    }
    if !plan.trusted_keys.is_empty() && plan.sign_secret.is_none() {
        messages.warn("serve.require_signature is set and k8s.sign_secret is not: what the jobs train is not signed, and the API refuses it");
    }
    let secrets = manifests::secrets(plan);
    if !secrets.is_empty() && !plan.has(manifests::Part::ExternalSecrets) {
        messages.info("secrets are not rendered; make them once:");
        for command in secrets {
            messages.info(&format!("  {command}"));
        }
    }
}

fn read(path: &Path) -> Result<Option<String>> {
    match read_at_most(path, MOST_BY_HAND) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Returns files in the folder that we made once and would not make now.
fn left_over(
    request: &RenderRequest,
    folder: &Path,
    rendered: &[(PathBuf, String)],
) -> Result<Vec<PathBuf>> {
    if !request.only.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<&PathBuf> = rendered.iter().map(|(path, _)| path).collect();
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        let here = folder.join(&inside);
        let entries = match std::fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("read", &here, error)),
        };
        let failed = |error| Error::io("read", &here, error);
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let path = inside.join(entry.file_name());
            // Links are left alone: what is behind them is somebody else's.
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && !known.contains(&path)
                && read(&folder.join(&path))?.is_some_and(|text| text.starts_with(HEADER))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn compare(
    request: &RenderRequest,
    folder: &Path,
    rendered: &[(PathBuf, String)],
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let mut entries = Vec::new();
    let mut diffs = Vec::new();
    for (path, text) in rendered {
        let full = folder.join(path);
        let old = read(&full)?;
        let state = match &old {
            Some(old) if old == text => continue,
            Some(_) => "stale",
            None => "missing",
        };
        diffs.push((full, old, text.clone()));
        entries.push(entry(path, state));
    }
    for path in left_over(request, folder, rendered)? {
        let full = folder.join(&path);
        let old = read(&full)?;
        diffs.push((full, old, String::new()));
        entries.push(entry(&path, "no longer rendered"));
    }
    let stale = entries.len();
    let body = Body {
        folder: folder.display().to_string(),
        status: if stale == 0 { "OK" } else { "FAIL" },
        files: entries,
    };
    let document = console.document("render-manifests", SCHEMA_VERSION, &body);
    if console.look().format != Format::Json || !console.print_document(&document)? {
        for (path, old, new) in &diffs {
            print_diff(path, old.as_deref(), new, console)?;
        }
        let total = rendered.len();
        match stale {
            0 => console.print_line(
                Tone::Good,
                &format!("OK: {total} files in {} are up to date", folder.display()),
            )?,
            _ => console.print_line(
                Tone::Bad,
                &format!(
                    "FAIL: {stale} of {total} files in {} differ from the settings",
                    folder.display()
                ),
            )?,
        }
    }
    if stale == 0 {
        return Ok(ExitCode::Ok);
    }
    let flag = match request.flavor {
        Flavor::Operator => "",
        Flavor::Plain => " --flavor plain",
    };
    console.messages().info(&format!(
        "to bring them up to date: churnctl render-manifests{flag} --output-dir {}",
        shell_word(&folder.to_string_lossy())
    ));
    Ok(ExitCode::CheckFailed)
}

fn print_diff(path: &Path, old: Option<&str>, new: &str, console: &mut Console<'_>) -> Result<()> {
    let name = path.display();
    let (from, to) = match (old, new) {
        (None, _) => ("/dev/null".to_owned(), name.to_string()),
        (Some(_), "") => (name.to_string(), "/dev/null".to_owned()),
        (Some(_), _) => (name.to_string(), format!("{name} (rendered)")),
    };
    diff::print((&from, old.unwrap_or_default()), (&to, new), console)
}
