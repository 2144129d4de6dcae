//! What starts a function by itself.

use serde::{Deserialize, Serialize};

/// A timer trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    pub name: String,
    /// Seven fields in UTC+8, as in [`super::schedule`]. Kept as text, so that a project with a wrong one still loads
    /// and the error names the function.
    pub cron: String,
}
