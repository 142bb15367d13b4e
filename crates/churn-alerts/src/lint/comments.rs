//! Comments that switch checks off: `# churnctl: disable=ID reason` for a rule or a line,
//! `# churnctl: disable-file=ID reason` for a file.

use super::check::Finding;
use crate::library::Library;
use crate::node::Source;

const MARK: &str = "# churnctl: disable";

/// A comment that switches checks off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disable {
    pub(super) file: String,
    /// The line of the comment.
    pub(super) line: u64,
    /// The line that it speaks of; none for the whole file.
    pub(super) target: Option<u64>,
    pub(super) ids: Vec<String>,
    pub(super) reason: String,
}

impl Disable {
    /// Tells whether it switches this finding off.
    pub(super) fn covers(&self, finding: &Finding, library: &Library) -> bool {
        if self.file != finding.file || !self.ids.iter().any(|id| id == finding.check) {
            return false;
        }
        let Some(target) = self.target else {
            return true;
        };
        let mut rules = library
            .rules
            .iter()
            .filter(|rule| rule.source.name == self.file);
        let of_one_rule = rules.any(|rule| {
            let lines = rule.line..=rule.last_line;
            lines.contains(&target) && lines.contains(&finding.line)
        });
        of_one_rule || target == finding.line
    }
}

/// Returns the comments of a text.
pub(super) fn disables(source: &Source) -> Vec<Disable> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((before, after)) = line.split_once(MARK) else {
            continue;
        };
        let (of_file, rest) = match after.strip_prefix("-file=") {
            Some(rest) => (true, rest),
            None => match after.strip_prefix('=') {
                Some(rest) => (false, rest),
                None => continue,
            },
        };
        let (ids, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        // A comment alone on its line speaks of what follows.
        let target = if before.trim().is_empty() {
            let mut following = lines.iter().enumerate().skip(at + 1);
            let next = following.find(|(_, line)| {
                let line = line.trim();
                !line.is_empty() && !line.starts_with('#')
            });
            next.map_or(at, |(at, _)| at)
        } else {
            at
        };
        found.push(Disable {
            file: source.name.clone(),
            line: at as u64 + 1,
            target: (!of_file).then_some(target as u64 + 1),
            ids: ids.split(',').map(str::to_owned).collect(),
            reason: reason.trim().to_owned(),
        });
    }
    found
}
