//! `churnctl profile`: a data set to a profile, and profiles to one.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::drift_request::ReadingRequest;
use super::inputs::Input;
use super::{Console, drift_segments, inputs};
use crate::cells::Tone;
use crate::data::{self, DataSet, ReadOptions, Shard};
use crate::drift::Segmentation;
use crate::drift::roles::{check_names, drop_identifiers};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::profile::{
    CountColumn, CountPlan, Profile, Roles, SCHEMA_VERSION, SegmentPlans, Shards,
};
use crate::reports::format::counted;
use crate::settings::Settings;

/// Everything that making a profile needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRequest {
    /// Files and glob patterns; `-` for standard input.
    pub data: Vec<String>,
    /// Where the profile goes.
    pub output: PathBuf,
    /// Print the statements for a table in a database instead.
    pub explain_sql: bool,
    /// Rows that a text must have to be named, if limited.
    pub k_anonymous: Option<u64>,
    /// How the data are cut into segments, if they are.
    pub segments: Option<Segmentation>,
    /// The part to read, if not all.
    pub shard: Option<Shard>,
    /// How the data is read.
    pub reading: ReadingRequest,
}

impl ProfileRequest {
    /// Returns how the data are cut into segments, so that a profile has those that `drift` asks for.
    #[must_use]
    pub fn segments(settings: &Settings) -> Option<Segmentation> {
        drift_segments::from_settings(&settings.drift)
    }
}

/// Everything that merging profiles needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    /// Profiles and glob patterns.
    pub profiles: Vec<String>,
    /// Where the merged profile goes.
    pub output: PathBuf,
}

/// Makes a profile of a data set.
///
/// # Errors
/// Bad input where the data are, or a file that cannot be read or written.
pub fn run(request: &ProfileRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let options = ReadOptions {
        shard: request.shard,
        ..request.reading.read_options()
    };
    let data = DataSet::open(&request.data, options)?;
    let reading = &request.reading;
    let roles = reading.roles_in(&data, reading.roles());
    if request.explain_sql {
        check_columns(request, &data, &roles)?;
        let columns = data.columns().to_vec();
        let unwanted = |name: &&String| !roles.exclude.contains(name) && !roles.id.contains(name);
        let columns = columns.iter().filter(unwanted).map(|name| CountColumn {
            name: name.clone(),
            categorical: roles.categorical.contains(name),
            cuts: Vec::new(),
            are_scores: false,
            unless_unique: false,
        });
        let plan = CountPlan {
            columns: columns.collect(),
            outcome: None,
        };
        let (cuts, most) = inputs::cuts_of(request.segments.as_ref());
        let plans = SegmentPlans::new(plan, cuts, most);
        return inputs::explain(Input::Data(Box::new(data)), &plans, None, console);
    }
    let profile = made(request, data, roles, console)?;
    store(&profile, &request.output, console)
}

/// Checks that the columns that the user names are there: a mistyped name must not pass in silence.
fn check_columns(request: &ProfileRequest, data: &DataSet, roles: &Roles) -> Result<()> {
    for (option, names) in [
        ("--features", &request.reading.features),
        ("--exclude", &roles.exclude),
        ("--id", &roles.id),
        ("--categorical", &roles.categorical),
    ] {
        check_names(option, names, data.columns(), &[])?;
    }
    Ok(())
}

/// Counts the data, and leaves out what does not belong in a profile.
///
/// # Errors
/// As [`run`].
pub(super) fn made(
    request: &ProfileRequest,
    data: DataSet,
    roles: Roles,
    console: &Console<'_>,
) -> Result<Profile> {
    check_columns(request, &data, &roles)?;
    let reading = &request.reading;
    let excluded = roles.exclude.clone();
    if request.segments.is_some() && request.k_anonymous.is_some() {
        return Err(Error::usage("--k-anonymous does not go with --by").hint(
            "the counts of a small segment say what its few rows are; make the profile without one of them",
        ));
    }
    let cuts = inputs::cuts_of(request.segments.as_ref());
    let mut profile = inputs::profile_by_of(data, cuts, roles, None, "data", console)?;
    let kept = [&reading.label, &reading.score];
    profile.columns.retain(|column| {
        let name = &column.name;
        let wanted = reading.features.is_empty()
            || reading.features.contains(name)
            || kept.into_iter().flatten().any(|kept| kept == name);
        // An excluded column may be excluded because its values must not travel.
        wanted && !excluded.contains(name)
    });
    let named = profile.roles.id.clone();
    drop_identifiers(&mut profile, &reading.features, &reading.usual_columns());
    let found = profile.roles.id.iter().filter(|name| !named.contains(name));
    let found: Vec<&str> = found.map(String::as_str).collect();
    if !found.is_empty() {
        let message = format!(
            "left out as identifiers or prose: {} (--features takes them in)",
            found.join(", ")
        );
        console.messages().info(&message);
    }
    profile.keep_columns_of_segments();
    if let Some(least) = request.k_anonymous {
        profile.fold_rare(least);
    }
    if profile.columns.is_empty() {
        return Err(Error::bad_input(
            "no column is left to count: all are identifiers or excluded",
        )
        .hint("name the ones to count with --features"));
    }
    let shard = request.shard.filter(|shard| !shard.is_whole());
    profile.shards = shard.map(|shard| Shards {
        count: shard.count(),
        parts: [shard.index()].into(),
    });
    Ok(profile)
}

/// Merges profiles of shards into the profile of the whole.
///
/// # Errors
/// Bad input if one is not a profile or they differ in their columns.
pub fn merge(request: &MergeRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let parts = data::expand_files(&request.profiles)?
        .iter()
        .map(|path| inputs::read_profile(path))
        .collect::<Result<Vec<Profile>>>()?;
    let mut profile = Profile::merge(parts)?;
    profile.created_at = console.created_at().to_owned();
    if let Some(shards) = &profile.shards {
        let message = format!("not the whole yet: without the shards {}", shards.missing());
        console.messages().warn(&message);
    }
    store(&profile, &request.output, console)
}

fn store(profile: &Profile, output: &Path, console: &mut Console<'_>) -> Result<ExitCode> {
    if output == Path::new("-") {
        console.print_data(&profile.to_json())?;
        return Ok(ExitCode::Ok);
    }
    write_atomically(output, &profile.to_json())?;
    let summary = Stored {
        output: output.display().to_string(),
        rows: profile.rows,
        columns: profile.columns.len(),
    };
    let body = console.document("profile", SCHEMA_VERSION, &summary);
    if !console.print_document(&body)? {
        let Stored {
            output,
            rows,
            columns,
        } = summary;
        console.print_done(
            Tone::Plain,
            &format!(
                "{output}: profile of {}, {}",
                counted(rows, "row", "rows"),
                counted(columns as u64, "column", "columns")
            ),
        )?;
    }
    Ok(ExitCode::Ok)
}

#[derive(Serialize)]
struct Stored {
    output: String,
    rows: u64,
    columns: usize,
}
