//! What all pieces of a history have in common, and how they were last judged. What does not agree with it is
//! refused with numbers.

use churn_base::hex::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::drift::PsiLimits;
use crate::drift::evidence::ReportSettings;
use crate::drift::report::Thresholds;
use crate::labels::JoinedBy;
use crate::profile::SegmentPlans;

/// The head of a history, `history.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Version of this layout.
    pub schema_version: u32,
    /// Always `drift_history`.
    pub command: String,
    /// Version of the program that wrote it last.
    pub churnctl_version: String,
    /// When the history began, RFC 3339 in UTC.
    pub created_at: String,
    /// What all pieces have in common.
    pub shape: Shape,
    /// Pieces that begin before are not kept, seconds since 1970 by the zone's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<i64>,
    /// How the last run judged.
    pub judging: Judging,
    /// The baselines that were judged by, the oldest first.
    pub baselines: Vec<BaselineUse>,
    /// The files of pieces: one that is named here and not there is lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// How the last run joined labels, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<LastJoin>,
}

/// How a run has joined labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastJoin {
    /// The number of the last run then.
    pub run: u64,
    /// How they were joined.
    pub by: JoinedBy,
}

/// What all pieces of a history have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Name of the model.
    pub model: String,
    /// The column with the time of each row.
    pub time: String,
    /// Length of a piece.
    pub every: String,
    /// The zone whose midnights and months count.
    pub time_zone: String,
    /// Texts that stand for missing values, beside the usual ones.
    pub null: Vec<String>,
    /// The columns of the data, in the order of those read first.
    pub columns: Vec<String>,
    /// Those of them that are counted.
    pub counted: Vec<CountedColumn>,
    /// The scores that are counted by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CountedOutcome>,
    /// How rows are cut into segments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// How predictions are kept for labels that come later, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<CountedLabels>,
}

/// How predictions are kept for labels that come later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedLabels {
    /// The columns of a prediction's key.
    pub join: Vec<String>,
    /// The column with its time.
    pub prediction_time: String,
    /// How long after it its label may come.
    pub label_window: String,
}

/// How a column is counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedColumn {
    /// Its name.
    pub name: String,
    /// Its numbers are categories.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub categorical: bool,
    /// Points at which its numbers are exact where they are counted by cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<f64>,
    /// SHA-256 of those of all segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_cuts_sha256: Option<String>,
}

/// The scores that are counted by label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedOutcome {
    /// The label column.
    pub label: String,
    /// The score column.
    pub score: String,
    /// The score at which rows are counted exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// How a run judged, so that the history can be looked at without its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judging {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The current side as the user named it.
    pub current: String,
    /// Length of a window.
    pub window: String,
    /// What each window is compared with.
    pub against: String,
    /// When windows that drifted make the run fail.
    pub alarm: String,
    /// The thresholds.
    pub thresholds: Thresholds,
    /// The settings beside them.
    pub settings: ReportSettings,
    /// Columns to leave out, by the names that the data have.
    pub exclude: Vec<String>,
    /// Limits of PSI from the baseline's own windows, if they counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi_limits: Option<PsiLimits>,
    /// How many segments each cut may have; none where rows are not cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_segments: Option<u64>,
}

/// A baseline, from when on the history was judged by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineUse {
    /// The first run by it, RFC 3339 in UTC.
    pub from: String,
    /// The baseline as the user named it.
    pub name: String,
    /// SHA-256 of all that a check takes from it.
    pub counts_sha256: String,
    /// When it was made.
    pub created_at: String,
    /// Features of the model that it comes with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_features: Vec<String>,
}

/// Names that are listed before "and N more".
const LISTED: usize = 5;

impl Shape {
    /// Returns the shape of what is counted by these plans.
    #[must_use]
    pub fn with_plans(self, plans: &SegmentPlans) -> Self {
        let plan = plans.all();
        let counted = plan.columns.iter().map(|column| CountedColumn {
            name: column.name.clone(),
            categorical: column.categorical,
            cuts: column.cuts.clone(),
            segment_cuts_sha256: (!plans.cuts().is_empty()).then(|| {
                let points: Vec<_> = plans.points(&column.name).collect();
                // Names and finite doubles: this cannot fail.
                hex(&Sha256::digest(
                    serde_json::to_vec(&points).unwrap_or_default(),
                ))
            }),
        });
        Self {
            by: plans.cuts().iter().map(ToString::to_string).collect(),
            counted: counted.collect(),
            outcome: plan.outcome.as_ref().map(|outcome| CountedOutcome {
                label: outcome.label.clone(),
                score: outcome.score.clone(),
                threshold: outcome.threshold,
            }),
            ..self
        }
    }

    /// Says in what another shape differs so that its pieces cannot be put together with those here; none if it
    /// does not. Points at which columns are counted are the affair of [`Shape::other_points`].
    #[must_use]
    pub fn differs(&self, other: &Self) -> Option<String> {
        for (what, mine, theirs) in [
            ("the model", &self.model, &other.model),
            ("the time column", &self.time, &other.time),
            ("--every", &self.every, &other.every),
            ("--time-zone", &self.time_zone, &other.time_zone),
        ] {
            if mine != theirs {
                return Some(format!("{what} is \"{mine}\" there and \"{theirs}\" here"));
            }
        }
        let null = |shape: &Self| {
            let mut null = shape.null.clone();
            null.sort();
            null
        };
        if null(self) != null(other) {
            let shown = |shape: &Self| match shape.null.as_slice() {
                [] => "no text beside the usual ones".to_owned(),
                texts => format!("\"{}\"", texts.join("\", \"")),
            };
            let (there, here) = (shown(self), shown(other));
            return Some(format!(
                "{there} stood for missing values there, {here} does here"
            ));
        }
        if self.by != other.by {
            let shown = |shape: &Self| match shape.by.as_slice() {
                [] => "not cut into segments".to_owned(),
                cuts => format!("cut by {}", cuts.join("; ")),
            };
            let (there, here) = (shown(self), shown(other));
            return Some(format!("rows are {there} there and {here} here"));
        }
        if self.labels != other.labels {
            let shown = |shape: &Self| match &shape.labels {
                None => "no labels are joined".to_owned(),
                Some(labels) => format!(
                    "labels are joined by {} within {} of {}",
                    labels.join.join(","),
                    labels.label_window,
                    labels.prediction_time
                ),
            };
            return Some(format!("{} there, {} here", shown(self), shown(other)));
        }
        let names = |columns: &[CountedColumn]| -> Vec<String> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        differing("the data have", &self.columns, &other.columns)
            .or_else(|| {
                let (mine, theirs) = (names(&self.counted), names(&other.counted));
                differing("the check compares", &mine, &theirs)
            })
            .or_else(|| {
                let is_other = |column: &&CountedColumn| {
                    let theirs = other
                        .counted
                        .iter()
                        .find(|theirs| theirs.name == column.name);
                    theirs.is_some_and(|theirs| theirs.categorical != column.categorical)
                };
                let column = self.counted.iter().find(is_other)?;
                let [there, here] = match column.categorical {
                    true => ["categories", "numbers"],
                    false => ["numbers", "categories"],
                };
                let name = &column.name;
                Some(format!(
                    "\"{name}\" was counted as {there} there and is {here} here"
                ))
            })
            .or_else(|| {
                let named = |shape: &Self| match &shape.outcome {
                    Some(one) => {
                        format!("the score \"{}\" by the label \"{}\"", one.score, one.label)
                    }
                    None => "no score by label".to_owned(),
                };
                let (mine, theirs) = (named(self), named(other));
                (mine != theirs).then(|| format!("{mine} is counted there, {theirs} here"))
            })
    }

    /// Returns the columns that another shape counts at other points, and whether it classes scores at another
    /// one.
    #[must_use]
    pub fn other_points(&self, other: &Self) -> (Vec<&str>, bool) {
        let columns = self.counted.iter().filter(|column| {
            let theirs = other
                .counted
                .iter()
                .find(|theirs| theirs.name == column.name);
            theirs.is_none_or(|theirs| {
                theirs.cuts != column.cuts
                    || theirs.segment_cuts_sha256 != column.segment_cuts_sha256
            })
        });
        let threshold = |shape: &Self| shape.outcome.as_ref().and_then(|outcome| outcome.threshold);
        (
            columns.map(|column| &*column.name).collect(),
            threshold(self) != threshold(other),
        )
    }
}

fn differing(what: &str, there: &[String], here: &[String]) -> Option<String> {
    let only = |mine: &[String], theirs: &[String]| -> Vec<String> {
        mine.iter()
            .filter(|name| !theirs.contains(name))
            .cloned()
            .collect()
    };
    let (gone, new) = (only(there, here), only(here, there));
    if gone.is_empty() && new.is_empty() {
        return None;
    }
    let said = |names: &[String], place: &str| match names.len() {
        0 => None,
        count => {
            let mut shown: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
            let more = format!("{} more", count.saturating_sub(LISTED));
            if count > LISTED {
                shown.push(&more);
            }
            Some(format!("{count} only {place} ({})", shown.join(", ")))
        }
    };
    let parts: Vec<String> = [said(&gone, "there"), said(&new, "here")]
        .into_iter()
        .flatten()
        .collect();
    let (mine, theirs) = (there.len(), here.len());
    Some(format!(
        "{what} {mine} columns there and {theirs} here: {}",
        parts.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let columns: Vec<String> = (0..8).map(|at| format!("c{at}")).collect();
        Shape {
            model: "churn".into(),
            time: "at".into(),
            every: "1d".into(),
            time_zone: "UTC".into(),
            null: vec!["-999".into(), "?".into()],
            counted: columns
                .iter()
                .map(|name| CountedColumn {
                    name: name.clone(),
                    categorical: false,
                    cuts: vec![1.0, 2.0],
                    segment_cuts_sha256: None,
                })
                .collect(),
            columns,
            outcome: None,
            by: Vec::new(),
            labels: None,
        }
    }

    #[test]
    fn order_is_no_difference_and_names_are_told_with_numbers() {
        let mut other = shape();
        other.columns.reverse();
        other.counted.reverse();
        other.null.reverse();
        assert_eq!(shape().differs(&other), None);
        other.columns = vec!["c0".into(), "new".into()];
        assert_eq!(
            shape().differs(&other).as_deref(),
            Some(
                "the data have 8 columns there and 2 here: 7 only there (c1, c2, c3, c4, c5, 2 more), \
                 1 only here (new)"
            )
        );
    }

    #[test]
    fn other_bins_are_no_other_shape_but_other_points() {
        let mut other = shape();
        other.counted[3].cuts = vec![1.5];
        assert_eq!(shape().differs(&other), None);
        assert_eq!(shape().other_points(&other), (vec!["c3"], false));
        other.outcome = Some(CountedOutcome {
            label: "churned".into(),
            score: "risk".into(),
            threshold: Some(0.5),
        });
        assert_eq!(
            shape().differs(&other).as_deref(),
            Some(
                "no score by label is counted there, the score \"risk\" by the label \"churned\" here"
            )
        );
    }
}
