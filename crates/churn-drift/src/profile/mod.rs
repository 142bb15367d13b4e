//! One data set in, one mergeable summary out.

mod column;
mod count;
mod count_plan;
mod counter;
mod digest;
mod distinct;
mod document;
mod grid;
mod grouped;
mod ordinal;
mod pushdown;
mod rare;
mod scale;
mod settled;
mod spellings;
mod spread;
mod sums;
mod texts;
mod understood;
mod values;
mod view;

pub use column::Column;
pub(crate) use count::position;
pub use count::{count, explain, profile};
pub use count_plan::{CountColumn, CountOutcome, CountPlan, Counted};
pub(crate) use counter::ColumnCounter;
pub use counter::{MAX_NUMBERS, MAX_TEXTS};
pub(crate) use document::merge_outcomes;
pub use document::{HeaderRows, Outcome, Profile, Roles, SCHEMA_VERSION, ScoredRows, Shards};
pub use grouped::{Grouped, MAX_PIECES, TimeGrouping, TimesRead, count_grouped};
pub use pushdown::Explained;
pub use rare::{RARE, pool_rare};
pub use scale::Scale;
pub use understood::POOLED_NUMBERS;
pub use understood::View;
pub use view::{Categories, Cell, Kind, Numbers};
