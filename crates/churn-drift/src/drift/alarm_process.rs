//! Evidence of drift over a sequence of checks: what each adds to it. When it is enough is decided in
//! `alarms`.

use std::collections::BTreeMap;

use super::noise::FAIL_RATE;
use super::report::{BinReport, DriftReport, FeatureReport, Status, Thresholds};
use crate::profile::ScoredRows;
use crate::stats::e_process::{Detector, chi_square_upper, e_value, noncentral_chi_square_sf};

/// How often the baseline's own chance may be larger than it is taken for, over all tests.
const BASELINE_RATE: f64 = 0.01;
/// Tests of a feature: its bins, and its missing values.
const TESTS: f64 = 2.0;
/// Evidence below which nothing is named as its cause.
const HARDLY_ANY: f64 = 2.0;

/// The evidence of drift that a sequence of checks against one baseline has shown so far: an e-detector. Without
/// drift it reaches a limit `c` after `c` checks in the mean, or later.
///
/// Half of it is of verdicts: a window that FAILs has an e-value of one over the rate at which chance makes
/// one FAIL, any other has 0. The other half is the mean over the bins and the missing values of
/// all features.
#[derive(Debug, Clone)]
pub struct AlarmProcess {
    /// Columns that are compared.
    columns: f64,
    verdicts: Detector,
    tests: BTreeMap<(String, Test), Detector>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    Bins,
    Missing,
}

impl AlarmProcess {
    /// Begins without evidence of drift in so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns: columns.max(1) as f64,
            verdicts: Detector::default(),
            tests: BTreeMap::new(),
        }
    }

    /// Takes the check of one more window, made as if it were alone; returns the evidence so far, and what
    /// it is mostly of.
    pub fn step(&mut self, report: &DriftReport) -> (f64, Option<String>) {
        let fails = report.status == Status::Fail;
        let by_verdict = 0.5
            * self
                .verdicts
                .step(if fails { 1.0 / FAIL_RATE } else { 0.0 });
        // Scores of rows that the model learned from warn at most.
        let is_measure = report.baseline_scores != Some(ScoredRows::Training);
        let score = report.score.iter().filter(|_| is_measure);
        for feature in report.features.iter().chain(score) {
            let warn_psi = warn_psi(&report.thresholds, &feature.feature);
            for (test, p_value) in [
                (Test::Bins, self.bins(feature, warn_psi)),
                (Test::Missing, self.missing(feature, report, warn_psi)),
            ] {
                if let Some(p_value) = p_value {
                    let key = (feature.feature.clone(), test);
                    self.tests.entry(key).or_default().step(e_value(p_value));
                }
            }
        }
        let weight = 0.5 / (TESTS * self.columns);
        let tests = self.tests.iter();
        let tests =
            tests.map(|((name, test), detector)| (name, test, weight * detector.evidence()));
        let by_tests: f64 = tests.clone().map(|(_, _, evidence)| evidence).sum();
        let most = tests.max_by(|a, b| a.2.total_cmp(&b.2));
        let evidence = by_verdict + by_tests;
        let mostly = match most {
            _ if evidence < HARDLY_ANY => None,
            Some((name, test, part)) if part > by_verdict => Some(match test {
                Test::Bins => name.clone(),
                Test::Missing => format!("missing values of {name}"),
            }),
            _ => Some("the verdict".to_owned()),
        };
        (evidence, mostly)
    }

    fn bins(&self, feature: &FeatureReport, warn_psi: f64) -> Option<f64> {
        let sum = |of: fn(&BinReport) -> u64| feature.bins.iter().map(of).sum::<u64>();
        let found = Compared {
            psi: feature.psi?,
            p_value: feature.bins_p_value?,
            bins: feature.bins.len(),
            baseline: sum(|bin| bin.count.baseline),
            current: sum(|bin| bin.count.current),
        };
        Some(self.p_value(&found, warn_psi))
    }

    fn missing(&self, feature: &FeatureReport, report: &DriftReport, warn_psi: f64) -> Option<f64> {
        let found = Compared {
            psi: feature.missing.psi,
            p_value: feature.missing.p_value,
            bins: 2,
            baseline: report.rows.baseline,
            current: report.rows.current,
        };
        Some(self.p_value(&found, warn_psi))
    }

    /// Returns how likely a PSI this large is if the window is of a law not further from the baseline's rows
    /// than warns, or than these are from the law that they came of.
    ///
    /// # Formula
    /// Given the baseline, `m PSI` of `m` rows over `B` bins has about the noncentral chi-square law with `B - 1`
    /// degrees of freedom and noncentrality `m d`, `d` the PSI of the window's law to the baseline's rows.
    /// Without drift `d` is what `n` rows of the baseline make of it, `X / n` with the quantile `X` of the
    /// chi-square law. The same rows of the baseline are in the check of every window; what they do to
    /// all of them is within `d`, and what is beyond it are the window's own rows, which are new each time.
    /// The test of the bins, which needs no large samples, must agree.
    fn p_value(&self, found: &Compared, warn_psi: f64) -> f64 {
        let degrees = found.bins.saturating_sub(1) as f64;
        if degrees == 0.0 || found.current == 0 {
            return 1.0;
        }
        let tail = BASELINE_RATE / (TESTS * self.columns);
        let of_baseline = chi_square_upper(tail, degrees) / found.baseline.max(1) as f64;
        let allowed = warn_psi.max(of_baseline);
        let rows = found.current as f64;
        noncentral_chi_square_sf(rows * found.psi, degrees, rows * allowed).max(found.p_value)
    }
}

/// Two sides over some bins.
struct Compared {
    psi: f64,
    /// Of the test that needs no large samples.
    p_value: f64,
    bins: usize,
    baseline: u64,
    current: u64,
}

fn warn_psi(thresholds: &Thresholds, feature: &str) -> f64 {
    let own = thresholds.by_feature.get(feature);
    own.map_or(thresholds.warn_psi, |own| own.warn_psi)
}
