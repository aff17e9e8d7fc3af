//! What is known in memory of one tenant's durable records.

use crate::index::Index;
use crate::record::{Chain, Head, Peek, ROOT};
use crate::run::Run;
use crate::saved::Unsaved;
use std::collections::VecDeque;
use std::sync::Arc;

/// A sealed block: where it begins, and the chain after its last record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockEntry {
    pub(crate) first: u64,
    pub(crate) chain: Chain,
    /// Of the records in it.
    pub(crate) bytes: u32,
}

/// Records that are not in a block yet, each with the chain after it.
#[derive(Clone)]
pub(crate) struct TailRun {
    pub(crate) run: Arc<Run>,
    pub(crate) chains: Arc<[Chain]>,
}

impl TailRun {
    pub(crate) fn memory(&self) -> u64 {
        let record = size_of::<Chain>() + size_of::<u32>();
        (size_of::<Run>() + self.run.bytes() + self.run.len() * record) as u64
    }

    /// Records from `position` on.
    pub(crate) fn from(&self, position: u64) -> impl Iterator<Item = (u64, &[u8], Chain)> {
        let skipped = position.saturating_sub(self.run.first()) as usize;
        (skipped..self.run.len()).map(|index| {
            (
                self.run.first() + index as u64,
                self.run.get(index),
                self.chains[index],
            )
        })
    }
}

/// Where a record is.
pub(crate) enum Place {
    Tail(TailRun),
    Block(BlockEntry),
}

pub(crate) struct Tenant {
    pub(crate) head: Head,
    /// Last position that is in a block.
    pub(crate) sealed_to: u64,
    pub(crate) blocks: Vec<BlockEntry>,
    pub(crate) tail: VecDeque<TailRun>,
    pub(crate) index: Index,
    /// What of the index a start would have to derive again.
    pub(crate) unsaved: Unsaved,
    /// Bytes of all records.
    pub(crate) logical_bytes: u64,
    /// Bytes of those that are in no block.
    unsealed_bytes: usize,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            head: Head::EMPTY,
            sealed_to: 0,
            blocks: Vec::new(),
            tail: VecDeque::new(),
            index: Index::default(),
            unsaved: Unsaved::default(),
            logical_bytes: 0,
            unsealed_bytes: 0,
        }
    }
}

impl Tenant {
    /// Number and bytes of the records that are in no block.
    pub(crate) fn unsealed(&self) -> (usize, usize) {
        (
            (self.head.position - self.sealed_to) as usize,
            self.unsealed_bytes,
        )
    }

    pub(crate) fn place(&self, position: u64) -> Option<Place> {
        if position == 0 || position > self.head.position {
            return None;
        }
        if position <= self.sealed_to {
            return self
                .block_of(position)
                .map(|index| Place::Block(self.blocks[index]));
        }
        let after = self
            .tail
            .partition_point(|tail| tail.run.first() <= position);
        Some(Place::Tail(self.tail.get(after.checked_sub(1)?)?.clone()))
    }

    /// Index of the block with `position`.
    pub(crate) fn block_of(&self, position: u64) -> Option<usize> {
        self.blocks
            .partition_point(|block| block.first <= position)
            .checked_sub(1)
    }

    /// The chain before a block's first record.
    pub(crate) fn chain_before(&self, block_first: u64) -> Chain {
        let index = self
            .blocks
            .partition_point(|block| block.first < block_first);
        index
            .checked_sub(1)
            .map_or(ROOT, |before| self.blocks[before].chain)
    }

    /// Adds the next record to the indexes.
    pub(crate) fn index(&mut self, peek: &Peek) {
        let is_new = self.index.insert(peek);
        self.unsaved.push(peek, is_new);
    }

    /// Adds records that follow the head.
    pub(crate) fn push_tail(&mut self, tail: TailRun) {
        if let Some(chain) = tail.chains.last() {
            self.head = Head {
                position: tail.run.next() - 1,
                chain: *chain,
            };
            self.logical_bytes += tail.run.bytes() as u64;
            self.unsealed_bytes += tail.run.bytes();
            self.tail.push_back(tail);
        }
    }

    /// Notes that records of the tail, up to `last` and of so many `bytes`, are in a block.
    pub(crate) fn seal(&mut self, block: BlockEntry, last: u64, bytes: usize) {
        self.blocks.push(block);
        self.sealed_to = last;
        self.unsealed_bytes -= bytes;
    }

    /// Adds a block that follows the head.
    pub(crate) fn push_block(&mut self, block: BlockEntry, last: u64) {
        self.blocks.push(block);
        self.sealed_to = last;
        self.head = Head {
            position: last,
            chain: block.chain,
        };
    }

    /// Notes how many bytes the records of a block have that was pushed.
    pub(crate) fn weigh_block(&mut self, first: u64, bytes: u64) {
        self.logical_bytes += bytes;
        if let Some(block) = self.block_of(first) {
            // A block holds at most a commit's bytes.
            self.blocks[block].bytes = bytes as u32;
        }
    }

    /// Forgets the tail's records that are in blocks.
    pub(crate) fn trim_tail(&mut self) {
        while self
            .tail
            .front()
            .is_some_and(|tail| tail.run.next() <= self.sealed_to + 1)
        {
            self.tail.pop_front();
        }
    }
}
