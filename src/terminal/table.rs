//! Draws [`Table`]s: for eyes with comfy-table, or as plain aligned text.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, TableStyle,
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Paint;
use crate::cells::{Align, Cell, Column, Table, Tone};
use crate::text::visible;

/// Marks in the lines that comfy-table draws between rows. We read the places of rows and columns
/// from those lines, paint by them, and drop them: so the layout never sees an escape sequence.
const FILL: char = '\u{e000}';
const JUNCTION: char = '\u{e001}';

/// Holds words together: where one stands, no line is broken. Printed as a blank.
const NO_BREAK: char = '\u{a0}';

const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill(FILL).junction(JUNCTION))
    .content_lines(ContentLineStyle::none().junction(' '))
    .row_separator(LineStyle::none().fill(FILL).junction(JUNCTION));

/// Draws a table at most `width` columns wide, where the columns that keep their width allow it.
///
/// Every line ends with a line feed; none has blanks at its end.
#[must_use]
pub fn draw(table: &Table, width: usize, paint: Paint) -> String {
    let shown = shown_columns(table, width);
    if shown.is_empty() {
        return String::new();
    }
    let columns: Vec<&Column> = shown.iter().map(|at| &table.columns[*at]).collect();
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(STYLE);
    drawn.set_content_arrangement(ContentArrangement::Dynamic);
    drawn.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    drawn.set_header(columns.iter().map(|column| column.name.as_str()));
    for row in &table.rows {
        drawn.add_row(shown.iter().map(|at| {
            let cell = row.get(*at);
            match cell.map_or("", |cell| &cell.below) {
                "" => text_of(cell),
                below => format!("{}\n{}", text_of(cell), visible(below)),
            }
        }));
    }
    for (at, column) in columns.iter().enumerate() {
        if let Some(target) = drawn.column_mut(at) {
            target.set_padding((if at == 0 { 0 } else { 1 }, 0));
            if column.align == Align::Right {
                target.set_cell_alignment(CellAlignment::Right);
            }
            if !column.wraps {
                target.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    let tones = |row: usize, column: usize| {
        let cell = table.rows.get(row).and_then(|row| row.get(shown[column]));
        cell.map_or(Tone::Plain, |cell| cell.tone)
    };
    let lines: Vec<String> = drawn.lines().collect();
    paint_lines(&lines, paint, tones)
}

fn paint_lines(lines: &[String], paint: Paint, tones: impl Fn(usize, usize) -> Tone) -> String {
    let mark = lines.iter().find(|line| is_mark(line));
    let ends: Vec<usize> = mark.map_or_else(Vec::new, |line| {
        let marks = line.chars().enumerate();
        marks
            .filter(|(_, mark)| *mark == JUNCTION)
            .map(|(at, _)| at)
            .collect()
    });
    let mut painted = String::new();
    let mut row = None;
    for line in lines {
        if is_mark(line) {
            if row.is_none() {
                painted.push_str(&paint.tone(Tone::Dim, &"─".repeat(line.chars().count())));
                painted.push('\n');
            }
            row = Some(row.map_or(0, |row| row + 1));
            continue;
        }
        let mut text = String::new();
        for (column, piece) in split_at_widths(line, &ends).into_iter().enumerate() {
            let content = piece.trim_matches(' ');
            let (before, after) = match content.is_empty() {
                true => (piece, ""),
                false => piece.split_at(piece.find(content).unwrap_or(0)),
            };
            text.push_str(before);
            if !content.is_empty() {
                text.push_str(&match row {
                    Some(row) => paint.tone(tones(row, column), content),
                    None => paint.bold(content),
                });
                text.push_str(&after[content.len()..]);
            }
        }
        painted.push_str(text.trim_end());
        painted.push('\n');
    }
    painted.replace(NO_BREAK, " ")
}

fn is_mark(line: &str) -> bool {
    line.starts_with(FILL) && line.chars().all(|c| c == FILL || c == JUNCTION)
}

/// Cuts a line at display columns.
fn split_at_widths<'a>(line: &'a str, ends: &[usize]) -> Vec<&'a str> {
    let mut pieces = Vec::with_capacity(ends.len() + 1);
    let (mut begin, mut width, mut ends) = (0, 0, ends.iter().peekable());
    for (at, character) in line.char_indices() {
        while ends.peek().is_some_and(|end| width >= **end) {
            pieces.push(&line[begin..at]);
            begin = at;
            ends.next();
        }
        width += character.width().unwrap_or(0);
    }
    pieces.push(&line[begin..]);
    pieces
}

/// Sets a table as plain text: columns aligned by blanks, nothing broken, nothing left out, no colour.
#[must_use]
pub fn plain(table: &Table) -> String {
    let names = table
        .columns
        .iter()
        .map(|column| column.name.to_uppercase());
    let mut rows: Vec<Vec<String>> = vec![names.collect()];
    for row in &table.rows {
        let cells = (0..table.columns.len()).map(|at| {
            let cell = row.get(at);
            match cell.map_or("", |cell| &cell.below) {
                "" => text_of(cell),
                below => format!("{} {}", text_of(cell), visible(below)),
            }
        });
        rows.push(cells.collect());
    }
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|at| rows.iter().map(|row| row[at].width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for ((cell, width), column) in row.iter().zip(&widths).zip(&table.columns) {
            let blanks = " ".repeat(width - cell.width());
            let gap = if line.is_empty() { "" } else { "  " };
            match column.align {
                Align::Left => line.extend([gap, cell, &blanks]),
                Align::Right => line.extend([gap, &blanks, cell]),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.replace(NO_BREAK, " ")
}

fn shown_columns(table: &Table, width: usize) -> Vec<usize> {
    let columns = table.columns.iter().enumerate();
    columns
        .filter(|(_, column)| column.shown_from <= width)
        .map(|(at, _)| at)
        .collect()
}

fn text_of(cell: Option<&Cell>) -> String {
    cell.map_or_else(String::new, |cell| visible(&cell.text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |feature: &str, psi: &str, status, tone, why: &str| {
            vec![
                Cell::plain(feature),
                Cell::plain(psi),
                Cell::new(status, tone),
                Cell::new(why, Tone::Dim),
            ]
        };
        Table {
            columns: vec![
                Column::text("Feature"),
                Column::number("PSI"),
                Column::text("Status"),
                Column::prose("Why"),
            ],
            rows: vec![
                row(
                    "contract",
                    "0.41",
                    "FAIL",
                    Tone::Bad,
                    "one-year contracts fell from 21 % to 4 % of the rows",
                ),
                row("数据", "0.01", "OK", Tone::Good, ""),
            ],
        }
    }

    #[test]
    fn a_wide_table_stands_on_one_line_a_row() {
        let drawn = draw(&table(), 100, Paint::default());
        let rule = "─".repeat(76);
        assert_eq!(
            drawn,
            format!(
                "Feature    PSI  Status  Why\n{rule}\n\
                 contract  0.41  FAIL    one-year contracts fell from 21 % to 4 % of the rows\n\
                 数据      0.01  OK\n"
            )
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_only_prose_is_broken() {
        for width in 40..=120 {
            let drawn = draw(&table(), width, Paint::default());
            for line in drawn.lines() {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
            assert!(drawn.contains("contract  0.41  FAIL"), "{width}:\n{drawn}");
        }
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        for width in [40, 60, 80] {
            let painted = draw(&table(), width, Paint { color: true });
            assert!(painted.contains("\u{1b}[1;31mFAIL\u{1b}[0m"), "{painted:?}");
            let bare = [
                "\u{1b}[1;31m",
                "\u{1b}[1m",
                "\u{1b}[32m",
                "\u{1b}[2m",
                "\u{1b}[0m",
            ]
            .iter()
            .fold(painted, |text, code| text.replace(code, ""));
            assert_eq!(bare, draw(&table(), width, Paint::default()));
        }
    }

    #[test]
    fn columns_for_wide_terminals_are_left_out_of_narrow_ones() {
        let mut table = table();
        table.columns[1].shown_from = 100;
        assert!(!draw(&table, 80, Paint::default()).contains("0.41"));
        assert!(draw(&table, 100, Paint::default()).contains("0.41"));
        assert!(plain(&table).contains("0.41"));
    }

    #[test]
    fn data_cannot_steer_the_terminal() {
        let mut table = table();
        table.rows[0][0] = Cell::plain("\u{1b}]0;x\u{7}\nnext");
        for text in [draw(&table, 80, Paint { color: false }), plain(&table)] {
            assert!(
                !text.contains('\u{1b}') && !text.contains('\u{7}'),
                "{text:?}"
            );
            assert!(text.contains("\\u{1b}]0;x\\u{7}\\nnext"), "{text:?}");
        }
    }

    #[test]
    fn plain_text_is_aligned_and_has_one_line_a_row() {
        assert_eq!(
            plain(&table()),
            "FEATURE    PSI  STATUS  WHY\n\
             contract  0.41  FAIL    one-year contracts fell from 21 % to 4 % of the rows\n\
             数据      0.01  OK\n"
        );
    }

    #[test]
    fn an_empty_table_is_its_heading() {
        let mut table = table();
        table.rows.clear();
        assert!(draw(&table, 80, Paint::default()).starts_with("Feature"));
        assert_eq!(draw(&Table::default(), 80, Paint::default()), "");
    }
}
