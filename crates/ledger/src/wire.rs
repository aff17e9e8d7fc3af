//! Reading and writing of our own bytes: little-endian, bounds checked, never panicking.

use crate::error::Flaw;

/// Reads fields from the front of a slice.
pub(crate) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Flaw::Layout)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        self.take(N)?.try_into().map_err(|_| Flaw::Layout)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Flaw> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Flaw> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Flaw> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Flaw> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Flaw> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(crate) const DIGEST_BYTES: usize = 16;

/// BLAKE3 cut to 128 bits: against rot and mix-ups. Against forgery there is the chain.
pub(crate) fn digest(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut cut = [0; DIGEST_BYTES];
    cut.copy_from_slice(&blake3::hash(bytes).as_bytes()[..DIGEST_BYTES]);
    cut
}

/// Version byte, digest of the rest, the rest.
pub(crate) const PREFIX_BYTES: usize = 1 + DIGEST_BYTES;

/// Fills in the prefix that [`open`] checks; `value` begins with room for it.
pub(crate) fn close(version: u8, value: &mut [u8]) {
    value[0] = version;
    let digest = digest(&value[PREFIX_BYTES..]);
    value[1..PREFIX_BYTES].copy_from_slice(&digest);
}

/// What follows the prefix, if it is of `version` and whole.
pub(crate) fn open(version: u8, value: &[u8]) -> Result<Cursor<'_>, Flaw> {
    let mut cursor = Cursor::new(value);
    let found = cursor.u8()?;
    if found != version {
        return Err(Flaw::Version(found));
    }
    let expected = cursor.array::<DIGEST_BYTES>()?;
    if digest(cursor.0) != expected {
        return Err(Flaw::Checksum);
    }
    Ok(cursor)
}
