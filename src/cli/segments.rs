//! The words about segments, which `drift` and `profile` share.

use std::num::NonZeroUsize;

use clap::Args;

use super::columns::checked;
use crate::profile::Cut;
use crate::settings::Flags;

const SEGMENTS: &str = "Segments";

/// How data are cut into segments.
#[derive(Debug, Clone, Args)]
pub(super) struct SegmentArgs {
    /// Look at segments, each by itself: columns (contract,region) or a condition ('tenure < 12')
    ///
    /// Columns make a segment of each combination of their values. A condition makes two: the rows of which it is
    /// true, and all others. Conditions are `<`, `<=`, `>`, `>=`, `=`, `!=` with a number or a text, `in (a, b)`
    /// and `is missing`, joined by `and`; names and texts with signs in them stand in quotation marks. May be
    /// repeated: each is a cut of its own.
    #[arg(long, value_name = "COLUMNS|CONDITION", value_parser = checked::<Cut>, help_heading = SEGMENTS)]
    by: Option<Vec<String>>,

    /// How many segments each --by may make; 1000 if not given
    ///
    /// More are an error that says how many there are: memory grows with them, and what has a segment for
    /// nearly every row does not group rows.
    #[arg(long, value_name = "N", help_heading = SEGMENTS)]
    max_segments: Option<NonZeroUsize>,
}

impl SegmentArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.many("drift.by", self.by.as_ref());
        flags.one("drift.max_segments", self.max_segments);
    }
}
