//! Records on the event stream.

use super::event::DecisionName;
use serde::Serialize;
use touchbook_events::{Record, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// What happened, in short; the record itself is at `/events/{position}`.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamedRecord {
    pub position: u64,
    pub event_id: Option<Box<str>>,
    #[schema(example = "order.updated")]
    pub r#type: &'static str,
    pub customer_id: Option<Uuid>,
    /// The timeline entry that it makes or extends, where its type makes one.
    pub entry_id: Option<Box<str>>,
    /// The source of that entry.
    #[schema(example = "order")]
    pub source: Option<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    pub decision: DecisionName,
}

impl From<Record> for StreamedRecord {
    fn from(record: Record) -> Self {
        let Record { header, sent, .. } = record;
        let source = header.event_type.entry_source();
        let (event_id, subject) = match sent {
            Some(sent) => (Some(sent.id), Some(sent.subject)),
            None => (None, None),
        };
        Self {
            position: header.position,
            event_id,
            r#type: header.event_type.as_str(),
            customer_id: header.customer.map(|customer| customer.0),
            entry_id: subject.filter(|_| source.is_some()),
            source: source.map(|source| source.as_str()),
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
