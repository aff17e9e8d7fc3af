//! A customer's mail after a script.

use super::script::{Asked, Script, shown};
use crate::Threads;
use crate::threads::MESSAGES_MAX;
use serde_json::{Value, json};

pub(super) fn threads(script: &Script) -> Threads {
    let mut threads = Threads::default();
    let slice = script.slice();
    slice.iter().for_each(|record| threads.take(record));
    threads
}

fn rows(script: &Script) -> Value {
    shown(threads(script).page(100, None).items)
}

/// What each thread's messages are, newest thread first.
fn subjects(rows: &Value) -> Vec<Vec<&str>> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        let messages = row["messages"].as_array().unwrap().iter();
        messages
            .map(|message| message["entry_id"].as_str().unwrap())
            .collect()
    })
    .collect()
}

/// S1-002, S1-043: a thread with its people, classification and response history.
#[test]
fn a_thread_shows_who_wrote_what_and_how_soon_it_was_answered() {
    let mut script = Script::new();
    let asked = json!({
        "email_id": "<q1@mail.example>",
        "from": "Jane@Mail.example",
        "from_name": "Jane Smith",
        "to": ["sales@shop.example"],
        "cc": ["joe@mail.example"],
        "subject": "Product inquiry",
        "body": "I'm interested in\nyour amplifiers.",
        "status": "unread",
        "created_at": "2024-01-15T08:45:00Z",
    });
    script.send("01-15 08:46:00", "email.received", "email/jane:1", asked);
    let sorted = json!({
        "category": "inquiry",
        "status": "classified",
        "classifier": { "name": "sorter", "version": "2" },
    });
    script.send("01-15 08:47:00", "email.classified", "email/jane:1", sorted);
    let told = json!({
        "email_id": "<a1@shop.example>",
        "from": "sales@shop.example",
        "to": ["jane@mail.example"],
        "subject": "Re: Product inquiry",
        "body": "Which hall is it for?",
        "thread": { "in_reply_to": "<q1@mail.example>" },
    });
    script.send("01-15 09:45:00", "email.sent", "email/jane:2", told);
    let again = json!({
        "email_id": "<q2@mail.example>",
        "from": "jane@mail.example",
        "to": ["sales@shop.example"],
        "subject": "Re: Product inquiry",
        "thread": { "references": ["<q1@mail.example>", "<a1@shop.example>"] },
    });
    script.send("01-16 10:00:00", "email.received", "email/jane:3", again);
    let rows = rows(&script);
    insta::assert_snapshot!(serde_json::to_string_pretty(&rows).unwrap());
}

/// S1-043: the mail system's own thread id groups, whatever the mails refer to.
#[test]
fn mails_of_one_thread_id_are_one_thread() {
    let mut script = Script::new();
    let mail = |id: &str, thread: Value| json!({ "email_id": id, "thread": thread });
    let kind = "email.received";
    for (time, subject, data) in [
        (
            "01-01 00:00:00",
            "email/jane:1",
            mail("m1", json!({ "id": "t1" })),
        ),
        (
            "01-02 00:00:00",
            "email/jane:2",
            mail("m2", json!({ "id": "t2" })),
        ),
        (
            "01-03 00:00:00",
            "email/jane:3",
            mail("m3", json!({ "id": "t1", "in_reply_to": "m2" })),
        ),
        ("01-04 00:00:00", "email/jane:4", mail("m4", json!(null))),
    ] {
        script.send(time, kind, subject, data);
    }
    let rows = rows(&script);
    assert_eq!(
        subjects(&rows),
        [
            vec!["email/jane:4"],
            vec!["email/jane:1", "email/jane:3"],
            vec!["email/jane:2"],
        ]
    );
    let ids = [Value::Null, json!("t1"), json!("t2")];
    let shown: Vec<_> = (0..3).map(|at| rows[at]["thread_id"].clone()).collect();
    assert_eq!(shown, ids);
}

/// S1-088: a mail that is synced again, or sorted, is still one message.
#[test]
fn revisions_of_a_mail_are_one_message() {
    let mut script = Script::new();
    let mail = |status: &str| json!({ "subject": "Hello", "status": status });
    let subject = "email/jane:1";
    script.send("01-01 00:00:00", "email.received", subject, mail("unread"));
    script.send("01-03 00:00:00", "email.received", subject, mail("read"));
    let sorted = json!({ "status": "junk" });
    script.send("01-02 00:00:00", "email.classified", subject, sorted);
    let rows = rows(&script);
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    let row = &rows[0];
    assert_eq!(row["message_count"], 1);
    assert_eq!(
        (
            &row["messages"][0]["status"],
            &row["classification"]["status"]
        ),
        (&json!("read"), &json!("read")),
        "what was said last holds, whenever it was learned"
    );
}

/// S1-043: one answer answers all that was asked before it, and the next question waits.
#[test]
fn an_answer_answers_what_came_before_it() {
    let mut script = Script::new();
    let thread = json!({ "thread": { "id": "t1" } });
    for (time, kind, subject) in [
        ("01-01 10:00:00", "email.received", "email/jane:1"),
        ("01-01 10:05:00", "email.received", "email/jane:2"),
        ("01-01 11:00:00", "email.sent", "email/jane:3"),
        ("01-01 11:30:00", "email.sent", "email/jane:4"),
        ("01-01 12:00:00", "email.received", "email/jane:5"),
    ] {
        script.send(time, kind, subject, thread.clone());
    }
    let row = &rows(&script)[0];
    let responses = row["responses"].as_array().unwrap();
    let told: Vec<_> = responses
        .iter()
        .map(|answer| (&answer["answered_by"], &answer["response_seconds"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("email/jane:3"), &json!(3600)),
            (&json!("email/jane:3"), &json!(3300)),
            (&Value::Null, &Value::Null),
        ]
    );
    assert_eq!(row["waiting_since"], "2024-01-01T12:00:00Z");
    assert_eq!(row["last_direction"], "inbound");
    script.send("01-02 00:00:00", "email.sent", "email/jane:6", thread);
    assert_eq!(rows(&script)[0]["waiting_since"], Value::Null);
}

/// Two mail systems' clocks differ.
#[test]
fn a_mail_that_says_what_it_answers_is_an_answer_whatever_the_clock() {
    let mut script = Script::new();
    let told = json!({ "email_id": "a", "thread": { "in_reply_to": "q" } });
    script.send("01-01 09:59:58", "email.sent", "email/jane:1", told);
    let asked = json!({ "email_id": "q" });
    script.send("01-01 10:00:00", "email.received", "email/jane:2", asked);
    let row = &rows(&script)[0];
    assert_eq!(row["responses"][0]["answered_by"], "email/jane:1");
    assert_eq!(row["responses"][0]["response_seconds"], 0);
    assert_eq!(row["waiting_since"], Value::Null);
}

/// A mail of which only the classification is known is a message, as it is an entry.
#[test]
fn a_mail_may_be_sorted_before_it_is_known() {
    let mut script = Script::new();
    let sorted = json!({ "email_id": "m1", "category": "complaint" });
    script.send("01-01 00:00:00", "email.classified", "email/jane:1", sorted);
    let row = &rows(&script)[0];
    assert_eq!(row["messages"][0]["direction"], Value::Null);
    assert_eq!(row["classification"]["category"], "complaint");
    assert_eq!(
        (&row["responses"], &row["waiting_since"]),
        (&json!([]), &Value::Null)
    );
}

/// Erased mails are messages without words, and link nothing.
#[test]
fn erased_mails_stand_alone() {
    let mut script = Script::new();
    for subject in ["email/jane:1", "email/jane:2"] {
        let mail = json!({ "from": "jane@mail.example", "thread": { "id": "t1" } });
        script.send("01-01 00:00:00", "email.received", subject, mail);
    }
    assert_eq!(rows(&script)[0]["message_count"], 2);
    let mut threads = Threads::default();
    for mut record in script.slice() {
        record.data.erase();
        record.sent = None;
        threads.take(&record);
    }
    let rows = shown(threads.page(9, None).items);
    assert_eq!(rows.as_array().map(Vec::len), Some(2));
    assert_eq!(rows[0]["participants"], json!([]));
    assert_eq!(rows[0]["messages"][0]["from"], Value::Null);
}

#[test]
fn a_long_thread_shows_its_end() {
    let mut script = Script::new();
    for number in 0..MESSAGES_MAX + 2 {
        let time = format!("01-15 10:{:02}:{:02}", number / 60, number % 60);
        let mail = json!({ "thread": { "id": "t1" }, "subject": format!("{number}") });
        let subject = format!("email/jane:{number}");
        script.send(&time, "email.received", &subject, mail);
    }
    let row = &rows(&script)[0];
    assert_eq!(row["messages"].as_array().map(Vec::len), Some(MESSAGES_MAX));
    assert_eq!(
        row["responses"].as_array().map(Vec::len),
        Some(MESSAGES_MAX)
    );
    assert_eq!(row["messages"][0]["subject"], "2");
    assert_eq!(
        (
            &row["subject"],
            &row["messages_omitted"],
            &row["message_count"]
        ),
        (&json!("0"), &json!(2), &json!(MESSAGES_MAX + 2))
    );
}
