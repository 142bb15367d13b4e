//! What a check found, each thing by its kind.

use serde::{Deserialize, Serialize};

use super::status::Status;

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
    /// The order of the columns by what they add to the score is another.
    AttributionDrift,
    /// The rows of both sides can be told apart.
    DomainClassifier,
    /// Two columns hang together otherwise.
    CorrelationChange,
    /// Rows of the current side are rows of the baseline, value for value.
    SharedRows,
    /// The model did not score the current side.
    NotScored,
    /// Which rows of its own data a model's scores are of.
    BaselineScores,
    /// The current side has a column that the baseline lacks.
    ExtraColumn,
    /// An alarm policy was asked for, and this is what it did.
    Alarm,
    /// A window of time drifted.
    Window,
    /// A window of time without a row.
    EmptyWindow,
    /// Pieces of time without a row, of which windows are made.
    MissingPieces,
    /// All rows lie in one window of time.
    OneWindow,
    /// A segment drifted.
    Segment,
    /// A segment that the baseline does not have.
    NewSegment,
    /// A segment of the baseline that is gone.
    VanishedSegment,
    /// Rows without a time that can be read.
    UnreadableTime,
    /// Rows whose time has not come.
    FutureTime,
    /// Some times name their zone, others don't.
    MixedZones,
    /// No label lies in the window of a prediction.
    UnmatchedLabels,
    /// Labels of one prediction that contradict each other.
    ConflictingLabels,
    /// Labels that several predictions share, or predictions with several that agree.
    RepeatedLabels,
    /// Labels and predictions without a key, a time or a value.
    UnreadableLabels,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 43] = [
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
        Self::AttributionDrift,
        Self::DomainClassifier,
        Self::CorrelationChange,
        Self::SharedRows,
        Self::NotScored,
        Self::BaselineScores,
        Self::ExtraColumn,
        Self::Alarm,
        Self::Window,
        Self::EmptyWindow,
        Self::MissingPieces,
        Self::OneWindow,
        Self::Segment,
        Self::NewSegment,
        Self::VanishedSegment,
        Self::UnreadableTime,
        Self::FutureTime,
        Self::MixedZones,
        Self::UnmatchedLabels,
        Self::ConflictingLabels,
        Self::RepeatedLabels,
        Self::UnreadableLabels,
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
            Self::AttributionDrift => "attribution_drift",
            Self::DomainClassifier => "domain_classifier",
            Self::CorrelationChange => "correlation_change",
            Self::SharedRows => "shared_rows",
            Self::NotScored => "not_scored",
            Self::BaselineScores => "baseline_scores",
            Self::ExtraColumn => "extra_column",
            Self::Alarm => "alarm",
            Self::Window => "window",
            Self::EmptyWindow => "empty_window",
            Self::MissingPieces => "missing_pieces",
            Self::OneWindow => "one_window",
            Self::Segment => "segment",
            Self::NewSegment => "new_segment",
            Self::VanishedSegment => "vanished_segment",
            Self::UnreadableTime => "unreadable_time",
            Self::FutureTime => "future_time",
            Self::MixedZones => "mixed_zones",
            Self::UnmatchedLabels => "unmatched_labels",
            Self::ConflictingLabels => "conflicting_labels",
            Self::RepeatedLabels => "repeated_labels",
            Self::UnreadableLabels => "unreadable_labels",
        }
    }
}
