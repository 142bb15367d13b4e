//! Small SVG plots by hand: two sides over the same bins, as fill against outline.
//! Colours are the page's; every text is escaped here.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::frame::Html;
use crate::text::{shorten, visible, width};

/// One bin: what it is called, and the share of either side, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Share of the baseline.
    pub baseline: f64,
    /// Share of the current side.
    pub current: f64,
}

/// A mark below a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where, in bins from the left: 0 is the left end, 0.5 the middle of the first bin.
    pub at: f64,
    /// What it says.
    pub text: String,
}

/// What a reader who doesn't see the plot is told, and the page's id for it.
#[derive(Debug, Clone, Copy)]
pub struct Caption<'a> {
    /// Id, unique in the page: letters, digits and hyphens.
    pub id: &'a str,
    /// Short name of the plot.
    pub title: &'a str,
    /// What it shows.
    pub description: &'a str,
}

const WIDE: f64 = 400.0;
const LEFT: f64 = 38.0;

/// Draws numeric bins side by side: the baseline as filled bars, the current side as an outline.
/// Every bin is equally wide; `ticks` that would touch each other are left out.
#[must_use]
pub fn histogram(caption: &Caption<'_>, bars: &[Bar], ticks: &[Tick]) -> Html {
    const TOP: f64 = 8.0;
    const BASE: f64 = 168.0;
    let ceiling = round_up(largest(bars));
    let step = (WIDE - LEFT - 4.0) / bars.len().max(1) as f64;
    let height = |share: f64| BASE - (BASE - TOP) * (finite(share) / ceiling);
    let mut svg = open(caption, 190.0);
    for share in [0.0, ceiling / 2.0, ceiling] {
        let y = height(share);
        let _ = write!(
            svg,
            "<path class=\"g\" d=\"M{LEFT} {y:.1}H{WIDE}\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}%</text>",
            LEFT - 5.0,
            y + 4.0,
            trim(share * 100.0)
        );
    }
    let gap = (step * 0.08).min(2.0);
    let mut fill = String::new();
    let mut outline = format!("M{LEFT} {BASE}");
    for (at, bar) in bars.iter().enumerate() {
        let x = LEFT + step * at as f64;
        if bar.baseline > 0.0 {
            let _ = write!(
                fill,
                "M{:.1} {BASE}V{:.1}h{:.1}V{BASE}z",
                x + gap,
                height(bar.baseline),
                step - 2.0 * gap
            );
        }
        let _ = write!(outline, "V{:.1}H{:.1}", height(bar.current), x + step);
    }
    let _ = write!(
        svg,
        "<path class=\"b\" d=\"{fill}\"/><path class=\"c\" d=\"{outline}V{BASE}\"/>"
    );
    let mut free_from = 0.0;
    for tick in ticks {
        let text = shorten(&tick.text, 14);
        let half = width(&text) as f64 * 3.5 + 3.0;
        let x = (LEFT + step * tick.at).min(WIDE - half).max(half);
        if x - half < free_from {
            continue;
        }
        free_from = x + half;
        let _ = write!(
            svg,
            "<path class=\"g\" d=\"M{:.1} {BASE}v4\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            LEFT + step * tick.at,
            BASE + 16.0,
            escape(&text)
        );
    }
    close(svg)
}

/// Draws categories below each other: the baseline as filled bars, the current side as an outline.
#[must_use]
pub fn categories(caption: &Caption<'_>, bars: &[Bar]) -> Html {
    const ROW: f64 = 20.0;
    let names = bars
        .iter()
        .map(|bar| width(&shorten(&bar.label, 20)))
        .max()
        .unwrap_or(0) as f64;
    let left = names.mul_add(6.9, 8.0);
    let ceiling = largest(bars).max(1e-9);
    // Room for "99.9% → 99.9%" behind the longest bar.
    let room = WIDE - left - 104.0;
    let mut svg = open(caption, ROW * bars.len() as f64 + 4.0);
    for (at, bar) in bars.iter().enumerate() {
        let y = ROW * at as f64;
        let long = |share: f64| room * (finite(share) / ceiling);
        let _ = write!(
            svg,
            "<text class=\"l\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            y + 15.0,
            escape(&shorten(&bar.label, 20))
        );
        if bar.baseline > 0.0 {
            let _ = write!(
                svg,
                "<path class=\"b\" d=\"M{left:.0} {:.0}h{:.1}v10h-{:.1}z\"/>",
                y + 6.0,
                long(bar.baseline),
                long(bar.baseline)
            );
        }
        if bar.current > 0.0 {
            let _ = write!(
                svg,
                "<path class=\"c\" d=\"M{left:.0} {:.0}h{:.1}v14h-{:.1}\"/>",
                y + 4.0,
                long(bar.current),
                long(bar.current)
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\">{}% → {}%</text>",
            left + long(bar.baseline.max(bar.current)) + 6.0,
            y + 15.0,
            trim(bar.baseline * 100.0),
            trim(bar.current * 100.0)
        );
    }
    close(svg)
}

/// Draws a value as a bar with marks at its two limits. `status` is OK, WARN or FAIL. The scale is that of a logarithm
/// above a fifth of the first limit, up to ten times the second: else all that failed would look the same.
#[must_use]
pub fn gauge(caption: &Caption<'_>, value: f64, warn: f64, fail: f64, status: &str) -> Html {
    let unit = (warn / 5.0).max(1e-9);
    let end = (10.0 * fail / unit).max(1e-9).ln_1p();
    let x = |value: f64| 160.0 * ((finite(value).max(0.0) / unit).ln_1p() / end).min(1.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 160 14\" role=\"img\" aria-labelledby=\"{0}\"><title id=\"{0}\">{1}</title>",
        caption.id,
        escape(caption.title)
    );
    let _ = write!(
        svg,
        "<path class=\"t\" d=\"M0 4h160v6H0z\"/><path class=\"v v{status}\" d=\"M0 4h{:.1}v6H0z\"/>\
         <path class=\"m\" d=\"M{:.1} 0v14M{:.1} 0v14\"/>",
        x(value),
        x(warn),
        x(fail)
    );
    close(svg)
}

/// Draws the bins of either side in a cell of a table, without axes: what the shape is, and where it changed.
#[must_use]
pub fn thumbnail(caption: &Caption<'_>, bars: &[Bar]) -> Html {
    const BASE: f64 = 26.0;
    let ceiling = largest(bars).max(1e-9);
    let step = 80.0 / bars.len().max(1) as f64;
    let height = |share: f64| BASE - (BASE - 2.0) * (finite(share) / ceiling);
    let (mut fill, mut outline) = (String::new(), format!("M0 {BASE}"));
    for (at, bar) in bars.iter().enumerate() {
        let x = step * at as f64;
        let (y, end) = (height(bar.baseline), x + step);
        let _ = write!(fill, "M{x:.1} {BASE}V{y:.1}H{end:.1}V{BASE}z");
        let _ = write!(outline, "V{:.1}H{end:.1}", height(bar.current));
    }
    let mut svg = format!(
        "<svg viewBox=\"0 0 80 28\" role=\"img\" aria-labelledby=\"{0}\"><title id=\"{0}\">{1}</title>",
        caption.id,
        escape(caption.title)
    );
    let _ = write!(
        svg,
        "<path class=\"f0\" d=\"{fill}\"/><path class=\"c\" d=\"{outline}V{BASE}\"/>"
    );
    close(svg)
}

/// A line of a [`curves`] plot, both coordinates 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve<'a> {
    /// What it is called in the key.
    pub label: &'a str,
    /// From left to right.
    pub points: &'a [(f64, f64)],
}

/// Draws curves in a unit square, told apart by dashes and width as well as colour: the last one
/// is drawn through and thickest. `axes` names the horizontal and the vertical one; `diagonal` is
/// a thin line from corner to corner; `dotted` marks the points.
#[must_use]
pub fn curves(
    caption: &Caption<'_>,
    curves: &[Curve<'_>],
    axes: (&str, &str),
    diagonal: bool,
    dotted: bool,
) -> Html {
    const TOP: f64 = 26.0;
    const BASE: f64 = 306.0;
    let x = |share: f64| LEFT + (WIDE - LEFT - 12.0) * finite(share).min(1.0);
    let y = |share: f64| BASE - (BASE - TOP) * finite(share).min(1.0);
    let mut svg = open(caption, 346.0);
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let _ = write!(
            svg,
            "<path class=\"g\" d=\"M{LEFT} {1:.1}H{2:.1}M{0:.1} {BASE}v4\"/>\
             <text x=\"{3:.0}\" y=\"{4:.1}\" text-anchor=\"end\">{5}</text>\
             <text x=\"{0:.1}\" y=\"{6:.0}\" text-anchor=\"middle\">{5}</text>",
            x(share),
            y(share),
            x(1.0),
            LEFT - 6.0,
            y(share) + 4.0,
            share,
            BASE + 17.0
        );
    }
    let _ = write!(
        svg,
        "<text x=\"0\" y=\"12\">{}</text>\
         <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
        escape(axes.1),
        x(1.0),
        BASE + 34.0,
        escape(axes.0)
    );
    if diagonal {
        let (left, right) = (x(0.0), x(1.0));
        let _ = write!(
            svg,
            "<path class=\"m\" d=\"M{left:.1} {BASE}L{right:.1} {TOP}\"/>"
        );
    }
    for (at, curve) in curves.iter().enumerate() {
        // The last three styles, so that the most important curve always looks the same.
        let style = (at + 3).saturating_sub(curves.len()).min(2);
        let mut path = String::new();
        for (at, point) in curve.points.iter().enumerate() {
            let letter = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", x(point.0), y(point.1));
        }
        let _ = write!(svg, "<path class=\"k k{style}\" d=\"{path}\"/>");
        if dotted {
            for point in curve.points {
                let (x, y) = (x(point.0), y(point.1));
                let _ = write!(
                    svg,
                    "<circle class=\"p\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
                );
            }
        }
    }
    close(svg)
}

/// One bar of [`ranked`].
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// What stands before it.
    pub label: String,
    /// How long it is.
    pub value: f64,
    /// What stands behind it.
    pub text: String,
}

/// Draws values as bars below each other; negative ones have no bar. `mark` is a dashed line.
#[must_use]
pub fn ranked(caption: &Caption<'_>, bars: &[Ranked], mark: Option<f64>) -> Html {
    const ROW: f64 = 20.0;
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        let widths = texts.map(|text| width(&shorten(text, 24)));
        widths.max().unwrap_or(0) as f64
    };
    let left = widest(&mut bars.iter().map(|bar| &bar.label)).mul_add(6.9, 8.0);
    let room = WIDE - left - widest(&mut bars.iter().map(|bar| &bar.text)).mul_add(6.9, 10.0);
    let ceiling = bars
        .iter()
        .map(|bar| finite(bar.value))
        .chain(mark)
        .fold(1e-9, f64::max);
    let long = |value: f64| room * (finite(value) / ceiling);
    let high = ROW * bars.len() as f64 + 4.0;
    let mut svg = open(caption, high);
    if let Some(mark) = mark {
        let x = left + long(mark);
        let _ = write!(svg, "<path class=\"m\" d=\"M{x:.1} 0V{high:.0}\"/>");
    }
    for (at, bar) in bars.iter().enumerate() {
        let y = ROW * at as f64;
        let _ = write!(
            svg,
            "<text class=\"l\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <path class=\"b\" d=\"M{left:.0} {6:.0}h{3:.1}v12h-{3:.1}z\"/>\
             <text class=\"h\" x=\"{4:.1}\" y=\"{1:.0}\">{5}</text>",
            left - 6.0,
            y + 15.0,
            escape(&shorten(&bar.label, 24)),
            long(bar.value),
            left + long(bar.value) + 6.0,
            escape(&shorten(&bar.text, 24)),
            y + 5.0,
        );
    }
    close(svg)
}

fn open(caption: &Caption<'_>, high: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDE} {high:.0}\" role=\"img\" aria-labelledby=\"{0}t {0}d\">\
         <title id=\"{0}t\">{1}</title><desc id=\"{0}d\">{2}</desc>",
        caption.id,
        escape(caption.title),
        escape(caption.description)
    )
}

fn close(mut svg: String) -> Html {
    svg.push_str("</svg>");
    Html::trusted(svg)
}

/// Returns a number with at most one decimal, without a trailing `.0`.
fn trim(value: f64) -> String {
    let text = format!("{:.1}", finite(value));
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn finite(value: f64) -> f64 {
    if value.is_finite() {
        value.max(0.0)
    } else {
        0.0
    }
}

fn largest(bars: &[Bar]) -> f64 {
    bars.iter()
        .flat_map(|bar| [finite(bar.baseline), finite(bar.current)])
        .fold(0.0, f64::max)
}

/// Returns the smallest of some even shares that is at least `share`.
fn round_up(share: f64) -> f64 {
    [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8]
        .into_iter()
        .find(|even| share <= *even)
        .unwrap_or(1.0_f64.max(share))
}

pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let seen = visible(text);
    if !seen.contains(['&', '<', '>', '"', '\'']) {
        return seen;
    }
    let escaped = seen
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTION: Caption<'_> = Caption {
        id: "f1",
        title: "tenure <script>",
        description: "a & b",
    };

    fn bar(label: &str, baseline: f64, current: f64) -> Bar {
        Bar {
            label: label.to_owned(),
            baseline,
            current,
        }
    }

    #[test]
    fn a_plot_has_a_role_a_title_and_a_description() {
        let svg = histogram(&CAPTION, &[bar("a", 0.5, 0.5)], &[]);
        assert!(
            svg.as_str()
                .contains("role=\"img\" aria-labelledby=\"f1t f1d\"")
        );
        assert!(
            svg.as_str()
                .contains("<title id=\"f1t\">tenure &lt;script&gt;</title>")
        );
        assert!(svg.as_str().contains("<desc id=\"f1d\">a &amp; b</desc>"));
    }

    #[test]
    fn labels_are_escaped_in_every_plot() {
        let evil = "<i onload='x'>\u{1b}";
        let tick = Tick {
            at: 0.5,
            text: evil.to_owned(),
        };
        let bars = [bar(evil, 0.2, 0.8)];
        for svg in [
            histogram(&CAPTION, &bars, &[tick]),
            categories(&CAPTION, &bars),
        ] {
            assert!(!svg.as_str().contains("<i"), "{svg:?}");
            assert!(!svg.as_str().contains('\u{1b}'), "{svg:?}");
        }
    }

    #[test]
    fn an_empty_or_not_finite_plot_is_still_a_plot() {
        for bars in [&[][..], &[bar("a", f64::NAN, f64::INFINITY)]] {
            for svg in [
                histogram(&CAPTION, bars, &[]),
                categories(&CAPTION, bars),
                gauge(&CAPTION, f64::NAN, 0.0, 0.0, "OK"),
            ] {
                assert!(!svg.as_str().contains("NaN") && !svg.as_str().contains("inf"));
                assert!(svg.as_str().ends_with("</svg>"));
            }
        }
    }

    #[test]
    fn curves_and_ranks_are_escaped_bounded_and_told_apart_by_more_than_colour() {
        let evil = "<i onload='x'>\u{1b}";
        let points = [(0.0, f64::NAN), (0.5, 7.0), (1.0, 1.0)];
        let curve = Curve {
            label: "test",
            points: &points,
        };
        let bar = Ranked {
            label: evil.to_owned(),
            value: f64::NEG_INFINITY,
            text: evil.to_owned(),
        };
        for svg in [
            curves(&CAPTION, &[curve; 3], (evil, evil), true, true),
            curves(&CAPTION, &[], ("x", "y"), false, false),
            ranked(&CAPTION, &[bar], Some(1.0)),
            ranked(&CAPTION, &[], None),
        ] {
            let svg = svg.as_str();
            assert!(!svg.contains("<i") && !svg.contains('\u{1b}'), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(svg.ends_with("</svg>"));
        }
        let one = curves(&CAPTION, &[curve], ("x", "y"), false, false);
        assert!(one.as_str().contains("k k2") && !one.as_str().contains("k k0"));
    }

    #[test]
    fn ticks_that_would_touch_are_left_out() {
        let ticks: Vec<Tick> = (0..100)
            .map(|at| Tick {
                at: f64::from(at) / 10.0,
                text: format!("{at}"),
            })
            .collect();
        let bars = vec![bar("", 0.1, 0.1); 10];
        let svg = histogram(&CAPTION, &bars, &ticks);
        let shown = svg.as_str().matches("text-anchor=\"middle\"").count();
        assert!((5..40).contains(&shown), "{shown}");
    }

    #[test]
    fn thirty_bins_take_less_than_three_kilobytes() {
        let bars = vec![bar("[1.25, 2.5)", 0.033, 0.041); 30];
        let svg = histogram(&CAPTION, &bars, &[]);
        assert!(svg.as_str().len() < 3000, "{}", svg.as_str().len());
    }
}
