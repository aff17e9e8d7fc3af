//! Sealing: records into blocks.

use crate::block;
use crate::limits::{BLOCK_BYTES, BLOCK_RECORDS, SEAL_BYTES, SEALS};
use crate::record::Chain;
use crate::run::Packer;
use crate::tenant::{BlockEntry, TailRun};
use touchbook_events::TenantNumber;

/// Tenants that one commit seals before they fill a block.
pub(crate) const MAX_EARLY: usize = SEALS / 2;

/// A block that is ready to be written.
pub(crate) struct Sealed {
    pub(crate) tenant: TenantNumber,
    pub(crate) entry: BlockEntry,
    pub(crate) last: u64,
    /// Bytes of the records in it.
    pub(crate) bytes: usize,
    pub(crate) value: Vec<u8>,
}

/// What one commit may still seal.
pub(crate) struct Budget {
    bytes: usize,
    blocks: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            bytes: SEAL_BYTES,
            blocks: SEALS,
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.bytes == 0 || self.blocks == 0
    }

    fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.blocks -= 1;
    }
}

/// Whether so many records, of so many bytes, fill at least one block.
pub(crate) fn fills_a_block(records: usize, bytes: usize) -> bool {
    records >= BLOCK_RECORDS || bytes > BLOCK_BYTES
}

/// Seals the records of `runs` from `first` on: the full blocks among them, or all if `early`.
pub(crate) fn seal(
    tenant: TenantNumber,
    commit: u64,
    first: u64,
    runs: &[&TailRun],
    early: bool,
    budget: &mut Budget,
) -> Vec<Sealed> {
    let mut sealer = Sealer {
        tenant,
        commit,
        first,
        packer: Packer::default(),
        done: Vec::new(),
    };
    let mut chain = Chain::default();
    for (_, record, after) in runs.iter().flat_map(|tail| tail.from(first)) {
        if budget.is_spent() {
            return sealer.done;
        }
        let packer = &sealer.packer;
        if packer.len() > 0 && packer.weight() + record.len() > BLOCK_BYTES {
            sealer.cut(chain, budget);
        }
        sealer.packer.push(record);
        chain = after;
        if sealer.packer.len() == BLOCK_RECORDS {
            sealer.cut(chain, budget);
        }
    }
    if early && sealer.packer.len() > 0 && !budget.is_spent() {
        sealer.cut(chain, budget);
    }
    sealer.done
}

struct Sealer {
    tenant: TenantNumber,
    commit: u64,
    first: u64,
    packer: Packer,
    done: Vec<Sealed>,
}

impl Sealer {
    fn cut(&mut self, chain: Chain, budget: &mut Budget) {
        let value = block::encode(self.tenant, self.first, self.commit, chain, &self.packer);
        let next = self.first + self.packer.len() as u64;
        let bytes = self.packer.weight();
        budget.spend(bytes);
        self.packer.clear();
        self.done.push(Sealed {
            tenant: self.tenant,
            entry: BlockEntry {
                first: self.first,
                chain,
                bytes: bytes as u32,
            },
            last: next - 1,
            bytes,
            value,
        });
        self.first = next;
    }
}
