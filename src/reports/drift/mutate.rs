//! What the present settings make of data that were spoiled on purpose: as a document, and as a table.

use serde::Serialize;

use crate::cells::{Cell, Column, Table, Tone};
use crate::drift::mutation::MutationKind;
use crate::reports::format;
use crate::text::visible;

/// Columns that are named where a failure was missed.
const NAMED: usize = 3;

/// What came of all trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MutationReport {
    /// OK, or FAIL if fewer trials were seen than was asked for.
    pub status: &'static str,
    /// The baseline.
    pub baseline: String,
    /// Where the rows came from.
    pub data: String,
    /// Rows that windows were drawn from.
    pub rows: u64,
    /// Rows of a window.
    pub window_rows: u64,
    /// Windows that a failure lasts.
    pub within: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Verdict that counts as seen: FAIL, or WARN too.
    pub fail_on: &'static str,
    /// How drift is judged.
    pub policy: String,
    /// Windows that nothing was done to.
    pub clean: CleanWindows,
    /// Share of the trials that were seen, over all kinds and sizes; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<f64>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_detected: Option<f64>,
    /// Each kind.
    pub mutations: Vec<KindReport>,
}

/// Windows that nothing was done to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CleanWindows {
    /// How many.
    pub windows: u64,
    /// How many fail all the same.
    pub failed: u64,
    /// The share of them.
    pub false_alarm_rate: f64,
    /// Share of runs of as many windows as a failure lasts in which one fails: what is seen by chance.
    pub seen_by_chance: f64,
}

/// A kind of failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindReport {
    /// Which.
    pub kind: MutationKind,
    /// What it does.
    pub what: &'static str,
    /// Why it could not be done to these data; absent if it could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impossible: Option<&'static str>,
    /// Each size, the smallest first.
    pub sizes: Vec<SizeReport>,
}

/// Trials of a kind at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SizeReport {
    /// Share of the rows that are affected; of a slow creep, standard deviations at its end.
    pub size: f64,
    /// Trials.
    pub trials: u64,
    /// Those that were seen.
    pub seen: u64,
    /// After how many windows, in the median of those; absent if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows_until_seen: Option<u64>,
    /// Columns of trials that were missed.
    pub missed: Vec<String>,
}

impl MutationReport {
    /// Returns the kinds, a row each.
    #[must_use]
    pub fn table(&self) -> Table {
        let sizes = self
            .mutations
            .iter()
            .find_map(|kind| Some(&kind.sizes).filter(|sizes| !sizes.is_empty()));
        let sizes: Vec<f64> = sizes
            .map(|sizes| sizes.iter().map(|one| one.size).collect())
            .unwrap_or_default();
        let mut columns = vec![Column::text("failure")];
        columns.extend(
            sizes
                .iter()
                .map(|size| Column::text(format!("size {size}"))),
        );
        columns.push(Column::prose("missed").shown_from(80));
        columns.push(Column::prose("what it does").shown_from(120));
        let rows = self.mutations.iter().map(|kind| {
            let mut row = vec![Cell::plain(kind.kind.name())];
            match kind.impossible {
                Some(_) => row.extend(sizes.iter().map(|_| Cell::new(format::NONE, Tone::Dim))),
                None => row.extend(kind.sizes.iter().map(|size| size.cell())),
            }
            let missed = kind.impossible.map_or_else(|| kind.missed(), str::to_owned);
            row.push(Cell::new(missed, Tone::Dim));
            row.push(Cell::new(kind.what, Tone::Dim));
            row
        });
        Table {
            rows: rows.collect(),
            columns,
        }
    }

    /// Returns what stands above the table.
    #[must_use]
    pub fn title(&self) -> String {
        let each = format::counted(self.window_rows, "row", "rows");
        let lasts = format::counted(self.within, "window", "windows");
        let data = visible(&self.data);
        format!(
            "Windows of {each} drawn from {data}, checked as `drift` does; a failure lasts {lasts}"
        )
    }

    /// Returns what stands below it.
    #[must_use]
    pub fn notes(&self) -> Vec<(Tone, String)> {
        let clean = &self.clean;
        let rate = format::percent(clean.false_alarm_rate);
        let windows = format::count(clean.windows);
        let mut notes = vec![(
            Tone::Plain,
            format!(
                "Nothing done: {} of {windows} windows fail ({rate}); by chance alone {} of failures would be seen",
                clean.failed,
                format::percent(clean.seen_by_chance)
            ),
        )];
        let all = self.mutations.iter().flat_map(|kind| &kind.sizes);
        let (seen, trials) = all.fold((0, 0), |sums, one| (sums.0 + one.seen, sums.1 + one.trials));
        let share = self
            .detected
            .map_or(format::NONE.to_owned(), format::percent);
        let seen = format!(
            "{} of {} trials seen ({share})",
            format::count(seen),
            format::count(trials)
        );
        notes.push(match self.min_detected {
            None => (Tone::Plain, seen),
            Some(least) if self.status == "OK" => (
                Tone::Good,
                format!("OK: {seen}, {} asked for", format::percent(least)),
            ),
            Some(least) => (
                Tone::Bad,
                format!("FAIL: {seen}, fewer than {}", format::percent(least)),
            ),
        });
        notes
    }
}

impl KindReport {
    /// Names the columns of trials of the largest size that were missed.
    fn missed(&self) -> String {
        let Some(missed) = self.sizes.last().map(|size| &size.missed) else {
            return String::new();
        };
        let named = missed.iter().take(NAMED).map(|name| visible(name));
        let named = named.collect::<Vec<_>>().join(", ");
        match missed.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

impl SizeReport {
    fn cell(&self) -> Cell {
        let tone = match (self.seen * 10 / self.trials.max(1), self.seen) {
            (_, 0) => Tone::Bad,
            (9.., _) => Tone::Good,
            _ => Tone::Warn,
        };
        let after = self
            .windows_until_seen
            .map(|windows| format!(", after {windows}"));
        Cell::new(
            format!(
                "{} of {}{}",
                self.seen,
                self.trials,
                after.unwrap_or_default()
            ),
            tone,
        )
    }
}
