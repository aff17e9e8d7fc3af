//! Every bound of this crate.

use std::time::Duration;

/// Rows that a page is asked for.
pub const PAGE_ROWS: usize = 200;
/// A page's body. A source whose page is larger is asked for half as many rows; a row that is
/// larger by itself is passed by, and kept as unread.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a connection may take to begin.
pub const CONNECT_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a page may take to arrive, from the first byte sent to the last one received.
pub const PAGE_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long a connection without a request is kept, for the next page.
pub const IDLE_WAIT_MAX: Duration = Duration::from_secs(10);
/// Between two polls where nothing else is said.
pub const INTERVAL_DEFAULT: Duration = Duration::from_secs(60);
/// The longest pause after failures, unless the interval is longer.
pub const BACKOFF_MAX: Duration = Duration::from_secs(15 * 60);
/// The longest pause that a server may ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);
/// What is read again before the last row: rows become visible when their transaction ends, which
/// may be after later ones have.
pub const OVERLAP_SECONDS: i64 = 60;
/// Polls that find nothing new before the overlap is left out.
pub const QUIET_POLLS: u32 = 2;
/// What is read again at each start and once in as much time, for rows of transactions that took
/// longer than the overlap.
pub const LOOK_BACK_SECONDS: i64 = 24 * 60 * 60;
/// Rows without `updated_at` that are read when it is looked back.
pub const UNDATED_ROWS_MAX: usize = 5_000;
/// How far ahead of now a row may be and still be where the next poll begins: a day covers clocks
/// without an offset. Behind a row of next year, all of this year would be skipped.
pub const AHEAD_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Rows of the overlap that are remembered, so that they are not stored over and over.
pub const RECENT_ROWS_MAX: usize = 5_000;
/// Characters of a row's `id`, as JSON.
pub const ROW_ID_CHARS_MAX: usize = 500;
/// Characters of the names of tables.
pub const TABLE_CHARS_MAX: usize = 63;
/// Characters of a key.
pub const KEY_CHARS_MAX: usize = 4_096;
