//! `churnctl drift why`: why a model is worse on the current rows than it was, and the cheapest cure.

use std::path::{Path, PathBuf};

use super::Console;
use super::drift_evidence::reading_of;
use super::drift_request::DriftRequest;
use super::drift_why_segments::segments;
use super::inputs::Input;
use super::train_recalibrate::{self, NAME_LATER_ROWS};
use super::train_request::TrainRequest;
use super::train_table::{self, TrainTable};
use crate::cells::Tone;
use crate::data::DataSet;
use crate::drift::report::{DriftReport, Sides};
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::read_object_at_most;
use crate::model::artifact::{Artifact, FeatureKind};
use crate::model::frame::{Frame, WantedColumn};
use crate::model::paired::loss_difference;
use crate::model::publish::{Champion, ModelStore};
use crate::model::recalibrate::recalibrate;
use crate::model::score::Scorer;
use crate::model::split::{Rows, SplitOptions, Splits, split};
use crate::model::threshold::{self, ThresholdRule};
use crate::model::training::{Table, train};
use crate::model::why::{Drop, LabelledRows, explain_drop};
use crate::redact::redacted;
use crate::reports::drift::why::{Cure, CureKind, WhyReport};
use crate::reports::format;
use crate::settings::{Key, Settings};
use crate::stats::classification::Estimate;
use crate::text::{shell_word, visible};

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Most rows of a side that are taken apart.
const MOST_ROWS: usize = 10_000;
/// Largest report that is read.
const MOST_BYTES: u64 = 256 << 20;
/// A whole command to begin from.
const EXAMPLE: &str = "churnctl drift why --baseline model.json --current august.csv";

/// Everything that the question needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct WhyRequest {
    /// A drift report that names the sides.
    pub report: Option<PathBuf>,
    /// Rows to compare with; those that the model was trained from if empty.
    pub reference: Vec<String>,
    /// The model, or rows to compare with.
    baseline: Vec<String>,
    current: Vec<String>,
    /// Rows of the current side that the report counted.
    counted: Option<u64>,
    train: TrainRequest,
}

impl WhyRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`TrainRequest::from_settings`] and [`DriftRequest::from_settings`].
    pub fn from_settings(
        settings: &Settings,
        report: Option<PathBuf>,
        reference: Vec<String>,
    ) -> Result<Self> {
        let train = TrainRequest::from_settings(settings, false)?;
        let check = DriftRequest::from_settings(settings)?;
        let (baseline, current) = (check.baseline, check.current);
        let mut sides = baseline.iter().chain(&current).chain(&reference);
        if sides.any(|address| address == "-") {
            return Err(Error::usage(
                "rows are read more than once, which standard input cannot give",
            )
            .hint("write them to a file first"));
        }
        Ok(Self {
            report,
            reference,
            baseline,
            current,
            counted: None,
            train,
        })
    }
}

/// Takes the change apart, tries the cures, prints.
///
/// # Errors
/// As `explain`.
pub fn run(request: &WhyRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let report = explain(request, console)?;
    let document = console.document("drift_why", SCHEMA_VERSION, &report);
    if !console.print_document(&document)? {
        for line in report.lines() {
            console.print_line(Tone::Plain, &line)?;
        }
        for table in report.tables() {
            console.print("\n")?;
            console.print_table(&table)?;
        }
        // Beside the table and never broken: they are there to be copied.
        console.print("\n")?;
        for way in report.ways() {
            console.print(&format!("{}\n", visible(&way)))?;
        }
        console.print("\n")?;
        let (tone, advice) = report.verdict();
        console.print_line(tone, &advice)?;
    }
    Ok(ExitCode::Ok)
}

/// Takes the change apart, and tries the cures.
///
/// # Errors
/// Bad input, settings or files; also if a side has no labels.
pub(super) fn explain(request: &WhyRequest, console: &Console<'_>) -> Result<WhyReport> {
    let mut request = request.clone();
    if let Some(path) = request.report.clone() {
        request.take_from_report(&path)?;
    }
    if is_nowhere(&request.current, "drift.current") {
        return Err(Error::usage("the current rows are not named").hint(format!(
            "name them in churnctl.toml (current in [drift]), or with --current, such as {EXAMPLE}"
        )));
    }
    let (model, reference) = request.model(console)?;
    request.as_the_model(&model);
    let scorer = Scorer::new(&model.body)?;
    let read = |addresses: &[String], console: &Console<'_>| {
        let mut train = TrainRequest {
            data: addresses.to_vec(),
            ..request.train.clone()
        };
        train
            .reading
            .columns
            .categorical
            .extend(request.texts(&model, addresses)?);
        let table = train_table::read(&train, console)?;
        train_recalibrate::unlearned(table, &model, &train)
    };
    let before = read(&reference, console).map_err(|error| match error.hint_text() {
        Some(NAME_LATER_ROWS) => error.hint(format!("{NAME_LATER_ROWS}: --reference may.csv")),
        _ => error,
    })?;
    let now = match request.has_labels(&model)? {
        true => Some(read(&request.current, console)?),
        false => None,
    };
    request.warn_of_other_rows(now.as_ref(), console);
    let warnings = now.iter().flat_map(|now| &now.warnings);
    for warning in before.warnings.iter().chain(warnings) {
        console.messages().debug(warning);
    }
    let current = match &now {
        Some(now) => labelled(now, &scorer, &request.current)?,
        None => request.unlabelled(&model, &scorer, console)?,
    };
    let sides = (labelled(&before, &scorer, &reference)?, current);
    let (seed, threads) = (request.train.options.seed, request.train.options.threads);
    let drop = explain_drop(&scorer, &sides.0, &sides.1, seed, threads).ok_or_else(|| {
        let told = |side: &LabelledRows| {
            let churned = side.labels.iter().filter(|label| **label).count();
            format!("{churned} of {} rows churned", side.labels.len())
        };
        let (there, here) = (told(&sides.0), told(&sides.1));
        Error::bad_input(format!(
            "both sides need rows that churned, rows that did not, and scores that vary: {there} in the reference, {here} in \
             the current rows"
        ))
        .hint("name more rows whose labels are known")
    })?;
    let mut cures = vec![Cure::of_loss(
        CureKind::FixTheFeed,
        drop.missing_data_interval,
    )];
    if let Some(now) = &now {
        cures.extend(request.cures(&model, &scorer, now, console)?);
    }
    let is_in_production = request.is_in_production(&model, console);
    for cure in &mut cures {
        cure.how = match cure.cure {
            CureKind::FixTheFeed => what_is_missing(&drop),
            // The command works on the model in production, whichever was asked about.
            CureKind::Recalibrate | CureKind::MoveTheThreshold if !is_in_production => format!(
                "promote {} {} first: train --recalibrate works on the model in production",
                model.name, model.version
            ),
            kind => request.command(kind),
        };
    }
    Ok(WhyReport {
        model: model.name.clone(),
        model_version: model.version.clone(),
        baseline: super::inputs::shown(&reference),
        current: super::inputs::shown(&request.current),
        segments: segments(&model, &scorer, &sides, drop.recalibration.baseline),
        drop,
        advice: Cure::advice(&cures),
        cures,
    })
}

/// Says what a feed is to bring again.
fn what_is_missing(drop: &Drop) -> String {
    /// Share of what the worst feature has in it below which one is along for the ride: a score's change is shared among all.
    const WORTH_NAMING: f64 = 0.1;
    let mut parts: Vec<_> = drop.features.iter().collect();
    parts.sort_by(|a, b| b.missing_data.total_cmp(&a.missing_data));
    let most = parts.first().map_or(0.0, |part| part.missing_data);
    parts.retain(|part| part.missing_data > 0.0 && part.missing_data >= WORTH_NAMING * most);
    let names: Vec<_> = parts.iter().take(3).map(|part| &*part.feature).collect();
    match names.as_slice() {
        [] => "no feature is missing more often than it was".to_owned(),
        names => format!("bring back the missing values of {}", names.join(", ")),
    }
}

impl WhyRequest {
    /// Returns the command that does a cure, for people to copy.
    fn command(&self, kind: CureKind) -> String {
        let TrainRequest {
            reading, artifacts, ..
        } = &self.train;
        let mut words = vec!["churnctl".to_owned(), "train".to_owned()];
        words.extend(self.current.iter().map(|data| redacted(data).into_owned()));
        if kind != CureKind::Retrain {
            words.push("--recalibrate".to_owned());
        }
        if kind == CureKind::MoveTheThreshold {
            let (false_negative, false_positive) = self.costs();
            words.extend(["--cost-fn".to_owned(), false_negative.to_string()]);
            words.extend(["--cost-fp".to_owned(), false_positive.to_string()]);
        }
        let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
        for (name, value) in [
            ("--label", &reading.label),
            ("--positive", &reading.positive),
        ] {
            value.iter().for_each(|value| flag(name, value));
        }
        for (name, columns) in [
            ("--exclude", &reading.columns.exclude[..]),
            ("--categorical", &reading.columns.categorical),
        ] {
            if !columns.is_empty() {
                flag(name, &columns.join(","));
            }
        }
        match reading.delimiter {
            b',' => {}
            b'\t' => flag("--delimiter", "tab"),
            other => flag("--delimiter", &char::from(other).to_string()),
        }
        reading.null.iter().for_each(|text| flag("--null", text));
        if artifacts.as_os_str() != "artifacts" {
            flag("--artifacts", &artifacts.display().to_string());
        }
        let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
        words.join(" ")
    }

    /// Returns what a missed churner and a false alarm cost; one and one, where nobody says.
    const fn costs(&self) -> (f64, f64) {
        match self.train.options.rule {
            ThresholdRule::Cost {
                false_negative,
                false_positive,
            } => (false_negative, false_positive),
            _ => (1.0, 1.0),
        }
    }

    /// A report names its rows by their address alone, and what is there may be more by now, or other.
    fn warn_of_other_rows(&self, now: Option<&TrainTable>, console: &Console<'_>) {
        if let (Some(counted), Some(now)) = (self.counted, now)
            && counted != now.rows_read
        {
            console.messages().warn(&format!(
                "the report is about {} rows of {}, and {} are read now",
                format::count(counted),
                super::inputs::shown(&self.current),
                format::count(now.rows_read)
            ));
        }
    }

    /// Takes sides and reading from a report, where nothing else is said.
    fn take_from_report(&mut self, path: &Path) -> Result<()> {
        let bytes = read_object_at_most(path, MOST_BYTES)
            .map_err(|error| Error::io("read", path, error))?;
        let place = || Place {
            file: path.display().to_string(),
            ..Place::default()
        };
        let report: DriftReport = serde_json::from_slice(&bytes).map_err(|error| {
            Error::bad_input("this is not a drift report")
                .because(error)
                .at(place())
        })?;
        let (Some(inputs), Some(settings)) = (report.inputs, report.settings) else {
            return Err(Error::bad_input("this report does not name its inputs")
                .at(place())
                .hint(format!("name them: {EXAMPLE}")));
        };
        self.counted = Some(report.rows.current);
        self.baseline = inputs.baseline.addresses;
        self.current = inputs.current.addresses;
        self.train.reading = reading_of(settings, &self.train.reading)
            .ok_or_else(|| Error::bad_input("the report's settings cannot be read").at(place()))?;
        Ok(())
    }

    /// Returns the model, and where the rows are that it is compared on with the current ones.
    fn model(&self, console: &Console<'_>) -> Result<(Box<Artifact>, Vec<String>)> {
        let named = |rows: &[String]| match self.reference.is_empty() {
            true => rows.to_vec(),
            false => self.reference.clone(),
        };
        let on_its_own_rows = |model: Box<Artifact>| {
            let reference = named(&model.body.provenance.data);
            (model, reference)
        };
        if is_nowhere(&self.baseline, "drift.baseline") {
            let error = || {
                Error::usage("no model is named, and there is none in production")
                    .hint(format!("name one: {EXAMPLE}"))
            };
            return Ok(on_its_own_rows(self.champion(console)?.ok_or_else(error)?));
        }
        match Input::open(&self.baseline, &self.train.reading)? {
            // The profile that a check compares with has no rows, but the model in production knows its own.
            Input::Profile(counts) => {
                let model = match counts.model {
                    Some(model) => Some(model),
                    None => self.champion(console)?,
                };
                let model = model.ok_or_else(|| {
                    Error::usage(
                        "the baseline is a profile, which has no rows, and there is no model in production",
                    )
                    .hint(format!("name a model: {EXAMPLE}"))
                })?;
                Ok(on_its_own_rows(model))
            }
            Input::Data(_) => {
                let model = self.champion(console)?.ok_or_else(|| {
                    Error::usage("the baseline is not a model, and there is none in production")
                        .hint("--baseline model.json, or --artifacts with the folder of its model")
                })?;
                Ok((model, named(&self.baseline)))
            }
        }
    }

    /// Returns the model in production, if there is a sound one.
    fn champion(&self, console: &Console<'_>) -> Result<Option<Box<Artifact>>> {
        let store = ModelStore::new(&self.train.artifacts, console.created_at(), VERSION);
        Ok(match store.champion()?.0 {
            Champion::Sound(model) => Some(model),
            Champion::None | Champion::Lost(_) => None,
        })
    }

    /// Only commands that are advised depend on it: a model in production that cannot be read is not the one asked about.
    fn is_in_production(&self, model: &Artifact, console: &Console<'_>) -> bool {
        let store = ModelStore::new(&self.train.artifacts, console.created_at(), VERSION);
        matches!(store.champion(), Ok((Champion::Sound(champion), _)) if champion.version == model.version)
    }

    /// Columns are what they are to the model, unless somebody says otherwise.
    fn as_the_model(&mut self, model: &Artifact) {
        let (roles, reading) = (&model.body.roles, &mut self.train.reading);
        reading.label.get_or_insert_with(|| roles.label.clone());
        reading
            .positive
            .get_or_insert_with(|| roles.positive.clone());
    }

    /// Returns the columns of these rows that are texts to the model. One that is not there is told by the scorer.
    fn texts(&self, model: &Artifact, addresses: &[String]) -> Result<Vec<String>> {
        let data = DataSet::open(addresses, self.train.reading.read_options())?;
        let features = model.body.features.iter();
        let texts = features.filter(|feature| matches!(feature.kind, FeatureKind::Category { .. }));
        let there = texts.filter(|feature| data.columns().contains(&feature.name));
        Ok(there.map(|feature| feature.name.clone()).collect())
    }

    /// Whether the current rows have the label's column.
    fn has_labels(&self, model: &Artifact) -> Result<bool> {
        let label = self.train.reading.label.as_ref();
        let label = label.unwrap_or(&model.body.roles.label);
        let data = DataSet::open(&self.current, self.train.reading.read_options())?;
        Ok(data.columns().contains(label))
    }

    /// Reads current rows that have no labels yet.
    fn unlabelled(
        &self,
        model: &Artifact,
        scorer: &Scorer,
        console: &Console<'_>,
    ) -> Result<LabelledRows> {
        let data = DataSet::open(&self.current, self.train.reading.read_options())?;
        let features = model.body.features.iter();
        let present = features.filter(|feature| data.columns().contains(&feature.name));
        let wanted: Vec<WantedColumn> = present
            .map(|feature| WantedColumn {
                name: feature.name.clone(),
                categorical: matches!(feature.kind, FeatureKind::Category { .. }),
            })
            .collect();
        let progress = console.progress();
        progress.stage(&format!("reading {}", data.name()), data.bytes());
        let read = Frame::read(data, &wanted, progress);
        progress.finish();
        let (frame, _, _) = read?;
        Ok(LabelledRows {
            cells: cells(scorer, &frame, &chosen(frame.rows), &self.current)?,
            labels: Vec::new(),
        })
    }

    /// Tries what can be done, on rows of the current side that nothing is fitted on.
    fn cures(
        &self,
        model: &Artifact,
        scorer: &Scorer,
        table: &TrainTable,
        console: &Console<'_>,
    ) -> Result<Vec<Cure>> {
        let options = &self.train.options;
        let split_options = SplitOptions {
            label_window: self.train.label_window,
            seed: options.seed,
            ..SplitOptions::default()
        };
        let splits = split(
            Rows {
                label: &table.labels,
                time: table.time.as_deref(),
                group: table.group.as_deref(),
                keys: &table.dealt_by,
            },
            &split_options,
        )?;
        let learned = Table {
            frame: &table.frame,
            labels: &table.labels,
            features: &table.features,
            splits: &splits,
            group: table.group.as_deref(),
        };
        let labels = of_rows(&table.labels, &splits.test);
        let own = scorer.scores_of(&table.frame, &splits.test, options.threads)?;
        let gain =
            |scores: &[f64], other: &[f64]| loss_difference(scores, other, &labels).map(turned);
        let recalibrated = recalibrate(model, learned, options)?.test_scores;
        let retrained = train(learned, options, console.progress())?.test_scores;
        Ok(vec![
            Cure::of_loss(CureKind::Recalibrate, gain(&own, &recalibrated)),
            self.threshold(model, scorer, table, (&splits, &own, &labels))?,
            Cure::retrain(gain(&own, &retrained), gain(&recalibrated, &retrained)),
        ])
    }

    /// Moves the threshold to where it costs least, and returns what a row costs less by that.
    fn threshold(
        &self,
        model: &Artifact,
        scorer: &Scorer,
        table: &TrainTable,
        (splits, own, labels): (&Splits, &[f64], &[bool]),
    ) -> Result<Cure> {
        let options = &self.train.options;
        let (false_negative, false_positive) = self.costs();
        let known = [&splits.train[..], &splits.validation].concat();
        let scores = scorer.scores_of(&table.frame, &known, options.threads)?;
        let rule = ThresholdRule::Cost {
            false_negative,
            false_positive,
        };
        let chosen = threshold::choose(
            rule,
            &scores,
            &of_rows(&table.labels, &known),
            labels.len() as u64,
        )?;
        let cost = |score: f64, label: bool, threshold: f64| match (score >= threshold, label) {
            (false, true) => false_negative,
            (true, false) => false_positive,
            (true, true) | (false, false) => 0.0,
        };
        let mut saved = crate::stats::intervals::LossSums::default();
        for (score, label) in own.iter().zip(labels) {
            let before = cost(*score, *label, model.body.threshold);
            saved.add(cost(*score, *label, chosen.value) - before, 1.0);
        }
        let thresholds = Sides {
            baseline: model.body.threshold,
            current: chosen.value,
        };
        Ok(Cure::of_cost(
            saved.mean_difference().map(turned),
            thresholds,
        ))
    }
}

/// Whether nobody named these addresses, and there is nothing where they usually are.
fn is_nowhere(addresses: &[String], key: &str) -> bool {
    let usual = Key::named(key).and_then(|key| key.default);
    matches!(addresses, [only] if Some(only.as_str()) == usual && !Path::new(only).exists())
}

/// Turns how much more it is into how much less.
fn turned(change: Estimate) -> Estimate {
    Estimate {
        value: -change.value,
        low: -change.high,
        high: -change.low,
    }
}

fn of_rows(labels: &[bool], rows: &[u32]) -> Vec<bool> {
    rows.iter().map(|&row| labels[row as usize]).collect()
}

/// Chooses rows evenly, where there are many.
fn chosen(rows: usize) -> Vec<u32> {
    let step = rows.div_ceil(MOST_ROWS).max(1);
    (0..rows as u32).step_by(step).collect()
}

/// Returns rows as the model takes them; what is wrong is told with their address.
fn cells(
    scorer: &Scorer,
    frame: &Frame,
    rows: &[u32],
    addresses: &[String],
) -> Result<Vec<Vec<f64>>> {
    let cells = scorer.cells_of_rows(frame, rows);
    cells.map_err(|error| {
        error.at(Place {
            file: super::inputs::shown(addresses),
            ..Place::default()
        })
    })
}

/// Returns the rows as the model takes them, evenly chosen where there are many.
fn labelled(table: &TrainTable, scorer: &Scorer, addresses: &[String]) -> Result<LabelledRows> {
    let rows = chosen(table.frame.rows);
    Ok(LabelledRows {
        cells: cells(scorer, &table.frame, &rows, addresses)?,
        labels: of_rows(&table.labels, &rows),
    })
}
