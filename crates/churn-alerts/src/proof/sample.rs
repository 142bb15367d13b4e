//! Texts that a matcher takes: for the labels of series that a selector is to find.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::go_regex;

/// A value that the matcher takes; empty for a label that is not there.
pub(super) fn sample(operator: &str, value: &str, wanted: Option<&String>) -> String {
    let matches = |text: &str| go_regex::anchored(value).is_ok_and(|regex| regex.is_match(text));
    match operator {
        "=" => value.to_owned(),
        "!=" => match wanted.filter(|text| *text != value) {
            Some(text) => text.clone(),
            None => "x".to_owned(),
        },
        "=~" => match wanted.filter(|text| matches(text)) {
            Some(text) => text.clone(),
            None => by_regex(value),
        },
        _ => {
            let tries = wanted
                .cloned()
                .into_iter()
                .chain(["x", "other", "1", "/x"].map(str::to_owned));
            tries
                .into_iter()
                .find(|text| !matches(text))
                .unwrap_or_default()
        }
    }
}

/// The plainest text that an expression matches.
fn by_regex(pattern: &str) -> String {
    let hir = go_regex::translate(pattern)
        .ok()
        .and_then(|ours| regex_syntax::parse(&ours).ok());
    let mut text = String::new();
    if let Some(hir) = hir {
        write(&hir, &mut text);
    }
    text
}

fn write(hir: &Hir, text: &mut String) {
    match hir.kind() {
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let has = |wanted: char| {
                class
                    .iter()
                    .any(|range| (range.start()..=range.end()).contains(&wanted))
            };
            let plain = ['x', '0', '1', 'X', '-'].into_iter().find(|c| has(*c));
            let first = class
                .iter()
                .next()
                .map(regex_syntax::hir::ClassUnicodeRange::start);
            text.extend(plain.or(first));
        }
        HirKind::Class(Class::Bytes(class)) => {
            text.extend(class.iter().next().map(|range| char::from(range.start())));
        }
        HirKind::Repetition(repetition) => {
            // Of what may be there or not, once: `.*` is nothing only where nothing else is.
            let times = repetition.min.max(u32::from(repetition.max != Some(0)));
            for _ in 0..times.min(20) {
                write(&repetition.sub, text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, text)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                write(first, text);
            }
        }
        HirKind::Empty | HirKind::Look(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plainest_text_matches() {
        for pattern in [
            "5..",
            "a|b",
            "/v/{id}",
            "churn-(drift|batch).*",
            "[^/]+",
            "x{3}",
            "\\d+",
            ".+",
            "a?b",
            "\\Qa.b\\E",
        ] {
            let text = by_regex(pattern);
            let regex = go_regex::anchored(pattern).expect(pattern);
            assert!(regex.is_match(&text), "{pattern}: {text}");
        }
    }
}
