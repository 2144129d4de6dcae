//! One file per thing a person wants done: values in, values out, no printing.

pub mod session;
pub mod target;

pub mod deploy;
pub mod init;
pub mod install;

pub mod clock;
pub mod database;
pub mod env;
pub mod function;
pub mod gateway;
pub mod logs;
pub mod rules;
pub mod snapshot;
pub mod storage;
pub mod trigger;
pub mod user;
pub mod wechat;

pub mod codes;
pub mod doctor;

pub mod progress;
