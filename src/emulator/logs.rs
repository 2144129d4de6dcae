//! What functions said, kept in order, bounded, and searched.

use serde::{Deserialize, Serialize};

use crate::model::clock::Millis;

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRecord {
    pub time: Millis,
    pub function: String,
    pub request_id: String,
    pub level: Level,
    pub message: String,
}
