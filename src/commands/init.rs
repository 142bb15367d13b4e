//! `churnctl init`: from a table to settings, a baseline profile and what else is wanted. What is found is
//! `init_look`'s affair, what is asked `init_ask`'s, what is written `init_files`'.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::drift_request::ReadingRequest;
use super::init_ask::{ask, refuse_to_guess};
use super::init_files::{self, MANIFESTS, NewFile, PROFILE, SCHEMA, SETTINGS};
use super::init_look::{Findings, Found, look};
use super::init_request::InitRequest;
use super::inputs::{self, Input};
use super::profile::ProfileRequest;
use super::render_manifests::RenderRequest;
use super::{Console, profile, render_manifests};
use crate::cells::{Cell, Column, Table, Tone};
use crate::data::{DataSet, is_database};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_new;
use crate::manifests::Flavor;
use crate::profile::{Profile, Roles};
use crate::reports::format::counted;
use crate::settings::{Flags, Layers, Settings, SettingsFile, schema};
use crate::terminal::json;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Body<'a> {
    rows: u64,
    features: usize,
    label: Option<&'a str>,
    positive: Option<&'a str>,
    score: Option<&'a str>,
    time: Option<&'a str>,
    id: Vec<&'a str>,
    date: Vec<&'a str>,
    files: Vec<String>,
}

/// Looks, asks, writes.
///
/// # Errors
/// Bad input where the data are; 64 where words and data do not go together, or nobody can be asked for a label that
/// is not plain; 3 if the answer is no; 74 if a file already exists, before anything is written.
pub fn run(request: &InitRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let mut request = request.clone();
    // Before the data are read: they may be large.
    refuse_to_overwrite([SETTINGS, PROFILE])?;
    let reading = ReadingRequest::from_settings(&Settings::resolve(&Layers::default())?);
    let addresses = [request.baseline.clone()];
    let (profile, is_profile) = match Input::open(&addresses, &reading)? {
        Input::Profile(counts) => (counts.profile, true),
        Input::Data(data) => {
            let made = inputs::profile_of(*data, Roles::default(), None, "data", console)?;
            (made, false)
        }
    };
    let mut found = look(&profile, &reading.usual_columns(), &request)?;
    let about = about(&request, &profile);
    if console.can_ask() && !request.yes {
        console.print_line(Tone::Plain, &about)?;
        ask(&mut request, &mut found, console)?;
    }
    refuse_to_guess(&request, &found)?;
    warn_without_label(&request, &found, console);
    compare_columns(&request, &profile, &reading, console)?;
    let folder = std::env::current_dir();
    let folder = folder.map_err(|error| Error::io("find", Path::new("."), error))?;
    let text = init_files::settings(&request, &found, is_profile, &about);
    // What is written must be what is read: a fault here would be ours.
    let parsed = SettingsFile::parse(SETTINGS, &text)?;
    let layers = Layers::new(Flags::default(), &BTreeMap::new(), Some(parsed))?;
    let settings = Settings::resolve(&layers)?;
    let mut files = vec![
        NewFile {
            path: SETTINGS,
            text,
        },
        NewFile {
            path: SCHEMA,
            text: json(&schema())?,
        },
    ];
    files.extend(init_files::others(
        &request,
        &found,
        &folder.display().to_string(),
        is_profile,
    )?);
    let extra_folder = request.extras.kubernetes.then_some(MANIFESTS);
    refuse_to_overwrite(files.iter().map(|file| file.path).chain(extra_folder))?;
    let mut names: Vec<String> = files.iter().map(|file| file.path.to_owned()).collect();
    if !is_profile {
        names.push(PROFILE.to_owned());
    }
    names.extend(extra_folder.map(|folder| format!("{folder}/")));
    let is_document = console.print_document(&document(&found, &profile, &names, console))?;
    if !is_document {
        console.print_table(&table(&request, &found))?;
        console.print("\n")?;
    }
    if console.can_ask() && !request.yes {
        if is_document {
            console
                .messages()
                .info(&format!("files to write: {}", names.join(", ")));
        } else {
            console.print_line(
                Tone::Plain,
                &format!("Files to write: {}", names.join(", ")),
            )?;
        }
        console.agree(false, "Write them?")?;
    }
    if !is_profile {
        files.push(profile_of(&request, &settings, console)?);
    }
    let new = files.iter();
    let new = new.map(|file| (Path::new(file.path), file.text.as_bytes(), 0o666));
    write_new(&new.collect::<Vec<_>>())?;
    if request.extras.kubernetes {
        let output = Some(PathBuf::from(MANIFESTS));
        let render =
            RenderRequest::from_settings(&settings, output, false, Vec::new(), Flavor::Operator)?;
        render_manifests::run(&render, console)?;
    }
    if !is_document {
        say_what_next(&request, &found, &names, is_profile, console)?;
    }
    Ok(ExitCode::Ok)
}

fn refuse_to_overwrite<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<()> {
    match paths
        .into_iter()
        .find(|path| Path::new(path).symlink_metadata().is_ok())
    {
        None => Ok(()),
        Some(path) => Err(Error::new(ExitCode::Io, format!("{path} already exists"))
            .hint("init writes new files only: move it away, or run init in another folder")),
    }
}

fn about(request: &InitRequest, profile: &Profile) -> String {
    let rows = counted(profile.rows, "row", "rows");
    let columns = counted(profile.columns.len() as u64, "column", "columns");
    let addresses = [request.baseline.clone()];
    format!(
        "{}: {rows}, {columns}",
        crate::text::visible(&inputs::shown(&addresses))
    )
}

/// Says what a data set without a label is good for. Where somebody chose to have none, they know.
fn warn_without_label(request: &InitRequest, found: &Findings, console: &Console<'_>) {
    if found.label.is_none() && request.label.is_none() {
        console.messages().warn(
            "no column has two values, so there is no label: checks compare columns and scores, and cannot say how \
             good the scores are; if there is a label, add label = \"NAME\" to [data] in churnctl.toml",
        );
    }
}

/// Says which columns only one side has: the first check would fail by them.
fn compare_columns(
    request: &InitRequest,
    profile: &Profile,
    reading: &ReadingRequest,
    console: &Console<'_>,
) -> Result<()> {
    let Some(current) = &request.current else {
        return Ok(());
    };
    let columns = Input::open(std::slice::from_ref(current), reading)?.columns();
    let missing: Vec<&str> = (profile.columns.iter())
        .map(|column| column.name.as_str())
        .filter(|name| !columns.iter().any(|column| column == name))
        .collect();
    if !missing.is_empty() {
        let message = format!(
            "the current data has no column {}, which the baseline has",
            missing.join(", ")
        );
        console.messages().warn(&message);
    }
    Ok(())
}

fn document<'a>(
    found: &'a Findings,
    profile: &Profile,
    files: &[String],
    console: &Console<'_>,
) -> crate::terminal::Document<Body<'a>> {
    let name = |found: &'a Option<Found>| found.as_ref().map(|found| found.name.as_str());
    let names = |found: &'a [Found]| found.iter().map(|one| one.name.as_str()).collect();
    let body = Body {
        rows: profile.rows,
        features: found.features(),
        label: name(&found.label),
        positive: name(&found.positive),
        score: name(&found.score),
        time: name(&found.time),
        id: names(&found.ids),
        date: names(&found.dates),
        files: files.to_vec(),
    };
    console.document("init", SCHEMA_VERSION, body)
}

fn table(request: &InitRequest, found: &Findings) -> Table {
    let row = |what: &str, found: &Found| {
        vec![
            Cell::plain(what),
            Cell::plain(found.name.clone()),
            Cell::new(found.why.clone(), Tone::Dim),
        ]
    };
    let none = |what: &str, why: &str| {
        vec![
            Cell::plain(what),
            Cell::new("none", Tone::Dim),
            Cell::new(why, Tone::Dim),
        ]
    };
    let mut rows = vec![match &found.label {
        Some(label) => row("label", label),
        None if request.label.is_some() => none("label", "none was chosen"),
        None => none("label", "no column has two values"),
    }];
    rows.extend(match (&found.label, &found.positive) {
        (_, Some(positive)) => Some(row("churned", positive)),
        (Some(_), None) => Some(none(
            "churned",
            "--positive names the value that means churned",
        )),
        (None, None) => None,
    });
    rows.push(match &found.score {
        Some(score) => row("score", score),
        None if request.score.is_some() => none("score", "none was chosen"),
        None => {
            let why = init_files::no_score(request, found);
            none("score", &format!("{why}; score in [data] names one"))
        }
    });
    rows.extend(found.ids.iter().map(|id| row("identifier", id)));
    for date in &found.dates {
        let what = if found.time.as_ref() == Some(date) {
            "time"
        } else {
            "date"
        };
        rows.push(row(what, date));
    }
    rows.push(vec![
        Cell::plain("features"),
        Cell::plain(found.features().to_string()),
        Cell::new(
            "all other columns; exclude in [columns] leaves some out",
            Tone::Dim,
        ),
    ]);
    Table {
        columns: vec![
            Column::text("What"),
            Column::text("Column"),
            Column::prose("Why"),
        ],
        rows,
    }
}

fn profile_of(
    request: &InitRequest,
    settings: &Settings,
    console: &Console<'_>,
) -> Result<NewFile> {
    let profile_request = ProfileRequest {
        data: vec![request.baseline.clone()],
        output: PathBuf::from(PROFILE),
        explain_sql: false,
        k_anonymous: None,
        segments: None,
        shard: None,
        reading: ReadingRequest::from_settings(settings),
    };
    let reading = &profile_request.reading;
    let data = DataSet::open(&profile_request.data, reading.read_options())?;
    let roles = reading.roles_in(&data, reading.roles());
    let profile = profile::made(&profile_request, data, roles, console)?;
    Ok(NewFile {
        path: PROFILE,
        // JSON is UTF-8.
        text: String::from_utf8_lossy(&profile.to_json()).into_owned(),
    })
}

fn say_what_next(
    request: &InitRequest,
    found: &Findings,
    names: &[String],
    is_profile: bool,
    console: &mut Console<'_>,
) -> Result<()> {
    if console.messages().is_quiet() {
        return Ok(());
    }
    console.print_line(Tone::Good, &format!("wrote {}", names.join(", ")))?;
    let mut lines = vec![match &request.current {
        Some(_) => "churnctl drift                 # compares the current data with the baseline"
            .to_owned(),
        None => "churnctl drift CURRENT.csv     # compares your current data with the baseline"
            .to_owned(),
    }];
    if found.label.is_some() && !is_profile {
        lines.push(
            "churnctl train                 # trains a model on the training data".to_owned(),
        );
    }
    if request.extras.kubernetes {
        lines.push(
            "kubectl apply -k k8s           # once k8s.image in churnctl.toml names your image"
                .to_owned(),
        );
    }
    if request.extras.github {
        lines.push(
            "in .github/workflows/churn-model.yml, replace OWNER with the owner of churnctl's repository"
                .to_owned(),
        );
    }
    if is_database(&request.baseline) {
        lines.push(
            "do not commit a password: &password_file=FILE in the address names a file that holds it"
                .to_owned(),
        );
    }
    console.print("\nNext:\n")?;
    for line in lines {
        console.print(&format!("  {line}\n"))?;
    }
    Ok(())
}
