//! The one integration binary: a module per subject.

mod layers;
mod scaffold;
mod sdk;
