//! The body of an imported model's artifact: everything that is not its trees.

use std::collections::BTreeMap;

use super::import_request::ImportRequest;
use super::imported_data::{features_of, open, read_frame};
use crate::commands::train_request::SCORE;
use crate::commands::{Console, inputs};
use crate::data::{positive_label, same_label};
use crate::error::{Error, Place, Result};
use crate::import::assemble::Assembled;
use crate::import::{Foreign, Schema};
use crate::model::artifact::{Body, Example, Imported, ModelRoles, Provenance};
use crate::model::attribution::attributions_of;
use crate::model::examples::made_up;
use crate::model::frame::{Column, Frame, WantedColumn};
use crate::model::score::Scorer;
use crate::model::store;
use crate::model::unfit::{Unfit, unfit};
use crate::profile::{Profile, ScoredRows};

/// The data that the model is compared with from now on.
pub(super) struct Baseline {
    /// Their address.
    data: String,
    /// The columns of the features.
    pub(super) features: Frame,
    /// Their columns that are known by name.
    columns: Vec<String>,
    /// The label of each row, if they have one.
    labels: Option<Labels>,
    /// Columns that tell rows apart, or whose they are, by their names and values.
    identifiers: Vec<String>,
}

struct Labels {
    name: String,
    positive: String,
    /// Rows with a label, and whether they churned.
    rows: Vec<(u32, bool)>,
}

impl Baseline {
    /// Reads the features, and the label if there is one.
    pub(super) fn read(
        foreign: &Foreign,
        (data, schema): (&str, Option<&Schema>),
        request: &ImportRequest,
        console: &mut Console<'_>,
    ) -> Result<Self> {
        let features = features_of(foreign, (data, schema), request, console)?;
        let opened = open(data, request)?;
        let columns = opened.columns().to_vec();
        let reading = &request.reading;
        let named = reading.label.iter().chain(&reading.columns.label);
        let is_feature = |name: &&String| features.names.contains(name);
        let at_data = |error: Error| {
            error.at(Place {
                file: data.to_owned(),
                ..Place::default()
            })
        };
        if let Some(wanted) = &reading.label {
            if !columns.contains(wanted) {
                let error = Error::bad_input(format!("there is no column \"{wanted}\""));
                return Err(at_data(error));
            }
            if is_feature(&wanted) {
                let error = format!("the label \"{wanted}\" is a feature of the model");
                return Err(at_data(Error::bad_input(error)));
            }
        }
        let left_out = reading.roles_in(&opened, reading.roles());
        if let Some(feature) = left_out.id.iter().chain(&left_out.exclude).find(is_feature) {
            return Err(Error::usage(format!(
                "\"{feature}\" is a feature of the model: no identifier, and not to be left out"
            ))
            .hint("take it out of --id, --exclude and the settings behind them"));
        }
        let label = named
            .filter(|name| columns.contains(name))
            .find(|name| !is_feature(name));
        let labels = label
            .map(|label| labels(label, opened, reading.positive.as_deref(), console))
            .transpose()?;
        let mut known = features.names.clone();
        known.extend(
            [&left_out.id, &left_out.exclude]
                .into_iter()
                .flatten()
                .cloned(),
        );
        known.extend(labels.iter().map(|labels| labels.name.clone()));
        let usual = &reading.columns;
        known.extend(
            [&usual.id, &usual.date, &usual.score, &usual.label]
                .into_iter()
                .flatten()
                .cloned(),
        );
        let others = columns.iter().filter(|name| !known.contains(name));
        let others: Vec<WantedColumn> = others.map(WantedColumn::new).collect();
        let churned = labels
            .as_ref()
            .map_or(Vec::new(), |labels| labels.of_all(features.rows));
        Ok(Self {
            identifiers: identifiers(data, &others, &churned, request, console)?,
            data: data.to_owned(),
            features,
            columns,
            labels,
        })
    }
}

impl Labels {
    /// Returns the label of each row; none if some rows have no label.
    fn of_all(&self, rows: usize) -> Vec<bool> {
        match self.rows.len() == rows {
            true => self.rows.iter().map(|(_, churned)| *churned).collect(),
            false => Vec::new(),
        }
    }
}

/// Finds identifiers among columns that are not features, as a training does, and names them.
fn identifiers(
    data: &str,
    others: &[WantedColumn],
    churned: &[bool],
    request: &ImportRequest,
    console: &mut Console<'_>,
) -> Result<Vec<String>> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let frame = read_frame(open(data, request)?, others, console)?;
    let pairs = frame.names.iter().zip(&frame.columns);
    let found: Vec<String> = pairs
        .filter(|(name, column)| {
            let unfit = unfit(name, column, churned);
            matches!(unfit, Some(Unfit::Identifier(_) | Unfit::GroupKey { .. }))
        })
        .map(|(name, _)| name.clone())
        .collect();
    if !found.is_empty() {
        console.messages().info(&format!(
            "{}: taken for identifiers, which `score` keeps and drift does not compare",
            found.join(", ")
        ));
    }
    Ok(found)
}

fn labels(
    name: &str,
    data: crate::data::DataSet,
    positive: Option<&str>,
    console: &Console<'_>,
) -> Result<Labels> {
    let place = Place {
        file: data.name().to_owned(),
        line: None,
        column: Some(name.to_owned()),
    };
    let wanted = [WantedColumn {
        name: name.to_owned(),
        categorical: true,
    }];
    let frame = read_frame(data, &wanted, console)?;
    let Some(Column::Categories { codes, levels }) = frame.column(name) else {
        return Err(Error::bad_input("no row has a label").at(place));
    };
    let positive = positive_label(name, levels.iter().map(String::as_str), positive)
        .map_err(|error| error.at(place))?;
    let churned: Vec<bool> = levels
        .iter()
        .map(|level| same_label(level, &positive))
        .collect();
    let label = |(row, code): (u32, &u32)| Some((row, *churned.get(*code as usize)?));
    Ok(Labels {
        name: name.to_owned(),
        rows: (0..).zip(codes).filter_map(label).collect(),
        positive,
    })
}

/// Makes all of the artifact that is not its head.
pub(super) fn body(
    request: &ImportRequest,
    assembled: Assembled,
    baseline: Baseline,
    imported: Imported,
    console: &Console<'_>,
) -> Result<Body> {
    let Assembled {
        features,
        model,
        calibration,
    } = assembled;
    let scorer = Scorer::of(&features, &model, &calibration)?;
    let rows: Vec<u32> = (0..baseline.features.rows as u32).collect();
    let made_up = made_up(&baseline.features, &features, &rows);
    let example = |values| Example { values, score: 0.0 };
    let mut examples: Vec<Example> = made_up.into_iter().map(example).collect();
    let scored = scorer.examples(&examples)?;
    for (example, score) in examples.iter_mut().zip(scored) {
        example.score = score;
    }
    let threads = request.reading.threads.get();
    let scores = scorer.scores_of(&baseline.features, &rows, threads)?;
    let frame = &baseline.features;
    let attributions = attributions_of(&scorer, frame, &rows, request.threshold, threads)?;
    let provenance = Provenance {
        data: vec![request.shown(&baseline.data)],
        data_sha256: store::data_sha256(std::slice::from_ref(&baseline.data))?,
        rows: rows.len() as u64,
        seed: 0,
        arguments: BTreeMap::new(),
        split: "not known: the model was trained elsewhere".into(),
        split_rows: BTreeMap::new(),
        learned: None,
        parent: None,
        unpurged_roc_auc: None,
        warnings: Vec::new(),
    };
    Ok(Body {
        roles: roles(request, &baseline),
        profile: profile(request, &baseline, &scores, console)?,
        features,
        model,
        calibration,
        threshold: request.threshold,
        threshold_rule: format!("{}, as it was imported", request.threshold),
        metrics: BTreeMap::new(),
        trivial: Vec::new(),
        importance: Vec::new(),
        attributions,
        provenance,
        imported: Some(imported),
        examples,
    })
}

fn roles(request: &ImportRequest, baseline: &Baseline) -> ModelRoles {
    let reading = &request.reading;
    let has =
        |name: &&String| baseline.columns.contains(name) && !baseline.features.names.contains(name);
    let (label, positive) = match &baseline.labels {
        Some(labels) => (labels.name.clone(), labels.positive.clone()),
        None => (
            reading.columns.label.first().cloned().unwrap_or_default(),
            reading.positive.clone().unwrap_or_else(|| "1".into()),
        ),
    };
    let named = reading.columns.id.iter().filter(has);
    ModelRoles {
        label,
        positive,
        id: named.chain(&baseline.identifiers).cloned().collect(),
        time: reading.columns.date.iter().find(has).cloned(),
        group: None,
    }
}

/// The profile of the data with the model's scores. Whether it has learned from these rows is not known,
/// so that the scores count as those of rows that it has.
fn profile(
    request: &ImportRequest,
    baseline: &Baseline,
    scores: &[f64],
    console: &Console<'_>,
) -> Result<Profile> {
    let data = open(&baseline.data, request)?;
    let mut roles = request.reading.roles_in(&data, request.reading.roles());
    roles.id.extend(baseline.identifiers.iter().cloned());
    roles
        .exclude
        .extend(data.uncountable().iter().map(|(name, _)| name.clone()));
    let mut profile = inputs::profile_of(data, roles, None, "profile of", console)?;
    if let Some(labels) = &baseline.labels {
        let known = |(row, label): &(u32, bool)| (scores[*row as usize], *label);
        let (scores, churned): (Vec<f64>, Vec<bool>) = labels.rows.iter().map(known).unzip();
        let (name, positive) = (&labels.name, &labels.positive);
        profile.add_held_out_scores(SCORE, &scores, &churned, name, positive);
        if let Some(outcome) = &mut profile.outcome {
            outcome.rows = Some(ScoredRows::Training);
        }
    }
    Ok(profile)
}
