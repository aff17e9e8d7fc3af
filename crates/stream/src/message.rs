//! One message of a stream: one event, or a batch of them.

use crate::Checkpoint;
use bytes::Bytes;
use serde_json::value::RawValue;
use touchbook_events::Timestamp;

const EVENTS_PREFIX: &str = "touchbook.events.";
const COMMANDS_PREFIX: &str = "touchbook.commands.";
/// The last part of a batch's subject. No event type is called so: they all have a dot.
pub(crate) const BATCH: &str = "batch";
/// With the value `true`: the events of the batch stand or fall together.
pub(crate) const ATOMIC_HEADER: &str = "Touchbook-Atomic";
pub(crate) const SUBJECTS: [&str; 2] = ["touchbook.events.>", "touchbook.commands.>"];

/// Who may publish a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `touchbook.events.>`: producers.
    Events,
    /// `touchbook.commands.>`: the service alone.
    Commands,
}

/// One message as it was read, `T` being an event that whoever sent it had already decoded.
#[derive(Clone, Debug)]
pub struct Message<T> {
    /// `touchbook.<side>.<tenant>.<event type>`, or `….batch`.
    pub subject: Box<str>,
    /// Whether the events of this batch stand or fall together.
    pub atomic: bool,
    /// Identity of the stream, for the checkpoint.
    pub stream_created_at_micros: i64,
    /// From 1, without gaps, in the order of reading.
    pub sequence: u64,
    /// What whoever published it was given to wait under; see [`crate::Placed::ticket`].
    pub ticket: u64,
    /// When the stream took it.
    pub recorded_at: Timestamp,
    /// Of its events; what counts in the queue.
    pub bytes: usize,
    /// One CloudEvent in JSON, or of a batch a JSON array of them; empty where the events are
    /// decoded.
    pub payload: Bytes,
    /// The events in order, from the embedded stream; empty where nobody decoded them yet.
    pub decoded: Vec<T>,
}

impl<T> Message<T> {
    pub fn side(&self) -> Side {
        if self.subject.starts_with(COMMANDS_PREFIX) {
            Side::Commands
        } else {
            Side::Events
        }
    }

    /// The tenant's slug as the subject has it, known or not.
    pub fn tenant(&self) -> &str {
        self.after_side().split('.').next().unwrap_or_default()
    }

    /// The event's type as the subject has it; `batch` of a batch, empty where there is none.
    pub fn event_type(&self) -> &str {
        self.after_side()
            .split_once('.')
            .map_or("", |(_, event_type)| event_type)
    }

    pub fn is_batch(&self) -> bool {
        self.event_type() == BATCH
    }

    /// BLAKE3 of what makes this message this message: when the stream took it, subject, atomicity,
    /// payload. Without the time, a producer that repeats its last message at the place where a
    /// stream lost it would hide that other messages stand before it now.
    pub fn digest(&self) -> [u8; 32] {
        digest(self.recorded_at, &self.subject, self.atomic, &self.payload)
    }

    /// Where a reader is that has taken the whole of this message. What was decoded is never read
    /// again, so there is nothing to compare it with.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            stream_created_at_micros: self.stream_created_at_micros,
            sequence: self.sequence,
            digest: match self.decoded.is_empty() {
                true => self.digest(),
                false => Checkpoint::NOT_READ,
            },
            partial: None,
        }
    }

    /// The JSON text of each event. Fails only on a batch that is no array, or no JSON.
    pub fn events(&self) -> Result<Vec<&[u8]>, BatchError> {
        if !self.is_batch() {
            return Ok(vec![&self.payload]);
        }
        let events: Vec<&RawValue> = serde_json::from_slice(&self.payload)?;
        Ok(events
            .into_iter()
            .map(|event| event.get().as_bytes())
            .collect())
    }

    fn after_side(&self) -> &str {
        let subject = &self.subject;
        subject
            .strip_prefix(COMMANDS_PREFIX)
            .or_else(|| subject.strip_prefix(EVENTS_PREFIX))
            .unwrap_or_default()
    }
}

/// A batch that can't be taken apart.
#[derive(Debug, thiserror::Error)]
#[error("the batch is not a JSON array")]
pub struct BatchError(#[from] serde_json::Error);

pub(crate) fn digest(
    recorded_at: Timestamp,
    subject: &str,
    atomic: bool,
    payload: &[u8],
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&recorded_at.micros().to_le_bytes());
    hasher.update(&(subject.len() as u64).to_le_bytes());
    hasher.update(subject.as_bytes());
    hasher.update(&[u8::from(atomic)]);
    hasher.update(payload);
    *hasher.finalize().as_bytes()
}

/// The subject of a command.
pub(crate) fn command_subject(tenant: &str, event_type: &str) -> String {
    [COMMANDS_PREFIX, tenant, ".", event_type].concat()
}

/// The subject of a producer's event.
pub(crate) fn event_subject(tenant: &str, event_type: &str) -> String {
    [EVENTS_PREFIX, tenant, ".", event_type].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, payload: &'static str) -> Message<()> {
        Message {
            subject: subject.into(),
            atomic: false,
            stream_created_at_micros: 1,
            sequence: 1,
            ticket: 1,
            recorded_at: Timestamp::from_micros(0),
            bytes: payload.len(),
            payload: Bytes::from_static(payload.as_bytes()),
            decoded: Vec::new(),
        }
    }

    #[test]
    fn a_subject_tells_side_tenant_and_type() {
        let single = message("touchbook.events.acme.call.started", "{}");
        assert_eq!(single.side(), Side::Events);
        assert_eq!(
            (single.tenant(), single.event_type()),
            ("acme", "call.started")
        );
        let batch = message("touchbook.commands.acme.batch", "[]");
        assert_eq!((batch.side(), batch.is_batch()), (Side::Commands, true));
    }

    #[test]
    fn a_subject_without_a_type_is_not_a_panic() {
        let bare = message("touchbook.events.acme", "{}");
        assert_eq!((bare.tenant(), bare.event_type()), ("acme", ""));
        assert_eq!(message("elsewhere", "{}").tenant(), "");
    }

    #[test]
    fn a_batch_is_taken_apart_as_it_was_written() {
        let batch = message("touchbook.events.acme.batch", r#"[{"n":1.50} , {"n":2}]"#);
        let events = batch.events().unwrap();
        assert_eq!(events, [&br#"{"n":1.50}"#[..], br#"{"n":2}"#]);
        assert!(
            message("touchbook.events.acme.batch", "{}")
                .events()
                .is_err()
        );
        assert!(
            message("touchbook.events.acme.batch", "[{]")
                .events()
                .is_err()
        );
    }

    #[test]
    fn the_digest_covers_time_subject_atomicity_and_payload() {
        let subject = "touchbook.events.acme.call.started";
        let base = message(subject, "{}");
        let others = [
            message("touchbook.events.acme.call.ended", "{}"),
            message(subject, "{ }"),
            Message {
                atomic: true,
                ..message(subject, "{}")
            },
            Message {
                recorded_at: Timestamp::from_micros(1),
                ..message(subject, "{}")
            },
        ];
        assert!(others.iter().all(|other| other.digest() != base.digest()));
        let elsewhere = Message {
            sequence: 9,
            ..message(subject, "{}")
        };
        assert_eq!(base.digest(), elsewhere.digest());
    }
}
