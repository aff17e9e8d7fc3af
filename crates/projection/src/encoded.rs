//! One of many small values, encoded: the usual ones never leave the stack.

use serde::Serialize;
use std::ops::Deref;

/// Most entries and calls are smaller.
const BYTES_USUAL: usize = 512;

/// The bytes of a value.
pub struct Encoded(Bytes);

#[expect(clippy::large_enum_variant, reason = "it is there to lie on the stack")]
enum Bytes {
    Usual {
        bytes: [u8; BYTES_USUAL],
        length: usize,
    },
    Long(Vec<u8>),
}

impl Encoded {
    /// # Panics
    /// If `value` can't be encoded, which no plain value causes.
    pub fn of<T: Serialize>(value: &T) -> Self {
        let mut bytes = [0; BYTES_USUAL];
        match postcard::to_slice(value, &mut bytes).map(|used| used.len()) {
            Ok(length) => Self(Bytes::Usual { bytes, length }),
            Err(_) => {
                let bytes = postcard::to_stdvec(value).expect("plain values can be encoded");
                Self(Bytes::Long(bytes))
            }
        }
    }
}

impl Deref for Encoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Usual { bytes, length } => &bytes[..*length],
            Bytes::Long(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_values_are_encoded_alike() {
        for length in [0, 1, BYTES_USUAL - 2, BYTES_USUAL - 1, 10_000] {
            let text = "x".repeat(length);
            let encoded = Encoded::of(&text);
            assert_eq!(encoded.to_vec(), postcard::to_stdvec(&text).unwrap());
            let is_long = matches!(encoded.0, Bytes::Long(_));
            assert_eq!(is_long, encoded.len() > BYTES_USUAL, "{length}");
        }
    }
}
