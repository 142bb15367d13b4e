//! Adds to a report what labels say that came later: the figures, and what is doubtful about the join.

use churn_base::error::Result;
use churn_data::{Moment, has_leading_zeros};

use super::evidence::ReportInput;
use super::finding::{Finding, FindingKind};
use super::late_labels::{LabelReport, LabelWindow};
use super::performance::figures;
use super::report::{DriftReport, SCHEMA_VERSION_OVER_TIME, Status};
use crate::labels::{Joined, JoinedPiece, LabelSpec, PredictionCounts, Unmatched};
use crate::stats::classification::Performance;
use crate::stats::cost::Costs;

impl DriftReport {
    /// Adds what labels say that came later, and counts what is found of them into the verdict.
    ///
    /// # Errors
    /// Bad input if the score is not a probability.
    pub fn add_labels(
        &mut self,
        joined: &Joined,
        spec: &LabelSpec,
        source: ReportInput,
        (class_threshold, costs): (f64, Option<Costs>),
    ) -> Result<()> {
        let all = joined.all()?;
        let current = self.current.clone();
        let performance = |piece: &JoinedPiece| -> Result<Option<Performance>> {
            let outcome = piece.outcome.as_ref();
            let figures = outcome
                .map(|outcome| figures(outcome, &joined.positive, class_threshold, &current));
            let mut figures = figures.transpose()?;
            if let (Some(figures), Some(costs)) = (&mut figures, costs) {
                figures.add_cost(costs);
            }
            Ok(figures)
        };
        let mut windows = Vec::new();
        for window in &self.windows {
            // By the clock of the zone, which the offset stands beside.
            let time = |text: &str| Moment::read(text.as_bytes()).map_or(0, |time| time.seconds);
            let piece = joined.within(time(&window.start)..time(&window.end))?;
            windows.push(LabelWindow {
                window: window.window.clone(),
                predictions: piece.counts,
                performance: performance(&piece)?,
            });
        }
        let performance = performance(&all)?;
        let findings = Findings {
            joined,
            spec,
            predictions: all.counts,
        };
        let reason = performance.is_none().then(|| findings.reason());
        let labels = LabelReport {
            source,
            join: spec.join.columns().to_vec(),
            prediction_time: spec.prediction_time.clone(),
            label_time: joined.columns.time.clone(),
            label_column: joined.columns.label.clone(),
            positive: joined.positive.clone(),
            label_window: spec.window.to_string(),
            unmatched: joined.unmatched,
            time_zone: spec.zone.name().to_owned(),
            labels_until: spec.until.map(|until| spec.zone.rfc3339(until)),
            watermark: spec.zone.rfc3339(joined.watermark),
            predictions: all.counts,
            labels: joined.labels,
            performance,
            reason,
            windows,
        };
        let mut found = findings.all(labels.reason.as_deref());
        let is_said = |finding: &Finding| finding.kind == FindingKind::Performance;
        if self.performance.is_none() && !self.findings.iter().chain(&found).any(is_said) {
            found.push(Finding {
                status: Status::Ok,
                kind: FindingKind::Performance,
                feature: None,
                message: format!(
                    "the label windows of the last predictions have not closed by {}, so their \
                     performance is not known yet",
                    labels.watermark
                ),
            });
        }
        let worst = found.iter().map(|finding| finding.status).max();
        self.status = self.status.max(worst.unwrap_or(Status::Ok));
        self.findings.extend(found);
        self.findings
            .sort_by_key(|finding| (std::cmp::Reverse(finding.status), finding.kind));
        self.schema_version = SCHEMA_VERSION_OVER_TIME;
        self.labels = Some(labels);
        Ok(())
    }
}

/// What there is to say of a join.
struct Findings<'a> {
    joined: &'a Joined,
    spec: &'a LabelSpec,
    predictions: PredictionCounts,
}

impl Findings<'_> {
    fn all(&self, reason: Option<&str>) -> Vec<Finding> {
        let found = |kind, status, message| Finding {
            status,
            kind,
            feature: None,
            message,
        };
        let told = [
            (FindingKind::UnmatchedLabels, Status::Warn, self.unmatched()),
            (
                FindingKind::ConflictingLabels,
                Status::Warn,
                self.conflicting(),
            ),
            (FindingKind::ConflictingLabels, Status::Ok, self.differing()),
            (FindingKind::RepeatedLabels, Status::Ok, self.repeated()),
            (FindingKind::UnreadableLabels, Status::Warn, self.left_out()),
            (
                FindingKind::Performance,
                Status::Ok,
                reason.map(|reason| format!("{reason}, so realised performance is not known")),
            ),
        ];
        let told = told.into_iter();
        told.filter_map(|(kind, status, message)| Some(found(kind, status, message?)))
            .collect()
    }

    /// Labels that have a key and a time.
    const fn joinable(&self) -> u64 {
        let labels = &self.joined.labels;
        labels.in_window
            + labels.too_early
            + labels.too_late
            + labels.without_prediction
            + labels.settled
    }

    fn unmatched(&self) -> Option<String> {
        let (labels, predictions) = (&self.joined.labels, &self.predictions);
        let asked = predictions.matched
            + predictions.unmatched
            + predictions.conflicting
            + predictions.immature;
        let joinable = self.joinable();
        if joinable == 0 || asked == 0 || labels.in_window + predictions.matched > 0 {
            return None;
        }
        if labels.without_prediction == joinable {
            let (ours, theirs) = (
                &self.joined.prediction_examples,
                &self.joined.label_examples,
            );
            let zeros = |keys: &[String]| keys.iter().any(|key| has_leading_zeros(key.as_bytes()));
            let remark = match zeros(ours) == zeros(theirs) {
                true => "",
                false => "; one side has leading zeros, the other has not",
            };
            return Some(format!(
                "0 of {asked} predictions have a label, because none of the {joinable} labels has the key of a \
                 prediction: predictions are of {}, labels of {}{remark}",
                quoted(ours),
                quoted(theirs)
            ));
        }
        Some(format!(
            "0 of {asked} predictions have a label within {}: of {joinable} labels {} are from before every \
             prediction with their key, {} from after its window, {} of other keys",
            self.spec.window, labels.too_early, labels.too_late, labels.without_prediction
        ))
    }

    fn conflicting(&self) -> Option<String> {
        let count = self.predictions.conflicting;
        (count > 0).then(|| {
            format!(
                "{count} {} left out of performance: the last labels in the window are of one time and \
                 contradict each other",
                predictions_are(count)
            )
        })
    }

    fn differing(&self) -> Option<String> {
        let PredictionCounts {
            twice,
            differing,
            conflicting,
            ..
        } = self.predictions;
        let decided = differing.saturating_sub(conflicting);
        (decided > 0).then(|| {
            format!(
                "of {twice} predictions with more than one label {differing} have different ones: of {decided} the last \
                 one in the window counts"
            )
        })
    }

    fn repeated(&self) -> Option<String> {
        let shared = self.joined.labels.shared;
        let twice = self.predictions.twice - self.predictions.differing.min(self.predictions.twice);
        let key = quoted(
            &self
                .spec
                .join
                .columns()
                .iter()
                .map(|one| one.predictions.clone())
                .collect::<Vec<_>>(),
        );
        let shared = (shared > 0).then(|| {
            format!(
                "{shared} labels lie in the windows of several predictions each, so {key} does not tell these apart: \
                 each prediction counts"
            )
        });
        let twice = (twice > 0).then(|| {
            format!(
                "{twice} predictions have more than one label, all of one value: it counts once"
            )
        });
        let said: Vec<String> = shared.into_iter().chain(twice).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    fn left_out(&self) -> Option<String> {
        let labels = &self.joined.labels;
        let first = self.joined.first_unreadable.as_ref().map(|(place, text)| {
            let line = place.line.map_or(String::new(), |line| format!(":{line}"));
            format!(", first \"{text}\" at {}{line}", place.file)
        });
        let first = first.unwrap_or_default();
        let predictions = &self.predictions;
        let parts = [
            (
                labels.without_time,
                "labels without a time that can be read",
                &*first,
            ),
            (labels.without_key, "labels without a key", ""),
            (labels.without_value, "labels without a value", ""),
            (labels.future, "labels from the future", ""),
            (
                predictions.without_time,
                "predictions without a time that can be read",
                "",
            ),
            (predictions.without_key, "predictions without a key", ""),
        ];
        let said: Vec<String> = parts
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, what, more)| format!("{what}: {count}{more}"))
            .collect();
        (!said.is_empty()).then(|| format!("not joined: {}", said.join("; ")))
    }

    /// Says why no score has a label.
    fn reason(&self) -> String {
        let predictions = &self.predictions;
        if self.unmatched().is_some() && self.joined.labels.without_prediction == self.joinable() {
            return "no label has the key of a prediction".to_owned();
        }
        let mature = predictions.matched + predictions.unmatched + predictions.conflicting;
        if mature == 0 && predictions.immature == 0 {
            return format!(
                "none of {} predictions has a key and a time to join by",
                predictions.rows
            );
        }
        if mature == 0 {
            return format!(
                "the label window of {} has not closed for any of {} predictions by {}",
                self.spec.window,
                predictions.immature,
                self.spec.zone.rfc3339(self.joined.watermark)
            );
        }
        if predictions.conflicting + predictions.unmatched == mature
            && self.joined.unmatched == Unmatched::Drop
        {
            return format!("none of {mature} predictions has one label that counts");
        }
        "no column of the predictions is known as the score: --score names it".to_owned()
    }
}

const fn predictions_are(count: u64) -> &'static str {
    match count {
        1 => "prediction is",
        _ => "predictions are",
    }
}

fn quoted(keys: &[String]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    quoted.join(", ")
}
