//! A heat map as SVG: rows by columns of squares, each in the colour of its class. Colours are the
//! page's; every text is escaped here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::frame::Html;
use super::svg::{Caption, escape};
use crate::text::{shorten, width};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatRow {
    /// What it is called.
    pub label: String,
    /// Its squares from the left: class and what a pointer on it is told; none for a gap.
    pub cells: Vec<Option<(&'static str, String)>>,
}

const WIDE: f64 = 960.0;
/// Width that a drawing of that needs to be read, in rem.
const LEGIBLE: f64 = 44.0;
/// Least width of the squares: room for the name of a column.
const LEAST: f64 = 120.0;
const ROW: f64 = 20.0;
/// Height of a square.
const TALL: f64 = ROW - 2.0;
/// Squares that have a mark and say what they are: where nearly all are marked, a mark says nothing.
const MOST_TOLD: usize = 1_500;
/// Longest label of a row, in terminal columns.
const LONGEST: usize = 34;

/// Draws the rows below each other; `columns` names the squares' columns, as many as have room.
#[must_use]
pub fn heat(caption: &Caption<'_>, columns: &[String], rows: &[HeatRow]) -> Html {
    let names = rows.iter().map(|row| width(&shorten(&row.label, LONGEST)));
    let left = (names.max().unwrap_or(0) as f64).mul_add(7.6, 8.0);
    let step = ((WIDE - left - 4.0) / columns.len().max(1) as f64).min(60.0);
    let base = ROW.mul_add(rows.len() as f64, 2.0);
    // Few squares are not stretched, and leave no room to be scrolled away from.
    let wide = step.mul_add(columns.len() as f64, left + 4.0);
    let wide = wide.max(left + LEAST).min(WIDE);
    let (high, share) = (base + 20.0, 100.0 * left / wide);
    let mut svg = format!(
        "<div class=\"heat-map\" style=\"width:{:.1}%;min-width:{:.1}rem\">",
        100.0 * wide / WIDE,
        LEGIBLE * wide / WIDE
    );
    svg.push_str(&names_of(rows, left, high, share));
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "</svg><svg class=\"heat\" style=\"width:{:.2}%\" viewBox=\"{left:.0} 0 {:.0} {high:.0}\" role=\"img\" aria-labelledby=\"{2}t {2}d\">\
         <title id=\"{2}t\">{3}</title><desc id=\"{2}d\">{4}</desc>",
        100.0 - share,
        wide - left.round(),
        caption.id,
        escape(caption.title),
        escape(caption.description)
    );
    let is_told = |class: &str| matches!(class, "FAIL" | "WARN");
    let all = rows.iter().flat_map(|row| row.cells.iter().flatten());
    let are_told = all.filter(|(class, _)| is_told(class)).count() <= MOST_TOLD;
    for (at, row) in rows.iter().enumerate() {
        let top = ROW.mul_add(at as f64, 1.0);
        // Squares that need no word of their own are one path each row: a page of ten thousand stays small.
        let mut paths: BTreeMap<&str, String> = BTreeMap::new();
        let side = (step - 1.5).max(step * 0.8);
        for (at, cell) in row.cells.iter().enumerate() {
            let Some((class, said)) = cell else { continue };
            let x = step.mul_add(at as f64, left);
            if !is_told(class) || !are_told {
                let path = paths.entry(class).or_default();
                let _ = write!(path, "M{x:.1} {top:.0}h{side:.1}v{TALL:.0}h-{side:.1}z");
                continue;
            }
            let mark = if *class == "FAIL" { "!!" } else { "!" };
            let _ = write!(
                svg,
                "<g><title>{}</title><path class=\"h{class}\" d=\"M{x:.1} {top:.0}h{side:.1}v{TALL:.0}h-{side:.1}z\"/>",
                escape(said)
            );
            // Told apart by more than the colour.
            if step >= if mark.len() > 1 { 13.0 } else { 9.0 } {
                let _ = write!(
                    svg,
                    "<text class=\"h{class}\" x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{mark}</text>",
                    x + side / 2.0,
                    top + 13.0
                );
            }
            svg.push_str("</g>");
        }
        for (class, path) in paths {
            let _ = write!(svg, "<path class=\"h{class}\" d=\"{path}\"/>");
        }
    }
    let mut free_from = 0.0;
    for (at, name) in columns.iter().enumerate() {
        let half = width(name) as f64 * 3.5 + 4.0;
        let middle = step.mul_add(at as f64 + 0.5, left);
        let middle = middle.min(wide - half).max(left + half);
        if middle - half < free_from {
            continue;
        }
        free_from = middle + half;
        let _ = write!(
            svg,
            "<text x=\"{middle:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            base + 14.0,
            escape(name)
        );
    }
    svg.push_str("</svg></div>");
    Html::trusted(svg)
}

/// Draws the names, a picture of their own: they stay in sight where the squares are scrolled.
fn names_of(rows: &[HeatRow], left: f64, high: f64, share: f64) -> String {
    let mut svg = format!(
        "<svg class=\"heat names\" style=\"width:{share:.2}%\" viewBox=\"0 0 {left:.0} {high:.0}\" aria-hidden=\"true\">"
    );
    for (at, row) in rows.iter().enumerate() {
        let _ = write!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            ROW.mul_add(at as f64, 14.0),
            escape(&shorten(&row.label, LONGEST))
        );
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_drawn_once_and_every_text_is_escaped() {
        let caption = Caption {
            id: "heat",
            title: "<b>",
            description: "a & b",
        };
        let columns: Vec<String> = (1..=90).map(|day| format!("2026-01-{day:02}")).collect();
        let class = |at: usize| if at.is_multiple_of(9) { "FAIL" } else { "OK" };
        let cell = |at: usize| (at != 7).then(|| (class(at), format!("\"{at}\"<")));
        let row = HeatRow {
            label: "<fee>".to_owned(),
            cells: (0..90).map(cell).collect(),
        };
        let svg = heat(&caption, &columns, &[row.clone(), row]).into_string();
        assert_eq!(svg.matches("v18h-").count(), 2 * 89);
        assert_eq!(svg.matches("<g><title>&quot;").count(), 2 * 10);
        assert!(!svg.contains("<b>") && !svg.contains("<fee>") && svg.contains("a &amp; b"));
        // Ninety names of ten letters have no room, some of them have.
        let named = svg.matches("2026-01-").count();
        assert!((5..20).contains(&named), "{named}");
        // 100 rows of 90 must stay far below a megabyte.
        assert!(svg.len() / (2 * 89) < 60, "{}", svg.len());
    }

    #[test]
    fn nothing_to_draw_is_still_a_plot() {
        let caption = Caption {
            id: "heat",
            title: "t",
            description: "d",
        };
        assert!(heat(&caption, &[], &[]).as_str().ends_with("</svg></div>"));
    }
}
