//! Which features a table or text for people shows. Reports for programs hold all.

use crate::drift::report::{DriftReport, FeatureReport, Status};
use crate::reports::format::counted;

/// What to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The worst so many features; all if none.
    pub top: Option<usize>,
    /// Only features that warn or fail.
    pub only_drifted: bool,
    /// Columns of the terminal; 0 if nothing is known of it.
    pub width: usize,
}

/// Longest name of a feature at 80 columns, so that the reasons keep room.
const LONGEST_NAME: usize = 24;

impl View {
    /// Returns the features to show, worst first as in the report.
    pub(super) fn features<'a>(&self, report: &'a DriftReport) -> Vec<&'a FeatureReport> {
        let wanted = report.features.iter().filter(|one| self.wants(one));
        wanted.take(self.top.unwrap_or(usize::MAX)).collect()
    }

    /// Returns the score, if it is to be shown. It doesn't count among the features.
    pub(super) fn score<'a>(&self, report: &'a DriftReport) -> Option<&'a FeatureReport> {
        report.score.as_ref().filter(|score| self.wants(score))
    }

    fn wants(&self, feature: &FeatureReport) -> bool {
        !self.only_drifted || matches!(feature.status, Status::Warn | Status::Fail)
    }

    /// Returns what to say of the features that are not shown; nothing if all are.
    pub(super) fn note(&self, report: &DriftReport) -> Option<String> {
        let hidden = report.features.len() - self.features(report).len();
        (hidden > 0).then(|| {
            let flags = match (self.top, self.only_drifted) {
                (Some(_), true) => "--top, --only",
                (Some(_), false) => "--top",
                (None, _) => "--only",
            };
            let counted = counted(hidden as u64, "feature", "features");
            format!("not shown: {counted} ({flags})")
        })
    }

    /// Returns how long a name may be: a wide terminal shares what it has beyond 80 columns between
    /// names and reasons.
    pub(super) fn longest_name(&self) -> usize {
        LONGEST_NAME + self.width.saturating_sub(80) * 3 / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn the_worst_stand_first_and_the_rest_is_counted() {
        // The sample has seven features: three that fail, one that warns, three that are OK.
        let report = sample::failing();
        let names = |view: View| {
            let shown = view.features(&report);
            shown
                .iter()
                .map(|one| one.feature.clone())
                .collect::<Vec<_>>()
        };
        let all = names(View::default());
        assert_eq!((all.len(), View::default().note(&report)), (7, None));
        let top = View {
            top: Some(2),
            ..View::default()
        };
        assert_eq!(names(top), all[..2]);
        assert_eq!(
            top.note(&report).as_deref(),
            Some("not shown: 5 features (--top)")
        );
        let drifted = View {
            only_drifted: true,
            ..View::default()
        };
        let expected = report
            .features
            .iter()
            .filter(|one| one.status > Status::TooFewRows);
        assert_eq!(names(drifted).len(), expected.count());
        assert!(names(drifted).len() < 7 && drifted.note(&report).is_some());
    }

    #[test]
    fn names_are_whole_where_there_is_room() {
        let longest = |width| {
            View {
                width,
                ..View::default()
            }
            .longest_name()
        };
        assert_eq!([0, 60, 80, 120, 200].map(longest), [24, 24, 24, 54, 114]);
    }
}
