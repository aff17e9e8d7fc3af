//! The publisher: what arrives while a message is unacknowledged goes together into the next one.
//!
//! A tenant has at most one message under way, so its order is the order of arrival even when a
//! message has to be sent again, and a server that syncs every message syncs hundreds of events.

use super::connection::{Connection, backoff};
use super::{cause, settings::STREAM};
use crate::limits::{
    FULL_RETRY_AFTER, QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX, RESERVED_BYTES, RESERVED_EVENTS,
};
use crate::message::ATOMIC_HEADER;
use crate::outgoing::{Chunk, Composed, compose, cut, fits};
use crate::{Cause, Outgoing, Placed, PublishError};
use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::jetstream::context::{PublishError as ClientError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Answer = Result<Placed, PublishError>;

pub(super) struct Publisher<T> {
    connection: Arc<Connection>,
    lanes: Mutex<Lanes<T>>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// What waits, by tenant. A tenant is here exactly while its task runs.
struct Lanes<T> {
    by_tenant: HashMap<Arc<str>, VecDeque<Pending<T>>>,
    events: usize,
    bytes: usize,
    closed: bool,
}

struct Pending<T> {
    chunk: Chunk<T>,
    since: Instant,
    answer: oneshot::Sender<Answer>,
}

impl<T: Send + 'static> Publisher<T> {
    pub(super) fn new(
        connection: Arc<Connection>,
        tasks: TaskTracker,
        closing: CancellationToken,
    ) -> Self {
        let lanes = Lanes {
            by_tenant: HashMap::new(),
            events: 0,
            bytes: 0,
            closed: false,
        };
        Self {
            connection,
            lanes: Mutex::new(lanes),
            tasks,
            closing,
        }
    }

    pub(super) async fn publish(
        self: &Arc<Self>,
        mut outgoing: Outgoing<T>,
    ) -> Result<Vec<Placed>, PublishError> {
        for item in &mut outgoing.items {
            item.decoded = None;
        }
        let tenant = Arc::clone(&outgoing.tenant);
        let payload_max = self.connection.payload_max();
        let chunks = cut(outgoing, payload_max, payload_max)?;
        let mut placed = Vec::with_capacity(chunks.len());
        for answer in self.enqueue(tenant, chunks)? {
            placed.push(answer.await.map_err(|_| PublishError::Closed)??);
        }
        Ok(placed)
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.lanes().events
    }

    /// Takes nothing more; what is under way ends with its answer or with [`PublishError::Closed`].
    pub(super) fn close(&self) {
        self.lanes().closed = true;
    }

    fn enqueue(
        self: &Arc<Self>,
        tenant: Arc<str>,
        chunks: Vec<Chunk<T>>,
    ) -> Result<Vec<oneshot::Receiver<Answer>>, PublishError> {
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        let mut lanes = self.lanes();
        lanes.admit(&tenant, &chunks)?;
        let begins = !lanes.by_tenant.contains_key(&tenant);
        let lane = lanes.by_tenant.entry(Arc::clone(&tenant)).or_default();
        let mut answers = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let (answer, receiver) = oneshot::channel();
            lane.push_back(Pending {
                chunk,
                since: Instant::now(),
                answer,
            });
            answers.push(receiver);
        }
        drop(lanes);
        if begins {
            self.tasks.spawn(Arc::clone(self).drain(tenant));
        }
        Ok(answers)
    }

    /// Sends a tenant's messages one after the other until nothing waits.
    async fn drain(self: Arc<Self>, tenant: Arc<str>) {
        while let Some(group) = self.next_group(&tenant) {
            let since = group
                .first()
                .map_or_else(Instant::now, |pending| pending.since);
            let message = join(&tenant, &group);
            let outcome = self.send(&message, since).await;
            self.lanes().release(&group);
            answer(group, outcome);
        }
    }

    fn next_group(&self, tenant: &str) -> Option<Vec<Pending<T>>> {
        self.lanes()
            .next_group(tenant, self.connection.payload_max())
    }

    async fn send(&self, message: &Composed, since: Instant) -> Result<PublishAck, PublishError> {
        let (bytes, limit) = (message.payload.len(), self.connection.payload_max());
        if bytes > limit {
            return Err(PublishError::TooLarge { bytes, limit });
        }
        tokio::select! {
            sent = self.until_acknowledged(message, since) => sent,
            () = self.closing.cancelled() => Err(PublishError::Closed),
        }
    }

    async fn until_acknowledged(
        &self,
        message: &Composed,
        since: Instant,
    ) -> Result<PublishAck, PublishError> {
        let deadline = since + self.connection.options.publish_deadline;
        let mut last: Cause = cause("the server is not connected");
        let mut attempts = 0;
        while attempts == 0 || Instant::now() < deadline {
            attempts += 1;
            match tokio::time::timeout_at(deadline, self.attempt(message)).await {
                Ok(Ok(ack)) => return Ok(ack),
                Ok(Err(Failed::Refused(source))) => return Err(PublishError::Refused { source }),
                Ok(Err(Failed::Lost(source))) => last = source,
                Err(_) => break,
            }
            let pause = Instant::now() + backoff(attempts as usize);
            tokio::time::sleep_until(pause.min(deadline)).await;
        }
        Err(PublishError::Unacknowledged {
            attempts,
            waited: since.elapsed(),
            source: last,
        })
    }

    /// Sends once, and waits until it is acknowledged or the connection it went over is gone.
    async fn attempt(&self, message: &Composed) -> Result<PublishAck, Failed> {
        self.connection.connected().await;
        let mut link = self.connection.link();
        let publish = PublishMessage::build()
            .payload(message.payload.clone())
            .headers(headers(message));
        let sent = self
            .connection
            .context
            .send_publish(message.subject.clone(), publish)
            .await;
        let acknowledged = sent.map_err(Failed::from_client)?.into_future();
        tokio::select! {
            ack = acknowledged => ack.map_err(Failed::from_client),
            _ = link.changed() => Err(Failed::Lost(cause("the connection was lost"))),
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes<T>> {
        // Counters and lanes are changed together or not at all.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lanes<T> {
    /// Takes all of a tenant's request or none of it. A tenant of which nothing waits may use what
    /// is kept for such.
    fn admit(&mut self, tenant: &str, chunks: &[Chunk<T>]) -> Result<(), PublishError> {
        if self.closed {
            return Err(PublishError::Closed);
        }
        let events: usize = chunks.iter().map(|chunk| chunk.items.len()).sum();
        let bytes: usize = chunks.iter().map(|chunk| chunk.payload_bytes).sum();
        let (mut events_max, mut bytes_max) = (QUEUE_EVENTS_MAX, QUEUE_BYTES_MAX);
        if !self.by_tenant.contains_key(tenant) {
            events_max += RESERVED_EVENTS;
            bytes_max += RESERVED_BYTES;
        }
        let fits = self.events + events <= events_max && self.bytes + bytes <= bytes_max;
        if !fits && self.events > 0 {
            return Err(PublishError::Full {
                retry_after: FULL_RETRY_AFTER,
            });
        }
        self.events += events;
        self.bytes += bytes;
        Ok(())
    }

    /// What goes into a tenant's next message; `None` ends its task.
    fn next_group(&mut self, tenant: &str, payload_max: usize) -> Option<Vec<Pending<T>>> {
        let lane = self.by_tenant.get_mut(tenant)?;
        let Some(first) = lane.pop_front() else {
            self.by_tenant.remove(tenant);
            return None;
        };
        let (mut bytes, mut events) = (first.chunk.payload_bytes, first.chunk.items.len());
        let alone = first.chunk.atomic;
        let mut group = vec![first];
        while let Some(next) = lane.front().map(|pending| &pending.chunk)
            && !alone
            && !next.atomic
        {
            bytes += next.payload_bytes;
            events += next.items.len();
            if !fits(bytes, events, payload_max) {
                break;
            }
            group.extend(lane.pop_front());
        }
        Some(group)
    }

    fn release(&mut self, group: &[Pending<T>]) {
        for pending in group {
            self.events -= pending.chunk.items.len();
            self.bytes -= pending.chunk.payload_bytes;
        }
    }
}

fn join<T>(tenant: &str, group: &[Pending<T>]) -> Composed {
    let atomic = group.iter().any(|pending| pending.chunk.atomic);
    compose(
        tenant,
        group.iter().flat_map(|pending| &pending.chunk.items),
        atomic,
    )
}

/// Tells each caller where its events stand. One that no longer listens misses it.
fn answer<T>(group: Vec<Pending<T>>, outcome: Result<PublishAck, PublishError>) {
    let mut index = 0;
    for pending in group {
        let count = pending.chunk.items.len() as u32;
        let placed = outcome
            .as_ref()
            .map_err(PublishError::clone)
            .map(|ack| Placed {
                ticket: ack.sequence,
                index,
                count,
                duplicate: ack.duplicate,
            });
        index += count;
        let _ = pending.answer.send(placed);
    }
}

enum Failed {
    /// Sending it again may help.
    Lost(Cause),
    Refused(Cause),
}

impl Failed {
    fn from_client(error: ClientError) -> Self {
        match error.kind() {
            // Without a stream nobody answers: JetStream is still starting, or it is being made.
            PublishErrorKind::StreamNotFound
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending => Self::Lost(cause(error)),
            _ => Self::Refused(cause(error)),
        }
    }
}

fn headers(message: &Composed) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_EXPECTED_STREAM, STREAM);
    headers.insert(NATS_MESSAGE_ID, message.message_id.as_str());
    headers.insert("Content-Type", message.content_type());
    if message.atomic {
        headers.insert(ATOMIC_HEADER, "true");
    }
    headers
}
