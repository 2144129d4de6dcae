//! A CloudBase environment in one process, on one loopback port.
//!
//! `edge` is the only place that knows HTTP; services (functions, database, storage, logs, timers) are wired here by
//! constructors. Everything worth telling is an [`event::Event`]; nothing in here prints.

pub mod config;
pub mod event;

pub mod data_dir;
pub mod environment;

pub mod database;
pub mod functions;
pub mod logs;
pub mod storage;
pub mod timers;

mod edge;
