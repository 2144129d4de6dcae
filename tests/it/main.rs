//! The one integration binary: a module per subject.

mod cli;
mod control;
mod deploy;
mod docs;
mod edge;
#[cfg(unix)]
mod generations;
mod layers;
mod scaffold;
mod sdk;
mod support;
