//! Folding batches in bulk that were gathered customer by customer.

use super::{Folding, Projection, Work, shard_of};
use crate::gathering::{Batch, Records};
use crate::history::{History, HistoryError};
use crate::projector::Projector;
use std::sync::atomic::Ordering;
use touchbook_events::{CustomerId, Record};

impl<P: Projector> Projection<P> {
    /// Folds a batch of a [`Gathering`](crate::Gathering), in bulk; what it reaches is published
    /// once it is reached.
    ///
    /// # Errors
    /// When `history` can't be read.
    pub fn apply_gathered<H: History + ?Sized>(
        &self,
        batch: &Batch,
        history: &H,
    ) -> Result<(), HistoryError> {
        match &batch.records {
            Records::ByPosition(records) => self.apply_batch(records, history)?,
            by_customer => self.apply_by_customer(by_customer),
        }
        if let Some(position) = batch.reaches {
            let mut work = self.work();
            work.folded = work.folded.max(position);
            self.applied.store(work.folded, Ordering::Release);
        }
        Ok(())
    }

    fn apply_by_customer(&self, records: &Records) {
        let mut work = self.work();
        debug_assert_eq!(
            work.folding,
            Folding::Bulk,
            "readers would see some before others"
        );
        for (customer, run) in records.runs() {
            self.evolve_through(&mut work, customer, run);
        }
    }

    /// Evolves one customer by some records, in order.
    fn evolve_through(&self, work: &mut Work<P>, customer: CustomerId, run: &[Record]) {
        let known = work.loaded[shard_of(customer)].max(work.folded);
        let is_next = |record: &&Record| record.header.position > known && P::concerns(record);
        let mut run = run.iter().filter(is_next).peekable();
        if run.peek().is_none() || work.has_postponed(customer) {
            return;
        }
        let mut locked = self.shard_mut(customer);
        if locked.is_stale(customer) {
            return;
        }
        let slot = locked
            .slots
            .entry(customer)
            .or_insert_with(|| Box::new(work.new_slot(customer)));
        let folded = run.try_for_each(|record| Self::apply_guarded(&mut slot.state, record));
        drop(locked);
        if folded.is_err() {
            self.postpone(work, customer);
        }
    }
}
