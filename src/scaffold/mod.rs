//! Templates embedded in the binary.
