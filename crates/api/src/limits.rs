//! Every limit on what one request may ask of the service (design law 8).

use std::time::Duration;

/// Rows of one page.
pub const PAGE_MAX: u64 = 500;
/// Rows of a page whose caller names no `limit`.
pub const PAGE_DEFAULT: u64 = 50;
/// Encoded records of one page; one that would take more ends earlier, after a row at least.
pub const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// A JSON body other than events.
pub const BODY_BYTES_MAX: usize = 512 * 1024;
/// What another system sends in its own shape. It is kept beside what it becomes, and both go over
/// the stream in one message.
pub const DELIVERY_BYTES_MAX: usize = 256 * 1024;
/// A row of the quote source. Kept as a dead letter it is text within JSON, which takes at most
/// twice as much, and must still be an event.
pub const QUOTE_ROW_BYTES_MAX: usize = 240 * 1024;
/// Rows that are on their way to the ledger at once.
pub const FEED_ROWS_AT_ONCE: usize = 16;
/// What is read and dropped of a body that is too large, so that its sender reads why instead of
/// finding the connection broken.
pub const DROPPED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bodies that are held at once, of all connections together: what arrives and what is being read.
pub const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Answers that are held at once, of all connections together, until their askers took them. Tests
/// of this crate have less, so that few answers are too many.
pub const ANSWERS_BYTES_MAX: usize = if cfg!(test) { 8 } else { 128 } * 1024 * 1024;
/// What of each body or answer is not counted, so that a few large ones shut no small one out. Of
/// as many connections as there may be these are 256 MiB.
pub const UNCOUNTED_BYTES: usize = 64 * 1024;
/// What is set aside for each row of the answer to a write before anything is written. Few rows are
/// longer: those that quote long ids, or list what is allowed.
pub const ANSWER_ROW_BYTES: usize = 1024;
/// Reads of the ledger or of large pages that are worked on at once; more wait.
pub const READS_MAX: usize = 32;
/// The same of event streams.
pub const STREAM_READS_MAX: usize = 4;
/// Reports that are made at once: each walks all customers of its tenant.
pub const REPORTS_MAX: usize = 1;
/// Of them and those that wait for their turn, those of one tenant.
pub const REPORTS_WAITING_MAX: usize = 4;
/// Requests of one tenant whose events are held against schemas at once; those that wait for the
/// writer wait for this, too.
pub const CHECKS_MAX: usize = 1;
/// How long a body may take to arrive.
pub const BODY_WAIT_MAX: Duration = Duration::from_secs(30);
/// The same of a body that begins when of the connections less than a quarter is free.
pub const BODY_WAIT_BUSY_MAX: Duration = Duration::from_secs(5);
/// How long a connection may take to send a request's head, also the first and the next one.
pub const HEAD_WAIT_MAX: Duration = Duration::from_secs(15);
/// The same of a connection that comes when of the connections less than a quarter is free, so
/// that those who say nothing make room for those who do.
pub const HEAD_WAIT_BUSY_MAX: Duration = Duration::from_secs(2);
/// A request's head; and what a connection holds at once of a body, or of an event stream that is
/// on its way.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long an answer may wait for its asker to take [`TAKEN_BYTES_MIN`] of it; then the connection
/// ends.
pub const TAKE_WAIT_MAX: Duration = Duration::from_secs(30);
/// What counts as taking an answer.
pub const TAKEN_BYTES_MIN: usize = 64 * 1024;
/// What the system may hold of an answer beside us. More than an asker far away needs, and so
/// little that [`TAKEN_BYTES_MIN`] of it is noticed.
pub const SEND_BUFFER_BYTES: usize = 256 * 1024;
/// How long open connections may take to end once the service stops.
pub const DRAIN_WAIT_MAX: Duration = Duration::from_secs(20);
/// Open connections; more wait in the listener's queue.
pub const CONNECTIONS_MAX: usize = 4_096;
/// Connections that wait in the listener's queue; whoever comes then is asked by its system to come
/// again, after a second at the earliest.
pub const ACCEPT_QUEUE_MAX: u32 = 1_024;
/// What of the files that the process may open is left to everything but connections.
pub const FILES_KEPT: usize = 256;
/// Requests of one tenant that wait for a projection or for the writer.
pub const WAITERS_MAX: usize = 1_000;
/// Open event streams of one tenant.
pub const SSE_READERS_MAX: usize = 500;
/// Of the connections that there may be, event streams may hold one in so many, of all tenants
/// together: they stay for as long as they like.
pub const SSE_CONNECTIONS_PART: usize = 2;
/// How far an event stream may fall behind once it has been level with the ledger.
pub const SSE_BEHIND_MAX: u64 = 10_000;
/// Records that an event stream reads from the ledger at once.
pub const SSE_PAGE: u64 = 256;
/// Bytes of events that wait for the reader of one; what follows an event that comes to more is
/// read when they are sent. Of as many streams as there may be these are 64 MiB.
pub const SSE_PAGE_BYTES_MAX: usize = 32 * 1024;
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
/// A customer file that is imported.
pub const IMPORT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Of such a file so much must arrive in [`BODY_WAIT_MAX`], for as long as it takes.
pub const IMPORT_PIECE_BYTES_MIN: usize = 64 * 1024;
/// Customer files that arrive at once, of all tenants together; of each, one.
pub const UPLOADS_MAX: usize = 8;
/// What of the disk a customer file that arrives leaves free.
pub const UPLOAD_FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;
/// Imports of a tenant whose results are kept, with the files of rows that failed; older ones go
/// first.
pub const IMPORTS_KEPT_MAX: usize = 1_000;
/// How long they are kept.
pub const IMPORTS_KEPT_SECONDS: i64 = 90 * 24 * 60 * 60;
/// Errors of an import that its answer lists; the error file has all.
pub const IMPORT_ERRORS_MAX: usize = 100;
/// Identifiers with totals or history in a file that has both: 40 bytes are held for each at most.
pub const BALANCE_IDENTIFIERS_MAX: usize = if cfg!(test) { 64 } else { 8 * 1024 * 1024 };
/// Identifiers of a file that a dry run looks at: it holds five bytes for each.
pub const DRY_RUN_IDENTIFIERS_MAX: usize = 32 * 1024 * 1024;
/// Conflicts that an undone import lists.
pub const IMPORT_CONFLICTS_MAX: usize = 1_000;
/// Bodies above this are read off the async threads.
pub const INLINE_BYTES_MAX: usize = 16 * 1024;
/// Records that a search of the ledger looks at in one request.
pub const FILTER_SCAN_RECORDS_MAX: u64 = 200_000;
/// Bytes of records after which such a search ends as well. Tests of this crate have less, so that
/// few records are too many.
pub const FILTER_SCAN_BYTES_MAX: usize = if cfg!(test) { 1 } else { 256 } * 1024 * 1024;
/// Files of customers, or of rows that failed, that are on their way at once: each keeps a thread
/// until its reader has taken it.
pub const EXPORTS_MAX: usize = 8;
