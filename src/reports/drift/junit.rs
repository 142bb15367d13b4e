//! The drift report as JUnit XML: a test case for every feature, and for every finding that
//! belongs to none. FAIL is a failure; WARN passes and says why; what has too few
//! rows to tell is skipped.

use std::fmt::Write as _;

use super::{alarm, segments, verdict, windows};
use crate::drift::report::{DriftReport, FeatureReport, FindingKind, Status};
use crate::text::visible;

struct Case {
    name: String,
    status: Status,
    headline: String,
    reasons: Vec<String>,
}

/// Returns the document, ended by a newline.
#[must_use]
pub fn text(report: &DriftReport) -> String {
    let mut cases = cases(report);
    let worst = report.worst_of_parts();
    for case in &mut cases {
        case.status = case.status.min(worst);
    }
    let failures = cases
        .iter()
        .filter(|case| case.status == Status::Fail)
        .count();
    let skipped = cases
        .iter()
        .filter(|case| case.status == Status::TooFewRows)
        .count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"",
        cases.len()
    );
    let model = escape(&report.model);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"churnctl drift\" {counts}>\n\
         <testsuite name=\"drift of {model}\" {counts} timestamp=\"{}\">\n\
         <properties>\n",
        escape(&report.created_at)
    );
    for (name, value) in [
        ("status", report.status.to_string()),
        ("verdict", verdict::sentence(report)),
        ("baseline", report.baseline.clone()),
        ("current", report.current.clone()),
        ("churnctl_version", report.churnctl_version.clone()),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(
            xml,
            "<property name=\"{name}\" value=\"{}\"/>",
            escape(&value)
        );
    }
    for line in alarm::lines(report) {
        let _ = writeln!(
            xml,
            "<property name=\"alarm\" value=\"{}\"/>",
            escape(&line)
        );
    }
    xml.push_str("</properties>\n");
    for case in &cases {
        write_case(&mut xml, &model, case);
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

fn cases(report: &DriftReport) -> Vec<Case> {
    let compared = |feature: &FeatureReport, name: String| Case {
        name,
        status: feature.status,
        headline: verdict::headline(report, feature),
        reasons: feature.reasons.clone(),
    };
    let features = report
        .features
        .iter()
        .map(|feature| compared(feature, feature.feature.clone()));
    let score = report
        .score
        .iter()
        .map(|score| compared(score, format!("score: {}", score.feature)));
    let windows = windows::listed(&report.windows);
    let windows = windows.iter().filter(|window| window.judged);
    let windows = windows.map(|window| Case {
        name: format!("window {}", window.window),
        status: window.status,
        headline: windows::remark(window),
        reasons: vec![windows::remark(window)],
    });
    let segments = segments::all(report).into_iter().map(|segment| Case {
        name: format!("segment {}", segment.segment),
        status: segment.status,
        headline: segments::remark(segment),
        reasons: vec![segments::remark(segment)],
    });
    // Windows and segments are cases of their own.
    let findings = verdict::findings_apart(report)
        .filter(|finding| finding.kind != FindingKind::Window)
        .filter(|finding| !segments::is_of_segments(finding.kind))
        .map(|finding| Case {
            name: match &finding.feature {
                Some(feature) => format!("{}: {feature}", finding.kind.as_str()),
                None => finding.kind.as_str().to_owned(),
            },
            status: finding.status,
            headline: finding.message.clone(),
            reasons: vec![finding.message.clone()],
        });
    let performance = report.performance.iter().map(|performance| Case {
        name: "performance".to_owned(),
        status: performance.status,
        headline: performance.reasons.join("; "),
        reasons: performance.reasons.clone(),
    });
    windows
        .chain(segments)
        .chain(features)
        .chain(score)
        .chain(findings)
        .chain(performance)
        .collect()
}

fn write_case(xml: &mut String, model: &str, case: &Case) {
    let _ = write!(
        xml,
        "<testcase classname=\"drift.{model}\" name=\"{}\" time=\"0\"",
        escape(&case.name)
    );
    let reasons: Vec<_> = case.reasons.iter().map(|reason| escape(reason)).collect();
    let reasons = reasons.join("\n");
    let _ = match case.status {
        Status::Ok => writeln!(xml, "/>"),
        Status::TooFewRows => writeln!(
            xml,
            ">\n<skipped message=\"{}\"/>\n</testcase>",
            escape(&case.headline)
        ),
        Status::Warn => writeln!(
            xml,
            ">\n<system-out>WARN: {}\n{reasons}</system-out>\n</testcase>",
            escape(&case.headline)
        ),
        Status::Fail => writeln!(
            xml,
            ">\n<failure type=\"drift\" message=\"{}\">{reasons}</failure>\n</testcase>",
            escape(&case.headline)
        ),
    };
}

/// Returns text that is legal in XML 1.0, in an attribute or between tags.
pub(in crate::reports) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // Not characters in XML, not even as references.
            '\u{fffe}' | '\u{ffff}' => {}
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_too_few_rows_is_skipped() {
        let xml = text(&crate::reports::drift::sample::too_few());
        assert!(
            xml.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\""),
            "{xml}"
        );
        let skipped = "<skipped message=\"total_charges: too few rows to tell: chance alone reaches PSI 0.61\"/>";
        assert!(xml.contains(skipped), "{xml}");
    }
    use crate::reports::drift::sample;

    /// Checks that tags nest, attributes are quoted, references are known, characters are legal.
    fn well_formed(xml: &str) -> Result<usize, String> {
        let mut open: Vec<&str> = Vec::new();
        let mut elements = 0;
        let mut rest = xml;
        let text = |text: &str| -> Result<(), String> {
            for part in text.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
                if !known.iter().any(|name| part.starts_with(name)) {
                    return Err(format!("stray & before {part:?}"));
                }
            }
            text.chars()
                .all(|c| c == '\n' || !(c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c)))
                .then_some(())
                .ok_or_else(|| format!("illegal character in {text:?}"))
        };
        while let Some(start) = rest.find('<') {
            text(&rest[..start])?;
            let end = rest[start..].find('>').ok_or("a tag without end")? + start;
            let tag = &rest[start + 1..end];
            rest = &rest[end + 1..];
            if tag.starts_with('?') {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("</{name}> closes nothing"));
                }
                continue;
            }
            if !tag.matches('"').count().is_multiple_of(2) || tag.contains('<') {
                return Err(format!("bad attributes in <{tag}>"));
            }
            text(tag)?;
            elements += 1;
            if !tag.ends_with('/') {
                open.push(tag.split([' ', '\n']).next().unwrap_or_default());
            }
        }
        if open.is_empty() {
            Ok(elements)
        } else {
            Err(format!("left open: {open:?}"))
        }
    }

    #[test]
    fn the_document_is_well_formed_whatever_the_names() {
        let mut report = sample::failing();
        for (at, feature) in report.features.iter_mut().enumerate() {
            feature.feature = format!("]]>\u{0}\u{ffff}\u{b}&#0;<!--{at}\"'");
        }
        assert!(well_formed(&text(&report)).is_ok_and(|elements| elements > 20));
        assert_eq!(
            well_formed(&text(&sample::failing())).map(|n| n > 20),
            Ok(true)
        );
        assert!(
            well_formed("<a b=\"&\"/>").is_err(),
            "the check itself works"
        );
    }

    #[test]
    fn fail_is_a_failure_and_warn_passes_with_a_word() {
        let xml = text(&sample::failing());
        // 7 features, the score, 3 findings apart, performance; of these 3 + 0 + 1 + 1 fail.
        assert!(xml.contains("tests=\"12\" failures=\"5\" errors=\"0\""));
        assert_eq!(xml.matches("<failure ").count(), 5);
        assert_eq!(xml.matches("<system-out>WARN").count(), 3);
        assert!(xml.contains(
            "<testcase classname=\"drift.telco\" name=\"contract\" time=\"0\">\n\
             <failure type=\"drift\" message=\"contract PSI 0.410 (threshold 0.25)\">"
        ));
    }
}
