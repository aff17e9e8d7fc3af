//! How many bytes of bodies and answers are held at once, all connections together.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may be held at once.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    free: Arc<Semaphore>,
    bytes: usize,
}

/// Bytes that are held; free again once this is dropped.
#[derive(Debug)]
pub(crate) struct Held(OwnedSemaphorePermit);

impl Held {
    pub(crate) fn bytes(&self) -> usize {
        self.0.num_permits()
    }

    /// Gives back what is beyond so many bytes.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        drop(self.0.split(self.bytes().saturating_sub(bytes)));
    }
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes)),
            bytes,
        }
    }

    /// Takes so many bytes, or all there are; `None` where others hold them.
    pub(crate) fn take(&self, bytes: usize) -> Option<Held> {
        let bytes = u32::try_from(bytes.min(self.bytes)).ok()?;
        let free = Arc::clone(&self.free);
        free.try_acquire_many_owned(bytes).ok().map(Held)
    }

    /// Takes so many bytes more; `false` where others hold them.
    pub(crate) fn add(&self, held: &mut Option<Held>, bytes: usize) -> bool {
        match (self.take(bytes), held) {
            (None, _) => false,
            (Some(Held(more)), Some(Held(held))) => {
                held.merge(more);
                true
            }
            (more, none) => {
                *none = more;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_free_again_once_dropped() {
        let budget = Budget::new(10);
        let mut held = None;
        assert!(budget.add(&mut held, 4) && budget.add(&mut held, 4));
        assert!(!budget.add(&mut held, 4) && budget.take(3).is_none());
        let rest = budget.take(2).unwrap();
        drop(held);
        assert!(budget.take(9).is_none());
        drop(rest);
        let mut all = budget.take(99).expect("never more than there is");
        all.shrink(6);
        assert_eq!(all.bytes(), 6);
        assert!(budget.take(5).is_none() && budget.take(4).is_some());
    }
}
