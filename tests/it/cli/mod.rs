//! The command line: the real binary against an emulator in this process.

mod database;
mod environment;
mod function;
mod import;
mod logs;
mod rules;
mod storage;
mod usage;
