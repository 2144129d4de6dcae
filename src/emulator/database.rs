//! Documents as CloudBase means them: names, ids, limits, advice and the codes of failure, over the plain engine.

use std::sync::Arc;

use crate::docdb;

/// The documents of one environment. Clones share it.
#[derive(Clone)]
pub struct Database(Arc<State>);

struct State {
    store: docdb::Database,
}

impl Database {
    /// Returns the engine below: for indexes, plans and statistics.
    pub fn store(&self) -> &docdb::Database {
        &self.0.store
    }
    /// Creates a collection with the indexes CloudBase gives each: `_id_` and `_openid_1`.
    pub fn create_collection(&self, _name: &str) -> docdb::Result<()> {
        todo!()
    }
}
