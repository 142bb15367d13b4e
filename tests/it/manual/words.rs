//! The words of pages, help and manuals: those of the glossary, one for each thing.
//!
//! Code in pages is not looked at: it is quoted.

use super::{pages, read, root};

/// What must not be written, and what is written instead.
const GLOSSARY: [(&str, &str); 27] = [
    (
        r"\bis no (feature|valid|JSON|alarm|value|number|model|error|column|label|name)\b",
        "is not a ...",
    ),
    (
        r"\b(these|those|they|which|that) are no (features|rows|errors|numbers|names)\b",
        "are not ...",
    ),
    (r"\bbut is none\b", "but is not one"),
    (r"\b[Ww]hat mends it\b", "How to fix"),
    (
        r"\bthere is no champion\b",
        "first model, nothing in production to beat",
    ),
    (r"\bclassed so\b", "classed as churned"),
    (r"\bnot to be noticed\b", "is transparent"),
    (r"\basks nobody\b", "is not gated by churnctl"),
    (r"\bis said as such\b", "is reported as such"),
    (r"\brules proved\b", "testing rules: N/M"),
    (
        r"\bhas not heard of this run\b",
        "Could not log this run to MLflow",
    ),
    (
        r"\bor died trying\b",
        "or was interrupted before it started",
    ),
    (r"\bwaited in vain\b", "timed out waiting"),
    (
        r"\b(reference|benchmark|expected) (data ?set|distribution)\b",
        "baseline",
    ),
    (
        r"\b(production|target|live|new) (data ?set|distribution)\b",
        "current",
    ),
    (
        r"\b(population )?stability indices\b",
        "PSI of each feature",
    ),
    (
        r"\b(variable|attribute|predictor) drift\b",
        "drift of a feature",
    ),
    (
        r"\b(bucket|bins?) (border|boundary|boundaries|borders)\b",
        "edge",
    ),
    (
        r"\b(null|missing) (rate|ratio|fraction)\b",
        "share of missing values",
    ),
    (r"\bchallenger\b", "candidate"),
    (r"\bincumbent\b", "champion"),
    (r"\bcut-?off\b", "threshold"),
    (r"\bretraining job\b", "retrain Job"),
    (r"\bconfig(uration)? option\b", "setting"),
    (r"\bwe'll\b|\byou'll\b|\blet's\b", "the present tense"),
    (
        r"\b(simply|easily|obviously|of course|just works)\b",
        "nothing",
    ),
    (
        r"\b(utili[sz]e|leverage|in order to|seamless(ly)?)\b",
        "use, to, nothing",
    ),
];

/// A text without what is quoted as code: fenced blocks, and spans between backticks.
fn prose(text: &str) -> String {
    let span = regex::Regex::new(r"`[^`\n]*`").expect("an expression");
    let mut inside = false;
    let mut prose = String::new();
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        if !inside && !is_fence {
            prose += &span.replace_all(line, "`");
        }
        prose.push('\n');
    }
    prose
}

/// Where the words of a text are not those of the glossary.
fn faults(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (wrong, right) in GLOSSARY {
        let wrong = regex::Regex::new(wrong).expect("an expression");
        for (at, line) in text.lines().enumerate() {
            if let Some(found) = wrong.find(line) {
                faults.push(format!(
                    "{name}:{}: \"{}\": write {right}",
                    at + 1,
                    found.as_str()
                ));
            }
        }
    }
    faults
}

#[test]
fn pages_and_help_have_the_words_of_the_glossary() {
    let mut found = Vec::new();
    let mut seen = 0;
    for page in pages() {
        // What was written before is history.
        if page.ends_with("CHANGELOG.md") {
            continue;
        }
        let name = page
            .strip_prefix(root())
            .unwrap_or(&page)
            .display()
            .to_string();
        // The help of every command is one of these pages, all of it code.
        let text = read(&page);
        let text = if name == "docs/options.md" {
            text
        } else {
            prose(&text)
        };
        seen += text.split_whitespace().count();
        found.extend(faults(&name, &text));
    }
    for entry in std::fs::read_dir(root().join("man"))
        .expect("list")
        .flatten()
    {
        let text = read(&entry.path())
            .replace("\\-", "-")
            .replace("\\*(Aq", "'");
        found.extend(faults(&entry.file_name().to_string_lossy(), &text));
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(seen > 20_000, "only {seen} words");
}

#[test]
fn a_word_that_is_not_in_the_glossary_is_found_and_code_is_not_looked_at() {
    let text =
        prose("It is no feature.\n`is no feature`\n```\nis no feature\n```\nThe challenger.\n");
    let found = faults("page.md", &text);
    assert_eq!(
        found,
        [
            "page.md:1: \"is no feature\": write is not a ...",
            "page.md:6: \"challenger\": write candidate"
        ]
    );
}
