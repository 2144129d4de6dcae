//! Committed changes in order.
