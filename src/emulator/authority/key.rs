//! A key that signs certificates, as a file and as `rcgen` asks for it.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{KeyIdMethod, PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A key on the curve P-256.
pub(super) struct Key {
    pair: EcdsaKeyPair,
    /// The private key in the form PKCS #8.
    private: Vec<u8>,
}

impl Key {
    pub fn generate() -> std::io::Result<Self> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        Self::from_pkcs8(made.map_err(|_| std::io::Error::other("no randomness"))?.as_ref())
    }

    fn from_pkcs8(private: &[u8]) -> std::io::Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, private, &SystemRandom::new());
        Ok(Key {
            pair: pair.map_err(|error| std::io::Error::other(error.to_string()))?,
            private: private.to_vec(),
        })
    }

    /// Reads a key, or makes one in a file that only the user may read.
    pub fn open(file: &Path) -> std::io::Result<Self> {
        if !file.exists() {
            let mut aside = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
            let text = pem("PRIVATE KEY", &Self::generate()?.private);
            std::io::Write::write_all(&mut aside, text.as_bytes())?;
            match aside.persist_noclobber(file) {
                // Another emulator was faster: its key is the one.
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
                persisted => drop(persisted?),
            }
        }
        let text = std::fs::read(file)?;
        let private = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(std::io::Error::other)?;
        Self::from_pkcs8(private.secret_pkcs8_der())
    }

    /// Returns it as a TLS server wants it.
    pub fn private(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.private.clone()).into()
    }

    /// Returns what tells its certificates from those of other keys.
    pub fn id(&self) -> KeyIdMethod {
        KeyIdMethod::PreSpecified(self.digest(20))
    }

    /// Returns the number of its certificate: each key has one alone.
    pub fn serial(&self) -> SerialNumber {
        SerialNumber::from(self.digest(16))
    }

    fn digest(&self, length: usize) -> Vec<u8> {
        let digest = digest::digest(&digest::SHA256, self.pair.public_key().as_ref());
        digest.as_ref().iter().copied().take(length).collect()
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        signature.map(|it| it.as_ref().to_vec()).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Returns bytes as the text that programs read: base64 in lines of 64 letters between two markers.
pub(super) fn pem(label: &str, bytes: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(bytes);
    let lines: Vec<_> = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
