//! Fields as sled writes them.

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
