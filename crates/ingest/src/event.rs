//! An event as ingest makes it, before whoever received its source puts it into an envelope.

use serde_json::value::RawValue;
use touchbook_events::EventType;

/// One event of the catalogue; its payload is in the shape of its type's schema.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique within `source`; `None` where the receiver has to make one up.
    pub id: Option<String>,
    /// Who makes such ids, as CloudEvents has it.
    pub source: String,
    pub event_type: EventType,
    /// The object that it is about, where the payload does not name it.
    pub subject: Option<String>,
    /// When it happened, in a form that `touchbook_events::Moment` reads; `None` = now.
    pub time: Option<String>,
    pub data: Box<RawValue>,
}
