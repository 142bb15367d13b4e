//! Tests of `dates.rs`.

use proptest::prelude::*;

use super::*;

#[test]
fn knows_dates_of_the_usual_forms() {
    for date in [
        // ISO 8601 and RFC 3339.
        "2026-01-31",
        "2026-01-31T03:00:00Z",
        "2026-01-31T03:00:00.123456+02:00",
        "2026-01-31 03:00:00-0500",
        "2026-01-31T03:00",
        "20260131T030000Z",
        "2026-01",
        "2026-W05",
        // str() of Python's datetime, PostgreSQL, MySQL, Java.
        "2018-01-01 00:26:09.456",
        "2026-01-02 03:04:05+02:00",
        "2026-01-02 03:04:05.6 UTC",
        "2026-01-02T03:04:05+01:00[Europe/Berlin]",
        "2026-01-02 03:04:05 Europe/Berlin",
        // RFC 2822, RFC 850, ctime, date(1).
        "Fri, 02 Jan 2026 03:00:00 GMT",
        "Friday, 02-Jan-26 03:00:00 GMT",
        "Fri Jan  2 03:00:00 2026",
        "Fri Jan  2 03:00:00 CET 2026",
        // Spreadsheets and people.
        "31.01.2026",
        "31.01.2026 14:05",
        "31.01.26",
        "1/31/2026",
        "01/31/26 3:04 PM",
        "31/1/2026",
        "31-JAN-26",
        "2-Jan-2026",
        "02 January 2026",
        "January 2, 2026",
        "Jan 2nd, 2026",
        "Jan 2026",
        "Jan-26",
        "Sept 2026",
        "01/2026",
        "2026/01",
        "2026Q1",
        "2026-Q4",
        "Q1 2026",
        "2026M01",
    ] {
        assert!(is_date(date.as_bytes()), "{date}");
    }
}

#[test]
fn other_texts_are_no_dates() {
    for text in [
        "",
        "2026",
        "7590-VHVEG",
        "2026-01-310",
        "2026-13-01",
        "31.02.2026",
        "Month-to-month",
        "May",
        "March",
        "12-34-5678",
        "+49 30 1234567",
        "192.168.10.12",
        "1.2.3",
        "18-25",
        "1000-1200",
        "12:30",
        "a 2026-01-31",
        "2026-01-31 or later",
        "PC-0001-x",
        "Q5 2026",
        "mayor 2026",
        "\u{661}\u{662}-01-2026",
    ] {
        assert!(!is_date(text.as_bytes()), "{text}");
    }
}

#[test]
fn numbers_can_be_days_months_and_seconds() {
    for (number, expected) in [
        (20_260_131.0, Some(DateNumber::Day)),
        (20_260_231.0, None),
        (202_601.0, Some(DateNumber::Month)),
        (202_613.0, None),
        (1_767_225_600.0, Some(DateNumber::Epoch)),
        (1_767_225_600_123.0, Some(DateNumber::Epoch)),
        (1_767_225_600.5, Some(DateNumber::Epoch)),
        (2026.0, None),
        (123_456_789.0, None),
    ] {
        assert_eq!(date_number(number), expected, "{number}");
    }
}

#[test]
fn names_of_times_are_told_from_others() {
    for name in [
        "created_at",
        "signupDate",
        "ts",
        "event_time",
        "TIMESTAMP",
        "month",
        "date_of_birth",
    ] {
        assert!(named_like_a_time(name), "{name}");
    }
    for name in [
        "monthly_fee",
        "fat",
        "daytime_minutes",
        "tenure",
        "candidate",
        "what",
    ] {
        assert!(!named_like_a_time(name), "{name}");
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
        let _ = is_date(&bytes);
    }

    #[test]
    fn never_panics_on_likely_texts(text in "[0-9A-Za-z+:/. ,-]{0,30}") {
        let _ = is_date(text.as_bytes());
    }
}
