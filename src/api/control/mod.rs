//! Management actions, a file per family. See `docs/wire.md#cloud-api-services`.
//!
//! Fields are those that clients send or read; the reader ignores others. `null` is the same as absent on the wire, and
//! a number may arrive as text: [`lenient`] reads all of it.

pub mod database;
pub mod env;
pub mod function;
pub mod gateway;
pub mod log;
pub mod migration;
pub mod permission;
pub mod storage;
pub mod trigger;

pub mod lenient;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An answer that says nothing but that it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Done {}

/// A boolean that the wire writes `"TRUE"` or `"FALSE"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub bool);

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0 { "TRUE" } else { "FALSE" })
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Flag)
    }
}

/// Declares actions: `SERVICE NAME => REPLY`, and `once` for those that must not be sent twice.
macro_rules! actions {
    ($($service:ident $name:ident => $reply:ty $(, $once:ident)?;)*) => {
        $(impl crate::api::Action for $name {
            const SERVICE: crate::api::Service = crate::api::Service::$service;
            const NAME: &'static str = stringify!($name);
            const REPEATABLE: bool = $crate::api::control::repeatable!($($once)?);
            type Reply = $reply;
        })*
    };
}
macro_rules! repeatable {
    () => {
        true
    };
    (once) => {
        false
    };
}
pub(crate) use actions;
pub(crate) use repeatable;
