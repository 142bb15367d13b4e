//! What is wrong with histograms and summaries. A gateway takes nearly all of it and serves something
//! else: each finding says what Pushgateway 1.5.1 was seen to make of it.

use std::collections::BTreeMap;

use super::text::{Family, Problem, Sample};

/// Samples that have all labels in common but the one that tells buckets or quantiles apart.
fn series<'a>(family: &'a Family, label: &str) -> Vec<Vec<&'a Sample>> {
    let mut series: BTreeMap<Vec<(&str, &str)>, Vec<&Sample>> = BTreeMap::new();
    for sample in &family.samples {
        let labels = sample.labels_without(label);
        series.entry(labels).or_default().push(sample);
    }
    series.into_values().collect()
}

/// Looks at the buckets of each series, its count and its sum.
pub(super) fn histogram(family: &Family, problems: &mut Vec<Problem>) {
    let name = &family.name;
    for samples in series(family, "le") {
        let mut buckets = Vec::new();
        for sample in &samples {
            if sample.name == *name {
                problems.push(Problem::unwise(
                    sample.line,
                    format!("{name} is a histogram, and this sample is none of its parts"),
                    "a gateway drops it; the samples are _bucket, _sum and _count",
                ));
            }
            if !sample.name.ends_with("_bucket") || sample.name == *name {
                continue;
            }
            match sample.label("le").and_then(|le| le.parse::<f64>().ok()) {
                Some(le) if !le.is_nan() => buckets.push((le, *sample)),
                Some(_) | None => problems.push(Problem::refused(
                    sample.line,
                    format!("a bucket of {name} has no bound in its label le"),
                    "le holds a number, or +Inf",
                )),
            }
            whole_count(sample, problems);
        }
        let last_line = samples.last().map_or(family.line, |sample| sample.line);
        if !buckets.iter().any(|(le, _)| *le == f64::INFINITY) {
            problems.push(Problem::unwise(
                last_line,
                format!("the histogram {name} has no bucket le=\"+Inf\""),
                "quantiles over it are NaN; its value is that of _count",
            ));
        }
        // Bounds may be equal: the order of the lines then tells which was first.
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        for pair in buckets.windows(2) {
            let [(before, first), (le, second)] = [pair[0], pair[1]];
            if before == le {
                problems.push(Problem::unwise(
                    second.line,
                    format!(
                        "the bucket le=\"{le}\" of {name} again, as in line {}",
                        first.line
                    ),
                    "1 and 1.0 are one bound; keep one of the two",
                ));
            } else if second.value < first.value {
                problems.push(Problem::unwise(
                    second.line,
                    format!("the buckets of {name} fall at le=\"{le}\""),
                    "a bucket counts everything up to its bound",
                ));
            }
        }
        let count = totals(name, &samples, "le", last_line, problems);
        if let (Some(count), Some((le, top))) = (count, buckets.last())
            && *le == f64::INFINITY
            && count.value != top.value
        {
            problems.push(Problem::unwise(
                count.line,
                format!("{name}_count differs from the bucket le=\"+Inf\""),
                "both count all observations",
            ));
        }
    }
}

/// Looks at the quantiles of each series, its count and its sum.
pub(super) fn summary(family: &Family, problems: &mut Vec<Problem>) {
    let name = &family.name;
    for samples in series(family, "quantile") {
        let mut quantiles: Vec<(f64, u64)> = Vec::new();
        for sample in samples.iter().filter(|sample| sample.name == *name) {
            let quantile = sample
                .label("quantile")
                .and_then(|text| text.parse::<f64>().ok());
            let hint = "the label quantile holds a number from 0 to 1";
            let Some(quantile) = quantile else {
                let message = format!("the summary {name} has a sample without a quantile");
                problems.push(Problem::refused(sample.line, message, hint));
                continue;
            };
            if !(0.0..=1.0).contains(&quantile) {
                let message = format!("{quantile} is not a quantile of {name}");
                problems.push(Problem::unwise(sample.line, message, hint));
            }
            match quantiles.iter().find(|(other, _)| *other == quantile) {
                Some((_, line)) => problems.push(Problem::unwise(
                    sample.line,
                    format!("the quantile {quantile} of {name} again, as in line {line}"),
                    "0.5 and 0.50 are one quantile; every scrape of both fails",
                )),
                None => quantiles.push((quantile, sample.line)),
            }
        }
        let last_line = samples.last().map_or(family.line, |sample| sample.line);
        totals(name, &samples, "quantile", last_line, problems);
    }
}

/// Looks at the count and the sum of a series, and returns the count.
fn totals<'a>(
    name: &str,
    samples: &[&'a Sample],
    label: &str,
    last_line: u64,
    problems: &mut Vec<Problem>,
) -> Option<&'a Sample> {
    let mut count = None;
    for part in ["_count", "_sum"] {
        let own = format!("{name}{part}");
        let found = samples.iter().find(|sample| sample.name == own).copied();
        match found {
            None => problems.push(Problem::unwise(
                last_line,
                format!("there is no {own}"),
                "a gateway would serve 0 for it, which nobody measured",
            )),
            Some(sample) if sample.label(label).is_some() => problems.push(Problem::unwise(
                sample.line,
                format!("{own} has a label {label}, which a gateway drops"),
                "count and sum are of all observations",
            )),
            Some(_) => {}
        }
        if part == "_count" {
            count = found;
        }
    }
    if let Some(count) = count {
        whole_count(count, problems);
    }
    count
}

/// A gateway keeps counts as whole numbers without a sign: -4 is served as 18446744073709551612.
fn whole_count(sample: &Sample, problems: &mut Vec<Problem>) {
    if sample.value < 0.0 || sample.value.fract() != 0.0 || sample.value.is_infinite() {
        problems.push(Problem::unwise(
            sample.line,
            format!(
                "{} is {}, which is not a number of observations",
                sample.name, sample.value
            ),
            "counts are whole numbers from 0",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{Surroundings, check};
    use super::super::text::parse;
    use super::*;

    #[track_caller]
    fn problems(text: &str) -> Vec<Problem> {
        let (document, problems) = parse(text.as_bytes());
        assert_eq!(problems, [], "{text}");
        check(&document, &Surroundings::default())
    }

    fn of(kind: &str, rest: &str) -> String {
        format!("# TYPE h {kind}\n{rest}")
    }

    #[test]
    fn what_a_gateway_serves_otherwise_is_found() {
        // Each was pushed to Pushgateway 1.5.1 (Debian 12), which answered 200 and then served
        // something else at /metrics.
        for (kind, rest, line, said) in [
            (
                "histogram",
                "h_bucket{le=\"1\"} 1\nh_count 1\nh_sum 1\n",
                4,
                "no bucket le=\"+Inf\"",
            ),
            (
                "histogram",
                "h_bucket{le=\"2\"} 3\nh_bucket{le=\"1\"} 4\nh_bucket{le=\"+Inf\"} 4\nh_sum 1\nh_count 4\n",
                2,
                "fall at le=\"2\"",
            ),
            (
                "histogram",
                "h_bucket{le=\"+Inf\"} 4\nh_count 5\nh_sum 1\n",
                3,
                "differs",
            ),
            (
                "histogram",
                "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 7\nh_count 4\n",
                3,
                "le=\"1\" of h again, as in line 2",
            ),
            (
                "histogram",
                "h_bucket{le=\"+Inf\"} 4\nh_bucket{le=\"inf\"} 4\nh_sum 7\nh_count 4\n",
                3,
                "again",
            ),
            (
                "histogram",
                "h 5\nh_bucket{le=\"+Inf\"} 4\nh_sum 7\nh_count 4\n",
                2,
                "none of its parts",
            ),
            (
                "histogram",
                "h_bucket{le=\"+Inf\"} 4\nh_sum 7\n",
                3,
                "no h_count",
            ),
            (
                "histogram",
                "h_bucket{le=\"+Inf\"} 4\nh_count 4\n",
                3,
                "no h_sum",
            ),
            (
                "histogram",
                "h_bucket{le=\"1\"} 1.5\nh_bucket{le=\"+Inf\"} 4\nh_sum 7\nh_count 4\n",
                2,
                "1.5, which is not a number of observations",
            ),
            (
                "histogram",
                "h_bucket{le=\"-1\"} -4\nh_bucket{le=\"+Inf\"} 4\nh_sum 7\nh_count 4\n",
                2,
                "not a number of observations",
            ),
            (
                "histogram",
                "h_bucket{le=\"+Inf\"} 4\nh_sum{le=\"1\"} 7\nh_count 4\n",
                3,
                "which a gateway drops",
            ),
            (
                "summary",
                "h{quantile=\"0.5\"} 1\nh_sum 7\n",
                3,
                "no h_count",
            ),
            (
                "summary",
                "h{quantile=\"0.5\"} 1\nh_count 7\n",
                3,
                "no h_sum",
            ),
            (
                "summary",
                "h_sum 7\nh_count 1.5\n",
                3,
                "not a number of observations",
            ),
            (
                "summary",
                "h{quantile=\"0.5\"} 1\nh{quantile=\"0.50\"} 2\nh_sum 7\nh_count 4\n",
                3,
                "the quantile 0.5 of h again, as in line 2",
            ),
            (
                "summary",
                "h{quantile=\"95\"} 1\nh_sum 7\nh_count 4\n",
                2,
                "95 is not a quantile",
            ),
            (
                "summary",
                "h{quantile=\"NaN\"} 1\nh_sum 7\nh_count 4\n",
                2,
                "not a quantile",
            ),
        ] {
            let text = of(kind, rest);
            let found = problems(&text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].message.contains(said), "{found:?}");
            assert_eq!((found[0].line, found[0].is_taken), (line, true), "{text}");
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for (kind, rest) in [
            (
                "histogram",
                "h_bucket{le=\"-10\"} 1\nh_bucket{le=\"0\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum -7\nh_count 4\n",
            ),
            (
                "histogram",
                "h_bucket{a=\"1\",le=\"+Inf\"} 4\nh_sum{a=\"1\"} 1\nh_count{a=\"1\"} 4\nh_bucket{a=\"2\",le=\"+Inf\"} 5\nh_sum{a=\"2\"} 1\nh_count{a=\"2\"} 5\n",
            ),
            ("summary", "h_sum 7\nh_count 4\n"),
            (
                "summary",
                "h{quantile=\"0\"} NaN\nh{quantile=\"1\"} NaN\nh_sum 0\nh_count 0\n",
            ),
        ] {
            assert_eq!(problems(&of(kind, rest)), [], "{rest}");
        }
    }
}
