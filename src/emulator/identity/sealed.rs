//! Passwords that js-sdk 3 seals before it sends them (`is_encrypt`). See `docs/wire.md#oauth`.
//!
//! The key is the same everywhere: what it hides never leaves this machine, and a page must be able to ask for it before
//! anybody is known.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use num_bigint::BigUint;

/// What names the key.
pub const THUMBPRINT: &str = "cloudkit-emulator";

/// Length of the key and of each sealed piece, in bytes.
const LENGTH: usize = 128;
/// How many leading zeros a piece may lack.
const LACKING: usize = 3;

/// The public half: an RSA key of 1024 bits with the exponent 65537.
pub const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDfNkwC/4rySu1pVTaut+pKCwVi\
    CRDenJV+/+KkPO4bSV6PKQWuAeEis9HLBVXoqoz93bQgvSd/6IxNvC+oUD6q+SYx\
    0G8yXh5i5yp8aOnoPrZtBUFiURPM4VU3XMv9zp978xeslvdrgBDggICmVT4DIqJz\
    mDOGGEeFXbaLSMJktQIDAQAB\n\
    -----END PUBLIC KEY-----";
const MODULUS: &str = "\
    df364c02ff8af24aed695536aeb7ea4a0b05620910de9c957effe2a43cee1b495e8f2905ae01e122b3d1cb0555e8aa8cfddd\
    b420bd277fe88c4dbc2fa8503eaaf92631d06f325e1e62e72a7c68e9e83eb66d0541625113cce155375ccbfdce9f7bf317ac\
    96f76b8010e08080a6553e0322a2739833861847855db68b48c264b5";
const EXPONENT: &str = "\
    a3ea5cb18af57f6e949fd88afa8d66c90f04d9f46c65fdb92ef53c7b7d9f217ca4ab1ee5e3ddcf75cb7591d08e40f915e6cb\
    eb9e6b29d99d6d831c6227091eaad1d364c63b7172385260c12844f64734e27a9d17098e60eca995f7c041f943cbe36f6d7f\
    0ebc54926673ae4738e273b39e802af8451dae8967eb9586be430621";

/// Opens what was sealed for the key: pieces of base64 under PKCS #1 v1.5. `None`: it was not.
pub fn open(sealed: &str) -> Option<String> {
    let sealed = BASE64_STANDARD.decode(sealed).ok()?;
    let mut rest = sealed.as_slice();
    let mut opened = Vec::new();
    while !rest.is_empty() {
        // The SDK writes numbers, and drops the zeros that one of 256 begins with.
        let (piece, after) = (LENGTH - LACKING..=LENGTH).rev().find_map(|length| {
            let (piece, after) = rest.split_at(length.min(rest.len()));
            Some((open_piece(piece)?, after))
        })?;
        opened.extend(piece);
        rest = after;
    }
    String::from_utf8(opened).ok().filter(|text| !text.is_empty())
}

fn open_piece(piece: &[u8]) -> Option<Vec<u8>> {
    let number = |digits: &str| BigUint::parse_bytes(digits.as_bytes(), 16);
    let (modulus, exponent) = (number(MODULUS)?, number(EXPONENT)?);
    let padded = BigUint::from_bytes_be(piece).modpow(&exponent, &modulus).to_bytes_be();
    // 0 and 2, eight or more bytes of padding, 0; the number has lost its leading zero.
    let padding = padded.strip_prefix(&[2]).filter(|_| padded.len() == LENGTH - 1)?;
    let end = padding.iter().position(|byte| *byte == 0).filter(|end| *end >= 8)?;
    padding.get(end + 1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seals as the SDK does, with the padding all ones, and without leading zeros.
    fn seal(text: &str) -> Vec<u8> {
        let modulus = BigUint::parse_bytes(MODULUS.as_bytes(), 16).expect("a number");
        let seal = |piece: &[u8]| {
            let mut padded = vec![2];
            padded.resize(LENGTH - 2 - piece.len(), 1);
            padded.push(0);
            padded.extend_from_slice(piece);
            BigUint::from_bytes_be(&padded).modpow(&65537_u32.into(), &modulus).to_bytes_be()
        };
        text.as_bytes().chunks(117).flat_map(seal).collect()
    }

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does() {
        let long = "云".repeat(100);
        for text in [r#"{"username":"alice","password":"p"}"#, &long] {
            let sealed = BASE64_STANDARD.encode(seal(text));
            assert_eq!(open(&sealed).as_deref(), Some(text));
        }
        let other = BASE64_STANDARD.encode([7; LENGTH]);
        let empty = BASE64_STANDARD.encode(seal(""));
        for broken in ["", "not base64!", "AAAA", &other, &empty] {
            assert_eq!(open(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_piece_without_its_leading_zeros_opens() {
        let texts = (0..).map(|n: u32| format!("{n:<200}"));
        let short = |text: &String| seal(text).len() < 2 * LENGTH;
        let text = texts.take(4096).find(short).expect("one of 128");
        assert_eq!(open(&BASE64_STANDARD.encode(seal(&text))), Some(text));
    }
}
