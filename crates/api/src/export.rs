//! All customers as one file, written while it is sent.

use bytes::Bytes;
use futures::Stream;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, Sender};
use touchbook_customers::{Customers, Summary, summary};
use touchbook_events::{CustomerId, IdentifierKind, Policies, Timestamp};
use touchbook_ingest::csv::{
    AgentFields, Columns, Customer, HeaderStyle, Writer, custom_field_text,
};
use touchbook_projection::Projection;

/// Bytes of a piece.
const CHUNK_BYTES: usize = 64 * 1024;
/// Of a UUID of version 7 (RFC 9562 §5.7).
const ID_MILLISECOND_BYTES: usize = 6;
/// Pieces that wait to be sent.
const CHUNKS_MAX: usize = 2;

/// What is to be written.
pub(crate) struct Export {
    pub(crate) columns: Columns,
    pub(crate) headers: HeaderStyle,
    pub(crate) customers: Arc<Projection<Customers>>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) now: Timestamp,
}

/// The names of all custom fields that customers have.
pub(crate) fn custom_fields(customers: &Projection<Customers>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    customers.for_each(|_, state| {
        for name in state.custom_field_names() {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
        }
    });
    names
}

/// The file, piece by piece; writing waits for its reader.
///
/// `place` is one of [`EXPORTS_MAX`](crate::limits::EXPORTS_MAX), kept until all is written.
pub(crate) fn chunks(
    export: Export,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = io::Result<Bytes>> {
    let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
    tokio::task::spawn_blocking(move || {
        let sink = Chunks {
            chunk: Vec::with_capacity(CHUNK_BYTES),
            sender: sender.clone(),
        };
        // Whoever went away needs no end of it.
        if let Err(error) = export.write(sink) {
            let _ = sender.blocking_send(Err(error));
        }
        drop(place);
    });
    tokio_stream::wrappers::ReceiverStream::new(chunks)
}

impl Export {
    fn write(&self, sink: Chunks) -> io::Result<()> {
        self.write_all(&by_age(&self.customers), sink)?.end()
    }

    /// Writes those who are listed; one who was merged since is in another's row.
    pub(crate) fn write_all<W: Write>(&self, known: &[CustomerId], sink: W) -> io::Result<W> {
        let mut writer = Writer::new(sink, self.columns.clone(), self.headers)?;
        for together in known.chunk_by(began_together) {
            for customer in self.by_position(together) {
                if self.customers.canonical(customer) != customer {
                    continue;
                }
                let written = self.customers.read(customer, |state, _| {
                    let shown = summary(customer, state, &self.policies, self.now);
                    writer.write(&row(&shown))
                });
                written.transpose()?;
            }
        }
        Ok(writer.into_inner())
    }

    fn by_position(&self, together: &[CustomerId]) -> Vec<CustomerId> {
        let mut known: Vec<CustomerId> = together.to_vec();
        known.sort_by_cached_key(|customer| {
            self.customers.read(*customer, |state, _| state.began_at())
        });
        known
    }
}

/// Those who are listed, by the millisecond in which they began: 16 bytes each.
pub(crate) fn by_age(customers: &Projection<Customers>) -> Vec<CustomerId> {
    let mut known = Vec::with_capacity(customers.customers());
    customers.for_each(|customer, state| {
        if state.is_listed() {
            known.push(customer);
        }
    });
    known.sort_unstable();
    known
}

/// Ids of one millisecond, which say no more of the order in which they began.
fn began_together(one: &CustomerId, other: &CustomerId) -> bool {
    one.as_bytes()[..ID_MILLISECOND_BYTES] == other.as_bytes()[..ID_MILLISECOND_BYTES]
}

fn row<'a>(shown: &'a Summary<'a>) -> Customer<'a> {
    let primary = |kind: IdentifierKind| {
        let mut of_kind = shown.identifiers.iter().filter(|held| held.kind == kind);
        of_kind.find(|held| held.primary).map(|held| held.value)
    };
    Customer {
        external_id: primary(IdentifierKind::ExternalId),
        name: shown.name,
        company: shown.company,
        email: primary(IdentifierKind::Email),
        phone: primary(IdentifierKind::Phone),
        status: Some(shown.status),
        agent: agent(shown).blank_if_zero(),
        custom_fields: shown
            .custom_fields
            .iter()
            .map(|(name, json)| (*name, custom_field_text(json)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn agent(shown: &Summary<'_>) -> AgentFields {
    AgentFields {
        calls: Some(shown.total_agent_calls),
        emails: Some(shown.total_agent_emails),
        sms: Some(shown.total_agent_sms),
        call_seconds: Some(shown.agent_call_seconds),
        last_call_at: shown.last_agent_call_date,
        last_type: shown.last_agent_interaction_type,
        last_at: shown.last_agent_interaction_date,
    }
}

/// Gathers pieces and hands each on when it is full.
struct Chunks {
    chunk: Vec<u8>,
    sender: Sender<io::Result<Bytes>>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        let sent = self.sender.blocking_send(Ok(chunk.into()));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn end(mut self) -> io::Result<()> {
        match self.chunk.is_empty() {
            true => Ok(()),
            false => self.send(),
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() + bytes.len() > CHUNK_BYTES && !self.chunk.is_empty() {
            self.send()?;
        }
        self.chunk.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
