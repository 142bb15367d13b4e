//! `churnctl score`: a table to a table of scores.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Serialize;

use super::Console;
use super::ordered_lines::OrderedLines;
use super::score_job::{Job, header, job};
use super::score_readings::{Watch, other_readings, say};
use super::score_request::ScoreRequest;
use super::score_unseen;
use crate::data::{CsvLines, DataSet, Fields, Row, RowPlace, RowSink, Summary as ReadSummary};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::AtomicFile;
use crate::model::score::Scorer;
use crate::model::unseen::Unseen;
use crate::text::visible;

/// One scored row: its place in the data, its score, its line.
struct Scored {
    place: RowPlace,
    /// Rows before it in its chunk.
    before: u64,
    score: f64,
    fields: Fields,
}

struct Sink<'a> {
    job: &'a Job<'a>,
    /// Where lines go in the order of the data, unless only the highest are kept.
    lines: Option<&'a OrderedLines>,
    /// Lines of the chunk at hand.
    chunk: CsvLines,
    /// Room for the row at hand: what the model sees of it, and its line.
    cells: Vec<f64>,
    fields: Fields,
    /// Rows kept, if only the highest are.
    highest: Vec<Scored>,
    /// Rows of the chunk at hand, and of each chunk before it.
    in_chunk: u64,
    chunks: BTreeMap<(u32, u32), u64>,
    rows: usize,
    churned: usize,
    /// What the values of each feature were.
    watches: Vec<Watch>,
    unseen: Vec<Unseen<RowPlace>>,
    /// Rows without a value of each feature that training always had.
    missing: Vec<u64>,
}

impl RowSink for Sink<'_> {
    fn row(&mut self, row: &Row<'_>) {
        let Self {
            cells,
            fields,
            watches,
            unseen,
            missing,
            ..
        } = self;
        let score = self.job.score(row, cells, fields, (watches, unseen));
        for (feature, cell) in cells.iter().enumerate() {
            missing[feature] += u64::from(cell.is_nan());
        }
        self.rows += 1;
        self.churned += usize::from(score >= self.job.threshold);
        // Without a limit the line joins its chunk at once.
        let Some(most) = self.job.top_k else {
            self.chunk.add(&self.fields);
            return;
        };
        self.highest.push(Scored {
            place: row.place(),
            before: self.in_chunk,
            score,
            fields: self.fields.clone(),
        });
        self.in_chunk += 1;
        if self.highest.len() >= 2 * most + 1024 {
            keep_highest(&mut self.highest, most);
        }
    }

    fn end_chunk(&mut self, file: u32, chunk: u32) {
        self.chunks
            .insert((file, chunk), std::mem::take(&mut self.in_chunk));
        if let Some(lines) = self.lines {
            lines.add(file, chunk, self.chunk.take());
        }
    }

    fn merge(&mut self, mut other: Self) {
        self.rows += other.rows;
        self.churned += other.churned;
        self.highest.append(&mut other.highest);
        for (mine, theirs) in self.watches.iter_mut().zip(other.watches) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.unseen.iter_mut().zip(other.unseen) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.missing.iter_mut().zip(other.missing) {
            *mine += theirs;
        }
        self.chunks.append(&mut other.chunks);
    }
}

fn keep_highest(scored: &mut Vec<Scored>, most: usize) {
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.place.cmp(&b.place)));
    scored.truncate(most);
}

#[derive(Serialize)]
struct Summary {
    output: String,
    rows: usize,
    classed_as_churned: usize,
    model: String,
    model_version: String,
    /// Rows in which a number feature is not a number, by feature.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unparsable: BTreeMap<String, u64>,
    /// Rows with a category that training never had, by feature.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unseen: BTreeMap<String, u64>,
    /// Rows without a value where training always had one, by feature.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    missing: BTreeMap<String, u64>,
}

/// What one reading of the data came to.
struct Pass {
    highest: Vec<Scored>,
    chunks: BTreeMap<(u32, u32), u64>,
    rows: usize,
    churned: usize,
    watches: Vec<Watch>,
    unseen: Vec<Unseen<RowPlace>>,
    missing: Vec<u64>,
    lines: OrderedLines,
    summary: ReadSummary,
}

fn score_all(
    request: &ScoreRequest,
    data: DataSet,
    job: &Job<'_>,
    console: &Console<'_>,
) -> Result<Pass> {
    let header = header(job, data.columns());
    // Standard output gets nothing of a run that fails half-way, so it waits in a file, too.
    let file = if request.output == Path::new("-") {
        AtomicFile::scratch()?
    } else {
        AtomicFile::create(&request.output)?
    };
    let lines = OrderedLines::new(file, &header);
    console
        .progress()
        .stage(&format!("scoring {}", data.name()), data.bytes());
    let make = || Sink {
        job,
        lines: job.top_k.is_none().then_some(&lines),
        chunk: CsvLines::default(),
        cells: Vec::new(),
        fields: Fields::default(),
        highest: Vec::new(),
        in_chunk: 0,
        chunks: BTreeMap::new(),
        rows: 0,
        churned: 0,
        watches: vec![Watch::default(); job.features.len()],
        unseen: vec![Unseen::default(); job.features.len()],
        missing: vec![0; job.features.len()],
    };
    let data = data.wanting(job.features.iter().chain(&job.kept).copied());
    let read = data.read(&make, console.progress());
    console.progress().finish();
    let (sink, summary) = read?;
    let Sink {
        highest,
        chunks,
        rows,
        churned,
        watches,
        unseen,
        missing,
        ..
    } = sink;
    Ok(Pass {
        highest,
        chunks,
        rows,
        churned,
        watches,
        unseen,
        missing,
        lines,
        summary,
    })
}

/// Scores a table.
///
/// # Errors
/// Bad input for a model or data that are not sound, or a text where the model wants a number.
pub fn run(request: &ScoreRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let artifact = request.tracking.model(&request.model, console)?;
    let scorer = Scorer::new(&artifact.body)?;
    let reading = request
        .reading
        .with_nulls(&artifact.body.profile.roles.null);
    let open = || DataSet::open(&request.data, reading.read_options());
    let data = open()?;
    let mut job = job(request, &artifact, &scorer, &data, console)?;
    let mut pass = score_all(request, data, &job, console)?;
    let trained = job.readings.clone();
    if let Some(other) = other_readings(&job.readings, &pass.watches, scorer.features())? {
        // Only all values of a column tell how its numbers are written, and it is not as in
        // training.
        if request.data.iter().any(|address| address == "-") {
            let message = "numbers are written otherwise than in the training data, and a pipe can \
                           be read only once";
            return Err(Error::bad_input(message).hint("write it to a file and score that"));
        }
        for warning in &other.warnings {
            console.messages().warn(warning);
        }
        job.readings = other.readings;
        pass = score_all(request, open()?, &job, console)?;
    }
    let Pass {
        mut highest,
        chunks,
        mut rows,
        mut churned,
        watches,
        unseen,
        missing,
        lines,
        summary,
    } = pass;
    let unparsable = say(
        &scorer,
        (&trained, &job.readings),
        watches,
        &summary,
        rows,
        console,
    )?;
    let unseen = score_unseen::say(&job.vocabularies, &unseen, &summary, console)?;
    let missing = score_unseen::say_missing(&scorer, &missing, &unparsable, rows, console);
    if let Some(most) = job.top_k {
        keep_highest(&mut highest, most);
        lines.add(0, 0, highest_lines(&job, &highest, &chunks));
        rows = highest.len();
        let classed = highest.iter().filter(|one| one.score >= job.threshold);
        churned = classed.count();
    }
    let file = lines.finish(&request.output)?;
    if request.output == Path::new("-") {
        return copy_to_stdout(file.read_back()?, console);
    }
    file.commit()?;
    let summary = Summary {
        output: request.output.display().to_string(),
        rows,
        classed_as_churned: churned,
        model: artifact.name.clone(),
        model_version: artifact.version.clone(),
        unparsable,
        unseen,
        missing,
    };
    let document = console.document("score", 1, &summary);
    if !console.print_document(&document)? {
        let Summary {
            output,
            rows,
            classed_as_churned,
            model,
            model_version,
            unparsable: _,
            unseen: _,
            missing: _,
        } = summary;
        let line = format!(
            "{output}: {rows} rows scored by {model} {model_version}, {classed_as_churned} classed as churned"
        );
        console.print(&(visible(&line).into_owned() + "\n"))?;
    }
    Ok(ExitCode::Ok)
}

/// Returns the lines of the rows kept, each with its number among all rows if it must be told so.
fn highest_lines(job: &Job<'_>, highest: &[Scored], chunks: &BTreeMap<(u32, u32), u64>) -> Vec<u8> {
    let mut before = 0;
    let starts: BTreeMap<(u32, u32), u64> = chunks
        .iter()
        .map(|(chunk, rows)| {
            let start = (*chunk, before);
            before += rows;
            start
        })
        .collect();
    let mut lines = CsvLines::default();
    for scored in highest {
        if job.numbered {
            let start = starts.get(&(scored.place.file, scored.place.chunk));
            let number = start.unwrap_or(&0) + scored.before + 1;
            let mut fields = Fields::default();
            fields.push_display(number);
            fields.extend(&scored.fields);
            lines.add(&fields);
        } else {
            lines.add(&scored.fields);
        }
    }
    lines.take()
}

fn copy_to_stdout(mut file: File, console: &mut Console<'_>) -> Result<ExitCode> {
    let (mut buffer, mut begun) = (vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer[begun..]);
        match read.map_err(|error| Error::io("read", Path::new("a temporary file"), error))? {
            0 => {
                console.print_data(&buffer[..begun])?;
                return Ok(ExitCode::Ok);
            }
            count => {
                // Whole lines, so that no character is cut in two.
                let filled = &buffer[..begun + count];
                let end = filled.iter().rposition(|byte| *byte == b'\n');
                let whole = end.map_or(filled.len(), |end| end + 1);
                console.print_data(&filled[..whole])?;
                buffer.copy_within(whole..begun + count, 0);
                begun += count - whole;
            }
        }
    }
}
