//! The forms for CI systems, and the files that are written beside stdout.

use std::path::{Path, PathBuf};

use super::super::Console;
use crate::error::Result;
use crate::files::write_atomically;

/// A form of findings for one kind of program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// GitHub's workflow commands.
    Github,
    /// JUnit XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
}

/// Files that are written; none means not wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outputs {
    /// JUnit XML.
    pub junit: Option<PathBuf>,
    /// Markdown.
    pub markdown: Option<PathBuf>,
    /// SARIF.
    pub sarif: Option<PathBuf>,
}

impl Outputs {
    /// Writes what is wanted; each text is made only then.
    pub(super) fn write(
        &self,
        console: &Console<'_>,
        junit: &dyn Fn() -> String,
        markdown: &dyn Fn() -> String,
        sarif: &dyn Fn() -> Result<String>,
    ) -> Result<()> {
        let mut names = Vec::new();
        let mut write = |path: &Path, text: String| -> Result<()> {
            names.push(path.display().to_string());
            write_atomically(path, text.as_bytes())
        };
        if let Some(path) = &self.junit {
            write(path, junit())?;
        }
        if let Some(path) = &self.markdown {
            write(path, markdown())?;
        }
        if let Some(path) = &self.sarif {
            write(path, sarif()?)?;
        }
        if !names.is_empty() {
            console
                .messages()
                .info(&format!("wrote {}", names.join(", ")));
        }
        if console.var("GITHUB_STEP_SUMMARY").is_some() {
            super::super::step_summary::append(console, &markdown());
        }
        Ok(())
    }
}
