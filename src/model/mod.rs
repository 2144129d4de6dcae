//! Words everybody uses: names, specifications, time. No I/O, and no dependency on another room.

pub mod foreign;
pub mod percent;
pub mod shell;
pub mod surrogate;
pub mod text;

pub mod file_id;
pub mod name;

pub mod denial;
pub mod function;
pub mod index;
pub mod level;
pub mod permission;
pub mod schedule;
pub mod trigger;

pub mod clock;
pub mod wall;
