//! Limits of PSI out of the windows of the baseline, each compared with the baseline as a whole.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};

use super::check::{Provenance, check};
use super::plan::{CheckOptions, Plan};
use super::psi_limits::{LimitSource, PsiLimits};
use super::report::DriftReport;
use super::windowing::Windowing;
use crate::profile::{CountPlan, Grouped, Profile, SegmentPlans};

/// Fewest windows of which a mean and a standard deviation say something.
const FEWEST: usize = 5;
/// Standard deviations above the mean.
const DEVIATIONS: f64 = 3.0;

impl PsiLimits {
    /// Returns what to count of the baseline for them.
    #[must_use]
    pub fn count_plans(plan: &Plan) -> SegmentPlans {
        SegmentPlans::whole_only(CountPlan {
            outcome: None,
            ..plan.count_plan()
        })
    }

    /// Takes them from the baseline, counted by windows.
    ///
    /// # Errors
    /// Bad input if it has too few windows with enough rows.
    pub fn of_windows(
        source: LimitSource,
        (baseline, windows): (&Profile, &Grouped),
        plan: &Plan,
        options: &CheckOptions,
        provenance: &Provenance,
        windowing: &Windowing,
    ) -> Result<Self> {
        let options = CheckOptions {
            limits: None,
            ..options.clone()
        };
        let full = windows.pieces.values();
        let full = full.filter(|window| window.rows >= options.min_rows.max(1));
        let reports =
            full.map(|window| check(baseline, window, plan, &options, provenance.clone()));
        let reports: Vec<DriftReport> = reports.collect::<Result<_>>()?;
        if reports.len() < FEWEST {
            let place = Place {
                file: provenance.baseline.clone(),
                line: None,
                column: Some(windowing.column.clone()),
            };
            let error = format!(
                "the baseline has {} windows of {} with {} rows or more: for thresholds of its own it takes {FEWEST}",
                reports.len(),
                windowing.window,
                options.min_rows
            );
            let hint = "a shorter --window, a longer baseline, or --thresholds fixed";
            return Err(Error::bad_input(error).at(place).hint(hint));
        }
        let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for feature in reports
            .iter()
            .flat_map(|one| one.features.iter().chain(&one.score))
        {
            let psi = found.entry(feature.feature.clone()).or_default();
            psi.extend(feature.psi);
        }
        found.retain(|_, psi| psi.len() >= FEWEST);
        Ok(Self {
            thresholds: source,
            windows: reports.len() as u64,
            psi: found
                .into_iter()
                .map(|(name, psi)| (name, limit(&psi)))
                .collect(),
        })
    }
}

/// Mean and three standard deviations of all values, not of a sample: as NannyML takes them.
fn limit(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    DEVIATIONS.mul_add((squares / n).sqrt(), mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_mean_and_three_standard_deviations() {
        // numpy 2.1: v = [.01, .02, .03, .05, .04]; np.mean(v) + 3 * np.std(v)
        let found = limit(&[0.01, 0.02, 0.03, 0.05, 0.04]);
        assert!((found - 0.072_426_406_871_192_85).abs() < 1e-15, "{found}");
    }
}
