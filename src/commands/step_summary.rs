//! GitHub's step summary: a file that belongs to whoever runs us.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::Console;

/// Appends Markdown to `$GITHUB_STEP_SUMMARY` where that is set. What cannot be written is a warning:
/// no verdict depends on it.
pub(super) fn append(console: &Console<'_>, text: &str) {
    let Some(path) = console.var("GITHUB_STEP_SUMMARY") else {
        return;
    };
    let opened = OpenOptions::new().append(true).create(true).open(path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        console
            .messages()
            .warn(&format!("cannot append to $GITHUB_STEP_SUMMARY: {error}"));
    }
}
