//! The voice agent's own logs.

use super::{accepted, all_written, at, subject, synced, types};
use serde_json::{Value, json};
use touchbook_events::{Data, EventType};

fn record() -> Value {
    json!({
        "id": 41, "customer_email": "jane@example.com", "customer_phone": "+27123456789",
        "customer_name": "Jane", "agent_id": "alex", "direction": "outbound",
        "at": "2024-01-15 10:00:00", "duration_seconds": 90, "subject": "Quote", "body": "Hello",
    })
}

/// S0-008.
#[test]
fn a_record_of_the_call_log_is_a_call_that_began_and_ended() {
    let events = synced("sync_agent_call_log", &record()).unwrap();
    assert_eq!(
        types(&events),
        [EventType::CallStarted, EventType::CallEnded]
    );
    for event in &events {
        assert_eq!(subject(event), "call/alex_call_logs:41");
    }
    assert_eq!(at(&events[0], "/source_log"), "alex_call_logs");
    assert_eq!(at(&events[0], "/direction"), "outbound");
    assert_eq!(at(&events[0], "/customer/email"), "jane@example.com");
    assert_eq!(
        at(&events[0], "/subject"),
        "Quote",
        "what calls have no place for is kept"
    );
    assert_eq!(events[0].time.as_deref(), Some("2024-01-15 10:00:00"));
    assert_eq!(events[1].time.as_deref(), Some("2024-01-15 10:01:30"));
    assert_eq!(at(&events[1], "/ended_at"), "2024-01-15 10:01:30");
    let Data::CallEnded(ended) = accepted(&events[1]).data else {
        panic!("a call that ended");
    };
    assert_eq!(ended.facts.duration_seconds, Some(90));
}

/// S0-009.
#[test]
fn a_record_of_the_email_log_is_an_email() {
    let events = synced("sync_agent_email_log", &record()).unwrap();
    assert_eq!(types(&events), [EventType::EmailSent]);
    assert_eq!(subject(&events[0]), "email/alex_email_logs:41");
    assert_eq!(at(&events[0], "/source_log"), "alex_email_logs");
    assert_eq!(at(&events[0], "/to"), json!(["jane@example.com"]));
    assert_eq!(at(&events[0], "/created_at"), "2024-01-15 10:00:00");
    assert_eq!(
        (at(&events[0], "/subject"), &events[0].id),
        (json!("Quote"), &None)
    );
    let mut record = record();
    record["direction"] = json!("inbound");
    let events = synced("sync_agent_email_log", &record).unwrap();
    assert_eq!(types(&events), [EventType::EmailReceived]);
    assert_eq!(at(&events[0], "/from"), "jane@example.com");
}

/// S0-010.
#[test]
fn a_record_of_the_sms_log_is_a_message() {
    let events = synced("sync_agent_sms_log", &record()).unwrap();
    assert_eq!(types(&events), [EventType::SmsSent]);
    assert_eq!(subject(&events[0]), "sms/alex_sms_logs:41");
    assert_eq!(at(&events[0], "/source_log"), "alex_sms_logs");
    assert_eq!(at(&events[0], "/to"), "+27123456789");
    let again = synced("sync_agent_sms_log", &record()).unwrap();
    assert_eq!(
        all_written(&events),
        all_written(&again),
        "twice is a duplicate"
    );
    let mut record = record();
    record["body"] = json!("Bye");
    let other = synced("sync_agent_sms_log", &record).unwrap();
    assert_ne!(events[0].id, other[0].id);
    assert_eq!(subject(&events[0]), subject(&other[0]));
    record["direction"] = json!("inbound");
    let inbound = synced("sync_agent_sms_log", &record).unwrap();
    assert_eq!(at(&inbound[0], "/from"), "+27123456789");
}

#[test]
fn an_id_alone_is_enough() {
    for action in [
        "sync_agent_call_log",
        "sync_agent_email_log",
        "sync_agent_sms_log",
    ] {
        for id in [json!(7), json!("log-7")] {
            let events = synced(action, &json!({ "id": id })).unwrap();
            events.iter().for_each(|event| drop(accepted(event)));
        }
        let problem = synced(action, &json!({})).unwrap_err();
        assert_eq!(problem.pointer, "/data/id");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (name, wrong) in [
        ("id", json!(1.5)),
        ("agent_id", json!(5)),
        ("direction", json!("sideways")),
        ("at", json!("noon")),
        ("duration_seconds", json!(-1)),
        ("duration_seconds", json!("90")),
        ("customer_email", json!("jane")),
        ("customer_id", json!(true)),
        ("customer_id", json!("email:jane")),
    ] {
        let mut record = record();
        record[name] = wrong.clone();
        let problem = synced("sync_agent_call_log", &record).unwrap_err();
        assert_eq!(
            problem.pointer,
            format!("/data/{name}"),
            "{wrong}: {problem}"
        );
    }
    let mut record = record();
    record["direction"] = json!("sideways");
    let problem = synced("sync_agent_call_log", &record).unwrap_err();
    assert!(problem.to_string().contains("outbound"), "{problem}");
}

/// C1: the same spellings of a customer as everywhere.
#[test]
fn a_customer_is_named_in_any_of_our_ways() {
    for (sent, pointer, stored) in [
        (
            json!("opencart:67890"),
            "/customer/external_id",
            json!("opencart:67890"),
        ),
        (
            json!("external_id:opencart:67890"),
            "/customer/external_id",
            json!("opencart:67890"),
        ),
        (json!(67890), "/customer/external_id", json!("67890")),
        (
            json!("bob@example.com"),
            "/customer/email",
            json!("bob@example.com"),
        ),
        (
            json!("phone:012 345 6789"),
            "/customer/phone",
            json!("012 345 6789"),
        ),
        (json!("handle:x:bob"), "/customer/handle", json!("x:bob")),
        (
            json!("018f3c1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
            "/customer/id",
            json!("018f3c1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ),
    ] {
        let data = json!({ "id": 1, "customer_id": sent });
        let events = synced("sync_agent_sms_log", &data).unwrap();
        accepted(&events[0]);
        assert_eq!(at(&events[0], pointer), stored, "{sent}");
    }
}
