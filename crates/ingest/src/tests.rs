//! What comes out is held to what the service takes.

mod agent_logs;
mod call_system;
mod documents;
mod fields;
mod laws;
mod mail;
mod meta;
mod same;
mod shopify;

use crate::sync::{self, Sync};
use crate::{Event, webhook};
use serde_json::{Value, json};
use touchbook_events::incoming::Entrance;
use touchbook_events::{EventType, Incoming, Principal, Problem, TenantKey};

/// As the service reads it.
fn accepted(event: &Event) -> Incoming {
    let key = TenantKey::from_salt(b"test");
    let principal = Principal::producer();
    let (envelope, bytes) = (event.envelope("fresh-1"), event.data.get().len());
    for (name, attribute) in [
        ("id", Some(&*envelope.id)),
        ("source", Some(&*envelope.source)),
        ("subject", envelope.subject.as_deref()),
    ] {
        let chars = attribute.map(|attribute| attribute.chars().count());
        assert!(
            chars.is_none_or(|chars| (1..=500).contains(&chars)),
            "{name} {attribute:?}"
        );
    }
    // The stream's other nodes read it from its text.
    let json = Incoming::republish(&envelope, &principal, "acme");
    Incoming::read(&json, Entrance::Service, &principal, &key).unwrap();
    Incoming::from_envelope(&envelope, bytes, Entrance::Service, &principal, &key)
        .unwrap_or_else(|problem| panic!("{problem}: {}", event.data))
}

fn subject(event: &Event) -> String {
    accepted(event).sent.subject.into()
}

fn data(event: &Event) -> Value {
    serde_json::from_str(event.data.get()).unwrap()
}

fn at(event: &Event, pointer: &str) -> Value {
    data(event).pointer(pointer).cloned().unwrap_or(Value::Null)
}

fn synced(action: &str, data: &Value) -> Result<Vec<Event>, Problem> {
    let body = json!({ "action": action, "data": data }).to_string();
    match sync::read(&body, None)? {
        Sync::Events(events) => Ok(events),
        Sync::Profiles(_) => panic!("{action} makes events"),
    }
}

fn pushed(name: &str, data: &Value) -> Result<Vec<Event>, Problem> {
    webhook::read(&json!({ "type": name, "data": data }).to_string(), None)
}

/// All of an event but what its caller adds.
fn written(event: &Event) -> String {
    let Event {
        id,
        source,
        event_type,
        subject,
        time,
        data,
    } = event;
    format!("{id:?} {source} {event_type} {subject:?} {time:?} {data}")
}

fn all_written(events: &[Event]) -> Vec<String> {
    events.iter().map(written).collect()
}

fn types(events: &[Event]) -> Vec<EventType> {
    events.iter().map(|event| event.event_type).collect()
}
