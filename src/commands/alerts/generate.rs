//! `churnctl alerts test --generate`: cases for what none shows yet, as a file or as one beside each
//! rule file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::Console;
use crate::alerts::Library;
use crate::alerts::proof::{self, Coverage, Promtool, Wanted};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::{ScratchFolder, write_atomically};

/// A test file to be written, and the rule sets that it is for.
struct Target {
    path: PathBuf,
    sets: Vec<usize>,
}

/// Writes the cases that were found, and names those that were not.
///
/// # Errors
/// Fails with 64 where a file is there already, with 65 where promtool refuses rules, with 69 without promtool.
pub(super) fn run(
    library: &Library,
    target: &Path,
    promtool: &Path,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let lacking: BTreeSet<usize> = library
        .alerts()
        .filter(|rule| !Coverage::of(rule, library).lacking().is_empty())
        .map(|rule| rule.at.set)
        .collect();
    let targets = targets(library, target, &lacking);
    for one in &targets {
        let failed = |error| Error::io("find", &one.path, error);
        if one.path != Path::new("-") && one.path.try_exists().map_err(failed)? {
            let error = Error::usage(format!("{} exists", one.path.display()));
            return Err(error.hint("name a new file, and move what you need of it"));
        }
    }
    let promtool = Promtool::find(promtool)?;
    let folder = ScratchFolder::new()?;
    let wanted = targets
        .iter()
        .map(wanted)
        .collect::<Result<Vec<Wanted>>>()?;
    let (made, refused) = proof::generate(
        library,
        &wanted,
        &promtool,
        folder.path(),
        workers(),
        console.progress(),
    )?;
    for left in made.iter().flat_map(|made| &made.left) {
        let message = format!(
            "{}: no case \"{}\" of {}: {}",
            left.place, left.word, left.alert, left.reason
        );
        console.messages().warn(&message);
    }
    if refused.is_empty()
        && made
            .iter()
            .all(|made| made.cases == 0 && made.left.is_empty())
    {
        let message = "nothing to generate: every alert has its three cases";
        console.messages().info(message);
    }
    for (target, made) in targets.iter().zip(&made).filter(|(_, made)| made.cases > 0) {
        if target.path == Path::new("-") {
            console.print_data(made.text.as_bytes())?;
            continue;
        }
        write_atomically(&target.path, made.text.as_bytes())?;
        let message = format!(
            "wrote {}: {} cases, each run on {}",
            target.path.display(),
            made.cases,
            promtool.named()
        );
        console.messages().info(&message);
    }
    let Some((last, others)) = refused.split_last() else {
        return Ok(ExitCode::Ok);
    };
    others.iter().for_each(|said| console.messages().warn(said));
    let error = Error::bad_input(last.clone());
    Err(error.hint("put it right first: `churnctl alerts lint` says what is wrong, and where"))
}

/// A file for everything, or of a folder one file for each file of rules.
fn targets(library: &Library, target: &Path, lacking: &BTreeSet<usize>) -> Vec<Target> {
    let is_folder = target.is_dir() || target.as_os_str().to_string_lossy().ends_with('/');
    if !is_folder {
        return vec![Target {
            path: target.to_path_buf(),
            sets: lacking.iter().copied().collect(),
        }];
    }
    let mut targets: Vec<(&str, Target)> = Vec::new();
    for set in lacking {
        let name = library.rule_sets[*set].source.name.as_str();
        if let Some((_, target)) = targets.iter_mut().find(|(other, _)| *other == name) {
            target.sets.push(*set);
            continue;
        }
        let taken = |path: &PathBuf| targets.iter().any(|(_, other)| other.path == *path);
        let mut paths = names(name).map(|name| target.join(format!("{name}_test.yaml")));
        let path = paths.find(|path| !taken(path));
        targets.push((
            name,
            Target {
                path: path.unwrap_or_else(|| target.to_path_buf()),
                sets: vec![*set],
            },
        ));
    }
    targets.into_iter().map(|(_, target)| target).collect()
}

/// Names for a test file: that of the rule file, with the folder before it, with a number behind it.
fn names(source: &str) -> impl Iterator<Item = String> {
    let path = Path::new(match source {
        "-" => "rules",
        name => name,
    });
    let text = |part: Option<&std::ffi::OsStr>| {
        part.map_or_else(String::new, |part| part.to_string_lossy().into_owned())
    };
    let stem = text(path.file_stem());
    let longer = format!("{}-{stem}", text(path.parent().and_then(Path::file_name)));
    let numbered = stem.clone();
    [stem, longer]
        .into_iter()
        .chain((2..).map(move |number| format!("{numbered}-{number}")))
}

/// The folder of the file may not be there yet.
fn wanted(target: &Target) -> Result<Wanted> {
    let failed = |error| Error::io("find", &target.path, error);
    let path = match target.path == Path::new("-") {
        true => std::env::current_dir().map_err(failed)?.join("-"),
        false => std::path::absolute(&target.path).map_err(failed)?,
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut folders = folder.ancestors();
    let whole = folders.find_map(|one| Some((one, std::fs::canonicalize(one).ok()?)));
    Ok(Wanted {
        folder: match whole {
            Some((there, whole)) => match folder.strip_prefix(there) {
                Ok(rest) => whole.join(rest),
                Err(_) => whole,
            },
            None => folder.to_path_buf(),
        },
        sets: target.sets.clone(),
    })
}

/// Returns how many runs of promtool go side by side.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2))
}
