//! Fields as sled writes them.

/// Writes a number as [`Fields::varint`] reads it.
pub(super) fn put_varint(out: &mut Vec<u8>, number: u64) {
    let bytes = number.to_le_bytes();
    match number {
        0..=240 => out.push(bytes[0]),
        241..=2_287 => {
            let [low, high, ..] = (number - 240).to_le_bytes();
            out.extend([high + 241, low]);
        }
        2_288..=67_823 => {
            let [low, high, ..] = (number - 2_288).to_le_bytes();
            out.extend([249, high, low]);
        }
        _ => {
            let len = (u64::BITS - number.leading_zeros()).div_ceil(u8::BITS) as usize;
            out.push(247 + len as u8);
            out.extend_from_slice(&bytes[..len]);
        }
    }
}

/// Reads fields from the front of a slice, and knows where it is.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// One to nine bytes: small numbers are short.
    pub(super) fn varint(&mut self) -> Option<u64> {
        match self.u8()? {
            first @ 0..=240 => Some(u64::from(first)),
            first @ 241..=248 => Some(240 + 256 * (u64::from(first) - 241) + u64::from(self.u8()?)),
            249 => Some(2_288 + 256 * u64::from(self.u8()?) + u64::from(self.u8()?)),
            first => {
                let len = usize::from(first) - 247;
                let mut number = [0; 8];
                number.get_mut(..len)?.copy_from_slice(self.take(len)?);
                Some(u64::from_le_bytes(number))
            }
        }
    }

    /// A slice behind its length.
    pub(super) fn slice(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number: u64, bits in 0..64_u32) {
            let number = number >> bits;
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            let mut fields = Fields::new(&bytes);
            prop_assert_eq!(fields.varint(), Some(number));
            prop_assert!(fields.is_empty());
        }
    }
}
