//! A figure over time as SVG: a line with its interval, thresholds, and marks on the time line. Colours are the
//! page's; every text is escaped here.

use std::fmt::Write as _;

use super::frame::Html;
use super::svg::{Caption, Tick, escape};
use crate::text::{shorten, width};

/// The figure at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its value.
    pub value: f64,
    /// The interval around it; the value twice where there is none.
    pub interval: (f64, f64),
    /// `FAIL` and `WARN` are marked.
    pub class: &'static str,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The points at equal distances; none where nothing is known.
    pub points: &'a [Option<Point>],
    /// Where it warns and fails.
    pub limits: Option<(f64, f64)>,
    /// Names of some times; `at` is a share of the whole.
    pub ticks: &'a [Tick],
    /// Shares of the whole time at which something happened.
    pub marks: &'a [f64],
}

const WIDE: f64 = 480.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 8.0;
const BASE: f64 = 104.0;
const TALL: f64 = 124.0;

/// Draws a figure over time.
#[must_use]
pub fn series(caption: &Caption<'_>, series: &Series<'_>) -> Html {
    let (low, high) = range(series);
    let room = WIDE - LEFT - 6.0;
    let count = series.points.len().max(1) as f64;
    let x = |at: usize| room * (at as f64 + 0.5) / count + LEFT;
    let y = |value: f64| {
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        BASE - (BASE - TOP) * share
    };
    // Writing to a String cannot fail.
    let mut svg = format!(
        "<svg class=\"series\" viewBox=\"0 0 {WIDE} {TALL}\" role=\"img\" aria-labelledby=\"{0}t {0}d\">\
         <title id=\"{0}t\">{1}</title><desc id=\"{0}d\">{2}</desc>",
        caption.id,
        escape(caption.title),
        escape(caption.description)
    );
    for value in [low, high] {
        let _ = write!(
            svg,
            "<path class=\"g\" d=\"M{LEFT} {0:.1}H{1}\"/><text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>",
            y(value),
            WIDE - 6.0,
            LEFT - 5.0,
            y(value) + 4.0,
            figure(value)
        );
    }
    if let Some((warn, fail)) = series.limits {
        for (class, limit) in [("lw", warn), ("lf", fail)] {
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"M{LEFT} {:.1}H{}\"/>",
                y(limit),
                WIDE - 6.0
            );
        }
    }
    for share in series.marks {
        let at = LEFT + room * share.clamp(0.0, 1.0);
        let _ = write!(svg, "<path class=\"m\" d=\"M{at:.1} {TOP}V{BASE}\"/>");
    }
    band(&mut svg, series.points, &x, &y);
    line(&mut svg, series.points, &x, &y);
    names(&mut svg, series.ticks, room);
    svg.push_str("</svg>");
    Html::trusted(svg)
}

/// The interval, one shape for each stretch without a gap.
fn band(
    svg: &mut String,
    points: &[Option<Point>],
    x: &dyn Fn(usize) -> f64,
    y: &dyn Fn(f64) -> f64,
) {
    let mut path = String::new();
    let mut at = 0;
    while at < points.len() {
        let stretch: Vec<(usize, Point)> = (at..points.len())
            .map_while(|at| Some((at, points[at]?)))
            .collect();
        at += stretch.len() + 1;
        let is_wide = |(_, point): &(usize, Point)| point.interval.1 > point.interval.0;
        if !stretch.iter().any(is_wide) {
            continue;
        }
        let upper = stretch.iter().map(|(at, point)| (*at, point.interval.1));
        let lower = stretch
            .iter()
            .rev()
            .map(|(at, point)| (*at, point.interval.0));
        for (index, (at, value)) in upper.chain(lower).enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", x(at), y(value));
        }
        path.push('z');
    }
    if !path.is_empty() {
        let _ = write!(svg, "<path class=\"band\" d=\"{path}\"/>");
    }
}

/// The line, broken where nothing is known, and a sign on each point that warns or fails.
fn line(
    svg: &mut String,
    points: &[Option<Point>],
    x: &dyn Fn(usize) -> f64,
    y: &dyn Fn(f64) -> f64,
) {
    let (mut path, mut warned, mut failed) = (String::new(), String::new(), String::new());
    let mut before = false;
    for (at, point) in points.iter().enumerate() {
        let Some(point) = point else {
            before = false;
            continue;
        };
        let (x, y) = (x(at), y(point.value));
        match before {
            true => drop(write!(path, "L{x:.1} {y:.1}")),
            // A point without neighbours is seen, too.
            false => drop(write!(path, "M{x:.1} {y:.1}h.1")),
        }
        before = true;
        // Told apart by more than the colour.
        match point.class {
            "FAIL" => drop(write!(failed, "M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5)),
            "WARN" => drop(write!(warned, "M{x:.1} {:.1}l4 4l-4 4l-4-4z", y - 4.0)),
            _ => {}
        }
    }
    for (class, path) in [("s", path), ("dw", warned), ("df", failed)] {
        if !path.is_empty() {
            let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
        }
    }
}

fn names(svg: &mut String, ticks: &[Tick], room: f64) {
    let mut free_from = 0.0;
    for tick in ticks {
        let text = shorten(&tick.text, 24);
        let half = width(&text) as f64 * 3.5 + 4.0;
        let middle = LEFT + room * tick.at.clamp(0.0, 1.0);
        let middle = middle.min(WIDE - half).max(half);
        if middle - half >= free_from {
            free_from = middle + half;
            let _ = write!(
                svg,
                "<text x=\"{middle:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                BASE + 16.0,
                escape(&text)
            );
        }
    }
}

/// From where to where: thresholds are seen, and what has none fills the plot.
fn range(series: &Series<'_>) -> (f64, f64) {
    let points = || series.points.iter().flatten();
    let high = points().map(|point| point.interval.1.max(point.value));
    let high = high
        .filter(|value| value.is_finite())
        .fold(f64::NEG_INFINITY, f64::max);
    let low = points().map(|point| point.interval.0.min(point.value));
    let low = low
        .filter(|value| value.is_finite())
        .fold(f64::INFINITY, f64::min);
    if let Some((_, fail)) = series.limits {
        let top = high.max(fail * 1.2);
        return (0.0, if top > 0.0 { top } else { 1.0 });
    }
    if low > high {
        return (0.0, 1.0);
    }
    let pad = ((high - low) * 0.08).max(0.005);
    (low - pad, high + pad)
}

fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 10.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64, class: &'static str) -> Option<Point> {
        Some(Point {
            value,
            interval: (value - 0.01, value + 0.01),
            class,
        })
    }

    #[test]
    fn a_line_breaks_where_nothing_is_known_and_signs_what_failed() {
        let caption = Caption {
            id: "s1",
            title: "<b>",
            description: "a & b",
        };
        let tick = Tick {
            at: 9.0,
            text: "<i>".to_owned(),
        };
        let points = [
            point(0.1, "OK"),
            point(0.3, "FAIL"),
            None,
            point(0.15, "WARN"),
            point(f64::NAN, "OK"),
        ];
        let drawn = Series {
            points: &points,
            limits: Some((0.1, 0.25)),
            ticks: &[tick],
            marks: &[0.5],
        };
        let svg = series(&caption, &drawn).into_string();
        assert!(!svg.contains("<b>") && !svg.contains("<i>"), "{svg}");
        let line = svg.split("class=\"s\" d=\"").nth(1).expect("a line");
        let line = line.split('"').next().expect("its end");
        assert_eq!(line.matches('M').count(), 2, "{line}");
        assert_eq!(svg.matches("h7v7h-7z").count(), 1);
        assert_eq!(svg.matches("l4 4l-4 4l-4-4z").count(), 1);
        assert!(svg.contains("class=\"lw\"") && svg.contains("class=\"lf\""));
        assert!(svg.contains("class=\"m\"") && svg.contains("class=\"band\""));
    }

    #[test]
    fn ninety_points_take_less_than_three_kilobytes_and_none_is_still_a_plot() {
        let caption = Caption {
            id: "s",
            title: "t",
            description: "d",
        };
        let points: Vec<Option<Point>> = (0..90)
            .map(|at| {
                let value = f64::from(at) / 90.0;
                Some(Point {
                    value,
                    interval: (value, value),
                    class: "FAIL",
                })
            })
            .collect();
        let drawn = Series {
            points: &points,
            limits: Some((0.1, 0.25)),
            ticks: &[],
            marks: &[],
        };
        let svg = series(&caption, &drawn).into_string();
        assert!(svg.len() < 3_800, "{}", svg.len());
        let nothing = Series {
            points: &[],
            limits: None,
            ..drawn
        };
        assert!(series(&caption, &nothing).as_str().ends_with("</svg>"));
    }
}
