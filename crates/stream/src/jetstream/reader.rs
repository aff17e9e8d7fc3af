//! The reader: hands every message after the checkpoint to the queue, once, in order, and stops
//! where the stream is not the one that was read before.

use super::cause;
use super::connection::{Connection, backoff};
use crate::continuity::{Ends, Found, judge};
use crate::limits::{HEARTBEAT, READ_BYTES_MAX, READ_MESSAGES_MAX, REFRESH_INTERVAL};
use crate::message::{self, ATOMIC_HEADER};
use crate::queue::Queue;
use crate::{AdoptError, Cause, Checkpoint, Delivery, Message, Partial, StopReason};
use async_nats::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::stream::{Info, RawMessageErrorKind, Stream};
use bytes::Bytes;
use futures::StreamExt;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use touchbook_events::Timestamp;

pub(super) type AdoptReply = oneshot::Sender<Result<Checkpoint, AdoptError>>;

/// How long the server keeps a consumer that nobody asks; it holds nothing but a position.
const CONSUMER_KEPT: Duration = Duration::from_secs(60);

pub(super) struct ReaderTask<T> {
    connection: Arc<Connection>,
    queue: Arc<Queue<T>>,
    position: Option<Position>,
}

/// The last message that went to the queue.
struct Position {
    created_at_micros: i64,
    sequence: u64,
    content: Content,
    /// What the ledger has of the message after it, until that goes to the queue.
    partial: Option<Partial>,
}

/// The digest is made only when a connection has to be checked.
enum Content {
    Digest([u8; 32]),
    Of {
        recorded_at: Timestamp,
        subject: Box<str>,
        atomic: bool,
        payload: Bytes,
    },
}

/// Why a session with the server ended.
enum Ended {
    /// The connection changed or failed; there will be another.
    Lost(Cause),
    Stopped(StopReason),
    /// The queue was closed.
    Closed,
}

impl<T: Send + 'static> ReaderTask<T> {
    pub(super) fn new(
        connection: Arc<Connection>,
        queue: Arc<Queue<T>>,
        checkpoint: Option<Checkpoint>,
    ) -> Self {
        Self {
            connection,
            queue,
            position: checkpoint.map(Position::from),
        }
    }

    pub(super) async fn run(
        self,
        adoptions: mpsc::Receiver<AdoptReply>,
        closing: CancellationToken,
    ) {
        tokio::select! {
            () = self.sessions(adoptions) => {}
            () = closing.cancelled() => {}
        }
    }

    async fn sessions(mut self, mut adoptions: mpsc::Receiver<AdoptReply>) {
        let mut failures = 0;
        loop {
            self.connection.connected().await;
            let before = self.sequence();
            let Err(ended) = self.session().await;
            match ended {
                Ended::Closed => return,
                Ended::Stopped(reason) => self.stopped(reason, &mut adoptions).await,
                Ended::Lost(error) => {
                    failures = if self.sequence() > before {
                        1
                    } else {
                        failures + 1
                    };
                    self.connection.report(Some(chain(&*error)));
                    tokio::time::sleep(backoff(failures)).await;
                }
            }
        }
    }

    /// Reads until the connection changes. The consumer exists before the stream is checked: were
    /// the stream replaced after that, its consumer would be gone with it.
    async fn session(&mut self) -> Result<Infallible, Ended> {
        let mut link = self.connection.link();
        let stream = self.connection.stream().await.map_err(Ended::Lost)?;
        let consumer = self.consumer(&stream).await.map_err(Ended::Lost)?;
        let info = stream.get_info().await.map_err(lost)?;
        self.check(&stream, &info).await?;
        self.connection.facts().stopped = None;
        self.connection.report(None);
        let messages = messages(&consumer).await.map_err(Ended::Lost)?;
        let connection = Arc::clone(&self.connection);
        tokio::select! {
            ended = self.read(messages, info.created.timestamp_micros()) => ended,
            ended = refresh(&connection, &stream) => ended,
            _ = link.changed() => Err(Ended::Lost(cause("the connection was lost"))),
        }
    }

    /// May be dropped at any point: a message is in the queue and in the position, or in neither.
    async fn read(
        &mut self,
        mut messages: pull::Stream,
        created_at_micros: i64,
    ) -> Result<Infallible, Ended> {
        let mut consumer_sequence = 0;
        while let Some(message) = messages.next().await {
            let message = message.map_err(lost)?;
            consumer_sequence += 1;
            self.deliver(&message, created_at_micros, consumer_sequence)
                .await?;
        }
        Err(Ended::Lost(cause("the consumer ended")))
    }

    async fn consumer(&self, stream: &Stream) -> Result<Consumer<pull::Config>, Cause> {
        let config = pull::Config {
            description: Some("touchbook reader".to_owned()),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.sequence() + 1,
            },
            ack_policy: AckPolicy::None,
            inactive_threshold: CONSUMER_KEPT,
            num_replicas: 1,
            memory_storage: true,
            ..pull::Config::default()
        };
        stream.create_consumer(config).await.map_err(cause)
    }

    async fn check(&self, stream: &Stream, info: &Info) -> Result<(), Ended> {
        let checkpoint = self.position.as_ref().map(Position::checkpoint);
        let ends = ends(info);
        let mut found = Found::default();
        if let Some(checkpoint) = &checkpoint {
            let at = async |sequence| digest_at(stream, sequence).await.map_err(Ended::Lost);
            if ends.hold(checkpoint) {
                found.read = at(checkpoint.sequence).await?;
            }
            if ends.hold_partial(checkpoint) {
                found.partial = at(checkpoint.sequence + 1).await?;
            }
        }
        judge(checkpoint.as_ref(), ends, found).map_err(Ended::Stopped)
    }

    async fn deliver(
        &mut self,
        message: &jetstream::Message,
        created_at_micros: i64,
        consumer_sequence: u64,
    ) -> Result<(), Ended> {
        let info = message.info().map_err(|error| Ended::Lost(cause(error)))?;
        if info.consumer_sequence != consumer_sequence {
            return Err(Ended::Lost(cause("messages were lost on their way")));
        }
        let (checkpoint, next) = (self.sequence(), info.stream_sequence);
        if next != checkpoint + 1 {
            return Err(Ended::Stopped(StopReason::Gap { checkpoint, next }));
        }
        let message = Message {
            subject: message.subject.as_str().into(),
            atomic: is_atomic(message.headers.as_ref()),
            stream_created_at_micros: created_at_micros,
            sequence: next,
            ticket: next,
            recorded_at: info.published.into(),
            bytes: message.payload.len(),
            payload: message.payload.clone(),
            decoded: Vec::new(),
        };
        let position = Position::of(&message);
        if !self.queue.push(Delivery::Message(message)).await {
            return Err(Ended::Closed);
        }
        self.position = Some(position);
        Ok(())
    }

    /// Waits until an operator adopts the stream, or another connection may find the right one.
    async fn stopped(&mut self, reason: StopReason, adoptions: &mut mpsc::Receiver<AdoptReply>) {
        tracing::error!(%reason, "reading the stream has stopped");
        self.connection.facts().stopped = Some(reason);
        self.connection.report(None);
        let mut link = self.connection.link();
        tokio::select! {
            _ = link.changed() => {}
            Some(reply) = adoptions.recv() => {
                let adopted = self.adopt(reason).await;
                // Whoever asked may have gone; the adoption stands.
                let _ = reply.send(adopted);
            }
        }
    }

    async fn adopt(&mut self, reason: StopReason) -> Result<Checkpoint, AdoptError> {
        let unreachable = |source| AdoptError::Unreachable { source };
        let stream = self.connection.stream().await.map_err(unreachable)?;
        let ends = ends(stream.cached_info());
        let next = match reason {
            StopReason::Gap { next, .. } => next.max(ends.first),
            StopReason::Rewound { .. } => ends.first,
        };
        let checkpoint = Checkpoint {
            stream_created_at_micros: ends.created_at_micros,
            sequence: next.saturating_sub(1),
            digest: Checkpoint::NOT_READ,
            partial: None,
        };
        if !self.queue.push(Delivery::Adopted(checkpoint)).await {
            return Err(AdoptError::Closed);
        }
        tracing::warn!(%reason, sequence = checkpoint.sequence, "the stream was adopted");
        self.position = Some(Position::from(checkpoint));
        self.connection.facts().stopped = None;
        Ok(checkpoint)
    }

    fn sequence(&self) -> u64 {
        self.position
            .as_ref()
            .map_or(0, |position| position.sequence)
    }
}

impl Position {
    fn of<T>(message: &Message<T>) -> Self {
        Self {
            created_at_micros: message.stream_created_at_micros,
            sequence: message.sequence,
            content: Content::Of {
                recorded_at: message.recorded_at,
                subject: message.subject.clone(),
                atomic: message.atomic,
                payload: message.payload.clone(),
            },
            partial: None,
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let digest = match &self.content {
            Content::Digest(digest) => *digest,
            Content::Of {
                recorded_at,
                subject,
                atomic,
                payload,
            } => message::digest(*recorded_at, subject, *atomic, payload),
        };
        Checkpoint {
            stream_created_at_micros: self.created_at_micros,
            sequence: self.sequence,
            digest,
            partial: self.partial,
        }
    }
}

impl From<Checkpoint> for Position {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            created_at_micros: checkpoint.stream_created_at_micros,
            sequence: checkpoint.sequence,
            content: Content::Digest(checkpoint.digest),
            partial: checkpoint.partial,
        }
    }
}

/// Keeps the end of the stream known, also while the queue is full.
async fn refresh(connection: &Connection, stream: &Stream) -> Result<Infallible, Ended> {
    let mut refresh = tokio::time::interval(REFRESH_INTERVAL);
    loop {
        refresh.tick().await;
        connection.saw(&stream.get_info().await.map_err(lost)?);
    }
}

fn ends(info: &Info) -> Ends {
    Ends {
        created_at_micros: info.created.timestamp_micros(),
        first: info.state.first_sequence,
        last: info.state.last_sequence,
    }
}

async fn messages(consumer: &Consumer<pull::Config>) -> Result<pull::Stream, Cause> {
    consumer
        .stream()
        .max_messages_per_batch(READ_MESSAGES_MAX)
        .max_bytes_per_batch(READ_BYTES_MAX)
        .heartbeat(HEARTBEAT)
        .messages()
        .await
        .map_err(cause)
}

async fn digest_at(stream: &Stream, sequence: u64) -> Result<Option<[u8; 32]>, Cause> {
    match stream.get_raw_message(sequence).await {
        Ok(found) => {
            let atomic = is_atomic(Some(&found.headers));
            Ok(Some(message::digest(
                found.time.into(),
                found.subject.as_str(),
                atomic,
                &found.payload,
            )))
        }
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(cause(error)),
    }
}

fn is_atomic(headers: Option<&HeaderMap>) -> bool {
    headers
        .and_then(|headers| headers.get(ATOMIC_HEADER))
        .is_some_and(|value| value.as_str().eq_ignore_ascii_case("true"))
}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Ended {
    Ended::Lost(cause(error))
}

/// An error with everything below it, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
