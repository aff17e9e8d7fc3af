//! What is published, cut into messages and joined again.

use crate::limits::{
    ATOMIC_BYTES_MAX, EVENT_TYPE_CHARACTERS_MAX, MESSAGE_EVENTS_MAX, TENANT_CHARACTERS_MAX,
};
use crate::message::{BATCH, command_subject};
use crate::{PublishError, message};
use bytes::{BufMut, Bytes, BytesMut};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use touchbook_events::Digest;

/// One event to publish.
#[derive(Clone, Debug)]
pub struct Item<T> {
    pub event_type: Cow<'static, str>,
    /// The CloudEvent in JSON.
    pub payload: Bytes,
    /// BLAKE3-128 of source and id; the server uses it to drop a repetition within minutes.
    pub key: Digest,
    /// The event itself, so that the embedded stream need not decode it again.
    pub decoded: Option<T>,
}

/// The events of one request, of one tenant.
#[derive(Clone, Debug)]
pub struct Outgoing<T> {
    pub tenant: Arc<str>,
    pub items: Vec<Item<T>>,
    /// All or nothing: one message of at most 128 KiB.
    pub atomic: bool,
}

/// Where a run of a request's items went: item `n` of the run is event `index + n` of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What stands in [`crate::Message::ticket`]. Of JetStream it is the sequence; the embedded
    /// stream, whose tenants take turns, gives sequences later, and tickets from the one after
    /// the checkpoint in the order of publishing.
    pub ticket: u64,
    pub index: u32,
    pub count: u32,
    /// The server had seen the message's id: what it holds may have been sent by an earlier
    /// attempt, or be another event with the same source and id. The ledger knows.
    pub duplicate: bool,
}

/// Items that go into one message together.
#[derive(Debug)]
pub(crate) struct Chunk<T> {
    pub(crate) items: Vec<Item<T>>,
    pub(crate) payload_bytes: usize,
    pub(crate) atomic: bool,
}

impl<T> Chunk<T> {
    fn new(items: Vec<Item<T>>, atomic: bool) -> Self {
        let payload_bytes = items.iter().map(|item| item.payload.len()).sum();
        Self {
            items,
            payload_bytes,
            atomic,
        }
    }
}

/// Cuts a request into messages that keep within every limit, in order: at most `payload_max` bytes
/// of one event or of what stands or falls together, at most `joined_max` of several events.
pub(crate) fn cut<T>(
    outgoing: Outgoing<T>,
    payload_max: usize,
    joined_max: usize,
) -> Result<Vec<Chunk<T>>, PublishError> {
    check_names(&outgoing)?;
    let whole = Chunk::new(outgoing.items, outgoing.atomic);
    let bytes = joined_bytes(whole.payload_bytes, whole.items.len());
    if outgoing.atomic {
        check(bytes, ATOMIC_BYTES_MAX.min(payload_max), whole.items.len())?;
        return Ok(vec![whole]);
    }
    if whole.items.is_empty() {
        return Ok(Vec::new());
    }
    if bytes <= joined_max && whole.items.len() <= MESSAGE_EVENTS_MAX {
        return Ok(vec![whole]);
    }
    cut_items(whole.items, payload_max, joined_max)
}

fn check(bytes: usize, limit: usize, events: usize) -> Result<(), PublishError> {
    if bytes > limit {
        return Err(PublishError::TooLarge { bytes, limit });
    }
    if events > MESSAGE_EVENTS_MAX {
        return Err(PublishError::TooMany {
            events,
            limit: MESSAGE_EVENTS_MAX,
        });
    }
    Ok(())
}

fn cut_items<T>(
    items: Vec<Item<T>>,
    payload_max: usize,
    joined_max: usize,
) -> Result<Vec<Chunk<T>>, PublishError> {
    let mut chunks = Vec::new();
    let mut current: Vec<Item<T>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let size = item.payload.len();
        check(size, payload_max, 1)?;
        let (joined, events) = (bytes + size, current.len() + 1);
        if !current.is_empty() && !fits(joined, events, joined_max) {
            chunks.push(Chunk::new(std::mem::take(&mut current), false));
            bytes = 0;
        }
        bytes += size;
        current.push(item);
    }
    chunks.push(Chunk::new(current, false));
    Ok(chunks)
}

/// Whether `events` whose own bytes are `bytes` go into one message.
pub(crate) fn fits(bytes: usize, events: usize, payload_max: usize) -> bool {
    events <= MESSAGE_EVENTS_MAX && joined_bytes(bytes, events) <= payload_max
}

/// Payload bytes of `events` whose own bytes are `bytes`: brackets and commas when joined.
fn joined_bytes(bytes: usize, events: usize) -> usize {
    if events == 1 {
        bytes
    } else {
        bytes + events + 1
    }
}

/// A message ready to be sent.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) subject: String,
    pub(crate) payload: Bytes,
    pub(crate) message_id: String,
    pub(crate) atomic: bool,
}

impl Composed {
    pub(crate) fn content_type(&self) -> &'static str {
        if self.subject.ends_with(".batch") {
            "application/cloudevents-batch+json"
        } else {
            "application/cloudevents+json"
        }
    }
}

/// The subject of a message of these items.
pub(crate) fn subject<T>(tenant: &str, items: &[Item<T>]) -> String {
    match items {
        [only] => command_subject(tenant, &only.event_type),
        _ => command_subject(tenant, BATCH),
    }
}

/// Joins items into one message; one item alone is sent as it is.
pub(crate) fn compose<'a, T: 'a>(
    tenant: &str,
    items: impl Iterator<Item = &'a Item<T>> + Clone,
    atomic: bool,
) -> Composed {
    let mut rest = items.clone();
    if let (Some(only), None) = (rest.next(), rest.next()) {
        return Composed {
            subject: command_subject(tenant, &only.event_type),
            payload: only.payload.clone(),
            message_id: message_id(tenant, only.key.0),
            atomic: false,
        };
    }
    Composed {
        subject: command_subject(tenant, BATCH),
        payload: join(items.clone()),
        message_id: message_id(tenant, batch_key(items)),
        atomic,
    }
}

fn join<'a, T: 'a>(items: impl Iterator<Item = &'a Item<T>> + Clone) -> Bytes {
    let (bytes, count) = items.clone().fold((0, 0), |(bytes, n), item| {
        (bytes + item.payload.len(), n + 1)
    });
    let mut joined = BytesMut::with_capacity(joined_bytes(bytes, count));
    for (n, item) in items.enumerate() {
        joined.put_u8(if n == 0 { b'[' } else { b',' });
        joined.put_slice(&item.payload);
    }
    joined.put_u8(b']');
    joined.freeze()
}

fn batch_key<'a, T: 'a>(items: impl Iterator<Item = &'a Item<T>>) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for item in items {
        hasher.update(&item.key.0);
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

fn message_id(tenant: &str, key: [u8; 16]) -> String {
    let mut id = String::with_capacity(tenant.len() + 33);
    // Writing to a `String` can't fail.
    let _ = write!(id, "{tenant}/{:032x}", u128::from_be_bytes(key));
    id
}

fn check_names<T>(outgoing: &Outgoing<T>) -> Result<(), PublishError> {
    let refused = |name: &str| {
        Err(PublishError::Name {
            name: name.to_owned(),
        })
    };
    if !is_slug(&outgoing.tenant) {
        return refused(&outgoing.tenant);
    }
    match outgoing
        .items
        .iter()
        .find(|item| !is_event_type(&item.event_type))
    {
        Some(item) => refused(&item.event_type),
        None => Ok(()),
    }
}

/// A tenant's slug, or the name of a ledger that is no tenant's, which begins with an underscore.
fn is_slug(name: &str) -> bool {
    let slug = name.strip_prefix('_').unwrap_or(name);
    (1..=TENANT_CHARACTERS_MAX).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Tokens of visible ASCII without the wildcards, and not the name that means a batch.
fn is_event_type(name: &str) -> bool {
    (1..=EVENT_TYPE_CHARACTERS_MAX).contains(&name.len())
        && name != message::BATCH
        && name.split('.').all(|token| {
            !token.is_empty()
                && token
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !matches!(b, b'*' | b'>'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAYLOAD_MAX: usize = 4_096;
    const JOINED_MAX: usize = PAYLOAD_MAX / 4;

    fn items(sizes: &[usize]) -> Vec<Item<()>> {
        let item = |(number, size): (usize, &usize)| Item {
            event_type: "call.started".into(),
            payload: Bytes::from(format!("{number:0size$}")),
            key: Digest((number as u128).to_be_bytes()),
            decoded: None,
        };
        sizes.iter().enumerate().map(item).collect()
    }

    fn request(sizes: &[usize]) -> Outgoing<()> {
        Outgoing {
            tenant: "acme".into(),
            items: items(sizes),
            atomic: false,
        }
    }

    proptest! {
        #[test]
        fn cutting_keeps_every_item_in_order_and_within_the_limits(
            sizes in proptest::collection::vec(4_usize..1_500, 0..1_200),
        ) {
            let chunks = cut(request(&sizes), PAYLOAD_MAX, JOINED_MAX).unwrap();
            let mut payloads = Vec::new();
            for chunk in chunks {
                let message = compose("acme", chunk.items.iter(), false);
                let limit = if message.subject.ends_with(BATCH) { JOINED_MAX } else { PAYLOAD_MAX };
                prop_assert!(message.payload.len() <= limit);
                prop_assert!((1..=MESSAGE_EVENTS_MAX).contains(&chunk.items.len()));
                payloads.extend(chunk.items.into_iter().map(|item| item.payload));
            }
            let sent: Vec<_> = items(&sizes).into_iter().map(|item| item.payload).collect();
            prop_assert_eq!(payloads, sent);
        }

        #[test]
        fn a_joined_batch_is_the_json_array_of_its_items(
            sizes in proptest::collection::vec(1_usize..2, 2..50),
        ) {
            let items: Vec<Item<()>> = items(&sizes);
            let bytes = items.iter().map(|item| item.payload.len()).sum();
            let message = compose("acme", items.iter(), true);
            prop_assert_eq!(message.payload.len(), joined_bytes(bytes, items.len()));
            let numbers: Vec<usize> = serde_json::from_slice(&message.payload).unwrap();
            prop_assert_eq!(numbers, (0..sizes.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_id_of_a_message_names_its_tenant_and_depends_on_all_its_items_in_order() {
        let items = items(&[1, 1, 1]);
        let id = |items: &[&Item<()>]| compose("acme", items.iter().copied(), false).message_id;
        let [a, b, c] = [&items[0], &items[1], &items[2]];
        assert_eq!(id(&[b]), format!("acme/{:032x}", 1));
        let ids = [id(&[a]), id(&[a, b]), id(&[b, a]), id(&[a, b, c])];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(
            ids.iter()
                .all(|id| id.starts_with("acme/") && id.len() == 5 + 32)
        );
    }
}
