//! Values: the total order across types, field paths, limits, Extended JSON.
//!
//! One `View` covers owned (`Bson`) and raw (`RawBsonRef`) values, so each rule is written once.

mod raw;
pub mod view;

pub mod decimal;
pub mod number;
mod order;

pub mod path;

pub mod ejson;
pub mod limits;
pub mod show;

#[cfg(test)]
mod tests;

pub use order::{Class, compare, equals, is_true};
