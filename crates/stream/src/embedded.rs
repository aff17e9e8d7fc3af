//! The stream without a server: a bounded queue between HTTP and the writer.

use crate::limits::{EMBEDDED_BYTES_MAX, PAYLOAD_BYTES_MAX};
use crate::message::Message;
use crate::outgoing::{Chunk, compose, cut, subject};
use crate::queue::{Queue, UNNUMBERED};
use crate::{Checkpoint, Kind, Outgoing, Placed, PublishError, Status};
use bytes::Bytes;
use std::sync::Arc;
use touchbook_events::Timestamp;

/// Where `recorded_at` comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The identity of the embedded stream, which no server created.
pub const EMBEDDED_CREATED_AT: i64 = 0;

pub(crate) struct Embedded<T> {
    pub(crate) queue: Arc<Queue<T>>,
    clock: Clock,
}

impl<T> Embedded<T> {
    /// Numbers its messages from the one after the checkpoint.
    pub(crate) fn new(checkpoint: Option<Checkpoint>, clock: Clock) -> Self {
        let last = checkpoint.map_or(0, |checkpoint| checkpoint.sequence);
        Self {
            queue: Arc::new(Queue::new(last)),
            clock,
        }
    }

    pub(crate) fn publish(&self, outgoing: Outgoing<T>) -> Result<Vec<Placed>, PublishError> {
        let tenant = Arc::clone(&outgoing.tenant);
        let chunks = cut(outgoing, PAYLOAD_BYTES_MAX, EMBEDDED_BYTES_MAX)?;
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        let counts: Vec<_> = chunks
            .iter()
            .map(|chunk| chunk.items.len() as u32)
            .collect();
        let messages = chunks
            .into_iter()
            .map(|chunk| into_message(&tenant, chunk))
            .collect();
        let first = self.queue.offer(&tenant, messages, |message| {
            message.recorded_at = (self.clock)()
        })?;
        let placed = |(ticket, count)| Placed {
            ticket,
            index: 0,
            count,
            duplicate: false,
        };
        Ok((first..).zip(counts).map(placed).collect())
    }

    pub(crate) fn status(&self) -> Status {
        let level = self.queue.level();
        Status {
            kind: Kind::Embedded,
            connected: true,
            server_version: None,
            last_sequence: level.last_sequence,
            delivered_sequence: level.last_sequence,
            queued: level.events,
            queued_bytes: level.bytes,
            unacknowledged: 0,
            missing: Vec::new(),
            stopped: None,
            last_error: None,
            max_age: None,
            synced_before_acknowledged: None,
        }
    }
}

/// The message that JetStream would hold; events that are decoded already are not joined into a
/// payload that nobody would read. The queue sets its time and its ticket when it takes it, its
/// sequence when it is read.
fn into_message<T>(tenant: &str, chunk: Chunk<T>) -> Message<T> {
    let is_decoded = chunk.items.iter().all(|item| item.decoded.is_some());
    let (subject, payload) = if is_decoded {
        (subject(tenant, &chunk.items), Bytes::new())
    } else {
        let composed = compose(tenant, chunk.items.iter(), chunk.atomic);
        (composed.subject, composed.payload)
    };
    Message {
        subject: subject.into_boxed_str(),
        atomic: chunk.atomic && chunk.items.len() > 1,
        stream_created_at_micros: EMBEDDED_CREATED_AT,
        sequence: UNNUMBERED,
        ticket: 0,
        recorded_at: Timestamp::MIN,
        bytes: chunk.payload_bytes,
        payload,
        decoded: match is_decoded {
            true => chunk
                .items
                .into_iter()
                .filter_map(|item| item.decoded)
                .collect(),
            false => Vec::new(),
        },
    }
}
