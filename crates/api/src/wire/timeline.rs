//! Timelines and entries as they are answered.

use super::event::EventRecord;
use super::reference::ResolvedFrom;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use touchbook_events::CustomerId;
use touchbook_timeline::Entry;
use utoipa::ToSchema;
use uuid::Uuid;

/// A touchpoint: one object with all that was recorded about it.
#[derive(ToSchema)]
#[schema(as = Entry)]
#[expect(
    dead_code,
    reason = "the documentation of `Entry`, which a test compares"
)]
pub(crate) struct EntryDocument {
    /// The subject; null once erased, as is `event_id`.
    #[schema(example = "order/12345")]
    entry_id: Option<String>,
    /// Of its first record.
    position: u64,
    /// Of its first record.
    event_id: Option<String>,
    /// Of its newest record.
    last_position: u64,
    /// Records that made or changed it, the first included.
    revision_count: u32,
    /// `call`, `email`, `sms`, `chat`, `social`, `order`, `manual` or `workflow`.
    #[schema(example = "order")]
    source: String,
    /// Type of its first record.
    #[schema(example = "order.updated")]
    r#type: String,
    /// Its place in the timeline.
    #[schema(format = DateTime)]
    occurred_at: String,
    #[schema(format = DateTime)]
    recorded_at: String,
    title: String,
    /// At most 80 characters.
    preview: Option<String>,
    sentiment: Option<SentimentDocument>,
    /// Typed by source.
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

#[derive(ToSchema)]
#[schema(as = Sentiment)]
#[expect(dead_code, reason = "the documentation of a sentiment")]
pub(crate) struct SentimentDocument {
    /// −1 to 1.
    score: f64,
    #[schema(example = "neutral")]
    label: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of a timeline")]
pub(crate) struct TimelinePage {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    /// Newest first.
    items: Vec<EntryDocument>,
    next_cursor: Option<String>,
    /// Present while the timeline is as of before the record at this position, whose fold failed.
    #[schema(required = false)]
    stale_since: Option<u64>,
}

/// A page as it is written.
#[derive(Serialize)]
pub(crate) struct PageAnswer<'a> {
    pub customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
    pub items: &'a [Entry<'a>],
    pub next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_since: Option<u64>,
}

/// An entry with everything that was recorded about it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of `EntryAnswer`")]
pub(crate) struct EntryWithHistory {
    customer_id: Uuid,
    entry: EntryDocument,
    /// Its records, oldest first; of a long history the last 500, or as many as have 2 MiB.
    history: Vec<EventRecord>,
    /// How many older records are left out; `/ledger/events?subject=` has all.
    history_omitted: u64,
}

#[derive(Serialize)]
pub(crate) struct EntryAnswer<'a> {
    pub customer_id: Uuid,
    pub entry: Entry<'a>,
    pub history: VecDeque<Box<RawValue>>,
    pub history_omitted: u64,
}
