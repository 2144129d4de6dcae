//! Documents in files, as `DatabaseMigrateImport` and `DatabaseMigrateExport` take and give them: JSON Lines, JSON arrays
//! and CSV, a document at a time.

pub mod reading;
pub mod storable;
pub mod writing;

mod csv;
mod json;

mod bytes;
mod cell;
mod fault;
mod table;

use bytes::Bytes;
pub use fault::Fault;
pub use table::Columns;
