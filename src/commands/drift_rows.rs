//! The part of `churnctl drift` that looks at rows of both sides together: read once more, a sample of large ones.

use super::Console;
use super::drift_request::{DriftRequest, ReadingRequest};
use super::inputs::Input;
use crate::data::DataSet;
use crate::drift::multivariate::{MeasuredClassifier, Multivariate, correlations};
use crate::drift::report::Sides;
use crate::drift::{MultivariateMode, Plan};
use crate::error::{Error, Result};
use crate::model::domain::{DomainOptions, domain_classifier};
use crate::model::frame::{Column, Frame, WantedColumn};

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
        let wanted: Vec<WantedColumn> = planned
            .filter(|name| has(&data.baseline, name) && has(&data.current, name))
            .map(|name| WantedColumn {
                name: name.clone(),
                categorical: self.reading.columns.categorical.contains(name),
            })
            .collect();
        let read = |side: &str, data: DataSet, rows: u64| {
            let progress = console.progress();
            progress.stage(&format!("looking at rows of the {side}"), data.bytes());
            let share = MOST_ROWS as f64 / rows.max(1) as f64;
            let read = Frame::read_part(data, &wanted, share.min(1.0), progress);
            progress.finish();
            read.map(|(frame, ..)| frame)
        };
        let baseline = read("baseline", data.baseline, rows.baseline)?;
        let current = read("current side", data.current, rows.current)?;
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
            correlations: correlations_of(&baseline, &current),
        })
    }
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
