//! Why a model became worse, and what can be done: as a document, and in words and tables.

use serde::Serialize;

use crate::cells::{Cell, Column, Table, Tone};
use crate::drift::report::Sides;
use crate::model::why::{Drop, FeaturePart};
use crate::reports::format;
use crate::stats::classification::Estimate;
use crate::text::visible;

/// Features that are shown.
const SHOWN: usize = 10;
/// Share of what the best cure gains that a cheaper one must gain to be preferred.
const WORTH: f64 = 0.5;

/// The change, its parts, and the cures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyReport {
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub model_version: String,
    /// Where the rows before came from.
    pub baseline: String,
    /// Where the current rows came from.
    pub current: String,
    /// The change of log loss and its parts.
    #[serde(flatten)]
    pub drop: Drop,
    /// The feature whose values the change differs most between; absent if none has few values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<Segments>,
    /// What can be done, the cheapest first.
    pub cures: Vec<Cure>,
    /// The cheapest cure that is worth it; absent if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<CureKind>,
}

/// The change by the values of a feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segments {
    /// The feature.
    pub feature: String,
    /// Its values; their contributions add up to the change.
    pub values: Vec<Segment>,
}

/// Rows with a value of a feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The value; `(other)` for those that the model does not know, `(missing)`.
    pub value: String,
    /// Share of the rows.
    pub share: Sides<f64>,
    /// Mean log loss; null where there are no rows.
    pub log_loss: Sides<Option<f64>>,
    /// Share times log loss, current less baseline.
    pub contribution: f64,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CureKind {
    /// See to it that values come again.
    FixTheFeed,
    /// Fit the calibration again.
    Recalibrate,
    /// Class rows as churned from another score on.
    MoveTheThreshold,
    /// Train a model of the current rows.
    Retrain,
}

/// A cure, and what it gains on rows of the current side that it was not fitted on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cure {
    /// Which.
    pub cure: CureKind,
    /// What is gained: `log_loss`, or `cost` of a row.
    pub of: &'static str,
    /// By how much it falls, with a 95 % interval; absent if there is nothing to cure. What a feed gains is the part of
    /// the change that missing data have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<Estimate>,
    /// Of a threshold, the one that the model has and the one that costs least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Sides<f64>>,
    /// Of a training, what it gains over a recalibration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_recalibration: Option<Estimate>,
    /// Whether the gain is beyond chance, and of a training also beyond that of a recalibration: go, or wait.
    pub go: bool,
    /// How it is done: a command, or of a feed what to see to.
    pub how: String,
}

impl CureKind {
    /// Returns its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixTheFeed => "fix the feed",
            Self::Recalibrate => "recalibrate",
            Self::MoveTheThreshold => "move the threshold",
            Self::Retrain => "retrain",
        }
    }
}

/// Returns `+0.0312 (+0.0200 to +0.0424)`.
#[must_use]
pub fn interval(gain: Estimate) -> String {
    let Estimate { value, low, high } = gain;
    format!("{value:+.4} ({low:+.4} to {high:+.4})")
}

fn is_gain(gain: Option<&Estimate>) -> bool {
    gain.is_some_and(|gain| gain.low > 0.0)
}

impl Cure {
    /// Makes a cure of log loss.
    #[must_use]
    pub fn of_loss(cure: CureKind, gain: Option<Estimate>) -> Self {
        Self {
            cure,
            of: "log_loss",
            go: is_gain(gain.as_ref()),
            gain,
            threshold: None,
            over_recalibration: None,
            how: String::new(),
        }
    }

    /// Makes that of another threshold.
    #[must_use]
    pub fn of_cost(gain: Option<Estimate>, threshold: Sides<f64>) -> Self {
        Self {
            of: "cost",
            threshold: Some(threshold),
            ..Self::of_loss(CureKind::MoveTheThreshold, gain)
        }
    }

    /// Makes that of a training, which is dear: it must be better than a recalibration, too.
    #[must_use]
    pub fn retrain(gain: Option<Estimate>, over: Option<Estimate>) -> Self {
        let all = Self::of_loss(CureKind::Retrain, gain);
        Self {
            go: all.go && is_gain(over.as_ref()),
            over_recalibration: over,
            ..all
        }
    }

    /// Returns the cheapest cure that gains beyond chance, and at least half of what the best one gains. Where no log
    /// loss is gained, a threshold may still save cost.
    #[must_use]
    pub fn advice(cures: &[Self]) -> Option<CureKind> {
        let of_loss = || cures.iter().filter(|cure| cure.of == "log_loss" && cure.go);
        let gain = |cure: &Self| cure.gain.map_or(0.0, |gain| gain.value);
        let most = of_loss().map(gain).fold(0.0, f64::max);
        let first = of_loss().find(|cure| gain(cure) >= WORTH * most);
        first
            .or_else(|| cures.iter().find(|cure| cure.go))
            .map(|cure| cure.cure)
    }
}

impl WhyReport {
    /// Returns what stands above the tables.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Drop {
            log_loss,
            change,
            rows,
            ..
        } = &self.drop;
        let direction = match format!("{change:+.4}").as_str() {
            "+0.0000" | "-0.0000" => "the same",
            _ if *change > 0.0 => "worse",
            _ => "better",
        };
        let mut lines = vec![format!(
            "{} {}: log loss {:.4} on {} rows of {}, {:.4} on {} of {}: {change:+.4}, {direction}",
            visible(&self.model),
            self.model_version,
            log_loss.baseline,
            format::count(rows.baseline),
            visible(&self.baseline),
            log_loss.current,
            format::count(rows.current),
            visible(&self.current),
        )];
        if let Some(interval) = &self.drop.interval {
            lines.push(format!(
                "95 % interval of the change: {:+.4} to {:+.4}{}",
                interval.low,
                interval.high,
                match interval.low > 0.0 || interval.high < 0.0 {
                    true => "",
                    false => ", so that chance alone may have made it",
                }
            ));
        }
        if self.drop.is_estimated {
            let line = "the current rows have no labels: this is what follows from them if labels follow the scores as before";
            lines.push(line.to_owned());
        }
        if !self.drop.is_calibration_known {
            let line = "the scores hardly rank the rows any more: concept and calibration cannot be told apart";
            lines.push(line.to_owned());
        }
        lines
    }

    /// Returns parts, features, segments and cures.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = vec![self.parts(), self.features()];
        tables.extend(self.segments.as_ref().map(Segments::table));
        tables.push(self.cures());
        tables
    }

    /// Returns how each cure is done, a line each.
    #[must_use]
    pub fn ways(&self) -> Vec<String> {
        let width = self.cures.iter().map(|cure| cure.cure.name().len());
        let width = width.max().unwrap_or(0);
        let way = |cure: &Cure| format!("{:<width$}  {}", cure.cure.name(), cure.how);
        self.cures.iter().map(way).collect()
    }

    /// Returns a cure, if it was tried.
    #[must_use]
    pub fn cure(&self, kind: CureKind) -> Option<&Cure> {
        self.cures.iter().find(|cure| cure.cure == kind)
    }

    /// Returns the last line.
    #[must_use]
    pub fn verdict(&self) -> (Tone, String) {
        let Some(advice) = self.advice.and_then(|kind| self.cure(kind)) else {
            return (
                Tone::Plain,
                "WAIT: no cure gains anything beyond chance on these rows".to_owned(),
            );
        };
        let retrain = self.cure(CureKind::Retrain);
        let retrain = match retrain.is_some_and(|cure| cure.go) {
            true if advice.cure == CureKind::Retrain => "",
            true => " (a training gains more)",
            false => " (a training can wait)",
        };
        let name = advice.cure.name().to_uppercase();
        (Tone::Warn, format!("{name}{retrain}: {}", advice.how))
    }

    fn parts(&self) -> Table {
        let drop = &self.drop;
        let part = |name: &str, value: f64, what: &str| {
            vec![
                Cell::plain(name),
                Cell::plain(format!("{value:+.4}")),
                Cell::new(what, Tone::Dim),
            ]
        };
        Table {
            columns: vec![
                Column::text("part"),
                Column::number("log loss"),
                Column::prose("what it is"),
            ],
            rows: vec![
                part(
                    "missing data",
                    drop.missing_data,
                    "values that are missing now and were not",
                ),
                part(
                    "covariates",
                    drop.covariates,
                    "other rows, easier or harder to tell apart",
                ),
                part(
                    "concept",
                    drop.concept,
                    "labels follow the scores less, or more",
                ),
                part(
                    "calibration",
                    drop.calibration,
                    "scores no longer mean what they meant",
                ),
                part("all", drop.change, ""),
            ],
        }
    }

    fn features(&self) -> Table {
        // A column of zeros tells nothing.
        let columns = if self.drop.missing_data == 0.0 { 2 } else { 3 };
        let of = |part: &FeaturePart| {
            let mut row = vec![
                Cell::plain(part.feature.clone()),
                Cell::plain(format!("{:+.4}", part.covariates)),
                Cell::plain(format!("{:+.4}", part.missing_data)),
            ];
            row.truncate(columns);
            row
        };
        let mut headings = vec![
            Column::text("feature"),
            Column::number("covariates"),
            Column::number("missing data"),
        ];
        headings.truncate(columns);
        Table {
            columns: headings,
            rows: self.drop.features.iter().take(SHOWN).map(of).collect(),
        }
    }

    fn cures(&self) -> Table {
        let estimate = |cure: &Cure, of: &str| match (cure.gain, cure.cure) {
            (None, CureKind::FixTheFeed) => "none: no feature is missing more often".to_owned(),
            (None, _) => "unknown: too few rows".to_owned(),
            (Some(gain), CureKind::Recalibrate) if gain.low == 0.0 && gain.high == 0.0 => {
                "none: no other calibration is better".to_owned()
            }
            (Some(gain), _) if gain.low == 0.0 && gain.high == 0.0 => format!("none in {of}"),
            (Some(gain), _) => format!("{} {of}", interval(gain)),
        };
        let row = |cure: &Cure| {
            let (tone, word) = if cure.go {
                (Tone::Good, "go")
            } else {
                (Tone::Dim, "wait")
            };
            let of = match &cure.threshold {
                Some(threshold) => format!(
                    "cost a row, at {:.3} instead of {:.3}",
                    threshold.current, threshold.baseline
                ),
                None => "log loss".to_owned(),
            };
            vec![
                Cell::plain(cure.cure.name()),
                Cell::plain(estimate(cure, &of)),
                Cell::new(word, tone),
            ]
        };
        Table {
            columns: vec![
                Column::text("cure"),
                Column::prose("gain"),
                Column::text("advice"),
            ],
            rows: self.cures.iter().map(row).collect(),
        }
    }
}

impl Segments {
    /// Returns how far the change differs between the values: the variance of it over the current rows.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let weighted = |of: &dyn Fn(&Segment) -> f64| -> f64 {
            self.values
                .iter()
                .map(|one| one.share.current * of(one))
                .sum()
        };
        let change = |one: &Segment| match (one.log_loss.baseline, one.log_loss.current) {
            (Some(baseline), Some(current)) => current - baseline,
            _ => 0.0,
        };
        let mean = weighted(&change);
        weighted(&|one| (change(one) - mean).powi(2))
    }

    fn table(&self) -> Table {
        let loss = |of: Option<f64>| of.map_or("–".to_owned(), |loss| format!("{loss:.4}"));
        let row = |segment: &Segment| {
            vec![
                Cell::plain(segment.value.clone()),
                Cell::plain(format::change(
                    segment.share.baseline,
                    segment.share.current,
                    "→",
                )),
                Cell::plain(format!(
                    "{} → {}",
                    loss(segment.log_loss.baseline),
                    loss(segment.log_loss.current)
                )),
                Cell::plain(format!("{:+.4}", segment.contribution)),
            ]
        };
        Table {
            columns: vec![
                Column::text(self.feature.clone()),
                Column::number("rows"),
                Column::number("log loss"),
                Column::number("of the change"),
            ],
            rows: self.values.iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(value: f64, low: f64) -> Option<Estimate> {
        Some(Estimate {
            value,
            low,
            high: 2.0 * value - low,
        })
    }

    #[test]
    fn the_cheapest_cure_that_gains_half_of_the_best_is_the_advice() {
        let advice = |recalibrate, over| {
            Cure::advice(&[
                Cure::of_loss(CureKind::FixTheFeed, None),
                Cure::of_loss(CureKind::Recalibrate, recalibrate),
                Cure::of_cost(
                    gain(0.1, 0.05),
                    Sides {
                        baseline: 0.5,
                        current: 0.4,
                    },
                ),
                Cure::retrain(gain(0.10, 0.06), over),
            ])
        };
        // Half of what a training gains, and certain.
        assert_eq!(
            advice(gain(0.05, 0.01), gain(0.05, 0.01)),
            Some(CureKind::Recalibrate)
        );
        // Less than half.
        assert_eq!(
            advice(gain(0.04, 0.01), gain(0.06, 0.01)),
            Some(CureKind::Retrain)
        );
        // A training that may be no better than a recalibration waits.
        assert_eq!(
            advice(gain(0.04, 0.01), gain(0.06, -0.01)),
            Some(CureKind::Recalibrate)
        );
        // What may be chance is not a cure; a threshold that saves cost is one of last resort.
        assert_eq!(
            advice(gain(0.04, -0.01), gain(0.06, -0.01)),
            Some(CureKind::MoveTheThreshold)
        );
        assert_eq!(
            Cure::advice(&[Cure::of_loss(CureKind::Recalibrate, gain(0.04, -0.01))]),
            None
        );
    }
}
