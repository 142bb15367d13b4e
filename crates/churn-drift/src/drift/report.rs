//! The drift report: what a check found, as data. Drawing it is `reports/drift/`'s affair.
//!
//! The top level keeps the keys of the Python system's report (`status`, `overall_max_psi`,
//! `psi_by_feature`, `baseline`, `current`), so that its readers keep working.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::evidence::{ReportInput, ReportSettings};
use crate::profile::ScoredRows;
use crate::stats::classification::Performance;

/// Version of the drift report's JSON layout.
pub const SCHEMA_VERSION: u32 = 1;

/// A verdict. Ordered: `Ok < TooFewRows < Warn < Fail`, so the worst is the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Nothing to see.
    Ok,
    /// Nothing was found, and with so few rows a drift that fails could not have been.
    TooFewRows,
    /// Worth a look.
    Warn,
    /// Act.
    Fail,
}

impl Status {
    /// Every status, the best first.
    pub const ALL: [Self; 4] = [Self::Ok, Self::TooFewRows, Self::Warn, Self::Fail];

    /// Returns the number that stands for it in metrics: what was not judged lies below 0, so that
    /// neither "0 is well" nor "1 and more is not" takes it for its own.
    #[must_use]
    pub const fn number(self) -> f64 {
        match self {
            Self::TooFewRows => -1.0,
            Self::Ok => 0.0,
            Self::Warn => 1.0,
            Self::Fail => 2.0,
        }
    }

    /// Returns `OK`, `TOO_FEW_ROWS`, `WARN` or `FAIL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::TooFewRows => "TOO_FEW_ROWS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Result of comparing a current data set with a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Always `drift`.
    pub command: String,
    /// Version of the program that wrote the report.
    pub churnctl_version: String,
    /// When the check ran, RFC 3339 in UTC.
    pub created_at: String,
    /// The verdict: the worst of the features, the score, the performance and the findings.
    /// `TOO_FEW_ROWS` only where nothing that was compared could be judged, or a side is smaller
    /// than `min_rows`; then nothing failed or warned either.
    pub status: Status,
    /// The largest PSI of any feature; 0 if no feature has one.
    pub overall_max_psi: f64,
    /// PSI of every feature that could be compared.
    pub psi_by_feature: BTreeMap<String, f64>,
    /// The baseline as the user named it.
    pub baseline: String,
    /// The current data set as the user named it.
    pub current: String,
    /// Name of the model, the label `model` of the metrics.
    pub model: String,
    /// Rows of both sides.
    pub rows: Sides<u64>,
    /// The thresholds in force.
    pub thresholds: Thresholds,
    /// Every compared feature, worst first.
    pub features: Vec<FeatureReport>,
    /// What else was found, worst first.
    pub findings: Vec<Finding>,
    /// Columns that are no features, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Prediction drift: the score column, compared like a feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<FeatureReport>,
    /// Concept drift: how good the score was on both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceReport>,
    /// Which rows of its own data the baseline's scores are of, where the baseline is a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_scores: Option<ScoredRows>,
    /// What was compared, by digest; absent in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Sides<ReportInput>>,
    /// The settings beside the thresholds; absent in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ReportSettings>,
}

/// The same thing on the two sides of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sides<T> {
    /// Value of the baseline.
    pub baseline: T,
    /// Value of the current side.
    pub current: T,
}

/// The thresholds a check was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// PSI from which a feature warns.
    pub warn_psi: f64,
    /// PSI from which a feature fails.
    pub fail_psi: f64,
    /// Rows below which a side is called small.
    pub min_rows: u64,
    /// The sizes from which the rules beside PSI warn and fail.
    #[serde(flatten)]
    pub sizes: SizeThresholds,
    /// Features with thresholds of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_feature: BTreeMap<String, FeatureThresholds>,
}

impl Thresholds {
    /// Returns those of features without thresholds of their own.
    #[must_use]
    pub const fn general(&self) -> FeatureThresholds {
        FeatureThresholds {
            warn_psi: self.warn_psi,
            fail_psi: self.fail_psi,
            sizes: self.sizes,
        }
    }
}

/// The thresholds of one feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FeatureThresholds {
    /// PSI from which the feature warns.
    pub warn_psi: f64,
    /// PSI from which the feature fails.
    pub fail_psi: f64,
    /// The sizes from which the rules beside PSI warn and fail.
    #[serde(flatten)]
    pub sizes: SizeThresholds,
}

/// The sizes from which the rules beside PSI warn and fail. Each counts only beyond chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SizeThresholds {
    /// Distance in standard deviations of the baseline from which a feature warns.
    pub warn_distance: f64,
    /// The same to fail.
    pub fail_distance: f64,
    /// How many times as frequent, or as rare, a single value must have become to warn.
    pub warn_share_ratio: f64,
    /// The same to fail.
    pub fail_share_ratio: f64,
    /// Share of current values where the baseline has none, from which a feature warns; and the
    /// share that a single value must have on either side for its ratio to warn.
    pub warn_new_share: f64,
    /// The same to fail.
    pub fail_new_share: f64,
}

impl Default for SizeThresholds {
    fn default() -> Self {
        Self {
            warn_distance: 0.05,
            fail_distance: 0.5,
            warn_share_ratio: 1.5,
            fail_share_ratio: 4.0,
            warn_new_share: 0.01,
            fail_new_share: 0.1,
        }
    }
}

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

/// Something found beside a feature's drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is. OK is for information.
    pub status: Status,
    /// Which kind of finding.
    pub kind: FindingKind,
    /// The column it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// In words, with the figures.
    pub message: String,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The current side lacks a column of the baseline.
    AbsentColumn,
    /// A number column became text, or the other way round.
    TypeChange,
    /// The current side has the column and not one value.
    AllMissing,
    /// Rows that say the header again: files were put together.
    HeaderRows,
    /// Values among numbers that are not numbers.
    Unparsable,
    /// Numbers are written otherwise than programs read them, and how they were read.
    NumberFormat,
    /// An identifier of the baseline that is not unique in the current side.
    RepeatedIdentifier,
    /// What looks like an identifier, but is not named so, has other values on the current side.
    LikelyIdentifier,
    /// Infinite numbers that the baseline did not have, or more of them.
    Infinities,
    /// Only one value where the baseline has several.
    Constant,
    /// Texts that the baseline never had.
    UnseenCategories,
    /// The distribution moved by a number of standard deviations.
    Distance,
    /// Values beyond the baseline's range.
    OutOfRange,
    /// Values where the baseline has a gap, or a value of its own that it hardly had.
    NewMode,
    /// A single value became several times as frequent, or as rare.
    ShareRatio,
    /// Categories that seem to have changed their names.
    Recoding,
    /// One side writes codes with leading zeros, the other without.
    LeadingZeros,
    /// The current side writes the same values otherwise.
    Spelling,
    /// Fewer rows than `min_rows`.
    FewRows,
    /// The share of missing values moved beyond chance.
    MissingShare,
    /// The quality of the score fell, or could not be judged.
    Performance,
    /// Which rows of its own data a model's scores are of.
    BaselineScores,
    /// The current side has a column that the baseline lacks.
    ExtraColumn,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::AbsentColumn,
        Self::TypeChange,
        Self::AllMissing,
        Self::HeaderRows,
        Self::Unparsable,
        Self::NumberFormat,
        Self::RepeatedIdentifier,
        Self::LikelyIdentifier,
        Self::Infinities,
        Self::Constant,
        Self::UnseenCategories,
        Self::Distance,
        Self::OutOfRange,
        Self::NewMode,
        Self::ShareRatio,
        Self::Recoding,
        Self::LeadingZeros,
        Self::Spelling,
        Self::FewRows,
        Self::MissingShare,
        Self::Performance,
        Self::ExtraColumn,
    ];

    /// Returns the name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AbsentColumn => "absent_column",
            Self::TypeChange => "type_change",
            Self::AllMissing => "all_missing",
            Self::HeaderRows => "header_rows",
            Self::Unparsable => "unparsable",
            Self::NumberFormat => "number_format",
            Self::RepeatedIdentifier => "repeated_identifier",
            Self::LikelyIdentifier => "likely_identifier",
            Self::Infinities => "infinities",
            Self::Constant => "constant",
            Self::UnseenCategories => "unseen_categories",
            Self::Distance => "distance",
            Self::OutOfRange => "out_of_range",
            Self::NewMode => "new_mode",
            Self::ShareRatio => "share_ratio",
            Self::Recoding => "recoding",
            Self::LeadingZeros => "leading_zeros",
            Self::Spelling => "spelling",
            Self::FewRows => "few_rows",
            Self::MissingShare => "missing_share",
            Self::Performance => "performance",
            Self::BaselineScores => "baseline_scores",
            Self::ExtraColumn => "extra_column",
        }
    }
}

/// A column that is no feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Name of the column.
    pub column: String,
    /// What it is taken for.
    pub role: Role,
    /// Why, in words.
    pub reason: String,
}

/// What a column is, if it is no feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The outcome.
    Label,
    /// The model's output.
    Score,
    /// Identifies a row or a customer.
    Id,
    /// A date or a time.
    Date,
    /// Prose: another text in nearly every row.
    FreeText,
    /// The user said so.
    Excluded,
}

impl Role {
    /// Returns the name used in JSON and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Score => "score",
            Self::Id => "id",
            Self::Date => "date",
            Self::FreeText => "free_text",
            Self::Excluded => "excluded",
        }
    }
}

/// How good the score was on both sides, and what that means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerformanceReport {
    /// The verdict on the fall of the judged metrics.
    pub status: Status,
    /// Why, in words; empty when OK.
    pub reasons: Vec<String>,
    /// The label column.
    pub label: String,
    /// The value of the label that means churned.
    pub positive: String,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// The baseline's figures.
    pub baseline: Performance,
    /// The current side's figures.
    pub current: Performance,
}
