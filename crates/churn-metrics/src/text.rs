//! Prometheus' text format, version 0.0.4, read with line numbers. What a server would refuse is a
//! problem here; what is only unwise is found by the check.

use std::collections::BTreeMap;
use std::fmt;

/// What a family of samples is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only rises.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by buckets.
    Histogram,
    /// Quantiles.
    Summary,
    /// Nobody said.
    Untyped,
}

impl FamilyKind {
    /// Returns the word of the `# TYPE` line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }

    /// Reads the word, in any case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Counter,
            Self::Gauge,
            Self::Histogram,
            Self::Summary,
            Self::Untyped,
        ]
        .into_iter()
        .find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }
}

/// One value with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name as written: in a histogram with `_bucket`, `_sum` or `_count` at its end.
    pub name: String,
    /// Names and values, in the order of writing.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// Milliseconds since 1970, if given.
    pub timestamp: Option<i64>,
    /// The line it stands on, from 1.
    pub line: u64,
}

impl Sample {
    /// Returns the value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the labels but one, sorted: what tells series apart.
    #[must_use]
    pub fn labels_without(&self, name: &str) -> Vec<(&str, &str)> {
        let others = self.labels.iter().filter(|(known, _)| known != name);
        let mut labels: Vec<_> = others
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        labels.sort_unstable();
        labels
    }
}

/// Samples that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name.
    pub name: String,
    /// Its kind, if a `# TYPE` line says it.
    pub kind: Option<FamilyKind>,
    /// Its help, if there is a `# HELP` line.
    pub help: Option<String>,
    /// The first line that speaks of it.
    pub line: u64,
    /// The samples.
    pub samples: Vec<Sample>,
}

impl Family {
    /// Returns the kind that a server takes it for.
    #[must_use]
    pub fn kind(&self) -> FamilyKind {
        self.kind.unwrap_or(FamilyKind::Untyped)
    }
}

/// Families in the order in which they are first spoken of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// The families.
    pub families: Vec<Family>,
    /// The line of an OpenMetrics end mark, which this format does not have.
    pub eof_line: Option<u64>,
}

/// Something wrong, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, a fragment.
    pub message: String,
    /// What to do about it; empty for nothing to say.
    pub hint: &'static str,
    /// Whether a server takes it all the same, so that `--force` may send it.
    pub is_taken: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Problem {
    pub(super) fn refused(line: u64, message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            line,
            message: message.into(),
            hint,
            is_taken: false,
        }
    }

    pub(super) fn unwise(line: u64, message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            is_taken: true,
            ..Self::refused(line, message, hint)
        }
    }
}

/// Reads a text to its end, whatever is wrong in it, and returns what is wrong beside what is right.
#[must_use]
pub fn parse(bytes: &[u8]) -> (Document, Vec<Problem>) {
    let mut reader = Reader::default();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        reader.line = at as u64 + 1;
        let read = match std::str::from_utf8(line) {
            Err(_) => Err(Problem::refused(reader.line, "not UTF-8", "")),
            Ok(line) if line.ends_with('\r') => Err(Problem::refused(
                reader.line,
                "the line ends with a carriage return",
                "write line feeds only: dos2unix, or tr -d '\\r'",
            )),
            Ok(line) => reader.line(line.trim_matches([' ', '\t'])),
        };
        if let Err(problem) = read {
            reader.problems.push(problem);
        }
    }
    (reader.document, reader.problems)
}

/// Tells whether a name can be a metric's.
#[must_use]
pub fn is_metric_name(name: &str) -> bool {
    is_name(name, true)
}

/// Tells whether a name can be a label's that users choose.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    is_name(name, false) && !name.starts_with("__")
}

fn is_name(name: &str, with_colon: bool) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (with_colon && c == ':');
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(allowed)
}

#[derive(Default)]
struct Reader {
    line: u64,
    document: Document,
    problems: Vec<Problem>,
    /// Where each family is in the document.
    places: BTreeMap<String, usize>,
    /// Help and type lines: the line that said it first.
    said: BTreeMap<(&'static str, String), u64>,
}

type Read<T> = Result<T, Problem>;

impl Reader {
    fn wrong<T>(&self, message: impl Into<String>, hint: &'static str) -> Read<T> {
        Err(Problem::refused(self.line, message, hint))
    }

    fn line(&mut self, line: &str) -> Read<()> {
        match line.strip_prefix('#') {
            Some(comment) => self.comment(comment),
            None if line.is_empty() => Ok(()),
            None => self.sample(line),
        }
    }

    fn comment(&mut self, comment: &str) -> Read<()> {
        let comment = comment.trim_start_matches([' ', '\t']);
        let (word, rest) = split_word(comment);
        let (name, rest) = split_word(rest);
        match word {
            "EOF" => {
                self.document.eof_line.get_or_insert(self.line);
                return Ok(());
            }
            "HELP" | "TYPE" => {}
            _ => return Ok(()),
        }
        if !is_metric_name(name) {
            let message = format!("\"{name}\" is not a name of a metric");
            return self.wrong(message, NAME_HINT);
        }
        let word = if word == "HELP" { "HELP" } else { "TYPE" };
        let first = self.said.entry((word, name.to_owned()));
        let first = *first.or_insert(self.line);
        if first != self.line {
            let message = format!("a second {word} line of {name}, the first is line {first}");
            return self.wrong(message, "keep one");
        }
        if word == "HELP" {
            let help = unescaped_help(rest);
            self.family(name).help = Some(help);
            return Ok(());
        }
        let Some(kind) = FamilyKind::from_word(rest.trim()) else {
            let message = format!("\"{}\" is not a type of a metric", rest.trim());
            return self.wrong(message, "counter, gauge, histogram, summary or untyped");
        };
        let family = self.family(name);
        if let Some(sample) = family.samples.first() {
            let message = format!(
                "the type of {name} comes after its sample in line {}",
                sample.line
            );
            return self.wrong(message, "put the TYPE line before the samples");
        }
        family.kind = Some(kind);
        Ok(())
    }

    /// Returns the family of this name, begun if it is new.
    fn family(&mut self, name: &str) -> &mut Family {
        let families = &mut self.document.families;
        let at = *self.places.entry(name.to_owned()).or_insert_with(|| {
            families.push(Family {
                name: name.to_owned(),
                kind: None,
                help: None,
                line: self.line,
                samples: Vec::new(),
            });
            families.len() - 1
        });
        &mut families[at]
    }

    /// Returns the family that a sample of this name belongs to.
    fn family_of_sample(&self, name: &str) -> String {
        // A gateway looks for the whole name first, too.
        if self.places.contains_key(name) {
            return name.to_owned();
        }
        let parts = [
            ("_bucket", true, false),
            ("_sum", true, true),
            ("_count", true, true),
        ];
        for (end, in_histogram, in_summary) in parts {
            let Some(base) = name.strip_suffix(end) else {
                continue;
            };
            let kind = self
                .places
                .get(base)
                .and_then(|at| self.document.families[*at].kind);
            if (kind == Some(FamilyKind::Histogram) && in_histogram)
                || (kind == Some(FamilyKind::Summary) && in_summary)
            {
                return base.to_owned();
            }
        }
        name.to_owned()
    }

    fn sample(&mut self, line: &str) -> Read<()> {
        let end = line.find(['{', ' ', '\t']);
        let (name, rest) = line.split_at(end.unwrap_or(line.len()));
        if name.is_empty() {
            let message = "a name in braces, or none at all";
            return self.wrong(
                message,
                "names of other characters are not taken by default",
            );
        }
        if !is_metric_name(name) {
            let message = format!("\"{name}\" is not a name of a metric");
            return self.wrong(message, NAME_HINT);
        }
        let rest = rest.trim_start_matches([' ', '\t']);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => self.labels(rest)?,
            None => (Vec::new(), rest),
        };
        let (value, rest) = split_word(rest.trim_start_matches([' ', '\t']));
        if value.is_empty() {
            return self.wrong(format!("{name} has no value"), "");
        }
        let Some(value) = number(value) else {
            return self.wrong(format!("\"{value}\" is not a number"), "");
        };
        let (stamp, rest) = split_word(rest);
        let timestamp = match stamp {
            "" => None,
            "#" => return self.exemplar(),
            stamp => match stamp.parse::<i64>() {
                Ok(stamp) => Some(stamp),
                Err(_) => {
                    return self.wrong(
                        format!("\"{stamp}\" after the value is not a time in milliseconds"),
                        "",
                    );
                }
            },
        };
        match split_word(rest).0 {
            "" => {}
            "#" => return self.exemplar(),
            more => return self.wrong(format!("\"{more}\" follows the sample"), ""),
        }
        let line = self.line;
        let family = self.family_of_sample(name);
        self.family(&family).samples.push(Sample {
            name: name.to_owned(),
            labels,
            value,
            timestamp,
            line,
        });
        Ok(())
    }

    fn exemplar<T>(&self) -> Read<T> {
        let hint = "exemplars are OpenMetrics; leave out what follows the value";
        self.wrong("an exemplar", hint)
    }

    fn labels<'t>(&self, mut rest: &'t str) -> Read<(Vec<(String, String)>, &'t str)> {
        let blank = [' ', '\t'];
        let mut labels: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start_matches(blank);
            if let Some(rest) = rest.strip_prefix('}') {
                return Ok((labels, rest));
            }
            let end = rest.find(|c: char| "=,} \t\"".contains(c));
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            if name.is_empty() && after.starts_with('"') {
                let message = "a name in quotes inside braces";
                return self.wrong(
                    message,
                    "names of other characters are not taken by default",
                );
            }
            if !is_label_name(name) {
                let message = format!("\"{name}\" is not a name of a label");
                let hint =
                    "a label's name has letters, digits and _, and begins with a letter or one _";
                return self.wrong(message, hint);
            }
            let after = after.trim_start_matches(blank);
            let Some(after) = after.strip_prefix('=') else {
                return self.wrong(format!("no = after the label {name}"), "");
            };
            let Some(after) = after.trim_start_matches(blank).strip_prefix('"') else {
                return self.wrong(format!("the value of the label {name} has no quotes"), "");
            };
            let (value, after) = self.label_value(name, after)?;
            if labels.iter().any(|(known, _)| known == name) {
                return self.wrong(format!("the label {name} twice in one sample"), "");
            }
            labels.push((name.to_owned(), value));
            rest = after.trim_start_matches(blank);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None if rest.starts_with('}') => {}
                None => return self.wrong(format!("no comma or }} after the label {name}"), ""),
            }
        }
    }

    fn label_value<'t>(&self, name: &str, text: &'t str) -> Read<(String, &'t str)> {
        let mut value = String::new();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => return Ok((value, &text[at + 1..])),
                '\\' => match characters.next().map(|(_, escaped)| escaped) {
                    Some('n') => value.push('\n'),
                    Some(plain @ ('\\' | '"')) => value.push(plain),
                    Some(other) => {
                        let message = format!("\\{other} in the value of the label {name}");
                        return self.wrong(message, "a backslash is written \\\\");
                    }
                    None => break,
                },
                plain => value.push(plain),
            }
        }
        let message = format!("the value of the label {name} does not end in this line");
        self.wrong(message, "a line feed inside is written \\n, a quote \\\"")
    }
}

const NAME_HINT: &str =
    "a metric's name has letters, digits, _ and :, and does not begin with a digit";

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    text.split_at(text.find([' ', '\t']).unwrap_or(text.len()))
}

/// Reads a number as Go's parser of this format does: no hexadecimal, no underscores.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn unescaped_help(text: &str) -> String {
    let text = text.trim_start_matches([' ', '\t']);
    let mut help = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => help.push('\n'),
                Some('\\') => help.push('\\'),
                Some(other) => help.extend(['\\', other]),
                None => help.push('\\'),
            },
            plain => help.push(plain),
        }
    }
    help
}

impl Document {
    /// Returns the text, with these labels added to every sample in place of its own of the same
    /// name, and without timestamps.
    #[must_use]
    pub fn to_text(&self, added: &[(String, String)]) -> String {
        let mut text = String::new();
        for family in &self.families {
            if let Some(help) = &family.help {
                // A carriage return at the end of a line is what servers refuse.
                let help = help.replace('\\', "\\\\").replace('\n', "\\n");
                let help = help.replace('\r', " ");
                text.push_str(&format!("# HELP {} {help}\n", family.name));
            }
            if let Some(kind) = family.kind {
                text.push_str(&format!("# TYPE {} {}\n", family.name, kind.as_str()));
            }
            for sample in &family.samples {
                let own = sample
                    .labels
                    .iter()
                    .filter(|(name, _)| !added.iter().any(|(other, _)| other == name));
                let labels: Vec<String> = own
                    .chain(added)
                    .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                    .collect();
                text.push_str(&sample.name);
                if !labels.is_empty() {
                    text.push_str(&format!("{{{}}}", labels.join(",")));
                }
                text.push_str(&format!(" {}\n", written(sample.value)));
            }
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('"', "\\\"")
}

fn written(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests;
