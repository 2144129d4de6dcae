//! The one integration binary: a module per subject.

mod cli;
mod control;
mod deploy;
mod docs;
mod edge;
mod layers;
mod scaffold;
mod sdk;
mod support;
