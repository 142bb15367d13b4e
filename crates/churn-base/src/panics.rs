//! Panics: of ours, which are bugs and end with code 70, and of a library that met damaged bytes,
//! which are faults of the input.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;

/// What the first panic said, and where.
static FIRST: Mutex<Option<(String, Option<Place>)>> = Mutex::new(None);

/// What the standard library, tokio and rayon say in panicking where the system refuses them something,
/// a thread most of all: they leave their callers no other word of it.
const SYSTEM_FAULTS: [&str; 4] = [
    "failed to spawn thread: Os",
    "OS can't spawn worker thread",
    "The global thread pool has not been initialized",
    "unexpected error during closedir: Os",
];

/// What to do where the system has no threads left.
pub const NO_THREADS_HINT: &str =
    "raise the limit on processes (`ulimit -u`, `pids.max`), or end some";

thread_local! {
    /// Whether this thread decodes bytes whose damage a library may panic at.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the message of a panic for [`guarded`], which says it as every other error is said.
pub fn keep() {
    std::panic::set_hook(Box::new(|panic| {
        if CONTAINED.get() {
            return;
        }
        let place = panic.location().map(|location| Place {
            file: location.file().to_owned(),
            line: Some(u64::from(location.line())),
            column: None,
        });
        let said = panic.payload_as_str().unwrap_or("no message").to_owned();
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert((said, place));
    }));
}

/// Turns a panic into an error with code 70.
pub fn guarded<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|payload| {
        let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (said, place) = first.unwrap_or_else(|| (said(payload.as_ref()), None));
        if SYSTEM_FAULTS.iter().any(|words| said.contains(words)) {
            let error = Error::new(ExitCode::Io, "the system refused a thread or a folder");
            return Err(error.because(said).hint(NO_THREADS_HINT));
        }
        let version = env!("CARGO_PKG_VERSION");
        let error = Error::new(
            ExitCode::Bug,
            format!("a bug in churnctl {version}: {said}"),
        )
        .hint("please report it with these lines and the command; the data was not changed");
        Err(match place {
            Some(place) => error.at(place),
            None => error,
        })
    })
}

/// Runs what a library decodes from foreign bytes; its panic is an error with its words.
///
/// Only for calls that share nothing with the rest that a panic could leave half changed.
pub fn contained<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    let before = CONTAINED.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    CONTAINED.set(before);
    decoded.map_err(|payload| said(payload.as_ref()))
}

fn said(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_ours_is_a_bug_with_its_words() {
        let error = guarded::<()>(|| panic!("index out of range")).expect_err("panicked");
        assert_eq!(error.code(), ExitCode::Bug);
        assert!(error.to_string().contains("index out of range"));
    }

    #[test]
    fn what_the_system_refuses_a_library_is_not_a_bug() {
        // What `ulimit -u` made of std::thread::spawn, and of tokio's runtime.
        for said in [
            "failed to spawn thread: Os { code: 11, kind: WouldBlock, message: \"Resource temporarily unavailable\" }",
            "OS can't spawn worker thread: Resource temporarily unavailable (os error 11)",
            // What an EIO made of closing a folder.
            "unexpected error during closedir: Os { code: 5, kind: Uncategorized, message: \"Input/output error\" }",
        ] {
            let error = guarded::<()>(|| panic!("{said}")).expect_err("panicked");
            assert_eq!(error.code(), ExitCode::Io, "{said}");
        }
    }

    #[test]
    fn a_contained_panic_is_its_words_and_the_next_is_told_apart() {
        let said = contained(|| -> () { panic!("length {} is negative", -4) });
        assert_eq!(said, Err("length -4 is negative".to_owned()));
        assert_eq!(contained(|| 3), Ok(3));
        let error = guarded::<()>(|| panic!("another")).expect_err("panicked");
        assert!(error.to_string().contains("another"));
    }
}
