//! The drift report as GitHub's annotations: one for each thing behind the verdict.

use super::verdict;
use crate::drift::report::{DriftReport, Status};
use crate::reports::github::{Annotation, Level, commands};

/// Returns the annotations, the worst first, ten at most; none if all is well.
#[must_use]
pub fn text(report: &DriftReport) -> String {
    let title = format!("drift of {}: {}", report.model, report.status);
    let worst = report.worst_of_parts();
    let annotation = |(status, headline): (Status, String)| Annotation {
        level: match status.min(worst) {
            Status::Fail => Level::Error,
            Status::Warn => Level::Warning,
            Status::Ok | Status::TooFewRows => Level::Notice,
        },
        file: String::new(),
        line: None,
        column: None,
        title: title.clone(),
        message: headline,
    };
    let behind = verdict::headlines(report, Status::Warn);
    commands(behind.into_iter().map(annotation).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn what_fails_is_an_error_and_what_warns_a_warning() {
        let report = sample::failing();
        let text = text(&report);
        let behind = verdict::headlines(&report, Status::Warn);
        let (errors, warnings) = (
            text.matches("::error ").count(),
            text.matches("::warning ").count(),
        );
        assert_eq!(errors + warnings, behind.len().min(10), "{text}");
        assert!(text.starts_with("::error title=drift of "), "{text}");
    }
}
