//! Transactions: a read snapshot, a write set in memory, per-document locks, one store commit at the end.

/// Names a running transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TransactionId(pub String);
