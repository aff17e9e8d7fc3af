//! An API key as text: `tb_<tenant>_<prefix>_<secret>`.
//!
//! The tenant stands in it, so that whoever is asked finds the ledger that knows it; the prefix
//! finds it there, and tells keys apart for people; the secret is 256 random bits, in hexadecimal.

use std::fmt;
use subtle::ConstantTimeEq;

/// Random bytes of a key's prefix.
pub const PREFIX_BYTES: usize = 6;
/// Random bytes of a key's secret.
pub const SECRET_BYTES: usize = 32;

const BEGIN: &str = "tb";
const SEPARATOR: char = '_';

/// A key, in parts that its text is made of. `Debug` shows everything but the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    text: Box<str>,
    tenant_bytes: usize,
}

/// The text is none of our keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no API key; one reads `tb_<tenant>_<prefix>_<secret>`")]
pub struct NotAKey;

impl KeyText {
    /// A new key of `tenant`, of random bytes.
    pub fn mint(tenant: &str, prefix: [u8; PREFIX_BYTES], secret: [u8; SECRET_BYTES]) -> Self {
        let parts = [BEGIN, tenant, &hex(&prefix), &hex(&secret)];
        Self {
            text: parts.join("_").into(),
            tenant_bytes: tenant.len(),
        }
    }

    /// # Errors
    /// Where the text has not the form of a key; whether it opens anything is asked elsewhere.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let mut parts = text.split(SEPARATOR);
        let mut next = || parts.next().ok_or(NotAKey);
        let (begin, tenant, prefix, secret) = (next()?, next()?, next()?, next()?);
        let is_key = begin == BEGIN
            && !tenant.is_empty()
            && is_hex(prefix, PREFIX_BYTES)
            && is_hex(secret, SECRET_BYTES)
            && parts.next().is_none();
        is_key
            .then(|| Self {
                text: text.into(),
                tenant_bytes: tenant.len(),
            })
            .ok_or(NotAKey)
    }

    /// All of it, which is shown once.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the tenant that it opens.
    pub fn tenant(&self) -> &str {
        let from = BEGIN.len() + 1;
        &self.text[from..from + self.tenant_bytes]
    }

    pub fn prefix(&self) -> &str {
        let from = BEGIN.len() + 1 + self.tenant_bytes + 1;
        &self.text[from..from + 2 * PREFIX_BYTES]
    }

    /// What is stored of it. A fast hash is enough: nobody can try 256 random bits.
    pub fn hash(&self) -> String {
        let digest = blake3::derive_key("touchbook api key v1", self.text.as_bytes());
        hex(&digest)
    }

    /// Whether `hash` is this key's, in a time that says nothing of where they differ.
    pub fn has_hash(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEGIN}_{}_{}_…", self.tenant(), self.prefix())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_hex(text: &str, bytes: usize) -> bool {
    let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    text.len() == 2 * bytes && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_says_whose_it_is_and_hides_its_secret() {
        let key = KeyText::mint("acme-2", [1; PREFIX_BYTES], [2; SECRET_BYTES]);
        assert_eq!((key.tenant(), key.prefix()), ("acme-2", "010101010101"));
        assert_eq!(key.as_str().len(), "tb_acme-2_010101010101_".len() + 64);
        assert!(!format!("{key:?}").contains("0202"), "{key:?}");
    }

    #[test]
    fn a_hash_is_of_the_whole_key() {
        let key = KeyText::mint("acme", [1; PREFIX_BYTES], [2; SECRET_BYTES]);
        assert!(key.has_hash(&key.hash()));
        for other in [
            KeyText::mint("acme", [1; PREFIX_BYTES], [3; SECRET_BYTES]),
            KeyText::mint("acme", [2; PREFIX_BYTES], [2; SECRET_BYTES]),
            KeyText::mint("other", [1; PREFIX_BYTES], [2; SECRET_BYTES]),
        ] {
            assert!(!other.has_hash(&key.hash()), "{other:?}");
        }
        assert!(!key.has_hash(""));
        assert!(!key.has_hash(&key.hash()[1..]));
    }

    proptest! {
        #[test]
        fn what_was_minted_is_read_again(
            tenant in "[a-z0-9-]{1,40}",
            prefix: [u8; PREFIX_BYTES],
            secret: [u8; SECRET_BYTES],
        ) {
            let key = KeyText::mint(&tenant, prefix, secret);
            prop_assert_eq!(KeyText::parse(key.as_str()), Ok(key.clone()));
            prop_assert_eq!(key.tenant(), tenant);
        }

        #[test]
        fn what_is_no_key_is_refused(text in "(tb_)?[a-z0-9_A-Zé]{0,100}") {
            prop_assert_eq!(KeyText::parse(&text), Err(NotAKey));
        }
    }
}
