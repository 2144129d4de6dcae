//! Indexes: definition, keys of a document, maintenance, uniqueness.

/// The order of one field in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    Ascending,
    Descending,
    Sphere,
}

/// An index to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDefinition {
    pub name: String,
    /// Field paths in order of weight.
    pub keys: Vec<(String, Order)>,
    pub unique: bool,
    /// Documents lacking all fields are left out.
    pub sparse: bool,
}

/// An index that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStatus {
    pub definition: IndexDefinition,
    /// Bytes, estimated.
    pub size: u64,
    /// Queries that used it since the database was opened.
    pub uses: u64,
}
