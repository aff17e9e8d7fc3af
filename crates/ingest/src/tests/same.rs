//! What is one object, one event, one customer, and what isn't.

use super::documents::{EMAIL, ORDER, QUOTE, SOCIAL, events};
use super::{accepted, all_written, at, pushed, subject, synced};
use serde_json::{Value, json};

/// An object's way through `sync` and through the webhook.
const WAYS: [(&str, &str, &str); 4] = [
    ("sync_opencart_order", "opencart_order", ORDER),
    ("sync_social_interaction", "social_interaction", SOCIAL),
    ("sync_quote_session", "quote_session_update", QUOTE),
    ("sync_email_thread", "email_thread", EMAIL),
];

fn data_of(body: &str) -> Value {
    serde_json::from_str::<Value>(body).unwrap()["data"].clone()
}

/// C30, S1-102, S1-103, S1-104, S1-105.
#[test]
fn an_object_is_the_same_whichever_way_it_comes() {
    for (action, name, example) in WAYS {
        let data = data_of(example);
        let (one, other) = (synced(action, &data).unwrap(), pushed(name, &data).unwrap());
        assert_eq!(all_written(&one), all_written(&other), "{action}");
        let content = |events: &[crate::Event]| -> Vec<_> {
            events
                .iter()
                .map(|event| (accepted(event).subject, accepted(event).content))
                .collect()
        };
        assert_eq!(content(&one), content(&other), "{action}");
    }
}

/// S1-138, C30: what a table keeps for itself makes no other session of it.
#[test]
fn a_session_is_the_same_as_a_row_of_the_quote_source() {
    let data = data_of(QUOTE);
    let sent = synced("sync_quote_session", &data).unwrap();
    let mut row = data;
    row["id"] = json!(7);
    row["updated_at"] = json!("2024-01-16T00:00:00+00:00");
    let polled = crate::quote_source::row(&row.to_string()).unwrap();
    assert_eq!(all_written(&polled), all_written(&sent));
    let contents = [&polled, &sent].map(|events| accepted(&events[0]).content);
    assert_eq!(contents[0], contents[1]);
    row["session_id"] = json!(null);
    let named_by_id = crate::quote_source::row(&row.to_string()).unwrap();
    assert_eq!(subject(&named_by_id[0]), "quote/7");
    for unusable in ["7", "{}", "{", r#"{"id": 7, "status": []}"#] {
        assert!(crate::quote_source::row(unusable).is_err(), "{unusable}");
    }
}

/// What a producer says of the same order in the catalogue's words is about the same subject.
#[test]
fn a_producers_own_event_is_about_the_same_object() {
    let plain = crate::Event {
        data: serde_json::value::to_raw_value(&json!({ "order_id": "opencart:12345" })).unwrap(),
        ..events(ORDER).remove(0)
    };
    assert_eq!(subject(&plain), subject(&events(ORDER)[0]));
}

/// Names of mails may be longer than subjects; they make one subject whichever way a mail comes.
#[test]
fn a_long_name_makes_a_subject_that_fits() {
    let data = json!({
        "email_id": "m".repeat(1_000), "from_email": "a@example.com", "sentiment": "positive"
    });
    let one = synced("sync_email_thread", &data).unwrap();
    let other = pushed("email_thread", &data).unwrap();
    let made = subject(&one[0]);
    assert!(
        made.chars().count() <= 500 && made.starts_with("email/"),
        "{made}"
    );
    assert_eq!(made, subject(&one[1]), "its sentiment is about it");
    assert_eq!(made, subject(&other[0]));
}

#[test]
fn a_number_and_its_digits_name_the_same_row() {
    let mut data = data_of(ORDER);
    let numbers = synced("sync_opencart_order", &data).unwrap();
    data["order_id"] = json!("12345");
    data["customer_id"] = json!("67890");
    let digits = synced("sync_opencart_order", &data).unwrap();
    assert_eq!(all_written(&numbers), all_written(&digits));
}

/// Ids beyond 2^53 keep their last digit.
#[test]
fn large_ids_are_told_apart() {
    let of = |number: &str| {
        let body = format!(r#"{{"action":"sync_opencart_order","data":{{"order_id":{number}}}}}"#);
        subject(&events(&body)[0])
    };
    assert_eq!(of("9007199254740993"), "order/opencart:9007199254740993");
    assert_ne!(of("9007199254740993"), of("9007199254740992"));
    assert!(of("123456789012345678901234567890").ends_with("567890"));
}

/// Orders without an account have the customer 0; they are not all one customer's.
#[test]
fn guests_are_nobody() {
    for guest in [json!(0), json!("0")] {
        let data = json!({ "order_id": 1, "customer_id": guest, "customer_name": "A Guest" });
        let events = synced("sync_opencart_order", &data).unwrap();
        assert_eq!(at(&events[0], "/customer"), json!({ "name": "A Guest" }));
        assert_eq!(
            at(&events[0], "/customer_id"),
            guest,
            "it is kept as it was sent"
        );
    }
}

#[test]
fn blank_identifiers_name_nobody() {
    let data = json!({ "email_id": "m1", "from_email": " " });
    let events = synced("sync_email_thread", &data).unwrap();
    assert_eq!(at(&events[0], "/customer"), Value::Null);
    for handle in ["", "@", " @ "] {
        let data = json!({ "platform": "instagram", "customer_handle": handle });
        let events = synced("sync_social_interaction", &data).unwrap();
        assert_eq!(at(&events[0], "/customer"), Value::Null, "{handle}");
    }
    for key in ["order_id", "session_id", "email_id"] {
        let action = match key {
            "order_id" => "sync_opencart_order",
            "session_id" => "sync_quote_session",
            _ => "sync_email_thread",
        };
        let problem = synced(action, &json!({ key: "  " })).unwrap_err();
        assert_eq!(problem.pointer, format!("/data/{key}"));
    }
}

#[test]
fn an_amount_without_a_currency_is_refused_and_a_currency_without_one_is_kept() {
    let problem = synced(
        "sync_opencart_order",
        &json!({ "order_id": 1, "order_total": 5 }),
    )
    .unwrap_err();
    assert_eq!(problem.pointer, "/data/currency");
    let data = json!({ "order_id": 1, "currency": "ZAR", "order_status": "Refunded" });
    let events = synced("sync_opencart_order", &data).unwrap();
    assert_eq!(at(&events[0], "/currency"), "ZAR");
    assert_eq!(at(&events[0], "/total"), Value::Null);
    let data = json!({ "order_id": 1, "currency": "ZAR", "order_total": null });
    let events = synced("sync_opencart_order", &data).unwrap();
    assert!(
        events[0].data.get().contains(r#""total":null"#),
        "null clears"
    );
}

#[test]
fn what_is_absent_is_left_out_and_null_clears() {
    let events = synced(
        "sync_opencart_order",
        &json!({ "order_id": 1, "items": null }),
    )
    .unwrap();
    assert_eq!(
        events[0].data.get(),
        r#"{"items":null,"order_id":"opencart:1"}"#
    );
}

/// Unknown members stay, also those whose names mean something else in the catalogue.
#[test]
fn unknown_members_are_kept() {
    let data = json!({
        "order_id": 7, "comment": "Leave at the door", "status": 5, "total": "12.50",
        "customer": { "group": 2 }, "unmapped": true, "updated_at": "2024-02-01 08:00:00",
    });
    let events = synced("sync_opencart_order", &data).unwrap();
    accepted(&events[0]);
    assert_eq!(at(&events[0], "/comment"), "Leave at the door");
    assert_eq!(
        at(&events[0], "/unmapped"),
        json!({
            "status": 5, "total": "12.50", "customer": { "group": 2 }, "unmapped": true,
        })
    );
    assert_eq!(events[0].time.as_deref(), Some("2024-02-01 08:00:00"));
    let data = json!({ "email_id": "m", "thread_id": "t1", "references": ["<a@b.example>"] });
    let events = synced("sync_email_thread", &data).unwrap();
    let thread = json!({ "id": "t1", "references": ["<a@b.example>"] });
    assert_eq!(at(&events[0], "/thread"), thread);
}

/// S1-063: the platform's id comes first.
#[test]
fn a_social_entry_is_named_by_the_platform_or_by_what_it_says() {
    let of = |data: Value| {
        let events = synced("sync_social_interaction", &data).unwrap();
        subject(&events[0])
    };
    let base = json!({ "platform": "x", "customer_handle": "@Jane", "post_url": "https://x/1" });
    let mut again = base.clone();
    again["customer_handle"] = json!("jane");
    again["content"] = json!("edited");
    assert_eq!(of(base.clone()), of(again.clone()));
    again["post_url"] = json!("https://x/2");
    assert_ne!(of(base), of(again.clone()));
    again["social_id"] = json!(17_895_695_668_004_550_u64);
    assert_eq!(of(again), "social/17895695668004550");
}

/// Nothing names it but its event, which a second event can't be about.
#[test]
fn a_sentiment_of_what_has_no_name_stays_with_it() {
    let data = json!({ "platform": "x", "content": "Hm", "sentiment": "mixed" });
    let events = synced("sync_social_interaction", &data).unwrap();
    assert_eq!(
        (events.len(), at(&events[0], "/sentiment")),
        (1, json!("mixed"))
    );
}

/// C7.
#[test]
fn a_sentiment_is_a_label_or_a_number() {
    let scored = |sentiment: &str| {
        let body = format!(
            r#"{{"action":"sync_email_thread","data":{{"email_id":"m","sentiment":{sentiment}}}}}"#
        );
        let events = events(&body);
        accepted(&events[1]);
        events[1].data.get().to_owned()
    };
    for (sent, want) in [
        (
            r#""Negative ""#,
            r#"{"label":"negative","score_source":"label"}"#,
        ),
        ("0.25", r#"{"score":0.25}"#),
        ("-1", r#"{"score":-1}"#),
        ("0.12345678", r#"{"score":0.123457}"#),
        ("8.5e-05", r#"{"score":0.000085}"#),
        ("-0.00000001", r#"{"score":0}"#),
        ("1e0", r#"{"score":1}"#),
    ] {
        assert_eq!(scored(sent), want, "{sent}");
    }
}

/// The same body again is a duplicate, another label another event about the same entry.
#[test]
fn an_id_follows_from_what_is_said() {
    let scored = |label: &str| {
        let data = json!({ "email_id": "m", "sentiment": label });
        synced("sync_email_thread", &data).unwrap().remove(1)
    };
    let (one, again, other) = (scored("positive"), scored("positive"), scored("negative"));
    assert_eq!(one.id, again.id);
    assert_ne!(one.id, other.id);
    assert_eq!(one.subject, other.subject);
    assert!(one.id.unwrap().starts_with("email/m:sentiment.scored:"));
}
