//! Byte-comparable keys: `compare(a, b) == encode(a).cmp(encode(b))`, for one value and for several in a row.
//!
//! A value is its class in one byte and then a form that no other of its class is a prefix of, so that what follows in a
//! compound key cannot disturb the order. Descending values are inverted byte by byte.

use super::value::Class;
use super::value::number::Number;
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
