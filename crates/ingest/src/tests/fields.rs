//! Each field of each object: stored as it was sent, refused where it is something else, and not
//! needed where it doesn't name the object.

use super::documents::{EMAIL, ORDER, QUOTE, SOCIAL};
use super::{accepted, at, synced};
use serde_json::{Value, json};

/// A field, and where its value of the example is found in which of the events.
struct Field {
    name: &'static str,
    event: usize,
    pointer: &'static str,
    stored: Value,
    wrong: Vec<Value>,
    /// What must be left out with it.
    with: &'static [&'static str],
    required: bool,
}

fn field(name: &'static str, pointer: &'static str, stored: Value, wrong: Vec<Value>) -> Field {
    Field {
        name,
        event: 0,
        pointer,
        stored,
        wrong,
        with: &[],
        required: false,
    }
}

/// Values that are no text of at most `chars_max` characters.
fn no_text(chars_max: usize) -> Vec<Value> {
    vec![
        json!(5),
        json!(true),
        json!({}),
        json!([]),
        json!("é".repeat(chars_max + 1)),
    ]
}

fn no_time() -> Vec<Value> {
    vec![json!(5), json!("yesterday"), json!("2024-02-30"), json!([])]
}

fn no_number() -> Vec<Value> {
    vec![json!("abc"), json!(1.5), json!(true), json!({}), json!("")]
}

fn no_amount() -> Vec<Value> {
    let exponent = serde_json::from_str("1e3").unwrap();
    vec![
        json!("abc"),
        json!({}),
        json!(1.234_567_8),
        json!("NaN"),
        exponent,
    ]
}

fn no_object() -> Vec<Value> {
    vec![json!("text"), json!(5), json!([])]
}

fn no_list() -> Vec<Value> {
    vec![json!("text"), json!(5), json!({})]
}

fn no_email() -> Vec<Value> {
    vec![
        json!(5),
        json!("jane"),
        json!("a@b@example.com"),
        json!([]),
        json!(long_email()),
    ]
}

fn long_email() -> String {
    format!("{}@example.com", "a".repeat(320))
}

fn no_sentiment() -> Vec<Value> {
    vec![
        json!("glad"),
        json!(1.1),
        json!(-2),
        json!(true),
        json!([]),
        json!(""),
    ]
}

fn check(action: &str, example: &str, fields: &[Field]) {
    let body: Value = serde_json::from_str(example).unwrap();
    let example = body["data"].as_object().unwrap();
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    assert!(
        example.keys().all(|name| names.contains(&name.as_str())),
        "a field has no row"
    );
    for field in fields {
        is_stored(action, example, field);
        is_refused_where_it_is_wrong(action, example, field);
        may_be_absent(action, example, field);
    }
}

type Members = serde_json::Map<String, Value>;

fn is_stored(action: &str, example: &Members, field: &Field) {
    let events = synced(action, &example.clone().into()).unwrap();
    assert_eq!(
        at(&events[field.event], field.pointer),
        field.stored,
        "{}",
        field.name
    );
    events.iter().for_each(|event| drop(accepted(event)));
}

fn is_refused_where_it_is_wrong(action: &str, example: &Members, field: &Field) {
    for wrong in &field.wrong {
        let mut members = example.clone();
        members.insert(field.name.to_owned(), wrong.clone());
        let problem = synced(action, &members.into()).unwrap_err();
        assert_eq!(
            problem.pointer,
            format!("/data/{}", field.name),
            "{wrong}: {problem}"
        );
        assert!(
            !problem.is_unreadable() && !problem.detail.is_empty(),
            "{problem}"
        );
    }
}

fn may_be_absent(action: &str, example: &Members, field: &Field) {
    for value in [None, Some(Value::Null)] {
        let mut members = example.clone();
        for name in field.with.iter().chain([&field.name]) {
            members.remove(*name);
        }
        members.extend(value.map(|value| (field.name.to_owned(), value)));
        match synced(action, &members.into()) {
            Ok(events) if !field.required => {
                events.iter().for_each(|event| drop(accepted(event)));
                let there = events
                    .get(field.event)
                    .map(|event| at(event, field.pointer));
                assert_eq!(there.unwrap_or(Value::Null), Value::Null, "{}", field.name);
            }
            Err(problem) if field.required => {
                assert_eq!(
                    problem.pointer,
                    format!("/data/{}", field.name),
                    "{problem}"
                );
            }
            other => panic!("{}: {:?}", field.name, other.map(|events| events.len())),
        }
    }
}

/// S1-050, S1-051, S1-052, S1-053, S1-054, S1-055, S1-056, S1-057, S1-058, S1-059, S1-060, S1-061,
/// S1-062.
#[test]
fn every_field_of_an_order() {
    let text = |name, pointer, stored: &str| field(name, pointer, json!(stored), no_text(320));
    check(
        "sync_opencart_order",
        ORDER,
        &[
            Field {
                required: true,
                ..field(
                    "order_id",
                    "/order_id",
                    json!("opencart:12345"),
                    no_number(),
                )
            },
            field(
                "customer_id",
                "/customer/external_id",
                json!("opencart:67890"),
                no_number(),
            ),
            text("customer_name", "/customer/name", "John Doe"),
            field(
                "customer_email",
                "/customer/email",
                json!("john@example.com"),
                no_email(),
            ),
            text("customer_phone", "/customer/phone", "+27123456789"),
            text("order_status", "/status", "Complete"),
            field("order_total", "/total/amount", json!(1299.99), {
                let mut wrong = no_amount();
                wrong.push(json!(-0.01));
                wrong
            }),
            Field {
                with: &["order_total"],
                ..field(
                    "currency",
                    "/total/currency",
                    json!("ZAR"),
                    vec![json!("zar"), json!("rand"), json!(5)],
                )
            },
            text("payment_method", "/payment_method", "Credit Card"),
            text("shipping_method", "/shipping_method", "Standard Shipping"),
            field("items", "/items/0/quantity", json!(2), no_list()),
            field(
                "shipping_address",
                "/shipping_address/city",
                json!("Pretoria"),
                no_object(),
            ),
            field(
                "order_date",
                "/ordered_at",
                json!("2024-01-15T10:30:00Z"),
                no_time(),
            ),
        ],
    );
}

/// S1-064, S1-065, S1-066, S1-067, S1-068, S1-069, S1-070, S1-071, S1-072, S1-073, S1-074.
#[test]
fn every_field_of_a_social_interaction() {
    let text = |name, pointer, stored: &str, chars_max| {
        field(name, pointer, json!(stored), no_text(chars_max))
    };
    check(
        "sync_social_interaction",
        SOCIAL,
        &[
            Field {
                required: true,
                ..text("platform", "/platform", "instagram", 50)
            },
            text("interaction_type", "/interaction_type", "mention", 50),
            text("customer_name", "/customer/name", "Jane Smith", 200),
            field(
                "customer_email",
                "/customer/email",
                json!("jane@example.com"),
                no_email(),
            ),
            text("customer_handle", "/handle", "@janesmith", 320),
            text("content", "/content", "Love your products!", 100_000),
            Field {
                event: 1,
                ..field("sentiment", "/label", json!("positive"), no_sentiment())
            },
            text(
                "post_url",
                "/post_url",
                "https://instagram.com/p/abc123",
                2000,
            ),
            field(
                "requires_response",
                "/requires_response",
                json!(false),
                vec![json!("no"), json!(0)],
            ),
            field(
                "interaction_date",
                "/interaction_date",
                json!("2024-01-15T14:20:00Z"),
                no_time(),
            ),
            field("metadata", "/metadata", json!({}), no_object()),
        ],
    );
}

/// S1-076, S1-077, S1-078, S1-079, S1-080, S1-081, S1-082, S1-083, S1-084, S1-085, S1-086, S1-087.
#[test]
fn every_field_of_a_quote_session() {
    let text = |name, pointer, stored: &str, chars_max| {
        field(name, pointer, json!(stored), no_text(chars_max))
    };
    check(
        "sync_quote_session",
        QUOTE,
        &[
            Field {
                required: true,
                ..text("session_id", "/session_id", "qs_abc123", 200)
            },
            text("customer_name", "/customer/name", "Bob Wilson", 200),
            field(
                "customer_email",
                "/customer/email",
                json!("bob@example.com"),
                no_email(),
            ),
            text("customer_phone", "/customer/phone", "+27987654321", 320),
            text("company_name", "/company", "Wilson Corp", 200),
            text("status", "/status", "quote_sent", 50),
            field("total_amount", "/total/amount", json!(5499.99), no_amount()),
            Field {
                with: &["total_amount"],
                ..field(
                    "currency",
                    "/total/currency",
                    json!("ZAR"),
                    vec![json!("R"), json!(5)],
                )
            },
            field(
                "quote_items",
                "/items/0/name",
                json!("Projector"),
                no_list(),
            ),
            field(
                "created_at",
                "/created_at",
                json!("2024-01-15T09:00:00Z"),
                no_time(),
            ),
            field(
                "last_activity_at",
                "/last_activity_at",
                json!("2024-01-15T11:30:00Z"),
                no_time(),
            ),
            field("metadata", "/metadata", json!({}), no_object()),
        ],
    );
}

/// S1-089, S1-090, S1-091, S1-092, S1-093, S1-094, S1-095, S1-096, S1-097, S1-098.
#[test]
fn every_field_of_an_email() {
    let text = |name, pointer, stored: &str, chars_max| {
        field(name, pointer, json!(stored), no_text(chars_max))
    };
    check(
        "sync_email_thread",
        EMAIL,
        &[
            Field {
                required: true,
                ..text("email_id", "/email_id", "msg_xyz789", 1000)
            },
            field(
                "from_email",
                "/from",
                json!("customer@example.com"),
                no_email(),
            ),
            text("from_name", "/from_name", "Customer Name", 200),
            text("subject", "/subject", "Product inquiry", 1000),
            text("body", "/body", "I'm interested in...", 100_000),
            text("category", "/category", "inquiry", 50),
            text("status", "/status", "classified", 50),
            Field {
                event: 1,
                ..field("sentiment", "/label", json!("neutral"), no_sentiment())
            },
            field(
                "created_at",
                "/created_at",
                json!("2024-01-15T08:45:00Z"),
                no_time(),
            ),
            field("metadata", "/metadata", json!({}), no_object()),
        ],
    );
}
