//! The command line: the real binary against an emulator in this process.

mod clock;
mod database;
mod deploy;
mod emulate;
mod environment;
mod function;
mod import;
mod init;
mod logs;
mod rules;
mod snapshot;
mod storage;
mod usage;
mod wechat;
