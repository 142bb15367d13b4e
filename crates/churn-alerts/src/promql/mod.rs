//! PromQL expressions: parsed, walked, and what is known of their results without data: labels,
//! ranges of values, how many series. The parser gives no places, so the words are found again in
//! the text by a scanner of our own.

mod annotate;
mod at;
mod binary;
mod budget;
mod call;
mod facts;
mod infer;
mod interval;
mod kind;
mod labels;
mod limits;
mod newer;
mod parse;
mod part;
mod pattern;
mod quoting;
mod scan;
mod selectors;
mod shape;
mod slip;
mod tree;
mod walk;

pub use annotate::labels_of;
pub use at::as_of_evaluation;
pub use budget::check_size;
pub use facts::Facts;
pub use kind::{Evidence, Kind};
pub use labels::LabelSet;
pub use newer::Need;
pub use parse::{needs, parse};
pub use pattern::Pattern;
pub use quoting::{quoted, unquoted};
pub use scan::{Token, TokenKind, scan};
pub use selectors::{metrics, selector_of, selectors};
pub use shape::{Presence, Shape};
pub use slip::slip;
pub use tree::{Tree, is_quoted, words_within};
pub use walk::{RATES, any, bare, calls, children, compares, walk};
