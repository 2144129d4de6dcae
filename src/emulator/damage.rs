//! What is wrong with the file of documents, told to people.

use std::sync::Arc;

use super::environment::{Environment, Shared};
use super::event::{self, Event};
use super::logs::LogRecord;
use crate::docdb;
use crate::model::level::Level;
use crate::model::text::Text;
use crate::text;

/// Says what a file has lost that was opened all the same.
pub(super) fn lost(store: &docdb::Database) -> Option<Text> {
    let commits = store.lost_commits();
    (commits > 0).then(|| {
        text! {
            en: "the log of the last run was damaged: its newest writes ({commits}) are lost; what was written before them is there",
            zh: "上次运行的日志已损坏：最新的 {commits} 次写入已丢失；此前写入的内容仍在"
        }
    })
}

/// Writes what was lost into the log.
pub(super) fn note_lost(environment: &Environment) {
    if let Some(lost) = lost(environment.database.store()) {
        note(environment, Level::Warn, lost);
    }
}

/// Examines a file that was in doubt and too large to wait for, and tells when it is damaged.
pub(super) fn examine(environment: Shared) {
    let store = environment.database.store().clone();
    if !store.is_in_doubt() {
        return;
    }
    // It ends with the process at the latest: what was not examined is examined at the next start.
    let environment = Arc::downgrade(&environment);
    std::thread::spawn(move || {
        let Err(error) = store.examine() else { return };
        let Some(environment) = environment.upgrade() else { return };
        let warning = text! {
            en: "{error}. No document is served from now on: stop, and `cloudkit db export --salvage` saves what is whole",
            zh: "{error}。此后不再提供任何文档：请停止模拟器，再用 `cloudkit db export --salvage` 救回完好的文档"
        };
        note(&environment, Level::Error, warning.clone());
        event::tell(&environment.events, Event::Warning(warning));
    });
}

/// Keeps a line that no function said.
fn note(environment: &Environment, level: Level, message: Text) {
    environment.logs.keep([LogRecord {
        time: environment.config.clock.now(),
        function: String::new(),
        request_id: String::new(),
        level,
        message: message.en,
        denial: None,
    }]);
}
