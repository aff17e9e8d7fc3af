//! What an import of the same file recorded before, looked up by the ids of its events.

use std::ops::ControlFlow;
use touchbook_engine::{ReadError, Tenant};
use touchbook_events::incoming::import_correlation;
use touchbook_events::{EventType, Header, Record, Timestamp};
use touchbook_ingest::Event;
use touchbook_ingest::csv::SOURCE;

/// Changes of one row, each with an ordinal of its own from 1 on.
const ORDINALS: u8 = 6;

/// Rows that were decided before. They are not compared again with customers whom later rows have
/// changed since: what was known when their turn came is what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// All before this one.
    Before(u64),
    /// Those of which anything is recorded.
    Recorded,
    All,
}

impl Decided {
    /// Looks for what is recorded; `has_failures` says whether rows are known to have failed
    /// when the whole file was imported.
    pub(super) fn find(
        tenant: &Tenant,
        prefix: &str,
        has_failures: bool,
    ) -> Result<Self, ReadError> {
        let of_import = |name: &str| tenant.find(SOURCE, &format!("{prefix}:{name}"));
        let Some(from) = of_import("started")? else {
            return Ok(Self::Before(0));
        };
        match (of_import("completed")?, has_failures) {
            (Some(_), false) => Ok(Self::All),
            (Some(_), true) => Ok(Self::Recorded),
            (None, _) => last_row(tenant, prefix, from).map(Self::Before),
        }
    }

    /// The last row that may be recorded.
    pub(super) fn last_row(self) -> u64 {
        match self {
            Self::Before(row) => row,
            Self::Recorded | Self::All => u64::MAX,
        }
    }

    pub(super) fn has(self, tenant: &Tenant, prefix: &str, row: u64) -> bool {
        match self {
            Self::Before(next) => row < next,
            Self::Recorded => positions(tenant, prefix, row).next().is_some(),
            Self::All => true,
        }
    }
}

/// The last row of which something is recorded, perhaps not all; 0 if there is none.
fn last_row(tenant: &Tenant, prefix: &str, from: u64) -> Result<u64, ReadError> {
    let correlation = Some(import_correlation(tenant.key(), prefix));
    let mut last = 0;
    tenant.scan(from..=tenant.head(), &mut |_, bytes| {
        if Header::peek(bytes).is_ok_and(|header| header.correlation == correlation) {
            let record = Record::decode(bytes).ok();
            last = last.max(record.as_ref().and_then(row_of).unwrap_or(0));
        }
        ControlFlow::Continue(())
    })?;
    Ok(last)
}

/// Of ids such as `<prefix>:<row>:<ordinal>`.
fn row_of(record: &Record) -> Option<u64> {
    record.sent.as_ref()?.id.split(':').nth(1)?.parse().ok()
}

/// What became of a row before the service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Updated,
    Created,
}

/// Whether the ledger has an event already.
pub(super) fn is_recorded(tenant: &Tenant, event: &Event) -> bool {
    let id = event.id.as_deref().unwrap_or_default();
    // What can't be looked up is found out when it is sent.
    tenant.find(SOURCE, id).ok().flatten().is_some()
}

/// What of a row was recorded since the import began; not what an earlier import of the file did.
pub(super) fn before(tenant: &Tenant, prefix: &str, row: u64, since: Timestamp) -> Before {
    let mut before = Before::Nothing;
    for position in positions(tenant, prefix, row) {
        if header(tenant, position).is_none_or(|header| header.recorded_at < since) {
            continue;
        }
        before = Before::Updated;
        if began_with(tenant, position) {
            return Before::Created;
        }
    }
    before
}

/// Where the events of a row are.
fn positions<'a>(tenant: &'a Tenant, prefix: &'a str, row: u64) -> impl Iterator<Item = u64> + 'a {
    (1..=ORDINALS).filter_map(move |ordinal| {
        let id = format!("{prefix}:{row}:{ordinal}");
        // What can't be looked up is found out when it is sent.
        tenant.find(SOURCE, &id).ok().flatten()
    })
}

/// Whether the record at `position` made its customer, which stands before it then.
fn began_with(tenant: &Tenant, position: u64) -> bool {
    header(tenant, position.saturating_sub(1)).is_some_and(|header| {
        header.event_type == EventType::CustomerCreated && header.cause == Some(position)
    })
}

fn header(tenant: &Tenant, position: u64) -> Option<Header> {
    let bytes = tenant.record_bytes(position).ok().flatten()?;
    Header::peek(&bytes).ok()
}
