//! Records on their way from who reads them to those who fold them, and their memory back.
//!
//! The reader drops an old record for each new one that it decodes. What one thread allocates and
//! frees stays in its own cache of free memory, and in the processor's; what the last of the
//! folding threads would free goes through the allocator's locks.

use crossbeam_channel::Sender;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Records that are handed over and folded at a time: those of all batches under way should fit in
/// a core's cache.
const BATCH_RECORDS: usize = 256;
/// Batches that wait for the slowest projection.
pub(super) const WAITING_BATCHES_MAX: usize = 4;

pub(super) type Batch<R> = Arc<Vec<R>>;

/// The reader's end.
pub(super) struct Batches<'a, R> {
    folds: &'a [Sender<Batch<R>>],
    next: Vec<R>,
    /// Sent, the oldest first.
    sent: VecDeque<Batch<R>>,
    /// Of a batch that all have folded: what is yet to be dropped.
    folded: Vec<R>,
}

impl<'a, R> Batches<'a, R> {
    pub(super) fn to(folds: &'a [Sender<Batch<R>>]) -> Self {
        Self {
            folds,
            next: Vec::with_capacity(BATCH_RECORDS),
            sent: VecDeque::new(),
            folded: Vec::new(),
        }
    }

    /// Breaks off when a fold has failed and takes no more.
    pub(super) fn push(&mut self, record: R) -> ControlFlow<()> {
        self.folded.pop();
        self.next.push(record);
        if self.next.len() < BATCH_RECORDS {
            return ControlFlow::Continue(());
        }
        self.hand_over()
    }

    /// Hands over the rest.
    pub(super) fn end(mut self) {
        if !self.next.is_empty() {
            let _ = self.hand_over();
        }
    }

    fn hand_over(&mut self) -> ControlFlow<()> {
        let mut room = std::mem::take(&mut self.folded);
        room.clear();
        room.reserve_exact(BATCH_RECORDS);
        let batch = Arc::new(std::mem::replace(&mut self.next, room));
        for fold in self.folds {
            if fold.send(Arc::clone(&batch)).is_err() {
                return ControlFlow::Break(());
            }
        }
        self.sent.push_back(batch);
        self.take_back();
        ControlFlow::Continue(())
    }

    /// The oldest batch, once everybody has let go of it.
    fn take_back(&mut self) {
        if let Some(folded) = self.sent.front_mut().and_then(Arc::get_mut) {
            self.folded = std::mem::take(folded);
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::{bounded, unbounded};

    #[test]
    fn every_fold_gets_every_record_in_order() {
        for count in [
            0,
            1,
            BATCH_RECORDS,
            BATCH_RECORDS + 1,
            9 * BATCH_RECORDS - 1,
        ] {
            let (folds, received): (Vec<_>, Vec<_>) =
                [unbounded(), unbounded()].into_iter().unzip();
            let mut batches = Batches::to(&folds);
            for number in 0..count {
                assert!(batches.push(number).is_continue());
            }
            batches.end();
            drop(folds);
            for fold in received {
                let numbers: Vec<_> = fold.iter().flat_map(|batch| batch.to_vec()).collect();
                assert_eq!(numbers, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_all_have_folded_is_dropped_as_more_is_read() {
        let record = Arc::new(());
        let (fold, folded) = bounded(WAITING_BATCHES_MAX);
        let folds = [fold];
        let mut batches = Batches::to(&folds);
        for _ in 0..9 * BATCH_RECORDS {
            assert!(batches.push(Arc::clone(&record)).is_continue());
            drop(folded.try_recv());
            let kept = Arc::strong_count(&record) - 1;
            assert!(kept <= 2 * BATCH_RECORDS, "{kept}");
        }
    }

    #[test]
    fn reading_ends_when_a_fold_has_failed() {
        let (fold, folded) = bounded(WAITING_BATCHES_MAX);
        drop(folded);
        let folds = [fold];
        let mut batches = Batches::to(&folds);
        let until = (1..).find(|number| batches.push(*number).is_break());
        assert_eq!(until, Some(BATCH_RECORDS));
    }
}
