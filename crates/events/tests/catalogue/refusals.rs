//! What is refused, with its place, and what is filled in.

use crate::{event, read};
use serde_json::{Value, json};
use touchbook_events::{Data, Problem};

fn problem(event_type: &str, data: &str) -> Problem {
    match read(&event(event_type, data)) {
        Ok(_) => panic!("{event_type} took {data}"),
        Err(problem) => problem,
    }
}

fn taken(event_type: &str, data: &str) -> Data {
    match read(&event(event_type, data)) {
        Ok(incoming) => incoming.data,
        Err(problem) => panic!("{event_type}: {problem}"),
    }
}

fn written(event_type: &str, data: &str) -> Value {
    serde_json::to_value(taken(event_type, data)).unwrap()
}

#[test]
fn the_member_at_fault_is_named() {
    let template = |steps: &str| format!(r#"{{"name":"n","steps":{steps}}}"#);
    let step = |number: u32, next: &str| {
        format!(
            r#"{{"step_number":{number},"type":"call","title":"t","scheduled_offset_days":0,"due_offset_days":0,"next_step":{next}}}"#
        )
    };
    for (event_type, data, pointer) in [
        ("call.scored", r#"{"call_score":0.5}"#.to_owned(), "/data/call_score"),
        ("call.scored", r#"{"conversion_likelihood":1.01}"#.to_owned(), "/data/conversion_likelihood"),
        ("call.started", r#"{"queue":{"kind":"x"}}"#.to_owned(), "/data/queue"),
        ("call.recording_updated", r#"{"status":"done"}"#.to_owned(), "/data/status"),
        ("sentiment.scored", r#"{"score":-1.1}"#.to_owned(), "/data/score"),
        ("sentiment.scored", "{}".to_owned(), "/data"),
        ("interaction.logged", r#"{"type":"note"}"#.to_owned(), "/data/description"),
        ("interaction.logged", r#"{"type":"call","duration_seconds":0}"#.to_owned(), "/data/duration_seconds"),
        ("interaction.logged", r#"{"type":"call","metadata":"{}"}"#.to_owned(), "/data/metadata"),
        ("interaction.logged", r#"{"type":"call","related_entity":{"type":"quote"}}"#.to_owned(), "/data/related_entity"),
        ("interaction.created", r#"{"customer":{"user":"u"},"type":"call","title":" "}"#.to_owned(), "/data/title"),
        ("interaction.created", r#"{"customer":{},"type":"call","title":"t"}"#.to_owned(), "/data/customer"),
        ("interaction.created", r#"{"customer":{"user":"u"},"type":"call","title":"t","scheduled_at":"2026-01-22 10:00:00","due_at":"2026-01-22 09:00:00"}"#.to_owned(), "/data/due_at"),
        ("customer.status_changed", r#"{"customer":{"user":"u"}}"#.to_owned(), "/data/status"),
        ("customer.merged", r#"{"into":"018f3c1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f","members":[]}"#.to_owned(), "/data/members"),
        ("event.retracted", r#"{"positions":[1,0]}"#.to_owned(), "/data/positions/1"),
        ("dead_letter.resolved", r#"{"position":1,"dismissed":true,"resubmitted_position":2}"#.to_owned(), "/data"),
        ("template.defined", template("[]"), "/data/steps"),
        ("template.defined", template(&format!("[{}]", step(1, "1"))), "/data/steps/0/next_step"),
        ("template.defined", template(&format!("[{}]", step(1, "9"))), "/data/steps/0/next_step"),
        ("template.defined", template(&format!("[{},{}]", step(1, "null"), step(1, "null"))), "/data/steps/1/step_number"),
        ("order.updated", r#"{"total":{"amount":1e3,"currency":"ZAR"}}"#.to_owned(), "/data/total/amount"),
        ("order.updated", r#"{"total":{"amount":1e999,"currency":"ZAR"}}"#.to_owned(), "/data/total/amount"),
        ("order.updated", r#"{"total":{"amount":1,"currency":"rand"}}"#.to_owned(), "/data/total/currency"),
        ("order.updated", r#"{"total":{"amount":"-0.01","currency":"ZAR"}}"#.to_owned(), "/data/total/amount"),
        ("order.refunded", r#"{"amount":{"amount":0,"currency":"ZAR"}}"#.to_owned(), "/data/amount/amount"),
        ("order.refunded", r#"{"amount":{"amount":"-5","currency":"ZAR"}}"#.to_owned(), "/data/amount/amount"),
    ] {
        let problem = problem(event_type, &data);
        assert_eq!(problem.pointer, pointer, "{event_type} {data}: {problem}");
        assert!(!problem.is_unreadable(), "{event_type} {data}: {problem}");
    }
}

/// S2-001 to S2-015: at the limit it is taken, one character more is refused.
#[test]
fn lengths_are_counted_in_characters() {
    for (member, chars_max) in [
        ("subject_line", 200),
        ("description", 5000),
        ("next_action", 500),
        ("type", 50),
    ] {
        let payload = |chars: usize| {
            let mut payload = json!({ "type": "call" });
            payload[member] = "é".repeat(chars).into();
            payload.to_string()
        };
        taken("interaction.logged", &payload(chars_max));
        let problem = problem("interaction.logged", &payload(chars_max + 1));
        assert_eq!(problem.pointer, format!("/data/{member}"));
        assert!(problem.detail.contains(&chars_max.to_string()), "{problem}");
    }
}

#[test]
fn fields_of_a_customer_are_so_many_and_so_long() {
    let payload = |fields: &Value| {
        json!({ "customer": { "user": "u" }, "custom_fields": fields }).to_string()
    };
    let many = |count: usize| -> Value {
        let members = (0..count).map(|n| (format!("f{n}"), json!(n)));
        Value::Object(members.collect())
    };
    for fields in [
        many(100),
        json!({ "a": "é".repeat(500), "b": null, "c": [1, 2] }),
        Value::Null,
    ] {
        taken("customer.updated", &payload(&fields));
    }
    for (fields, pointer) in [
        (many(101), "/data/custom_fields"),
        (json!([1]), "/data/custom_fields"),
        (json!("text"), "/data/custom_fields"),
        (
            json!({ "a/b": "é".repeat(501) }),
            "/data/custom_fields/a~1b",
        ),
        (json!({ "c": ["x".repeat(500)] }), "/data/custom_fields/c"),
    ] {
        let problem = problem("customer.updated", &payload(&fields));
        assert_eq!(problem.pointer, pointer, "{problem}");
    }
    let fields = r#"{"customer":{"user":"u"},"fields":5}"#;
    assert_eq!(problem("customer.updated", fields).pointer, "/data/fields");
}

/// Objects without a name would all be the one with the blank name.
#[test]
fn a_blank_name_of_an_object_is_refused() {
    for (event_type, data, pointer) in [
        ("order.updated", r#"{"order_id":""}"#, "/data/order_id"),
        ("order.updated", r#"{"order_id":"  "}"#, "/data/order_id"),
        ("call.started", r#"{"call_id":"\t"}"#, "/data/call_id"),
        (
            "call.started",
            r#"{"aliases":{"call_sid":""}}"#,
            "/data/aliases/call_sid",
        ),
        (
            "call.recording_updated",
            r#"{"recording_sid":" "}"#,
            "/data/recording_sid",
        ),
        ("social.received", r#"{"social_id":""}"#, "/data/social_id"),
        (
            "template.retired",
            r#"{"template_id":""}"#,
            "/data/template_id",
        ),
    ] {
        let problem = problem(event_type, data);
        assert_eq!(problem.pointer, pointer, "{event_type} {data}: {problem}");
    }
}

/// C2: an alias becomes its outcome, the word as submitted stays beside it.
#[test]
fn outcomes_are_canonical_and_keep_the_word_that_was_sent() {
    for (sent, outcome, raw) in [
        ("success", "successful", json!("success")),
        ("no answer", "no_answer", json!("no answer")),
        ("No-Answer", "no_answer", json!("No-Answer")),
        ("busy", "busy", Value::Null),
        ("site_visit", "site_visit", Value::Null),
    ] {
        let payload = json!({ "outcome": sent }).to_string();
        for event_type in ["call.outcome_recorded", "interaction.completed"] {
            let written = written(event_type, &payload);
            assert_eq!(written["outcome"], outcome, "{event_type} {sent}");
            assert_eq!(written["outcome_raw"], raw, "{event_type} {sent}");
        }
    }
}

/// C7: a label alone stands for a score, a score alone for a label.
#[test]
fn sentiment_has_score_and_label() {
    for (sent, score, label, source) in [
        (json!({"label": "negative"}), "-1", "negative", "label"),
        (json!({"label": "mixed"}), "0", "mixed", "label"),
        (json!({"score": 0.05}), "0.05", "positive", "model"),
        (json!({"score": 0.049}), "0.049", "neutral", "model"),
        (json!({"score": -0.05}), "-0.05", "negative", "model"),
    ] {
        let written = written("sentiment.scored", &sent.to_string());
        assert_eq!(written["score"].to_string(), score);
        assert_eq!(written["label"], label);
        assert_eq!(written["score_source"], source);
    }
}

#[test]
fn a_closed_enum_names_what_it_takes() {
    let problem = problem(
        "customer.consent_changed",
        r#"{"customer":{"user":"u"},"channel":"fax","granted":true}"#,
    );
    assert_eq!(problem.pointer, "/data/channel");
    assert_eq!(problem.allowed, ["call", "email", "sms", "social", "all"]);
}

#[test]
fn a_member_that_stands_twice_is_refused_with_its_place() {
    for (data, pointer) in [
        (r#"{"status":"a","status":"b"}"#, "/data/status"),
        (r#"{"other":1,"other":2}"#, "/data/other"),
        (
            r#"{"total":{"amount":1,"amount":2,"currency":"ZAR"}}"#,
            "/data/total/amount",
        ),
        (r#"{"other":[{"a":1,"a":2}]}"#, "/data/other/0/a"),
    ] {
        let problem = problem("order.updated", data);
        assert_eq!(problem.pointer, pointer, "{problem}");
    }
}

#[test]
fn what_is_no_json_is_unreadable() {
    for data in [
        r#"{"body":"\ud800"}"#,
        r#"{"other":"\udc00 x"}"#,
        r#"{"body":NaN}"#,
        r#"{"other":NaN}"#,
        r#"{"body":"#,
    ] {
        let problem = problem("sms.sent", data);
        assert!(problem.is_unreadable(), "{data}: {problem}");
    }
}

/// Numbers that a float would bend come back digit by digit.
#[test]
fn numbers_of_unknown_members_stay_as_text() {
    let data = r#"{"items":[{"id":9007199254740993,"price":1.10}],"vendor":{"huge":123456789012345678901234567890,"e":1e999}}"#;
    let order = taken("order.updated", data);
    let written = serde_json::to_string(&order).unwrap();
    for text in [
        "9007199254740993",
        "1.10",
        "123456789012345678901234567890",
        "1e999",
    ] {
        assert!(written.contains(text), "{text} in {written}");
    }
}

#[test]
fn null_is_not_absence() {
    let Data::OrderUpdated(order) = taken("order.updated", r#"{"status":null}"#) else {
        panic!("an order");
    };
    assert_eq!(order.facts.status, touchbook_events::Member::Null);
    assert_eq!(order.facts.payment_method, touchbook_events::Member::Absent);
    assert_eq!(
        written("order.updated", r#"{"status":null}"#),
        json!({ "status": null })
    );
}

/// Null is no absence: it is written back as null, through record and codec.
#[test]
fn null_in_an_update_of_a_customer_is_kept_apart_from_absence() {
    let cleared = r#"{"customer":{"user":"u"},"name":null,"company":null,"fields":null,"custom_fields":null}"#;
    for data in [cleared, r#"{"customer":{"user":"u"}}"#] {
        let record = crate::record(read(&event("customer.updated", data)).unwrap());
        let decoded = touchbook_events::Record::decode(&record.to_bytes().unwrap()).unwrap();
        assert_eq!(decoded, record);
        let want: Value = serde_json::from_str(data).unwrap();
        assert_eq!(serde_json::to_value(&decoded.data).unwrap(), want);
    }
}

/// Versions add members and change none, so a sender may name the one that it knows.
#[test]
fn an_older_schema_may_be_named_and_one_to_come_may_not() {
    let sent = |version: u8| {
        let json = event("event.retracted", r#"{"positions":[1]}"#);
        let schema = format!(r#"{{"dataschema":"/schemas/events/event.retracted/{version}","#);
        read(&json.replacen('{', &schema, 1))
    };
    assert!(sent(1).is_ok() && sent(2).is_ok());
    assert_eq!(sent(0).unwrap_err().pointer, "/dataschema");
    let problem = sent(3).unwrap_err();
    assert_eq!(problem.allowed, ["/schemas/events/event.retracted/2"]);
}

/// A condition is no part of what is said, comes back with it, and stands only where it is decided.
#[test]
fn an_expected_position_is_read_kept_and_refused_where_nobody_decides_it() {
    let with = |event_type: &str, data: &str| {
        let json = event(event_type, data);
        read(&json.replacen('{', r#"{"expectedposition":"7","#, 1))
    };
    let policy = r#"{"name":"zone","value":"UTC"}"#;
    let expecting = with("policy.defined", policy).unwrap();
    assert_eq!(expecting.expected_position, Some(7));
    let plain = read(&event("policy.defined", policy)).unwrap();
    assert_eq!(expecting.content, plain.content);
    assert_eq!(
        (plain.expected_position, plain.sent.extensions),
        (None, None)
    );
    let kept = crate::record(expecting).sent.unwrap().extensions.unwrap();
    assert_eq!(&*kept.0, r#"{"expectedposition":"7"}"#);
    let problem = with("order.updated", "{}").unwrap_err();
    assert_eq!(problem.code, "expected_position_not_supported");
    assert_eq!(problem.pointer, "/expectedposition");
    assert!(
        problem
            .allowed
            .iter()
            .any(|name| name == "customer.updated")
    );
}

/// What the service publishes for a caller says all that the caller said.
#[test]
fn an_expected_position_is_published_with_its_event() {
    let json = event("customer.updated", r#"{"customer":{"user":"u"}}"#);
    let json = json.replacen('{', r#"{"expectedposition":12,"tracestate":"x","#, 1);
    let envelope = touchbook_events::Envelope::parse(&json).unwrap();
    let principal = touchbook_events::Principal::producer();
    let published = touchbook_events::Incoming::republish(&envelope, &principal, "acme");
    let again = touchbook_events::Envelope::parse(&published).unwrap();
    assert_eq!(again.expected_position, Some(12));
    assert_eq!(again.extensions.keys().collect::<Vec<_>>(), ["tracestate"]);
}

#[test]
fn what_one_event_retracts_is_bounded() {
    use touchbook_events::limits::POSITIONS_MAX;
    let of = |count: usize| {
        let positions: Vec<String> = (1..=count).map(|at| at.to_string()).collect();
        let data = format!(r#"{{"positions":[{}]}}"#, positions.join(","));
        read(&event("event.retracted", &data))
    };
    assert!(of(POSITIONS_MAX).is_ok());
    assert_eq!(
        of(POSITIONS_MAX + 1).unwrap_err().pointer,
        "/data/positions"
    );
}
