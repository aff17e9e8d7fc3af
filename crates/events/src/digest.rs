//! Keyed 128-bit digests: what the ledger remembers of ids, subjects and contents.

use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fmt;

/// BLAKE3 under the tenant's key, cut to 128 bits. Without the tenant's salt it says nothing about
/// what was hashed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    pub fn as_u128(self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// Digests are uniformly random: any eight bytes of them are a hash.
    pub fn hash(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.as_u128())
    }
}

/// 32 hexadecimal digits in JSON, 16 bytes in records.
impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u8; 16]>::deserialize(deserializer).map(Self);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(&text, 16) {
            Ok(digest) if hex => Ok(Self(digest.to_be_bytes())),
            _ => Err(serde::de::Error::custom(
                "not a digest of 32 hexadecimal digits",
            )),
        }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.as_u128())
    }
}

/// Of a part's length before it.
const LENGTH_BYTES: usize = 8;
/// What is hashed in one go, put together on the stack.
const SHORT_BYTES: usize = 256;

thread_local! {
    /// The parts of one digest with their lengths: hashing a short text at once costs half of
    /// hashing it part by part.
    static FRAMED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of all of a tenant's digests, derived from the salt in its `tenant.created`.
#[derive(Clone)]
pub struct TenantKey([u8; 32]);

impl TenantKey {
    pub fn from_salt(salt: &[u8]) -> Self {
        Self(blake3::derive_key("touchbook tenant digests v1", salt))
    }

    /// Digest of `bytes` within `domain`, so that equal bytes of two kinds never collide.
    pub fn digest(&self, domain: &str, bytes: &[u8]) -> Digest {
        self.digest_parts(domain, &[bytes])
    }

    /// Digest of several parts, each preceded by its length, so that no two splits collide.
    pub fn digest_parts(&self, domain: &str, parts: &[&[u8]]) -> Digest {
        let parts = || std::iter::once(domain.as_bytes()).chain(parts.iter().copied());
        let bytes: usize = parts().map(|part| LENGTH_BYTES + part.len()).sum();
        let hash = if bytes <= SHORT_BYTES {
            // In one go: most of what is hashed is an id or an identifier, many for each event.
            let mut message = [0; SHORT_BYTES];
            let mut rest = &mut message[..];
            for part in parts() {
                let (length, after) = rest.split_at_mut(LENGTH_BYTES);
                length.copy_from_slice(&(part.len() as u64).to_le_bytes());
                let (content, after) = after.split_at_mut(part.len());
                content.copy_from_slice(part);
                rest = after;
            }
            blake3::keyed_hash(&self.0, &message[..bytes])
        } else {
            let mut hasher = blake3::Hasher::new_keyed(&self.0);
            for part in parts() {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
            hasher.finalize()
        };
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(digest)
    }

    /// The key of an event within its tenant: its source and id.
    pub fn event_key(&self, source: &str, id: &str) -> Digest {
        self.digest_parts("event", &[source.as_bytes(), id.as_bytes()])
    }

    pub fn subject(&self, subject: &str) -> Digest {
        self.digest("subject", subject.as_bytes())
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantKey(..)")
    }
}

impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_messages_are_hashed_alike() {
        let key = TenantKey::from_salt(b"salt");
        for length in [0, 1, 200, 221, 222, 223, 300, 5000] {
            let part = vec![7_u8; length];
            let mut hasher = blake3::Hasher::new_keyed(&key.0);
            for part in [b"domain", b"first".as_slice(), &part] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
            let whole = hasher.finalize();
            let digest = key.digest_parts("domain", &[b"first", &part]);
            assert_eq!(digest.0, whole.as_bytes()[..16], "{length}");
        }
    }
}
