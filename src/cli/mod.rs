//! A file per command: arguments, one call into `ops`, and how the result is shown.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program and returns its exit code.
pub fn main(_arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    todo!()
}
