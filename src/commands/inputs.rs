//! What a command reads: a profile, or tables; told apart by their first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Console;
use super::drift_request::ReadingRequest;
use crate::cells::Tone;
use crate::data::{DataSet, NullTexts, ReadOptions, has_lines_name, is_lines};
use crate::drift::Segmentation;
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::read_object_at_most;
use crate::model::artifact::{Artifact, WRAP_COMMAND, makes_models};
use crate::model::store;
use crate::model::wrapped::Wrapped;
use crate::passing::is_passing;
use crate::profile::{
    CountPlan, Counted, Cut, Explained, Grouped, Profile, Roles, SegmentPlans, TimeGrouping, count,
    count_by, explain as explained, profile_by,
};
use crate::redact;
use crate::reports::format;
use crate::terminal::Format;
use crate::text::visible_lines;

/// Largest profile that is read; one of 1,000 wide columns is far below.
const MAX_PROFILE_BYTES: u64 = 1 << 30;

/// What the current side is compared with.
#[derive(Debug)]
pub struct Baseline {
    /// The counts.
    pub profile: Profile,
    /// The model that they are of, if they are a model's.
    pub model: Option<Box<Artifact>>,
    /// Name and class threshold of that model, or of one that lives elsewhere.
    pub named: Option<(String, f64)>,
}

/// One side of a check, opened.
#[derive(Debug)]
pub enum Input {
    /// A profile, beside the model that holds it, if one does.
    Profile(Box<Baseline>),
    /// Tables to be read.
    Data(Box<DataSet>),
}

impl Input {
    /// Opens a profile or tables.
    ///
    /// # Errors
    /// As [`DataSet::open`] and [`Profile::from_json`].
    pub fn open(addresses: &[String], reading: &ReadingRequest) -> Result<Self> {
        if let [only] = addresses
            && looks_like_json(Path::new(only))?
        {
            let counts = read_counts(Path::new(only))?;
            if let Some(shards) = &counts.profile.shards {
                let message = format!(
                    "this is the profile of a part: without the shards {}",
                    shards.missing()
                );
                return Err(Error::bad_input(message)
                    .at(Place {
                        file: only.clone(),
                        ..Place::default()
                    })
                    .hint("make them one: churnctl profile merge 'part-*.json' -o profile.json"));
            }
            return Ok(Self::Profile(Box::new(counts)));
        }
        let data = DataSet::open(addresses, reading.read_options()).map_err(with_a_way_on)?;
        Ok(Self::Data(Box::new(data)))
    }

    /// Returns the names of the columns.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Profile(counts) => counts
                .profile
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect(),
            Self::Data(data) => data.columns().to_vec(),
        }
    }

    /// Counts what is planned; `side` is what progress calls it.
    ///
    /// # Errors
    /// As [`count`](fn@count).
    pub fn count(self, plan: &CountPlan, side: &str, console: &Console<'_>) -> Result<Counted> {
        match self {
            Self::Profile(counts) => {
                let profile = counts.profile;
                say_profile(&profile, side, console);
                Ok(Counted {
                    rows: profile.rows,
                    blank_lines: 0,
                    header_rows: profile.header_rows,
                    outcome: profile.outcome,
                    columns: profile.columns,
                })
            }
            Self::Data(data) => {
                let name = data.name().to_owned();
                console
                    .progress()
                    .stage(&format!("reading {side} {name}"), data.bytes());
                let counted = count(*data, plan, console.progress());
                console.progress().finish();
                let counted = counted?;
                say_rows(side, &name, counted.rows, counted.columns.len(), console);
                warn_of_blank_lines(counted.blank_lines, &name, console);
                Ok(counted)
            }
        }
    }
}

impl Input {
    /// Counts what is planned by pieces of time and by segment; `side` is what progress calls it.
    ///
    /// # Errors
    /// As [`count_by`]; 64 if a profile is to be cut by time, bad input if it has no such segments.
    pub fn count_by(
        self,
        plans: &SegmentPlans,
        by: Option<&TimeGrouping>,
        side: &str,
        console: &Console<'_>,
    ) -> Result<Grouped> {
        let data = match self {
            Self::Data(data) => data,
            Self::Profile(..) if by.is_some() => return Err(no_rows_in_profile()),
            Self::Profile(counts) => {
                say_profile(&counts.profile, side, console);
                return Grouped::of_profile(counts.profile, plans.cuts());
            }
        };
        let name = data.name().to_owned();
        console
            .progress()
            .stage(&format!("reading {side} {name}"), data.bytes());
        let counted = count_by(*data, plans, by, console.progress());
        console.progress().finish();
        let counted = counted?;
        say_rows(
            side,
            &name,
            counted.rows,
            plans.whole().columns.len(),
            console,
        );
        warn_of_blank_lines(counted.blank_lines, &name, console);
        Ok(counted)
    }
}

/// Says that a profile is not data.
pub(super) fn no_rows_in_profile() -> Error {
    Error::usage("a profile cannot be cut into windows: it has no rows")
        .hint("name the data themselves with --current")
}

/// Refuses a profile where rows are needed.
pub(super) fn refuse_profile(addresses: &[String]) -> Result<()> {
    match addresses {
        [only] if looks_like_json(Path::new(only))? => Err(no_rows_in_profile()),
        _ => Ok(()),
    }
}

impl ReadingRequest {
    /// Returns the roles with the names of what is left out as the data have them: an object stands
    /// for all in it. Where features are named, lists and the like are left out too, since nobody asks
    /// for them. Where none is, all columns are asked for: a list would else be an OK that nobody
    /// looked at.
    pub(super) fn roles_in(&self, data: &DataSet, roles: Roles) -> Roles {
        let named = roles.exclude.iter().flat_map(|name| data.named(name));
        let mut exclude: Vec<String> = named.collect();
        if !self.features.is_empty() {
            let lists = data.uncountable().iter().map(|(name, _)| name);
            exclude.extend(lists.filter(|name| !self.features.contains(name)).cloned());
        }
        Roles { exclude, ..roles }
    }

    /// Returns how tables are read.
    #[must_use]
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            // The comma is the default, with which a hint at a likelier one is of use.
            delimiter: Some(self.delimiter).filter(|delimiter| *delimiter != b','),
            threads: self.threads.get(),
            shard: None,
            nulls: NullTexts::new(&self.null),
        }
    }
}

/// Prints the statements with which a database would count the plans.
///
/// # Errors
/// 64 if the data are in no database.
pub fn explain(
    input: Input,
    plans: &SegmentPlans,
    by: Option<&TimeGrouping>,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let statements = match input {
        Input::Data(mut data) => explained(&mut data, plans, by),
        Input::Profile(..) => None,
    };
    let statements = statements.ok_or_else(|| {
        Error::usage("only a table in a database is counted by SQL")
            .hint("name one: postgres://USER@HOST/DATABASE?table=NAME")
    })?;
    let is_for_eyes = console.look().format == Format::Table;
    for (at, Explained { what, sql }) in statements.iter().enumerate() {
        if is_for_eyes {
            let line = format!("-- {} of {}: {what}", at + 1, statements.len());
            console.print_line(Tone::Dim, &line)?;
            console.print_bytes(format!("{}\n\n", glimpse(&runnable(sql))).as_bytes())?;
        } else {
            console.print_bytes(format!("{};\n", runnable(sql)).as_bytes())?;
        }
    }
    if is_for_eyes {
        let note = "-- long statements are cut here; in a pipe or a file they are whole";
        console.print_line(Tone::Dim, note)?;
    }
    Ok(ExitCode::Ok)
}

/// Returns a statement without what steers a terminal, but with its line breaks: without one the
/// comment in a condition of the user's would not end.
fn runnable(statement: &str) -> String {
    visible_lines(statement)
}

/// A statement with hundreds of edges, without most of them.
fn glimpse(sql: &str) -> String {
    const START: usize = 700;
    const END: usize = 300;
    let count = sql.chars().count();
    if count <= START + END {
        return format!("{sql};");
    }
    let start: String = sql.chars().take(START).collect();
    let end: String = sql.chars().skip(count - END).collect();
    format!("{start} ... {end};")
}

/// Returns addresses as reports show them: without passwords.
#[must_use]
pub fn shown(addresses: &[String]) -> String {
    let shown: Vec<_> = addresses
        .iter()
        .map(|address| redact::address(address))
        .collect();
    shown.join(" ")
}

/// Reads a baseline, be it a profile or data.
///
/// # Errors
/// As [`Input::open`] and [`profile_by`].
pub fn baseline(
    addresses: &[String],
    reading: &ReadingRequest,
    roles: Roles,
    threshold: f64,
    segments: Option<&Segmentation>,
    console: &Console<'_>,
) -> Result<Baseline> {
    match Input::open(addresses, reading)? {
        Input::Profile(counts) => {
            say_profile(&counts.profile, "baseline", console);
            Ok(*counts)
        }
        Input::Data(data) => {
            let roles = reading.roles_in(&data, roles);
            let cuts = cuts_of(segments);
            let profile = profile_by_of(*data, cuts, roles, Some(threshold), "baseline", console)?;
            Ok(Baseline {
                profile,
                model: None,
                named: None,
            })
        }
    }
}

/// Returns the ways to cut, and how many segments each may have.
pub fn cuts_of(segments: Option<&Segmentation>) -> (Vec<Cut>, usize) {
    let cuts = |segments: &Segmentation| (segments.cuts.clone(), segments.max_segments);
    segments.map(cuts).unwrap_or_default()
}

/// Counts all columns of a data set.
///
/// # Errors
/// As [`profile_by`].
pub fn profile_of(
    data: DataSet,
    roles: Roles,
    threshold: Option<f64>,
    side: &str,
    console: &Console<'_>,
) -> Result<Profile> {
    profile_by_of(data, cuts_of(None), roles, threshold, side, console)
}

/// As [`profile_of`], also by segment.
///
/// # Errors
/// As [`profile_by`].
pub fn profile_by_of(
    data: DataSet,
    cuts: (Vec<Cut>, usize),
    roles: Roles,
    threshold: Option<f64>,
    side: &str,
    console: &Console<'_>,
) -> Result<Profile> {
    let name = data.name().to_owned();
    console
        .progress()
        .stage(&format!("reading {side} {name}"), data.bytes());
    let created_at = console.created_at().to_owned();
    let made = profile_by(data, cuts, roles, threshold, created_at, console.progress());
    console.progress().finish();
    let (profile, blank_lines) = made?;
    say_rows(side, &name, profile.rows, profile.columns.len(), console);
    warn_of_blank_lines(blank_lines, &name, console);
    Ok(profile)
}

/// Reads a profile from a file of its own or from a model artifact.
///
/// # Errors
/// As [`Profile::from_json`]; 74 if the file cannot be read.
pub fn read_profile(path: &Path) -> Result<Profile> {
    Ok(read_counts(path)?.profile)
}

/// As [`read_profile`], with the model whose artifact it is.
fn read_counts(path: &Path) -> Result<Baseline> {
    let bytes = read_object_at_most(path, MAX_PROFILE_BYTES)
        .map_err(|error| Error::io("read", path, error))?;
    let file = path.display().to_string();
    let command = command_of(&bytes);
    if command.as_deref() == Some(WRAP_COMMAND) {
        let wrapped = Wrapped::from_json(&bytes, &file)?;
        return Ok(Baseline {
            profile: wrapped.profile,
            model: None,
            named: Some((wrapped.name, wrapped.threshold)),
        });
    }
    if command.is_some_and(|command| makes_models(&command)) {
        let artifact = store::from_json(&bytes, &file)?;
        return Ok(Baseline {
            profile: store::baseline_profile(&artifact),
            named: Some((artifact.name.clone(), artifact.body.threshold)),
            model: Some(Box::new(artifact)),
        });
    }
    Ok(Baseline {
        profile: Profile::from_json(&bytes, &file)?,
        model: None,
        named: None,
    })
}

/// Whether a file is the document of a model that lives elsewhere. Does *not* fail: what is wrong with a file says
/// whoever reads it.
pub(super) fn is_wrapped(path: &Path) -> bool {
    looks_like_json(path).unwrap_or(false)
        && read_object_at_most(path, MAX_PROFILE_BYTES)
            .is_ok_and(|bytes| command_of(&bytes).as_deref() == Some(WRAP_COMMAND))
}

/// The command of a document that holds a profile: a model's of its training data, or of its scores.
fn command_of(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Command {
        command: String,
        body: Option<serde::de::IgnoredAny>,
        profile: Option<serde::de::IgnoredAny>,
    }
    let document = serde_json::from_slice::<Command>(bytes).ok()?;
    let holds = document.body.is_some() || document.profile.is_some();
    holds.then_some(document.command)
}

/// The paths may come from the defaults, which a user who named none has never seen.
fn with_a_way_on(error: Error) -> Error {
    if error.code() == ExitCode::Io && error.hint_text().is_none() {
        error.hint("`churnctl config show` prints every path and where it comes from")
    } else {
        error
    }
}

/// Whether a file is a JSON document and not a table with an object a line.
///
/// # Errors
/// 74 if it cannot be read: what it is would else be guessed. Does *not* fail if there is no file.
fn looks_like_json(path: &Path) -> Result<bool> {
    if has_lines_name(path) {
        return Ok(false);
    }
    let failed = |error| Error::io("read", path, error);
    match std::fs::metadata(path) {
        // Only regular files: a look at a pipe would take bytes from it.
        Ok(metadata) if !metadata.is_file() => return Ok(false),
        Ok(_) => {}
        // Addresses and patterns are not paths; of what is one, whoever opens it says what is wrong.
        Err(error) if !is_passing(&error) => return Ok(false),
        Err(error) => return Err(failed(error)),
    }
    let mut start = Vec::new();
    let mut file = File::open(path).map_err(failed)?.take(4 << 20);
    file.by_ref()
        .take(64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    if !start.trim_ascii_start().starts_with(b"{") {
        return Ok(false);
    }
    file.read_to_end(&mut start).map_err(failed)?;
    Ok(!is_lines(&start))
}

/// Says under `-v` what was read, and how much of it.
fn say_rows(side: &str, name: &str, rows: u64, columns: usize, console: &Console<'_>) {
    let rows = format::counted(rows, "row", "rows");
    let columns = format::counted(columns as u64, "column", "columns");
    let message = format!("{side}: read {name}, {rows}, {columns} counted");
    console.messages().debug(&message);
}

/// The same of a profile, whose rows were counted when it was made.
fn say_profile(profile: &Profile, side: &str, console: &Console<'_>) {
    let rows = format::counted(profile.rows, "row", "rows");
    let columns = format::counted(profile.columns.len() as u64, "column", "columns");
    let message = format!("{side}: a profile of {rows} and {columns}; no table is read");
    console.messages().debug(&message);
}

pub(super) fn warn_of_blank_lines(count: u64, name: &str, console: &Console<'_>) {
    if count > 0 {
        let lines = if count == 1 { "line" } else { "lines" };
        console
            .messages()
            .warn(&format!("{name}: {count} blank {lines} skipped"));
    }
}
