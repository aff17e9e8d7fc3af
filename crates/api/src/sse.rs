//! One reader's stream of records: read from the ledger as they become durable.
//!
//! Few events wait for a reader, so one that is slow costs little; but one that was level with the
//! ledger and falls far behind is closed, and resumes with `Last-Event-ID`.

use crate::limits::{SSE_BEHIND_MAX, SSE_ENTRIES_WAIT_MAX, SSE_PAGE, SSE_PAGE_BYTES_MAX};
use crate::problem::Problem;
use crate::state::SsePlace;
use crate::wire::stream::{EntrySummary, StreamedRecord};
use axum::response::sse::Event;
use futures::Stream;
use futures::stream::unfold;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use touchbook_customers::Customers;
use touchbook_engine::Tenant;
use touchbook_events::{CustomerId, Header, Record};
use touchbook_projection::Projector;
use touchbook_timeline::Timeline;

/// Which records a reader wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub customer: Option<CustomerId>,
    /// All types where empty, else those of these names.
    pub types: Vec<Box<str>>,
}

impl Filter {
    fn admits(&self, tenant: &Tenant, record: &Record) -> bool {
        let name = record.data.type_name();
        let typed = self.types.is_empty() || self.types.iter().any(|known| **known == *name);
        typed
            && self
                .customer
                .is_none_or(|wanted| is_of(tenant, record.header.customer, wanted))
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
    /// Events that wait to be sent.
    read: VecDeque<Event>,
    stopping: CancellationToken,
    _place: SsePlace,
}

impl Reader {
    pub(crate) fn new(
        tenant: Arc<Tenant>,
        filter: Filter,
        after: u64,
        stopping: CancellationToken,
        place: SsePlace,
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

    /// Records come with the entries that they are about. A timeline that can't go on stops no
    /// stream: its records come without.
    async fn wait_for_entries(&self, to: u64) {
        let applied = self
            .tenant
            .applied(&[Timeline::NAME], to, SSE_ENTRIES_WAIT_MAX);
        tokio::select! {
            _ = applied => {}
            () = self.stopping.cancelled() => {}
        }
    }

    async fn read_page(&mut self, head: u64) -> Result<(), Problem> {
        let to = head.min(self.position + SSE_PAGE);
        let positions = self.position + 1..=to;
        self.wait_for_entries(to).await;
        let (tenant, filter) = (Arc::clone(&self.tenant), self.filter.clone());
        let page = crate::blocking::streaming(move || {
            let mut page = Page {
                to,
                ..Page::default()
            };
            tenant.records(
                positions,
                &mut |record| match filter.admits(&tenant, &record) {
                    true => page.add(&tenant, record),
                    false => ControlFlow::Continue(()),
                },
            )?;
            Ok(page)
        });
        let page = page.await?;
        self.read = page.events;
        self.position = page.to;
        self.is_level |= page.to == head;
        Ok(())
    }
}

/// The entry that a record is about, as it stands now.
fn entry_of(tenant: &Tenant, header: &Header) -> Option<EntrySummary> {
    let timeline = tenant.projection::<Timeline>()?;
    let entry = timeline.read(header.customer?, |state, _| {
        let entry = state.entry(header.subject)?;
        Some(EntrySummary::of(&entry))
    });
    entry.flatten()
}

/// Events that are read at once.
#[derive(Default)]
struct Page {
    events: VecDeque<Event>,
    bytes: usize,
    /// The last position that was looked at.
    to: u64,
}

impl Page {
    /// Breaks where there is enough.
    fn add(&mut self, tenant: &Tenant, record: Record) -> ControlFlow<()> {
        let entry = entry_of(tenant, &record.header);
        let position = record.header.position;
        let event = Event::default()
            .id(position.to_string())
            .event(record.data.type_name());
        let Ok(data) = serde_json::to_string(&StreamedRecord::new(record, entry)) else {
            return ControlFlow::Continue(());
        };
        self.bytes += data.len();
        self.events.push_back(event.data(data));
        if self.bytes < SSE_PAGE_BYTES_MAX {
            return ControlFlow::Continue(());
        }
        self.to = position;
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Service, order};
    use serde_json::{Value, json};

    #[tokio::test(flavor = "multi_thread")]
    async fn few_bytes_wait_for_a_reader_however_long_its_events_are() {
        const ID_CHARS: usize = 480;
        let service = Service::start().await;
        let events = (0..SSE_PAGE).map(|number| {
            let mut event = order(&number.to_string(), "7", json!({}));
            event["id"] = json!(format!("{number:0ID_CHARS$}"));
            event
        });
        let answer = service.events(&events.collect::<Value>()).await;
        assert_eq!(answer.body["accepted"], SSE_PAGE, "{:?}", answer.body);
        let tenant = service.api.engine().tenant("default").unwrap();
        let head = tenant.head();
        let place = service.api.sse_reader(&tenant).unwrap();
        let stopping = service.api.stopping().clone();
        let mut reader = Reader::new(tenant, Filter::default(), 0, stopping, place);
        assert!(reader.next().await.is_some(), "where it begins");
        let mut sent = 0;
        while sent < head {
            assert!(reader.next().await.is_some(), "an event");
            sent += 1;
            assert!(reader.read.len() * ID_CHARS < SSE_PAGE_BYTES_MAX);
            assert_eq!(reader.position, sent + reader.read.len() as u64);
        }
        assert!(reader.is_level && reader.read.is_empty());
    }
}
