//! How long a test waits for what should come at once: without end it would hold up everybody, and say nothing.

use std::fmt::Display;
use std::time::Duration;

/// A recursion of a function starts some hundred processes, on a machine that may have much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often something is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits for something, or says what it was that did not come.
pub async fn within<T>(what: impl Display, wait: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Looks until something is so, or says what it was.
pub async fn until(what: impl Display, mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    within(what, looking).await;
}
