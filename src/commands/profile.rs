//! `churnctl profile`: a data set to a profile, and profiles to one.

use std::path::PathBuf;

use super::Shell;
use super::drift::ReadingRequest;
use crate::error::{Error, Result};
use crate::exit::ExitCode;

/// Everything that making a profile needs to know, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRequest {
    /// Files and glob patterns; `-` for standard input.
    pub data: Vec<String>,
    /// Where the profile goes.
    pub output: PathBuf,
    /// How the data is read.
    pub reading: ReadingRequest,
}

/// Everything that merging profiles needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    /// Profiles and glob patterns.
    pub profiles: Vec<String>,
    /// Where the merged profile goes.
    pub output: PathBuf,
}

/// Makes a profile of a data set.
///
/// # Errors
/// Fails until profiles are built in.
pub fn run(request: &ProfileRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    let _ = (request, shell);
    Err(Error::new(
        ExitCode::Failed,
        "this build makes no profiles yet",
    ))
}

/// Merges profiles of shards into the profile of the whole.
///
/// # Errors
/// Fails until profiles are built in.
pub fn merge(request: &MergeRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    let _ = (request, shell);
    Err(Error::new(
        ExitCode::Failed,
        "this build merges no profiles yet",
    ))
}
