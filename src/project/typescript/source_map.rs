//! The map from JavaScript back to TypeScript, version 3, by which stack traces and debuggers show the file a person
//! wrote.

use std::path::Path;

use serde_json::json;
use swc_common::{BytePos, LineCol, SourceMap};

/// Writes the map of one file: positions of the source, by place in the code, in its order.
pub fn json(path: &Path, sources: &SourceMap, mappings: &[(BytePos, LineCol)]) -> String {
    let mut written = String::new();
    // Line, generated column, original line and column of the entry before.
    let (mut line, mut last) = (0, [0_i64; 3]);
    for (position, place) in mappings {
        let Some(original) = sources.try_lookup_char_pos(*position).ok().filter(|_| !position.is_dummy())
        else {
            continue;
        };
        let is_first = line < place.line || written.is_empty();
        if line < place.line {
            written.extend(std::iter::repeat_n(';', (place.line - line) as usize));
            (line, last[0]) = (place.line, 0);
        }
        if !is_first {
            written.push(',');
        }
        let now = [place.col.into(), original.line as i64 - 1, original.col.0 as i64];
        let differences: [i64; 3] = std::array::from_fn(|at| now[at] - last[at]);
        quantity(&mut written, differences[0]);
        // The one source.
        quantity(&mut written, 0);
        quantity(&mut written, differences[1]);
        quantity(&mut written, differences[2]);
        last = now;
    }
    json!({ "version": 3, "sources": [path], "names": [], "mappings": written }).to_string()
}

/// Writes a number in base 64, five bits at a time, the sign first.
fn quantity(written: &mut String, number: i64) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = (number.unsigned_abs() << 1) | u64::from(number < 0);
    loop {
        let (digit, more) = ((rest & 31) as usize, rest >> 5);
        written.push(DIGITS[digit | if more > 0 { 32 } else { 0 }].into());
        if more == 0 {
            return;
        }
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_source_maps_have_them() {
        for (number, expected) in [(0, "A"), (1, "C"), (-1, "D"), (15, "e"), (16, "gB"), (-123, "3H")] {
            let mut written = String::new();
            quantity(&mut written, number);
            assert_eq!(written, expected, "{number}");
        }
    }
}
