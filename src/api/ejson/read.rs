//! From text to values, in one pass over the text.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bson::raw::CString;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, Regex, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::Malformed;
use crate::model::clock::Millis;

/// Reads a value. Server dates become `now` plus their offset.
pub fn value(text: &str, now: Millis) -> Result<Bson, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Reader { now }.read(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| Malformed(error.to_string()))
}

/// Reads a value that must be a document.
pub fn document(text: &str, now: Millis) -> Result<Document, Malformed> {
    match value(text, now)? {
        Bson::Document(document) => Ok(document),
        _ => Err(Malformed("expected an object".into())),
    }
}

/// Reads a value that must be an array.
pub fn array(text: &str, now: Millis) -> Result<Vec<Bson>, Malformed> {
    match value(text, now)? {
        Bson::Array(values) => Ok(values),
        _ => Err(Malformed("expected an array".into())),
    }
}

#[derive(Clone, Copy)]
struct Reader {
    now: Millis,
}

impl Reader {
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Bson, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Reader {
    type Value = Bson;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bson, D::Error> {
        self.read(deserializer)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Bson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extended JSON")
    }
    fn visit_unit<E>(self) -> Result<Bson, E> {
        Ok(Bson::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Bson, E> {
        Ok(Bson::Boolean(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Bson, E> {
        Ok(integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Bson, E> {
        Ok(i64::try_from(value).map_or(Bson::Double(value as f64), integer))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Bson, E> {
        Ok(Bson::Double(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Bson, E> {
        Ok(Bson::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Bson, E> {
        Ok(Bson::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bson, A::Error> {
        let mut values = Vec::with_capacity(items.size_hint().unwrap_or_default());
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Bson::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Bson, A::Error> {
        let mut document = Document::new();
        while let Some(key) = entries.next_key::<Key>()? {
            let value = entries.next_value_seed(self)?;
            document.insert(key.0, value);
        }
        special(document, self.now).map_err(A::Error::custom)
    }
}

/// A key, owned once.
#[derive(Deserialize)]
struct Key(String);

/// A JSON integer is the narrowest BSON integer, as the SDKs write it.
fn integer(value: i64) -> Bson {
    i32::try_from(value).map_or(Bson::Int64(value), Bson::Int32)
}

/// Turns an object such as `{"$numberInt":"5"}` into the value it stands for; every other object stays, operators too.
fn special(document: Document, now: Millis) -> Result<Bson, String> {
    let Some((key, value)) = document.iter().next().filter(|(key, _)| key.starts_with('$')) else {
        return Ok(Bson::Document(document));
    };
    let single = document.len() == 1;
    let read = match (key.as_str(), value) {
        ("$numberInt", Bson::String(text)) if single => number(text, Bson::Int32)?,
        ("$numberLong", Bson::String(text)) if single => number(text, Bson::Int64)?,
        ("$numberDouble", Bson::String(text)) if single => double(text)?,
        ("$numberDecimal", Bson::String(text)) if single => number(text, Bson::Decimal128)?,
        ("$oid", Bson::String(text)) if single => number(text, Bson::ObjectId)?,
        ("$date", date) if single => self::date(date, now)?,
        ("$tcb_server_date", Bson::Document(date)) if single => server_date(date, now)?,
        ("$timestamp", stamp) if single => timestamp(stamp)?,
        ("$regularExpression", Bson::Document(regex)) if single => regular_expression(regex)?,
        ("$binary", Bson::Document(binary)) if single => self::binary(binary)?,
        ("$undefined", _) if single => Bson::Null,
        ("$minKey", _) if single => Bson::MinKey,
        ("$maxKey", _) if single => Bson::MaxKey,
        ("$symbol", Bson::String(text)) if single => Bson::Symbol(text.clone()),
        _ => return Ok(Bson::Document(document)),
    };
    Ok(read)
}

fn number<T: std::str::FromStr>(text: &str, wrap: fn(T) -> Bson) -> Result<Bson, String> {
    text.parse().map(wrap).map_err(|_| format!("`{text}` is not a value of its type"))
}

fn double(text: &str) -> Result<Bson, String> {
    match text {
        "NaN" => Ok(Bson::Double(f64::NAN)),
        "Infinity" => Ok(Bson::Double(f64::INFINITY)),
        "-Infinity" => Ok(Bson::Double(f64::NEG_INFINITY)),
        text => number(text, Bson::Double),
    }
}

fn date(value: &Bson, now: Millis) -> Result<Bson, String> {
    match value {
        Bson::Int32(millis) => Ok(date_time(i64::from(*millis))),
        Bson::Int64(millis) => Ok(date_time(*millis)),
        Bson::Double(millis) => Ok(date_time(*millis as i64)),
        Bson::String(text) => DateTime::parse_rfc3339_str(text)
            .map(Bson::DateTime)
            .map_err(|_| format!("`{text}` is not a date")),
        Bson::Document(offset) => server_date(offset, now),
        other => Err(format!("{other} is not a date")),
    }
}

/// `db.serverDate({offset})`: `{"$tcb_server_date":{"offset":…}}`, in the legacy dialect `{"$date":{"offset":…}}`.
fn server_date(date: &Document, now: Millis) -> Result<Bson, String> {
    let offset = match date.get("offset") {
        None => 0,
        Some(Bson::Int32(offset)) => i64::from(*offset),
        Some(Bson::Int64(offset)) => *offset,
        Some(Bson::Double(offset)) => *offset as i64,
        Some(other) => return Err(format!("{other} is not an offset in milliseconds")),
    };
    Ok(date_time(now.saturating_add(offset)))
}

fn date_time(millis: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(millis))
}

/// `{"t","i"}` of Extended JSON, or the legacy dialect's seconds, which are a date.
fn timestamp(value: &Bson) -> Result<Bson, String> {
    let part = |document: &Document, name| match document.get(name) {
        Some(Bson::Int32(part)) => u32::try_from(*part).ok(),
        Some(Bson::Int64(part)) => u32::try_from(*part).ok(),
        _ => None,
    };
    match value {
        Bson::Int32(seconds) => Ok(date_time(i64::from(*seconds) * 1000)),
        Bson::Int64(seconds) => Ok(date_time(seconds.saturating_mul(1000))),
        Bson::Document(document) => part(document, "t")
            .zip(part(document, "i"))
            .map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment }))
            .ok_or_else(|| "a timestamp has `t` and `i`".to_owned()),
        other => Err(format!("{other} is not a timestamp")),
    }
}

fn regular_expression(regex: &Document) -> Result<Bson, String> {
    let part = |name| {
        let text = regex.get_str(name).unwrap_or_default().to_owned();
        CString::try_from(text).map_err(|_| "a regular expression cannot hold NUL".to_owned())
    };
    Ok(Bson::RegularExpression(Regex { pattern: part("pattern")?, options: part("options")? }))
}

fn binary(binary: &Document) -> Result<Bson, String> {
    let text = binary.get_str("base64").map_err(|_| "a binary has `base64`".to_owned())?;
    let bytes = BASE64_STANDARD.decode(text).map_err(|error| error.to_string())?;
    let subtype = u8::from_str_radix(binary.get_str("subType").unwrap_or("00"), 16)
        .map_err(|_| "`subType` is two hex digits".to_owned())?;
    Ok(Bson::Binary(Binary { subtype: BinarySubtype::from(subtype), bytes }))
}
