//! cloudkit: the whole WeChat / Tencent CloudBase backend on a laptop, and the same commands for the real one.
//!
//! The rooms, in reading order; `docs/architecture.md` says who may use whom.

pub mod error;
pub mod model;

pub mod api;
pub mod docdb;
pub mod rules;

pub mod project;
pub mod scaffold;

pub mod cloud;
pub mod emulator;
pub mod ops;

pub mod cli;
pub mod term;
