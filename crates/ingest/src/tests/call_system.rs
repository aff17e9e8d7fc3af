//! What an AI call system sends.

use super::{accepted, all_written, at, subject, types};
use crate::{Event, call_system};
use serde_json::{Value, json};
use touchbook_events::EventType;

fn call() -> Value {
    json!({
        "call_id": "c-9", "customer_phone": "+27123456789", "agent_id": "ai-1",
        "direction": "outbound", "started_at": "2024-01-15T10:00:00Z",
        "ended_at": "2024-01-15T10:03:20Z", "duration_seconds": 200, "outcome": "No Answer",
        "notes": "Rang twice", "transcript": "Hello?", "summary": "Nobody there",
        "recording_url": "https://calls.example/c-9.mp3", "sentiment": -0.25, "room": "blue",
    })
}

fn read(body: &Value) -> Vec<Event> {
    call_system::read(&body.to_string()).unwrap()
}

/// S1-108, S1-109, S1-110, S1-111, S1-112.
#[test]
fn a_call_is_one_event_for_each_thing_that_is_told() {
    let events = read(&call());
    assert_eq!(
        types(&events),
        [
            EventType::CallStarted,
            EventType::CallEnded,
            EventType::CallOutcomeRecorded,
            EventType::CallRecordingUpdated,
            EventType::CallTranscribed,
            EventType::SentimentScored,
        ]
    );
    for event in &events {
        assert_eq!(subject(event), "call/c-9", "{}", event.event_type);
    }
    assert_eq!(at(&events[0], "/customer/phone"), "+27123456789");
    assert_eq!(at(&events[0], "/room"), "blue");
    assert_eq!(
        at(&events[0], "/notes"),
        Value::Null,
        "the outcome has them"
    );
    assert_eq!(at(&events[1], "/duration_seconds"), 200);
    assert_eq!(at(&events[2], "/outcome"), "No Answer");
    assert_eq!(at(&events[2], "/notes"), "Rang twice");
    assert_eq!(at(&events[3], "/url"), "https://calls.example/c-9.mp3");
    assert_eq!(at(&events[4], "/text"), "Hello?");
    assert_eq!(at(&events[4], "/status"), "completed");
    assert_eq!(at(&events[5], "/score"), json!(-0.25));
    let times: Vec<_> = events.iter().map(|event| event.time.as_deref()).collect();
    assert_eq!(times[0], Some("2024-01-15T10:00:00Z"));
    assert!(
        times[1..]
            .iter()
            .all(|time| *time == Some("2024-01-15T10:03:20Z")),
        "{times:?}"
    );
}

#[test]
fn only_the_calls_name_is_needed() {
    let events = read(&json!({ "call_id": "c-9" }));
    assert_eq!(types(&events), [EventType::CallStarted]);
    accepted(&events[0]);
    let all = call();
    for name in all
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "call_id")
    {
        for value in [None, Some(Value::Null)] {
            let mut members = all.as_object().unwrap().clone();
            members.remove(name);
            members.extend(value.map(|value| (name.clone(), value)));
            read(&members.into())
                .iter()
                .for_each(|event| drop(accepted(event)));
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (name, wrong) in [
        ("call_id", json!(5)),
        ("call_id", json!(" ")),
        ("customer_email", json!("jane")),
        ("customer_phone", json!(27)),
        ("agent_id", json!({})),
        ("direction", json!("up")),
        ("started_at", json!("soon")),
        ("ended_at", json!(5)),
        ("duration_seconds", json!(1.5)),
        ("outcome", json!("x".repeat(51))),
        ("notes", json!([])),
        ("transcript", json!(5)),
        ("summary", json!(5)),
        ("recording_url", json!(false)),
        ("sentiment", json!("angry")),
        ("sentiment", json!(1.5)),
    ] {
        let mut call = call();
        call[name] = wrong.clone();
        let problem = call_system::read(&call.to_string()).unwrap_err();
        assert_eq!(problem.pointer, format!("/{name}"), "{wrong}: {problem}");
    }
    assert_eq!(call_system::read("{}").unwrap_err().pointer, "/call_id");
}

/// An end that isn't told follows from the beginning and the length.
#[test]
fn the_end_is_computed_where_it_can_be() {
    let events = read(&json!({
        "call_id": "c", "started_at": "2024-01-15 10:00:00", "duration_seconds": 61,
    }));
    assert_eq!(events[1].time.as_deref(), Some("2024-01-15 10:01:01"));
    let events = read(&json!({ "call_id": "c", "duration_seconds": 61 }));
    assert_eq!(
        (events[1].time.as_deref(), at(&events[1], "/ended_at")),
        (None, Value::Null)
    );
}

/// A body that comes again with more in it repeats nothing.
#[test]
fn what_was_told_before_is_a_duplicate() {
    let mut before = call();
    let members = before.as_object_mut().unwrap();
    for later in ["transcript", "summary", "sentiment", "recording_url"] {
        members.remove(later);
    }
    let before = all_written(&read(&before));
    let after = all_written(&read(&call()));
    assert_eq!(before.len(), 3);
    assert!(
        before.iter().all(|event| after.contains(event)),
        "{before:#?}\n{after:#?}"
    );
    let mut changed = call();
    changed["outcome"] = json!("contacted");
    let changed = all_written(&read(&changed));
    let news: Vec<_> = changed
        .iter()
        .filter(|event| !after.contains(event))
        .collect();
    assert_eq!(news.len(), 1, "{news:#?}");
    assert!(news[0].contains("call.outcome_recorded"), "{news:?}");
}

/// An outcome is what notes belong to; without one they stay with the call.
#[test]
fn notes_without_an_outcome_are_kept() {
    let events = read(&json!({ "call_id": "c", "notes": "Busy line" }));
    assert_eq!(at(&events[0], "/notes"), "Busy line");
}
