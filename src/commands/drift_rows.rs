//! The part of `churnctl drift` that looks at rows of both sides together: read once more, a sample of large ones.

use std::collections::BTreeSet;

use super::Console;
use super::drift_request::{DriftRequest, ReadingRequest};
use super::inputs::Input;
use crate::data::{DataSet, positive_label};
use crate::drift::multivariate::{MeasuredClassifier, Multivariate, correlations};
use crate::drift::report::Sides;
use crate::drift::reweighted::{LabelledRow, Reweighted};
use crate::drift::{MultivariateMode, Plan, shared_rows};
use crate::error::{Error, Result};
use crate::model::domain::{DomainOptions, domain_classifier};
use crate::model::frame::{Column, Frame, WantedColumn};
use crate::model::identity::row_keys;

/// About how many rows of a side are looked at: the standard error of a ROC AUC is then .003, of a rank correlation
/// .007 at most, far below every size that counts.
const MOST_ROWS: u64 = 20_000;
/// How often rows are dealt out to the sides by chance.
const PERMUTATIONS: usize = 50;
const SEED: u64 = 22;

impl DriftRequest {
    /// Opens the rows of both sides, if they are to be looked at.
    ///
    /// # Errors
    /// 64 if a side is a profile, which has no rows.
    pub(super) fn open_rows(&self, null: &[String]) -> Result<Option<Sides<DataSet>>> {
        let mode = self.multivariate.mode;
        if mode == MultivariateMode::Off {
            return Ok(None);
        }
        let open = |side: &str, addresses: &[String], reading: &ReadingRequest| {
            match Input::open(addresses, reading)? {
                Input::Data(data) => Ok(*data),
                Input::Profile(..) => Err(Error::usage(format!(
                    "--multivariate {mode} needs rows of both sides, and the {side} is a profile or a model, which has none"
                ))
                .hint(format!("name the data themselves with --{side}, or take --multivariate off"))),
            }
        };
        Ok(Some(Sides {
            baseline: open("baseline", &self.baseline, &self.reading)?,
            current: open("current", &self.current, &self.reading.with_nulls(null))?,
        }))
    }

    /// Looks at the rows of both sides, which have so many.
    ///
    /// # Errors
    /// Bad input if they cannot be read once more.
    pub(super) fn multivariate(
        &self,
        data: Sides<DataSet>,
        rows: Sides<u64>,
        plan: &Plan,
        console: &Console<'_>,
    ) -> Result<Multivariate> {
        let planned = plan.features.iter().map(|feature| &feature.name);
        let has = |data: &DataSet, name: &String| data.columns().contains(name);
        let mut wanted: Vec<WantedColumn> = planned
            .filter(|name| has(&data.baseline, name) && has(&data.current, name))
            .map(|name| WantedColumn {
                name: name.clone(),
                categorical: self.reading.columns.categorical.contains(name),
            })
            .collect();
        let read = |side: &str, data: DataSet, rows: u64, wanted: &[WantedColumn]| {
            let progress = console.progress();
            progress.stage(&format!("looking at rows of the {side}"), data.bytes());
            let share = MOST_ROWS as f64 / rows.max(1) as f64;
            let read = Frame::read_part(data, wanted, share.min(1.0), progress);
            progress.finish();
            read.map(|(frame, ..)| frame)
        };
        let current = read("current side", data.current, rows.current, &wanted)?;
        let outcome = plan.roles.label.as_ref().zip(plan.roles.score.as_ref());
        let outcome = outcome.filter(|(label, score)| {
            self.multivariate.mode == MultivariateMode::All
                && has(&data.baseline, label)
                && has(&data.baseline, score)
        });
        wanted.extend(outcome.into_iter().flat_map(|(label, score)| {
            [(score, false), (label, true)].map(|(name, categorical)| WantedColumn {
                name: name.clone(),
                categorical,
            })
        }));
        let mut baseline = read("baseline", data.baseline, rows.baseline, &wanted)?;
        let outcome = outcome.map(|_| outcome_of(&mut baseline));
        let mut reweighted = None;
        let keys = |side: &Frame| row_keys(side, &baseline.names);
        let keys = keys(&baseline).zip(keys(&current));
        let shared = keys.and_then(|(before, now)| shared_rows(&before, &now));
        let classifier = match self.multivariate.mode {
            MultivariateMode::All => {
                let progress = console.progress();
                progress.stage("telling the rows of both sides apart", None);
                let options = DomainOptions {
                    permutations: PERMUTATIONS,
                    seed: SEED,
                    threads: self.reading.threads.get(),
                };
                let found = domain_classifier(&baseline, &current, &options);
                progress.finish();
                if let (Some(found), Some(Some(outcome))) = (&found, outcome) {
                    reweighted = refitted(outcome, &found.current_probability, current.rows, plan);
                }
                found.map(|found| MeasuredClassifier {
                    roc_auc: found.roc_auc,
                    permuted: found.permuted,
                    falls: baseline.names.iter().cloned().zip(found.falls).collect(),
                })
            }
            MultivariateMode::Correlation | MultivariateMode::Off => None,
        };
        Ok(Multivariate {
            limits: self.multivariate.limits,
            policy: self.consequences.policy,
            rows: Sides {
                baseline: baseline.rows as u64,
                current: current.rows as u64,
            },
            classifier,
            shared: shared.filter(|_| self.multivariate.mode == MultivariateMode::All),
            reweighted,
            correlations: correlations_of(&baseline, &current),
        })
    }
}

/// Takes the scores and the labels, which were read last, out of a frame; none if the scores are not numbers.
fn outcome_of(frame: &mut Frame) -> Option<(Vec<f64>, Column)> {
    let features = frame.columns.len().saturating_sub(2);
    frame.names.truncate(features);
    let mut outcome = frame.columns.split_off(features).into_iter();
    match (outcome.next(), outcome.next()) {
        (Some(Column::Numbers(scores)), Some(labels)) => Some((scores, labels)),
        _ => None,
    }
}

/// Fits what scores mean among rows like the current ones; none if the labels are not two.
fn refitted(
    (scores, labels): (Vec<f64>, Column),
    current_probability: &[f64],
    current_rows: usize,
    plan: &Plan,
) -> Option<Reweighted> {
    let texts: Vec<Option<String>> = (0..scores.len()).map(|row| labels.text(row)).collect();
    let known: BTreeSet<&str> = texts.iter().flatten().map(String::as_str).collect();
    let name = plan.roles.label.as_deref()?;
    let positive = plan.roles.positive.as_deref();
    let positive = positive_label(name, known, positive).ok()?;
    let rows = scores.iter().zip(&texts).zip(current_probability);
    let rows: Vec<LabelledRow> = rows
        .filter_map(|((&score, text), &current_probability)| {
            Some(LabelledRow {
                score,
                is_positive: *text.as_ref()? == positive,
                current_probability,
            })
        })
        .collect();
    Reweighted::fit(&rows, current_rows)
}

/// Takes the columns that are numbers on both sides.
fn correlations_of(
    baseline: &Frame,
    current: &Frame,
) -> Vec<(Sides<String>, Sides<crate::stats::correlation::Correlation>)> {
    let (mut names, mut before, mut now) = (Vec::new(), Vec::new(), Vec::new());
    let columns = baseline.columns.iter().zip(&current.columns);
    for (name, columns) in baseline.names.iter().zip(columns) {
        if let (Column::Numbers(one), Column::Numbers(other)) = columns {
            names.push(name.clone());
            before.push(one.as_slice());
            now.push(other.as_slice());
        }
    }
    correlations(&names, &before, &now)
}
