//! What each mutation does to rows, counted by hand.

use super::mutation::{Cells, Mutation, MutationKind, Pool};
use super::report::FeatureKind;
use crate::stats::bootstrap::SplitMix64;

const COLUMNS: [&str; 7] = [
    "price", "months", "hour", "plan", "region", "paper", "churn",
];

/// A thousand rows: price 0.5 to 99.5, months 0 to 49, hour 0 to 23, a plan of three, a region of two, a constant.
fn pool() -> Pool {
    let row = |row: usize| -> Cells {
        let plan = ["monthly", "one year", "two years"][row % 10 / 4];
        let region = ["north", "south"][row % 2];
        let label = ["no", "yes"][usize::from(row.is_multiple_of(4))];
        let texts = [plan, region, "paper", label].map(str::to_owned);
        let numbers = [
            format!("{}.5", row % 100),
            (row % 50).to_string(),
            (row % 24).to_string(),
        ];
        numbers.into_iter().chain(texts).collect()
    };
    let kind = |name: &str| match name {
        "price" | "months" | "hour" => Some(FeatureKind::Numeric),
        _ => Some(FeatureKind::Categorical),
    };
    let columns = COLUMNS.map(str::to_owned).to_vec();
    Pool::new(columns, (0..1_000).map(row).collect(), kind, Some("churn"))
}

fn at(column: &str) -> usize {
    COLUMNS
        .iter()
        .position(|name| *name == column)
        .expect(column)
}

/// The mutation of a kind whose column is said to be this one.
fn mutation(pool: &Pool, kind: MutationKind, size: f64, column: &str) -> Mutation {
    let all = pool.mutations(kind, size);
    let found = all
        .iter()
        .find(|one| pool.column_of(**one).as_deref() == Some(column));
    *found.unwrap_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| pool.column_of(*one)).collect();
        panic!("no {column} among {names:?}")
    })
}

/// A window before and after a mutation.
fn mutated(kind: MutationKind, size: f64, column: &str) -> (Vec<Cells>, Vec<Cells>) {
    let pool = pool();
    let mut random = SplitMix64::new(3);
    let before = pool.window(500, &mut random);
    let mut after = before.clone();
    let mutation = mutation(&pool, kind, size, column);
    pool.mutate(mutation, &mut after, 1.0, &mut random);
    assert_eq!(after.len(), 500);
    (before, after)
}

/// Rows that differ, and what they hold there before and after. All other columns are the same.
fn changes(kind: MutationKind, size: f64, column: &str) -> Vec<(String, String)> {
    let (before, after) = mutated(kind, size, column);
    let own = at(column);
    let rows = before.into_iter().zip(after);
    let changed = rows.filter(|(before, after)| before != after);
    changed
        .map(|(mut before, mut after)| {
            let values = (before.remove(own), after.remove(own));
            assert_eq!(before, after, "{column} alone is changed");
            values
        })
        .collect()
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

#[test]
fn a_unit_change_multiplies_by_a_hundred() {
    let changed = changes(MutationKind::UnitChange, 0.3, "price");
    // 30 % of 500 rows.
    assert_eq!(changed.len(), 150);
    assert!(
        changed
            .iter()
            .all(|(before, after)| number(after) == 100.0 * number(before))
    );
}

#[test]
fn a_stale_join_leaves_the_values_but_not_their_rows() {
    let (before, after) = mutated(MutationKind::StaleJoin, 1.0, "price");
    let sorted = |rows: &[Cells]| {
        let mut values: Vec<String> = rows.iter().map(|row| row[0].clone()).collect();
        values.sort();
        values
    };
    assert_eq!(sorted(&before), sorted(&after));
    // The months are the price modulo 50 before, and in one row of 50 after.
    let fitting = |rows: &[Cells]| {
        let fits = |row: &&Cells| number(&row[0]).floor() % 50.0 == number(&row[1]);
        rows.iter().filter(fits).count()
    };
    assert_eq!(fitting(&before), 500);
    assert!(fitting(&after) < 50, "{}", fitting(&after));
}

#[test]
fn a_default_is_zero_or_the_most_frequent_text() {
    let changed = changes(MutationKind::DefaultFill, 1.0, "months");
    assert!(changed.len() > 450 && changed.iter().all(|(_, after)| after == "0"));
    // Of ten rows four are monthly, four one year, two two years: of equals the first by name.
    let changed = changes(MutationKind::DefaultFill, 1.0, "plan");
    assert!(changed.len() > 200 && changed.iter().all(|(_, after)| after == "monthly"));
}

#[test]
fn swapped_columns_have_each_others_values() {
    let (before, after) = mutated(MutationKind::SwappedColumns, 0.5, "price and months");
    let is_swapped = |(before, after): &(&Cells, &Cells)| {
        before[0] == after[1] && before[1] == after[0] && before[2..] == after[2..]
    };
    assert_eq!(before.iter().zip(&after).filter(is_swapped).count(), 250);
}

#[test]
fn one_segment_loses_a_column() {
    let pool = pool();
    let all = pool.mutations(MutationKind::OneSegment, 1.0);
    let named: Vec<String> = all.iter().filter_map(|one| pool.column_of(*one)).collect();
    let price = named
        .iter()
        .find(|name| name.starts_with("price where "))
        .expect("price");
    let (segment, value) = price["price where ".len()..]
        .split_once(" is ")
        .expect("a segment");
    let (before, after) = mutated(MutationKind::OneSegment, 1.0, price);
    for (before, after) in before.iter().zip(&after) {
        let expected = if before[at(segment)] == value {
            ""
        } else {
            &*before[0]
        };
        assert_eq!((after[0].as_str(), &after[1..]), (expected, &before[1..]));
    }
    // A column is not missing where it is itself.
    assert!(named.iter().all(|name| {
        let (column, segment) = name.split_once(" where ").expect("a segment");
        !segment.starts_with(&format!("{column} is "))
    }));
}

#[test]
fn a_slow_creep_moves_the_mean_by_its_size_in_the_end() {
    let pool = pool();
    let mutation = mutation(&pool, MutationKind::SlowCreep, 0.5, "price");
    let mean = |progress: f64| {
        let mut rows = Vec::new();
        let mut random = SplitMix64::new(5);
        rows.resize(20_000, Cells::new());
        pool.mutate(mutation, &mut rows, progress, &mut random);
        rows.iter().map(|row| number(&row[0])).sum::<f64>() / rows.len() as f64
    };
    // Prices are uniform, 0.5 to 99.5, mean 50, deviation 28.87. numpy 2.4.6, w = exp(shift z):
    // sum(w z) / sum(w) = 0.477 at a shift of .5, and 0.247 at .25.
    for (progress, expected) in [(0.0, 0.0), (0.5, 0.247), (1.0, 0.477)] {
        let moved = (mean(progress) - 50.0) / 28.866;
        assert!((moved - expected).abs() < 0.025, "{progress}: {moved}");
    }
}

#[test]
fn a_sentinel_is_a_number_or_a_word_that_nobody_has() {
    let changed = changes(MutationKind::Sentinel, 0.1, "price");
    assert_eq!(changed.len(), 50);
    assert!(changed.iter().all(|(_, after)| after == "-999"));
    let changed = changes(MutationKind::Sentinel, 0.1, "plan");
    assert!(changed.len() == 50 && changed.iter().all(|(_, after)| after == "unknown"));
}

#[test]
fn duplicated_rows_are_copies_of_few() {
    let pool = pool();
    let mut random = SplitMix64::new(3);
    let mut rows = pool.window(500, &mut random);
    let originals = rows[..5].to_vec();
    let all = pool.mutations(MutationKind::DuplicatedRows, 0.8);
    assert_eq!((all.len(), pool.column_of(all[0])), (1, None));
    pool.mutate(all[0], &mut rows, 1.0, &mut random);
    let copies = rows.iter().filter(|row| originals.contains(row)).count();
    assert!((400..500).contains(&copies), "{copies}");
}

#[test]
fn a_dropped_category_comes_no_more() {
    let (before, after) = mutated(MutationKind::DroppedCategory, 1.0, "plan monthly");
    let has = |rows: &[Cells], plan: &str| rows.iter().filter(|row| row[3] == plan).count();
    assert!(has(&before, "monthly") > 150);
    assert_eq!((has(&after, "monthly"), after.len()), (0, 500));
    // In their place come others as they are, whole rows: a third of them with two years.
    assert!(has(&after, "two years") > has(&before, "two years") + 30);
}

#[test]
fn another_time_zone_moves_hours_round_the_clock_and_counts_by_one() {
    let changed = changes(MutationKind::TimeZone, 1.0, "hour");
    assert_eq!(changed.len(), 500);
    assert!(
        changed
            .iter()
            .all(|(before, after)| (number(before) + 8.0) % 24.0 == number(after))
    );
    let changed = changes(MutationKind::TimeZone, 0.5, "months");
    assert!(changed.len() == 250);
    assert!(
        changed
            .iter()
            .all(|(before, after)| number(before) - 1.0 == number(after))
    );
}

#[test]
fn truncated_fields_end_at_half_the_longest() {
    // "two years" is the longest plan: nine characters, five are left.
    let changed = changes(MutationKind::Truncation, 1.0, "plan");
    assert!(changed.len() == 500 && changed.iter().all(|(before, after)| before[..5] == *after));
    let changed = changes(MutationKind::Truncation, 1.0, "months");
    assert!(changed.iter().all(|(before, after)| before[..1] == *after));
}

#[test]
fn a_label_flip_turns_labels_over() {
    let changed = changes(MutationKind::LabelFlip, 0.2, "churn");
    assert_eq!(changed.len(), 100);
    let turned = |(before, after): &(String, String)| {
        matches!((&**before, &**after), ("no", "yes") | ("yes", "no"))
    };
    assert!(changed.iter().all(turned));
}

#[test]
fn what_cannot_be_done_is_not_done() {
    let bare = |rows: &[&str], label| {
        let rows = rows.iter().map(|value| vec![(*value).to_owned()]).collect();
        let kind = |_: &str| Some(FeatureKind::Categorical);
        Pool::new(vec!["only".into()], rows, kind, label)
    };
    for kind in MutationKind::ALL {
        let constant = bare(&["x"; 30], None).mutations(kind, 1.0);
        let is_possible = kind == MutationKind::DuplicatedRows;
        assert_eq!(
            constant.is_empty(),
            !is_possible,
            "{kind:?} {}",
            kind.needs()
        );
        // A label is not a feature.
        let label = bare(&["a", "b"], Some("only")).mutations(kind, 1.0);
        let is_possible = is_possible || kind == MutationKind::LabelFlip;
        assert_eq!(label.is_empty(), !is_possible, "{kind:?}");
        assert!(bare(&[], None).mutations(kind, 1.0).is_empty());
        assert!(!pool().mutations(kind, 1.0).is_empty(), "{kind:?}");
    }
}
