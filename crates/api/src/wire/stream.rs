//! Records on the event stream.

use super::event::DecisionName;
use serde::Serialize;
use touchbook_events::{Data, Record, Timestamp};
use touchbook_timeline::Entry;
use utoipa::ToSchema;
use uuid::Uuid;

/// What happened, in short; the record itself is at `/events/{position}`.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamedRecord {
    pub position: u64,
    pub event_id: Option<Box<str>>,
    #[schema(example = "order.updated")]
    pub r#type: Box<str>,
    pub customer_id: Option<Uuid>,
    /// The timeline entry that it is about, as that stands now; null where there is none.
    pub entry_id: Option<Box<str>>,
    pub title: Option<String>,
    pub preview: Option<Box<str>>,
    /// The entry's place in the timeline.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// The source of that entry.
    #[schema(example = "order")]
    pub source: Option<Box<str>>,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    pub decision: DecisionName,
}

/// What a reader is shown of an entry.
pub(crate) struct EntrySummary {
    entry_id: Option<Box<str>>,
    title: String,
    preview: Option<Box<str>>,
    occurred_at: Timestamp,
    source: Box<str>,
}

impl EntrySummary {
    pub(crate) fn of(entry: &Entry<'_>) -> Self {
        Self {
            entry_id: entry.entry_id().map(Into::into),
            title: entry.title(),
            preview: entry.preview().map(Into::into),
            occurred_at: entry.occurred_at(),
            source: entry.source_name().into(),
        }
    }
}

impl StreamedRecord {
    pub(crate) fn new(record: Record, entry: Option<EntrySummary>) -> Self {
        let Record { header, data, sent } = record;
        let (entry_id, title, preview, occurred_at, source) = match entry {
            Some(entry) => (
                entry.entry_id,
                Some(entry.title),
                entry.preview,
                Some(entry.occurred_at),
                Some(entry.source),
            ),
            None => (None, None, None, None, source_of(&data).map(Into::into)),
        };
        Self {
            position: header.position,
            event_id: sent.map(|sent| sent.id),
            r#type: data.type_name().into(),
            customer_id: header.customer.map(|customer| customer.0),
            entry_id,
            title,
            preview,
            occurred_at,
            source,
            time: header.time,
            recorded_at: header.recorded_at,
            decision: if header.is_effective() {
                DecisionName::Effective
            } else {
                DecisionName::Ineffective
            },
        }
    }
}

/// The source of the entry that such a record makes.
fn source_of(data: &Data) -> Option<&str> {
    match data {
        Data::Custom(custom) => Some(&custom.facts.source),
        data => data
            .event_type()
            .entry_source()
            .map(|source| source.as_str()),
    }
}
