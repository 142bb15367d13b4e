//! The pieces of time that earlier runs have counted, kept in a folder: a run reads what is new and takes the
//! rest from here. How windows are made of pieces and judged is the affair of `drift/`.
//!
//! ```text
//! history.json                 what all pieces have in common, and how they were last judged
//! baseline-1a2b3c4d.json.zst   the baseline's profile
//! 00000012-9f8e7d6c.pieces     what one run has added, or several together; and predictions until their labels come
//! marks.jsonl                  what people and programs have noted on the time line
//! lock                         held by a run from its first look at the folder to its last word
//! ```

mod assemble;
mod folder;
mod head;
mod marks;
mod packing;
mod predictions;
mod segment;
mod source;
mod sums;

pub use folder::{Compacted, History, Lock};
pub use head::{BaselineUse, CountedLabels, Head, Judging, LastJoin, Shape};
pub use marks::{Mark, MarkKind};
pub use predictions::PredictionPart;
pub use source::{Recorded, Source, SourceState};
