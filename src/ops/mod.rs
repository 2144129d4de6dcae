//! One file per thing a person wants done: values in, values out, no printing.

pub mod install;
pub mod progress;
pub mod session;
pub mod target;
