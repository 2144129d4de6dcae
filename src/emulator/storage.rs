//! Files of the environment.

/// The files of one environment. Clones share it.
#[derive(Debug, Clone)]
pub struct Storage {
    bucket: String,
}

impl Storage {
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
}
