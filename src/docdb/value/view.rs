//! Borrowed views of values and documents, the same for owned and for raw BSON.

use std::borrow::Cow;
use std::iter::Enumerate;
use std::slice;

use bson::oid::ObjectId;
use bson::raw::{CString, RawArray, RawArrayIter, RawBsonRef, RawDocument, RawDocumentBuf, RawIter};
use bson::{Binary, Bson, DateTime, Decimal128, Document, JavaScriptCodeWithScope, Regex, Timestamp};

use super::raw;

/// A value, seen without copying it.
#[derive(Debug, Clone, Copy)]
pub enum View<'a> {
    MinKey,
    Undefined,
    Null,
    Int32(i32),
    Int64(i64),
    Double(f64),
    Decimal(Decimal128),
    String(&'a str),
    Document(Fields<'a>),
    Array(Items<'a>),
    Binary {
        subtype: u8,
        bytes: &'a [u8],
    },
    ObjectId(ObjectId),
    Boolean(bool),
    /// Milliseconds since 1970.
    Date(i64),
    Timestamp {
        time: u32,
        increment: u32,
    },
    Regex {
        pattern: &'a str,
        options: &'a str,
    },
    /// A deprecated type whose content the `bson` crate does not show.
    DbPointer,
    Code(&'a str),
    CodeWithScope {
        code: &'a str,
        scope: Fields<'a>,
    },
    MaxKey,
}

impl<'a> View<'a> {
    pub fn as_array(self) -> Option<Items<'a>> {
        match self {
            View::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the fields of an object, or of an array seen as an object with the names `0`, `1`, ….
    pub fn as_fields(self) -> Option<Fields<'a>> {
        match self {
            View::Document(fields) => Some(fields),
            View::Array(items) => Some(items.as_fields()),
            _ => None,
        }
    }

    pub fn as_str(self) -> Option<&'a str> {
        match self {
            View::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether this is null, or the deprecated undefined.
    pub fn is_null(self) -> bool {
        matches!(self, View::Null | View::Undefined)
    }

    pub fn is_number(self) -> bool {
        matches!(self, View::Int32(_) | View::Int64(_) | View::Double(_) | View::Decimal(_))
    }
}

/// The fields of a document, in stored order.
#[derive(Debug, Clone, Copy)]
pub enum Fields<'a> {
    Owned(&'a Document),
    Raw(&'a RawDocument),
    /// An array whose elements are named by their positions.
    Items(&'a [Bson]),
}

impl<'a> Fields<'a> {
    /// Returns a field's value.
    pub fn get(self, name: &str) -> Option<View<'a>> {
        match self {
            Fields::Owned(document) => document.get(name).map(View::from),
            // Bytes were checked when they were stored; what cannot be read counts as absent.
            Fields::Raw(document) => raw::get(document, name),
            Fields::Items(items) => name.parse().ok().and_then(|at: usize| items.get(at)).map(View::from),
        }
    }

    pub fn is_empty(self) -> bool {
        match self {
            Fields::Owned(document) => document.is_empty(),
            Fields::Raw(document) => document.is_empty(),
            Fields::Items(items) => items.is_empty(),
        }
    }

    /// Returns the fields one by one.
    pub fn iter(self) -> FieldIter<'a> {
        match self {
            Fields::Owned(document) => FieldIter::Owned(document.iter()),
            Fields::Raw(document) => FieldIter::Raw(document.iter_elements()),
            Fields::Items(items) => FieldIter::Items(items.iter().enumerate()),
        }
    }

    /// Returns an owned copy.
    pub fn to_document(self) -> Document {
        match self {
            Fields::Owned(document) => document.clone(),
            Fields::Raw(document) => document.try_into().unwrap_or_default(),
            Fields::Items(_) => {
                self.iter().map(|(name, value)| (name.into_owned(), Bson::from(value))).collect()
            }
        }
    }
}

/// The elements of an array.
#[derive(Debug, Clone, Copy)]
pub enum Items<'a> {
    Owned(&'a [Bson]),
    Raw(&'a RawArray),
}

impl<'a> Items<'a> {
    pub fn iter(self) -> ItemIter<'a> {
        match self {
            Items::Owned(items) => ItemIter::Owned(items.iter()),
            Items::Raw(items) => ItemIter::Raw(items.into_iter()),
        }
    }

    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    fn as_fields(self) -> Fields<'a> {
        match self {
            Items::Owned(items) => Fields::Items(items),
            // An array's bytes are those of a document with the names `0`, `1`, ….
            Items::Raw(items) => {
                RawDocument::from_bytes(items.as_bytes()).map_or(Fields::Items(&[]), Fields::Raw)
            }
        }
    }
}

/// The fields of a document, one by one.
pub enum FieldIter<'a> {
    Owned(bson::document::Iter<'a>),
    Raw(RawIter<'a>),
    Items(Enumerate<slice::Iter<'a, Bson>>),
}

impl<'a> Iterator for FieldIter<'a> {
    type Item = (Cow<'a, str>, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            FieldIter::Owned(iter) => {
                iter.next().map(|(name, value)| (Cow::Borrowed(name.as_str()), value.into()))
            }
            FieldIter::Raw(iter) => {
                let element = iter.next()?.ok()?;
                Some((Cow::Borrowed(element.key().as_str()), element.value().ok()?.into()))
            }
            FieldIter::Items(iter) => {
                iter.next().map(|(at, value)| (Cow::Owned(at.to_string()), value.into()))
            }
        }
    }
}

/// The elements of an array, one by one.
pub enum ItemIter<'a> {
    Owned(slice::Iter<'a, Bson>),
    Raw(RawArrayIter<'a>),
}

impl<'a> Iterator for ItemIter<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        match self {
            ItemIter::Owned(iter) => iter.next().map(View::from),
            ItemIter::Raw(iter) => iter.next()?.ok().map(View::from),
        }
    }
}

impl<'a> From<&'a Bson> for View<'a> {
    fn from(value: &'a Bson) -> Self {
        match value {
            Bson::MinKey => View::MinKey,
            Bson::Undefined => View::Undefined,
            Bson::Null => View::Null,
            Bson::Int32(it) => View::Int32(*it),
            Bson::Int64(it) => View::Int64(*it),
            Bson::Double(it) => View::Double(*it),
            Bson::Decimal128(it) => View::Decimal(*it),
            Bson::String(it) | Bson::Symbol(it) => View::String(it),
            Bson::Document(it) => View::Document(Fields::Owned(it)),
            Bson::Array(it) => View::Array(Items::Owned(it)),
            Bson::Binary(it) => View::Binary { subtype: it.subtype.into(), bytes: &it.bytes },
            Bson::ObjectId(it) => View::ObjectId(*it),
            Bson::Boolean(it) => View::Boolean(*it),
            Bson::DateTime(it) => View::Date(it.timestamp_millis()),
            Bson::Timestamp(it) => View::Timestamp { time: it.time, increment: it.increment },
            Bson::RegularExpression(it) => {
                View::Regex { pattern: it.pattern.as_str(), options: it.options.as_str() }
            }
            Bson::DbPointer(_) => View::DbPointer,
            Bson::JavaScriptCode(it) => View::Code(it),
            Bson::JavaScriptCodeWithScope(it) => {
                View::CodeWithScope { code: &it.code, scope: Fields::Owned(&it.scope) }
            }
            Bson::MaxKey => View::MaxKey,
        }
    }
}

impl<'a> From<RawBsonRef<'a>> for View<'a> {
    fn from(value: RawBsonRef<'a>) -> Self {
        match value {
            RawBsonRef::MinKey => View::MinKey,
            RawBsonRef::Undefined => View::Undefined,
            RawBsonRef::Null => View::Null,
            RawBsonRef::Int32(it) => View::Int32(it),
            RawBsonRef::Int64(it) => View::Int64(it),
            RawBsonRef::Double(it) => View::Double(it),
            RawBsonRef::Decimal128(it) => View::Decimal(it),
            RawBsonRef::String(it) | RawBsonRef::Symbol(it) => View::String(it),
            RawBsonRef::Document(it) => View::Document(Fields::Raw(it)),
            RawBsonRef::Array(it) => View::Array(Items::Raw(it)),
            RawBsonRef::Binary(it) => View::Binary { subtype: it.subtype.into(), bytes: it.bytes },
            RawBsonRef::ObjectId(it) => View::ObjectId(it),
            RawBsonRef::Boolean(it) => View::Boolean(it),
            RawBsonRef::DateTime(it) => View::Date(it.timestamp_millis()),
            RawBsonRef::Timestamp(it) => View::Timestamp { time: it.time, increment: it.increment },
            RawBsonRef::RegularExpression(it) => {
                View::Regex { pattern: it.pattern.as_str(), options: it.options.as_str() }
            }
            RawBsonRef::DbPointer(_) => View::DbPointer,
            RawBsonRef::JavaScriptCode(it) => View::Code(it),
            RawBsonRef::JavaScriptCodeWithScope(it) => {
                View::CodeWithScope { code: it.code, scope: Fields::Raw(it.scope) }
            }
            RawBsonRef::MaxKey => View::MaxKey,
        }
    }
}

/// Copies the value. A `DbPointer` becomes undefined; a C string is cut at a NUL, which it cannot hold.
impl From<View<'_>> for Bson {
    fn from(view: View<'_>) -> Self {
        match view {
            View::MinKey => Bson::MinKey,
            View::Undefined | View::DbPointer => Bson::Undefined,
            View::Null => Bson::Null,
            View::Int32(it) => Bson::Int32(it),
            View::Int64(it) => Bson::Int64(it),
            View::Double(it) => Bson::Double(it),
            View::Decimal(it) => Bson::Decimal128(it),
            View::String(it) => Bson::String(it.to_owned()),
            View::Document(it) => Bson::Document(it.to_document()),
            View::Array(it) => Bson::Array(it.iter().map(Bson::from).collect()),
            View::Binary { subtype, bytes } => {
                Bson::Binary(Binary { subtype: subtype.into(), bytes: bytes.to_owned() })
            }
            View::ObjectId(it) => Bson::ObjectId(it),
            View::Boolean(it) => Bson::Boolean(it),
            View::Date(it) => Bson::DateTime(DateTime::from_millis(it)),
            View::Timestamp { time, increment } => Bson::Timestamp(Timestamp { time, increment }),
            View::Regex { pattern, options } => {
                Bson::RegularExpression(Regex { pattern: c_string(pattern), options: c_string(options) })
            }
            View::Code(it) => Bson::JavaScriptCode(it.to_owned()),
            View::CodeWithScope { code, scope } => Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
                code: code.to_owned(),
                scope: scope.to_document(),
            }),
            View::MaxKey => Bson::MaxKey,
        }
    }
}

fn c_string(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::try_from(text).expect("the text has no NUL")
}

impl<'a> From<&'a Document> for Fields<'a> {
    fn from(document: &'a Document) -> Self {
        Fields::Owned(document)
    }
}

impl<'a> From<&'a RawDocument> for Fields<'a> {
    fn from(document: &'a RawDocument) -> Self {
        Fields::Raw(document)
    }
}

impl<'a> From<&'a RawDocumentBuf> for Fields<'a> {
    fn from(document: &'a RawDocumentBuf) -> Self {
        Fields::Raw(document)
    }
}
