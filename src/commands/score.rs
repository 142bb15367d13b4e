//! `churnctl score`: a table to a table of scores.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Shell;
use super::drift_request::ReadingRequest;
use super::ordered_lines::OrderedLines;
use super::score_readings::{Watch, other_readings, readings, say};
use super::score_unseen;
use super::tracker::TrackingRequest;
use super::train::SCORE;
use crate::data::{
    ColumnReading, CsvLines, DataSet, Fields, Row, RowPlace, RowSink, Summary as ReadSummary,
};
use crate::drift::roles::check_names;
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::AtomicFile;
use crate::model::artifact::Artifact;
use crate::model::score::Scorer;
use crate::model::unseen::{Unseen, Vocabulary};
use crate::settings::{Probability, Settings};
use crate::text::visible;

/// Number of a row among all rows of the data, from 1.
const ROW_NUMBER: &str = "row_number";
/// What `score` writes of its own.
const OWN_COLUMNS: [&str; 4] = [SCORE, "class", "model_version", ROW_NUMBER];

/// What may be written beside the scores, or left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScoreExtras {
    /// Contributions to add to each row.
    pub explain: usize,
    /// Rows to keep, those with the highest scores.
    pub top_k: Option<usize>,
    /// Columns of the data to pass through.
    pub keep: Vec<String>,
}

/// Everything that scoring needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRequest {
    /// Files and glob patterns; `-` for standard input.
    pub data: Vec<String>,
    /// Model artifact.
    pub model: PathBuf,
    /// Where the scores go; `-` for standard output.
    pub output: PathBuf,
    /// What is written beside the scores.
    pub extras: ScoreExtras,
    /// Score from which a row is classed as churned, if not the model's.
    pub threshold: Option<f64>,
    /// How the data is read.
    pub reading: ReadingRequest,
    /// The way to MLflow, for models that are there.
    pub tracking: TrackingRequest,
}

impl ScoreRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`TrackingRequest::from_settings`].
    pub fn from_settings(
        settings: &Settings,
        output: PathBuf,
        extras: ScoreExtras,
    ) -> Result<Self> {
        Ok(Self {
            data: settings.score.data.clone(),
            model: settings.score.model.clone(),
            output,
            extras,
            threshold: settings.score.threshold.map(Probability::get),
            reading: ReadingRequest::from_settings(settings),
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}

/// One scored row: its place in the data, its score, its line.
struct Scored {
    place: RowPlace,
    /// Rows before it in its chunk.
    before: u64,
    score: f64,
    fields: Fields,
}

/// What every row needs.
struct Job<'a> {
    scorer: &'a Scorer,
    artifact: &'a Artifact,
    /// How the numbers of each feature are written; none for categories.
    readings: Vec<Option<ColumnReading>>,
    /// What training had of each category; none for numbers.
    vocabularies: Vec<Option<Vocabulary>>,
    threshold: f64,
    /// Column of each feature.
    features: Vec<usize>,
    /// Columns that are passed through: identifiers, then what the user names.
    kept: Vec<usize>,
    /// Rows are told by their numbers: they are no more in the order of the data, and no column
    /// identifies them.
    numbered: bool,
    explain: usize,
    top_k: Option<usize>,
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

impl Job<'_> {
    /// Scores a row and makes its line; `cells` is room to work in.
    fn score(
        &self,
        row: &Row<'_>,
        cells: &mut Vec<f64>,
        line: &mut Fields,
        (watches, unseen): (&mut [Watch], &mut [Unseen<RowPlace>]),
    ) -> f64 {
        cells.clear();
        for (feature, &column) in self.features.iter().enumerate() {
            let field = row.field(column);
            cells.push(match &self.readings[feature] {
                Some(reading) => {
                    let takes_truth = self.scorer.takes_truth(feature);
                    watches[feature].number(&field, reading, takes_truth, row.place())
                }
                // A category takes every text.
                None => {
                    let cell = self.scorer.cell_of_field(feature, &field);
                    let cell = cell.unwrap_or(f64::NAN);
                    if let Some(vocabulary) = &self.vocabularies[feature]
                        && !cell.is_nan()
                    {
                        let pooled = self.scorer.is_other(feature, cell).then_some(&*field);
                        unseen[feature].add(vocabulary, pooled, row.place());
                    }
                    cell
                }
            });
        }
        let score = self.scorer.score(cells);
        line.clear();
        for &column in &self.kept {
            line.push_foreign(&row.field(column));
        }
        line.push_display(score);
        let churns = score >= self.threshold;
        line.push(if churns { b"1" } else { b"0" });
        line.push(self.artifact.version.as_bytes());
        if self.explain > 0 {
            let explanation = self.scorer.explain(cells);
            let top = explanation.top(self.explain);
            for at in 0..self.explain {
                if let Some(&(feature, value)) = top.get(at) {
                    line.push_foreign(self.scorer.features()[feature].name.as_bytes());
                    line.push_display(value);
                } else {
                    line.push(b"");
                    line.push(b"");
                }
            }
        }
        score
    }
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
    shell: &Shell<'_>,
) -> Result<Pass> {
    let header = header(job, data.columns());
    // Standard output gets nothing of a run that fails half-way, so it waits in a file, too.
    let file = if request.output == Path::new("-") {
        AtomicFile::scratch()?
    } else {
        AtomicFile::create(&request.output)?
    };
    let lines = OrderedLines::new(file, &header);
    shell
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
    let read = data.read(&make, shell.progress());
    shell.progress().finish();
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
pub fn run(request: &ScoreRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    let artifact = request.tracking.model(&request.model, shell)?;
    let scorer = Scorer::new(&artifact.body)?;
    let reading = request
        .reading
        .with_nulls(&artifact.body.profile.roles.null);
    let open = || DataSet::open(&request.data, reading.read_options());
    let data = open()?;
    let mut job = job(request, &artifact, &scorer, &data, shell)?;
    let mut pass = score_all(request, data, &job, shell)?;
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
            shell.messages().warn(warning);
        }
        job.readings = other.readings;
        pass = score_all(request, open()?, &job, shell)?;
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
        shell,
    )?;
    let unseen = score_unseen::say(&job.vocabularies, &unseen, &summary, shell)?;
    let missing = score_unseen::say_missing(&scorer, &missing, &unparsable, rows, shell);
    if let Some(most) = job.top_k {
        keep_highest(&mut highest, most);
        lines.add(0, 0, highest_lines(&job, &highest, &chunks));
        rows = highest.len();
        let classed = highest.iter().filter(|one| one.score >= job.threshold);
        churned = classed.count();
    }
    let file = lines.finish(&request.output)?;
    if request.output == Path::new("-") {
        return copy_to_stdout(file.read_back()?, shell);
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
    let document = shell.document("score", 1, &summary);
    if !shell.print_document(&document)? {
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
        shell.print(&(visible(&line).into_owned() + "\n"))?;
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

fn copy_to_stdout(mut file: File, shell: &mut Shell<'_>) -> Result<ExitCode> {
    let (mut buffer, mut begun) = (vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer[begun..]);
        match read.map_err(|error| Error::io("read", Path::new("a temporary file"), error))? {
            0 => {
                shell.print_data(&buffer[..begun])?;
                return Ok(ExitCode::Ok);
            }
            count => {
                // Whole lines, so that no character is cut in two.
                let filled = &buffer[..begun + count];
                let end = filled.iter().rposition(|byte| *byte == b'\n');
                let whole = end.map_or(filled.len(), |end| end + 1);
                shell.print_data(&filled[..whole])?;
                buffer.copy_within(whole..begun + count, 0);
                begun += count - whole;
            }
        }
    }
}

fn job<'a>(
    request: &ScoreRequest,
    artifact: &'a Artifact,
    scorer: &'a Scorer,
    data: &DataSet,
    shell: &Shell<'_>,
) -> Result<Job<'a>> {
    let position = |name: &str| data.columns().iter().position(|column| column == name);
    let features: Vec<Option<usize>> = scorer
        .features()
        .iter()
        .map(|feature| position(&feature.name))
        .collect();
    let absent: Vec<&str> = scorer
        .features()
        .iter()
        .zip(&features)
        .filter(|(_, column)| column.is_none())
        .map(|(feature, _)| feature.name.as_str())
        .collect();
    // A mistyped name must never become a column of missing values.
    if !absent.is_empty() {
        let place = Place {
            file: data.name().to_owned(),
            ..Place::default()
        };
        let error = Error::bad_input(format!(
            "the data lack features of the model: {}",
            absent.join(", ")
        ));
        let near = crate::error::nearest(absent[0], data.columns().iter().map(String::as_str));
        let hint = near.map_or_else(
            || "score the columns that the model was trained on".to_owned(),
            |near| format!("is \"{near}\" meant to be \"{}\"?", absent[0]),
        );
        return Err(error.at(place).hint(hint));
    }
    let mut ids: Vec<usize> = artifact
        .body
        .roles
        .id
        .iter()
        .filter_map(|name| position(name))
        .collect();
    let named = request
        .reading
        .columns
        .id
        .iter()
        .filter_map(|name| position(name));
    ids.extend(named);
    ids.extend(
        artifact
            .body
            .roles
            .time
            .iter()
            .filter_map(|name| position(name)),
    );
    let mut seen = Vec::new();
    ids.retain(|id| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    let ScoreExtras {
        explain,
        top_k,
        keep,
    } = &request.extras;
    let numbered = ids.is_empty() && top_k.is_some();
    if ids.is_empty() {
        shell.messages().warn(if numbered {
            "no identifier among the columns: rows are told by their number, `row_number` (--id)"
        } else {
            "no identifier among the columns: rows are told by their order alone (--id)"
        });
    }
    check_names("--keep", keep, data.columns(), &[])?;
    let written = keep
        .iter()
        .find(|name| OWN_COLUMNS.contains(&name.as_str()));
    if let Some(name) = written {
        return Err(Error::usage(format!(
            "--keep {name}: `score` writes a column of that name itself"
        ))
        .hint("rename the column in the data"));
    }
    let mut kept = ids;
    for column in keep.iter().filter_map(|name| position(name)) {
        if !kept.contains(&column) {
            kept.push(column);
        }
    }
    Ok(Job {
        scorer,
        artifact,
        readings: readings(artifact, scorer),
        vocabularies: Vocabulary::of_features(scorer, &artifact.body.profile),
        threshold: request.threshold.unwrap_or(artifact.body.threshold),
        features: features.into_iter().flatten().collect(),
        kept,
        numbered,
        explain: *explain,
        top_k: *top_k,
    })
}

fn header(job: &Job<'_>, columns: &[String]) -> Vec<u8> {
    let mut names = Fields::default();
    if job.numbered {
        names.push(ROW_NUMBER.as_bytes());
    }
    for &column in &job.kept {
        names.push_foreign(columns[column].as_bytes());
    }
    for name in [SCORE, "class", "model_version"] {
        names.push(name.as_bytes());
    }
    for at in 1..=job.explain {
        names.push_display(format_args!("reason_{at}"));
        names.push_display(format_args!("contribution_{at}"));
    }
    let mut lines = CsvLines::default();
    lines.add(&names);
    lines.take()
}
