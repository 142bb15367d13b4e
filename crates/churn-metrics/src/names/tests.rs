//! Tests of `names.rs`.

use std::collections::BTreeSet;

use super::*;

#[test]
fn names_are_unique() {
    let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), ALL.len());
}

#[test]
fn every_list_is_part_of_the_whole() {
    assert!(OF_DRIFT.iter().all(|metric| ALL.contains(metric)));
}

#[test]
fn names_and_labels_follow_the_naming_page() {
    let word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !text.contains("__")
            && !text.ends_with('_')
    };
    for metric in ALL {
        assert!(word(metric.name), "{}", metric.name);
        assert!(
            metric.labels.iter().all(|label| word(label)),
            "{}",
            metric.name
        );
        // `model_` are names that others have given, `process_` those that every program has.
        assert!(
            ["churn_", "model_", "process_"]
                .iter()
                .any(|prefix| metric.name.starts_with(prefix)),
            "{} has no prefix",
            metric.name
        );
        assert_eq!(
            metric.name.ends_with("_total"),
            metric.kind == Kind::Counter,
            "{}",
            metric.name
        );
        assert!(
            !["gauge", "counter", "_count", "_sum", "_bucket"]
                .iter()
                .any(|suffix| metric.name.ends_with(suffix))
        );
    }
}

#[test]
fn the_unit_is_the_end_of_the_name() {
    for metric in ALL {
        assert!(metric.name.ends_with(metric.unit), "{}", metric.name);
        for unit in ["seconds", "bytes", "ratio"] {
            // A counter of a unit has it before `_total`.
            assert!(
                !metric.name.ends_with(unit) || metric.unit == unit,
                "{}",
                metric.name
            );
        }
    }
}

#[test]
fn help_is_one_sentence() {
    for metric in ALL {
        assert!(
            metric.help.ends_with('.') && !metric.help.contains('\n'),
            "{}",
            metric.name
        );
    }
}
