//! The part of `churnctl drift` that takes limits of PSI from the baseline's own windows.

use super::Console;
use super::drift_request::DriftRequest;
use super::drift_windows::moment;
use super::inputs::Input;
use crate::drift::{CheckOptions, LimitSource, Plan, Provenance, PsiLimits};
use crate::error::{Error, Result};
use crate::profile::{Profile, TimeGrouping};

impl DriftRequest {
    /// Returns the options with the limits of the baseline's own windows, if they are asked for: unless they are
    /// known, the baseline is read once more, by windows.
    ///
    /// # Errors
    /// 64 if the baseline cannot be read again; bad input if it has no times, or too few windows.
    pub(super) fn with_limits(
        &self,
        options: CheckOptions,
        known: Option<PsiLimits>,
        (baseline, plan): (&Profile, &Plan),
        provenance: &Provenance,
        console: &Console<'_>,
    ) -> Result<CheckOptions> {
        let (source, Some(windowing)) = (self.limits.0, &self.windows) else {
            return Ok(options);
        };
        let limits = match known.or_else(|| self.limits.1.clone()) {
            _ if source == LimitSource::Fixed => None,
            Some(known) => Some(known),
            None => {
                let reading = self.reading.with_nulls(&baseline.roles.null);
                let again = self.baseline.iter().all(|address| address != "-");
                let data = again.then(|| Input::open(&self.baseline, &reading));
                let Some(Input::Data(data)) = data.transpose()? else {
                    let message = format!("--thresholds {source} needs a baseline with its rows");
                    return Err(Error::usage(message).hint(
                        "a profile has no windows, standard input is read once: name the data with --baseline",
                    ));
                };
                let by = TimeGrouping {
                    every: windowing.window,
                    ..windowing.grouping(moment(provenance))
                };
                let plans = PsiLimits::count_plans(plan);
                let windows = Input::Data(data).count_by(&plans, Some(&by), "baseline", console)?;
                let sides = (baseline, &windows);
                Some(PsiLimits::of_windows(
                    source, sides, plan, &options, provenance, windowing,
                )?)
            }
        };
        Ok(CheckOptions { limits, ..options })
    }
}
