//! Draws on the terminal what an operation says while it works.

use crate::model::text::Text;
use crate::ops::progress::{Progress, Step};
use crate::term::{self, Ui};

impl Progress for Ui {
    fn step(&self, what: Text) -> Box<dyn Step> {
        Box::new(Ui::step(self, what))
    }
}

impl Step for term::Step {
    fn expect(&self, bytes: u64) {
        term::Step::expect(self, bytes);
    }
    fn advance(&self, bytes: u64) {
        term::Step::advance(self, bytes);
    }
    fn say(&self, state: Text) {
        term::Step::say(self, &state);
    }
    fn finish(self: Box<Self>) {
        term::Step::finish(*self);
    }
}
