//! The part of `churnctl drift` that cuts both sides into segments.

use crate::drift::Segmentation;
use crate::drift::segments::SegmentsReport;
use crate::history::Head;
use crate::profile::Cut;
use crate::settings::DriftSettings;

/// Returns how both sides are to be cut; none if they are not.
pub(super) fn from_settings(settings: &DriftSettings) -> Option<Segmentation> {
    let segmentation = Segmentation {
        cuts: settings.by.clone(),
        max_segments: settings.max_segments.get(),
    };
    Some(segmentation).filter(|segmentation| !segmentation.cuts.is_empty())
}

/// Returns how the pieces of a history were cut; none if they were not.
///
/// # Errors
/// Says which cut cannot be read.
pub(super) fn of_history(head: &Head) -> Result<Option<Segmentation>, String> {
    let cut = |by: &String| by.parse().map_err(|error| format!("{error}"));
    let cuts: Vec<Cut> = head
        .shape
        .by
        .iter()
        .map(cut)
        .collect::<Result<_, String>>()?;
    let most = head.judging.max_segments.unwrap_or_default();
    let max_segments = usize::try_from(most).unwrap_or(usize::MAX);
    let segmentation = Segmentation { cuts, max_segments };
    Ok(Some(segmentation).filter(|segmentation| !segmentation.cuts.is_empty()))
}

/// Returns how both sides were cut for a report.
///
/// # Errors
/// Says which cut cannot be read.
pub(super) fn of_report(report: &SegmentsReport) -> Result<Segmentation, String> {
    let cut = |by: &str| by.parse().map_err(|error| format!("{error}"));
    Ok(Segmentation {
        cuts: report
            .cuts
            .iter()
            .map(|known| cut(&known.by))
            .collect::<Result<_, String>>()?,
        max_segments: usize::try_from(report.max_segments)
            .map_err(|_| "\"max_segments\" is not a count".to_owned())?,
    })
}
