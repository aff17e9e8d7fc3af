//! A customer's quote sessions after a script.

use super::script::{Asked, Script, shown};
use crate::Quotes;
use crate::quotes::MESSAGES_MAX;
use serde_json::{Value, json};

fn rows(script: &Script) -> Value {
    let mut quotes = Quotes::default();
    script.slice().iter().for_each(|record| quotes.take(record));
    shown(quotes.page(100, None).items)
}

fn session(script: &mut Script) {
    let active = json!({
        "session_id": "qs_abc123",
        "company": "Wilson Corp",
        "status": "active",
        "created_at": "2024-01-15T09:00:00Z",
        "last_activity_at": "2024-01-15T09:00:00Z",
    });
    let subject = "quote/jane:qs_abc123";
    script.send("01-15 09:00:01", "quote.updated", subject, active);
    let sent = json!({
        "status": "quote_sent",
        "total": { "amount": 5499.99, "currency": "ZAR" },
        "items": [{ "name": "Speakers", "quantity": 2, "price": 2749.995 }],
        "last_activity_at": "2024-01-15T11:30:00Z",
        "metadata": { "page": "/speakers" },
    });
    script.send("01-15 11:30:01", "quote.updated", subject, sent);
}

/// S1-044, C22: a session with its statuses, totals, items and chat.
#[test]
fn a_session_shows_its_statuses_and_its_chat() {
    let mut script = Script::new();
    let asked = json!({ "session": "qs_abc123", "body": "Do you ship to Durban?" });
    script.send("01-15 09:10:00", "chat.received", "chat/jane:1", asked);
    session(&mut script);
    let other = json!({ "session": "qs_other", "body": "Hello?" });
    script.send("01-15 09:11:00", "chat.received", "chat/jane:2", other);
    let told = json!({ "session": "quote/jane:qs_abc123", "body": "We do.", "agent_id": "sam" });
    script.send("01-15 09:12:00", "chat.sent", "chat/jane:3", told);
    let rows = rows(&script);
    insta::assert_snapshot!(serde_json::to_string_pretty(&rows).unwrap());
}

/// C22: a session stays in its place, and what is learned late of it becomes history.
#[test]
fn an_older_state_of_a_session_is_history_and_its_place_is_kept() {
    let mut script = Script::new();
    session(&mut script);
    let late = json!({ "status": "viewed", "last_activity_at": "2024-01-15T10:00:00Z" });
    let subject = "quote/jane:qs_abc123";
    script.send("01-16 00:00:00", "quote.updated", subject, late);
    let newer = json!({ "status": "active", "created_at": "2024-01-15T10:00:00Z" });
    script.send("01-15 10:00:00", "quote.updated", "quote/jane:2", newer);
    let rows = rows(&script);
    assert_eq!(rows[0]["entry_id"], "quote/jane:2");
    let row = &rows[1];
    assert_eq!(row["occurred_at"], "2024-01-15T09:00:00Z");
    assert_eq!(
        (&row["status"], &row["last_activity_at"]),
        (&json!("quote_sent"), &json!("2024-01-15T11:30:00Z"))
    );
    let history = row["status_history"].as_array().unwrap();
    let statuses: Vec<_> = history.iter().map(|change| &change["status"]).collect();
    assert_eq!(statuses, ["active", "viewed", "quote_sent"]);
    assert_eq!(row["revision_count"], 3);
}

#[test]
fn a_long_chat_shows_its_end() {
    let mut script = Script::new();
    session(&mut script);
    for number in 0..MESSAGES_MAX + 3 {
        let body = json!({ "session": "qs_abc123", "body": format!("{number}") });
        let time = format!("01-15 10:{:02}:{:02}", number / 60, number % 60);
        script.send(&time, "chat.received", &format!("chat/jane:{number}"), body);
    }
    let row = &rows(&script)[0];
    let messages = row["messages"].as_array().unwrap();
    assert_eq!(messages.len(), MESSAGES_MAX);
    assert_eq!(messages[0]["preview"], "3");
    assert_eq!(
        (&row["messages_omitted"], &row["message_count"]),
        (&json!(3), &json!(MESSAGES_MAX + 3))
    );
}

/// S1-044: what was said without a session, and what is erased, is in no session.
#[test]
fn erased_sessions_keep_their_numbers() {
    let mut script = Script::new();
    session(&mut script);
    let said = json!({ "session": "qs_abc123", "body": "Hello" });
    script.send("01-15 09:10:00", "chat.received", "chat/jane:1", said);
    script.send("01-15 09:11:00", "chat.received", "chat/jane:2", json!({}));
    let mut quotes = Quotes::default();
    for mut record in script.slice() {
        record.data.erase();
        record.sent = None;
        quotes.take(&record);
    }
    let row = shown(&quotes.page(1, None).items[0]);
    assert_eq!(row["total"]["amount"].to_string(), "5499.99");
    assert_eq!(row["status"], "quote_sent");
    assert_eq!(
        (&row["session_id"], &row["message_count"]),
        (&Value::Null, &json!(0))
    );
}
