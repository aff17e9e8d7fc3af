//! The catalogue against what the repository holds of it: examples, schemas, and bytes once
//! written.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod files;
mod fixtures;
mod laws;
mod refusals;
mod schemas;
mod subjects;

use touchbook_events::incoming::Entrance;
use touchbook_events::{
    Decision, EventType, Header, Incoming, Principal, Record, TenantKey, Timestamp,
};
use uuid::Uuid;

/// Reads an event as the service's own side does, which admits every type.
fn read(json: &str) -> Result<Incoming, touchbook_events::Problem> {
    let key = TenantKey::from_salt(b"fixture");
    Incoming::read(json, Entrance::Service, &Principal::producer(), &key)
}

/// The record that `incoming` makes under one fixed header.
fn record(incoming: Incoming) -> Record {
    let recorded_at = Timestamp::from_micros(1_705_314_600_123_456);
    let event_type = incoming.data.event_type();
    let mut data = incoming.data;
    data.resolve(chrono_tz::Tz::UTC);
    Record {
        header: Header {
            position: 42,
            event_key: incoming.event_key,
            customer: Some(touchbook_events::CustomerId(Uuid::from_u128(7))),
            event_type,
            version: event_type.version(),
            time: incoming.time.map_or(recorded_at, |time| time.at()),
            recorded_at,
            principal: incoming.principal,
            stream_sequence: 1000,
            decision: Decision::Effective,
            cause: None,
            correlation: None,
            subject: incoming.subject,
            content: incoming.content,
            key: touchbook_events::record::NOT_SEALED,
        },
        data,
        sent: Some(incoming.sent),
    }
}

fn example(event_type: EventType) -> Record {
    match read(event_type.example()) {
        Ok(incoming) => record(incoming),
        Err(problem) => panic!("the example of {event_type}: {problem}"),
    }
}

/// An event of `event_type` about `about/1` with this payload.
fn event(event_type: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"1","source":"test","type":"{event_type}","subject":"about/1","data":{data}}}"#
    )
}
