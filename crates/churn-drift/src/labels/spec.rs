//! How labels are joined: the words of a user, and which columns of the label source are meant.

use std::fmt;
use std::str::FromStr;

use churn_base::error::{Error, Result};
use churn_data::{Period, Zone, named_like_a_label, named_like_a_time};
use serde::{Deserialize, Serialize};

/// A column by which a prediction and its label know each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinColumn {
    /// Its name among the predictions.
    pub predictions: String,
    /// Its name in the label source.
    pub labels: String,
}

/// The columns that make a key, one or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey(Vec<JoinColumn>);

/// Why a text does not name the columns of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadJoin {
    /// A name is missing.
    #[error(
        "\"{0}\" is not a list of columns such as user_id or user_id=customer_id,snapshot_date"
    )]
    Form(String),
    /// A column is there twice.
    #[error("the column \"{0}\" is named twice")]
    Twice(String),
}

impl JoinKey {
    /// Makes a key of these columns.
    #[must_use]
    pub const fn new(columns: Vec<JoinColumn>) -> Self {
        Self(columns)
    }

    /// Returns the columns in the order of the user.
    #[must_use]
    pub fn columns(&self) -> &[JoinColumn] {
        &self.0
    }
}

impl FromStr for JoinKey {
    type Err = BadJoin;

    fn from_str(text: &str) -> Result<Self, BadJoin> {
        let mut columns: Vec<JoinColumn> = Vec::new();
        for part in text.split(',') {
            let (predictions, labels) = part.split_once('=').unwrap_or((part, part));
            let (predictions, labels) = (predictions.trim(), labels.trim());
            if predictions.is_empty() || labels.is_empty() {
                return Err(BadJoin::Form(text.to_owned()));
            }
            let is_known =
                |known: &JoinColumn| known.predictions == predictions || known.labels == labels;
            if columns.iter().any(is_known) {
                return Err(BadJoin::Twice(predictions.to_owned()));
            }
            columns.push(JoinColumn {
                predictions: predictions.to_owned(),
                labels: labels.to_owned(),
            });
        }
        Ok(Self(columns))
    }
}

impl fmt::Display for JoinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, column) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match column.predictions == column.labels {
                true => write!(f, "{comma}{}", column.predictions)?,
                false => write!(f, "{comma}{}={}", column.predictions, column.labels)?,
            }
        }
        Ok(())
    }
}

/// What a prediction without a label is once its window has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// One that stayed: the source lists those who left.
    Negative,
    /// Not known: it does not count.
    Drop,
}

impl Unmatched {
    /// Returns `negative` or `drop`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Drop => "drop",
        }
    }
}

/// Why a text does not say what a prediction without a label is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not one of negative, drop")]
pub struct BadUnmatched(String);

impl FromStr for Unmatched {
    type Err = BadUnmatched;

    fn from_str(text: &str) -> Result<Self, BadUnmatched> {
        let all = [Self::Negative, Self::Drop];
        let found = all.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| BadUnmatched(text.to_owned()))
    }
}

/// How labels are joined with predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelSpec {
    /// The columns of the key.
    pub join: JoinKey,
    /// The column with the time of a prediction.
    pub prediction_time: String,
    /// The column with the time of a label, if it was named.
    pub label_time: Option<String>,
    /// How long after a prediction its label may come.
    pub window: Period,
    /// Until when the labels are whole, if that was said: seconds since 1970-01-01 00:00 by the zone's clock.
    pub until: Option<i64>,
    /// What a prediction without a label is; decided by the source if none.
    pub unmatched: Option<Unmatched>,
    /// The zone of times that name none.
    pub zone: Zone,
    /// The present, in seconds since 1970: a later label is not one.
    pub now: i64,
    /// Bytes that the join may hold, about.
    pub memory: usize,
    /// Threads that read.
    pub threads: usize,
}

/// The columns of a label source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelColumns {
    /// The time of a label; none if the source has none.
    pub time: Option<String>,
    /// The label; none if being in the source is one.
    pub label: Option<String>,
}

impl LabelSpec {
    /// Returns the bytes of labels that are held in memory; with the table by key they are about thrice that.
    pub(super) const fn limit(&self) -> usize {
        self.memory / 4
    }

    /// Returns the bytes that each thread holds while it reads.
    pub(super) fn share(&self) -> usize {
        self.limit() / self.threads.max(1)
    }

    /// Decides what the columns of a label source are: `label` is the label's name if one is known, `usual`
    /// are others by which it may be called.
    ///
    /// # Errors
    /// 64 if several columns may be meant, or nothing says until when the labels are whole. Columns that are
    /// named and absent are found by whoever reads.
    pub fn columns_of(
        &self,
        columns: &[String],
        label: Option<&str>,
        usual: &[String],
    ) -> Result<LabelColumns> {
        let keys = self.join.columns();
        let is_key = |name: &String| keys.iter().any(|key| key.labels == *name);
        let others: Vec<&String> = columns.iter().filter(|name| !is_key(name)).collect();
        let is_time = |name: &String| self.label_time.as_ref() == Some(name);
        let exact = others.iter().find(|name| Some(name.as_str()) == label);
        let like = |name: &&&String| usual.contains(name) || named_like_a_label(name);
        let label = match exact {
            Some(exact) => Some((*exact).clone()),
            None => {
                let found = others.iter().filter(|name| !is_time(name)).filter(like);
                let found: Vec<&&String> = found.collect();
                one_of(&found, "the label", "--label")?
            }
        };
        let time = match &self.label_time {
            Some(time) => Some(time.clone()),
            None => {
                let left = others
                    .into_iter()
                    .filter(|name| label.as_ref() != Some(name));
                let left: Vec<&String> = left.collect();
                let named = left.iter().filter(|name| named_like_a_time(name));
                let named: Vec<&&String> = named.collect();
                match (left.as_slice(), named.as_slice()) {
                    ([only], _) => Some((*only).clone()),
                    (_, named) => one_of(named, "the time of a label", "--label-time")?,
                }
            }
        };
        if time.is_none() && self.until.is_none() {
            return Err(Error::usage(
                "the label source has no column with a time, so nothing says until when its labels are whole",
            )
            .hint("--label-time names the column, or --labels-until DATE says it"));
        }
        Ok(LabelColumns { time, label })
    }
}

fn one_of(found: &[&&String], what: &str, flag: &str) -> Result<Option<String>> {
    match found {
        [] => Ok(None),
        [only] => Ok(Some((**only).clone())),
        several => {
            let names: Vec<String> = several.iter().map(|name| format!("\"{name}\"")).collect();
            let message = format!(
                "{what} may be any of {} in the label source",
                names.join(", ")
            );
            Err(Error::usage(message).hint(format!("name it with {flag}")))
        }
    }
}

#[cfg(test)]
pub(super) fn spec(join: &str, window: &str) -> LabelSpec {
    LabelSpec {
        join: join.parse().expect("a key"),
        prediction_time: "at".to_owned(),
        label_time: None,
        window: window.parse().expect("a period"),
        until: None,
        unmatched: None,
        zone: Zone::named("UTC").expect("UTC"),
        now: i64::MAX / 4,
        memory: 1 << 28,
        threads: 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_key_is_read_and_written_alike() {
        for text in [
            "user_id",
            "user_id,snapshot_date",
            "user_id=customer_id,day",
        ] {
            assert_eq!(text.parse::<JoinKey>().expect(text).to_string(), text);
        }
        for text in ["", "a,", "=b", "a=", "a,a", "a=x,b=x"] {
            assert!(text.parse::<JoinKey>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn columns_are_found_by_their_names_or_asked_for() {
        let spec = spec("id", "30d");
        let found = |columns: &[&str], label: Option<&str>| {
            spec.columns_of(&names(columns), label, &names(&["churn_label"]))
                .map(|found| (found.time, found.label))
                .map_err(|error| error.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found(&["id", "when"], None), Ok((some("when"), None)));
        assert_eq!(
            found(&["id", "churned", "left_on"], None),
            Ok((some("left_on"), some("churned")))
        );
        assert_eq!(
            found(&["id", "date", "result", "reason"], Some("result")),
            Ok((some("date"), some("result")))
        );
        assert_eq!(
            found(&["id", "date", "reason"], None),
            Ok((some("date"), None))
        );
        for (columns, part) in [
            (
                vec!["id", "churn", "exited", "date"],
                "\"churn\", \"exited\"",
            ),
            (
                vec!["id", "start_date", "end_date"],
                "\"start_date\", \"end_date\"",
            ),
            (vec!["id"], "until when"),
        ] {
            let error = found(&columns, None).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
    }
}
