//! The profile: the summary of a data set, as a versioned JSON document that can be merged.

use std::borrow::Cow;
use std::collections::BTreeSet;

use churn_base::error::{Error, Place, Result};
use churn_data::same_label;
use serde::{Deserialize, Serialize};

use super::column::Column;
use super::counter::ColumnCounter;
use super::cut_profile::{CutProfile, check_counts, merge_cuts};
use super::outcome::{Outcome, ScoredRows, merge_outcomes};

/// Version of the profile's JSON layout. Version 1 had values as they stood in the data and
/// read none that people spell; this one has canonical texts.
pub const SCHEMA_VERSION: u32 = 2;

/// Version of the layout with segments: what of it both have is the same.
pub const SCHEMA_VERSION_WITH_SEGMENTS: u32 = 3;

/// Shards that are listed by name.
const LISTED: usize = 8;
/// More rows than this are not whole numbers in JSON, nor in the doubles that shares are made of.
const MOST_ROWS: u64 = 1 << 53;

/// What the columns of a data set are, as far as the user said so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Roles {
    /// The outcome column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The label's value that means churned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The model's output column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// Identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id: Vec<String>,
    /// Columns to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Columns whose numbers are categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<String>,
    /// Texts that stand for missing values, beside the usual ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub null: Vec<String>,
}

/// The summary of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Always `profile`.
    pub command: String,
    /// Version of the program that wrote it.
    pub churnctl_version: String,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
    /// The data as the user named them.
    pub source: String,
    /// Rows counted.
    pub rows: u64,
    /// Rows left out because they say the header again.
    #[serde(default, skip_serializing_if = "HeaderRows::is_none")]
    pub header_rows: HeaderRows,
    /// The shards that were counted, if some are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<Shards>,
    /// What the user said of the columns.
    #[serde(default)]
    pub roles: Roles,
    /// The columns in the order of the data.
    pub columns: Vec<Column>,
    /// Scores by label, if both columns were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The same of each segment, for each way in which the data were cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<CutProfile>,
    /// Features of the model that the profile comes with: they are compared whatever they look like.
    #[serde(skip)]
    pub model_features: Vec<String>,
}

/// Rows that say the header again, as files do that were put together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HeaderRows {
    /// How many.
    pub count: u64,
    /// Where the first is, when the rows were just read.
    #[serde(skip)]
    pub first: Option<Place>,
}

impl HeaderRows {
    /// Returns whether there is none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.count == 0
    }

    /// Says how many there are and where the first is; nothing if there is none.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let place = self.first.as_ref().map(|place| {
            let line = place.line.map_or(String::new(), |line| format!(":{line}"));
            format!(" at {}{line}", place.file)
        });
        let place = place.unwrap_or_default();
        match self.count {
            0 => None,
            1 => Some(format!(
                "its header once more among the rows{place}; that row is left out"
            )),
            count => Some(format!(
                "its header {count} times more among the rows, first{place}; those rows are left out"
            )),
        }
    }
}

/// Some of the equal parts that a data set was cut into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// How many make the whole.
    pub count: u32,
    /// Those that are here, counted from 0.
    pub parts: BTreeSet<u32>,
}

impl Shards {
    /// Returns the shards that are missing, such as `3/8 5/8`.
    #[must_use]
    pub fn missing(&self) -> String {
        let missing = (0..self.count).filter(|part| !self.parts.contains(part));
        let mut names: Vec<String> = missing
            .take(LISTED + 1)
            .map(|part| format!("{part}/{}", self.count))
            .collect();
        if names.len() > LISTED {
            names[LISTED] = "...".to_owned();
        }
        names.join(" ")
    }

    /// Adds the shards of another profile.
    fn add(&mut self, other: &Self) -> std::result::Result<(), String> {
        if self.count != other.count {
            let (one, two) = (self.count, other.count);
            return Err(format!(
                "one is cut into {one} shards, the other into {two}"
            ));
        }
        if let Some(twice) = self.parts.intersection(&other.parts).next() {
            return Err(format!("both have the shard {twice}/{}", self.count));
        }
        self.parts.extend(&other.parts);
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.parts.len() == self.count as usize
    }
}

impl Profile {
    /// Reads a profile; `file` is what errors call it.
    ///
    /// # Errors
    /// Bad input if it is not a profile, of a newer version, or its counts don't add up.
    pub fn from_json(bytes: &[u8], file: &str) -> Result<Self> {
        #[derive(Deserialize, Default)]
        struct Version {
            schema_version: Option<u32>,
            command: Option<String>,
        }
        let place = |line| Place {
            file: file.to_owned(),
            line,
            column: None,
        };
        let damaged = |error: serde_json::Error| {
            let line = u64::try_from(error.line()).ok().filter(|line| *line > 0);
            Error::bad_input("this is not a whole profile")
                .at(place(line))
                .hint("make it again with `churnctl profile DATA -o FILE`")
                .because(error)
        };
        if bytes.trim_ascii().is_empty() {
            return Err(Error::bad_input("the file is empty")
                .at(place(None))
                .hint("check the job that writes the file"));
        }
        let mut documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Version>();
        let version = documents
            .next()
            .transpose()
            .map_err(damaged)?
            .unwrap_or_default();
        if version.schema_version.is_none() && version.command.is_none() {
            return Err(Error::bad_input("this is JSON, but no profile")
                .at(place(None))
                .hint("a table must be CSV, NDJSON (an object a line) or Parquet; make a profile with `churnctl profile DATA -o FILE`"));
        }
        if let Some(command) = version.command.filter(|command| command != "profile") {
            return Err(Error::bad_input(format!(
                "this is a document of `{command}`, not a profile"
            ))
            .at(place(None))
            .hint("make a profile with `churnctl profile DATA -o FILE`"));
        }
        if let Some(found) = version
            .schema_version
            .filter(|version| *version > SCHEMA_VERSION_WITH_SEGMENTS)
        {
            return Err(Error::bad_input(format!(
                "the profile has version {found}, this churnctl reads up to \
                 {SCHEMA_VERSION_WITH_SEGMENTS}"
            ))
            .at(place(None))
            .hint("update churnctl, or make the profile again"));
        }
        let profile: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        profile.check().map_err(|error| error.at(place(None)))?;
        Ok(profile)
    }

    /// Checks that the counts of a profile read from a file add up.
    pub fn check(&self) -> Result<()> {
        let damaged = |message: String| {
            Error::bad_input(format!("the profile is damaged: {message}"))
                .hint("make it again with `churnctl profile DATA -o FILE`")
        };
        let may_be_empty = self.shards.is_some();
        if (self.rows == 0 && !may_be_empty) || self.columns.is_empty() {
            return Err(damaged("it has no rows or no columns".into()));
        }
        if let Some(shards) = &self.shards
            && (shards.is_whole() || shards.parts.last() >= Some(&shards.count))
        {
            return Err(damaged("it has shards that are none".into()));
        }
        // Every count is of rows: what bounds them bounds all sums of counts.
        if self.rows > MOST_ROWS {
            return Err(damaged("it has more rows than can be counted".into()));
        }
        check_counts(self.rows, &self.columns, self.outcome.as_ref()).map_err(damaged)?;
        for cut in &self.segments {
            cut.check(self.rows).map_err(damaged)?;
        }
        Ok(())
    }

    /// Returns the profile as JSON, a column a line.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Profiles hold strings, integers and finite doubles only: this cannot fail.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let cuts = value.get_mut("segments").map(serde_json::Value::take);
        let columns = value.get_mut("columns").map(serde_json::Value::take);
        let mut lines: Vec<String> = Vec::new();
        for column in columns
            .iter()
            .filter_map(serde_json::Value::as_array)
            .flatten()
        {
            lines.push(format!("    {column}"));
        }
        let head = serde_json::to_string_pretty(&value).unwrap_or_default();
        let columns = format!("\"columns\": [\n{}\n  ]", lines.join(",\n"));
        let mut text = head.replacen("\"columns\": null", &columns, 1);
        if let Some(cuts) = cuts {
            let cuts = cuts.as_array().into_iter().flatten();
            let lines: Vec<String> = cuts.map(|cut| format!("    {cut}")).collect();
            let segments = format!("\"segments\": [\n{}\n  ]", lines.join(",\n"));
            text = text.replacen("\"segments\": null", &segments, 1);
        }
        text.push('\n');
        text.into_bytes()
    }

    /// Returns a column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the profile of one segment, with all else that is said of the whole; none if there is no such
    /// segment.
    #[must_use]
    pub fn segment(&self, by: &str, name: &str) -> Option<Self> {
        let cut = self.segments.iter().find(|cut| cut.by == by)?;
        let segment = cut.segments.iter().find(|one| one.segment == name)?;
        Some(Self {
            rows: segment.rows,
            columns: segment.columns.clone(),
            outcome: segment.outcome.clone(),
            header_rows: HeaderRows::default(),
            segments: Vec::new(),
            source: self.source.clone(),
            command: self.command.clone(),
            created_at: self.created_at.clone(),
            churnctl_version: self.churnctl_version.clone(),
            schema_version: SCHEMA_VERSION,
            shards: None,
            roles: self.roles.clone(),
            model_features: self.model_features.clone(),
        })
    }

    /// Says that the profile has no segments of a cut; `side` is the flag that names the data.
    #[must_use]
    pub fn lacks(&self, by: &str, side: &str) -> Error {
        let known: Vec<&str> = self.segments.iter().map(|cut| &*cut.by).collect();
        let has = match known.as_slice() {
            [] => "has no segments".to_owned(),
            known => format!("was cut by {}", known.join("; ")),
        };
        Error::bad_input(format!("the profile of {} {has}: it cannot be cut by {by}", self.source)).hint(
            format!(
                "name the data themselves with {side}, or make the profile again: churnctl profile DATA --by \
                 '{by}' -o FILE"
            ),
        )
    }

    /// Adds what a model scored: of rows that it was not fitted on, by label.
    ///
    /// There is no column of scores: most rows of the profile have none that could stand beside
    /// the scores of new rows.
    ///
    /// # Panics
    /// Panics if there are no as many labels as scores.
    pub fn add_held_out_scores(
        &mut self,
        name: &str,
        scores: &[f64],
        labels: &[bool],
        label: &str,
        positive: &str,
    ) {
        assert_eq!(scores.len(), labels.len(), "a label for every score");
        let mut by_class = [false, true].map(|_| ColumnCounter::of_scores(None));
        for (score, &label) in scores.iter().zip(labels) {
            by_class[usize::from(label)].add_times(score.to_string().as_bytes(), 1);
        }
        self.columns.retain(|column| column.name != name);
        // The other label as the data write it.
        let negative = self.column(label).and_then(|column| {
            let values = column.values.by_text().into_keys();
            let mut others = values.filter(|value| !same_label(value, positive));
            others.next().map(Cow::into_owned)
        });
        let negative = negative.unwrap_or_else(|| format!("not {positive}"));
        let [stayed, churned] = by_class.map(|counter| Column::from_counter(name, counter));
        self.roles.label = Some(label.to_owned());
        self.roles.positive = Some(positive.to_owned());
        self.roles.score = Some(name.to_owned());
        self.outcome = Some(Outcome {
            label: label.to_owned(),
            score: name.to_owned(),
            by_label: [(negative, stayed), (positive.to_owned(), churned)].into(),
            rows: Some(ScoredRows::HeldOut),
        });
    }

    /// Merges the profiles of parts into the profile of the whole.
    ///
    /// The result has the same counts, means and bins as a profile of all the data at once,
    /// whatever the order. Roles, name and time are those of the first, the sources are joined.
    ///
    /// # Errors
    /// Bad input if the columns or roles differ, or there is no profile at all.
    pub fn merge(parts: Vec<Self>) -> Result<Self> {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Err(Error::usage("no profile to merge"));
        };
        let mut whole = first;
        let mut counters = whole
            .columns
            .iter()
            .map(Column::to_counter)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::bad_input(error.to_string()))?;
        for mut part in parts {
            whole.agree_on_identifiers(&mut part, &mut counters);
            whole.check_same_layout(&part)?;
            match (&mut whole.shards, &part.shards) {
                (None, None) => {}
                (Some(shards), Some(others)) => {
                    shards
                        .add(others)
                        .map_err(|what| whole.differ(&part, &what))?;
                }
                (Some(_), None) | (None, Some(_)) => {
                    return Err(whole.differ(&part, "one is a shard, the other is not"));
                }
            }
            for (counter, column) in counters.iter_mut().zip(&whole.columns) {
                if let Some(theirs) = part.column(&column.name) {
                    counter.merge(
                        theirs
                            .to_counter()
                            .map_err(|error| Error::bad_input(error.to_string()))?,
                    );
                }
            }
            whole.rows += part.rows;
            if whole.rows > MOST_ROWS {
                let what = "together they have more rows than can be counted";
                return Err(whole.differ(&part, what));
            }
            whole.header_rows.count += part.header_rows.count;
            // Shards of one data set have its name.
            if whole.source != part.source {
                whole.source = format!("{} {}", whole.source, part.source);
            }
            whole.outcome = merge_outcomes(whole.outcome.take(), part.outcome)?;
            let segments = std::mem::take(&mut whole.segments);
            whole.segments = merge_cuts(segments, part.segments).map_err(|what| {
                Error::bad_input(what).hint("merge profiles that were made with the same --by")
            })?;
        }
        // What older parts have stored otherwise is canonical now.
        whole.schema_version = match whole.segments.is_empty() {
            true => SCHEMA_VERSION,
            false => SCHEMA_VERSION_WITH_SEGMENTS,
        };
        whole.keep_columns_of_segments();
        whole.shards = whole.shards.filter(|shards| !shards.is_whole());
        if whole.rows == 0 && whole.shards.is_none() {
            return Err(Error::bad_input(format!("{} has no rows", whole.source)));
        }
        whole.columns = whole
            .columns
            .iter()
            .zip(counters)
            .map(|(column, counter)| Column::from_counter(&column.name, counter))
            .collect();
        Ok(whole)
    }

    /// A column may look like an identifier in one part and not in another: it is one in both.
    fn agree_on_identifiers(&mut self, other: &mut Self, counters: &mut Vec<ColumnCounter>) {
        let mut ids = std::mem::take(&mut self.roles.id);
        ids.append(&mut other.roles.id);
        ids.sort();
        ids.dedup();
        let is_id = |column: &Column| ids.contains(&column.name);
        let mut keep = self
            .columns
            .iter()
            .map(|column| !is_id(column))
            .collect::<Vec<_>>()
            .into_iter();
        counters.retain(|_| keep.next().unwrap_or(true));
        self.columns.retain(|column| !is_id(column));
        other.columns.retain(|column| !is_id(column));
        other.roles.id.clone_from(&ids);
        self.roles.id = ids;
    }

    /// Leaves out of the segments what the whole does not have (any more).
    pub fn keep_columns_of_segments(&mut self) {
        let columns = &self.columns;
        for segment in self.segments.iter_mut().flat_map(|cut| &mut cut.segments) {
            let is_kept = |name: &str| columns.iter().any(|column| column.name == name);
            segment.columns.retain(|column| is_kept(&column.name));
        }
    }

    fn differ(&self, other: &Self, what: &str) -> Error {
        let (one, two) = (&self.source, &other.source);
        let message = if one == two {
            format!("profiles of {one} do not go together: {what}")
        } else {
            format!("{one} and {two} differ: {what}")
        };
        Error::bad_input(message)
            .hint("merge profiles that were made with the same options from the same columns")
    }

    fn check_same_layout(&self, other: &Self) -> Result<()> {
        for (one, two) in [(self, other), (other, self)] {
            if let Some(column) = one
                .columns
                .iter()
                .find(|column| two.column(&column.name).is_none())
            {
                let what = format!("\"{}\" is only in {}", column.name, one.source);
                return Err(self.differ(other, &what));
            }
        }
        if self.roles != other.roles {
            return Err(self.differ(other, "the columns' roles"));
        }
        Ok(())
    }
}
