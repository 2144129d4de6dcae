//! The one integration binary: a module per subject.

mod edge;
mod layers;
mod scaffold;
mod sdk;
mod support;
