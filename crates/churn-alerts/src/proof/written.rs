//! A generated test file: the text that promtool runs and people read.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use serde_json::json;

use super::guess::{Guess, Series};
use super::trial::Fired;
use crate::rule::Rule;

/// A case that was found.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    /// The rule.
    pub(super) rule: &'a Rule,
    /// What it shows.
    pub(super) word: &'static str,
    /// The series.
    pub(super) guess: Guess,
    /// When the alert is asked.
    pub(super) at: String,
    /// What fires then.
    pub(super) fired: Vec<Fired>,
}

impl Found<'_> {
    /// Tells whether it is the same test as another.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.rule.name == other.rule.name && self.at == other.at && self.guess == other.guess
    }

    fn text(&self, name: &str) -> String {
        let mut text = format!(
            "  - name: {}\n    interval: {}\n    input_series:",
            json!(name),
            self.guess.interval()
        );
        if self.guess.series.is_empty() {
            text.push_str(" []");
        }
        text.push('\n');
        // Writing to a String cannot fail.
        for Series { name, values } in &self.guess.series {
            let (name, values) = (json!(name), json!(values));
            let _ = writeln!(text, "      - {{series: {name}, values: {values}}}");
        }
        let (alert, at) = (json!(self.rule.name), &self.at);
        let _ = write!(
            text,
            "    alert_rule_test:\n      - alertname: {alert}\n        eval_time: {at}\n        exp_alerts:"
        );
        if self.fired.is_empty() {
            text.push_str(" []");
        }
        text.push('\n');
        for one in &self.fired {
            let labels = one.labels.iter().filter(|(name, _)| name != "alertname");
            let labels: Vec<String> = labels.map(pair).collect();
            let labels = labels.join(", ");
            let _ = writeln!(text, "          - exp_labels: {{{labels}}}");
            if !one.annotations.is_empty() {
                text.push_str("            exp_annotations:\n");
            }
            for annotation in &one.annotations {
                let _ = writeln!(text, "              {}", pair(annotation));
            }
        }
        text
    }
}

fn pair((name, value): &(String, String)) -> String {
    format!("{}: {}", json!(name), json!(value))
}

/// Returns the test file, its names of tests all different.
pub(super) fn file(rule_files: &[String], found: &[Found<'_>]) -> String {
    let mut text = String::from(
        "# Unit cases that `churnctl alerts test --generate` found by trying: promtool says that the alerts\n\
         # behave so. Whether they should is for you to judge.\n",
    );
    if !rule_files.is_empty() {
        text.push_str("rule_files:\n");
        for path in rule_files {
            let _ = writeln!(text, "  - {}", json!(path));
        }
    }
    text.push_str("evaluation_interval: 1m\ntests:\n");
    for (at, one) in found.iter().enumerate() {
        let before = found[..at].iter();
        let named = |other: &&Found<'_>| other.rule.name == one.rule.name && other.word == one.word;
        let name = match before.filter(named).count() {
            0 => format!("{}: {}", one.rule.name, one.word),
            count => format!("{}: {} ({})", one.rule.name, one.word, count + 1),
        };
        text.push_str(&one.text(&name));
    }
    text
}

/// Returns the way from a folder to a file, both of them absolute.
pub(super) fn relative(folder: &Path, file: &Path) -> PathBuf {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (folder.components().collect(), file.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[same..].iter().map(|_| Component::ParentDir);
    up.chain(to[same..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_file_goes_up_and_down() {
        for (folder, file, wanted) in [
            ("/a/b", "/a/b/r.yml", "r.yml"),
            ("/a/b/c", "/a/r.yml", "../../r.yml"),
            ("/a/tests", "/a/rules/r.yml", "../rules/r.yml"),
            ("/", "/r.yml", "r.yml"),
        ] {
            let way = relative(Path::new(folder), Path::new(file));
            assert_eq!(way, Path::new(wanted), "{folder} {file}");
        }
    }
}
