//! What holds for every input.

use super::documents::{EMAIL, ORDER, QUOTE, SOCIAL};
use super::{accepted, all_written, mail as messages, pushed, synced};
use crate::sync::{self, Sync};
use crate::{Event, call_system, mail, meta, shopify, webhook};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use touchbook_events::Problem;

/// Names that mean something to one object or another, on either side.
const NAMES: [&str; 56] = [
    "action",
    "type",
    "data",
    "order_id",
    "customer_id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "order_status",
    "order_total",
    "currency",
    "payment_method",
    "items",
    "shipping_address",
    "order_date",
    "updated_at",
    "platform",
    "interaction_type",
    "customer_handle",
    "content",
    "sentiment",
    "post_url",
    "interaction_date",
    "metadata",
    "session_id",
    "company_name",
    "status",
    "total_amount",
    "quote_items",
    "created_at",
    "last_activity_at",
    "email_id",
    "from_email",
    "subject",
    "body",
    "category",
    "thread_id",
    "references",
    "id",
    "agent_id",
    "direction",
    "at",
    "duration_seconds",
    "call_id",
    "started_at",
    "ended_at",
    "outcome",
    "notes",
    "transcript",
    "customer",
    "social_id",
    "unmapped",
    "from",
    "line_items",
    "total_price",
    "in_reply_to",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[a-z]{1,4}@[a-z]{1,4}\\.(example|com)".prop_map(Value::from),
        "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-[0-3][0-9]( [0-2][0-9]:00:00Z?)?".prop_map(Value::from),
        "(inbound|outbound|positive|ZAR|opencart:1|page|instagram)".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner, 0..5).prop_map(Value::Object),
        ]
    })
}

fn members(
    value: impl Strategy<Value = Value>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![
        5 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    prop::collection::btree_map(name, value, count)
        .prop_map(|members| members.into_iter().collect())
}

fn all_accepted(events: &[Event]) {
    events.iter().for_each(|event| drop(accepted(event)));
}

/// A problem says where in what was sent, as far as there is such a place.
fn points_into(problem: &Problem, body: &Value) {
    let (above, last) = problem.pointer.rsplit_once('/').unwrap_or_default();
    let there = body
        .pointer(&problem.pointer)
        .or_else(|| body.pointer(above));
    assert!(
        there.is_some() && !problem.detail.is_empty(),
        "{problem}: {last}"
    );
}

/// An example with some members of any kind instead of its own.
fn changed(example: &str, changes: Map<String, Value>) -> Value {
    let body: Value = serde_json::from_str(example).unwrap();
    let mut data = body["data"].as_object().unwrap().clone();
    data.extend(changes);
    data.into()
}

const WAYS: [(&str, &str, &str); 4] = [
    ("sync_opencart_order", "opencart_order", ORDER),
    ("sync_social_interaction", "social_interaction", SOCIAL),
    ("sync_quote_session", "quote_session_update", QUOTE),
    ("sync_email_thread", "email_thread", EMAIL),
];

/// The same members in another order, with white space between them.
fn shuffled(data: &Value, seed: usize) -> String {
    let mut members: Vec<String> = data
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!(" {} :\n{value}", json!(name)))
        .collect();
    let count = members.len().max(1);
    members.rotate_left(seed % count);
    members.swap(seed / count % count, 0);
    format!("{{{}\t}}", members.join(" ,"))
}

/// What headers are made of.
const HEADER: &str = concat!(
    r#"([a-z<>@,:;="()\\?%*&#/+ \r\n\t0-9-]|é"#,
    r"|=\?utf-8\?q\?|boundary=|charset=){0,60}",
);

proptest! {
    #[test]
    fn any_member_is_taken_or_refused_where_it_is(
        way in 0..WAYS.len(),
        changes in members(any_json(), 0..4),
    ) {
        let (action, name, example) = WAYS[way];
        let data = changed(example, changes);
        let (one, other) = (synced(action, &data), pushed(name, &data));
        match (one, other) {
            (Ok(one), Ok(other)) => {
                all_accepted(&one);
                prop_assert_eq!(all_written(&one), all_written(&other));
            }
            (Err(one), Err(other)) => {
                points_into(&one, &json!({ "data": data }));
                prop_assert_eq!(one, other);
            }
            (one, other) => prop_assert!(false, "{:?} {:?}", one.is_ok(), other.is_ok()),
        }
    }

    #[test]
    fn the_order_of_members_says_nothing(
        way in 0..WAYS.len(),
        changes in members(any_json(), 0..2),
        seed in any::<usize>(),
    ) {
        let (action, _, example) = WAYS[way];
        let data = changed(example, changes);
        let body = format!(r#"{{"data":{},"action":"{action}"}}"#, shuffled(&data, seed));
        let shuffled = sync::read(&body, None);
        match (shuffled, synced(action, &data)) {
            (Ok(Sync::Events(one)), Ok(other)) => {
                prop_assert_eq!(all_written(&one), all_written(&other));
            }
            (Err(_), Err(_)) => {}
            (one, other) => prop_assert!(false, "{:?} {:?}", one, other.is_ok()),
        }
    }

    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        let body = json.to_string();
        if let Ok(Sync::Events(events)) = sync::read(&body, None) {
            all_accepted(&events);
        }
        all_accepted(&webhook::read(&body, None).unwrap_or_default());
        all_accepted(&call_system::read(&body).unwrap_or_default());
        all_accepted(&shopify::order(&body, None).into_iter().collect::<Vec<_>>());
        for change in meta::changes(&body).unwrap_or_default() {
            all_accepted(&change.event.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(body in any::<String>()) {
        prop_assert!(sync::read(&body, None).is_err());
        prop_assert!(webhook::read(&body, None).is_err());
        prop_assert!(call_system::read(&body).is_err());
        prop_assert!(shopify::order(&body, None).is_err());
        prop_assert!(meta::changes(&body).is_err());
    }

    #[test]
    fn any_record_of_a_log_is_taken_or_refused(
        log in prop::sample::select(&["call", "email", "sms"][..]),
        record in members(any_json(), 0..6),
        id in any::<i64>(),
    ) {
        let mut record = record;
        record.entry("id").or_insert_with(|| json!(id));
        let record = Value::Object(record);
        match synced(&format!("sync_agent_{log}_log"), &record) {
            Ok(events) => all_accepted(&events),
            Err(problem) => points_into(&problem, &json!({ "data": record })),
        }
    }

    #[test]
    fn any_call_is_taken_or_refused(call in members(any_json(), 0..6), id in "[a-z]{1,3}") {
        let mut call = call;
        call.entry("call_id").or_insert_with(|| json!(id));
        let call = Value::Object(call);
        match call_system::read(&call.to_string()) {
            Ok(events) => {
                all_accepted(&events);
                let again = call_system::read(&call.to_string()).unwrap();
                prop_assert_eq!(all_written(&events), all_written(&again));
            }
            Err(problem) => points_into(&problem, &call),
        }
    }

    #[test]
    fn any_order_of_a_shop_is_taken_or_refused(
        order in members(any_json(), 0..6),
        id in any::<u64>(),
    ) {
        let mut order = order;
        order.insert("id".to_owned(), json!(id));
        let order = Value::Object(order);
        match shopify::order(&order.to_string(), None) {
            Ok(event) => drop(accepted(&event)),
            Err(problem) => points_into(&problem, &order),
        }
    }

    #[test]
    fn any_change_is_taken_or_refused(
        field in prop::sample::select(&meta::FIELDS[..]),
        value in members(any_json(), 0..6),
        id in any::<u64>(),
    ) {
        let mut value = value;
        value.insert("id".to_owned(), json!(id));
        value.entry("item").or_insert_with(|| json!("post"));
        let body = json!({ "object": "page", "entry": [
            { "id": 1, "changes": [{ "field": field, "value": value }] },
        ] });
        for change in meta::changes(&body.to_string()).unwrap() {
            match change.event {
                Ok(event) => drop(accepted(&event)),
                Err(problem) => points_into(&problem, &body),
            }
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(message in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(event) = mail::read(&message, messages::is_ours) {
            accepted(&event);
        }
    }

    #[test]
    fn a_damaged_message_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut message = messages::RECEIVED.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(message.len());
            message[at] = byte;
        }
        message.truncate(cut.index(message.len()) + 1);
        if let Ok(event) = mail::read(&message, messages::is_ours) {
            accepted(&event);
        }
    }

    /// Headers in which what is special is frequent.
    #[test]
    fn any_header_is_read_or_refused(
        header in prop::sample::select(&[
            "From", "To", "Date", "Message-ID", "References", "Subject", "Content-Type",
            "Content-Disposition", "Content-Transfer-Encoding",
        ][..]),
        value in HEADER,
        body in "([a-z<>&#;/! \\n=-]|--|é|<p>|<!--){0,60}",
    ) {
        let head = format!("From: a@b.example\n{header}: {value}\nContent-Type: text/html");
        let message = format!("{head}\n\n{body}");
        if let Ok(event) = mail::read(message.as_bytes(), messages::is_ours) {
            accepted(&event);
        }
    }
}
