//! Every limit on what one request may ask of the service (design law 8).

use std::time::Duration;

/// Rows of one page.
pub const PAGE_MAX: u64 = 500;
/// Rows of a page whose caller names no `limit`.
pub const PAGE_DEFAULT: u64 = 50;
/// A JSON body other than events.
pub const BODY_BYTES_MAX: usize = 512 * 1024;
/// What is read and dropped of a body that is too large, so that its sender reads why instead of
/// finding the connection broken.
pub const DROPPED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a body may take to arrive.
pub const BODY_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long a connection may take to send a request's head.
pub const HEAD_WAIT_MAX: Duration = Duration::from_secs(15);
/// How long open connections may take to end once the service stops.
pub const DRAIN_WAIT_MAX: Duration = Duration::from_secs(20);
/// Open connections; more wait in the listener's queue.
pub const CONNECTIONS_MAX: usize = 4_096;
/// Requests of one tenant that wait for a projection or for the writer.
pub const WAITERS_MAX: usize = 1_000;
/// Open event streams of one tenant.
pub const SSE_READERS_MAX: usize = 500;
/// How far an event stream may fall behind once it has been level with the ledger.
pub const SSE_BEHIND_MAX: u64 = 10_000;
/// Records that an event stream reads from the ledger at once.
pub const SSE_PAGE: u64 = 256;
/// How long a stream's records wait for the entries that they are about.
pub const SSE_ENTRIES_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often an idle event stream says that it lives.
pub const SSE_KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What `wait` is when a caller names none.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(5);
/// The longest `wait`.
pub const WAIT_MAX: Duration = Duration::from_secs(30);
/// What a caller that was turned away should let pass.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
/// An `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 200;
/// A value of a query parameter, in bytes.
pub const PARAMETER_BYTES_MAX: usize = 2_000;
/// Bodies above this are read off the async threads.
pub const INLINE_BYTES_MAX: usize = 16 * 1024;
/// Records that a search by subject looks at in one request.
pub const SUBJECT_SCAN_RECORDS_MAX: u64 = 200_000;
