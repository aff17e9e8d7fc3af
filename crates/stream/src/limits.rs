//! Every bound of this crate.

use std::time::Duration;
use touchbook_events::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};

/// Events between HTTP and the writer, or waiting for the stream's acknowledgement.
pub const QUEUE_EVENTS_MAX: usize = 4_096;
/// Bytes of the same.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What is kept beside [`QUEUE_EVENTS_MAX`] for tenants of which nothing waits, so that one that
/// fills the queue shuts nobody else out: the largest request.
pub const RESERVED_EVENTS: usize = BATCH_EVENTS_MAX;
/// Bytes of the same, with what publishing adds.
pub const RESERVED_BYTES: usize = BATCH_BYTES_MAX + BATCH_EVENTS_MAX * ADDED_BYTES_MAX;
/// What an event grows by when it is published, about: its tenant, and who sent it.
const ADDED_BYTES_MAX: usize = 1_024;
/// One of so many parts of a commit is what a tenant gets of it while others wait.
pub const COMMIT_SHARES: usize = 4;
/// Bytes of one message, payload and headers.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// What of [`MESSAGE_BYTES_MAX`] is kept for subject and headers.
pub const HEADERS_BYTES_MAX: usize = 4 * 1024;
/// Payload bytes of one message.
pub const PAYLOAD_BYTES_MAX: usize = MESSAGE_BYTES_MAX - HEADERS_BYTES_MAX;
/// Payload bytes of one message of the embedded stream that holds several events: a tenant's part
/// of a commit. One event, which may be larger, is never cut.
pub const EMBEDDED_BYTES_MAX: usize = MESSAGE_BYTES_MAX / COMMIT_SHARES;
/// Events of one message.
pub const MESSAGE_EVENTS_MAX: usize = 1_000;
/// Payload bytes of a message whose events stand or fall together.
pub const ATOMIC_BYTES_MAX: usize = 128 * 1024;
/// Characters of a tenant's slug.
pub const TENANT_CHARACTERS_MAX: usize = 40;
/// Characters of an event type in a subject.
pub const EVENT_TYPE_CHARACTERS_MAX: usize = 128;

/// How long a reader that blocks its thread looks for more before it sleeps.
///
/// Waking a thread on a core that has gone to sleep takes 50 µs on a virtual machine; whoever sends
/// one event after another comes again within twice that (measured: a sixth more of them a second).
pub const READER_SPIN: Duration = Duration::from_micros(150);
/// What a caller is told to wait when the queue is full.
pub const FULL_RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a publish tries before it gives up; well within the stream's duplicate window.
pub const PUBLISH_DEADLINE: Duration = Duration::from_secs(10);
/// How long one attempt waits for its acknowledgement, and any other request for its answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The first pause after a failed attempt; each next one doubles, up to [`BACKOFF_MAX`].
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);
pub const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// How often the connection is probed; two unanswered probes end it.
pub const PING_INTERVAL: Duration = Duration::from_secs(5);
/// How often a silent consumer must say that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(3);
/// How often the ends of the stream are asked for.
pub const REFRESH_INTERVAL: Duration = Duration::from_secs(2);
/// Messages and bytes that a reader asks for at once.
pub const READ_MESSAGES_MAX: usize = 500;
pub const READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long the stream keeps a message. The ledger is the truth, the stream a buffer.
pub const STREAM_MAX_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How large the stream grows unless configured; beyond it publishing is refused.
pub const STREAM_MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// How long the server remembers message ids. In its memory, so minutes.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(5 * 60);
