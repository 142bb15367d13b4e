//! HTML pages: the frame with its style, and plots as SVG.

pub mod frame;
pub mod heat;
pub mod series;
pub mod svg;
pub mod timeline;

pub use frame::{Html, Page};
