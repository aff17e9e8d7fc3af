//! Names of the metrics, with their units last.

use crate::sink::Stored;
use ::metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use touchbook_events::Timestamp;

pub const POLLS_TOTAL: &str = "touchbook_quote_source_polls_total";
pub const FAILURES_TOTAL: &str = "touchbook_quote_source_failures_total";
pub const SESSIONS_TOTAL: &str = "touchbook_quote_source_sessions_total";
pub const SUCCESS_SECONDS: &str = "touchbook_quote_source_success_timestamp_seconds";

/// Tells the recorder what each metric is.
pub fn describe() {
    describe_counter!(POLLS_TOTAL, "Polls of the quote source that were begun");
    describe_counter!(
        FAILURES_TOTAL,
        "Polls of the quote source that came to nothing, by reason"
    );
    describe_counter!(
        SESSIONS_TOTAL,
        "Quote sessions that the quote source told, by what became of them"
    );
    describe_gauge!(
        SUCCESS_SECONDS,
        Unit::Seconds,
        "When the quote source was last read to its end, since 1970; its age is time() less this"
    );
}

pub(crate) fn polled() {
    counter!(POLLS_TOTAL).increment(1);
}

pub(crate) fn failed(code: &'static str) {
    counter!(FAILURES_TOTAL, "reason" => code).increment(1);
}

pub(crate) fn succeeded(now: Timestamp) {
    // Whole seconds are exact in a double.
    gauge!(SUCCESS_SECONDS).set((now.micros() / 1_000_000) as f64);
}

pub(crate) fn stored(stored: Stored) {
    let outcomes = [
        ("accepted", stored.accepted),
        ("duplicate", stored.duplicates),
        ("dead_letter", stored.dead_letters),
    ];
    for (outcome, count) in outcomes {
        counter!(SESSIONS_TOTAL, "outcome" => outcome).increment(count);
    }
}
