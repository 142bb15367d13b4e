//! Champion and candidate on the rows of one test split: the decision on the promotion.

use super::train::TrainRequest;
use super::train_table::TrainTable;
use crate::error::Result;
use crate::model::artifact::{Artifact, TrivialBaseline};
use crate::model::promote::{
    Candidate, ChampionScores, Decision, EvaluationContext, MIN_POSITIVES, Policy, SingleColumn,
    decide,
};
use crate::model::publish::Champion;
use crate::model::rethreshold::{self, Rethresholded};
use crate::model::score::Scorer;
use crate::model::split::Splits;
use crate::model::threshold::ThresholdRule;
use crate::model::trivial::{column_scores, prior_score};

/// What the candidate has to show on the test rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contender<'a> {
    /// Its scores.
    pub(super) scores: &'a [f64],
    /// What needs no model: the prior, then the best column.
    pub(super) trivial: &'a [TrivialBaseline],
}

/// Decides; what is decided is carried out elsewhere.
pub(super) fn judge(
    champion: &Champion,
    candidate: &Artifact,
    contender: Contender<'_>,
    table: &TrainTable,
    splits: &Splits,
    request: &TrainRequest,
) -> Result<Decision> {
    let labels: Vec<bool> = splits
        .test
        .iter()
        .map(|&row| table.labels[row as usize])
        .collect();
    let candidate_names = names(candidate);
    let column = contender.trivial.get(1);
    // Its figures alone would not do: the two are compared row by row.
    let column = column.and_then(|column| {
        let values = table.frame.column(&column.name)?;
        let scores = column_scores(values, &table.labels, &splits.train, &splits.test);
        Some((column.name.as_str(), scores))
    });
    let contender = Candidate {
        scores: contender.scores,
        features: &candidate_names,
    };
    let ground = EvaluationContext {
        labels: &labels,
        prior: Some(prior_score(&table.labels, &splits.train)),
        column: column
            .as_ref()
            .map(|(name, scores)| SingleColumn { name, scores }),
        policy: request.policy,
        min_positives: MIN_POSITIVES,
    };
    let decision = if let Champion::Sound(sound) = champion {
        let chosen_by = Some(request.options.rule).filter(|rule| *rule != ThresholdRule::Half);
        let before = (sound.version.as_str(), &sound.body);
        if let Some(change) = Rethresholded::of(before, &candidate.body, chosen_by) {
            return Ok(rethreshold::decide(change, contender, ground));
        }
        let scorer = Scorer::new(&sound.body)?;
        let scores = scorer.scores_of(&table.frame, &splits.test, request.options.threads);
        // Such as a column that the data no longer have: the two cannot be compared.
        let scores = scores.map_err(|error| error.to_string());
        let learned = learned(sound, candidate, table, splits);
        let champion_names = names(sound);
        let opponent = ChampionScores {
            version: &sound.version,
            scores: scores.as_deref().map_err(String::as_str),
            features: &champion_names,
            learned: learned.as_deref(),
        };
        decide(Some(opponent), contender, ground)
    } else {
        decide(None, contender, ground)
    };
    Ok(champion.allowing(decision, request.policy == Policy::Always))
}

fn names(artifact: &Artifact) -> Vec<String> {
    let features = artifact.body.features.iter();
    features.map(|feature| feature.name.clone()).collect()
}

/// Which of the test rows the champion has learned from. Rows like those that the candidate has
/// learned from, too, are not advantage: tables without identifiers have equal rows.
fn learned(
    champion: &Artifact,
    candidate: &Artifact,
    table: &TrainTable,
    splits: &Splits,
) -> Option<Vec<bool>> {
    let (before, now) = (&champion.body.provenance, &candidate.body.provenance);
    let Some(known) = &before.learned else {
        // A model of the first layout: at least the same split of the same data is known.
        let same = |a: &crate::model::artifact::Provenance| {
            (a.data_sha256.clone(), a.seed, a.split.clone())
        };
        return (same(before) == same(now)).then(|| vec![false; splits.test.len()]);
    };
    let theirs = known.among(&table.frame, &splits.test)?;
    let own = now.learned.as_ref();
    let own = own.and_then(|own| own.among(&table.frame, &splits.test));
    let own = own.unwrap_or_else(|| vec![false; theirs.len()]);
    Some(
        theirs
            .iter()
            .zip(own)
            .map(|(theirs, own)| *theirs && !own)
            .collect(),
    )
}
