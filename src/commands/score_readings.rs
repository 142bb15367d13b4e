//! How `score` reads the numbers of a table: as the model's training data were written, unless the
//! table's own values say otherwise; and what to say of those that it can't read.

use std::collections::BTreeMap;

use super::Console;
use crate::data::{
    ColumnReading, ColumnTally, DecimalMark, Meaning, RowPlace, Sizes, Summary, Value, classify,
    is_told_by_size, spelled, truth,
};
use crate::error::{Error, Place, Result};
use crate::model::artifact::{Artifact, Feature, FeatureKind};
use crate::model::score::Scorer;
use crate::profile::{Column, HeaderRows};

/// What the values of one number feature were.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    tally: ColumnTally,
    sizes: Sizes,
    unparsable: u64,
    first: Option<(RowPlace, String)>,
}

impl Watch {
    /// Reads a number; what is none is missing. Truth values are numbers where the feature takes
    /// them.
    fn number(
        &mut self,
        field: &[u8],
        reading: &ColumnReading,
        takes_truth: bool,
        place: RowPlace,
    ) -> f64 {
        let meaning = match classify(field) {
            Value::Missing(kind) => Meaning::Missing(kind),
            Value::Number(number) | Value::BigInteger(number) => {
                self.tally.add_plain(field, number, 1);
                self.sizes.add_plain(field, number);
                reading.of_plain(field, number)
            }
            Value::Infinite => {
                self.tally.add_plain(field, f64::INFINITY, 1);
                Meaning::Infinite
            }
            Value::Text => match truth(field).filter(|_| takes_truth) {
                Some(is_true) => {
                    let number = f64::from(u8::from(is_true));
                    self.tally.add_plain(b"1", number, 1);
                    Meaning::Number(number)
                }
                None => {
                    self.tally.add_text(field, 1);
                    if let Some(spelled) = spelled(field) {
                        self.sizes.add_spelled(&spelled);
                    }
                    reading.of_text(field)
                }
            },
        };
        match meaning {
            Meaning::Number(number) => number + 0.0,
            Meaning::Missing(_) | Meaning::Infinite => f64::NAN,
            Meaning::Text | Meaning::Unparsable => {
                self.unparsable += 1;
                self.note(place, || String::from_utf8_lossy(field).into_owned());
                f64::NAN
            }
        }
    }

    fn note(&mut self, place: RowPlace, text: impl FnOnce() -> String) {
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            self.first = Some((place, text()));
        }
    }

    /// Adds what another thread has seen.
    pub(super) fn merge(&mut self, other: Self) {
        self.tally.merge(other.tally);
        self.sizes.merge(other.sizes);
        self.unparsable += other.unparsable;
        if let Some((place, text)) = other.first {
            self.note(place, || text);
        }
    }
}

/// Returns the cell of a feature for a field, as `reading` has it if it is a number; a category takes every text.
pub(super) fn cell_of(
    scorer: &Scorer,
    feature: usize,
    reading: Option<&ColumnReading>,
    watch: &mut Watch,
    (field, place): (&[u8], RowPlace),
) -> f64 {
    match reading {
        Some(reading) => watch.number(field, reading, scorer.takes_truth(feature), place),
        None => scorer.cell_of_field(feature, field).unwrap_or(f64::NAN),
    }
}

/// Returns how the training data of each feature were written; none for categories.
pub(super) fn readings(artifact: &Artifact, scorer: &Scorer) -> Vec<Option<ColumnReading>> {
    let reading = |feature: &Feature| {
        let FeatureKind::Number { .. } = feature.kind else {
            return None;
        };
        let column = artifact.body.profile.column(&feature.name);
        let reading = column.map(Column::reading).unwrap_or_default();
        Some(ColumnReading {
            is_number: true,
            ..reading
        })
    };
    scorer.features().iter().map(reading).collect()
}

/// How the numbers of a table are written, if it is not as was assumed.
pub(super) struct Otherwise {
    pub(super) readings: Vec<Option<ColumnReading>>,
    /// What is to be said of those that their size alone tells.
    pub(super) warnings: Vec<String>,
}

/// Returns how the numbers are written if it is not as was assumed.
///
/// # Errors
/// Bad input if the numbers of training were read with a decimal mark that they did not tell, and these
/// show that it was the other one.
pub(super) fn other_readings(
    assumed: &[Option<ColumnReading>],
    watches: &[Watch],
    features: &[Feature],
) -> Result<Option<Otherwise>> {
    let mut differ = false;
    let mut warnings = Vec::new();
    let mut readings = Vec::with_capacity(assumed.len());
    for ((assumed, watch), feature) in assumed.iter().zip(watches).zip(features) {
        let Some(assumed) = assumed else {
            readings.push(None);
            continue;
        };
        let Some(beside) = watch.tally.reading_beside(assumed) else {
            readings.push(Some(assumed.clone()));
            continue;
        };
        if let Some(told) = told_by_size(&beside, assumed, watch, feature)? {
            warnings.push(size_in_words(&feature.name, told.decimal));
            differ = true;
            readings.push(Some(told));
        } else if beside.decimal != assumed.decimal || has_more_units(&beside, assumed) {
            // Without a number that is written otherwise, both readings are one.
            differ |= beside.decimal != assumed.decimal || beside.example.is_some();
            readings.push(Some(beside));
        } else {
            readings.push(Some(assumed.clone()));
        }
    }
    Ok(differ.then_some(Otherwise { readings, warnings }))
}

/// Returns the reading that makes numbers as large as those of training, where nothing else tells
/// their decimal mark; none if the one at hand is to stay.
fn told_by_size(
    beside: &ColumnReading,
    assumed: &ColumnReading,
    watch: &Watch,
    feature: &Feature,
) -> Result<Option<ColumnReading>> {
    let FeatureKind::Number { median, .. } = feature.kind else {
        return Ok(None);
    };
    let size = |decimal: DecimalMark| watch.sizes.median(decimal);
    let Some(as_read) = size(beside.decimal) else {
        return Ok(None);
    };
    if beside.is_ambiguous || beside.is_bound {
        let other = beside.decimal.other();
        let is_told =
            size(other).is_some_and(|otherwise| is_told_by_size(as_read, otherwise, median));
        return Ok(is_told.then(|| watch.tally.reading_marked(other)));
    }
    // These tell what they are, and training's did not.
    let is_plain = assumed.example.is_none();
    let is_point = is_plain
        || assumed
            .example
            .as_ref()
            .is_some_and(|text| !text.contains(','));
    let times = if is_point == (assumed.decimal == DecimalMark::Point) {
        1000.0
    } else {
        0.001
    };
    if assumed.is_ambiguous && is_told_by_size(median, median * times, as_read) {
        let message = format!(
            "\"{}\": nothing in the training data told their decimal mark, and they were read with a \
             decimal {}; the numbers here are about a thousand times as {}, so it was the other one",
            feature.name,
            in_words(assumed.decimal),
            if times > 1.0 { "large" } else { "small" }
        );
        let hint = "train again on data whose numbers are written without marks between thousands";
        return Err(Error::bad_input(message).hint(hint));
    }
    Ok(None)
}

const fn in_words(decimal: DecimalMark) -> &'static str {
    match decimal {
        DecimalMark::Comma => "comma",
        DecimalMark::Point => "point",
    }
}

/// Says that numbers were read as large as those of training: a thousand times as much may be a
/// change, too.
fn size_in_words(name: &str, decimal: DecimalMark) -> String {
    format!(
        "\"{name}\": nothing in the data tells the decimal mark; it was read with a decimal {}, which \
         makes the numbers about as large as in training, and not a thousand times as large or as \
         small",
        in_words(decimal)
    )
}

/// Whether there are units that the other reading would not take for some.
fn has_more_units(own: &ColumnReading, other: &ColumnReading) -> bool {
    own.units.keys().any(|unit| !other.units.contains_key(unit))
}

/// Says what could not be read and how the rest was; returns the rows of each feature that could not.
///
/// # Errors
/// Bad input if most values of a feature are not numbers.
pub(super) fn say(
    scorer: &Scorer,
    (trained, readings): (&[Option<ColumnReading>], &[Option<ColumnReading>]),
    watches: Vec<Watch>,
    summary: &Summary,
    rows: usize,
    console: &Console<'_>,
) -> Result<BTreeMap<String, u64>> {
    let mut unparsable = BTreeMap::new();
    let headers = HeaderRows {
        count: summary.header_rows,
        first: summary.first_header_row.clone(),
    };
    if let Some(said) = headers.in_words() {
        console.messages().warn(&format!("the data has {said}"));
    }
    for (feature, (watch, reading)) in watches.into_iter().zip(readings).enumerate() {
        let Some(reading) = reading else { continue };
        let name = &scorer.features()[feature].name;
        if let Some((place, text)) = &watch.first {
            let place = Place {
                column: Some(name.clone()),
                ..summary.lines.place(*place)
            };
            if watch.tally.reading_beside(reading).is_none() {
                return Err(Error::from(scorer.wrong_type(feature, text)).at(place));
            }
            let line = place.line.map_or(String::new(), |line| format!(":{line}"));
            console.messages().warn(&format!(
                "\"{name}\": {} of {rows} values are not numbers, first \"{text}\" at {}{line}; \
                 they count as missing",
                watch.unparsable, place.file
            ));
            unparsable.insert(name.clone(), watch.unparsable);
        }
        let changed = trained[feature].as_ref().and_then(|trained| {
            let here = watch.tally.reading_beside(trained)?;
            here.unit_since(trained)
        });
        if let Some(changed) = changed {
            console.messages().warn(&format!("\"{name}\": {changed}"));
        }
        if let (Some(spelling), Some(example)) = (reading.spelling(), &reading.example)
            && watch.tally.has_spelled()
        {
            let said = format!("\"{name}\" was read with {spelling}, as in \"{example}\"");
            console.messages().warn(&said);
        }
    }
    Ok(unparsable)
}
