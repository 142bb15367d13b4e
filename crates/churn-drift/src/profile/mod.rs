//! One data set in, one mergeable summary out.

mod column;
mod count;
mod counter;
mod digest;
mod distinct;
mod document;
mod grid;
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
pub use count::{CountColumn, CountOutcome, CountPlan, Counted, count, explain, profile};
pub use counter::{MAX_NUMBERS, MAX_TEXTS};
pub use document::{HeaderRows, Outcome, Profile, Roles, SCHEMA_VERSION, ScoredRows, Shards};
pub use pushdown::Explained;
pub use rare::{RARE, pool_rare};
pub use scale::Scale;
pub use understood::POOLED_NUMBERS;
pub use understood::View;
pub use view::{Categories, Cell, Kind, Numbers};
