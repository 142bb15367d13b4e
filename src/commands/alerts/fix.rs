//! `churnctl alerts lint --fix`: applies what checks propose, shows it, writes it. What is proposed
//! is for the checks.

use std::path::Path;
use std::sync::Arc;

use super::super::{Console, diff};
use crate::alerts::Library;
use crate::alerts::lint::{LintOptions, LintReport, fixed, lint};
use crate::alerts::node::Source;
use crate::alerts::sources::is_utf16;
use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::terminal::Format;

/// What happens to what was fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// It is shown only.
    Show,
    /// It is shown, and files are written.
    Write,
}

/// Fixes the files of a library. Returns it anew if files were written.
pub(super) fn run(
    library: &Library,
    report: &LintReport,
    options: &LintOptions,
    fix: Fix,
    as_text: bool,
    console: &mut Console<'_>,
) -> Result<Option<Library>> {
    let mut sources = library.sources.clone();
    let (mut files, mut findings) = (Vec::new(), 0);
    for at in 0..sources.len() {
        let Some((text, count)) = fixed(&sources[at], &report.findings) else {
            continue;
        };
        let old = Arc::clone(&sources[at]);
        if old.name == "-" && fix == Fix::Write {
            let error = Error::usage("--fix cannot write standard input");
            return Err(error.hint("add --dry-run, or name the file"));
        }
        if fix == Fix::Write && is_utf16(Path::new(&old.name)) {
            let message = format!("{} is in UTF-16, and --fix writes UTF-8 only", old.name);
            return Err(Error::bad_input(message).hint(
                "convert it first: iconv -f UTF-16 -t UTF-8; --dry-run shows what would be fixed",
            ));
        }
        sources[at] = Arc::new(Source {
            name: old.name.clone(),
            text,
        });
        if !is_better(&sources, report, &old.name, options) {
            console.messages().warn(&format!(
                "{}: left as it is: the fix would bring new findings",
                old.name
            ));
            sources[at] = old;
            continue;
        }
        if as_text && matches!(console.look().format, Format::Table | Format::Plain) {
            let to = format!("{} (fixed)", old.name);
            diff::print((&old.name, &old.text), (&to, &sources[at].text), console)?;
        }
        files.push(at);
        findings += count;
    }
    if fix == Fix::Show || files.is_empty() {
        console.messages().info(&format!(
            "{findings} findings can be fixed in {} files",
            files.len()
        ));
        return Ok(None);
    }
    for at in &files {
        let source = &sources[*at];
        write_atomically(Path::new(&source.name), source.text.as_bytes())?;
    }
    console.messages().info(&format!(
        "fixed {findings} findings in {} files",
        files.len()
    ));
    Library::of_sources(sources).map(Some)
}

/// Tells whether all can still be read, and the file has fewer findings and of no check more.
fn is_better(
    sources: &[Arc<Source>],
    before: &LintReport,
    file: &str,
    options: &LintOptions,
) -> bool {
    let Ok(library) = Library::of_sources(sources.to_vec()) else {
        return false;
    };
    let after = lint(&library, options);
    let count = |report: &LintReport, check: &str| {
        let findings = report.findings.iter();
        findings
            .filter(|one| one.file == file && (check.is_empty() || one.check == check))
            .count()
    };
    let not_more = |check: &str| count(&after, check) <= count(before, check);
    count(&after, "") < count(before, "")
        && after
            .findings
            .iter()
            .filter(|one| one.file == file)
            .all(|one| not_more(one.check))
}
