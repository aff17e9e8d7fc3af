//! What each figure must reach, on the reference mix, on two cores.

use crate::table::Reach::{self, Least, Most};

pub(crate) const BULK: Reach = Least(150_000.0);
pub(crate) const MANY: Reach = Least(20_000.0);
/// Of the ledger's own rate, one record a commit.
pub(crate) const ONE_OF_LEDGER: Reach = Least(0.8);
pub(crate) const ONE_OF_SYNCS: Reach = Least(0.45);
pub(crate) const JETSTREAM: Reach = Least(100_000.0);
pub(crate) const JETSTREAM_SINGLES: Reach = Least(10_000.0);
pub(crate) const REBUILD: Reach = Least(500_000.0);
pub(crate) const PAGE: Reach = Least(25_000.0);
pub(crate) const PAGE_SLOW: Reach = Most(5.0);
/// In milliseconds, over 200,000 customers.
pub(crate) const SEARCH_SLOW: Reach = Most(20.0);
/// In milliseconds, however many events there are.
pub(crate) const VIEW_SLOW: Reach = Most(5.0);
/// In seconds, of a customer with 100,000 events.
pub(crate) const REFOLD: Reach = Most(1.0);
/// Of the encoded records.
pub(crate) const DISK_BULK: Reach = Most(1.6);
pub(crate) const DISK_ONE: Reach = Most(3.0);

const FEW_EVENTS: u64 = 1_000_000;
const MANY_EVENTS: u64 = 10_000_000;

/// In seconds, from SIGKILL.
pub(crate) fn ready(events: u64) -> Option<Reach> {
    by_size(events, 2.0, 8.0)
}

/// In MB, resident.
pub(crate) fn memory(events: u64) -> Option<Reach> {
    by_size(events, 400.0, 3_000.0)
}

/// Up to a million events, and up to ten.
fn by_size(events: u64, few: f64, many: f64) -> Option<Reach> {
    if events <= FEW_EVENTS {
        Some(Most(few))
    } else {
        (events <= MANY_EVENTS).then_some(Most(many))
    }
}
