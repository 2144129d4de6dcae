//! What the tests stand on: an emulator in this process, and a client that can say anything.

pub mod cloudkit;
pub mod emulator;
pub mod http;
pub mod listener;
pub mod patience;
pub mod unsteady;
