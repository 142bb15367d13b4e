//! The library behind `churnctl`: the map of the house.
//!
//! Each folder is a room on a floor; a room imports only from floors below its own
//! (`tests/it/architecture.rs` checks it). From the top:
//!
//! | floor | room | holds |
//! |---|---|---|
//! | 8 | [`cli`] | the command line: words into requests |
//! | 7 | [`commands`] | one file a subcommand: read, compute, emit, verdict |
//! | 6 | [`reports`] | what people read of a result |
//! | 3 | [`drift`] | two profiles in, one report out |
//! | 2 | [`profile`], [`metrics`] | one data set in, one mergeable summary out; metric names and text |
//! | 1 | [`data`], [`stats`] | readers; pure numbers |
//! | 0 | [`terminal`], [`page`], [`settings`], [`files`], [`error`], [`exit`], [`progress`] | terminal, HTML frame, settings, atomic files |

pub mod error;
pub mod exit;
pub mod files;
pub mod progress;

pub mod data;
pub mod drift;
pub mod profile;
pub mod stats;

/// Runs `churnctl` with these arguments and returns what it ends with.
pub fn run<I, T>(
    _args: I,
    _stdout: &mut dyn std::io::Write,
    _stderr: &mut dyn std::io::Write,
) -> exit::ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<std::ffi::OsString> + Clone,
{
    exit::ExitCode::Ok
}
