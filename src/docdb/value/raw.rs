//! Finding one field in raw BSON without reading the others: the inner loop of every scan.

use bson::oid::ObjectId;
use bson::raw::RawDocument;

use super::view::{Fields, View};

/// Returns a field's value; nothing when it is absent or cannot be read.
pub fn get<'a>(document: &'a RawDocument, name: &str) -> Option<View<'a>> {
    let mut rest = document.as_bytes().get(4..)?;
    loop {
        let (kind, after) = rest.split_first()?;
        let end = after.iter().position(|byte| *byte == 0)?;
        let (key, value) = (after.get(..end)?, after.get(end + 1..)?);
        if key == name.as_bytes() {
            return read(*kind, value).or_else(|| document.get(name).ok().flatten().map(View::from));
        }
        rest = value.get(length(*kind, value)?..)?;
    }
}

/// Reads a value of one of the types that most values have.
fn read(kind: u8, bytes: &[u8]) -> Option<View<'_>> {
    Some(match kind {
        0x01 => View::Double(f64::from_le_bytes(*bytes.first_chunk()?)),
        0x02 => {
            let text = bytes.get(4..4 + size(bytes)?.checked_sub(1)?)?;
            View::String(std::str::from_utf8(text).ok()?)
        }
        0x03 => View::Document(Fields::Raw(RawDocument::from_bytes(bytes.get(..size(bytes)?)?).ok()?)),
        0x07 => View::ObjectId(ObjectId::from_bytes(*bytes.first_chunk()?)),
        0x08 => View::Boolean(*bytes.first()? != 0),
        0x09 => View::Date(i64::from_le_bytes(*bytes.first_chunk()?)),
        0x0a => View::Null,
        0x10 => View::Int32(i32::from_le_bytes(*bytes.first_chunk()?)),
        0x12 => View::Int64(i64::from_le_bytes(*bytes.first_chunk()?)),
        _ => return None,
    })
}

/// The bytes a value takes, by its type (bsonspec.org).
fn length(kind: u8, bytes: &[u8]) -> Option<usize> {
    Some(match kind {
        0x06 | 0x0a | 0x7f | 0xff => 0,
        0x08 => 1,
        0x10 => 4,
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x07 => 12,
        0x13 => 16,
        0x03 | 0x04 | 0x0f => size(bytes)?,
        0x02 | 0x0d | 0x0e => size(bytes)? + 4,
        0x05 => size(bytes)? + 5,
        0x0c => size(bytes)? + 16,
        0x0b => {
            let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == 0);
            ends.nth(1)?.0 + 1
        }
        _ => return None,
    })
}

/// The number of bytes that many types begin with.
fn size(bytes: &[u8]) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(*bytes.first_chunk()?)).ok()
}

#[cfg(test)]
mod tests {
    use bson::raw::RawDocumentBuf;
    use bson::spec::BinarySubtype;
    use bson::{Binary, Bson, DateTime, Decimal128, JavaScriptCodeWithScope, Regex, Timestamp, doc};

    use super::*;

    #[test]
    fn every_type_is_found_and_passed_over() {
        let values = [
            Bson::Double(1.5),
            Bson::String("text\0with zero".into()),
            Bson::Document(doc! { "b": 1 }),
            Bson::Array(vec![Bson::Int32(1)]),
            Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 1, 0] }),
            Bson::Undefined,
            Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            Bson::Boolean(true),
            Bson::DateTime(DateTime::from_millis(-5)),
            Bson::Null,
            Bson::RegularExpression(Regex {
                pattern: bson::cstr!("^a").into(),
                options: bson::cstr!("i").into(),
            }),
            Bson::JavaScriptCode("f()".into()),
            Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
                code: "f()".into(),
                scope: doc! { "x": 1 },
            }),
            Bson::Int32(-7),
            Bson::Timestamp(Timestamp { time: 1, increment: 2 }),
            Bson::Int64(1 << 40),
            Bson::Decimal128("1.5".parse::<Decimal128>().unwrap()),
            Bson::MinKey,
            Bson::MaxKey,
        ];
        for value in values {
            let raw = RawDocumentBuf::try_from(&doc! { "a": value.clone(), "after": "found" }).unwrap();
            assert_eq!(get(&raw, "a").map(Bson::from), Some(value.clone()), "{value}");
            assert_eq!(get(&raw, "after").and_then(View::as_str), Some("found"), "{value}");
            assert!(get(&raw, "b").is_none() && get(&raw, "").is_none(), "{value}");
        }
    }

    #[test]
    fn damage_is_absence() {
        let raw = RawDocumentBuf::try_from(&doc! { "a": "text", "b": [1], "c": 2 }).unwrap();
        for at in 4..raw.as_bytes().len() - 1 {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut bytes = raw.as_bytes().to_vec();
                bytes[at] = byte;
                let Ok(damaged) = RawDocument::from_bytes(&bytes) else { continue };
                // Whatever is found is what the reader of whole documents finds, or more.
                for name in ["a", "b", "c", "d"] {
                    let slow = damaged.get(name).ok().flatten().map(|it| Bson::from(View::from(it)));
                    assert!(slow.is_none() || get(damaged, name).map(Bson::from) == slow, "{at} {byte}");
                }
            }
        }
    }
}
