//! What a file looks like from outside: enough to notice that it is another, or was saved.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a file came to be what it is, and its size; `None` when there is none.
pub(super) type Stamp = Option<(SystemTime, u64)>;

pub(super) fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    // Not when it was saved: what is renamed into place, or restored by git, may have been saved long before.
    let changed = Duration::new(found.ctime().try_into().ok()?, found.ctime_nsec().try_into().ok()?);
    Some((UNIX_EPOCH + changed, found.len()))
}
