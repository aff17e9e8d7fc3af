//! Keeping sled's cache as small as it was told to be.
//!
//! sled cuts its cache into parts, by a page's number, and looks whether a part is over its limit
//! only when the part was accessed a certain number of times since. Whatever a scan has read
//! once, therefore, stays: after a start with a million records 187 MB under a limit of 16.

use crate::volume::Store;
use std::sync::atomic::{AtomicU64, Ordering};

/// Accesses that make sled look at a part: one more than its `MAX_QUEUE_ITEMS`.
const ACCESSES: usize = 65;
/// Its parts (`N_SHARDS`) are covered four times, since pages' numbers have holes.
const PAGES_MAX: usize = 4 * 256;
/// Blocks of a page: at 17 it is cut in halves, and what follows goes to the second.
const PAGE_BLOCKS: usize = 8;
/// Blocks read or written that are worth trimming; until the next look fewer count as none.
const WORTH_BLOCKS: u64 = 1_024;

/// What was accessed since the cache was trimmed.
#[derive(Default)]
pub(crate) struct Cache {
    blocks: AtomicU64,
    seen: AtomicU64,
    trimmed: AtomicU64,
}

impl Cache {
    /// A block was read or written.
    pub(crate) fn accessed(&self) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether much was accessed, and little since the last look.
    fn is_worth_trimming(&self) -> bool {
        let blocks = self.blocks.load(Ordering::Relaxed);
        let seen = self.seen.swap(blocks, Ordering::Relaxed);
        let is_quiet = blocks - seen < WORTH_BLOCKS;
        is_quiet && blocks - self.trimmed.load(Ordering::Relaxed) >= WORTH_BLOCKS
    }

    /// To be called now and then: makes sled forget what it read or wrote since the last time, once
    /// no more of it comes. Answers whether it did.
    pub(crate) fn tend(&self, store: &Store) -> bool {
        if !self.is_worth_trimming() {
            return false;
        }
        // What can't be read is for those to tell who need it.
        let _: sled::Result<()> = trim(store);
        let blocks = self.blocks.load(Ordering::Relaxed);
        self.trimmed.store(blocks, Ordering::Relaxed);
        true
    }
}

/// Accesses pages that follow each other so often that sled looks at every part of its cache.
fn trim(store: &Store) -> sled::Result<()> {
    let keys = store.blocks.iter().keys().rev();
    for key in keys.step_by(PAGE_BLOCKS).take(PAGES_MAX) {
        let key = key?;
        for _ in 0..ACCESSES {
            store.blocks.get(&key)?;
        }
    }
    Ok(())
}
