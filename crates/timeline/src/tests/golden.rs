//! One customer's timeline after a script.

use super::script::{Asked, Script, at, order};
use crate::{Filter, Sources, State, Timeline};
use serde_json::{Value, json};
use touchbook_events::EntrySource;
use touchbook_projection::Projector;

/// S1-001, S1-002, S1-003, S1-004, S1-005: one entry for each record of each source, with
/// everything that answers show.
#[test]
fn each_source_makes_one_entry() {
    let mut script = Script::new();
    say_something(&mut script);
    do_something(&mut script);
    insta::assert_snapshot!(serde_json::to_string_pretty(&script.timeline()).unwrap());
}

/// Calls, mail, messages, chats.
fn say_something(script: &mut Script) {
    let started =
        json!({ "direction": "inbound", "agent_id": "alex", "source_log": "alex_call_logs" });
    script.send("01-01 10:00:00", "call.started", "call/jane:1", started);
    let email = json!({
        "email_id": "msg_xyz789",
        "subject": "Product inquiry",
        "body": "I'm interested in\nyour amplifiers.",
        "category": "inquiry",
        "created_at": "2024-01-02T08:45:00Z",
    });
    script.send("01-02 09:00:00", "email.received", "email/jane:1", email);
    script.send(
        "01-03 10:00:00",
        "sms.sent",
        "sms/jane:1",
        json!({ "body": "On our way" }),
    );
    let chat = json!({ "session": "qs_abc123", "body": "Is it in stock?" });
    script.send("01-04 10:00:00", "chat.received", "chat/jane:1", chat);
    let quote = json!({
        "status": "quote_sent",
        "company": "Wilson Corp",
        "total": { "amount": 5499.99, "currency": "ZAR" },
        "created_at": "2024-01-05T09:00:00Z",
        "last_activity_at": "2024-01-05T11:30:00Z",
    });
    script.send(
        "01-05 11:31:00",
        "quote.updated",
        "quote/jane:qs_abc123",
        quote,
    );
    let conversation = json!({ "channel": "chat", "status": "open" });
    script.send(
        "01-06 10:00:00",
        "conversation.updated",
        "conversation/jane:1",
        conversation,
    );
}

/// Social media, orders, things written down and planned.
fn do_something(script: &mut Script) {
    let mention = json!({
        "platform": "instagram",
        "interaction_type": "mention",
        "content": "Love your products!",
        "requires_response": false,
        "interaction_date": "2024-01-07T14:20:00Z",
    });
    script.send(
        "01-07 15:00:00",
        "social.received",
        "social/jane:1",
        mention,
    );
    script.send(
        "01-15 10:31:00",
        "order.updated",
        "order/jane:12345",
        order("Complete", "1299.99"),
    );
    let meeting = json!({
        "type": "meeting",
        "subject_line": "Site visit",
        "description": "Measured the hall.",
        "duration_seconds": 5400,
        "outcome": "success",
    });
    script.send(
        "01-16 10:00:00",
        "interaction.logged",
        "interaction/jane:1",
        meeting,
    );
    let step = json!({
        "customer": { "external_id": "jane" },
        "type": "phone_call",
        "title": "Call about the quote",
    });
    script.send(
        "01-16 11:00:00",
        "interaction.created",
        "interaction/jane:2",
        step,
    );
    let done = json!({ "outcome": "contacted", "outcome_details": "She decides on Monday." });
    script.send(
        "01-17 10:00:00",
        "interaction.completed",
        "interaction/jane:2",
        done,
    );
}

/// S1-001: everything that is learned of a call is in its one entry.
#[test]
fn a_call_is_one_entry_through_its_life() {
    let mut script = Script::new();
    let started = json!({ "direction": "inbound" });
    script.send("01-01 10:00:00", "call.started", "call/jane:1", started);
    let ended = json!({ "duration_seconds": 252, "disposition": "hangup" });
    script.send("01-01 10:04:12", "call.ended", "call/jane:1", ended);
    let outcome = json!({ "outcome": "voicemail", "notes": "Asked for a call back" });
    script.send(
        "01-01 10:05:00",
        "call.outcome_recorded",
        "call/jane:1",
        outcome,
    );
    script.send(
        "01-01 10:05:01",
        "call.recording_updated",
        "call/jane:1",
        json!({ "status": "completed" }),
    );
    script.send(
        "01-01 10:05:02",
        "call.recording_updated",
        "call/jane:1",
        json!({ "status": "in-progress" }),
    );
    let transcript = json!({ "status": "completed", "summary": "Wants the big amplifier." });
    script.send(
        "01-01 10:06:00",
        "call.transcribed",
        "call/jane:1",
        transcript,
    );
    script.send(
        "01-01 10:07:00",
        "sentiment.scored",
        "call/jane:1",
        json!({ "score": 0.4 }),
    );
    let entry = &script.timeline()[0];
    assert_eq!(entry["title"], "Inbound call, 4 min 12 s, voicemail");
    assert_eq!(entry["preview"], "Wants the big amplifier.");
    assert_eq!(
        entry["sentiment"],
        json!({ "score": 0.4, "label": "positive" })
    );
    assert_eq!(
        entry["details"]["recording_status"], "completed",
        "S4-034: final is final"
    );
    assert_eq!(
        (&entry["position"], &entry["last_position"]),
        (&json!(1), &json!(7))
    );
    assert_eq!(entry["revision_count"], 6, "a score is no revision");
}

/// An extension that arrives before its opener makes the entry, and the opener fills it.
#[test]
fn a_call_may_end_before_it_is_known_to_have_started() {
    let mut script = Script::new();
    script.send(
        "01-01 10:05:00",
        "sentiment.scored",
        "call/jane:1",
        json!({ "label": "negative" }),
    );
    script.send(
        "01-01 10:04:12",
        "call.ended",
        "call/jane:1",
        json!({ "duration_seconds": 60 }),
    );
    script.send(
        "01-01 10:00:00",
        "call.started",
        "call/jane:1",
        json!({ "direction": "outbound" }),
    );
    let timeline = script.timeline();
    assert_eq!(timeline.as_array().map(Vec::len), Some(1));
    assert_eq!(timeline[0]["title"], "Outbound call, 1 min");
    assert_eq!(
        timeline[0]["occurred_at"], "2024-01-01T10:04:12Z",
        "its first record places it"
    );
    assert_eq!(timeline[0]["type"], "call.ended");
    assert_eq!(timeline[0]["sentiment"]["label"], "negative");
}

/// C7: what somebody says of an entry stands, whenever our own scorer says something else.
#[test]
fn a_senders_own_sentiment_stands_before_what_the_scorer_finds() {
    let mut script = Script::new();
    let sms = |script: &mut Script, subject| {
        script.send("01-01 10:00:00", "sms.received", subject, json!({}));
    };
    let found = |script: &mut Script, time, subject| {
        let score = json!({ "score": -0.5 });
        script.send(time, "sentiment.scored", subject, score);
    };
    sms(&mut script, "sms/jane:1");
    found(&mut script, "01-01 10:00:00", "sms/jane:1");
    assert_eq!(script.timeline()[0]["sentiment"]["label"], "negative");
    script.rate("01-01 09:00:00", "sms/jane:1", 1.0);
    found(&mut script, "01-02 10:00:00", "sms/jane:1");
    found(&mut script, "01-02 10:00:00", "sms/jane:2");
    script.rate("01-01 09:00:00", "sms/jane:2", 1.0);
    sms(&mut script, "sms/jane:2");
    for entry in script.timeline().as_array().unwrap() {
        let want = json!({ "score": 1, "label": "positive" });
        assert_eq!(entry["sentiment"], want, "{entry}");
    }
}

/// S1-049, C9: a revision changes the one entry; an older one counts and does not become current.
#[test]
fn an_order_shows_its_latest_revision_whenever_that_arrives() {
    let mut script = Script::new();
    let revision = |status: &str, updated_at: &str| {
        let mut order = order(status, "1299.99");
        order["updated_at"] = json!(updated_at);
        order
    };
    let newest = revision("Shipped", "2024-01-18T00:00:00Z");
    script.send("01-18 00:00:00", "order.updated", "order/jane:1", newest);
    let older = revision("Pending", "2024-01-16T00:00:00Z");
    script.send("01-18 00:00:00", "order.updated", "order/jane:1", older);
    let amount = json!({ "amount": { "amount": "100.5", "currency": "ZAR" } });
    script.send(
        "01-19 00:00:00",
        "order.refunded",
        "order/jane:1",
        amount.clone(),
    );
    let known = json!({ "refund_id": "R1", "amount": { "amount": "7", "currency": "ZAR" } });
    script.send("01-19 12:00:00", "order.refunded", "order/jane:1", known);
    let known = json!({ "refund_id": "R1", "amount": amount["amount"] });
    script.send("01-20 00:00:00", "order.refunded", "order/jane:1", known);
    let entry = &script.timeline()[0];
    assert_eq!(
        entry["title"],
        "Order 1 Shipped, ZAR 1299.99, refunded ZAR 201.00"
    );
    assert_eq!(
        entry["occurred_at"], "2024-01-15T10:30:00Z",
        "where it was ordered"
    );
    assert_eq!(entry["revision_count"], 5);
    assert_eq!(
        entry["details"]["refunded"],
        json!([{ "currency": "ZAR", "amount": "201.00" }])
    );
    let paid = json!({ "payment_method": "Card", "updated_at": "2024-01-17T00:00:00Z" });
    script.send("01-21 00:00:00", "order.updated", "order/jane:1", paid);
    let details = &script.timeline()[0]["details"];
    assert_eq!(
        details["payment_method"], "Card",
        "an older revision fills what is not known"
    );
    assert_eq!(details["status"], "Shipped");
}

/// S1-006: by when it happened, newest first, ties by position; a late event lands in its place.
#[test]
fn entries_stand_in_the_order_in_which_they_happened() {
    let mut script = Script::new();
    for (time, name) in [
        ("03", "c"),
        ("01", "a"),
        ("02", "tie1"),
        ("02", "tie2"),
        ("04", "d"),
    ] {
        let (time, subject) = (format!("01-{time} 00:00:00"), format!("sms/jane:{name}"));
        script.send(&time, "sms.sent", &subject, json!({ "body": name }));
    }
    assert_eq!(script.each("preview"), ["d", "c", "tie2", "tie1", "a"]);
    let page = |state: &State, from: Option<&str>, to: Option<&str>| {
        let filter = Filter {
            from: from.map(at),
            to: to.map(at),
            ..Filter::default()
        };
        let page = state.page(&filter, 10, None);
        page.entries
            .iter()
            .filter_map(|entry| entry.preview().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    script.jane(|state| {
        let (second, third) = ("01-02 00:00:00", "01-03 00:00:00");
        assert_eq!(
            page(state, Some(second), Some(third)),
            ["c", "tie2", "tie1"],
            "S1-023"
        );
        assert_eq!(page(state, Some(third), Some(second)), [""; 0]);
        assert_eq!(page(state, None, Some("01-01 00:00:00")), ["a"]);
    });
}

/// S1-022: any subset of sources, their union; none is all.
#[test]
fn a_page_shows_the_sources_that_are_asked_for() {
    let mut script = Script::new();
    script.send(
        "01-01 00:00:00",
        "sms.sent",
        "sms/jane:1",
        json!({ "body": "a" }),
    );
    script.send("01-02 00:00:00", "call.started", "call/jane:1", json!({}));
    script.send(
        "01-03 00:00:00",
        "chat.sent",
        "chat/jane:1",
        json!({ "body": "c" }),
    );
    script.send(
        "01-04 00:00:00",
        "quote.updated",
        "quote/jane:1",
        json!({ "status": "active" }),
    );
    let sources = |wanted: &[EntrySource]| {
        let sources = wanted.iter().copied().collect::<Sources>();
        script.jane(|state| {
            let page = state.page(
                &Filter {
                    sources,
                    ..Filter::default()
                },
                10,
                None,
            );
            page.entries
                .iter()
                .map(|entry| entry.source().as_str())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(sources(&[EntrySource::Chat]), ["chat", "chat"]);
    assert_eq!(
        sources(&[EntrySource::Sms, EntrySource::Call]),
        ["call", "sms"]
    );
    assert_eq!(sources(&[EntrySource::Order]), [""; 0]);
    assert_eq!(sources(&[]).len(), 4);
}

/// Erased entries stay with their numbers, without words.
#[test]
fn an_erased_entry_keeps_its_numbers() {
    let mut script = Script::new();
    script.send(
        "01-15 10:31:00",
        "order.updated",
        "order/jane:12345",
        order("Complete", "1299.99"),
    );
    script.send(
        "01-16 10:31:00",
        "sms.received",
        "sms/jane:1",
        json!({ "body": "secret" }),
    );
    let mut state = State::default();
    for record in script.driver.records() {
        let mut record = record.clone();
        record.data.erase();
        record.sent = None;
        Timeline::apply(&mut state, &record);
    }
    let page = state.page(&Filter::default(), 10, None);
    let shown = serde_json::to_value(&page.entries).unwrap();
    assert_eq!(shown[1]["title"], "Order Complete, ZAR 1299.99");
    for member in ["entry_id", "event_id", "preview"] {
        assert_eq!(shown[0][member], Value::Null, "{member}");
    }
    assert!(!shown.to_string().contains("jane"));
}

/// An entry is found by its subject, with every member that it has on a page.
#[test]
fn an_entry_is_found_by_its_subject() {
    let mut script = Script::new();
    script.send(
        "01-01 00:00:00",
        "sms.sent",
        "sms/jane:1",
        json!({ "body": "a" }),
    );
    let subject = script.driver.key().subject("sms/jane:1");
    script.jane(|state| {
        let entry = state.entry(subject).unwrap();
        assert_eq!(entry.entry_id(), Some("sms/jane:1"));
        assert_eq!(state.page(&Filter::default(), 1, None).entries, [entry]);
        assert!(state.entry(touchbook_events::Digest::default()).is_none());
    });
}

/// Writing down that a planned step was skipped leaves nothing waiting.
#[test]
fn a_skipped_step_makes_no_entry() {
    let mut script = Script::new();
    let step = json!({ "customer": { "external_id": "jane" }, "type": "call", "title": "Call" });
    script.send(
        "01-01 00:00:00",
        "interaction.created",
        "interaction/jane:1",
        step,
    );
    script.send(
        "01-02 00:00:00",
        "interaction.skipped",
        "interaction/jane:1",
        json!({}),
    );
    script.jane(|state| assert_eq!(*state, State::default()));
}

/// A second way by which the same message comes may know less of it (C30).
#[test]
fn a_message_that_is_told_of_again_loses_nothing() {
    let mut script = Script::new();
    let known = json!({ "body": "On our way.", "agent_id": "alex", "source_log": "alex_sms_logs" });
    script.send("01-01 10:00:00", "sms.sent", "sms/jane:1", known);
    let less = json!({ "body": "On our way." });
    script.send("01-01 10:00:01", "sms.sent", "sms/jane:1", less);
    let details = &script.timeline()[0]["details"];
    assert_eq!(details["agent_id"], "alex");
    assert_eq!(details["source_log"], "alex_sms_logs");
}

/// Which way a message went, its first record says; a copy in somebody's outbox changes nothing.
#[test]
fn a_message_goes_the_way_that_its_first_record_says() {
    let mut script = Script::new();
    let email = || json!({ "subject": "Offer", "body": "Yes please." });
    script.send("01-01 10:00:00", "email.received", "email/jane:1", email());
    script.send("01-01 10:00:01", "email.sent", "email/jane:1", email());
    assert_eq!(script.timeline()[0]["title"], "E-mail received: Offer");
}
