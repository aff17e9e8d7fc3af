//! What can go wrong, by operation.

use crate::StopReason;
use std::sync::Arc;
use std::time::Duration;

/// An error from below, shared by all whose events went in one message.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why an event was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PublishError {
    #[error("too many events wait for the writer")]
    Full { retry_after: Duration },
    #[error("{bytes} bytes are more than the {limit} that one message holds")]
    TooLarge { bytes: usize, limit: usize },
    #[error("{events} events are more than the {limit} that one message holds")]
    TooMany { events: usize, limit: usize },
    #[error("{name:?} can not stand in a subject")]
    Name { name: String },
    #[error("reading the stream has stopped")]
    Stopped(#[source] StopReason),
    /// Not a promise that it was not stored.
    #[error(
        "the stream did not acknowledge within {:.1} s in {attempts} attempts; \
         it may have stored the event, so retry with the same id",
        waited.as_secs_f32()
    )]
    Unacknowledged {
        attempts: u32,
        waited: Duration,
        source: Cause,
    },
    #[error("the stream refused the message")]
    Refused { source: Cause },
    #[error("the stream is closed")]
    Closed,
}

/// Why a stream could not be opened. A server that can't be reached is no reason: it is waited for.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the NATS address {url} can not be used")]
    Address { url: String, source: Cause },
    #[error("the credentials file can not be read")]
    Credentials { source: std::io::Error },
}

/// Why a stream was not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    #[error("reading goes on, so there is nothing to adopt")]
    NotStopped,
    #[error("the embedded stream has nothing to adopt")]
    Embedded,
    #[error("the stream can not be reached")]
    Unreachable { source: Cause },
    #[error("the stream is closed")]
    Closed,
}
