//! The history of alerts as a document, and as tables and lines for eyes and logs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alerts::history::{
    AlertHistory, Change, Comparison, Ended, Episode, NOISY_LEAST, NOISY_MEDIAN, NOISY_PER_DAY,
    NOISY_SHARE, SelectorData, Status, TimeRange, length,
};
use crate::cells::{Cell, Column, Table, Tone};
use crate::reports::format::{NONE, count, counted, percent};

/// Episodes that are listed of one alert on a terminal; the document has all.
const MOST_LISTED: usize = 5;

/// What was asked, of whom, and what came out.
#[derive(Debug)]
pub(crate) struct History<'a> {
    /// URL of the server.
    pub(crate) server: String,
    pub(crate) range: TimeRange,
    /// Where the rules are from.
    pub(crate) rules: String,
    /// The alerts, what wants a look first.
    pub(crate) alerts: &'a [AlertHistory],
    /// The version before.
    pub(crate) against: Option<Against<'a>>,
    /// What holds for all of it.
    pub(crate) notes: Vec<String>,
}

/// The version before, and how it differs.
#[derive(Debug)]
pub(crate) struct Against<'a> {
    /// Where its rules are from.
    pub(crate) rules: String,
    pub(crate) alerts: &'a [AlertHistory],
    pub(crate) comparisons: Vec<Comparison>,
}

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryDocument {
    server: String,
    start: String,
    end: String,
    range_seconds: f64,
    rules: String,
    notes: Vec<String>,
    noisy_when: NoisyWhen,
    counts: Counts,
    alerts: Vec<AlertView>,
    comparison: Option<ComparisonView>,
}

/// By which measure an alert is noisy: the first three together, or the last one.
#[derive(Debug, Serialize)]
struct NoisyWhen {
    incidents_at_least: usize,
    incidents_per_day_at_least: f64,
    median_incident_seconds_at_most: f64,
    firing_share_at_least: f64,
}

#[derive(Debug, Default, Serialize)]
struct Counts {
    alerts: usize,
    error: usize,
    noisy: usize,
    no_data: usize,
    silent: usize,
    fired: usize,
}

#[derive(Debug, Serialize)]
struct AlertView {
    alert: String,
    group: String,
    severity: Option<String>,
    file: String,
    line: Option<u64>,
    expr: String,
    for_seconds: f64,
    keep_firing_for_seconds: f64,
    interval_seconds: f64,
    step_seconds: f64,
    status: Status,
    reasons: Vec<String>,
    evaluations: i64,
    episode_count: usize,
    incident_count: usize,
    incidents_per_day: f64,
    firing_seconds: f64,
    firing_share: f64,
    longest_seconds: f64,
    median_incident_seconds: Option<f64>,
    most_at_once: usize,
    firing_at_end: usize,
    pending: PendingView,
    selectors: Vec<SelectorData>,
    errors: Vec<GapView>,
    episodes: Vec<EpisodeView>,
}

#[derive(Debug, Serialize)]
struct PendingView {
    count: usize,
    longest_seconds: f64,
    at_end: usize,
}

#[derive(Debug, Serialize)]
struct GapView {
    start: String,
    end: String,
    evaluations: i64,
    message: String,
}

#[derive(Debug, Serialize)]
struct EpisodeView {
    start: String,
    /// None if it still fires.
    end: Option<String>,
    duration_seconds: f64,
    ended: Ended,
    began_before: bool,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct ComparisonView {
    against: String,
    alerts: Vec<ComparedView>,
}

#[derive(Debug, Serialize)]
struct ComparedView {
    alert: String,
    change: Change,
    before: Option<SideView>,
    after: Option<SideView>,
    appear: Vec<EpisodeView>,
    vanish: Vec<EpisodeView>,
}

#[derive(Debug, Serialize)]
struct SideView {
    file: String,
    line: Option<u64>,
    status: Status,
    episode_count: usize,
    incident_count: usize,
    firing_seconds: f64,
}

/// Writes a time as RFC 3339 in UTC.
pub(super) fn time(milliseconds: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds);
    time.map_or_else(|_| milliseconds.to_string(), |time| time.to_string())
}

/// Writes a time for eyes: to the second, a blank between date and time.
pub(super) fn short_time(milliseconds: i64) -> String {
    let text = time(milliseconds.div_euclid(1000) * 1000);
    text.replace('T', " ").replace('Z', "")
}

fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Returns the share of the range in which an alert fired.
pub(super) fn share(history: &AlertHistory, range: TimeRange) -> f64 {
    seconds(history.firing()) / range.seconds()
}

fn episode(one: &Episode) -> EpisodeView {
    EpisodeView {
        start: time(one.start),
        end: (one.ended != Ended::StillFiring).then(|| time(one.end)),
        duration_seconds: seconds(one.length()),
        ended: one.ended,
        began_before: one.began_before,
        labels: one.labels.clone(),
    }
}

/// Returns the document.
pub(crate) fn document(history: &History<'_>) -> HistoryDocument {
    let mut counts = Counts {
        alerts: history.alerts.len(),
        ..Counts::default()
    };
    for one in history.alerts {
        *match one.status {
            Status::Error => &mut counts.error,
            Status::Noisy => &mut counts.noisy,
            Status::NoData => &mut counts.no_data,
            Status::Silent => &mut counts.silent,
            Status::Fired => &mut counts.fired,
        } += 1;
    }
    let comparison = history.against.as_ref().map(|against| ComparisonView {
        against: against.rules.clone(),
        alerts: against
            .comparisons
            .iter()
            .map(|one| compared(one, against.alerts, history.alerts))
            .collect(),
    });
    HistoryDocument {
        server: history.server.clone(),
        start: time(history.range.start),
        end: time(history.range.end),
        range_seconds: history.range.seconds(),
        rules: history.rules.clone(),
        notes: history.notes.clone(),
        noisy_when: NoisyWhen {
            incidents_at_least: NOISY_LEAST,
            incidents_per_day_at_least: NOISY_PER_DAY,
            median_incident_seconds_at_most: seconds(NOISY_MEDIAN),
            firing_share_at_least: NOISY_SHARE,
        },
        counts,
        alerts: history
            .alerts
            .iter()
            .map(|one| alert(one, history.range))
            .collect(),
        comparison,
    }
}

fn alert(history: &AlertHistory, range: TimeRange) -> AlertView {
    let (rule, replay) = (&history.rule, &history.replay);
    AlertView {
        alert: rule.name.clone(),
        group: rule.group.clone(),
        severity: rule.severity().map(str::to_owned),
        file: rule.file.clone(),
        line: rule.line,
        expr: rule.expr.clone(),
        for_seconds: seconds(rule.hold),
        keep_firing_for_seconds: seconds(rule.keep),
        interval_seconds: seconds(rule.interval),
        step_seconds: seconds(replay.step),
        status: history.status,
        reasons: history.reasons.clone(),
        evaluations: replay.evaluations,
        episode_count: replay.episodes.len(),
        incident_count: history.incidents.len(),
        incidents_per_day: history.incidents.len() as f64 / range.days(),
        firing_seconds: seconds(history.firing()),
        firing_share: share(history, range),
        longest_seconds: seconds(history.longest()),
        median_incident_seconds: history.median_incident().map(seconds),
        most_at_once: replay.most_at_once,
        firing_at_end: history.firing_at_end(),
        pending: PendingView {
            count: replay.pending.count,
            longest_seconds: seconds(replay.pending.longest),
            at_end: replay.pending.at_end,
        },
        selectors: history.data.selectors.clone(),
        errors: replay
            .gaps
            .iter()
            .map(|gap| GapView {
                start: time(gap.first),
                end: time(gap.last),
                evaluations: gap.evaluations,
                message: gap.message.clone(),
            })
            .collect(),
        episodes: replay.episodes.iter().map(episode).collect(),
    }
}

fn compared(one: &Comparison, before: &[AlertHistory], after: &[AlertHistory]) -> ComparedView {
    let (before, after) = (
        one.before.map(|at| &before[at]),
        one.after.map(|at| &after[at]),
    );
    let side = |history: &AlertHistory| SideView {
        file: history.rule.file.clone(),
        line: history.rule.line,
        status: history.status,
        episode_count: history.replay.episodes.len(),
        incident_count: history.incidents.len(),
        firing_seconds: seconds(history.firing()),
    };
    let chosen = |history: Option<&AlertHistory>, places: &[usize]| {
        let episodes = history.map_or(&[][..], |history| &history.replay.episodes);
        places.iter().map(|at| episode(&episodes[*at])).collect()
    };
    ComparedView {
        alert: after
            .or(before)
            .map_or_else(String::new, |one| one.rule.name.clone()),
        change: one.change,
        appear: chosen(after, &one.appear),
        vanish: chosen(before, &one.vanish),
        before: before.map(side),
        after: after.map(side),
    }
}

/// Returns the word for a status, and its tone.
pub(super) const fn word(status: Status) -> (&'static str, Tone) {
    match status {
        Status::Error => ("ERROR", Tone::Bad),
        Status::Noisy => ("NOISY", Tone::Warn),
        Status::NoData => ("NO DATA", Tone::Warn),
        Status::Silent => ("SILENT", Tone::Dim),
        Status::Fired => ("FIRED", Tone::Plain),
    }
}

/// Returns a row an alert.
pub(crate) fn table(history: &History<'_>) -> Table {
    let rows = history.alerts.iter().map(|one| {
        let (word, tone) = word(one.status);
        let has_fired = !one.incidents.is_empty();
        let figure = |text: String| match has_fired {
            true => Cell::plain(text),
            false => Cell::new(NONE, Tone::Dim),
        };
        let median = one.median_incident().unwrap_or(0);
        vec![
            Cell::new(word, tone),
            Cell::plain(&one.rule.name),
            Cell::plain(one.rule.severity().unwrap_or("-")),
            Cell::plain(count(one.incidents.len() as u64)),
            Cell::plain(count(one.replay.episodes.len() as u64)),
            figure(length(one.firing())),
            figure(percent(share(one, history.range))),
            figure(length(median)),
            figure(length(one.longest())),
            figure(count(one.replay.most_at_once as u64)),
            match one.firing_at_end() {
                0 => Cell::plain("-"),
                firing => Cell::new(format!("{firing} firing"), Tone::Bad),
            },
            Cell::new(one.rule.place(), Tone::Dim),
        ]
    });
    Table {
        columns: vec![
            Column::text("Status"),
            Column::text("Alert"),
            Column::text("Severity").shown_from(100),
            Column::number("Incidents"),
            Column::number("Episodes").shown_from(90),
            Column::number("Firing"),
            Column::number("Share"),
            Column::number("Median").shown_from(110),
            Column::number("Longest").shown_from(110),
            Column::number("At once").shown_from(120),
            Column::text("At the end"),
            Column::text("From").shown_from(150),
        ],
        rows: rows.collect(),
    }
}

/// Returns the latest episodes of each alert: when, how long, with which labels.
pub(crate) fn episodes(history: &History<'_>) -> Option<Table> {
    let mut rows = Vec::new();
    for one in history.alerts {
        let all = &one.replay.episodes;
        let listed = all.iter().rev().take(MOST_LISTED);
        for (at, episode) in listed.enumerate() {
            let more = all.len() - all.len().min(MOST_LISTED);
            let name = match (at, more) {
                (0, 0) => Cell::plain(&one.rule.name),
                (0, more) => {
                    Cell::plain(&one.rule.name).over(format!("and {} before", count(more as u64)))
                }
                _ => Cell::plain(""),
            };
            rows.push(vec![
                name,
                Cell::plain(begin(episode)),
                end(episode),
                Cell::plain(length(episode.length())),
                Cell::new(labels(one, episode), Tone::Dim),
            ]);
        }
    }
    (!rows.is_empty()).then(|| Table {
        columns: vec![
            Column::text("Alert"),
            Column::text("From (UTC)"),
            Column::text("To"),
            Column::number("For"),
            Column::prose("Labels").shown_from(90),
        ],
        rows,
    })
}

pub(super) fn begin(episode: &Episode) -> String {
    match episode.began_before {
        true => "before".to_owned(),
        false => short_time(episode.start),
    }
}

fn end(episode: &Episode) -> Cell {
    match episode.ended {
        Ended::Resolved => Cell::plain(short_time(episode.end)),
        Ended::StillFiring => Cell::new("still firing", Tone::Bad),
        Ended::Unknown => Cell::new("not known", Tone::Warn),
    }
}

/// Returns the labels that tell the alerts of a rule apart: not its name, not what the rule sets.
pub(super) fn labels(history: &AlertHistory, episode: &Episode) -> String {
    let set = |name: &str| {
        let mut set = history.rule.labels.iter();
        set.any(|(label, text)| label == name && !text.contains("{{"))
    };
    let own = episode.labels.iter();
    let own = own.filter(|(name, _)| *name != "alertname" && !set(name));
    let texts: Vec<String> = own
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    texts.join(", ")
}

/// Returns what there is to say of single alerts, a line each.
pub(crate) fn remarks(history: &History<'_>) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    for one in history.alerts {
        for reason in &one.reasons {
            let (word, tone) = word(one.status);
            let tone = match one.status {
                Status::Fired if !one.replay.gaps.is_empty() => Tone::Bad,
                _ => tone,
            };
            lines.push((tone, format!("{word}  {}: {reason}", one.rule.name)));
        }
    }
    lines
}

/// Returns a row a rule that differs, or whose episodes do; none if nothing does.
pub(crate) fn differences(history: &History<'_>) -> Option<Table> {
    let against = history.against.as_ref()?;
    let shown = against
        .comparisons
        .iter()
        .filter(|one| one.change != Change::Same);
    let rows = shown.map(|one| {
        let before = one.before.map(|at| &against.alerts[at]);
        let after = one.after.map(|at| &history.alerts[at]);
        let pair = |figure: &dyn Fn(&AlertHistory) -> String| {
            let text = |side: Option<&AlertHistory>| side.map_or_else(|| NONE.to_owned(), figure);
            Cell::plain(format!("{}\u{a0}→\u{a0}{}", text(before), text(after)))
        };
        let named = after.or(before);
        let marked = |count: usize, sign: char, tone: Tone| match count {
            0 => Cell::plain("0"),
            count => Cell::new(format!("{sign}{count}"), tone),
        };
        vec![
            Cell::plain(named.map_or("", |one| one.rule.name.as_str())),
            Cell::plain(change(one.change)),
            pair(&|one| count(one.replay.episodes.len() as u64)),
            pair(&|one| length(one.firing())),
            marked(one.appear.len(), '+', Tone::Warn),
            marked(one.vanish.len(), '-', Tone::Warn),
        ]
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| Table {
        columns: vec![
            Column::text("Alert"),
            Column::text("Rule"),
            Column::number("Episodes"),
            Column::number("Firing"),
            Column::number("Appear"),
            Column::number("Vanish"),
        ],
        rows,
    })
}

pub(super) const fn change(change: Change) -> &'static str {
    match change {
        Change::Changed => "changed",
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Same => "same",
    }
}

/// Returns what was asked, in a line.
pub(crate) fn heading(history: &History<'_>) -> String {
    let range = history.range;
    format!(
        "{} of {} on {}, {} to {} UTC ({})",
        counted(history.alerts.len() as u64, "alert", "alerts"),
        history.rules,
        history.server,
        short_time(range.start),
        short_time(range.end),
        length(range.end - range.start)
    )
}

/// Returns the last line and its tone.
pub(crate) fn verdict(history: &History<'_>) -> (Tone, String) {
    let counted = |status: Status| {
        history
            .alerts
            .iter()
            .filter(|one| one.status == status)
            .count()
    };
    let failed = history
        .alerts
        .iter()
        .filter(|one| !one.replay.gaps.is_empty())
        .count();
    let text = format!(
        "{} noisy, {} without data, {} silent, {} fired otherwise",
        counted(Status::Noisy),
        counted(Status::NoData),
        counted(Status::Silent),
        counted(Status::Fired)
    );
    match failed {
        0 => (Tone::Plain, text),
        failed => (
            Tone::Bad,
            format!("FAIL  {failed} could not be evaluated at all times; {text}"),
        ),
    }
}

/// Returns what the words of the table mean.
pub(crate) fn legend() -> String {
    format!(
        "noisy: at least {NOISY_LEAST} incidents, {NOISY_PER_DAY} a day or more, half of them over \
         within {}; or firing {:.0} % of the time. An incident joins the episodes of all labels.",
        length(NOISY_MEDIAN),
        NOISY_SHARE * 100.0
    )
}
