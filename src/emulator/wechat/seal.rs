//! Open data as a mini program receives it: encrypted under the session key, and signed. See
//! `docs/wire.md#wechat-open-data`.

use aes::Aes128;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockEncrypt, KeyInit};
use base64::prelude::{BASE64_STANDARD, Engine};
use ring::{digest, hmac};

use crate::model::clock::hex;

/// The length of a session key, of a block and of its vector, in bytes.
pub(super) const BLOCK: usize = 16;

/// Returns a text encrypted by AES-128 in CBC mode with PKCS#7 padding.
pub(super) fn seal(plain: &[u8], key: &[u8; BLOCK], iv: &[u8; BLOCK]) -> String {
    let cipher = Aes128::new(GenericArray::from_slice(key));
    let padding = BLOCK - plain.len() % BLOCK;
    let mut bytes = plain.to_vec();
    bytes.resize(plain.len() + padding, padding as u8);
    let mut before = *iv;
    for block in bytes.chunks_exact_mut(BLOCK) {
        block.iter_mut().zip(before).for_each(|(byte, with)| *byte ^= with);
        cipher.encrypt_block(GenericArray::from_mut_slice(block));
        before.copy_from_slice(block);
    }
    BASE64_STANDARD.encode(bytes)
}

/// Returns the signature of `rawData`: the session key goes in as its base64 text.
pub(super) fn sign(raw: &str, session_key: &str) -> String {
    hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{raw}{session_key}").as_bytes()).as_ref())
}

/// Whether a signature over some bytes was made with the session key.
pub(super) fn is_signed(message: &[u8], key: &[u8], signature: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    crate::api::sign::unhex(signature).is_some_and(|it| hmac::verify(&key, message, &it).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_what_openssl_makes() {
        // `printf hello | openssl enc -aes-128-cbc -K 000102…0f -iv 0f0e…00 -base64`, and of sixteen bytes.
        let key = std::array::from_fn(|at| at as u8);
        let iv = std::array::from_fn(|at| 15 - at as u8);
        for (plain, sealed) in [(HELLO.0, HELLO.1), (WHOLE.0, WHOLE.1)] {
            assert_eq!(seal(plain.as_bytes(), &key, &iv), sealed, "{plain}");
        }
    }

    #[test]
    fn a_signature_covers_the_key_as_text() {
        // The example of WeChat's documentation.
        let raw = r#"{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}"#;
        assert_eq!(sign(raw, "HyVFkGl5F5OQWJZZaNzBBg=="), "75e81ceda165f4ffa64f4068af58c64b8f54b88c");
    }

    const HELLO: (&str, &str) = ("hello", "GBVHzmpUOMsiJBhWs1zEiQ==");
    const WHOLE: (&str, &str) = ("0123456789abcdef", "/xTb5AXMDuJNDeQSifD8mIaABU/JAWu/T0BnzSeCbNs=");
}
