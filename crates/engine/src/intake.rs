//! From stream messages to decided-upon items: decoding and validation, outside the writer's work.

use crate::open::NODE_SLUG;
use crate::tenants::Tenants;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use touchbook_events::incoming::Entrance;
use touchbook_events::limits::{ATOMIC_BYTES_MAX, BATCH_EVENTS_MAX};
use touchbook_events::{
    Data, Digest, Envelope, EventType, Incoming, Principal, PrincipalKind, Problem, TenantKey,
    Timestamp,
};
use touchbook_projection::SchemaBytes;
use touchbook_stream::limits::{COMMIT_SHARES, EMBEDDED_BYTES_MAX};
use touchbook_stream::{Checkpoint, Delivery, Message, Reader, Received, Side};

/// Payload bytes that are handed to the writer at once; about one commit.
pub(crate) const DRAIN_BYTES_MAX: usize = 1024 * 1024;
const _: () = assert!(EMBEDDED_BYTES_MAX * COMMIT_SHARES <= DRAIN_BYTES_MAX);
/// Prepared deliveries between the decoding thread and the writer.
const AHEAD_MAX: usize = 8;

/// One event of a message, or what came instead of one.
pub(crate) enum Item {
    Event {
        incoming: Box<Incoming>,
        /// What a producer sent, to be kept if it is refused; a caller over HTTP is told instead.
        raw: Option<Bytes>,
        /// What its message has brought so far to be held against schemas.
        schema_bytes: u64,
    },
    Dead(Dead),
}

impl Item {
    /// Key of the event, if there is one.
    pub(crate) fn event_key(&self) -> Digest {
        match self {
            Self::Event { incoming, .. } => incoming.event_key,
            Self::Dead(_) => Digest::default(),
        }
    }

    fn event(incoming: Incoming, raw: Option<Bytes>) -> Self {
        Self::Event {
            incoming: Box::new(incoming),
            raw,
            schema_bytes: 0,
        }
    }

    fn count(&mut self, counted: &mut SchemaBytes) {
        if let Self::Event {
            incoming,
            schema_bytes,
            ..
        } = self
        {
            *schema_bytes = counted.with(&incoming.data);
        }
    }
}

/// What can't be used, byte for byte.
pub(crate) struct Dead {
    pub(crate) raw: Bytes,
    pub(crate) problem: Problem,
    /// It names no tenant that is known, or two: the node keeps it.
    pub(crate) of_node: bool,
}

/// A message, ready for the writer.
pub(crate) struct Prepared {
    pub(crate) subject: Box<str>,
    pub(crate) tenant: Box<str>,
    /// Whether a handler waits for the answers; producers are answered by the stream.
    pub(crate) awaited: bool,
    pub(crate) atomic: bool,
    pub(crate) recorded_at: Timestamp,
    pub(crate) checkpoint: Checkpoint,
    /// What a handler waits under.
    pub(crate) ticket: u64,
    pub(crate) items: Vec<Item>,
}

pub(crate) enum Work {
    Message(Prepared),
    Adopted(Checkpoint),
}

/// Where the writer's work comes from.
pub(crate) enum Source {
    /// The embedded stream's messages are decoded already, so the writer reads them itself.
    Direct {
        reader: Reader<Incoming>,
        preparer: Preparer,
    },
    /// JetStream's are decoded by a thread of their own.
    Decoded(crossbeam_channel::Receiver<Vec<Work>>),
}

impl Source {
    pub(crate) fn direct(reader: Reader<Incoming>, tenants: Arc<Tenants>) -> Self {
        Self::Direct {
            reader,
            preparer: Preparer::new(tenants),
        }
    }

    /// Starts the decoding thread.
    pub(crate) fn decoded(
        mut reader: Reader<Incoming>,
        tenants: Arc<Tenants>,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = crossbeam_channel::bounded(AHEAD_MAX);
        let mut preparer = Preparer::new(tenants);
        std::thread::Builder::new()
            .name("touchbook-decode".to_owned())
            .spawn(move || {
                let mut deliveries = Vec::new();
                loop {
                    if reader.recv(&mut deliveries, DRAIN_BYTES_MAX, None) == Received::Closed {
                        break;
                    }
                    let work = deliveries
                        .drain(..)
                        .map(|next| preparer.prepare(next))
                        .collect();
                    if sender.send(work).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self::Decoded(receiver))
    }

    /// Everything that waits; `None` once the stream is closed and drained. Empty after `wait`.
    pub(crate) fn next(&mut self, wait: Duration) -> Option<Vec<Work>> {
        match self {
            Self::Direct { reader, preparer } => {
                let mut deliveries = Vec::new();
                match reader.recv(&mut deliveries, DRAIN_BYTES_MAX, Some(wait)) {
                    Received::Closed => None,
                    Received::Some | Received::Nothing => Some(
                        deliveries
                            .into_iter()
                            .map(|next| preparer.prepare(next))
                            .collect(),
                    ),
                }
            }
            Self::Decoded(receiver) => match receiver.recv_timeout(wait) {
                Ok(mut work) => {
                    while let Ok(more) = receiver.try_recv() {
                        work.extend(more);
                    }
                    Some(work)
                }
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => Some(Vec::new()),
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => None,
            },
        }
    }
}

/// Turns messages into items; knows the keys of tenants that the writer has yet to create.
pub(crate) struct Preparer {
    tenants: Arc<Tenants>,
    coming: HashMap<Box<str>, TenantKey>,
}

impl Preparer {
    pub(crate) fn new(tenants: Arc<Tenants>) -> Self {
        Self {
            tenants,
            coming: HashMap::new(),
        }
    }

    pub(crate) fn prepare(&mut self, delivery: Delivery<Incoming>) -> Work {
        match delivery {
            Delivery::Message(message) => Work::Message(self.message(message)),
            Delivery::Adopted(checkpoint) => Work::Adopted(checkpoint),
        }
    }

    fn message(&mut self, mut message: Message<Incoming>) -> Prepared {
        let tenant: Box<str> = message.tenant().into();
        let decoded = std::mem::take(&mut message.decoded);
        let mut items = if decoded.is_empty() {
            self.items(&message, &tenant)
        } else {
            decoded
                .into_iter()
                .map(|incoming| Item::event(incoming, None))
                .collect()
        };
        let mut counted = SchemaBytes::default();
        items.iter_mut().for_each(|item| item.count(&mut counted));
        Prepared {
            tenant,
            awaited: message.side() == Side::Commands,
            atomic: message.atomic,
            recorded_at: message.recorded_at,
            checkpoint: message.checkpoint(),
            ticket: message.ticket,
            subject: message.subject,
            items,
        }
    }

    fn items(&mut self, message: &Message<Incoming>, tenant: &str) -> Vec<Item> {
        let Some(key) = self.key(message, tenant) else {
            return of_no_tenant(message, tenant);
        };
        let whole = |problem, of_node| vec![dead(message.payload.clone(), problem, of_node)];
        if message.atomic && message.payload.len() > ATOMIC_BYTES_MAX {
            let detail = format!("an atomic batch has at most {ATOMIC_BYTES_MAX} bytes");
            return whole(Problem::new("batch_too_large", "", detail), false);
        }
        let events = match message.events() {
            Ok(events) => events,
            Err(error) => return whole(Problem::unreadable(error.to_string()), false),
        };
        if events.len() > BATCH_EVENTS_MAX {
            let detail = format!("a batch has at most {BATCH_EVENTS_MAX} events");
            return whole(Problem::new("batch_too_large", "", detail), false);
        }
        let items: Vec<Item> = events
            .iter()
            .map(|event| match read(event, message, tenant, &key) {
                Ok(incoming) => Item::event(
                    incoming,
                    (message.side() == Side::Events).then(|| message.payload.slice_ref(event)),
                ),
                Err(Unusable { problem, of_node }) => {
                    dead(message.payload.slice_ref(event), problem, of_node)
                }
            })
            .collect();
        let first_dead = items.iter().find_map(|item| match item {
            Item::Dead(dead) => Some((dead.problem.clone(), dead.of_node)),
            Item::Event { .. } => None,
        });
        match first_dead {
            // All or nothing: the message as a whole is what can't be used.
            Some((problem, of_node)) if message.atomic => whole(problem, of_node),
            _ => items,
        }
    }

    /// The tenant's key, also of a tenant that this very message begins. The node's own ledger is
    /// nobody's tenant: producers have no part in it.
    fn key(&mut self, message: &Message<Incoming>, tenant: &str) -> Option<TenantKey> {
        if tenant == NODE_SLUG && message.side() == Side::Events {
            return None;
        }
        if let Some(known) = self.tenants.by_slug(tenant) {
            self.coming.remove(tenant);
            return Some(known.key().clone());
        }
        let begins = message.side() == Side::Commands
            && message.event_type() == EventType::TenantCreated.as_str();
        match self.coming.get(tenant) {
            Some(key) => Some(key.clone()),
            None if begins => {
                let key = key_of_beginning(&message.payload, tenant)?;
                self.coming.insert(tenant.into(), key.clone());
                Some(key)
            }
            None => None,
        }
    }
}

fn dead(raw: Bytes, problem: Problem, of_node: bool) -> Item {
    Item::Dead(Dead {
        raw,
        problem,
        of_node,
    })
}

/// What a message brings for a tenant that is not known. Each event is kept by itself, so that each
/// can be sent again by itself; but what stands or falls together, or can't be taken apart, as one.
fn of_no_tenant(message: &Message<Incoming>, tenant: &str) -> Vec<Item> {
    let detail = format!("there is no tenant {tenant:?}");
    let problem = Problem::new("unknown_tenant", "", detail);
    let events = match message.atomic {
        true => None,
        false => message.events().ok(),
    };
    match events {
        Some(events) if (1..=BATCH_EVENTS_MAX).contains(&events.len()) => events
            .into_iter()
            .map(|event| dead(message.payload.slice_ref(event), problem.clone(), true))
            .collect(),
        _ => vec![dead(message.payload.clone(), problem, true)],
    }
}

/// The key that a `tenant.created` brings, if it is about the tenant of its subject.
fn key_of_beginning(payload: &[u8], tenant: &str) -> Option<TenantKey> {
    let envelope = Envelope::parse(std::str::from_utf8(payload).ok()?).ok()?;
    if envelope
        .tenant
        .as_deref()
        .is_some_and(|named| named != tenant)
    {
        return None;
    }
    let (any_key, touchbook) = (TenantKey::from_salt(b""), Principal::touchbook());
    let bytes = payload.len();
    let service = Entrance::Service;
    let incoming = Incoming::from_envelope(&envelope, bytes, service, &touchbook, &any_key).ok()?;
    match &incoming.data {
        Data::TenantCreated(created) if created.facts.slug.as_str() == tenant => {
            Some(TenantKey::from_salt(created.facts.salt.as_bytes()))
        }
        _ => None,
    }
}

struct Unusable {
    problem: Problem,
    of_node: bool,
}

fn read(
    event: &[u8],
    message: &Message<Incoming>,
    tenant: &str,
    key: &TenantKey,
) -> Result<Incoming, Unusable> {
    let unusable = |problem| Unusable {
        problem,
        of_node: false,
    };
    let json = std::str::from_utf8(event)
        .map_err(|error| unusable(Problem::unreadable(format!("not UTF-8: {error}"))))?;
    let envelope = Envelope::parse(json).map_err(unusable)?;
    if let Some(named) = envelope.tenant.as_deref().filter(|named| *named != tenant) {
        let detail = format!("`tenantid` is {named:?}, the subject says {tenant:?}");
        let problem = Problem::new("tenant_contradicts_subject", "/tenantid", detail);
        return Err(Unusable {
            problem,
            of_node: true,
        });
    }
    if !message.is_batch() && envelope.event_type != message.event_type() {
        let detail = format!(
            "`type` is {:?}, the subject says {:?}",
            envelope.event_type,
            message.event_type()
        );
        return Err(unusable(Problem::new(
            "type_contradicts_subject",
            "/type",
            detail,
        )));
    }
    let (entrance, principal) = match message.side() {
        Side::Events => (Entrance::Producer, Principal::producer()),
        Side::Commands => (Entrance::Service, principal_of(&envelope)),
    };
    // To what a producer publishes the service has added nothing.
    let bytes = match message.side() {
        Side::Events => json.len(),
        Side::Commands => envelope.sent_bytes(json),
    };
    let incoming =
        Incoming::from_envelope(&envelope, bytes, entrance, &principal, key).map_err(unusable)?;
    if tenant == NODE_SLUG && !node_takes(&incoming) {
        let detail = "the node's own ledger takes nothing but what deals with its dead letters";
        return Err(unusable(Problem::new("type_not_allowed", "/type", detail)));
    }
    Ok(incoming)
}

/// What may be written into the node's own ledger, besides the dead letters that it keeps.
pub(crate) fn node_takes(incoming: &Incoming) -> bool {
    matches!(incoming.data, Data::DeadLetterResolved(_))
}

/// Who the service said was behind it when it published it.
fn principal_of(envelope: &Envelope<'_>) -> Principal {
    let kind = envelope.authtype.as_deref().and_then(PrincipalKind::parse);
    Principal {
        kind: kind.unwrap_or(PrincipalKind::Touchbook),
        id: envelope.authid.as_deref().map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::limits::SCHEMA_COMPILE_BYTES;

    /// What is kept of a batch for a tenant that is not known.
    fn kept(payload: &str, atomic: bool) -> Vec<String> {
        let message = Message {
            subject: "touchbook.events.nowhere.batch".into(),
            atomic,
            stream_created_at_micros: 1,
            sequence: 1,
            ticket: 1,
            recorded_at: Timestamp::from_micros(0),
            bytes: payload.len(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            decoded: Vec::new(),
        };
        let mut preparer = Preparer::new(Arc::default());
        let Work::Message(prepared) = preparer.prepare(Delivery::Message(message)) else {
            panic!("it is a message");
        };
        let items = prepared.items.into_iter();
        let raws = items.map(|item| match item {
            Item::Dead(dead) => {
                assert_eq!((dead.problem.code, dead.of_node), ("unknown_tenant", true));
                String::from_utf8(dead.raw.to_vec()).unwrap()
            }
            Item::Event { .. } => panic!("nobody takes it"),
        });
        raws.collect()
    }

    /// Which part of a message a node begins with changes nothing: the count is the message's.
    #[test]
    fn what_is_held_against_schemas_is_counted_over_the_whole_message() {
        let event = |id: usize| {
            let json = format!(
                r#"{{"specversion":"1.0","id":"{id}","source":"s","type":"shop.visit","data":{{}}}}"#
            );
            let key = TenantKey::from_salt(b"test");
            Incoming::read(&json, Entrance::Api, &Principal::producer(), &key).unwrap()
        };
        let message = Message {
            subject: "touchbook.commands.acme.batch".into(),
            atomic: false,
            stream_created_at_micros: 1,
            sequence: 1,
            ticket: 1,
            recorded_at: Timestamp::from_micros(0),
            bytes: 0,
            payload: Bytes::new(),
            decoded: (0..3).map(event).collect(),
        };
        let mut preparer = Preparer::new(Arc::default());
        let Work::Message(prepared) = preparer.prepare(Delivery::Message(message)) else {
            panic!("it is a message");
        };
        let counted = prepared.items.iter().map(|item| match item {
            Item::Event { schema_bytes, .. } => *schema_bytes,
            Item::Dead(_) => 0,
        });
        let first = SCHEMA_COMPILE_BYTES + 2;
        assert_eq!(counted.collect::<Vec<_>>(), [first, first + 2, first + 4]);
    }

    #[test]
    fn a_batch_for_an_unknown_tenant_is_kept_event_by_event() {
        let good = r#"{"id": "1"}"#;
        let batch = format!("[{good} ,{{}},0]");
        assert_eq!(kept(&batch, false), [good, "{}", "0"]);
    }

    #[test]
    fn what_can_not_be_taken_apart_or_must_not_be_is_kept_as_a_whole() {
        let many = format!("[{}0]", "0,".repeat(BATCH_EVENTS_MAX));
        for (payload, atomic) in [
            ("[{},{}]", true),
            ("[{]", false),
            ("[]", false),
            (&many, false),
        ] {
            assert_eq!(kept(payload, atomic), [payload]);
        }
    }
}
