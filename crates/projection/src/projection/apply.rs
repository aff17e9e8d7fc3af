//! Folding batches of records, as they become durable or again from the first.

use super::finder::Number;
use super::fold::{Folded, contribution};
use super::shard::Slot;
use super::{Folding, Projection, Work, shard_of, write_lock};
use crate::history::{History, HistoryError};
use crate::projector::Projector;
use crate::slices::{Refold, Slices};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use touchbook_events::{CustomerId, Record};

impl<P: Projector> Projection<P> {
    /// Folds `records`, which are in order of position and durable, and then publishes their last
    /// position. Called by one thread at a time; what is folded already is passed over.
    ///
    /// # Errors
    /// When `history` can't be read for a refold. Everything before that record is folded and
    /// published, nothing after it; the same batch may be tried again.
    pub fn apply_batch<'a, H: History + ?Sized>(
        &self,
        records: impl IntoIterator<Item = &'a Record>,
        history: &H,
    ) -> Result<(), HistoryError> {
        let mut work = self.work();
        work.batch += 1;
        let result = records
            .into_iter()
            .try_for_each(|record| self.apply(&mut work, record, history));
        self.update_index(&mut work);
        self.applied.store(work.folded, Ordering::Release);
        result
    }

    /// Folds one customer afresh; ends its quarantine if that succeeds.
    ///
    /// # Errors
    /// When `history` can't be read; nothing is changed then.
    pub fn refold<H: History + ?Sized>(
        &self,
        customer: CustomerId,
        history: &H,
    ) -> Result<(), HistoryError> {
        let mut work = self.work();
        let canonical = work.slices.canonical(customer);
        // A shard that is ahead is right already, and what is postponed is folded at the end.
        if work.loaded[shard_of(canonical)] > work.folded || work.postponed.contains(&canonical) {
            return Ok(());
        }
        work.batch += 1;
        let folded = Self::fold(&work.slices, canonical, history, work.folded)?;
        self.replace(&mut work, canonical, folded);
        self.update_index(&mut work);
        Ok(())
    }

    fn apply<H: History + ?Sized>(
        &self,
        work: &mut Work<P>,
        record: &Record,
        history: &H,
    ) -> Result<(), HistoryError> {
        let header = &record.header;
        if header.position <= work.folded {
            return Ok(());
        }
        if !header.is_effective() {
            // Changes nothing.
        } else if Slices::is_changed_by(header.event_type) {
            self.reslice(work, record, history)?;
        } else if header.customer.is_none() {
            if work.folding == Folding::Live {
                P::tenant_record(&mut write_lock(&self.index), record);
            }
        } else if P::concerns(record)
            // Whose it is takes looking up; most projectors are concerned by few records.
            && let Some(customer) = work.slices.newest_belongs(header)
        {
            self.evolve(work, customer, record, history)?;
        }
        work.folded = header.position;
        Ok(())
    }

    /// Evolves one customer by one record.
    fn evolve<H: History + ?Sized>(
        &self,
        work: &mut Work<P>,
        customer: CustomerId,
        record: &Record,
        history: &H,
    ) -> Result<(), HistoryError> {
        let position = record.header.position;
        if work.loaded[shard_of(customer)] >= position || work.has_postponed(customer) {
            return Ok(());
        }
        let mut locked = self.shard_mut(customer);
        let shard = &mut *locked;
        if shard.is_stale(customer) {
            return Ok(());
        }
        let slot = shard
            .slots
            .entry(customer)
            .or_insert_with(|| Box::new(work.new_slot(customer)));
        work.touch(customer, slot);
        let Err(stale) = Self::apply_guarded(&mut slot.state, record) else {
            if work.folding == Folding::Live
                && let Some(key) = P::key(record)
            {
                shard.finder.insert(key, customer, &mut slot.number);
            }
            return Ok(());
        };
        // Nobody may see what the panic left half changed, not even when history can't be read.
        slot.state = P::State::default();
        shard.stale.insert(customer, stale);
        drop(locked);
        if work.folding == Folding::Bulk {
            self.postpone(work, customer);
            return Ok(());
        }
        let folded = Self::fold(&work.slices, customer, history, position)?;
        self.replace(work, customer, folded);
        Ok(())
    }

    /// Takes in a record that changes who is whose, and folds again whom that concerns.
    fn reslice<H: History + ?Sized>(
        &self,
        work: &mut Work<P>,
        record: &Record,
        history: &H,
    ) -> Result<(), HistoryError> {
        let position = record.header.position;
        let mut refolds = Arc::make_mut(&mut work.slices).apply(record, history)?;
        refolds.retain(|refold| work.loaded[shard_of(refold.customer())] < position);
        let folded = match work.folding {
            Folding::Bulk => Vec::new(),
            Folding::Live => match Self::fold_all(&work.slices, &refolds, history, position) {
                Ok(folded) => folded,
                Err(error) => {
                    Arc::make_mut(&mut work.slices).take_back(position);
                    return Err(error);
                }
            },
        };
        let mut groups = write_lock(&self.groups);
        if let Some(change) = work.slices.last_change() {
            groups.take(position, change);
        }
        for (customer, folded) in folded {
            self.replace(work, customer, folded);
        }
        if work.folding == Folding::Bulk {
            for refold in refolds {
                match refold {
                    Refold::Fold(customer) => self.postpone(work, customer),
                    Refold::Gone(customer) => {
                        work.postponed.remove(&customer);
                        self.shard_mut(customer).remove(customer);
                    }
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::type_complexity, reason = "a list of what `replace` takes")]
    fn fold_all<H: History + ?Sized>(
        slices: &Slices,
        refolds: &[Refold],
        history: &H,
        to: u64,
    ) -> Result<Vec<(CustomerId, Option<Folded<P::State>>)>, HistoryError> {
        refolds
            .iter()
            .map(|refold| match refold {
                Refold::Gone(customer) => Ok((*customer, None)),
                Refold::Fold(customer) => {
                    Ok((*customer, Self::fold(slices, *customer, history, to)?))
                }
            })
            .collect()
    }

    /// In bulk, drops a customer until [`Projection::go_live`] folds it.
    fn postpone(&self, work: &mut Work<P>, customer: CustomerId) {
        self.shard_mut(customer).remove(customer);
        work.postponed.insert(customer);
    }

    /// Puts a state folded afresh in the place of what stood there.
    pub(super) fn replace(
        &self,
        work: &mut Work<P>,
        customer: CustomerId,
        folded: Option<Folded<P::State>>,
    ) {
        let mut locked = self.shard_mut(customer);
        let shard = &mut *locked;
        if let Some(slot) = shard.slots.get_mut(&customer) {
            work.touch(customer, slot);
        }
        shard.stale.remove(&customer);
        let Some(Folded { state, stale }) = folded else {
            if shard.slots.remove(&customer).is_some() && work.folding == Folding::Live {
                work.gone.insert(customer);
            }
            return;
        };
        let slot = shard
            .slots
            .entry(customer)
            .or_insert_with(|| Box::new(work.new_slot(customer)));
        work.touch(customer, slot);
        slot.state = state;
        if work.folding == Folding::Live {
            slot.find_by_keys::<P>(customer, &mut shard.finder);
        }
        shard.stale.extend(stale.map(|stale| (customer, stale)));
    }

    /// Replaces what the touched customers contributed, once each.
    fn update_index(&self, work: &mut Work<P>) {
        work.gone.clear();
        if work.touched.is_empty() {
            return;
        }
        let changed: Vec<_> = work
            .touched
            .drain(..)
            .filter_map(|(customer, before)| {
                let shard = self.shard(customer);
                let slot = shard.slots.get(&customer);
                let after = slot.and_then(|slot| contribution::<P>(customer, &slot.state));
                (before != after).then_some((customer, before, after))
            })
            .collect();
        let mut index = write_lock(&self.index);
        for (customer, before, after) in changed {
            P::contribute(&mut index, customer, before, after);
        }
    }
}

impl<P: Projector> Work<P> {
    fn has_postponed(&self, customer: CustomerId) -> bool {
        !self.postponed.is_empty() && self.postponed.contains(&customer)
    }

    /// A slot for a customer that has none, and so contributes nothing, unless it had one before in
    /// this batch.
    fn new_slot(&mut self, customer: CustomerId) -> Slot<P::State> {
        let had_one = !self.gone.is_empty() && self.gone.contains(&customer);
        if self.must_remember() && !had_one {
            self.touched.push((customer, None));
        }
        Slot {
            state: P::State::default(),
            batch: self.batch,
            number: Number::default(),
        }
    }

    fn must_remember(&self) -> bool {
        P::CONTRIBUTES && self.folding == Folding::Live
    }

    /// Remembers what a customer contributed before this batch.
    fn touch(&mut self, customer: CustomerId, slot: &mut Slot<P::State>) {
        if slot.batch != self.batch && self.must_remember() {
            slot.batch = self.batch;
            self.touched
                .push((customer, contribution::<P>(customer, &slot.state)));
        }
    }
}
