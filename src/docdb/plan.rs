//! Choosing an index, explaining the choice, advising one that is missing.

use std::time::Duration;

use super::index::{IndexDefinition, Order};
use super::query::Stats;

/// How a query is (or was) carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub stats: Stats,
    /// The bounds on the index's keys, one text a field; empty for a scan.
    pub bounds: Vec<String>,
    pub elapsed: Duration,
    /// The index that would have served, when none did.
    pub advice: Option<IndexDefinition>,
}

/// An index that queries missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    pub collection: String,
    pub keys: Vec<(String, Order)>,
    /// Queries that would have used it.
    pub queries: u64,
    /// The most documents one of them examined.
    pub documents_examined: u64,
}
