//! Names of the metrics, with their units last.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub const RECORDS_TOTAL: &str = "touchbook_ledger_records_total";
pub const COMMITS_TOTAL: &str = "touchbook_ledger_commits_total";
pub const COMMIT_SECONDS: &str = "touchbook_ledger_commit_duration_seconds";
pub const COMMIT_ERRORS_TOTAL: &str = "touchbook_ledger_commit_errors_total";
pub const DISK_BYTES: &str = "touchbook_ledger_disk_bytes";
pub const LOGICAL_BYTES: &str = "touchbook_ledger_logical_bytes";
pub const DISK_RATIO: &str = "touchbook_ledger_disk_ratio";
pub const DAMAGED_POSITIONS: &str = "touchbook_ledger_damaged_positions";
pub const SCRUBBED_BYTES_TOTAL: &str = "touchbook_ledger_scrubbed_bytes_total";
pub const SCRUB_COMPLETED_SECONDS: &str = "touchbook_ledger_scrub_completed_timestamp_seconds";
pub const MEMORY_BYTES: &str = "touchbook_memory_bytes";
pub const RESIDENT_BYTES: &str = "process_resident_memory_bytes";
pub const EVENTS_TOTAL: &str = "touchbook_events_total";
pub const DEAD_LETTERS_TOTAL: &str = "touchbook_dead_letters_total";
pub const PROJECTION_LAG_RECORDS: &str = "touchbook_projection_lag_records";
pub const PROJECTION_QUARANTINED: &str = "touchbook_projection_quarantined_customers";
pub const PROJECTION_STALLED: &str = "touchbook_projection_stalled";
pub const STREAM_LAG_MESSAGES: &str = "touchbook_stream_lag_messages";
pub const STREAM_STOPPED: &str = "touchbook_stream_stopped";
pub const STREAM_CONNECTED: &str = "touchbook_stream_connected";
pub const SENTIMENT_SCORED_TOTAL: &str = "touchbook_sentiment_scored_total";
pub const SENTIMENT_SKIPPED_TOTAL: &str = "touchbook_sentiment_skipped_records_total";
pub const SENTIMENT_LAG_RECORDS: &str = "touchbook_sentiment_lag_records";
pub const SNAPSHOT_SECONDS: &str = "touchbook_snapshot_duration_seconds";
pub const SNAPSHOT_ERRORS_TOTAL: &str = "touchbook_snapshot_errors_total";

/// Every name above, so that alerts can be checked against them.
pub const ALL: &[&str] = &[
    RECORDS_TOTAL,
    COMMITS_TOTAL,
    COMMIT_SECONDS,
    COMMIT_ERRORS_TOTAL,
    DISK_BYTES,
    LOGICAL_BYTES,
    DISK_RATIO,
    DAMAGED_POSITIONS,
    SCRUBBED_BYTES_TOTAL,
    SCRUB_COMPLETED_SECONDS,
    MEMORY_BYTES,
    RESIDENT_BYTES,
    EVENTS_TOTAL,
    DEAD_LETTERS_TOTAL,
    PROJECTION_LAG_RECORDS,
    PROJECTION_QUARANTINED,
    PROJECTION_STALLED,
    STREAM_LAG_MESSAGES,
    STREAM_STOPPED,
    STREAM_CONNECTED,
    SENTIMENT_SCORED_TOTAL,
    SENTIMENT_SKIPPED_TOTAL,
    SENTIMENT_LAG_RECORDS,
    SNAPSHOT_SECONDS,
    SNAPSHOT_ERRORS_TOTAL,
];

/// Tells the recorder what each metric is.
pub fn describe() {
    describe_ledger();
    describe_events();
    describe_snapshots();
}

fn describe_ledger() {
    describe_counter!(RECORDS_TOTAL, "Records that were made durable");
    describe_counter!(COMMITS_TOTAL, "Commits, one sync each");
    describe_histogram!(
        COMMIT_SECONDS,
        Unit::Seconds,
        "From the first byte to the sync's return"
    );
    describe_counter!(
        COMMIT_ERRORS_TOTAL,
        "Commits that failed; the first stops all writes"
    );
    describe_gauge!(DISK_BYTES, Unit::Bytes, "What the ledger takes on disk");
    describe_gauge!(
        LOGICAL_BYTES,
        Unit::Bytes,
        "Encoded records, before compression"
    );
    describe_gauge!(DISK_RATIO, "Bytes on disk for a byte of encoded records");
    describe_gauge!(
        DAMAGED_POSITIONS,
        "Places at which the ledger was found damaged since the start"
    );
    describe_counter!(
        SCRUBBED_BYTES_TOTAL,
        "Bytes of the ledger that were read to see whether they are whole"
    );
    describe_gauge!(
        SCRUB_COMPLETED_SECONDS,
        Unit::Seconds,
        "When everything stored was last read, or else the start, since 1970"
    );
    describe_gauge!(
        MEMORY_BYTES,
        Unit::Bytes,
        "What each part has in memory; projections by what their states hold, \
         the store's cache by its limit"
    );
    describe_gauge!(
        RESIDENT_BYTES,
        Unit::Bytes,
        "What the process has in memory"
    );
}

fn describe_events() {
    describe_counter!(EVENTS_TOTAL, "Events decided, by outcome");
    describe_counter!(DEAD_LETTERS_TOTAL, "Dead letters kept, by reason");
    describe_gauge!(
        PROJECTION_LAG_RECORDS,
        "Durable records that a projection has yet to fold"
    );
    describe_gauge!(PROJECTION_QUARANTINED, "Customers whose fold failed");
    describe_gauge!(PROJECTION_STALLED, "1 where a projection can't go on");
    describe_gauge!(
        STREAM_LAG_MESSAGES,
        "Messages in the stream that the ledger has yet to take"
    );
    describe_gauge!(
        STREAM_STOPPED,
        "1 where reading stopped with stream_rewound or stream_gap"
    );
    describe_gauge!(STREAM_CONNECTED, "1 while the stream's server is reached");
    describe_counter!(
        SENTIMENT_SCORED_TOTAL,
        "Scores of what customers said that this node published"
    );
    describe_counter!(
        SENTIMENT_SKIPPED_TOTAL,
        "Records that the scorer could not bear, and passed by"
    );
    describe_gauge!(
        SENTIMENT_LAG_RECORDS,
        "Durable records that the scorer has yet to look at"
    );
}

fn describe_snapshots() {
    describe_histogram!(
        SNAPSHOT_SECONDS,
        Unit::Seconds,
        "One tenant's snapshots of one projection"
    );
    describe_counter!(
        SNAPSHOT_ERRORS_TOTAL,
        "Snapshots that could not be written; a start folds more"
    );
}
