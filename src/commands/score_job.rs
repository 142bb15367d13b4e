//! What every row to be scored needs: the model, where its features stand, which columns are passed through.

use super::Console;
use super::score_readings::{Watch, cell_of, readings};
use super::score_request::{ScoreExtras, ScoreRequest};
use super::train_request::SCORE;
use crate::data::{ColumnReading, CsvLines, DataSet, Fields, Row, RowPlace};
use crate::drift::roles::check_names;
use crate::error::{Error, Place, Result};
use crate::model::artifact::Artifact;
use crate::model::score::Scorer;
use crate::model::unseen::{Unseen, Vocabulary};

/// Number of a row among all rows of the data, from 1.
const ROW_NUMBER: &str = "row_number";

/// What `score` writes of its own.
const OWN_COLUMNS: [&str; 4] = [SCORE, "class", "model_version", ROW_NUMBER];

/// What every row needs.
pub(super) struct Job<'a> {
    pub(super) scorer: &'a Scorer,
    pub(super) artifact: &'a Artifact,
    /// How the numbers of each feature are written; none for categories.
    pub(super) readings: Vec<Option<ColumnReading>>,
    /// What training had of each category; none for numbers.
    pub(super) vocabularies: Vec<Option<Vocabulary>>,
    pub(super) threshold: f64,
    /// Column of each feature.
    pub(super) features: Vec<usize>,
    /// Columns that are passed through: identifiers, then what the user names.
    pub(super) kept: Vec<usize>,
    /// Rows are told by their numbers: they are no more in the order of the data, and no column
    /// identifies them.
    pub(super) numbered: bool,
    pub(super) explain: usize,
    pub(super) top_k: Option<usize>,
}

impl Job<'_> {
    /// Scores a row and makes its line; `cells` is room to work in.
    pub(super) fn score(
        &self,
        row: &Row<'_>,
        cells: &mut Vec<f64>,
        line: &mut Fields,
        (watches, unseen): (&mut [Watch], &mut [Unseen<RowPlace>]),
    ) -> f64 {
        cells.clear();
        for (feature, &column) in self.features.iter().enumerate() {
            let field = row.field(column);
            let reading = self.readings[feature].as_ref();
            let watch = &mut watches[feature];
            let cell = cell_of(self.scorer, feature, reading, watch, (&field, row.place()));
            cells.push(cell);
            if let Some(vocabulary) = &self.vocabularies[feature]
                && !cell.is_nan()
            {
                let pooled = self.scorer.is_other(feature, cell).then_some(&*field);
                unseen[feature].add(vocabulary, pooled, row.place());
            }
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

pub(super) fn job<'a>(
    request: &ScoreRequest,
    artifact: &'a Artifact,
    scorer: &'a Scorer,
    data: &DataSet,
    console: &Console<'_>,
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
        console.messages().warn(if numbered {
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

pub(super) fn header(job: &Job<'_>, columns: &[String]) -> Vec<u8> {
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
