//! The examples of document 001, with small values for what they leave out.

use super::{accepted, at, subject, types};
use crate::sync::{self, PROFILES_MAX, Sync};
use crate::{Event, webhook};
use serde_json::json;
use touchbook_events::EventType;

macro_rules! shown {
    ($name:literal) => {
        include_str!(concat!(
            "../../../../tests/it/mission/shown/",
            $name,
            ".json"
        ))
    };
}

pub(super) const ORDER: &str = shown!("order");
pub(super) const SOCIAL: &str = shown!("social");
pub(super) const QUOTE: &str = shown!("quote");
pub(super) const EMAIL: &str = shown!("email");
const PROFILES: &str = shown!("profiles");
const QUOTE_WEBHOOK: &str = shown!("webhook_quote");
const SOCIAL_WEBHOOK: &str = shown!("webhook_social");
const ORDER_WEBHOOK: &str = shown!("webhook_order");
const EMAIL_WEBHOOK: &str = shown!("webhook_email");

pub(super) fn events(body: &str) -> Vec<Event> {
    match sync::read(body, None).unwrap() {
        Sync::Events(events) => events,
        Sync::Profiles(_) => panic!("no events"),
    }
}

/// S1-049.
#[test]
fn an_order_is_one_event_in_the_numbers_own_digits() {
    let events = events(ORDER);
    assert_eq!(types(&events), [EventType::OrderUpdated]);
    assert_eq!(subject(&events[0]), "order/opencart:12345");
    assert_eq!((&events[0].id, &events[0].time), (&None, &None));
    let text = events[0].data.get();
    assert!(
        text.contains(r#""total":{"amount":1299.99,"currency":"ZAR"}"#),
        "{text}"
    );
    assert!(
        text.contains(r#""price": 649.995"#),
        "items as they were written: {text}"
    );
    assert_eq!(at(&events[0], "/customer/external_id"), "opencart:67890");
}

/// S1-063, S1-070: the second event is about the first one's subject.
#[test]
fn a_social_interaction_brings_its_sentiment() {
    let events = events(SOCIAL);
    assert_eq!(
        types(&events),
        [EventType::SocialReceived, EventType::SentimentScored]
    );
    assert_eq!(at(&events[0], "/customer/handle"), "instagram:janesmith");
    assert_eq!(at(&events[0], "/handle"), "@janesmith");
    assert_eq!(subject(&events[0]), subject(&events[1]));
    assert!(subject(&events[0]).starts_with("social/"));
    assert_eq!(at(&events[1], "/label"), "positive");
    assert_eq!(at(&events[1], "/score_source"), "label");
    assert_eq!(events[1].time.as_deref(), Some("2024-01-15T14:20:00Z"));
    assert!(events[1].id.is_some() && events[0].id.is_none());
}

/// S1-075.
#[test]
fn a_quote_session_is_dated_by_its_last_activity() {
    let events = events(QUOTE);
    assert_eq!(types(&events), [EventType::QuoteUpdated]);
    assert_eq!(subject(&events[0]), "quote/qs_abc123");
    assert_eq!(events[0].time.as_deref(), Some("2024-01-15T11:30:00Z"));
    let incoming = accepted(&events[0]);
    assert!(incoming.data.placed_at() < incoming.data.changed_at());
}

/// S1-088.
#[test]
fn an_email_is_its_senders() {
    let events = events(EMAIL);
    assert_eq!(
        types(&events),
        [EventType::EmailReceived, EventType::SentimentScored]
    );
    assert_eq!(subject(&events[0]), "email/msg_xyz789");
    assert_eq!(subject(&events[1]), "email/msg_xyz789");
    assert_eq!(at(&events[0], "/customer/email"), "customer@example.com");
    assert_eq!(at(&events[0], "/from"), "customer@example.com");
}

/// S1-099.
#[test]
fn profiles_to_update_are_a_list_of_references() {
    let Sync::Profiles(profiles) = sync::read(PROFILES, None).unwrap() else {
        panic!("no profiles");
    };
    assert_eq!(profiles, ["email1@example.com", "email2@example.com"]);
    let many = |count: usize| {
        let data = json!({ "customer_ids": vec!["a@example.com"; count] });
        let body = json!({ "action": "bulk_update_profiles", "data": data }).to_string();
        sync::read(&body, None)
    };
    assert!(many(PROFILES_MAX).is_ok());
    assert_eq!(
        many(PROFILES_MAX + 1).unwrap_err().pointer,
        "/data/customer_ids"
    );
    for (data, pointer) in [
        (json!({}), "/data/customer_ids"),
        (
            json!({ "customer_ids": "a@example.com" }),
            "/data/customer_ids",
        ),
        (
            json!({ "customer_ids": ["a@example.com", 5] }),
            "/data/customer_ids/1",
        ),
        (json!({ "customer_ids": [" "] }), "/data/customer_ids/0"),
    ] {
        let body = json!({ "action": "bulk_update_profiles", "data": data }).to_string();
        assert_eq!(
            sync::read(&body, None).unwrap_err().pointer,
            pointer,
            "{body}"
        );
    }
}

/// S1-100.
#[test]
fn an_unknown_action_is_answered_with_those_that_there_are() {
    let problem = sync::read(r#"{"action":"sync_new_source","data":{}}"#, None).unwrap_err();
    assert_eq!(
        (problem.code, &*problem.pointer),
        ("unknown_action", "/action")
    );
    assert_eq!(problem.allowed.len(), 8);
    assert!(
        problem
            .allowed
            .iter()
            .any(|name| name == "sync_agent_sms_log")
    );
    for body in [r#"{"data":{}}"#, r#"{"action":null}"#, r#"{"action":7}"#] {
        let problem = sync::read(body, None).unwrap_err();
        assert_eq!(
            (&*problem.pointer, problem.allowed.len()),
            ("/action", 8),
            "{body}"
        );
    }
}

#[test]
fn a_body_that_is_no_request_is_refused_where_it_is_wrong() {
    for (body, pointer) in [
        ("[]", ""),
        ("7", ""),
        (r#"{"action":"sync_opencart_order"}"#, "/data"),
        (r#"{"action":"sync_opencart_order","data":[]}"#, "/data"),
        (
            r#"{"action":"sync_opencart_order","data":{"order_id":1,"order_id":2}}"#,
            "/data/order_id",
        ),
    ] {
        let problem = sync::read(body, None).unwrap_err();
        assert!(
            !problem.is_unreadable() && problem.pointer == pointer,
            "{body}: {problem}"
        );
    }
    for body in [
        "",
        "{",
        "{}{}",
        "NaN",
        "\u{feff}{}",
        r#"{"action":"\ud800"}"#,
    ] {
        assert!(
            sync::read(body, None).unwrap_err().is_unreadable(),
            "{body}"
        );
    }
}

/// S1-102, S1-103, S1-104, S1-105.
#[test]
fn webhooks_are_taken_with_what_they_leave_out() {
    for (body, want) in [
        (QUOTE_WEBHOOK, "quote/qs_abc123"),
        (ORDER_WEBHOOK, "order/opencart:12345"),
        (EMAIL_WEBHOOK, "email/msg_abc123"),
    ] {
        let events = webhook::read(body, None).unwrap();
        assert_eq!(subject(&events[0]), want);
    }
    let social = webhook::read(SOCIAL_WEBHOOK, None).unwrap();
    assert_eq!(at(&social[0], "/customer/handle"), "twitter:janedoe");
    assert_eq!(subject(&social[0]), subject(&social[1]));
}

/// S1-106, S1-107.
#[test]
fn an_unknown_webhook_is_answered_with_the_types_that_there_are() {
    let problem = webhook::read(r#"{"type":"order","data":{}}"#, None).unwrap_err();
    assert_eq!((problem.code, &*problem.pointer), ("unknown_type", "/type"));
    assert_eq!(problem.allowed, webhook::TYPES);
    assert_eq!(webhook::TYPES.len(), 4);
    let problem = webhook::read(r#"{"data":{}}"#, None).unwrap_err();
    assert_eq!((&*problem.pointer, problem.allowed.len()), ("/type", 4));
}

#[test]
fn a_delivery_names_its_object_and_nothing_else() {
    let Sync::Events(events) = sync::read(SOCIAL, Some("delivery-1")).unwrap() else {
        panic!("no events");
    };
    assert_eq!(events[0].id.as_deref(), Some("delivery-1"));
    assert_ne!(events[1].id.as_deref(), Some("delivery-1"));
    let events = webhook::read(ORDER_WEBHOOK, Some("delivery-2")).unwrap();
    assert_eq!(events[0].id.as_deref(), Some("delivery-2"));
}
