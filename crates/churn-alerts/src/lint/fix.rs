//! The fixes of findings, applied to the text of their file. Files are not written here.

use super::check::Finding;
use super::edit::Edit;
use crate::node::Source;

/// Applies the fixes of findings to the text of their file; one that overlaps an earlier one is left
/// out. Returns the new text and how many findings it fixes; none if there is nothing to fix.
#[must_use]
pub fn fixed(source: &Source, findings: &[Finding]) -> Option<(String, usize)> {
    let own = findings.iter().filter(|one| one.file == source.name);
    let mut taken: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for finding in own.filter(|one| !one.fix.is_empty()) {
        let overlaps = |edit: &Edit| {
            let meets = |other: &&Edit| {
                edit.start_byte < other.end_byte && other.start_byte < edit.end_byte
            };
            taken.iter().any(|other| meets(other) && *other != edit)
        };
        if finding.fix.iter().any(overlaps) {
            continue;
        }
        count += 1;
        for edit in &finding.fix {
            if !taken.contains(&edit) {
                taken.push(edit);
            }
        }
    }
    taken.sort_by_key(|edit| edit.start_byte);
    let mut text = source.text.clone();
    for edit in taken.iter().rev() {
        text.replace_range(edit.start_byte..edit.end_byte, &edit.text);
    }
    (count > 0).then_some((text, count))
}
