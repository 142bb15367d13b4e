//! What `score` says of categories that the model has never seen. Which values those are and when
//! they are too many is the model's affair.

use std::collections::BTreeMap;

use super::Console;
use crate::data::{RowPlace, Summary};
use crate::error::{Error, Place, Result};
use crate::model::score::Scorer;
use crate::model::unseen::{Unseen, Vocabulary};

/// Says how many values of each feature training never had; returns the rows by feature.
///
/// # Errors
/// Bad input if the model does not understand a feature at all.
pub(super) fn say(
    vocabularies: &[Option<Vocabulary>],
    unseen: &[Unseen<RowPlace>],
    summary: &Summary,
    console: &Console<'_>,
) -> Result<BTreeMap<String, u64>> {
    let mut rows = BTreeMap::new();
    for (vocabulary, unseen) in vocabularies.iter().zip(unseen) {
        let (Some(vocabulary), Some((place, text))) = (vocabulary, unseen.first()) else {
            continue;
        };
        let place = Place {
            column: Some(vocabulary.name().to_owned()),
            ..summary.lines.place(place)
        };
        let said = format!("{}, first \"{text}\"", unseen.in_words(vocabulary));
        if unseen.is_not_understood(vocabulary) {
            return Err(Error::bad_input(said)
                .at(place)
                .hint(unseen.hint(vocabulary)));
        }
        let line = place.line.map_or(String::new(), |line| format!(":{line}"));
        let respelled = unseen.respelling(vocabulary);
        let respelled = respelled.map_or(String::new(), |one| format!("; {}", one.in_words()));
        console.messages().warn(&format!(
            "{said} at {}{line}; they count as other{respelled}",
            place.file
        ));
        rows.insert(vocabulary.name().to_owned(), unseen.count());
    }
    Ok(rows)
}

/// Says which features lack a value where training always had one, in how many rows; returns those
/// rows by feature. What could not be read has been told.
pub(super) fn say_missing(
    scorer: &Scorer,
    missing: &[u64],
    unparsable: &BTreeMap<String, u64>,
    rows: usize,
    console: &Console<'_>,
) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::new();
    for (feature, missing) in scorer.features().iter().zip(missing) {
        let name = &feature.name;
        let missing = missing.saturating_sub(unparsable.get(name).copied().unwrap_or(0));
        if missing == 0 || feature.nullable {
            continue;
        }
        console.messages().warn(&format!(
            "\"{name}\" has no value in {missing} of {rows} rows, and none was ever missing in \
             training: those scores are guesses"
        ));
        told.insert(name.clone(), missing);
    }
    told
}
