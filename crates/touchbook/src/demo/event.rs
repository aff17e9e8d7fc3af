//! A made-up event, before it is sent.

use serde_json::{Value, json};
use touchbook_events::Timestamp;

/// The producer that all events of the demo come from.
const SOURCE: &str = "touchbook/demo";

/// What becomes a CloudEvent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) event_type: &'static str,
    /// What it is about, where its payload does not say.
    pub(super) subject: Option<String>,
    pub(super) time: Timestamp,
    pub(super) data: Value,
}

impl Event {
    pub(super) fn json(&self) -> String {
        let mut event = json!({
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": self.event_type,
            "time": iso(self.time),
            "data": self.data,
        });
        if let Some(subject) = &self.subject {
            event["subject"] = Value::from(subject.as_str());
        }
        event.to_string()
    }
}

/// RFC 3339.
pub(super) fn iso(time: Timestamp) -> String {
    time.to_utc()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
