//! A time line as SVG: lanes below each other, each with the spans in which something was so.
//! Colours are the page's; every text is escaped here.

use std::fmt::Write as _;

use super::frame::Html;
use super::svg::{Caption, Tick, escape};
use crate::text::{shorten, width};

/// One lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What it is called.
    pub label: String,
    /// The class of its spans, by which the page gives them a colour.
    pub class: &'static str,
    /// Begin and end of each span, as shares of the whole time, 0 to 1.
    pub spans: Vec<(f64, f64)>,
    /// Spans in which nothing is known.
    pub unknown: Vec<(f64, f64)>,
}

const WIDE: f64 = 960.0;
const ROW: f64 = 22.0;
/// A span is at least this wide: five minutes of a month are seen, too.
const THINNEST: f64 = 1.5;

/// Draws the lanes over one time. `at` of a tick is a share of the whole time.
#[must_use]
pub fn timeline(caption: &Caption<'_>, lanes: &[Lane], ticks: &[Tick]) -> Html {
    let names = lanes.iter().map(|lane| width(&shorten(&lane.label, 34)));
    let left = (names.max().unwrap_or(0) as f64).mul_add(7.6, 8.0);
    let room = WIDE - left - 4.0;
    let x = |share: f64| {
        left + room
            * if share.is_finite() {
                share.clamp(0.0, 1.0)
            } else {
                0.0
            }
    };
    let base = ROW * lanes.len() as f64 + 2.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDE} {:.0}\" role=\"img\" aria-labelledby=\"{1}t {1}d\">\
         <title id=\"{1}t\">{2}</title><desc id=\"{1}d\">{3}</desc>",
        base + 22.0,
        caption.id,
        escape(caption.title),
        escape(caption.description)
    );
    for (at, lane) in lanes.iter().enumerate() {
        let top = ROW * at as f64 + 3.0;
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<text class=\"l\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <path class=\"t\" d=\"M{left:.1} {top:.0}h{room:.1}v16h-{room:.1}z\"/>",
            left - 6.0,
            top + 12.0,
            escape(&shorten(&lane.label, 34))
        );
        for (class, spans) in [("u", &lane.unknown), (lane.class, &lane.spans)] {
            let path = path(spans, &x, top);
            if !path.is_empty() {
                let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
            }
        }
    }
    let mut free_from = 0.0;
    for tick in ticks {
        let text = shorten(&tick.text, 20);
        let half = width(&text) as f64 * 3.5 + 4.0;
        let middle = x(tick.at).min(WIDE - half).max(half);
        if middle - half < free_from {
            continue;
        }
        free_from = middle + half;
        let _ = write!(
            svg,
            "<path class=\"g\" d=\"M{:.1} 0V{:.0}\"/>\
             <text x=\"{middle:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            x(tick.at),
            base + 4.0,
            base + 18.0,
            escape(&text)
        );
    }
    svg.push_str("</svg>");
    Html::trusted(svg)
}

/// Spans that would touch on the page are one, so that a lane is never larger than the page is wide.
fn path(spans: &[(f64, f64)], x: &dyn Fn(f64) -> f64, top: f64) -> String {
    let mut drawn: Vec<(f64, f64)> = Vec::new();
    for (start, end) in spans {
        let (start, end) = (x(*start), x(*end));
        let end = end.max(start + THINNEST);
        match drawn.last_mut() {
            Some(last) if start <= last.1 + 0.1 => last.1 = last.1.max(end),
            _ => drawn.push((start, end)),
        }
    }
    let mut path = String::new();
    for (start, end) in drawn {
        let wide = end - start;
        let _ = write!(path, "M{start:.1} {top:.0}h{wide:.1}v16h-{wide:.1}z");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTION: Caption<'_> = Caption {
        id: "t1",
        title: "A <b>",
        description: "fires",
    };

    fn lane(label: &str, spans: &[(f64, f64)]) -> Lane {
        Lane {
            label: label.to_owned(),
            class: "f",
            spans: spans.to_vec(),
            unknown: vec![(0.9, 1.0)],
        }
    }

    #[test]
    fn a_time_line_is_escaped_and_stays_within_its_frame() {
        let evil = "<i onload='x'>\u{1b}";
        let tick = Tick {
            at: 7.0,
            text: evil.to_owned(),
        };
        let lanes = [lane(evil, &[(-1.0, 0.1), (f64::NAN, 2.0)])];
        let svg = timeline(&CAPTION, &lanes, &[tick]);
        let svg = svg.as_str();
        assert!(!svg.contains("<i") && !svg.contains('\u{1b}'), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.ends_with("</svg>"));
    }

    #[test]
    fn many_short_spans_are_drawn_as_what_can_be_told_apart() {
        let spans: Vec<(f64, f64)> = (0..100_000)
            .map(|at| (f64::from(at) / 1e5, (f64::from(at) + 0.5) / 1e5))
            .collect();
        let svg = timeline(&CAPTION, &[lane("a", &spans)], &[]);
        assert!(svg.as_str().len() < 20_000, "{}", svg.as_str().len());
        // One that is shorter than a hair is still there.
        let svg = timeline(&CAPTION, &[lane("a", &[(0.5, 0.500_001)])], &[]);
        assert!(svg.as_str().contains("h1.5v16"), "{svg:?}");
    }
}
