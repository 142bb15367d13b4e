//! Categories that training never had, among the rows of a request. One of them is what `other` is
//! for; a batch of nothing else is not understood. Which those are is the model's affair.

use churn_model::unseen::Unseen;

use super::faults::{At, Faults, Reason};
use super::input::Row;
use super::json::as_field;
use super::model::Loaded;

/// Returns the positions of a row's features whose category training never had.
pub(super) fn features<'r>(
    model: &'r Loaded,
    row: &'r Row<'_>,
) -> impl Iterator<Item = usize> + use<'r> {
    let is_unseen = |position: &usize| {
        let vocabulary = model.vocabularies[*position].as_ref();
        vocabulary.is_some_and(|vocabulary| {
            pooled(model, row, *position).is_some_and(|text| !vocabulary.has(text.as_bytes()))
        })
    };
    (0..model.vocabularies.len()).filter(is_unseen)
}

/// Returns the text of a category that is none of the model's levels.
fn pooled(model: &Loaded, row: &Row<'_>, position: usize) -> Option<String> {
    let is_other = model.scorer.is_other(position, row.cells[position]);
    row.values[position].filter(|_| is_other).map(as_field)
}

/// Names each feature of which a batch has nothing but categories that training never had, if they
/// are more than chance brings. `at` is the place of a row.
pub(super) fn check<'r, 'j: 'r>(
    model: &Loaded,
    rows: impl Iterator<Item = &'r Row<'j>> + Clone,
    at: At<'_>,
    faults: &mut Faults,
) {
    // Where rows are at fault, the others are not all.
    if !faults.is_empty() {
        return;
    }
    for (position, vocabulary) in model.vocabularies.iter().enumerate() {
        let Some(vocabulary) = vocabulary else {
            continue;
        };
        let mut unseen = Unseen::default();
        for (place, row) in rows.clone().enumerate() {
            if row.cells[position].is_nan() {
                continue;
            }
            let text = pooled(model, row, position);
            unseen.add(vocabulary, text.as_deref().map(str::as_bytes), place);
            if unseen.count() < unseen.values() {
                break;
            }
        }
        let Some((first, _)) = unseen.first() else {
            continue;
        };
        if unseen.count() == unseen.values() && unseen.is_not_understood(vocabulary) {
            let (said, hint) = (unseen.in_words(vocabulary), unseen.hint(vocabulary));
            let at = At {
                row: Some(first),
                ..at
            };
            let name = vocabulary.name();
            faults.add(
                Reason::UnknownCategory,
                at,
                name,
                format!("{said}; {hint}."),
            );
        }
    }
}
