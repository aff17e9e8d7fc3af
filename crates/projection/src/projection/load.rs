//! Out to snapshots and back: shards and slices stand at positions of their own.
//!
//! Slices are taken back to where the shard furthest behind stands, which their journal allows.
//! From there on every record meets the slices that it met when it was new, and does to a shard
//! behind it what it did then; a shard that is ahead of a record passes over it, and over the
//! refolds it causes.

use super::fold::contribution;
use super::shard::Shard;
use super::{Folding, Projection, SHARDS, read_lock, write_lock};
use crate::history::{History, HistoryError};
use crate::projector::Projector;
use crate::slices::Slices;
use crate::snapshot::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl<P: Projector> Projection<P> {
    /// One shard's position and canonical encoding, while folding waits; `None` in bulk, where some
    /// customers are yet to be folded.
    pub fn encode_shard(&self, shard: usize) -> Option<(u64, Vec<u8>)> {
        let work = self.work();
        let position = work.folded.max(*work.loaded.get(shard)?);
        let live = work.folding == Folding::Live;
        live.then(|| (position, read_lock(&self.shards[shard]).encode()))
    }

    /// The slices' position and canonical encoding.
    pub fn encode_slices(&self) -> (u64, Vec<u8>) {
        let work = self.work();
        (work.folded, work.slices.encode())
    }

    /// Puts a snapshotted shard in place; for a projection that folds in bulk and has not begun.
    ///
    /// # Errors
    /// When `body` is no such shard; nothing is changed then.
    pub fn load_shard(&self, shard: usize, position: u64, body: &[u8]) -> Result<(), Error> {
        if shard >= SHARDS {
            return Err(Error::NoSuchShard { shard });
        }
        let decoded = Shard::decode(shard, body)?;
        self.work().loaded[shard] = position;
        *write_lock(&self.shards[shard]) = decoded;
        Ok(())
    }

    /// Puts snapshotted slices in place; for a projection that folds in bulk and has not begun.
    ///
    /// # Errors
    /// When `body` holds no slices up to `position`; nothing is changed then.
    pub fn load_slices(&self, position: u64, body: &[u8]) -> Result<(), Error> {
        let slices = Slices::decode(body, position)?;
        let mut work = self.work();
        work.slices = Arc::new(slices);
        work.folded = position;
        Ok(())
    }

    /// Ends loading; the records after the returned position are to be folded.
    pub fn finish_load(&self) -> u64 {
        let mut work = self.work();
        let behind = work.loaded.iter().copied().min().unwrap_or(0);
        work.folded = work.folded.min(behind);
        work.slices = Arc::new(work.slices.at(work.folded));
        *write_lock(&self.groups) = work.slices.grouping().clone();
        self.applied.store(work.folded, Ordering::Release);
        work.folded
    }

    /// Ends bulk folding: folds whose slices changed meanwhile, and builds the index and what
    /// customers are found by.
    ///
    /// # Errors
    /// When `history` can't be read; folding stays in bulk then, and this may be tried again.
    pub fn go_live<H: History + ?Sized>(&self, history: &H) -> Result<(), HistoryError> {
        let mut work = self.work();
        if work.folding == Folding::Live {
            return Ok(());
        }
        let postponed: Vec<_> = work.postponed.iter().copied().collect();
        for customer in postponed {
            let folded = Self::fold(&work.slices, customer, history, work.folded)?;
            self.replace(&mut work, customer, folded);
            work.postponed.remove(&customer);
        }
        let mut index = P::Index::default();
        history.records_of(None, work.folded, &mut |record| {
            let slices = !Slices::is_changed_by(record.header.event_type);
            if record.header.is_effective() && slices {
                P::tenant_record(&mut index, &record);
            }
        })?;
        P::contribute_all(&mut index, &mut |take| {
            self.for_each(|customer, state| {
                if let Some(contribution) = contribution::<P>(customer, state) {
                    take(customer, contribution);
                }
            });
        });
        *write_lock(&self.index) = index;
        self.begin_finding();
        work.folding = Folding::Live;
        Ok(())
    }
}
