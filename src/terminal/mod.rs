//! The only place that asks the terminal: formats, colour, width, tables, errors, messages, progress.
//!
//! It knows no type of the floors above: who has something to show brings [`crate::cells::Table`] or
//! anything that serde can serialise.

mod choices;
mod confirm;
mod documents;
mod errors;
mod messages;
mod paint;
mod progress;
mod stage;
mod surroundings;
mod table;
mod wrap;

pub use choices::{Color, Format, FormatChoice, LogFormat, ProgressMode, Verbosity};
pub use confirm::{choose, choose_some, confirm};
pub use documents::{Document, exact_json, exact_yaml, json, yaml};
pub use errors::render_error;
pub use messages::{Messages, OutputOptions};
pub use paint::Paint;
pub use surroundings::{Surroundings, restore_cursor};
pub use table::{draw, plain};
pub use wrap::wrap;
