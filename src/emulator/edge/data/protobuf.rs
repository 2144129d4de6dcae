//! As much of protocol buffers as the envelope of `cloud.openapi` needs: fields by number, of two kinds. See
//! `docs/wire.md#wechat-apis`.

const VARINT: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const BYTES: u8 = 2;
const FOUR_BYTES: u8 = 5;

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Reads a message as its fields in order; `None` for what is no message.
pub(super) fn read(mut bytes: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match (key & 7) as u8 {
            VARINT => Value::Number(varint(&mut bytes)?),
            BYTES => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Value::Bytes(take(&mut bytes, length)?)
            }
            EIGHT_BYTES => Value::Bytes(take(&mut bytes, 8)?),
            FOUR_BYTES => Value::Bytes(take(&mut bytes, 4)?),
            _ => return None,
        };
        fields.push((key >> 3, value));
    }
    Some(fields)
}

/// Returns the last field of that number that holds bytes: a later one replaces an earlier one.
pub(super) fn bytes<'a>(fields: &[(u64, Value<'a>)], number: u64) -> Option<&'a [u8]> {
    fields.iter().rev().find_map(|(at, value)| match value {
        Value::Bytes(bytes) if *at == number => Some(*bytes),
        _ => None,
    })
}

/// Returns the same as text.
pub(super) fn text<'a>(fields: &[(u64, Value<'a>)], number: u64) -> Option<&'a str> {
    std::str::from_utf8(bytes(fields, number)?).ok()
}

/// Returns every field of that number that holds bytes.
pub(super) fn all<'a>(fields: &[(u64, Value<'a>)], number: u64) -> Vec<&'a [u8]> {
    let of = |(at, value): &(u64, Value<'a>)| match value {
        Value::Bytes(bytes) if *at == number => Some(*bytes),
        _ => None,
    };
    fields.iter().filter_map(of).collect()
}

/// Adds a number. A negative one is written as the ten bytes of its 64-bit form.
pub(super) fn write_number(message: &mut Vec<u8>, field: u8, number: i32) {
    message.push(field << 3 | VARINT);
    write_varint(message, i64::from(number) as u64);
}

/// Adds bytes, or a text.
pub(super) fn write_bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field << 3 | BYTES);
    write_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn write_varint(message: &mut Vec<u8>, mut rest: u64) {
    while rest >= 0x80 {
        message.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    message.push(rest as u8);
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_code_takes_ten_bytes() {
        // As `protobufjs`, which wx-server-sdk uses, encodes `{errorCode: -604100}`.
        let mut message = Vec::new();
        write_number(&mut message, 3, -604_100);
        assert_eq!(message, [0x18, 0xbc, 0x90, 0xdb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        let negative = Value::Number(-604_100i64 as u64);
        assert_eq!(read(&message), Some(vec![(3, negative)]));
    }

    #[test]
    fn what_is_written_is_read_and_nonsense_is_not() {
        let mut message = Vec::new();
        write_bytes(&mut message, 1, b"key");
        write_bytes(&mut message, 2, &[7; 300]);
        write_number(&mut message, 4, 200);
        let fields = read(&message).expect("a message");
        assert_eq!((text(&fields, 1), bytes(&fields, 2).map(<[u8]>::len)), (Some("key"), Some(300)));
        assert_eq!(fields.last(), Some(&(4, Value::Number(200))));
        for cut in 1..message.len() {
            // No part of a message panics; most are none.
            let _ = read(&message[..cut]);
        }
        for nonsense in [&[0xff; 11][..], &[0x0a, 0x05, 1], &[0x0b], &[0x08]] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
    }
}
