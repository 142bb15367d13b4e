//! How many sockets and files this process may have open at once.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What is kept for files: the model, the prediction log and its uploads, certificates, a collector.
const FOR_FILES: u64 = 128;

/// Raises the limit on descriptors to what the system allows, and returns how many connections there may be.
pub(super) fn room_for_connections() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    // Where the hard limit is none at all, some systems refuse it as the soft one.
    let raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    room_within(if raised { hard } else { soft })
}

fn room_within(descriptors: u64) -> usize {
    let room = descriptors.saturating_sub(FOR_FILES).max(descriptors / 2);
    usize::try_from(room).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_keep_some_of_the_descriptors() {
        assert_eq!(room_within(1024), 896);
        assert_eq!(room_within(200), 100);
        assert_eq!(room_within(0), 1);
    }

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let room = room_for_connections();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
        assert_eq!(soft, hard);
        assert_eq!(room, room_within(hard));
    }
}
