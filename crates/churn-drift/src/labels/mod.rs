//! Labels that come later than the predictions that they belong to: two data sets joined by key and time,
//! in bounded memory. What the joined labels say of the scores is judged in `drift/`.

mod classes;
mod clock;
mod counts;
mod cutting;
mod hearing;
mod in_database;
mod join;
mod joined;
mod kept;
mod key;
mod later;
mod predictions;
mod record;
mod recording;
mod source;
mod spec;
mod spool;
mod statements;
mod table;
mod tally;
#[cfg(test)]
mod tests;

pub use counts::{LabelCounts, PredictionCounts};
pub use in_database::{InDatabase, join_in_database};
pub use joined::{Joined, JoinedPiece};
pub use later::{BadPredictions, JoinedBy, LaterJoin, LaterJoined, Settled};
pub use predictions::{Join, Joining, listen};
pub use recording::{Predictions, Recording, record};
pub use source::{Labels, read_labels};
pub use spec::{BadJoin, BadUnmatched, JoinColumn, JoinKey, LabelColumns, LabelSpec, Unmatched};
