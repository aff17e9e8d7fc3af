//! An event as a foreign delivery makes it.

use serde_json::value::RawValue;
use touchbook_events::{Envelope, EventType};

/// What `POST /api/v1/events` would take, but for `specversion`.
#[derive(Clone, Debug)]
pub struct Event {
    /// `None` where the delivery names none; the caller then makes a fresh one.
    pub id: Option<String>,
    /// The foreign system, the same for each way in which an object comes from it.
    pub source: String,
    pub event_type: EventType,
    /// `None` where `data` names its object itself.
    pub subject: Option<String>,
    /// As sent; without an offset it is in the tenant's zone.
    pub time: Option<String>,
    /// Fits the catalogue's schema of `event_type`; numbers as they were written.
    pub data: Box<RawValue>,
}

impl Event {
    /// The envelope around it; `fresh_id` names it where the delivery doesn't.
    pub fn envelope<'a>(&'a self, fresh_id: &'a str) -> Envelope<'a> {
        Envelope {
            id: self.id.as_deref().unwrap_or(fresh_id).into(),
            source: self.source.as_str().into(),
            event_type: self.event_type.as_str().into(),
            subject: self.subject.as_deref().map(Into::into),
            time: self.time.as_deref().map(Into::into),
            data: Some(&self.data),
            ..Envelope::default()
        }
    }
}
