//! Checking that every block, and every chunk of a long record, stands whole on the disk where the
//! store would read it after a restart, whatever it has in memory.
//!
//! The log may hold older copies of a page, each as good as the newest, and only the newest counts.
//! So the table of pages is made as the store makes it when it opens: from its snapshot, and from
//! the log since. The store writes the log meanwhile, moves pages, and uses segments again; but
//! only when all that was in one stands further on. So the segments are read in the log's order,
//! then those that were begun meanwhile, until there are none: what was gone has been met by then.
//! Each is looked through while it is in memory: later it may be another.
//!
//! What it can't tell:
//! - Where what is damaged is the header of a message that the snapshot does not know, nobody can
//!   say of which page it was, and the page's older copy counts. The same goes for the last message
//!   of the log, which the store may be writing, and for messages around one without a header.
//! - Chunks have no digests, and are not known by heart as blocks are: they are as good as the
//!   message that they are in, and missed only while that still says that it holds them.
//! - While the store writes more than the pace lets this read, what it moved is not caught up with,
//!   and what was not found is told of nobody but the log of the process.
//! - The tail's pages, and those that lead to blocks, are not looked at.
//! - The system is asked to drop what it has of the log in memory, which it does not promise: what
//!   it keeps is what is read. That costs whoever reads the log next a reading of the disk.

mod live;

use crate::error::{Damage, Error, Flaw};
use crate::ledger::read;
use crate::log::{Disk, SEGMENT, Spot};
use crate::reader::Reader;
use crate::record::Chain;
use live::{Live, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// How often what is missing is looked for, in a table that is up to date, before that is damage:
/// what the store is just writing may look like anything.
const READINGS: usize = 3;

/// How often the log is followed before the store is too quick for the pace. Nothing that is
/// missing is called damage then: it may have been moved.
const PASSES: usize = 12;

impl Reader {
    /// Reads the store's file, and names the first position of each tenant that is not in it as it
    /// was written where the store would look for it. `pace` is told of bytes that were read, after
    /// every segment, and may end it early.
    ///
    /// Blocks that are sealed meanwhile are not looked for, nor is what the tail holds: the copy in
    /// memory is what will be sealed.
    pub fn check_disk(
        &self,
        pace: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Vec<Damage>, Error> {
        let checked = self.find_missing(pace);
        let missing = checked.map_err(|source| Error::Examine {
            path: self.shared.path.clone(),
            source,
        })?;
        Ok(first_of_each(missing))
    }

    fn find_missing(
        &self,
        pace: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> io::Result<BTreeSet<Place>> {
        let mut scan = Scan::begin(&self.shared.path, self.blocks())?;
        let mut readings = 0;
        for _ in 0..PASSES {
            let ControlFlow::Continue(is_up_to_date) = scan.pass(pace)? else {
                return Ok(BTreeSet::new());
            };
            let missing = self.missing(&mut scan.live);
            readings += usize::from(is_up_to_date);
            if missing.is_empty() || readings == READINGS {
                return Ok(missing);
            }
        }
        tracing::warn!("the store writes quicker than the scrub reads: some blocks were not found");
        Ok(BTreeSet::new())
    }

    fn missing(&self, live: &mut Live) -> BTreeSet<Place> {
        let mut missing = live.missing_blocks();
        let chunks = live.missing_chunks();
        // Beyond the head it is of a record that is being written.
        let durable = chunks.filter(|(tenant, position)| *position <= self.head(*tenant).position);
        missing.extend(durable);
        missing
    }

    /// All blocks that are durable, each with the chain after it.
    fn blocks(&self) -> BTreeMap<Place, Chain> {
        let mut blocks = BTreeMap::new();
        for (tenant, state) in read(&self.shared.tenants).iter() {
            let state = read(state);
            let entries = state.blocks.iter();
            blocks.extend(entries.map(|block| ((*tenant, block.first), block.chain)));
        }
        blocks
    }
}

fn first_of_each(missing: BTreeSet<Place>) -> Vec<Damage> {
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
    damage
}

/// Follows the log.
struct Scan {
    disk: Disk,
    live: Live,
    /// The segments that were read, and whether all of them could be.
    seen: BTreeMap<u64, bool>,
}

impl Scan {
    fn begin(volume: &Path, blocks: BTreeMap<Place, Chain>) -> io::Result<Self> {
        Ok(Self {
            disk: Disk::open(volume)?,
            live: Live::new(volume, blocks)?,
            seen: BTreeMap::new(),
        })
    }

    /// Reads the segments that are new, and again those of which something could not be read.
    /// Answers whether there were no newer ones when the last was read.
    fn pass(
        &mut self,
        pace: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<(), bool>> {
        let segments = self.disk.segments()?;
        self.seen.retain(|lsn, _| segments.contains_key(lsn));
        let is_unread = |(lsn, _): &(u64, Spot)| self.seen.get(lsn) != Some(&true);
        let unread: Vec<_> = segments.into_iter().filter(is_unread).collect();
        let mut is_up_to_date = unread.is_empty();
        for (index, (lsn, spot)) in unread.iter().enumerate() {
            let bytes = self.read(*lsn, *spot)?;
            if index + 1 == unread.len() {
                // Before the pace is kept: the store does not wait for it.
                is_up_to_date = self.has_seen_all()?;
            }
            if pace(bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(is_up_to_date))
    }

    /// Answers how many bytes it was.
    fn read(&mut self, lsn: u64, spot: Spot) -> io::Result<u64> {
        let Some(image) = self.disk.read(lsn, spot)? else {
            return Ok(SEGMENT);
        };
        self.seen.insert(lsn, self.live.read(&image));
        Ok(image.len())
    }

    fn has_seen_all(&self) -> io::Result<bool> {
        let segments = self.disk.segments()?;
        Ok(segments.keys().all(|lsn| self.seen.contains_key(lsn)))
    }
}
