//! Where a chain of names leads, without a copy of what it passes.

use std::borrow::Cow;

use bson::{Bson, Document};

use super::payload::Payload;
use super::value::{Value, text};

/// Where a chain of names leads.
pub(super) enum Place<'a> {
    Object(&'a Document),
    /// `request.data` itself.
    Payload(&'a Payload),
    Value(&'a Bson),
    Nowhere,
    /// To what an update computes.
    Open,
}

impl<'a> Place<'a> {
    pub fn of(document: Option<&'a Document>) -> Self {
        document.map_or(Place::Nowhere, Place::Object)
    }

    pub fn at(document: &'a Document, name: &str) -> Self {
        document.get(name).map_or(Place::Nowhere, Place::Value)
    }

    pub fn value(self) -> Value {
        match self {
            Place::Object(document) => Value::Known(Bson::Document(document.clone())),
            Place::Payload(payload) if payload.is_open() => Value::Unknown,
            Place::Payload(payload) => Value::Known(Bson::Document(payload.known().clone())),
            Place::Value(value) => Value::Known(value.clone()),
            Place::Nowhere => Value::UNDEFINED,
            Place::Open => Value::Unknown,
        }
    }
}

/// Returns a member's name; that of an ordinary one is borrowed.
pub(super) fn name_of(name: &Bson) -> Option<Cow<'_, str>> {
    match name {
        Bson::String(name) => Some(Cow::Borrowed(name)),
        other => text(other).map(Cow::Owned),
    }
}
