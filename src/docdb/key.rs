//! Byte-comparable keys: `compare(a, b) == encode(a).cmp(encode(b))`, for one value and for several in a row.
//!
//! A value is its class in one byte and then a form that no other of its class is a prefix of, so that what follows in a
//! compound key cannot disturb the order. Descending values are inverted byte by byte.

use bson::oid::ObjectId;

use super::value::Class;
use super::value::number::Number;
use super::value::show::Shown;
use super::value::view::{Fields, Items, View};

/// Ends a text, an object, an array. Below every class and, because a zero inside is escaped, below every character.
const END: u8 = 0;
const ESCAPED_ZERO: [u8; 2] = [0, 0xff];

/// Appends the key of one value.
pub fn encode<'a>(value: impl Into<View<'a>>, descending: bool, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    write(value.into(), bytes);
    if descending {
        bytes.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
}

/// Returns the key of one value, ascending.
pub fn encoded<'a>(value: impl Into<View<'a>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, false, &mut bytes);
    bytes
}

/// Shows the `_id` that has this key, when it is of a kind that ids are: a text, a plain number, an ObjectId.
pub fn show(id: &[u8]) -> Option<String> {
    let (class, content) = id.split_first()?;
    if *class == Class::String as u8 {
        let text = unescaped(content.strip_suffix(&[END, END])?);
        return Some(Shown(View::String(&String::from_utf8(text).ok()?)).to_string());
    }
    if *class == Class::ObjectId as u8 {
        return Some(Shown(View::ObjectId(ObjectId::from_bytes(content.try_into().ok()?))).to_string());
    }
    let (bits, [1]) = content.split_first_chunk::<8>()? else { return None };
    let bits = u64::from_be_bytes(*bits);
    let double = f64::from_bits(if bits >> 63 == 1 { bits ^ 1 << 63 } else { !bits });
    (*class == Class::Number as u8).then(|| double.to_string())
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.iter().copied();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(byte);
        if byte == ESCAPED_ZERO[0] {
            bytes.next();
        }
    }
    plain
}

fn write(value: View<'_>, bytes: &mut Vec<u8>) {
    bytes.push(Class::of(value) as u8);
    write_content(value, bytes);
}

fn write_content(value: View<'_>, bytes: &mut Vec<u8>) {
    match value {
        View::MinKey | View::Undefined | View::Null | View::DbPointer | View::MaxKey => {}
        View::Int32(_) | View::Int64(_) | View::Double(_) | View::Decimal(_) => {
            if let Some(number) = Number::of(value) {
                write_number(&number, bytes);
            }
        }
        View::String(it) | View::Code(it) => write_text(it, bytes),
        View::Document(it) => write_fields(it, bytes),
        View::Array(it) => write_items(it, bytes),
        View::Binary { subtype, bytes: content } => {
            bytes.extend((content.len() as u32).to_be_bytes());
            bytes.push(subtype);
            bytes.extend(content);
        }
        View::ObjectId(it) => bytes.extend(it.bytes()),
        View::Boolean(it) => bytes.push(it.into()),
        View::Date(it) => bytes.extend((it ^ i64::MIN).to_be_bytes()),
        View::Timestamp { time, increment } => {
            bytes.extend(time.to_be_bytes());
            bytes.extend(increment.to_be_bytes());
        }
        View::Regex { pattern, options } => {
            write_text(pattern, bytes);
            write_text(options, bytes);
        }
        View::CodeWithScope { code, scope } => {
            write_text(code, bytes);
            write_fields(scope, bytes);
        }
    }
}

/// The nearest double in eight bytes; then on which side of it the number lies and, unless it is the double, its digits.
fn write_number(number: &Number, bytes: &mut Vec<u8>) {
    bytes.extend(ordered_bits(number.nearest).to_be_bytes());
    bytes.push((number.side as i8 + 1) as u8);
    let Some(exact) = &number.exact else { return };
    let start = bytes.len();
    bytes.extend((exact.exponent as u32 ^ 0x8000_0000).to_be_bytes());
    bytes.extend(exact.digits.as_bytes());
    bytes.push(END);
    if exact.negative {
        bytes.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
}

/// Maps a double to an integer of the same order; NaN is the lowest.
fn ordered_bits(double: f64) -> u64 {
    let bits = double.to_bits();
    match (double.is_nan(), double.is_sign_negative()) {
        (true, _) => 0,
        (false, true) => !bits,
        (false, false) => bits | 1 << 63,
    }
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    let mut parts = text.as_bytes().split(|byte| *byte == 0);
    bytes.extend(parts.next().unwrap_or_default());
    for part in parts {
        bytes.extend(ESCAPED_ZERO);
        bytes.extend(part);
    }
    bytes.extend([END, END]);
}

fn write_fields(fields: Fields<'_>, bytes: &mut Vec<u8>) {
    for (name, value) in fields.iter() {
        bytes.push(Class::of(value) as u8);
        write_text(&name, bytes);
        write_content(value, bytes);
    }
    bytes.push(END);
}

fn write_items(items: Items<'_>, bytes: &mut Vec<u8>) {
    items.iter().for_each(|value| write(value, bytes));
    bytes.push(END);
}

#[cfg(test)]
mod tests {
    use bson::RawBson;

    use super::*;

    #[test]
    fn ids_are_told_from_their_keys() {
        let oid = ObjectId::from_bytes([7; 12]);
        for (id, shown) in [
            (RawBson::String("a\0b\"韩".into()), Some("\"a\0b\\\"韩\"")),
            (RawBson::Int32(-12), Some("-12")),
            (RawBson::Int64(1 << 53), Some("9007199254740992")),
            (RawBson::Double(1.5), Some("1.5")),
            (RawBson::ObjectId(oid), Some("ObjectId('070707070707070707070707')")),
            (RawBson::Int64((1 << 53) + 1), None),
            (RawBson::Boolean(true), None),
        ] {
            let mut key = Vec::new();
            encode(id.as_raw_bson_ref(), false, &mut key);
            assert_eq!(show(&key).as_deref(), shown, "{id:?}");
        }
    }
}
