//! What of a source or a baseline cannot be put together with what a history keeps.

use crate::error::{Error, Place, Result};
use crate::history::{History, Shape, Source};
use crate::profile::{Grouped, TimeGrouping};
use crate::reports::format;

/// Columns that messages name.
const NAMED: usize = 3;

/// Refuses more segments than are allowed: each source may have others.
pub(super) fn check_segments(counted: &Grouped, most: usize, folder: &str) -> Result<()> {
    match counted.cuts.iter().find(|cut| cut.segments.len() > most) {
        None => Ok(()),
        Some(cut) => Err(Error::bad_input(format!(
            "--by {} makes {} segments, more than {most}",
            cut.cut,
            cut.segments.len()
        ))
        .at(Place {
            file: folder.to_owned(),
            ..Place::default()
        })
        .hint("--max-segments allows more")),
    }
}

pub(super) fn is_same_set(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}

pub(super) fn refused(file: &str, why: &str) -> Error {
    let message = format!("the history (there) and this run (here) do not fit together: {why}");
    let place = Place {
        file: file.to_owned(),
        ..Place::default()
    };
    Error::bad_input(message)
        .at(place)
        .hint("another folder for --history begins a history of its own")
}

/// Refuses what is counted otherwise than what is kept.
pub(super) fn check_shape(kept: &History, shape: &Shape) -> Result<()> {
    let Some(head) = kept.head() else {
        return Ok(());
    };
    let folder = kept.folder().display().to_string();
    if let Some(why) = head.shape.differs(shape) {
        return Err(refused(&folder, &why));
    }
    let (columns, is_classed_otherwise) = head.shape.other_points(shape);
    let in_pieces = |column: Option<&str>| -> usize {
        let sources = kept.sources();
        sources.map(|source| source.pieces_by_cells(column)).sum()
    };
    let inexact: Vec<&str> = columns
        .iter()
        .copied()
        .filter(|column| in_pieces(Some(column)) > 0)
        .collect();
    if !inexact.is_empty() {
        let named: Vec<String> = inexact
            .iter()
            .take(NAMED)
            .map(|column| {
                let pieces = format::counted(in_pieces(Some(column)) as u64, "piece", "pieces");
                format!("\"{column}\" in {pieces}")
            })
            .collect();
        let why = format!(
            "{} of {} columns have other bins by this baseline and more than 20,000 distinct numbers, which are \
             counted at the bins of the one before: {}",
            inexact.len(),
            shape.counted.len(),
            named.join(", ")
        );
        return Err(refused(&folder, &why));
    }
    match (is_classed_otherwise, in_pieces(None)) {
        (true, pieces @ 1..) => {
            let threshold = |shape: &Shape| shape.outcome.as_ref().and_then(|one| one.threshold);
            let why = format!(
                "--class-threshold is {} there and {} here, and {} of {} have more than 20,000 distinct scores",
                threshold(&head.shape).unwrap_or_default(),
                threshold(shape).unwrap_or_default(),
                pieces,
                format::counted(
                    kept.sources().flat_map(Source::pieces).count() as u64,
                    "piece",
                    "pieces"
                ),
            );
            Err(refused(&folder, &why))
        }
        _ => Ok(()),
    }
}

/// What came through a pipe has no name by which a second reading of the same rows could be told from the first
/// reading of others.
pub(super) fn check_once(source: &Source, kept: &History, by: &TimeGrouping) -> Result<()> {
    let other = source.pieces().find_map(|start| {
        let before = kept.part(&source.key, start)?;
        let is_same = Some(&*before.counts_sha256) == source.sha256_of(start);
        (!is_same).then_some((start, before.rows))
    });
    let Some((start, before)) = other else {
        return Ok(());
    };
    let rows = source.rows_of(start).unwrap_or(0);
    let piece = by.every.name(start, by.every.after(start, 1));
    let message = format!(
        "standard input has {rows} rows of {piece}, and the history has {before} others of it that came the same \
         way: they may be the same rows or more"
    );
    Err(Error::bad_input(message).hint(
        "write them to a file: files are told apart by their names, and one that has changed replaces what was \
         read of it",
    ))
}

pub(super) fn holds_nothing(kept: &History) -> Error {
    let place = Place {
        file: kept.folder().display().to_string(),
        ..Place::default()
    };
    Error::bad_input(
        "this history holds no row: what there was is dropped as too old, or none was read yet",
    )
    .at(place)
    .hint("`churnctl drift ... --history` with later data goes on with it")
}

pub(super) fn not_begun(kept: &History) -> Error {
    let folder = kept.folder().display().to_string();
    let place = Place {
        file: folder.clone(),
        ..Place::default()
    };
    Error::bad_input("there is no history in this folder")
        .at(place)
        .hint(format!(
            "`churnctl drift ... --time COLUMN --history {folder}` begins one"
        ))
}
