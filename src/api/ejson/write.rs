//! From values to text, straight from the stored bytes.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bson::Bson;
use bson::raw::{RawArray, RawBsonRef, RawDocument};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Canonical Extended JSON v2: every number says its type.
    Canonical,
    /// The legacy dialect: plain JSON, a date is `{"$date":ms}`.
    Plain,
}

/// Appends a document.
pub fn write_document(out: &mut String, document: &RawDocument, form: Form) {
    out.push('{');
    let mut first = true;
    // Documents come from our own store or engine; what cannot be read there ends the document early.
    for (key, value) in document.iter().map_while(Result::ok) {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        string(out, key.as_str());
        out.push(':');
        self::value(out, value, form);
    }
    out.push('}');
}

/// Appends one value.
pub(super) fn write_value(out: &mut String, bson: &Bson, form: Form) {
    let document = bson::raw::RawDocumentBuf::try_from(&bson::doc! { "": bson.clone() });
    let raw = document.as_ref().ok().and_then(|document| document.iter().next()?.ok());
    self::value(out, raw.map_or(RawBsonRef::Null, |(_, value)| value), form);
}

fn array(out: &mut String, values: &RawArray, form: Form) {
    out.push('[');
    for (at, value) in values.into_iter().map_while(Result::ok).enumerate() {
        if at > 0 {
            out.push(',');
        }
        self::value(out, value, form);
    }
    out.push(']');
}

fn value(out: &mut String, value: RawBsonRef<'_>, form: Form) {
    let canonical = form == Form::Canonical;
    match value {
        RawBsonRef::Double(number) => double(out, number, canonical),
        RawBsonRef::Int32(number) if canonical => wrapped(out, "$numberInt", number),
        RawBsonRef::Int64(number) if canonical => wrapped(out, "$numberLong", number),
        RawBsonRef::Int32(number) => append(out, format_args!("{number}")),
        RawBsonRef::Int64(number) => append(out, format_args!("{number}")),
        RawBsonRef::String(text) => string(out, text),
        RawBsonRef::Array(values) => array(out, values, form),
        RawBsonRef::Document(document) => write_document(out, document, form),
        RawBsonRef::Boolean(truth) => append(out, format_args!("{truth}")),
        RawBsonRef::Null | RawBsonRef::Undefined => out.push_str("null"),
        RawBsonRef::DateTime(date) => {
            let millis = date.timestamp_millis();
            match canonical {
                true => append(out, format_args!(r#"{{"$date":{{"$numberLong":"{millis}"}}}}"#)),
                false => append(out, format_args!(r#"{{"$date":{millis}}}"#)),
            }
        }
        RawBsonRef::RegularExpression(regex) => {
            let (outer, pattern, options, end) = match canonical {
                true => (r#"{"$regularExpression":{"#, r#""pattern":"#, r#","options":"#, "}}"),
                false => ("{", r#""$regex":"#, r#","$options":"#, "}"),
            };
            out.push_str(outer);
            out.push_str(pattern);
            string(out, regex.pattern.as_str());
            out.push_str(options);
            string(out, regex.options.as_str());
            out.push_str(end);
        }
        RawBsonRef::ObjectId(id) => wrapped(out, "$oid", id.to_hex()),
        RawBsonRef::Decimal128(number) => wrapped(out, "$numberDecimal", number),
        RawBsonRef::Binary(binary) => append(
            out,
            format_args!(
                r#"{{"$binary":{{"base64":"{}","subType":"{:02x}"}}}}"#,
                BASE64_STANDARD.encode(binary.bytes),
                u8::from(binary.subtype)
            ),
        ),
        RawBsonRef::Timestamp(stamp) => {
            append(out, format_args!(r#"{{"$timestamp":{{"t":{},"i":{}}}}}"#, stamp.time, stamp.increment))
        }
        RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => string(out, text),
        RawBsonRef::JavaScriptCodeWithScope(code) => string(out, code.code),
        RawBsonRef::MinKey => out.push_str(r#"{"$minKey":1}"#),
        RawBsonRef::MaxKey => out.push_str(r#"{"$maxKey":1}"#),
        // A pointer to another collection's document; no SDK can write one.
        RawBsonRef::DbPointer(_) => out.push_str("null"),
    }
}

fn double(out: &mut String, number: f64, canonical: bool) {
    let text = match number {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        // `{:?}` writes the shortest text that reads back the same, with a fraction or an exponent.
        _ => format!("{number:?}"),
    };
    match canonical {
        true => wrapped(out, "$numberDouble", text),
        // JSON has no such numbers; `JSON.stringify` writes null.
        false if !number.is_finite() => out.push_str("null"),
        false => out.push_str(text.strip_suffix(".0").unwrap_or(&text)),
    }
}

fn wrapped(out: &mut String, name: &str, value: impl std::fmt::Display) {
    append(out, format_args!(r#"{{"{name}":"{value}"}}"#));
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all text");
}

/// Appends a JSON string.
fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..='\x1f')) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut following = from.chars();
        match following.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => append(out, format_args!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = following.as_str();
    }
    out.push_str(rest);
    out.push('"');
}
