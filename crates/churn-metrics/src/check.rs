//! What is wrong with metrics beyond their grammar, before anybody is bothered with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::distributions::{histogram, summary};
use super::gateway::HeldSeries;
use super::text::{Document, Family, FamilyKind, Problem, Sample};

/// Names of the Pushgateway's own metrics: by their beginning, and whole.
const OWN_PREFIXES: [&str; 4] = ["go_", "process_", "promhttp_", "pushgateway_"];
const OWN_NAMES: [&str; 2] = ["push_time_seconds", "push_failure_time_seconds"];

/// What the metrics are checked against.
#[derive(Debug, Clone, Default)]
pub struct Surroundings<'a> {
    /// The labels of the grouping key, `job` among them.
    pub grouping: &'a [(String, String)],
    /// Whether timestamps are taken off before sending.
    pub strips_timestamps: bool,
    /// Names and kinds that the gateway holds in other groups.
    pub known: BTreeMap<String, FamilyKind>,
    /// Series that the gateway holds in other groups, by their metrics.
    pub held: BTreeMap<String, Vec<HeldSeries>>,
}

/// Returns what is wrong, in the order of the lines.
#[must_use]
pub fn check(document: &Document, around: &Surroundings<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for family in &document.families {
        own_name(family, &mut problems);
        known_kind(family, around, &mut problems);
        duplicates(family, around, &mut problems);
        for sample in &family.samples {
            sample_alone(family, sample, around, &mut problems);
        }
        match family.kind() {
            FamilyKind::Histogram => histogram(family, &mut problems),
            FamilyKind::Summary => summary(family, &mut problems),
            FamilyKind::Counter | FamilyKind::Gauge | FamilyKind::Untyped => {}
        }
    }
    held_elsewhere(document, around, &mut problems);
    open_metrics(document, &mut problems);
    problems.sort_by_key(|problem| problem.line);
    problems
}

fn own_name(family: &Family, problems: &mut Vec<Problem>) {
    let name = family.name.as_str();
    if OWN_NAMES.contains(&name) || OWN_PREFIXES.iter().any(|own| name.starts_with(own)) {
        problems.push(Problem::unwise(
            family.line,
            format!("{name} is a metric of the gateway's own"),
            "give it a name that begins with what it measures, such as churn_",
        ));
    }
}

/// A kind that differs from another group's blocks the push, and the pushes of that other job.
fn known_kind(family: &Family, around: &Surroundings<'_>, problems: &mut Vec<Problem>) {
    let Some(known) = around.known.get(&family.name) else {
        return;
    };
    if *known != family.kind() && !family.samples.is_empty() {
        let hint = match family.kind {
            None => "add a # TYPE line",
            Some(_) => "one name has one type: rename it, or delete the other group",
        };
        let message = format!(
            "{} is {}, and the gateway holds it as {} in another group",
            family.name,
            family.kind().as_str(),
            known.as_str()
        );
        problems.push(Problem::refused(family.line, message, hint));
    }
}

/// The gateway takes a series from one group only: what `drift --push-gateway` has pushed with the group's label
/// `model` is the same series when the report is pushed without it. One cause, told once.
fn held_elsewhere(document: &Document, around: &Surroundings<'_>, problems: &mut Vec<Problem>) {
    let (mut first, mut more): (Option<(&Sample, &str)>, usize) = (None, 0);
    for family in &document.families {
        let Some(held) = around.held.get(&family.name) else {
            continue;
        };
        for sample in &family.samples {
            let labels = labels_there(family, sample, around);
            let Some(series) = held.iter().find(|one| one.labels == labels) else {
                continue;
            };
            match first {
                None => first = Some((sample, series.group.as_str())),
                Some(_) => more += 1,
            }
        }
    }
    if let Some((sample, group)) = first {
        let and = match more {
            0 => String::new(),
            _ => format!(", and {more} more"),
        };
        let message = format!(
            "the gateway holds the same series of {}{and}, in another group: {group}",
            sample.name
        );
        let hint = "a series is in one group only: push into that one with --job and --group, as drift \
                    --push-gateway does by itself, or take it out with `push-metrics delete`";
        problems.push(Problem::refused(sample.line, message, hint));
    }
}

/// The labels that a sample has once the gateway has it. It tells `empty=""` from no such label.
fn labels_there(
    family: &Family,
    sample: &Sample,
    around: &Surroundings<'_>,
) -> BTreeMap<String, String> {
    let bound = match family.kind() {
        FamilyKind::Histogram => "le",
        FamilyKind::Summary => "quantile",
        FamilyKind::Counter | FamilyKind::Gauge | FamilyKind::Untyped => "",
    };
    let own = sample.labels.iter();
    let own = own.filter(|(name, _)| name != bound);
    // What is pushed is of no instance, unless the group says so.
    let mut labels = BTreeMap::from([("instance".to_owned(), String::new())]);
    labels.extend(own.cloned());
    labels.extend(around.grouping.iter().cloned());
    labels
}

fn duplicates(family: &Family, around: &Surroundings<'_>, problems: &mut Vec<Problem>) {
    let mut first = HashMap::new();
    for sample in &family.samples {
        // The grouping key's labels overwrite those of the sample: series may fall together.
        let labels: BTreeSet<(&str, &str)> = sample
            .labels
            .iter()
            .filter(|(name, _)| !around.grouping.iter().any(|(other, _)| other == name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let line = *first
            .entry((sample.name.as_str(), labels))
            .or_insert(sample.line);
        if line != sample.line {
            problems.push(Problem::refused(
                sample.line,
                format!("{} with the same labels as in line {line}", sample.name),
                "keep one of the two",
            ));
        }
    }
}

fn sample_alone(
    family: &Family,
    sample: &Sample,
    around: &Surroundings<'_>,
    problems: &mut Vec<Problem>,
) {
    let (line, name) = (sample.line, &sample.name);
    if sample.timestamp.is_some() && !around.strips_timestamps {
        problems.push(Problem::refused(
            line,
            format!("{name} has a timestamp"),
            "a gateway takes none; --strip-timestamps leaves them out",
        ));
    }
    for (label, value) in &sample.labels {
        let grouped = around.grouping.iter().find(|(other, _)| other == label);
        if let Some((_, other)) = grouped.filter(|(_, other)| other != value) {
            problems.push(Problem::unwise(
                line,
                format!("the label {label}=\"{value}\" would be overwritten by \"{other}\""),
                "labels of the grouping key belong there alone",
            ));
        }
        if label == "instance" && grouped.is_none() && !value.is_empty() {
            problems.push(Problem::unwise(
                line,
                format!("the label instance=\"{value}\" would be overwritten"),
                "what is pushed is of no instance",
            ));
        }
    }
    // Of a summary without observations NaN is the value.
    if sample.value.is_nan() && family.kind() != FamilyKind::Summary {
        problems.push(Problem::unwise(
            line,
            format!("the value of {name} is NaN"),
            "no rule fires on NaN; leave the sample out",
        ));
    }
    if family.kind() == FamilyKind::Counter && sample.value < 0.0 {
        problems.push(Problem::unwise(
            line,
            format!("the counter {name} is negative"),
            "a counter begins at 0 and rises; this is a gauge",
        ));
    }
}

/// OpenMetrics names a counter without the `_total` that its samples have. Here that makes an empty
/// counter and an untyped metric.
fn open_metrics(document: &Document, problems: &mut Vec<Problem>) {
    let by_name: BTreeMap<&str, &Family> = document
        .families
        .iter()
        .map(|family| (family.name.as_str(), family))
        .collect();
    for family in &document.families {
        let total = format!("{}_total", family.name);
        if family.kind == Some(FamilyKind::Counter)
            && family.samples.is_empty()
            && let Some(other) = by_name.get(total.as_str())
            && other.kind.is_none()
        {
            problems.push(Problem::unwise(
                family.line,
                format!(
                    "the type is that of {}, the samples are {total}",
                    family.name
                ),
                "this is OpenMetrics; here the TYPE line has the whole name, _total too",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::parse;
    use super::*;

    fn problems_with(text: &str, around: &Surroundings<'_>) -> Vec<Problem> {
        let (document, problems) = parse(text.as_bytes());
        assert_eq!(problems, [], "{text}");
        check(&document, around)
    }

    #[track_caller]
    fn only(text: &str, around: &Surroundings<'_>) -> Problem {
        let mut problems = problems_with(text, around);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        problems.swap_remove(0)
    }

    fn key() -> Vec<(String, String)> {
        vec![("job".to_owned(), "nightly".to_owned())]
    }

    #[test]
    fn nothing_is_wrong_with_what_is_right() {
        let text = concat!(
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
            "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 0\ns_count 0\n",
            "# TYPE c counter\nc{job=\"nightly\"} 0\n# TYPE g gauge\ng{a=\"1\"} -1\ng{a=\"2\"} +Inf\n",
        );
        let key = key();
        let around = Surroundings {
            grouping: &key,
            ..Surroundings::default()
        };
        assert_eq!(problems_with(text, &around), []);
    }

    #[test]
    fn what_a_gateway_refuses_cannot_be_forced() {
        let known = BTreeMap::from([
            ("m8".to_owned(), FamilyKind::Gauge),
            ("ok".to_owned(), FamilyKind::Counter),
        ]);
        let around = Surroundings {
            known,
            ..Surroundings::default()
        };
        for (text, line, said) in [
            ("a 1\na 2\n", 2, "same labels as in line 1"),
            (
                "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n",
                2,
                "same labels",
            ),
            ("a 1 1700000000000\n", 1, "timestamp"),
            (
                "# TYPE m8 counter\nm8 1\n",
                1,
                "m8 is counter, and the gateway holds it as gauge",
            ),
            ("m8 1\n", 1, "m8 is untyped"),
            (
                "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_bucket 1\nh_count 1\nh_sum 1\n",
                3,
                "no bound",
            ),
            (
                "# TYPE s summary\ns 1\ns_sum 1\ns_count 1\n",
                2,
                "without a quantile",
            ),
        ] {
            let problem = only(text, &around);
            assert!(problem.message.contains(said), "{problem:?}");
            assert_eq!((problem.line, problem.is_taken), (line, false), "{text}");
        }
        assert_eq!(problems_with("# TYPE ok counter\nok 1\n", &around), []);
        let around = Surroundings {
            strips_timestamps: true,
            ..Surroundings::default()
        };
        assert_eq!(problems_with("a 1 1700000000000\n", &around), []);
    }

    #[test]
    fn what_a_gateway_takes_and_should_not_is_found() {
        let key = key();
        let around = Surroundings {
            grouping: &key,
            ..Surroundings::default()
        };
        for (text, line, said) in [
            (
                "a{job=\"other\"} 1\n".to_owned(),
                1,
                "overwritten by \"nightly\"",
            ),
            ("a{instance=\"pod-1\"} 1\n".to_owned(), 1, "instance"),
            ("a NaN\n".to_owned(), 1, "NaN"),
            ("# TYPE c counter\nc -1\n".to_owned(), 2, "negative"),
            ("go_goroutines 1\n".to_owned(), 1, "gateway's own"),
            (
                "process_cpu_seconds_total 1\n".to_owned(),
                1,
                "gateway's own",
            ),
            ("push_time_seconds 1\n".to_owned(), 1, "gateway's own"),
            (
                "# TYPE m counter\nm_total 1\n# EOF\n".to_owned(),
                1,
                "samples are m_total",
            ),
        ] {
            let problem = only(&text, &around);
            assert!(problem.message.contains(said), "{problem:?}");
            assert_eq!((problem.line, problem.is_taken), (line, true), "{text}");
        }
    }
}
