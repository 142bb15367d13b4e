//! Whether a candidate deserves to replace the champion: a decision with its reasons. How the two
//! compare is `paired`'s affair, files are `publish`'s.

use churn_drift::stats::classification::Estimate;

use super::evaluate::figures;
use super::paired::{Comparison, compare, loss_difference};
use super::registry::Change;

/// Positives that the test split must have for a promotion, by default.
pub const MIN_POSITIVES: u64 = 30;

/// When a candidate is promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// When it is better than the champion and clears the floors.
    #[default]
    IfBetter,
    /// Always; floors that it does not clear are named.
    Always,
    /// Never.
    Never,
}

/// The candidate, as it comes from training.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its scores of the test rows.
    pub scores: &'a [f64],
    /// Names of its features.
    pub features: &'a [String],
}

/// The model in production, as it meets the candidate.
#[derive(Debug, Clone, Copy)]
pub struct ChampionScores<'a> {
    /// Its version.
    pub version: &'a str,
    /// Its scores of the test rows, or why it has none.
    pub scores: Result<&'a [f64], &'a str>,
    /// Names of its features.
    pub features: &'a [String],
    /// Which of the test rows it has learned from; none if that is not known.
    pub learned: Option<&'a [bool]>,
}

/// A column alone, as it meets the candidate.
#[derive(Debug, Clone, Copy)]
pub struct SingleColumn<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its scores of the test rows, fitted on the training rows.
    pub scores: &'a [f64],
}

/// What the decision rests on beside the contenders.
#[derive(Debug, Clone, Copy)]
pub struct EvaluationContext<'a> {
    /// Labels of the test rows.
    pub labels: &'a [bool],
    /// The score of every row for who knows nothing but the share of churners in training.
    pub prior: Option<f64>,
    /// The best column.
    pub column: Option<SingleColumn<'a>>,
    /// When to promote.
    pub policy: Policy,
    /// Positives that the test rows must have.
    pub min_positives: u64,
}

/// Whether to promote, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Put the candidate into production.
    pub promote: bool,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// The figures that decided; none without a champion.
    pub comparisons: Vec<Comparison>,
    /// What makes the comparison less than it should be.
    pub warnings: Vec<String>,
    /// What a promotion changes, if not the whole model.
    pub change: Option<Change>,
}

/// Decides on the candidate.
///
/// It is promoted when average precision is not worse beyond noise (the interval of the
/// difference reaches 0) and log loss is better beyond noise (its interval is below 0): a tie
/// keeps the champion. Rows that the champion has learned from are left out of the comparison,
/// as long as enough others are there. Floors: the test rows have the positives, log loss is
/// better than the prior's beyond noise and average precision above it, log loss is not above the best column's by
/// more than chance and more than 1 % of it (the interval of the paired difference is above 0),
/// and no feature of the champion is lost. Without a champion the floors alone decide.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn decide(
    champion: Option<ChampionScores<'_>>,
    candidate: Candidate<'_>,
    ground: EvaluationContext<'_>,
) -> Decision {
    let mut refusals = floors(candidate, ground);
    let (mut reasons, mut warnings) = (Vec::new(), Vec::new());
    against_column(candidate, ground, &mut reasons, &mut refusals);
    let mut comparisons = Vec::new();
    match champion {
        None => reasons.push("first model, nothing in production to beat".to_owned()),
        Some(champion) => {
            let lost: Vec<&str> = champion
                .features
                .iter()
                .filter(|feature| !candidate.features.contains(feature))
                .map(String::as_str)
                .collect();
            if !lost.is_empty() {
                refusals.push(format!(
                    "features of the champion {} are lost: {}",
                    champion.version,
                    lost.join(", ")
                ));
            }
            match champion.scores {
                Ok(scores) => {
                    let comparison_rows = comparison_rows(&champion, ground);
                    reasons.extend(comparison_rows.reason);
                    warnings.extend(comparison_rows.warning);
                    comparisons = compare(
                        &comparison_rows.rows.of(scores),
                        &comparison_rows.rows.of(candidate.scores),
                        &comparison_rows.rows.of(ground.labels),
                    );
                    judge(&comparisons, champion.version, &mut reasons, &mut refusals);
                }
                // Without its features it cannot: that is said already.
                Err(_) if !lost.is_empty() => {}
                Err(why) => refusals.push(format!(
                    "the champion {} cannot score the test rows: {why}",
                    champion.version
                )),
            }
        }
    }
    Decision {
        comparisons,
        warnings,
        ..by_policy(ground.policy, reasons, refusals)
    }
}

/// The policy has the last word on what the figures say.
pub(super) fn by_policy(
    policy: Policy,
    mut reasons: Vec<String>,
    refusals: Vec<String>,
) -> Decision {
    let clears = refusals.is_empty();
    let promote = match policy {
        Policy::IfBetter => clears,
        Policy::Always => true,
        Policy::Never => false,
    };
    match policy {
        Policy::IfBetter => {}
        Policy::Always => reasons.insert(0, "promotion was asked for in any case".to_owned()),
        Policy::Never => reasons.insert(0, "promotion was ruled out by the caller".to_owned()),
    }
    reasons.extend(refusals);
    Decision {
        promote,
        reasons,
        comparisons: Vec::new(),
        warnings: Vec::new(),
        change: None,
    }
}

/// The test rows that are compared on.
enum Compared {
    All,
    /// Positions among them.
    Some(Vec<usize>),
}

impl Compared {
    fn of<T: Copy>(&self, all: &[T]) -> Vec<T> {
        match self {
            Self::All => all.to_vec(),
            Self::Some(positions) => positions.iter().map(|&at| all[at]).collect(),
        }
    }
}

/// On which rows the two meet, and what there is to say of that.
struct ComparisonRows {
    rows: Compared,
    reason: Option<String>,
    warning: Option<String>,
}

/// A model scores rows that it has learned from better than it scores others: these are left out.
fn comparison_rows(champion: &ChampionScores<'_>, ground: EvaluationContext<'_>) -> ComparisonRows {
    /// Below this share of the rows it may be the filter that errs, see `learned`.
    const WORTH_A_WARNING: f64 = 0.02;
    let version = champion.version;
    let Some(learned) = champion.learned else {
        let said = format!(
            "it is not known which rows the champion {version} learned from: if test rows are \
             among them, the comparison favours it"
        );
        return ComparisonRows {
            rows: Compared::All,
            reason: Some(said.clone()),
            warning: Some(said),
        };
    };
    let others: Vec<usize> = (0..learned.len()).filter(|&at| !learned[at]).collect();
    let (all, count) = (learned.len(), learned.len() - others.len());
    if count == 0 {
        return ComparisonRows {
            rows: Compared::All,
            reason: None,
            warning: None,
        };
    }
    let positives = others.iter().filter(|&&at| ground.labels[at]).count() as u64;
    let negatives = others.len() as u64 - positives;
    let said = format!("the champion {version} learned from {count} of the {all} test rows");
    if positives.min(negatives) < ground.min_positives {
        let said = format!(
            "{said}, and the others are too few ({positives} positive, {negatives} negative): the \
             comparison is on all rows, which favours the champion"
        );
        return ComparisonRows {
            rows: Compared::All,
            reason: Some(said.clone()),
            warning: Some(said),
        };
    }
    let said = format!("{said}: the two are compared on the other {}", others.len());
    ComparisonRows {
        rows: Compared::Some(others),
        reason: Some(said.clone()),
        warning: Some(said).filter(|_| count as f64 > WORTH_A_WARNING * all as f64),
    }
}

pub(super) fn floors(candidate: Candidate<'_>, ground: EvaluationContext<'_>) -> Vec<String> {
    let mut refusals = Vec::new();
    let own = figures(candidate.scores, ground.labels);
    if own.rows != ground.labels.len() as u64 {
        refusals.push("some test rows have no score".to_owned());
    }
    if own.positives < ground.min_positives {
        refusals.push(format!(
            "the test split has {} positive rows, fewer than {}",
            own.positives, ground.min_positives
        ));
    }
    let value = |figure: Option<Estimate>, absent| figure.map_or(absent, |figure| figure.value);
    let precision = value(own.average_precision, 0.0);
    let Some(prior) = ground.prior else {
        return refusals;
    };
    let knows_nothing = vec![prior; ground.labels.len()];
    let prior = figures(&knows_nothing, ground.labels);
    let Some(Estimate {
        value: gain,
        low,
        high,
    }) = loss_difference(&knows_nothing, candidate.scores, ground.labels)
    else {
        refusals.push("there are no test rows".to_owned());
        return refusals;
    };
    // A candidate that has learned nothing is below the prior as often as above it.
    if high >= 0.0 || high.is_nan() {
        refusals.push(format!(
            "log loss {:.5} does not beat {:.5} of the prior beyond noise, difference {gain:+.5} \
             ({low:+.5} to {high:+.5})",
            value(own.log_loss, f64::INFINITY),
            value(prior.log_loss, 0.0)
        ));
    }
    let share = value(prior.average_precision, 0.0);
    if precision <= share {
        refusals.push(format!(
            "average precision {precision:.5} does not beat {share:.5} of the prior"
        ));
    }
    refusals
}

/// The candidate and the best column on the same rows. A column that is as good is said, but
/// refuses nothing: the model knows what it knows, and more.
fn against_column(
    candidate: Candidate<'_>,
    ground: EvaluationContext<'_>,
    reasons: &mut Vec<String>,
    refusals: &mut Vec<String>,
) {
    /// Share of the column's log loss below which a difference is of no use to anybody, however
    /// many rows show it: learners differ by as much with another seed.
    const WORTH_A_REFUSAL: f64 = 0.01;
    let Some(SingleColumn { name, scores }) = ground.column else {
        return;
    };
    let losses = [candidate.scores, scores].map(|scores| figures(scores, ground.labels).log_loss);
    let difference = loss_difference(scores, candidate.scores, ground.labels);
    let ([Some(own), Some(alone)], Some(Estimate { value, low, high })) = (losses, difference)
    else {
        return;
    };
    let figures = format!(
        "{:.5} against {:.5} of \"{name}\" alone, difference {value:+.5} ({low:+.5} to {high:+.5})",
        own.value, alone.value
    );
    if low > 0.0 && value > WORTH_A_REFUSAL * alone.value {
        refusals.push(format!(
            "log loss is worse than that of a single column: {figures}"
        ));
    } else if high >= 0.0 {
        reasons.push(format!(
            "log loss is that of a single column within noise: {figures}"
        ));
    }
}

fn judge(
    comparisons: &[Comparison],
    champion: &str,
    reasons: &mut Vec<String>,
    refusals: &mut Vec<String>,
) {
    for one in comparisons {
        let Estimate { value, low, high } = one.difference;
        let figures = format!(
            "{:.5} against {:.5} of the champion {champion}, difference {value:+.5} \
             ({low:+.5} to {high:+.5})",
            one.candidate, one.champion
        );
        if one.metric == "average_precision" {
            if high < 0.0 {
                refusals.push(format!("average precision is worse: {figures}"));
            } else {
                reasons.push(format!("average precision is not worse: {figures}"));
            }
        } else if high < 0.0 {
            reasons.push(format!("log loss is better: {figures}"));
        } else {
            refusals.push(format!("log loss is not better beyond noise: {figures}"));
        }
    }
    if comparisons.is_empty() {
        refusals.push("champion and candidate cannot be compared on these rows".to_owned());
    }
}

#[cfg(test)]
mod tests;
