//! What `churnctl drift` is asked about labels that came later than their predictions. The join is in
//! `drift_join.rs`.

use std::num::NonZeroUsize;

use crate::data::Moment;
use crate::drift::late_labels::LabelReport;
use crate::error::{Error, Result};
use crate::history::CountedLabels;
use crate::labels::{JoinColumn, JoinKey, LabelSpec};
use crate::settings::{LabelSettings, Until, WindowSettings};
use crate::text::shell_word;

/// The labels of a check, and how they are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRequest {
    /// Files and glob patterns of the label source; `-` for standard input. None where a history is looked at: what
    /// it has settled counts then.
    pub addresses: Vec<String>,
    /// The database that holds them and the predictions joins.
    pub by_database: bool,
    /// How labels and predictions are joined; the present is that of the check.
    pub spec: LabelSpec,
}

/// Returns the labels that are to be joined; none if there are none.
///
/// # Errors
/// 64 if a word is missing that the others need.
pub(super) fn from_settings(
    settings: &LabelSettings,
    windows: &WindowSettings,
    threads: NonZeroUsize,
) -> Result<Option<LabelRequest>> {
    let LabelSettings {
        labels,
        join,
        window,
        time,
        until,
        unmatched,
        prediction_time,
        memory,
        by_database,
        ..
    } = settings;
    if labels.is_empty() {
        let named = [
            ("--join", join.is_some()),
            ("--label-window", window.is_some()),
            ("--label-time", time.is_some()),
            ("--labels-until", until.is_some()),
            ("--unmatched", unmatched.is_some()),
            ("--prediction-time", prediction_time.is_some()),
            ("--joined-by database", *by_database),
        ];
        return match named.into_iter().find(|(_, is_set)| *is_set) {
            Some((flag, _)) => Err(Error::usage(format!("{flag} without --labels"))
                .hint("--labels names the files, or the table, with the labels")),
            None => Ok(None),
        };
    }
    let prediction_time = prediction_time.clone().or_else(|| windows.time.clone());
    let (Some(join), Some(window), Some(prediction_time)) =
        (join.clone(), *window, prediction_time.clone())
    else {
        return Err(incomplete(settings, prediction_time.as_deref()));
    };
    Ok(Some(LabelRequest {
        by_database: *by_database,
        addresses: labels.clone(),
        spec: LabelSpec {
            join,
            prediction_time,
            label_time: time.clone(),
            window,
            until: until.map(|until: Until| until.civil(&windows.zone)),
            unmatched: *unmatched,
            zone: windows.zone.clone(),
            now: 0,
            memory: memory.get(),
            threads: threads.get(),
        },
    }))
}

/// Says all that a join of labels still needs, with a whole line to begin from: who hears of one flag at a time
/// starts a check for each.
fn incomplete(settings: &LabelSettings, prediction_time: Option<&str>) -> Error {
    let join = settings.join.as_ref().map(ToString::to_string);
    let window = settings.window.as_ref().map(ToString::to_string);
    let asked = [
        (
            "--join",
            join,
            "user_id=customer_id",
            "the key columns that both sides have",
        ),
        (
            "--label-window",
            window,
            "30d",
            "how long after a prediction a customer may leave",
        ),
        (
            "--prediction-time",
            prediction_time.map(str::to_owned),
            "predicted_at",
            "the column with the time of a prediction, or --time where windows are judged",
        ),
    ];
    let missing = asked.iter().filter(|(_, value, ..)| value.is_none());
    let (flags, meanings): (Vec<&str>, Vec<String>) = missing
        .map(|(flag, _, _, meaning)| (*flag, format!("{flag}: {meaning}")))
        .unzip();
    let flags = match flags.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        few => few.join(", "),
    };
    let mut line: Vec<String> = vec!["--labels".to_owned()];
    let addresses = settings.labels.iter();
    line.extend(addresses.map(|address| shell_word(address).into_owned()));
    for (flag, value, example, _) in &asked {
        let value = value.as_deref().unwrap_or(example);
        line.extend([(*flag).to_owned(), shell_word(value).into_owned()]);
    }
    settings.misfit(&format!("needs {flags}")).hint(format!(
        "{}; such as {}; labels without a time need --labels-until DATE, too",
        meanings.join("; "),
        line.join(" ")
    ))
}

/// Returns how the labels of a report were joined.
///
/// # Errors
/// Says which word cannot be read.
pub(super) fn of_report(
    report: &LabelReport,
    memory: usize,
    threads: NonZeroUsize,
) -> Result<LabelRequest, String> {
    let LabelReport {
        source,
        join,
        prediction_time,
        label_time,
        label_window,
        unmatched,
        time_zone,
        labels_until,
        ..
    } = report;
    let until = match labels_until {
        None => None,
        Some(text) => Some(
            Moment::read(text.as_bytes())
                .ok_or_else(|| format!("\"{text}\" is not a time"))?
                .seconds,
        ),
    };
    Ok(LabelRequest {
        by_database: false,
        addresses: source.addresses.clone(),
        spec: LabelSpec {
            join: JoinKey::new(join.clone()),
            prediction_time: prediction_time.clone(),
            label_time: label_time.clone(),
            window: label_window.parse().map_err(|error| format!("{error}"))?,
            until,
            unmatched: Some(*unmatched),
            zone: time_zone.parse().map_err(|error| format!("{error}"))?,
            now: 0,
            memory,
            threads: threads.get(),
        },
    })
}

impl LabelRequest {
    /// Returns how the predictions of a history are joined, without labels.
    ///
    /// # Errors
    /// Says which word cannot be read.
    pub(super) fn of_history(
        labels: &CountedLabels,
        zone: &str,
        (memory, threads): (usize, NonZeroUsize),
    ) -> Result<Self, String> {
        let column = |name: &String| JoinColumn {
            predictions: name.clone(),
            labels: name.clone(),
        };
        let window = labels.label_window.parse();
        Ok(Self {
            by_database: false,
            addresses: Vec::new(),
            spec: LabelSpec {
                join: JoinKey::new(labels.join.iter().map(column).collect()),
                prediction_time: labels.prediction_time.clone(),
                label_time: None,
                window: window.map_err(|error| format!("{error}"))?,
                until: None,
                unmatched: None,
                zone: zone.parse().map_err(|error| format!("{error}"))?,
                now: 0,
                memory,
                threads: threads.get(),
            },
        })
    }

    /// Returns the columns that are a key, and those that say when: neither are features.
    pub(super) fn keys_and_times(&self) -> (Vec<String>, Vec<String>) {
        let keys = self.spec.join.columns().iter();
        let keys = keys.map(|column| column.predictions.clone());
        (keys.collect(), vec![self.spec.prediction_time.clone()])
    }
}
