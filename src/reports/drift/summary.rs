//! The drift report in at most 4,096 bytes, for Kubernetes' termination message.

use super::{alarm, verdict};
use crate::drift::report::{DriftReport, Status};

/// Most bytes that Kubernetes keeps of a termination message.
pub const MOST_BYTES: usize = 4096;
/// Longest first line; `kubectl describe pod` shows it first.
const LONGEST_LINE: usize = 300;

/// Returns the summary, worst first: `FAIL: contract PSI 0.410 (threshold 0.25); tenure all missing`,
/// then what it is about and a line for each thing at fault. Ends at a whole line where it can.
#[must_use]
pub fn text(report: &DriftReport) -> String {
    let behind = verdict::headlines(report, Status::Warn);
    let mut first = format!("{}:", report.status);
    let mut named = 0;
    for (_, headline) in &behind {
        if named > 0 && first.len() + headline.len() + 2 > LONGEST_LINE {
            break;
        }
        let joint = if named == 0 { " " } else { "; " };
        first = first + joint + headline;
        named += 1;
    }
    match behind.len() - named {
        0 if named == 0 => first = format!("{}: {}", report.status, verdict::sentence(report)),
        0 => {}
        more => first += &format!("; and {more} more"),
    }
    let mut lines = vec![first];
    if named > 0 {
        lines.push(verdict::sentence(report));
    }
    lines.push(format!(
        "model {}, baseline {} ({} rows), current {} ({} rows)",
        crate::text::shorten(&report.model, 80),
        crate::text::shorten(&report.baseline, 200),
        report.rows.baseline,
        crate::text::shorten(&report.current, 200),
        report.rows.current,
    ));
    lines.extend(alarm::lines(report));
    lines.extend(
        behind
            .iter()
            .map(|(status, headline)| format!("{status}  {headline}")),
    );
    cut(&lines)
}

/// Joins lines up to [`MOST_BYTES`]; what doesn't fit is counted in the last line.
fn cut(lines: &[String]) -> String {
    // Longer than any "... and N more" can be.
    const ROOM: usize = 40;
    let whole = lines.join("\n") + "\n";
    if whole.len() <= MOST_BYTES {
        return whole;
    }
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        if text.len() + line.len() + 1 + ROOM > MOST_BYTES {
            if at == 0 {
                text.push_str(&line[..line.floor_char_boundary(MOST_BYTES - ROOM - 1)]);
                text.push('\n');
            }
            text.push_str(&format!("... and {} more\n", lines.len() - at.max(1)));
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;
    use crate::text::visible;

    #[test]
    fn the_first_line_says_what_failed() {
        let text = text(&sample::failing());
        assert!(
            text.starts_with("FAIL: contract PSI 0.410 (threshold 0.25); tenure all missing; "),
            "{text}"
        );
    }

    #[test]
    fn an_ok_summary_is_two_lines() {
        assert_eq!(
            text(&sample::calm()),
            "OK: none of 1 feature drifted; highest: total_charges PSI 0.021 (threshold 0.1)\n\
             model telco, baseline examples/data/telco_baseline.csv (7043 rows), current \
             examples/data/telco_shifted.csv (2000 rows)\n"
        );
    }

    #[test]
    fn never_more_than_4096_bytes_and_what_is_cut_is_counted() {
        let mut report = sample::wide(1000, 3);
        let text_of_many = text(&report);
        assert!(text_of_many.len() <= MOST_BYTES);
        assert!(text_of_many.len() > MOST_BYTES - 200);
        let last = text_of_many.lines().last().expect("lines");
        assert!(
            last.starts_with("... and ") && last.ends_with(" more"),
            "{last}"
        );
        report.baseline = "解".repeat(5000);
        for feature in &mut report.features {
            feature.feature = "約".repeat(3000);
        }
        assert!(text(&report).len() <= MOST_BYTES);
    }

    #[test]
    fn a_first_line_that_is_too_long_is_cut_between_characters() {
        let text = cut(&["解".repeat(3000), "b".to_owned()]);
        assert!(text.len() <= MOST_BYTES);
        assert!(text.ends_with("解\n... and 1 more\n"));
    }

    #[test]
    fn nothing_from_the_data_can_steer_a_terminal() {
        let text = text(&sample::failing()).replace('\n', "");
        assert_eq!(visible(&text), text.as_str());
    }
}
