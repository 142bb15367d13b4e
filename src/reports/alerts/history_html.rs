//! The history of alerts as one self-contained page with a time line an alert: no script, no network.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::history::{
    History, begin, differences, labels, legend, share, short_time, verdict, word,
};
use crate::alerts::history::{AlertHistory, Ended, Episode, Status, TimeRange, length};
use crate::cells::Tone;
use crate::error::Result;
use crate::page::frame::render;
use crate::page::svg::{Caption, Tick};
use crate::page::timeline::{Lane, timeline};
use crate::page::{Html, Page};
use crate::reports::format::{NONE, count, counted, percent};

const TEMPLATE: &str = include_str!("history.html");
const STYLE: &str = include_str!("history.css");
/// Alerts that have a section; those that never fired need none.
const MOST_SECTIONS: usize = 200;
/// Series of an alert that have a lane.
const MOST_LANES: usize = 12;
/// Episodes of an alert that are listed.
const MOST_EPISODES: usize = 50;

#[derive(Serialize)]
struct View {
    sentence: String,
    tiles: Vec<(&'static str, String, &'static str)>,
    notes: Vec<String>,
    against: Option<String>,
    differences: Vec<Vec<String>>,
    alerts: Vec<AlertView>,
    legend: String,
    without_section: usize,
    version: &'static str,
    created_at: String,
}

#[derive(Serialize)]
struct AlertView {
    /// Of its section; none for none.
    id: Option<String>,
    status: &'static str,
    class: &'static str,
    name: String,
    severity: String,
    incidents: String,
    episodes: String,
    firing: String,
    share: String,
    longest: String,
    at_end: String,
    reasons: Vec<String>,
    place: String,
    expr: String,
    timing: String,
    line: Html,
    caption: String,
    shown: Vec<(String, String, String, String)>,
}

/// Returns the whole page.
///
/// # Errors
/// Fails only if the template does: a bug.
pub(crate) fn page(history: &History<'_>, created_at: &str) -> Result<String> {
    let counted = |status: Status| {
        let found = history.alerts.iter().filter(|one| one.status == status);
        count(found.count() as u64)
    };
    let (mut sections, mut without_section) = (0, 0);
    let alerts = history.alerts.iter().map(|one| {
        let wants = !one.replay.episodes.is_empty() || !one.replay.gaps.is_empty();
        let has = wants && sections < MOST_SECTIONS;
        without_section += usize::from(wants && !has);
        sections += usize::from(has);
        alert(history, one, has.then(|| format!("a{sections}")))
    });
    let alerts = alerts.collect();
    let table = differences(history);
    let view = View {
        sentence: super::history::heading(history),
        tiles: vec![
            (
                "Not evaluated",
                counted(Status::Error),
                "errors of the server",
            ),
            ("Noisy", counted(Status::Noisy), "too often, or always"),
            ("No data", counted(Status::NoData), "nothing to look at"),
            ("Silent", counted(Status::Silent), "never fired"),
            ("Fired", counted(Status::Fired), "otherwise"),
        ],
        notes: history.notes.clone(),
        against: history.against.as_ref().map(|one| one.rules.clone()),
        differences: table.map_or_else(Vec::new, |table| {
            let texts = |row: Vec<crate::cells::Cell>| row.into_iter().map(|cell| cell.text);
            let rows = table.rows.into_iter();
            rows.map(|row| texts(row).collect()).collect()
        }),
        alerts,
        legend: legend(),
        without_section,
        version: env!("CARGO_PKG_VERSION"),
        created_at: created_at.to_owned(),
    };
    let body = render(TEMPLATE, &view)?;
    let title = format!("Alert history: {}", verdict(history).1);
    Page {
        title: &title,
        style: STYLE,
        body: &body,
    }
    .render()
}

fn alert(history: &History<'_>, one: &AlertHistory, id: Option<String>) -> AlertView {
    let (status, tone) = word(one.status);
    let has_fired = !one.incidents.is_empty();
    let figure = |text: String| match has_fired {
        true => text,
        false => NONE.to_owned(),
    };
    let listed = one.replay.episodes.len().min(MOST_EPISODES);
    let shown = one
        .replay
        .episodes
        .iter()
        .rev()
        .take(listed)
        .map(|episode| {
            let to = match episode.ended {
                Ended::Resolved => short_time(episode.end),
                Ended::StillFiring => "still firing".to_owned(),
                Ended::Unknown => "not known".to_owned(),
            };
            (
                begin(episode),
                to,
                length(episode.length()),
                labels(one, episode),
            )
        });
    let all = counted(one.replay.episodes.len() as u64, "episode", "episodes");
    AlertView {
        line: id.as_deref().map_or_else(Html::default, |id| {
            line(one, history.range, &format!("{id}-line"))
        }),
        id,
        status,
        class: match tone {
            Tone::Bad => "FAIL",
            Tone::Warn => "WARN",
            Tone::Good => "OK",
            Tone::Plain | Tone::Dim => "quiet",
        },
        name: one.rule.name.clone(),
        severity: one.rule.severity().unwrap_or("-").to_owned(),
        incidents: count(one.incidents.len() as u64),
        episodes: count(one.replay.episodes.len() as u64),
        firing: figure(length(one.firing())),
        share: figure(percent(share(one, history.range))),
        longest: figure(length(one.longest())),
        at_end: match one.firing_at_end() {
            0 => "-".to_owned(),
            firing => format!("{firing} firing"),
        },
        reasons: one.reasons.clone(),
        place: one.rule.place(),
        expr: one.rule.expr.clone(),
        timing: timing(one),
        caption: match listed < one.replay.episodes.len() {
            true => format!("{all}, the latest {listed}"),
            false => all,
        },
        shown: shown.collect(),
    }
}

fn timing(one: &AlertHistory) -> String {
    let rule = &one.rule;
    let mut text = format!("for {}", length(rule.hold));
    if rule.keep > 0 {
        text.push_str(&format!(", kept firing for {}", length(rule.keep)));
    }
    text.push_str(&format!(", evaluated every {}", length(one.replay.step)));
    if one.replay.most_at_once > 1 {
        let most = count(one.replay.most_at_once as u64);
        text.push_str(&format!(", up to {most} alerts at once"));
    }
    text
}

/// Draws all alerts of a rule together, and the series that fired longest below.
fn line(one: &AlertHistory, range: TimeRange, id: &str) -> Html {
    let whole = (range.end - range.start) as f64;
    let share = |at: i64| (at - range.start) as f64 / whole;
    let gaps = one.replay.gaps.iter();
    let unknown: Vec<(f64, f64)> = gaps
        .map(|gap| (share(gap.first), share(gap.last + one.replay.step)))
        .collect();
    let incidents = one.incidents.iter();
    let mut lanes = vec![Lane {
        class: "f",
        label: "any".to_owned(),
        spans: incidents
            .map(|one| (share(one.start), share(one.end)))
            .collect(),
        unknown: unknown.clone(),
    }];
    let mut series: BTreeMap<String, (i64, Vec<(f64, f64)>)> = BTreeMap::new();
    let differing = differing(&one.replay.episodes);
    for episode in &one.replay.episodes {
        let own = episode.labels.iter();
        let own = own.filter(|(name, _)| differing.contains(name.as_str()));
        let texts: Vec<String> = own.map(|(name, value)| format!("{name}={value}")).collect();
        let entry = series.entry(texts.join(", ")).or_default();
        entry.0 += episode.length();
        entry.1.push((share(episode.start), share(episode.end)));
    }
    let mut series: Vec<_> = series.into_iter().collect();
    let all = series.len();
    if all > 1 {
        series.sort_by_key(|(_, (long, _))| std::cmp::Reverse(*long));
        let longest = series.into_iter().take(MOST_LANES);
        lanes.extend(longest.map(|(label, (_, spans))| Lane {
            label,
            class: "f",
            spans,
            unknown: unknown.clone(),
        }));
    }
    let description = format!(
        "{} of {}, from {} to {} UTC, {} of the time; {} shown",
        counted(one.replay.episodes.len() as u64, "episode", "episodes"),
        counted(all as u64, "series", "series"),
        short_time(range.start),
        short_time(range.end),
        percent(one.firing() as f64 / whole),
        lanes.len()
    );
    let caption = Caption {
        id,
        title: &one.rule.name,
        description: &description,
    };
    timeline(&caption, &lanes, &ticks(range))
}

/// Returns the names of labels that are not the same in all episodes: a lane has little room for
/// others.
fn differing(episodes: &[Episode]) -> BTreeSet<&str> {
    let names = episodes.iter().flat_map(|one| one.labels.keys());
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    let first = |name: &str| episodes.first().and_then(|one| one.labels.get(name));
    let differs = |name: &str| {
        let mut all = episodes.iter();
        all.any(|one| one.labels.get(name) != first(name))
    };
    names.into_iter().filter(|name| differs(name)).collect()
}

/// Round times within the range, six to twelve of them.
fn ticks(range: TimeRange) -> Vec<Tick> {
    const MINUTE: i64 = 60_000;
    const STEPS: [i64; 12] = [1, 5, 10, 30, 60, 180, 360, 720, 1440, 4320, 10_080, 43_200];
    let whole = range.end - range.start;
    let step = STEPS.map(|minutes| minutes * MINUTE).into_iter();
    let step = step.into_iter().find(|step| whole / step <= 10);
    let step = step.unwrap_or(whole / 10).max(1);
    let first = (range.start + step - 1).div_euclid(step) * step;
    let mut ticks = Vec::new();
    let mut at = first;
    while at <= range.end {
        let text = short_time(at);
        let (date, hour) = text.split_once(' ').unwrap_or((&text, ""));
        let (date, hour) = (date.get(5..).unwrap_or(date), hour.get(..5).unwrap_or(hour));
        ticks.push(Tick {
            at: (at - range.start) as f64 / whole as f64,
            text: match step >= 1440 * MINUTE {
                true => date.to_owned(),
                false => format!("{date} {hour}"),
            },
        });
        at += step;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_times_and_not_too_many() {
        // 2026-01-01T00:00:00Z; by hand: 30 days have ticks every third day.
        let start = 1_767_225_600_000;
        for (length, step, count) in [
            (30 * 86_400_000, 3 * 86_400_000, 11),
            (3_600_000, 600_000, 7),
            (600_000, 60_000, 11),
        ] {
            let ticks = ticks(TimeRange {
                start,
                end: start + length,
            });
            assert_eq!(ticks.len(), count, "{ticks:?}");
            let second = ticks[1].at * length as f64;
            assert!((second - f64::from(step)).abs() < 1.0, "{ticks:?}");
        }
    }
}
