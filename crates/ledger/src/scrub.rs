//! Checking that every block stands whole on the disk, whatever the store has in memory.
//!
//! What it can't tell: the store's log may hold older copies of a block, each as good as the
//! newest, and one that is whole counts, though the store would read another. Chunks of long
//! records are not looked for; only walking the chain reads them, as the store has them. And the
//! system is asked to drop what it has of the log in memory, which it does not promise: what it
//! keeps is what is read. That costs whoever reads the log next a reading of the disk.

use crate::block::{self, Header};
use crate::error::{Damage, Error, Flaw};
use crate::ledger::read;
use crate::log::Disk;
use crate::reader::Reader;
use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use touchbook_events::TenantNumber;

/// How often the file is read before a block counts as missing: the store moves pages meanwhile,
/// and may move one from where the reading has yet to come to where it has been.
const READINGS: usize = 3;

type Blocks = BTreeSet<(TenantNumber, u64)>;

impl Reader {
    /// Reads the store's file, and names the first block of each tenant that is nowhere in it as it
    /// was written. `pace` is told of bytes that were read, and may end it early.
    ///
    /// What the tail holds is not looked for: the copy in memory is what will be sealed.
    pub fn check_disk(
        &self,
        pace: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Vec<Damage>, Error> {
        let mut missing = self.blocks();
        for _ in 0..READINGS {
            let ended = self.find_blocks(&mut missing, pace);
            let path = || self.shared.path.clone();
            if ended
                .map_err(|source| Error::Examine {
                    path: path(),
                    source,
                })?
                .is_break()
            {
                return Ok(Vec::new());
            }
            if missing.is_empty() {
                break;
            }
        }
        let mut damage: Vec<Damage> = Vec::new();
        for (tenant, position) in missing {
            if damage.last().is_none_or(|last| last.tenant != tenant) {
                let what = Flaw::NotOnDisk;
                damage.push(Damage {
                    tenant,
                    position,
                    what,
                });
            }
        }
        Ok(damage)
    }

    /// All blocks that are durable.
    fn blocks(&self) -> Blocks {
        let mut blocks = Blocks::new();
        for (tenant, state) in read(&self.shared.tenants).iter() {
            blocks.extend(
                read(state)
                    .blocks
                    .iter()
                    .map(|block| (*tenant, block.first)),
            );
        }
        blocks
    }

    /// Takes from `missing` what is found.
    fn find_blocks(
        &self,
        missing: &mut Blocks,
        pace: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        let mut disk = Disk::open(&self.shared.path)?;
        let mut visit = |value: &[u8]| {
            if let Some(header) = Header::whole(value) {
                missing.remove(&(header.tenant, header.first));
            }
        };
        while let Some(bytes) = disk.next(&mut visit)? {
            if pace(bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Header {
    /// The header of a value, if it is a block and whole.
    fn whole(value: &[u8]) -> Option<Self> {
        let header = Self::of_value(value)?;
        block::is_whole(&header, value).then_some(header)
    }
}
