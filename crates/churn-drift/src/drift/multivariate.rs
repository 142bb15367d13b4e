//! Drift that no column shows alone: whether rows of both sides can be told apart, and which columns hang together
//! otherwise. How rows are told apart is the model's affair.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::consequence_report::Policy;
use super::finding::{Finding, FindingKind};
use super::noise::Levels;
use super::reweighted::Reweighted;
use super::sides::Sides;
use super::status::Status;
use crate::stats::correlation::{Correlation, Ranks, benjamini_hochberg, rank_correlation};

/// Families of tests: the classifier, and the correlations.
const FAMILIES: f64 = 2.0;
/// Most pairs and columns that a report lists.
const MOST_LISTED: usize = 20;
/// Most pairs with a finding of their own.
const MOST_FINDINGS: usize = 5;
/// A column whose part in telling the sides apart is smaller is not named.
const LEAST_FALL: f64 = 0.005;

/// What is looked at beside each column by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MultivariateMode {
    /// Nothing.
    #[default]
    Off,
    /// How pairs of number columns hang together.
    Correlation,
    /// That, and whether rows of both sides can be told apart.
    All,
}

/// The text names no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a mode is off, correlation or all")]
pub struct BadMode;

impl FromStr for MultivariateMode {
    type Err = BadMode;

    fn from_str(text: &str) -> Result<Self, BadMode> {
        match text {
            "off" => Ok(Self::Off),
            "correlation" => Ok(Self::Correlation),
            "all" => Ok(Self::All),
            _ => Err(BadMode),
        }
    }
}

impl fmt::Display for MultivariateMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Correlation => "correlation",
            Self::All => "all",
        })
    }
}

/// From where on drift of several columns together counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultivariateLimits {
    /// ROC AUC of the domain classifier from which the check warns.
    pub warn_domain_auc: f64,
    /// The same to fail.
    pub fail_domain_auc: f64,
    /// Change of a rank correlation from which the check warns.
    pub warn_correlation: f64,
    /// The same to fail.
    pub fail_correlation: f64,
}

impl Default for MultivariateLimits {
    fn default() -> Self {
        Self {
            warn_domain_auc: 0.55,
            fail_domain_auc: 0.65,
            warn_correlation: 0.2,
            fail_correlation: 0.5,
        }
    }
}

/// What was measured of the rows of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Multivariate {
    /// From where on it counts.
    pub limits: MultivariateLimits,
    /// By what columns are judged; where it is their consequence, drift of several together is a WARN at most.
    pub policy: Policy,
    /// Rows looked at.
    pub rows: Sides<u64>,
    /// Those of the current side that the baseline has, too, value for value, if they are more than chance makes them.
    pub shared: Option<u64>,
    /// How well they can be told apart, if that was asked for.
    pub classifier: Option<MeasuredClassifier>,
    /// What scores mean among rows like the current ones, if the baseline's labels and the classifier tell.
    pub reweighted: Option<Reweighted>,
    /// The rank correlations of all pairs of number columns that have them on both sides.
    pub correlations: Vec<(Sides<String>, Sides<Correlation>)>,
}

/// How well the rows of both sides can be told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredClassifier {
    /// ROC AUC out of fold.
    pub roc_auc: f64,
    /// The same where rows are dealt out to the sides by chance.
    pub permuted: Vec<f64>,
    /// How far the ROC AUC falls without a column.
    pub falls: Vec<(String, f64)>,
}

impl MeasuredClassifier {
    /// Returns how likely chance alone tells rows apart as well, by the permutations.
    ///
    /// # Formula
    /// `t = (value - mean) / (sd sqrt(1 + 1 / n))` by Student's law of n - 1 degrees of freedom, with mean and standard
    /// deviation of the n permutations: the prediction interval of a further value. Their share could not be below
    /// 1 / (n + 1).
    #[must_use]
    pub fn p_value(&self) -> f64 {
        let (mean, deviation) = mean_and_deviation(&self.permuted);
        let n = self.permuted.len() as f64;
        match StudentsT::new(0.0, 1.0, n - 1.0) {
            Ok(law) if deviation > 0.0 => {
                law.sf((self.roc_auc - mean) / (deviation * (1.0 + 1.0 / n).sqrt()))
            }
            _ => 1.0,
        }
    }
}

/// Drift of several columns together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultivariateReport {
    /// From where on it counts.
    pub limits: MultivariateLimits,
    /// Rows looked at: a sample of larger sides.
    pub rows: Sides<u64>,
    /// How well they can be told apart, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierReport>,
    /// Which number columns hang together otherwise.
    pub correlations: CorrelationsReport,
}

/// How well the rows of both sides can be told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierReport {
    /// WARN or FAIL if it is beyond chance and the limit.
    pub status: Status,
    /// ROC AUC out of fold; about 0.5 if both sides are alike.
    pub roc_auc: f64,
    /// How likely chance alone makes it as large.
    pub p_value: f64,
    /// How often rows were dealt out to the sides by chance.
    pub permutations: u64,
    /// Mean ROC AUC of these.
    pub chance_mean: f64,
    /// Their standard deviation.
    pub chance_standard_deviation: f64,
    /// The columns by which the sides are told apart, the first most.
    pub features: Vec<ClassifierFeature>,
}

/// The part of a column in telling both sides apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierFeature {
    /// Name of the column.
    pub feature: String,
    /// How far the ROC AUC falls if the column is shuffled.
    pub roc_auc_fall: f64,
}

/// Which number columns hang together otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationsReport {
    /// The worst of the pairs.
    pub status: Status,
    /// Pairs that were compared.
    pub pairs: u64,
    /// Those that changed beyond chance and the limit.
    pub changed: u64,
    /// The pairs that changed most, those beyond chance first.
    pub largest: Vec<CorrelationChange>,
}

/// A pair of columns, and how it hangs together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationChange {
    /// The columns.
    pub features: [String; 2],
    /// WARN or FAIL if the change is beyond chance and the limit.
    pub status: Status,
    /// Spearman's rank correlation.
    pub correlation: Sides<f64>,
    /// How likely chance alone makes such a change, for this pair alone.
    pub p_value: f64,
    /// The same for all pairs together (Benjamini, Hochberg).
    pub adjusted_p_value: f64,
}

/// Returns the rank correlations of all pairs of columns of numbers, NaN for a missing value.
#[must_use]
pub fn correlations(
    names: &[String],
    baseline: &[&[f64]],
    current: &[&[f64]],
) -> Vec<(Sides<String>, Sides<Correlation>)> {
    let ranks = |side: &[&[f64]]| -> Vec<Ranks> { side.iter().map(|one| Ranks::of(one)).collect() };
    let (before, now) = (ranks(baseline), ranks(current));
    let mut found = Vec::new();
    for second in 1..names.len() {
        for first in 0..second {
            let sides = (
                rank_correlation(&before[first], &before[second]),
                rank_correlation(&now[first], &now[second]),
            );
            if let (Some(baseline), Some(current)) = sides {
                let pair = Sides {
                    baseline: names[first].clone(),
                    current: names[second].clone(),
                };
                found.push((pair, Sides { baseline, current }));
            }
        }
    }
    found
}

impl MultivariateReport {
    /// Returns the worse of both verdicts.
    #[must_use]
    pub fn status(&self) -> Status {
        let classifier = self.classifier.as_ref().map(|one| one.status);
        classifier
            .into_iter()
            .fold(self.correlations.status, Status::max)
    }

    /// Returns what was asked for.
    #[must_use]
    pub const fn mode(&self) -> MultivariateMode {
        match self.classifier {
            Some(_) => MultivariateMode::All,
            None => MultivariateMode::Correlation,
        }
    }
}

impl Multivariate {
    /// Judges what was measured; sides with fewer rows than `min_rows` are not.
    pub(super) fn judge(&self, min_rows: u64, findings: &mut Vec<Finding>) -> MultivariateReport {
        let levels = Levels::of_column(1.0, FAMILIES);
        let is_judged = self.rows.baseline.min(self.rows.current) >= min_rows;
        let judged = |size: f64, (warn, fail): (f64, f64), p_value: f64| {
            let by_consequence = self.policy != Policy::Statistics;
            match () {
                () if !is_judged => Status::TooFewRows,
                () if size >= fail && p_value < levels.fail && !by_consequence => Status::Fail,
                () if size >= warn && p_value < levels.warn => Status::Warn,
                () => Status::Ok,
            }
        };
        findings.extend(self.shared.map(|shared| Finding {
            status: Status::Ok,
            kind: FindingKind::SharedRows,
            feature: None,
            message: format!(
                "{shared} of the {} current rows that were looked at are rows of the baseline, value for value: nothing \
                 tells these apart, and a drift of the others shows less; compare rows that one side alone has",
                self.rows.current
            ),
        }));
        MultivariateReport {
            limits: self.limits,
            rows: self.rows,
            classifier: self.classifier.as_ref().map(|measured| {
                let report = self.classifier(measured, &judged);
                if report.status >= Status::Warn {
                    findings.push(report.finding());
                }
                report
            }),
            correlations: self.judge_correlations(&judged, findings),
        }
    }

    fn classifier(
        &self,
        measured: &MeasuredClassifier,
        judged: &impl Fn(f64, (f64, f64), f64) -> Status,
    ) -> ClassifierReport {
        let MeasuredClassifier {
            roc_auc,
            permuted,
            falls,
        } = measured;
        let (mean, deviation) = mean_and_deviation(permuted);
        let p_value = measured.p_value();
        let limits = (self.limits.warn_domain_auc, self.limits.fail_domain_auc);
        let mut falls: Vec<_> = falls.iter().filter(|(_, fall)| *fall > 0.0).collect();
        falls.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let feature = |(feature, fall): &(String, f64)| ClassifierFeature {
            feature: feature.clone(),
            roc_auc_fall: *fall,
        };
        ClassifierReport {
            status: judged(*roc_auc, limits, p_value),
            roc_auc: *roc_auc,
            p_value,
            permutations: permuted.len() as u64,
            chance_mean: mean,
            chance_standard_deviation: deviation,
            features: falls.into_iter().take(MOST_LISTED).map(feature).collect(),
        }
    }

    fn judge_correlations(
        &self,
        judged: &impl Fn(f64, (f64, f64), f64) -> Status,
        findings: &mut Vec<Finding>,
    ) -> CorrelationsReport {
        let p_value = |(_, sides): &(Sides<String>, Sides<Correlation>)| {
            sides.baseline.p_value_of_change(sides.current)
        };
        let p_values: Vec<f64> = self.correlations.iter().map(p_value).collect();
        let adjusted = benjamini_hochberg(&p_values);
        let limits = (self.limits.warn_correlation, self.limits.fail_correlation);
        let pairs = self.correlations.iter().zip(p_values.iter().zip(adjusted));
        let mut pairs: Vec<CorrelationChange> = pairs
            .map(|((pair, sides), (&p_value, adjusted))| CorrelationChange {
                features: [pair.baseline.clone(), pair.current.clone()],
                status: judged(
                    (sides.current.value - sides.baseline.value).abs(),
                    limits,
                    adjusted,
                ),
                correlation: Sides {
                    baseline: sides.baseline.value,
                    current: sides.current.value,
                },
                p_value,
                adjusted_p_value: adjusted,
            })
            .collect();
        pairs.sort_by(|a, b| {
            let by_status = b.status.cmp(&a.status);
            by_status.then(b.size().total_cmp(&a.size()))
        });
        let changed = |pair: &&CorrelationChange| pair.status >= Status::Warn;
        let count = pairs.iter().filter(changed).count();
        let found = pairs.iter().filter(changed);
        findings.extend(found.take(MOST_FINDINGS).map(CorrelationChange::finding));
        let worst = pairs.first().map_or(Status::Ok, |pair| pair.status);
        if let Some(more @ 1..) = count.checked_sub(MOST_FINDINGS) {
            findings.push(Finding {
                status: Status::Warn,
                kind: FindingKind::CorrelationChange,
                feature: None,
                message: format!("{more} more pairs of columns hang together otherwise"),
            });
        }
        let compared = pairs.len() as u64;
        pairs.truncate(MOST_LISTED);
        CorrelationsReport {
            status: worst,
            pairs: compared,
            changed: count as u64,
            largest: pairs,
        }
    }
}

impl ClassifierReport {
    fn finding(&self) -> Finding {
        let named = self.features.iter();
        let named = named.filter(|one| one.roc_auc_fall >= LEAST_FALL).take(3);
        let names: Vec<&str> = named.map(|one| one.feature.as_str()).collect();
        let by = match names.as_slice() {
            [] => String::new(),
            names => format!(", by {}", names.join(", ")),
        };
        Finding {
            status: self.status,
            kind: FindingKind::DomainClassifier,
            feature: None,
            message: format!(
                "rows of both sides can be told apart: ROC AUC {:.3}, by chance {:.3}{by}",
                self.roc_auc, self.chance_mean
            ),
        }
    }
}

impl CorrelationChange {
    fn size(&self) -> f64 {
        (self.correlation.current - self.correlation.baseline).abs()
    }

    fn finding(&self) -> Finding {
        let [first, second] = &self.features;
        Finding {
            status: self.status,
            kind: FindingKind::CorrelationChange,
            feature: None,
            message: format!(
                "\"{first}\" and \"{second}\" hang together otherwise: rank correlation {:.2}, {:.2} on the baseline",
                self.correlation.current, self.correlation.baseline
            ),
        }
    }
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(roc_auc: f64, rows: u64) -> Multivariate {
        Multivariate {
            limits: MultivariateLimits::default(),
            policy: Policy::Statistics,
            rows: Sides {
                baseline: rows,
                current: rows,
            },
            shared: None,
            reweighted: None,
            classifier: Some(MeasuredClassifier {
                roc_auc,
                permuted: (0..50).map(|at| 0.45 + f64::from(at) * 0.002).collect(),
                falls: vec![("a".into(), 0.001), ("b".into(), 0.2), ("c".into(), -0.01)],
            }),
            correlations: Vec::new(),
        }
    }

    #[test]
    fn p_values_are_those_of_a_further_value() {
        // scipy.stats.t.sf((.6 - .499) / (s * (1 + 1 / 50) ** .5), 49), s = numpy.std(.45 + .002 * arange(50), ddof=1);
        // scipy 1.17.1, numpy 2.4.6.
        let measured = measured(0.6, 1_000).classifier.expect("asked for");
        let found = measured.p_value();
        assert!(
            (found - 0.000_616_555_857_308_922_7).abs() < 1e-9,
            "{found}"
        );
        let without_chance = MeasuredClassifier {
            permuted: vec![0.5; 50],
            ..measured
        };
        assert_eq!(without_chance.p_value(), 1.0);
    }

    #[test]
    fn rows_are_told_apart_beyond_chance_and_the_limit() {
        for (roc_auc, rows, policy, status) in [
            (0.54, 1_000, Policy::Statistics, Status::Ok),
            (0.57, 1_000, Policy::Statistics, Status::Warn),
            (0.9, 1_000, Policy::Statistics, Status::Fail),
            (0.9, 1_000, Policy::Consequence, Status::Warn),
            (0.9, 50, Policy::Statistics, Status::TooFewRows),
        ] {
            let mut findings = Vec::new();
            let measured = Multivariate {
                policy,
                ..measured(roc_auc, rows)
            };
            let report = measured
                .judge(100, &mut findings)
                .classifier
                .expect("asked for");
            assert_eq!(report.status, status, "{roc_auc} {rows} {policy}");
            assert_eq!(findings.len(), usize::from(status >= Status::Warn));
            let names: Vec<&str> = report.features.iter().map(|one| &*one.feature).collect();
            assert_eq!(names, ["b", "a"]);
            if let Some(finding) = findings.first() {
                assert!(finding.message.ends_with("by b"), "{}", finding.message);
            }
        }
    }

    #[test]
    fn a_pair_whose_sign_turned_fails_whatever_its_columns_look_like() {
        let x: Vec<f64> = (0..400).map(f64::from).collect();
        let noisy = |sign: f64| -> Vec<f64> {
            let noise = |at: &f64| (at * 7_919.0) % 101.0;
            x.iter().map(|at| sign * at + noise(at)).collect()
        };
        let names = ["x", "y"].map(str::to_owned);
        let (before, now) = (noisy(1.0), noisy(-1.0));
        let same = correlations(&names, &[&x, &before], &[&x, &before]);
        let turned = correlations(&names, &[&x, &before], &[&x, &now]);
        for (correlations, status) in [(same, Status::Ok), (turned, Status::Fail)] {
            let mut findings = Vec::new();
            let measured = Multivariate {
                correlations,
                reweighted: None,
                classifier: None,
                ..measured(0.5, 400)
            };
            let report = measured.judge(100, &mut findings).correlations;
            assert_eq!((report.status, report.pairs), (status, 1));
            assert_eq!(findings.len() as u64, report.changed);
        }
    }
}
