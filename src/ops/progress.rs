//! The little that an operation says while it works; the terminal draws it.

use crate::model::text::Text;

/// Hears what an operation is doing.
pub trait Progress: Send + Sync {
    /// Begins a step, named as it will read when it is over: "uploaded `login`".
    fn step(&self, what: Text) -> Box<dyn Step>;
}

/// A step under way. Dropped without [`Step::finish`], it was abandoned.
pub trait Step: Send + Sync {
    /// Says how many bytes there are to move in all.
    fn expect(&self, bytes: u64);
    /// Says that so many more bytes have been moved.
    fn advance(&self, bytes: u64);
    /// Says what the step is doing or waiting for.
    fn say(&self, state: Text);
    /// Ends the step.
    fn finish(self: Box<Self>);
}

/// Hears nothing: for tests, and for work too short to speak of.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _what: Text) -> Box<dyn Step> {
        Box::new(Silent)
    }
}

impl Step for Silent {
    fn expect(&self, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn say(&self, _state: Text) {}
    fn finish(self: Box<Self>) {}
}
