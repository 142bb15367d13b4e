//! The report of one feature, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::consequence_report::FeatureConsequence;
use super::histogram::Histogram;
use super::sides::Sides;
use super::status::Status;

/// What kind of values a feature has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// Numbers, compared over bins.
    Numeric,
    /// Texts, compared by category.
    Categorical,
}

impl FeatureKind {
    /// Returns `numeric` or `categorical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
        }
    }
}

/// One feature, both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureReport {
    /// Name of the column.
    pub feature: String,
    /// Kind of values.
    pub kind: FeatureKind,
    /// The feature's own verdict, its findings included.
    pub status: Status,
    /// Population stability index over `bins`, natural logarithm; absent if a side has no values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// PSI that this many rows and bins reach by chance alone in 5 % of checks, over all tests of
    /// all features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psi_noise_limit: Option<f64>,
    /// How likely chance alone makes the bins differ as much, by the chi-square test of bins that
    /// hold enough rows of both sides; absent if a side has no values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins_p_value: Option<f64>,
    /// Why the status is what it is, in words; empty when OK.
    pub reasons: Vec<String>,
    /// What its drift does to the model's score, where the baseline is a model that scored the current side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<FeatureConsequence>,
    /// Missing values.
    pub missing: MissingReport,
    /// What is not a number in a numeric feature; absent if there is nothing of the sort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unparsable: Option<UnparsableReport>,
    /// Bins of both sides: numeric in rising order, categories by falling baseline count.
    pub bins: Vec<BinReport>,
    /// Statistics of numeric features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numeric: Option<NumericReport>,
    /// Statistics of categorical features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categorical: Option<CategoricalReport>,
}

/// Missing values of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingReport {
    /// Two-bin PSI of missing against present.
    pub psi: f64,
    /// PSI of missing that chance alone reaches, see [`FeatureReport::psi_noise_limit`].
    pub psi_noise_limit: f64,
    /// How likely chance alone makes the shares differ as much (Fisher's exact test).
    #[serde(default = "one")]
    pub p_value: f64,
    /// Share of rows without a value, 0 to 1.
    pub share: Sides<f64>,
    /// Counts by kind: `empty`, `na`, `nan`, `null`, `mark` (what stands for a missing value in this
    /// column: `?`, `-`), `infinite`.
    pub baseline_counts: BTreeMap<String, u64>,
    /// The same for the current side.
    pub current_counts: BTreeMap<String, u64>,
}

/// The p-value that a report of an older version doesn't have.
const fn one() -> f64 {
    1.0
}

/// Values of a numeric feature that are not numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnparsableReport {
    /// Two-bin PSI of them against all other rows.
    pub psi: f64,
    /// PSI that chance alone reaches, see [`FeatureReport::psi_noise_limit`].
    pub psi_noise_limit: f64,
    /// How likely chance alone makes the shares differ as much (Fisher's exact test).
    pub p_value: f64,
    /// Share of rows, 0 to 1.
    pub share: Sides<f64>,
    /// Rows.
    pub count: Sides<u64>,
    /// The first of the current side, or of the baseline if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<FirstUnparsable>,
}

/// A value that is not a number, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstUnparsable {
    /// The value as it is written.
    pub text: String,
    /// Its file, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its line, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// One bin of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinReport {
    /// What a reader calls it: `[1.5, 2)`, `= 0`, or the category.
    pub label: String,
    /// Lower edge, included; absent for the first bin and for categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper edge, excluded; absent for the last bin and for categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Rows in the bin.
    pub count: Sides<u64>,
    /// Share of the rows that have a value, 0 to 1, not smoothed.
    pub share: Sides<f64>,
    /// The bin's part of the PSI.
    pub psi: f64,
}

/// Moments and range of one side of a numeric feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation, divisor n - 1; 0 for one value.
    pub standard_deviation: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

/// Statistics of a numeric feature, beside its PSI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericReport {
    /// Kolmogorov-Smirnov D, two-sided.
    pub ks_statistic: f64,
    /// Its asymptotic p-value.
    pub ks_p_value: f64,
    /// Wasserstein-1 distance over the baseline's population standard deviation; absent if that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasserstein_in_standard_deviations: Option<f64>,
    /// The same with both sides cut off at the baseline's first and last hundredth, so that a few
    /// values far away hide no shift; absent if nearly all of the baseline is one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winsorised_wasserstein_in_standard_deviations: Option<f64>,
    /// `exact`, or `grid` when either side has too many distinct values to keep.
    pub method: Method,
    /// Largest error of `ks_statistic` from the grid; 0 when exact.
    pub ks_statistic_error_bound: f64,
    /// Largest error of the Wasserstein distance from the grid, same unit; 0 when exact.
    pub wasserstein_error_bound: f64,
    /// Jensen-Shannon distance, base 2, over `bins`, 0 to 1.
    pub jensen_shannon_distance: f64,
    /// Hellinger distance over `bins`, 0 to 1.
    pub hellinger_distance: f64,
    /// Kullback-Leibler divergence of current from baseline, nats, over `bins`.
    pub kl_divergence: f64,
    /// Moments of the baseline; absent if it has no values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Moments>,
    /// Moments of the current side; absent if it has no values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Moments>,
    /// Share of current values below the baseline's minimum.
    pub share_below_baseline_min: f64,
    /// Share of current values above the baseline's maximum.
    pub share_above_baseline_max: f64,
    /// Both sides over bins of one width, to be looked at; absent where few values are bins of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
}

/// How KS and Wasserstein were computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From every distinct value.
    Exact,
    /// From the counts of a fine fixed grid, with the error bound beside the figure.
    Grid,
}

/// Statistics of a categorical feature, beside its PSI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoricalReport {
    /// Pearson's chi-square of the 2 x k table, no continuity correction.
    pub chi_square: f64,
    /// Its p-value.
    pub chi_square_p_value: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: u64,
    /// Cramer's V, 0 to 1.
    pub cramers_v: f64,
    /// Largest change of a share.
    pub l_infinity_distance: f64,
    /// Half the sum of the changes of share.
    pub total_variation_distance: f64,
    /// Jensen-Shannon distance, base 2, 0 to 1.
    pub jensen_shannon_distance: f64,
    /// Hellinger distance, 0 to 1.
    pub hellinger_distance: f64,
    /// Kullback-Leibler divergence of current from baseline, nats.
    pub kl_divergence: f64,
    /// Categories that the baseline never had, largest first, at most 20.
    pub unseen_categories: Vec<String>,
    /// How many there are in all.
    pub unseen_count: u64,
    /// Share of current rows in them.
    pub unseen_share: f64,
    /// Share of current rows that the baseline's own singletons predict in unseen categories
    /// (Good-Turing).
    #[serde(default)]
    pub expected_unseen_share: f64,
    /// Categories of the baseline that are gone, largest first, at most 20.
    pub lost_categories: Vec<String>,
    /// How many there are in all.
    pub lost_count: u64,
}
