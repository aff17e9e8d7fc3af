//! One reader's stream of records: read from the ledger as they become durable.
//!
//! Nothing is kept for a reader between two reads, so one that is slow costs nothing; but one that
//! was level with the ledger and falls far behind is closed, and resumes with `Last-Event-ID`.

use crate::limits::{SSE_BEHIND_MAX, SSE_PAGE};
use crate::problem::Problem;
use crate::wire::stream::StreamedRecord;
use axum::response::sse::Event;
use futures::Stream;
use futures::stream::unfold;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use touchbook_customers::Customers;
use touchbook_engine::Tenant;
use touchbook_events::{CustomerId, EventType, Header, Record};

/// Which records a reader wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub customer: Option<CustomerId>,
    /// All types where empty.
    pub types: Vec<EventType>,
}

impl Filter {
    fn admits(&self, tenant: &Tenant, header: &Header) -> bool {
        let typed = self.types.is_empty() || self.types.contains(&header.event_type);
        typed
            && self
                .customer
                .is_none_or(|wanted| is_of(tenant, header.customer, wanted))
    }
}

/// Whether a record's customer is in the group of `wanted`.
fn is_of(tenant: &Tenant, customer: Option<CustomerId>, wanted: CustomerId) -> bool {
    let Some(customer) = customer else {
        return false;
    };
    customer == wanted
        || tenant
            .projection::<Customers>()
            .is_some_and(|customers| customers.canonical(customer) == customers.canonical(wanted))
}

/// A reader of the ledger as it grows.
pub(crate) struct Reader {
    tenant: Arc<Tenant>,
    heads: watch::Receiver<u64>,
    filter: Filter,
    /// The last position that was looked at.
    position: u64,
    /// It was level with the ledger, so falling behind is its own doing.
    is_level: bool,
    read: VecDeque<Event>,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    pub(crate) fn new(
        tenant: Arc<Tenant>,
        filter: Filter,
        after: u64,
        stopping: CancellationToken,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let beginning = Event::default().comment(format!("after position {after}"));
        Self {
            heads: tenant.head_changes(),
            tenant,
            filter,
            position: after,
            is_level: false,
            read: VecDeque::from([beginning]),
            stopping,
            _place: place,
        }
    }

    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut reader| async {
            let event = reader.next().await?;
            Some((Ok(event), reader))
        })
    }

    /// `None` ends the stream: the service stops, the reader is too far behind, or reading failed.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Some(event);
            }
            let head = *self.heads.borrow_and_update();
            if self.stopping.is_cancelled()
                || self.is_level && head.saturating_sub(self.position) > SSE_BEHIND_MAX
            {
                return None;
            }
            if self.position < head {
                // A failure is logged where it is met.
                self.read_page(head).await.ok()?;
                continue;
            }
            self.is_level = true;
            tokio::select! {
                changed = self.heads.changed() => changed.ok()?,
                () = self.stopping.cancelled() => return None,
            }
        }
    }

    async fn read_page(&mut self, head: u64) -> Result<(), Problem> {
        let to = head.min(self.position + SSE_PAGE);
        let positions = self.position + 1..=to;
        let (tenant, filter) = (Arc::clone(&self.tenant), self.filter.clone());
        let page = crate::blocking::blocking(move || {
            let mut page = VecDeque::new();
            tenant.records(positions, &mut |record| {
                if filter.admits(&tenant, &record.header) {
                    page.extend(event(record));
                }
                ControlFlow::Continue(())
            })?;
            Ok(page)
        });
        self.read = page.await?;
        self.position = to;
        self.is_level |= to == head;
        Ok(())
    }
}

fn event(record: Record) -> Option<Event> {
    let event = Event::default()
        .id(record.header.position.to_string())
        .event(record.header.event_type.as_str());
    event.json_data(StreamedRecord::from(record)).ok()
}
