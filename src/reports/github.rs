//! GitHub's workflow commands: lines that its runner shows as annotations.
//!
//! GitHub shows ten of a step and drops the others without a word, so there are never more: the
//! worst come first, and the last one says how many are left.

use crate::text::visible_lines;

/// Most annotations of a step.
const MOST: usize = 10;

/// How bad it is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Act.
    Error,
    /// Worth a look.
    Warning,
    /// For information.
    Notice,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// How bad it is.
    pub level: Level,
    /// The file it is about; empty for none.
    pub file: String,
    /// The line, if one is known.
    pub line: Option<u64>,
    /// The column, if one is known.
    pub column: Option<u64>,
    /// The first line that is shown.
    pub title: String,
    /// What is shown below.
    pub message: String,
}

/// Returns a line for each annotation, the worst first, ten at most.
#[must_use]
pub fn commands(mut annotations: Vec<Annotation>) -> String {
    annotations.sort_by_key(|annotation| annotation.level);
    let shown = match annotations.len() {
        few if few <= MOST => few,
        _ => MOST - 1,
    };
    let mut text: String = annotations.iter().take(shown).map(command).collect();
    let left = &annotations[shown..];
    if let Some(worst) = left.first() {
        text.push_str(&command(&Annotation {
            level: worst.level,
            file: String::new(),
            line: None,
            column: None,
            title: format!("and {} more", left.len()),
            message: "GitHub shows ten of a step at most; the other formats have all of them"
                .to_owned(),
        }));
    }
    text
}

fn command(annotation: &Annotation) -> String {
    let mut place = String::new();
    if !annotation.file.is_empty() {
        place.push_str(&format!("file={},", property(&annotation.file)));
        for (name, number) in [("line", annotation.line), ("col", annotation.column)] {
            if let Some(number) = number {
                place.push_str(&format!("{name}={number},"));
            }
        }
    }
    format!(
        "::{} {place}title={}::{}\n",
        annotation.level.as_str(),
        property(&annotation.title),
        data(&annotation.message)
    )
}

/// GitHub shows the log of a step as a terminal does, so nothing but line breaks may steer it.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D");
    visible_lines(&text).replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(level: Level, title: &str) -> Annotation {
        Annotation {
            level,
            file: String::new(),
            line: None,
            column: None,
            title: title.to_owned(),
            message: "said".to_owned(),
        }
    }

    #[test]
    fn nothing_in_a_message_ends_the_command() {
        // https://docs.github.com/actions/reference/workflow-commands: %, CR and LF are escaped in
        // data, `:` and `,` in properties, too.
        let hostile = Annotation {
            file: "a,b:c.yaml".to_owned(),
            line: Some(3),
            column: Some(5),
            message: "50 %\nnext::error::\u{1b}[2J".to_owned(),
            ..annotation(Level::Error, "x")
        };
        assert_eq!(
            commands(vec![hostile]),
            "::error file=a%2Cb%3Ac.yaml,line=3,col=5,title=x::50 %25%0Anext::error::\\u{1b}[2J\n"
        );
    }

    #[test]
    fn ten_are_shown_whole_and_of_more_the_worst_nine_and_a_count() {
        let warnings = |count: usize| {
            let mut all = vec![annotation(Level::Warning, "w"); count];
            all.push(annotation(Level::Error, "e"));
            all
        };
        let ten = commands(warnings(9));
        assert_eq!(ten.lines().count(), 10);
        assert!(ten.starts_with("::error title=e") && !ten.contains("more"));
        let eleven = commands(warnings(10));
        assert_eq!(eleven.lines().count(), 10);
        assert!(eleven.starts_with("::error title=e"));
        assert!(eleven.ends_with(
            "::warning title=and 2 more::GitHub shows ten of a step at most; the other formats have all of them\n"
        ));
        assert_eq!(commands(Vec::new()), "");
    }
}
