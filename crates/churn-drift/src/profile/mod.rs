//! One data set in, one mergeable summary out.

mod column;
mod count;
mod count_plan;
mod counter;
mod cut;
mod cut_profile;
mod cut_syntax;
mod digest;
mod distinct;
mod document;
mod grid;
mod grouped;
mod kept;
mod ordinal;
mod outcome;
mod pieces;
mod profiling;
mod pushdown;
mod rare;
mod scale;
mod segment_plans;
mod segmenter;
mod settled;
mod sorter;
mod spellings;
mod spread;
mod sums;
mod texts;
mod understood;
mod values;
mod view;

pub use column::Column;
pub(crate) use count::position;
pub use count::{count, explain};
pub use count_plan::{CountColumn, CountOutcome, CountPlan, Counted};
pub(crate) use counter::ColumnCounter;
pub use counter::{MAX_NUMBERS, MAX_TEXTS};
pub use cut::{Asks, BadCut, Comparison, Cut, Literal, Test};
pub use cut_profile::{CutProfile, SegmentProfile};
pub use digest::grouped_sha256;
pub use document::{
    HeaderRows, Profile, Roles, SCHEMA_VERSION, SCHEMA_VERSION_WITH_SEGMENTS, Shards,
};
pub use grouped::{count_by, count_grouped_part};
pub use kept::BadPiece;
pub(crate) use outcome::merge_outcomes;
pub use outcome::{Outcome, ScoredRows};
pub use pieces::{CutPieces, Grouped, MAX_PIECES, TimeGrouping, TimesRead, no_time_in};
pub use profiling::{profile, profile_by};
pub use pushdown::Explained;
pub use rare::{RARE, pool_rare};
pub use scale::Scale;
pub use segment_plans::SegmentPlans;
pub use understood::POOLED_NUMBERS;
pub use understood::View;
pub use view::{Categories, Cell, Kind, Numbers};
