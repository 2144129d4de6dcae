//! How many files and sockets this process may have open: one for each listener of `watch()`, for one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as macOS gives a process that may have any number.
const WANTED: u64 = 10_240;

/// Asks for more where systems begin with few: 256 on macOS, 1024 on Linux.
pub fn ask_for_more() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if current.is_some_and(|current| current < wanted) {
        // Refused, everything works, for fewer clients at a time.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}
