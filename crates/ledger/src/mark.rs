//! Marks: how far each tenant is sealed, kept apart from its blocks.
//!
//! sled leaves out what it can't read, in silence. A block in the middle is missed by the one after
//! it, a tenant's last block by the mark.

use crate::error::Flaw;
use crate::wire::{self, PREFIX_BYTES};
use touchbook_events::TenantNumber;

const VERSION: u8 = 1;

/// No other value is of this length: a frame is shorter without sections, and longer with one.
pub(crate) const VALUE_BYTES: usize = PREFIX_BYTES + 4 + 8 + 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The commit that set the mark; it counts only if that commit does.
    pub(crate) commit: u64,
    pub(crate) sealed_to: u64,
}

pub(crate) fn key(tenant: TenantNumber) -> [u8; 4] {
    tenant.0.to_be_bytes()
}

pub(crate) fn tenant(key: &[u8]) -> Option<TenantNumber> {
    Some(TenantNumber(u32::from_be_bytes(key.try_into().ok()?)))
}

impl Mark {
    pub(crate) fn encode(self, tenant: TenantNumber) -> Vec<u8> {
        let mut value = vec![0; PREFIX_BYTES];
        value.extend_from_slice(&tenant.0.to_le_bytes());
        value.extend_from_slice(&self.commit.to_le_bytes());
        value.extend_from_slice(&self.sealed_to.to_le_bytes());
        wire::close(VERSION, &mut value);
        value
    }

    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<(TenantNumber, Self), Flaw> {
        let mut cursor = wire::open(VERSION, value)?;
        let tenant = TenantNumber(cursor.u32()?);
        let mark = Self {
            commit: cursor.u64()?,
            sealed_to: cursor.u64()?,
        };
        let is_own = key == self::key(tenant) && cursor.is_empty();
        if is_own {
            Ok((tenant, mark))
        } else {
            Err(Flaw::Misplaced)
        }
    }
}
