//! How `score` reads the numbers of a table: as the model's training data were written, unless the
//! table's own values say otherwise; and what to say of those that it can't read.

use std::collections::BTreeMap;

use super::Shell;
use crate::data::{ColumnReading, ColumnTally, Meaning, RowPlace, Summary, Value, classify, truth};
use crate::error::{Error, Place, Result};
use crate::model::artifact::{Artifact, Feature, FeatureKind};
use crate::model::score::Scorer;
use crate::profile::{Column, HeaderRows};

/// What the values of one number feature were.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    tally: ColumnTally,
    unparsable: u64,
    first: Option<(RowPlace, String)>,
}

impl Watch {
    /// Reads a number; what is none is missing. Truth values are numbers where the feature takes
    /// them.
    pub(super) fn number(
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
        self.unparsable += other.unparsable;
        if let Some((place, text)) = other.first {
            self.note(place, || text);
        }
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

/// Returns how the numbers are written if it is not as was assumed.
pub(super) fn other_readings(
    assumed: &[Option<ColumnReading>],
    watches: &[Watch],
) -> Option<Vec<Option<ColumnReading>>> {
    let mut differ = false;
    let readings = assumed.iter().zip(watches).map(|(assumed, watch)| {
        let assumed = assumed.as_ref()?;
        let own = watch.tally.reading_beside(assumed);
        let own = own.filter(|own| own.decimal != assumed.decimal || has_more_units(own, assumed));
        let Some(own) = own else {
            return Some(assumed.clone());
        };
        // Without a number that is written otherwise, both readings are one.
        differ |= own.decimal != assumed.decimal || own.example.is_some();
        Some(own)
    });
    let readings: Vec<_> = readings.collect();
    differ.then_some(readings)
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
    readings: &[Option<ColumnReading>],
    watches: Vec<Watch>,
    summary: &Summary,
    rows: usize,
    shell: &Shell<'_>,
) -> Result<BTreeMap<String, u64>> {
    let mut unparsable = BTreeMap::new();
    let headers = HeaderRows {
        count: summary.header_rows,
        first: summary.first_header_row.clone(),
    };
    if let Some(said) = headers.in_words() {
        shell.messages().warn(&format!("the data has {said}"));
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
            shell.messages().warn(&format!(
                "\"{name}\": {} of {rows} values are not numbers, first \"{text}\" at {}{line}; \
                 they count as missing",
                watch.unparsable, place.file
            ));
            unparsable.insert(name.clone(), watch.unparsable);
        }
        if let (Some(spelling), Some(example)) = (reading.spelling(), &reading.example)
            && watch.tally.has_spelled()
        {
            let said = format!("\"{name}\" was read with {spelling}, as in \"{example}\"");
            shell.messages().warn(&said);
        }
    }
    Ok(unparsable)
}
