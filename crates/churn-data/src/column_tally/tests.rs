//! Tests of `column_tally.rs`.

use super::super::column_reading::Meaning;
use super::super::missing::MissingKind;
use super::*;

fn tally(values: &[(&str, u64)]) -> ColumnTally {
    let mut tally = ColumnTally::default();
    for (text, count) in values {
        tally.add(text.as_bytes(), *count);
    }
    tally
}

fn reading(values: &[(&str, u64)]) -> ColumnReading {
    tally(values).reading()
}

#[test]
fn one_cell_does_not_decide() {
    for stray in ["unknown", "?", "12 kg", "#DIV/0!"] {
        let reading = reading(&[("1.5", 9_000), ("2", 6_000), (stray, 1)]);
        assert!(reading.is_number, "{stray}");
    }
    let few = reading(&[("1.5", 9_000), ("2", 6_000), ("unknown", 1)]);
    assert_eq!(few.meaning(b"unknown"), Meaning::Unparsable);
    assert_eq!(few.meaning(b"?"), Meaning::Missing(MissingKind::Mark));
    // Nor does one number make texts numbers.
    assert!(!reading(&[("a", 90), ("b", 60), ("7", 1)]).is_number);
}

#[test]
fn a_remark_in_a_tenth_of_measurements_is_a_remark() {
    assert!(reading(&[("1.5", 50), ("2.25", 40), ("unknown", 10)]).is_number);
    // Codes among codes are categories: zones 1 to 3 and A.
    assert!(!reading(&[("1", 40), ("2", 30), ("3", 20), ("A", 10)]).is_number);
    assert!(!reading(&[("a", 3), ("b", 3), ("123", 1), ("4.5", 1)]).is_number);
}

#[test]
fn whole_numbers_that_doubles_would_join_are_codes_where_they_are_half() {
    let (code, next) = ("716277643516076033", "716277643516076034");
    let codes = tally(&[(code, 5), (next, 4), ("12", 3)]);
    assert!(!codes.reading().is_number);
    // Unsigned columns of Parquet: 2^64 - 1 and 2^63 are two doubles, so amounts.
    let amounts = reading(&[("18446744073709551615", 1), ("9223372036854775808", 1)]);
    assert!(amounts.is_number);
    assert_eq!(codes.reading().meaning(code.as_bytes()), Meaning::Text);
    // Beside a column of numbers they are numbers, and so are a few among others.
    let number = reading(&[("1.5", 9), ("2", 6)]);
    let beside = codes.reading_beside(&number);
    assert!(beside.is_some_and(|beside| beside.is_number));
    assert!(reading(&[("1.5", 9), ("2", 6), (code, 2)]).is_number);
}

#[test]
fn decimal_commas_are_read_where_the_column_agrees() {
    let german = reading(&[("1.234,50", 5), ("999,00", 5), ("12", 3), ("1.234", 2)]);
    assert!(german.is_number && german.decimal == DecimalMark::Comma && !german.is_ambiguous);
    assert_eq!(german.meaning(b"1.234"), Meaning::Number(1234.0));
    assert_eq!(german.meaning(b"12.5"), Meaning::Unparsable);
    let english = reading(&[("1,234.50", 5), ("999.00", 5), ("12", 3), ("1,234", 2)]);
    assert_eq!(english.decimal, DecimalMark::Point);
    assert_eq!(english.meaning(b"1,234"), Meaning::Number(1234.0));
    assert_eq!(english.meaning(b"12,5"), Meaning::Unparsable);
    // Nothing tells: thousands, and it is said.
    let either = reading(&[("1,234", 5), ("12,345", 5), ("999", 3)]);
    assert!(either.is_ambiguous && either.meaning(b"1,234") == Meaning::Number(1234.0));
    // Points between thousands are not told from decimal ones: that is said.
    let thousands = ["1.250", "12.000", "2.500", "3.750", "9.999", "999"].map(|text| (text, 5));
    assert!(reading(&thousands).is_ambiguous);
    // As `%.3f` writes: every one has a fraction.
    assert!(!reading(&thousands[..5]).is_ambiguous);
    // A stray `12,5` among numbers with points is not thousands, and not read in silence.
    let stray = reading(&[("12.5", 500), ("7.25", 400), ("12,5", 1)]);
    assert_eq!(stray.meaning(b"12,5"), Meaning::Unparsable);
}

#[test]
fn units_go_with_the_numbers_and_several_of_them_are_said() {
    let percent = reading(&[("12.5%", 5), ("7 %", 5), ("0", 1)]);
    assert_eq!(percent.unit(), Some("%"));
    assert_eq!(percent.meaning(b"12.5%"), Meaning::Number(12.5));
    assert_eq!(
        percent.spelling().as_deref(),
        Some("a decimal point and a percent sign")
    );
    // Two currencies: the numbers of both, as they are written, and their shares are said.
    let two = reading(&[("$ 12", 5), ("\u{20ac} 12", 5)]);
    assert_eq!(two.meaning("\u{20ac} 12".as_bytes()), Meaning::Number(12.0));
    assert_eq!(two.unit(), None);
    assert_eq!(two.units_in_words(), "$ (50%), \u{20ac} (50%)");
}

#[test]
fn signs_are_marks_unless_signs_are_values() {
    let flag = reading(&[("Yes", 5), ("-", 5)]);
    assert_eq!(flag.meaning(b"-"), Meaning::Missing(MissingKind::Mark));
    let rhesus = reading(&[("+", 5), ("-", 5)]);
    assert_eq!(rhesus.meaning(b"-"), Meaning::Text);
    // "none" is a category among texts, and a mark among numbers.
    assert_eq!(flag.meaning(b"none"), Meaning::Text);
    let number = reading(&[("1.5", 5)]);
    assert_eq!(number.meaning(b"none"), Meaning::Missing(MissingKind::Mark));
}

#[test]
fn dates_are_dates_though_one_is_none() {
    assert!(tally(&[("2026-01-31", 99), ("soon", 1)]).are_dates());
    assert!(!tally(&[("2026-01-31", 5), ("soon", 5)]).are_dates());
    assert!(!tally(&[]).are_dates());
}

#[test]
fn the_other_side_counts_where_the_values_do_not_tell() {
    let baseline = reading(&[("12,5", 5), ("7,25", 5)]);
    let either = tally(&[("1,234", 9), ("12,345", 9)]);
    let beside = either.reading_beside(&baseline).expect("numbers");
    assert_eq!(beside.meaning(b"1,234"), Meaning::Number(1.234));
    // Evidence of its own counts more.
    let english = tally(&[("12.5", 9), ("7.25", 9)]);
    let beside = english.reading_beside(&baseline).expect("numbers");
    assert_eq!(beside.meaning(b"12.5"), Meaning::Number(12.5));
    // A fiftieth of text is unparsable, all of it is another type.
    let plain = reading(&[("1.5", 5)]);
    assert!(
        tally(&[("1.5", 98), ("x", 2)])
            .reading_beside(&plain)
            .is_some()
    );
    assert!(
        tally(&[("x", 50), ("y", 50)])
            .reading_beside(&plain)
            .is_none()
    );
}

/// So many texts, each another number.
fn each(write: impl Fn(u32) -> String) -> Vec<(String, u64)> {
    (1..=60)
        .map(|number| (write(number * 37 % 61 * 7), 3))
        .collect()
}

fn reading_of(values: &[(String, u64)]) -> ColumnReading {
    let values: Vec<(&str, u64)> = values.iter().map(|(text, n)| (&**text, *n)).collect();
    reading(&values)
}

#[test]
fn anything_around_the_numbers_of_nearly_all_cells_is_their_unit() {
    for (text, number, unit) in [
        ("# km", 7.0, "km"),
        ("#.5 eur", 7.5, "EUR"),
        ("kr. #", 7.0, "kr"),
        ("Bs #", 7.0, "Bs"),
        ("Rs. #.25", 7.25, "Rs"),
        ("# percent", 7.0, "%"),
        ("#k", 7_000.0, "k, M, G"),
        ("#.5 MB", 7_500_000.0, "B"),
        ("# GB/month", 7e9, "B/month"),
        ("'#.50", 7.5, "'"),
        ("=\"#.50\"", 7.5, "=\"\u{2026}\""),
        ("\u{20ac}#k", 7_000.0, "\u{20ac}"),
        ("# months", 7.0, "month"),
    ] {
        let read = reading_of(&each(|number| text.replace('#', &number.to_string())));
        let seven = text.replace('#', "7");
        assert_eq!(
            read.meaning(seven.as_bytes()),
            Meaning::Number(number),
            "{text}"
        );
        assert_eq!(read.unit(), Some(unit), "{text}");
    }
}

#[test]
fn codes_and_names_do_not_become_numbers() {
    for text in [
        "C#",
        "A-#",
        "Q#",
        "v#.1",
        "E#.9",
        "Store #",
        "No. #",
        "#th",
        "10.0.#.1",
        "#:30",
        "C00#",
        "#-25",
        "+49 30 #",
        "iOS #.10",
        "DSL #",
        "KW #",
        "S #",
        "Basic #.4",
        "EU #",
        "#M Plus",
        "# AB",
        "# C",
        "#a",
        "#e",
        "# High St",
        "DSL #.000",
    ] {
        let read = reading_of(&each(|number| text.replace('#', &number.to_string())));
        assert!(!read.is_number, "{text}");
    }
    // Few distinct ones are categories.
    assert!(!reading(&[("5 GB", 50), ("10 GB", 40), ("50 GB", 10)]).is_number);
    assert!(!reading(&[("3G", 50), ("4G", 40), ("5G", 10)]).is_number);
    // The letters of seats, sizes and house numbers, though some are those of units.
    for letters in ["ABCDEF", "kmglhsdWVA", "abcdefgh", "GMKB"] {
        let all: Vec<char> = letters.chars().collect();
        let at = std::cell::Cell::new(0);
        let seats = each(|number| {
            at.set(at.get() + 1);
            format!("{number} {}", all[at.get() % all.len()])
        });
        assert!(!reading_of(&seats).is_number, "{letters}");
    }
    // Dutch postcodes.
    let at = std::cell::Cell::new(0_u8);
    let codes = each(|number| {
        at.set(at.get() + 1);
        let letter = |of: u8| char::from(b'A' + of % 20);
        format!(
            "{} {}{}",
            1_000 + number,
            letter(at.get()),
            letter(at.get() / 3)
        )
    });
    assert!(!reading_of(&codes).is_number);
    // As many digits each, or another one in nearly every row.
    assert!(!reading_of(&each(|number| format!("DE {}", 10_000 + number))).is_number);
    let tickets: Vec<(String, u64)> = (0..60).map(|n| (format!("SO {}", n * n), 1)).collect();
    assert!(!reading_of(&tickets).is_number);
    // Named like an identifier.
    let mut named = ColumnTally::default().named("account_id");
    for (text, count) in each(|number| format!("{number} km")) {
        named.add(text.as_bytes(), count);
    }
    assert!(!named.reading().is_number);
}

#[test]
fn one_cell_does_not_decide_the_decimal_mark() {
    let mut thousands = each(|number| format!("{},000", 1 + number));
    let ambiguous = reading_of(&thousands);
    assert!(ambiguous.is_ambiguous);
    thousands.push(("12,5".to_owned(), 1));
    let read = reading_of(&thousands);
    assert_eq!(read.meaning(b"5,000"), Meaning::Number(5000.0));
    assert_eq!(read.meaning(b"12,5"), Meaning::Unparsable);
    // Three decimals, of which some prove the comma.
    let mut weights = each(|number| format!("{},125", 1 + number));
    weights.push(("0,567".to_owned(), 4));
    let read = reading_of(&weights);
    assert_eq!(read.meaning(b"5,000"), Meaning::Number(5.0));
    // What the other side has proved binds.
    let proven = reading(&[("1,234.50", 5), ("12,345.25", 5)]);
    let mut beside = ColumnTally::default();
    for (text, count) in &weights {
        beside.add(text.as_bytes(), *count);
    }
    let bound = beside.reading_beside(&proven).expect("numbers");
    assert_eq!(bound.meaning(b"5,000"), Meaning::Number(5000.0));
}
