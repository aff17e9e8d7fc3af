//! Blocks read without the store, once it has failed to write.
//!
//! sled may have to write before it reads: a page that is to be split is split by whoever comes by.
//! After a failed write it writes nothing, and so it no longer reads what stands in such pages. All
//! of it that is durable is in the log, which nobody writes any more.

use super::entries::Entries;
use super::pages;
use crate::block;
use crate::error::{Damage, Flaw};
use crate::log::{Log, Value};
use crate::oversize::{self, Chunks};
use crate::run::Run;
use std::io;
use std::path::Path;
use touchbook_events::TenantNumber;

/// Where everything stood when it was looked for.
pub(crate) struct Rescue {
    log: Log,
    entries: Entries,
}

/// The chunks of one tenant.
struct Rescued<'a> {
    rescue: &'a Rescue,
    tenant: TenantNumber,
}

impl Rescue {
    pub(crate) fn read(volume: &Path) -> io::Result<Self> {
        let (log, pages) = pages(volume)?;
        let entries = Entries::collect(&log, &pages)?;
        Ok(Self { log, entries })
    }

    /// Reads a block of a tenant.
    pub(crate) fn load(&self, tenant: TenantNumber, first: u64) -> Result<Run, Damage> {
        let damage = |what| Damage {
            tenant,
            position: first,
            what,
        };
        let value = self.entries.blocks.get(&(tenant, first));
        let value = self.value(value, Flaw::Missing).map_err(damage)?;
        let chunks = Rescued {
            rescue: self,
            tenant,
        };
        let key = block::key(tenant, first);
        let (_, run) = block::decode(&key, &value, &chunks).map_err(damage)?;
        Ok(run)
    }

    fn value(&self, value: Option<&Value>, missing: Flaw) -> Result<Vec<u8>, Flaw> {
        let value = value.ok_or(missing)?;
        let bytes = self.log.bytes(value.offset, value.len);
        bytes.map_err(|error| Flaw::Unread(error.to_string()))
    }
}

impl Chunks for Rescued<'_> {
    fn resolve(&self, position: u64, stub: &[u8]) -> Result<Vec<u8>, Flaw> {
        let chunks = &self.rescue.entries.chunks;
        oversize::assemble(stub, |index| {
            let key = oversize::key(self.tenant, position, index);
            self.rescue.value(chunks.get(key.as_slice()), Flaw::Chunk)
        })
    }
}
