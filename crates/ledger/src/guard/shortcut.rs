//! Sparing the store most of a long log.
//!
//! sled writes its snapshot of where every page is only while it opens, so what it has to read then
//! is all that was written since the process began. The guard has just read the same, and come to
//! the same: as of the beginning of a segment before the end it hands that to sled as a snapshot,
//! and sled reads the rest and comes to what it would have come to, which tests hold.

use crate::limits::SHORTCUT_SEGMENTS;
use crate::log::{Kind, Log, Message, Pages, SEGMENT, Snapshot};

pub(super) struct Shortcut {
    /// Where the store is to go on reading; `None` where it is not worth it.
    from: Option<u64>,
    snapshot: Option<Snapshot>,
}

impl Shortcut {
    /// For a store that has a snapshot up to `stable`.
    pub(super) fn new(log: &Log, stable: u64) -> Self {
        // The segment before the one up to which sled knew its log to be stable: what a crash tears
        // is behind that.
        let from = (log.stable() / SEGMENT).saturating_sub(1) * SEGMENT;
        let is_worth_it = from >= (stable / SEGMENT + SHORTCUT_SEGMENTS) * SEGMENT;
        let before = || log.segments.range(..from).map(|(_, segment)| segment);
        let is_whole =
            before().all(|one| one.has_header && one.is_complete() && one.gaps.is_empty());
        Self {
            from: (is_worth_it && is_whole).then_some(from),
            snapshot: None,
        }
    }

    /// Before `message` is applied to `pages`.
    pub(super) fn pass(&mut self, message: &Message, pages: &Pages) {
        if message.kind == Kind::Blob {
            self.from = None;
        }
        if let Some(stable) = self.from.take_if(|from| message.lsn >= *from)
            && pages.can_be_snapshotted()
        {
            let pages = pages.clone();
            self.snapshot = Some(Snapshot { stable, pages });
        }
    }

    pub(super) fn finish(self) -> Option<Snapshot> {
        self.snapshot
    }
}
