//! Which object an event is about, and when it came to be.

use crate::{event, read};
use touchbook_events::{EventType, Incoming, Timestamp};

fn without_subject(event_type: &str, data: &str) -> Incoming {
    let json = event(event_type, data).replace(r#""subject":"about/1","#, "");
    read(&json).unwrap_or_else(|problem| panic!("{event_type}: {problem}"))
}

fn subject(event_type: &str, data: &str) -> String {
    without_subject(event_type, data).sent.subject.into()
}

#[test]
fn a_payload_names_its_object() {
    assert_eq!(subject("order.updated", r#"{"order_id":"7"}"#), "order/7");
    assert_eq!(subject("order.updated", "{}"), "order/test#1");
    assert_eq!(
        subject("call.recording_updated", r#"{"call_sid":"CA1"}"#),
        "call/CA1"
    );
    let both = r#"{"call_id":"7","call_sid":"CA1"}"#;
    assert_eq!(subject("call.recording_updated", both), "call/7");
}

/// An id is unique only within its source: two shops' events never meet in one subject.
#[test]
fn sources_that_count_alike_are_about_different_objects() {
    let of = |source: &str| {
        let json = event("sms.received", r#"{"body":"Hi"}"#)
            .replace(r#""subject":"about/1","#, "")
            .replace(r#""source":"test""#, &format!(r#""source":"{source}""#));
        read(&json).unwrap()
    };
    let (north, south) = (of("/shops/north"), of("/shops/south"));
    assert_eq!(&*north.sent.subject, "sms//shops/north#1");
    assert_ne!(north.subject, south.subject);
    let sent = event("sms.received", "{}").replace("about/1", "sms//shops/north#1");
    assert_eq!(
        read(&sent).unwrap().subject,
        north.subject,
        "others may name it"
    );
}

/// A call's other names are subjects that find the call.
#[test]
fn a_recording_finds_its_call_by_the_sid() {
    let started = without_subject(
        "call.started",
        r#"{"call_id":"7","aliases":{"call_sid":"CA1"}}"#,
    );
    let aliases: Vec<String> = (started.data.aliases())
        .map(|alias| EventType::CallStarted.subject(alias))
        .collect();
    assert_eq!(
        aliases,
        [subject("call.recording_updated", r#"{"call_sid":"CA1"}"#)]
    );
}

/// Social entries without a platform id: the same post by the same person is one entry.
#[test]
fn social_entries_are_told_apart_by_what_they_say_of_themselves() {
    let of = |handle: &str, kind: &str, date: &str| {
        let data = format!(
            r#"{{"platform":"twitter","interaction_type":"{kind}","handle":"{handle}","interaction_date":"{date}"}}"#
        );
        subject("social.received", &data)
    };
    let one = of("@JaneDoe", "mention", "2024-01-15T11:00:00Z");
    assert!(one.starts_with("social/") && one.len() == 7 + 32, "{one}");
    assert_eq!(one, of("janedoe", "mention", "2024-01-15T13:00:00+02:00"));
    assert_ne!(one, of("janedoe", "dm", "2024-01-15T11:00:00Z"));
    assert_ne!(one, of("johndoe", "mention", "2024-01-15T11:00:00Z"));
    assert_eq!(
        subject("social.received", r#"{"platform":"twitter"}"#),
        "social/test#1"
    );
    assert_eq!(
        subject("social.received", r#"{"social_id":"99"}"#),
        "social/99"
    );
}

#[test]
fn sentiment_needs_the_entry_that_it_is_about() {
    let json = event("sentiment.scored", r#"{"score":0}"#).replace(r#""subject":"about/1","#, "");
    assert_eq!(read(&json).unwrap_err().pointer, "/subject");
}

#[test]
fn a_policy_is_named_by_the_payload_or_the_subject() {
    let nameless = event("policy.defined", r#"{"value":60}"#);
    assert!(read(&nameless).is_ok(), "the subject may name it");
    let problem = read(&nameless.replace(r#""subject":"about/1","#, "")).unwrap_err();
    assert_eq!(problem.pointer, "/data/name");
    assert!(problem.allowed.iter().any(|name| name == "response_sla"));
}

#[test]
fn whole_objects_say_when_they_came_to_be_and_changed() {
    let at = |text: &str| Some(touchbook_events::Moment::parse(text).unwrap().at());
    let quote = without_subject(
        "quote.updated",
        r#"{"created_at":"2024-01-15T09:00:00Z","last_activity_at":"2024-01-15T11:30:00Z"}"#,
    );
    assert_eq!(quote.data.placed_at(), at("2024-01-15T09:00:00Z"));
    assert_eq!(quote.data.changed_at(), at("2024-01-15T11:30:00Z"));
    let order = without_subject("order.updated", r#"{"ordered_at":null}"#);
    assert_eq!(
        (order.data.placed_at(), order.data.changed_at()),
        (None::<Timestamp>, None)
    );
}
