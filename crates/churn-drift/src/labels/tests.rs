//! The join against a naive one: every prediction looks at every label. In memory and spilled it is the same.
#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use churn_base::progress::Silent;
use churn_data::{DataSet, ReadOptions, Row, RowSink, Zone};
use proptest::prelude::*;

use super::*;
use crate::labels::spec::spec;
use crate::profile::{CountOutcome, CountPlan, SegmentPlans, TimeGrouping};

/// Hours in a window.
const WINDOW: i64 = 48;

#[derive(Debug, Clone)]
struct Prediction {
    key: Option<u8>,
    /// Hours since the start.
    at: Option<i64>,
    score: u8,
}

#[derive(Debug, Clone)]
struct Label {
    key: Option<u8>,
    at: Option<i64>,
    value: Option<bool>,
}

fn predictions() -> impl Strategy<Value = Vec<Prediction>> {
    let one = (
        proptest::option::weighted(0.95, 0_u8..12),
        proptest::option::weighted(0.95, 0_i64..240),
        0_u8..100,
    );
    let one = one.prop_map(|(key, at, score)| Prediction { key, at, score });
    proptest::collection::vec(one, 1..60)
}

fn labels() -> impl Strategy<Value = Vec<Label>> {
    let one = (
        proptest::option::weighted(0.95, 0_u8..16),
        proptest::option::weighted(0.95, -48_i64..300),
        proptest::option::weighted(0.95, any::<bool>()),
    );
    let one = one.prop_map(|(key, at, value)| Label { key, at, value });
    let some = proptest::collection::vec(one, 0..60);
    // One that can be joined, so that there is a watermark.
    some.prop_map(|mut labels| {
        labels.push(Label {
            key: Some(15),
            at: Some(150),
            value: Some(true),
        });
        labels
    })
}

/// The time of an hour as text.
fn time(hour: Option<i64>) -> String {
    hour.map_or(String::new(), |hour| (START + hour * 3_600).to_string())
}

/// date -u -d 2026-01-05 +%s, a Monday.
const START: i64 = 1_767_571_200;

fn predictions_csv(predictions: &[Prediction]) -> String {
    let mut text = "id,at,score\n".to_owned();
    for Prediction { key, at, score } in predictions {
        let key = key.map_or(String::new(), |key| key.to_string());
        text += &format!("{key},{},0.{score:02}\n", time(*at));
    }
    text
}

fn labels_csv(labels: &[Label]) -> String {
    let mut text = "id,when,churned\n".to_owned();
    for Label { key, at, value } in labels {
        let key = key.map_or(String::new(), |key| format!("{key}.0"));
        let value = value.map_or("", |value| if value { "yes" } else { "no" });
        text += &format!("{key},{},{value}\n", time(*at));
    }
    text
}

/// Nothing is counted beside the join.
struct Nobody;

impl RowSink for Nobody {
    fn row(&mut self, _row: &Row<'_>) {}
    fn merge(&mut self, _other: Self) {}
}

fn open(text: &str) -> DataSet {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "churn-labels-{}-{}.csv",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).expect("write");
    let data = DataSet::open(&[path.display().to_string()], ReadOptions::default());
    let data = data.expect("a table");
    // An open file is read to its end without its name.
    std::fs::remove_file(&path).expect("remove");
    data
}

fn uncut() -> SegmentPlans {
    SegmentPlans::whole_only(CountPlan::default())
}

fn joined(predictions: &str, labels: &str, spec: &LabelSpec) -> Joined {
    let columns = LabelColumns {
        time: Some("when".to_owned()),
        label: Some("churned".to_owned()),
    };
    let labels = read_labels(open(labels), spec, columns, &Silent).expect("labels");
    let outcome = CountOutcome {
        label: "churned".to_owned(),
        score: "score".to_owned(),
        threshold: Some(0.5),
        is_late: true,
    };
    let by = TimeGrouping {
        column: "at".to_owned(),
        every: "1d".parse().expect("a day"),
        zone: Zone::named("UTC").expect("UTC"),
        now: i64::MAX / 4,
    };
    let joining = Joining {
        spec,
        outcome: Some(&outcome),
        baseline: None,
        positive: Some("yes"),
        by: Some(&by),
        plans: &uncut(),
    };
    let (data, join) = listen(open(predictions), labels, joining).expect("listens");
    data.read(&|| Nobody, &Silent).expect("rows");
    join.finish().expect("joined")
}

/// What the definition says, day by day (`None` for rows without a time), and the scores by label.
type Naive = (
    BTreeMap<Option<i64>, PredictionCounts>,
    LabelCounts,
    BTreeMap<(bool, u8), u64>,
);

fn naive(predictions: &[Prediction], labels: &[Label], unmatched: Unmatched) -> Naive {
    let usable: Vec<(u8, i64, bool)> = labels
        .iter()
        .filter_map(|label| Some((label.key?, label.at?, label.value?)))
        .collect();
    let known = labels.iter().filter(|label| label.key.is_some());
    let watermark = known.filter_map(|label| label.at).max().expect("one");
    let mut days: BTreeMap<Option<i64>, PredictionCounts> = BTreeMap::new();
    let mut scores = BTreeMap::new();
    for Prediction { key, at, score } in predictions {
        let counts = days.entry(at.map(|at| at / 24)).or_default();
        counts.rows += 1;
        let (key, at) = match (key, at) {
            (_, None) => {
                counts.without_time += 1;
                continue;
            }
            (None, _) => {
                counts.without_key += 1;
                continue;
            }
            (Some(key), Some(at)) => (*key, *at),
        };
        if at + WINDOW > watermark {
            counts.immature += 1;
            continue;
        }
        let within =
            |label: &&(u8, i64, bool)| label.0 == key && (at..at + WINDOW).contains(&label.1);
        let found: Vec<&(u8, i64, bool)> = usable.iter().filter(within).collect();
        counts.twice += u64::from(found.len() > 1);
        let has = |value: bool| found.iter().any(|label| label.2 == value);
        counts.differing += u64::from(has(true) && has(false));
        let last = found.iter().map(|label| label.1).max();
        let of_last = |value: bool| found.iter().any(|l| Some(l.1) == last && l.2 == value);
        let label = match (of_last(true), of_last(false)) {
            (true, true) => {
                counts.conflicting += 1;
                continue;
            }
            (false, false) => {
                counts.unmatched += 1;
                if unmatched == Unmatched::Drop {
                    continue;
                }
                false
            }
            (label, _) => {
                counts.matched += 1;
                label
            }
        };
        *scores.entry((label, *score)).or_insert(0) += 1;
    }
    let mut counts = LabelCounts {
        rows: labels.len() as u64,
        ..LabelCounts::default()
    };
    for Label { key, at, value } in labels {
        let (key, at) = match (key, at, value) {
            (_, None, _) => {
                counts.without_time += 1;
                continue;
            }
            (None, ..) => {
                counts.without_key += 1;
                continue;
            }
            (.., None) => {
                counts.without_value += 1;
                continue;
            }
            (Some(key), Some(at), Some(_)) => (*key, *at),
        };
        let own = predictions.iter().filter(|one| one.key == Some(key));
        let own: Vec<i64> = own.filter_map(|one| one.at).collect();
        let windows = own
            .iter()
            .filter(|&&start| (start..start + WINDOW).contains(&at));
        match (windows.count(), own.iter().min()) {
            (windows @ 1.., _) => {
                counts.in_window += 1;
                counts.shared += u64::from(windows > 1);
            }
            (_, None) => counts.without_prediction += 1,
            (_, Some(first)) if at < *first => counts.too_early += 1,
            _ => counts.too_late += 1,
        }
    }
    (days, counts, scores)
}

/// The scores by label of what was joined.
fn scores(piece: &JoinedPiece) -> BTreeMap<(bool, u8), u64> {
    let mut scores = BTreeMap::new();
    for (label, column) in piece.outcome.iter().flat_map(|outcome| &outcome.by_label) {
        let Some(numbers) = column.view(false).numbers else {
            continue;
        };
        for cell in numbers.coarsened(0).iter().copied() {
            let score = (numbers.lower(cell) * 100.0).round() as u8;
            scores.insert((label == "yes", score), cell.count);
        }
    }
    scores
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_join_is_what_every_pair_says(
        predictions in predictions(),
        labels in labels(),
        unmatched in prop_oneof![Just(Unmatched::Negative), Just(Unmatched::Drop)],
        memory in prop_oneof![Just(1_usize << 20), 40_usize..2_000],
    ) {
        let spec = LabelSpec {
            unmatched: Some(unmatched),
            memory,
            ..spec("id", "2d")
        };
        let found = joined(&predictions_csv(&predictions), &labels_csv(&labels), &spec);
        let (days, counts, expected) = naive(&predictions, &labels, unmatched);
        prop_assert_eq!(found.labels, counts);
        let mut all = PredictionCounts::default();
        for (day, counts) in days {
            all += counts;
            if let Some(day) = day {
                let start = START + day * 86_400;
                let piece = found.within(start..start + 1).expect("merges");
                prop_assert_eq!(piece.counts, counts);
            }
        }
        let whole = found.all().expect("merges");
        prop_assert_eq!(whole.counts, all);
        // Where no label has the key of a prediction, nobody is known to have stayed.
        let is_of_one_world = counts.in_window + counts.too_early + counts.too_late > 0;
        let expected = if is_of_one_world { expected } else { BTreeMap::new() };
        prop_assert_eq!(scores(&whole), expected);
    }
}

#[test]
fn labels_without_times_belong_to_their_key() {
    let labels = "id,day,churned\n1,2026-01-05,yes\n2,2026-01-05,no\n3,2026-01-06,yes\n";
    let predictions = "id,at,score\n1,2026-01-05,0.9\n2,2026-01-05,0.2\n3,2026-01-05,0.8\n";
    let spec = LabelSpec {
        until: Some(START + 86_400 * 40),
        ..spec("id,at=day", "30d")
    };
    let columns = LabelColumns {
        time: None,
        label: Some("churned".to_owned()),
    };
    let labels = read_labels(open(labels), &spec, columns, &Silent).expect("labels");
    let joining = Joining {
        spec: &spec,
        outcome: None,
        baseline: None,
        positive: None,
        by: None,
        plans: &uncut(),
    };
    let (data, join) = listen(open(predictions), labels, joining).expect("listens");
    data.read(&|| Nobody, &Silent).expect("rows");
    let found = join.finish().expect("joined");
    let counts = found.all().expect("merges").counts;
    assert_eq!((counts.matched, counts.unmatched), (2, 1));
    assert_eq!(
        (found.labels.in_window, found.labels.without_prediction),
        (2, 1)
    );
}
