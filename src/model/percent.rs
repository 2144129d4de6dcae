//! Percent-encoding, as the parts of an address and the signatures want it.

/// Encodes every byte that is not kept, as `%XX`. Of a character that is not ASCII all bytes are to be kept, or none.
pub fn encode(text: &str, is_kept: impl Fn(u8) -> bool) -> String {
    let mut encoded = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match is_kept(byte) {
            true => encoded.push(byte),
            false => encoded.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    String::from_utf8(encoded).unwrap_or_default()
}

/// Encodes as JavaScript's `encodeURIComponent` does.
pub fn component(text: &str) -> String {
    encode(text, |byte| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte))
}
