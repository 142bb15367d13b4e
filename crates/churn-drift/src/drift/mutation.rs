//! Twelve ways in which data go wrong, done to rows on purpose: what each does to a window, and on which columns it
//! can be done. Whether a check notices is asked elsewhere.

use std::cmp::Reverse;
use std::collections::HashMap;

use churn_data::{canonical_number, parse_number};
use serde::{Deserialize, Serialize};

use super::report::FeatureKind;
use crate::stats::bootstrap::SplitMix64;

/// The cells of a row as texts; empty for missing.
pub type Cells = Vec<String>;

/// Shares of rows between which a text is worth being a segment, or lost.
const SEGMENT_SHARE: std::ops::RangeInclusive<f64> = 0.05..=0.6;
/// Fewest distinct whole numbers that may be hours or counts of days.
const LEAST_OF_TIME: usize = 13;

/// A way in which data go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MutationKind {
    /// Numbers in another unit.
    UnitChange,
    /// Values of other rows.
    StaleJoin,
    /// A default in place of values.
    DefaultFill,
    /// Two columns in each other's place.
    SwappedColumns,
    /// Values missing in one segment.
    OneSegment,
    /// Large numbers that come ever more often.
    SlowCreep,
    /// A number or text that stands for missing.
    Sentinel,
    /// A few rows delivered many times.
    DuplicatedRows,
    /// Rows of a category that come no more.
    DroppedCategory,
    /// Hours and days by another clock.
    TimeZone,
    /// Fields that are cut short.
    Truncation,
    /// Labels turned over.
    LabelFlip,
}

impl MutationKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::UnitChange,
        Self::StaleJoin,
        Self::DefaultFill,
        Self::SwappedColumns,
        Self::OneSegment,
        Self::SlowCreep,
        Self::Sentinel,
        Self::DuplicatedRows,
        Self::DroppedCategory,
        Self::TimeZone,
        Self::Truncation,
        Self::LabelFlip,
    ];

    /// Returns its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnitChange => "unit change",
            Self::StaleJoin => "stale join",
            Self::DefaultFill => "default fill",
            Self::SwappedColumns => "swapped columns",
            Self::OneSegment => "one segment",
            Self::SlowCreep => "slow creep",
            Self::Sentinel => "sentinel",
            Self::DuplicatedRows => "duplicated rows",
            Self::DroppedCategory => "dropped category",
            Self::TimeZone => "time zone",
            Self::Truncation => "truncation",
            Self::LabelFlip => "label flip",
        }
    }

    /// Says what it does to the affected rows.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::UnitChange => "numbers are a hundred times as large",
            Self::StaleJoin => "a column has the values of other rows",
            Self::DefaultFill => "a number is 0, a text is the most frequent one",
            Self::SwappedColumns => "two columns of a kind have each other's values",
            Self::OneSegment => "a column is missing for one value of another",
            Self::SlowCreep => {
                "rows with large numbers come ever more often, at the end so many standard deviations above"
            }
            Self::Sentinel => "a number is -999, a text is \"unknown\"",
            Self::DuplicatedRows => "rows are copies of one in a hundred",
            Self::DroppedCategory => "rows of one text do not come any more",
            Self::TimeZone => "hours of a day are eight later, other whole numbers one less",
            Self::Truncation => "fields end at half the length of the longest",
            Self::LabelFlip => "labels are turned over",
        }
    }

    /// Says what data must have for it, where they have not.
    #[must_use]
    pub const fn needs(self) -> &'static str {
        match self {
            Self::UnitChange | Self::SlowCreep => "no feature is a number that varies",
            Self::StaleJoin | Self::DefaultFill | Self::Sentinel => "no feature varies",
            Self::SwappedColumns => "no two features are of a kind",
            Self::OneSegment => "no text is worth being a segment, beside another feature",
            Self::DuplicatedRows => "there are no rows",
            Self::DroppedCategory => "no text has 5 to 60 % of the rows",
            Self::TimeZone => "no feature is a whole number that may be a time",
            Self::Truncation => "no feature has values of different lengths",
            Self::LabelFlip => "there is no label with two values",
        }
    }
}

/// What mutations need to know of a column.
#[derive(Debug, Clone)]
struct Facts {
    /// What it is as a feature, if it is one.
    kind: Option<FeatureKind>,
    /// Values that are not missing by how often they come, the most frequent first.
    levels: Vec<(String, usize)>,
    mean: f64,
    standard_deviation: f64,
    /// All numbers are whole.
    is_whole: bool,
    /// Length of the longest value, in characters.
    longest: usize,
}

impl Facts {
    fn of(kind: Option<FeatureKind>, values: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut numbers = Vec::new();
        for value in values {
            let value = value.as_ref();
            numbers.extend(number(value));
            if value.is_empty() {
                continue;
            }
            match counts.get_mut(value) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(value.to_owned(), 1);
                }
            }
        }
        let mut levels: Vec<(String, usize)> = counts.into_iter().collect();
        levels.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
        let count = numbers.len().max(1) as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let squares = numbers.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
        let longest = levels.iter().map(|(text, _)| text.chars().count()).max();
        Self {
            kind,
            mean,
            standard_deviation: (squares / count).sqrt(),
            is_whole: numbers.iter().all(|one| one.fract() == 0.0),
            longest: longest.unwrap_or(0),
            levels,
        }
    }

    fn is_number(&self) -> bool {
        self.kind == Some(FeatureKind::Numeric) && self.standard_deviation > 0.0
    }

    fn is_text(&self) -> bool {
        self.kind == Some(FeatureKind::Categorical)
    }

    fn varies(&self) -> bool {
        self.kind.is_some() && self.levels.len() > 1
    }

    /// Returns the positions of texts that have a share of the rows worth speaking of.
    fn segments(&self, rows: usize) -> impl Iterator<Item = usize> {
        let share = move |count: usize| count as f64 / rows.max(1) as f64;
        let levels = self
            .levels
            .iter()
            .take(if self.is_text() { usize::MAX } else { 0 });
        let worth = levels.map(move |(_, count)| SEGMENT_SHARE.contains(&share(*count)));
        worth
            .enumerate()
            .filter_map(|(level, is_worth)| is_worth.then_some(level))
    }

    /// Whether the numbers may be hours or days: whole, and many of them.
    fn may_be_time(&self) -> bool {
        self.is_number() && self.is_whole && self.levels.len() >= LEAST_OF_TIME
    }

    /// Whether they may be the hours of a day.
    fn are_hours(&self) -> bool {
        let is_hour = |(text, _): &(String, usize)| {
            number(text).is_some_and(|hour| (0.0..24.0).contains(&hour))
        };
        self.levels.iter().all(is_hour)
    }

    fn standing(&self, text: &str) -> f64 {
        let number = number(text).unwrap_or(self.mean);
        // A far value would be all that is drawn.
        ((number - self.mean) / self.standard_deviation).clamp(-3.0, 3.0)
    }
}

fn number(text: &str) -> Option<f64> {
    parse_number(text.as_bytes()).filter(|number| number.is_finite())
}

/// The user's rows, from which windows are drawn.
#[derive(Debug)]
pub struct Pool {
    columns: Vec<String>,
    rows: Vec<Cells>,
    facts: Vec<Facts>,
    label: Option<usize>,
}

/// A mutation of certain columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mutation {
    /// What it does.
    pub kind: MutationKind,
    column: usize,
    /// Another column, or the position of a value.
    other: usize,
    /// Of `one_segment`, the position of the segment's value.
    level: usize,
    /// Share of the rows that it affects; of `slow_creep`, standard deviations at the end.
    pub size: f64,
}

impl Pool {
    /// Looks at rows; `kind` tells what a column is as a feature.
    #[must_use]
    pub fn new(
        columns: Vec<String>,
        rows: Vec<Cells>,
        kind: impl Fn(&str) -> Option<FeatureKind>,
        label: Option<&str>,
    ) -> Self {
        let facts = columns.iter().enumerate().map(|(at, name)| {
            let is_label = label == Some(name.as_str());
            let kind = kind(name).filter(|_| !is_label);
            Facts::of(kind, rows.iter().map(|row| &row[at]))
        });
        Self {
            facts: facts.collect(),
            label: columns.iter().position(|name| label == Some(name)),
            columns,
            rows,
        }
    }

    /// Returns the names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Draws a window: rows of the pool, each as likely as any other at every draw.
    #[must_use]
    pub fn window(&self, rows: usize, random: &mut SplitMix64) -> Vec<Cells> {
        let draw = |_| self.rows[below(self.rows.len(), random)].clone();
        (0..rows).map(draw).collect()
    }

    /// Returns what a kind can be done to, a column each where columns are affected one by one.
    #[must_use]
    pub fn mutations(&self, kind: MutationKind, size: f64) -> Vec<Mutation> {
        let one = |column: usize, other: usize| Mutation {
            kind,
            column,
            other,
            level: 0,
            size,
        };
        let those = |fits: &dyn Fn(&Facts) -> bool| -> Vec<Mutation> {
            let facts = self.facts.iter().enumerate();
            let fitting = facts.filter(|(_, facts)| fits(facts));
            fitting.map(|(column, _)| one(column, column)).collect()
        };
        match kind {
            MutationKind::UnitChange | MutationKind::SlowCreep => those(&Facts::is_number),
            MutationKind::StaleJoin | MutationKind::DefaultFill | MutationKind::Sentinel => {
                those(&Facts::varies)
            }
            MutationKind::TimeZone => those(&Facts::may_be_time),
            MutationKind::Truncation => those(&|facts| {
                let short = |(text, _): &(String, usize)| text.chars().count() < facts.longest;
                facts.varies() && facts.levels.iter().any(short)
            }),
            MutationKind::SwappedColumns => {
                let pair = |(column, facts): (usize, &Facts)| {
                    let kind = facts.kind?;
                    let mut rest = self.facts.iter().enumerate().skip(column + 1);
                    let (other, _) = rest.find(|(_, other)| other.kind == Some(kind))?;
                    Some(one(column, other))
                };
                self.facts.iter().enumerate().filter_map(pair).collect()
            }
            MutationKind::OneSegment => {
                let cuts = self.facts.iter().enumerate();
                let cuts: Vec<(usize, usize)> = cuts
                    .flat_map(|(cut, facts)| {
                        facts
                            .segments(self.rows.len())
                            .map(move |level| (cut, level))
                    })
                    .collect();
                let mut found = those(&Facts::varies);
                // Every column once, in a segment of one of the others.
                found.retain_mut(|mutation| {
                    let own = mutation.column;
                    let others: Vec<_> = cuts.iter().filter(|(cut, _)| *cut != own).collect();
                    let Some(&&(cut, level)) = others.get(own % others.len().max(1)) else {
                        return false;
                    };
                    (mutation.other, mutation.level) = (cut, level);
                    true
                });
                found
            }
            MutationKind::DroppedCategory => {
                let levels = self.facts.iter().enumerate().flat_map(|(column, facts)| {
                    facts
                        .segments(self.rows.len())
                        .map(move |level| one(column, level))
                });
                levels.collect()
            }
            MutationKind::DuplicatedRows if self.rows.is_empty() => Vec::new(),
            MutationKind::DuplicatedRows => vec![one(0, 0)],
            MutationKind::LabelFlip => {
                let two = |column: &usize| self.facts[*column].levels.len() == 2;
                self.label
                    .filter(two)
                    .map(|column| one(column, column))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Returns which column a mutation affects, in words; none if it is all of them.
    #[must_use]
    pub fn column_of(&self, mutation: Mutation) -> Option<String> {
        let name = &self.columns[mutation.column];
        let level = |column: usize, level: usize| &self.facts[column].levels[level].0;
        match mutation.kind {
            MutationKind::DuplicatedRows => None,
            MutationKind::SwappedColumns => {
                Some(format!("{name} and {}", self.columns[mutation.other]))
            }
            MutationKind::OneSegment => {
                let value = level(mutation.other, mutation.level);
                Some(format!(
                    "{name} where {} is {value}",
                    self.columns[mutation.other]
                ))
            }
            MutationKind::DroppedCategory => {
                Some(format!("{name} {}", level(mutation.column, mutation.other)))
            }
            _ => Some(name.clone()),
        }
    }

    /// Does a mutation to a window; `progress` is how far a slow one has come, 0 to 1.
    pub fn mutate(
        &self,
        mutation: Mutation,
        rows: &mut Vec<Cells>,
        progress: f64,
        random: &mut SplitMix64,
    ) {
        let Mutation {
            kind,
            column,
            other,
            size,
            ..
        } = mutation;
        let facts = &self.facts[column];
        match kind {
            MutationKind::SlowCreep => {
                *rows = self.tilted(column, size * progress, rows.len(), random);
                return;
            }
            MutationKind::DroppedCategory => {
                self.drop_category(mutation, rows, random);
                return;
            }
            _ => {}
        }
        let affected = affected(rows.len(), size, random);
        match kind {
            MutationKind::StaleJoin => {
                let mut values = affected.iter().map(|row| rows[*row][column].clone());
                let first = values.next();
                let turned: Vec<String> = values.chain(first).collect();
                for (row, value) in affected.iter().zip(turned) {
                    rows[*row][column] = value;
                }
            }
            MutationKind::DuplicatedRows => {
                let few = (rows.len() / 100).max(1);
                let originals = rows[..few.min(rows.len())].to_vec();
                for (at, row) in affected.into_iter().enumerate() {
                    rows[row].clone_from(&originals[at % originals.len()]);
                }
            }
            MutationKind::SwappedColumns => affected
                .iter()
                .for_each(|row| rows[*row].swap(column, other)),
            MutationKind::OneSegment => {
                let segment = &self.facts[other].levels[mutation.level].0;
                for row in affected {
                    if rows[row][other] == *segment {
                        rows[row][column].clear();
                    }
                }
            }
            _ => {
                for row in affected {
                    facts.spoil(kind, &mut rows[row][column]);
                }
            }
        }
    }

    /// Draws a window in which rows with a large number come more often.
    ///
    /// # Formula
    /// Rows are drawn with weights `exp(shift z)`, z being the standardised number: of a normal distribution this
    /// moves the mean by `shift` standard deviations and leaves its width, and every row is one that there was.
    fn tilted(
        &self,
        column: usize,
        shift: f64,
        rows: usize,
        random: &mut SplitMix64,
    ) -> Vec<Cells> {
        let mut total = 0.0;
        let sums: Vec<f64> = self
            .rows
            .iter()
            .map(|row| {
                total += (shift * self.facts[column].standing(&row[column])).exp();
                total
            })
            .collect();
        let draw = |_| {
            let at = random.next_unit() * total;
            let row = sums.partition_point(|sum| *sum <= at).min(sums.len() - 1);
            self.rows[row].clone()
        };
        (0..rows).map(draw).collect()
    }

    /// Puts rows of other texts in the place of those of one.
    fn drop_category(&self, mutation: Mutation, rows: &mut [Cells], random: &mut SplitMix64) {
        let Mutation {
            column,
            other,
            size,
            ..
        } = mutation;
        let lost = &self.facts[column].levels[other].0;
        let left: Vec<&Cells> = self
            .rows
            .iter()
            .filter(|row| row[column] != *lost)
            .collect();
        for row in rows.iter_mut().filter(|row| row[column] == *lost) {
            if random.next_unit() < size && !left.is_empty() {
                row.clone_from(left[below(left.len(), random)]);
            }
        }
    }
}

impl Facts {
    /// Does to a value what a kind does value by value.
    fn spoil(&self, kind: MutationKind, value: &mut String) {
        if value.is_empty() && !matches!(kind, MutationKind::DefaultFill | MutationKind::Sentinel) {
            return;
        }
        let by_number =
            |change: &dyn Fn(f64) -> f64| number(value).map(|one| canonical_number(change(one)));
        let new = match kind {
            MutationKind::UnitChange => by_number(&|one| one * 100.0),
            MutationKind::TimeZone if self.are_hours() => by_number(&|hour| (hour + 8.0) % 24.0),
            MutationKind::TimeZone => by_number(&|one| one - 1.0),
            MutationKind::DefaultFill if self.is_text() => {
                self.levels.first().map(|level| level.0.clone())
            }
            MutationKind::DefaultFill => Some("0".to_owned()),
            MutationKind::Sentinel if self.is_text() => Some("unknown".to_owned()),
            MutationKind::Sentinel => Some("-999".to_owned()),
            MutationKind::Truncation => {
                Some(value.chars().take(self.longest.div_ceil(2)).collect())
            }
            MutationKind::LabelFlip => {
                let mut others = self.levels.iter().filter(|level| level.0 != *value);
                others.next().map(|level| level.0.clone())
            }
            MutationKind::StaleJoin
            | MutationKind::SwappedColumns
            | MutationKind::OneSegment
            | MutationKind::SlowCreep
            | MutationKind::DuplicatedRows
            | MutationKind::DroppedCategory => None,
        };
        if let Some(new) = new {
            *value = new;
        }
    }
}

/// Draws which rows of so many are affected: just the share of them.
fn affected(rows: usize, share: f64, random: &mut SplitMix64) -> Vec<usize> {
    let count = (share * rows as f64).round() as usize;
    let mut all: Vec<usize> = (0..rows).collect();
    for at in 0..count.min(rows) {
        let other = at + below(rows - at, random);
        all.swap(at, other);
    }
    all.truncate(count);
    all
}

fn below(bound: usize, random: &mut SplitMix64) -> usize {
    ((random.next_unit() * bound as f64) as usize).min(bound.saturating_sub(1))
}
