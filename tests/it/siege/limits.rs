//! One request beyond each limit that a single request can be beyond, and what it is promised.

use super::answered::Said;
use crate::load;
use crate::service::Service;
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt;
use touchbook_events::limits::{
    ATOMIC_BYTES_MAX, ATTRIBUTE_CHARS_MAX, BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX,
    EXTENSION_BYTES_MAX, FIELD_CHARS_MAX, FIELDS_MAX, IDENTIFIERS_PER_CUSTOMER_MAX, JSON_DEPTH_MAX,
    MEMBERS_PER_GROUP_MAX, POSITIONS_MAX,
};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const EVENTS: &str = "/api/v1/events";
/// Of `touchbook_api::limits`, which tests see from outside.
const BODY_BYTES_MAX: usize = 512 * 1024;
const HEAD_BYTES_MAX: usize = 64 * 1024;
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 200;
const PAGE_MAX: usize = 500;
const PARAMETER_BYTES_MAX: usize = 2_000;
const WAIT_MAX_SECONDS: usize = 30;

/// A request that asks for too much.
pub(super) struct Beyond {
    /// Which limit it is beyond.
    pub(super) limit: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    pub(super) promised: Said,
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.limit, self.method, self.path)
    }
}

impl Beyond {
    fn get(limit: &'static str, path: String, promised: Said) -> Self {
        Self {
            limit,
            method: Method::GET,
            path,
            headers: Vec::new(),
            body: Bytes::new(),
            promised,
        }
    }

    fn post(
        limit: &'static str,
        path: &str,
        media_type: &str,
        body: impl Into<Bytes>,
        promised: Said,
    ) -> Self {
        Self {
            limit,
            method: Method::POST,
            path: path.to_owned(),
            headers: vec![("Content-Type", media_type.to_owned())],
            body: body.into(),
            promised,
        }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends it; it is answered as promised.
    pub(super) async fn ask(&self, service: &Service) {
        let mut request = service.request(self.method.clone(), &self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = request.body(self.body.clone()).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{self}: {error}"));
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let code = body["type"].as_str().unwrap_or_default();
        let code = code.strip_prefix("/problems/").unwrap_or_default();
        assert_eq!((status, code), self.promised, "{self}: {text}");
    }
}

/// One for each limit; some need customers that are there already.
pub(super) async fn all(service: &Service) -> Vec<Beyond> {
    let mut all = of_size();
    all.extend(of_parameters());
    all.extend(of_values());
    all.push(one_identifier_too_many(service).await);
    all.push(one_member_too_many(service).await);
    all
}

fn of_size() -> Vec<Beyond> {
    let lines = |count| load::lines("siege", 0..count as u64);
    let array = |count: usize| {
        let events: Vec<String> = lines(count).lines().map(str::to_owned).collect();
        format!("[{}]", events.join(","))
    };
    let line = lines(1);
    let atomic = line.repeat(ATOMIC_BYTES_MAX / line.len() + 1);
    vec![
        Beyond::post(
            "event bytes",
            EVENTS,
            JSON,
            order(json!({"items": [{"note": "x".repeat(EVENT_BYTES_MAX)}]})),
            (413, "event_too_large"),
        ),
        Beyond::post(
            "batch events",
            EVENTS,
            LINES,
            lines(BATCH_EVENTS_MAX + 1),
            (413, "too_many_events"),
        ),
        Beyond::post(
            "batch events",
            EVENTS,
            JSON,
            array(BATCH_EVENTS_MAX + 1),
            (413, "too_many_events"),
        ),
        Beyond::post(
            "batch bytes",
            EVENTS,
            LINES,
            vec![b' '; BATCH_BYTES_MAX + 1],
            (413, "body_too_large"),
        ),
        Beyond::post(
            "atomic bytes",
            "/api/v1/events?atomic=true",
            LINES,
            atomic,
            (413, "batch_too_large"),
        ),
        Beyond::post(
            "body bytes",
            "/api/v1/customers",
            JSON,
            vec![b' '; BODY_BYTES_MAX + 1],
            (413, "body_too_large"),
        ),
    ]
}

fn of_parameters() -> Vec<Beyond> {
    let refused = (400, "invalid_parameter");
    let page = format!("limit={}", PAGE_MAX + 1);
    let lists = [
        "customers",
        "customers/external_id:load:1/timeline",
        "ledger/events",
        "dead-letters",
    ];
    let pages = lists.map(|list| Beyond::get("page", format!("/api/v1/{list}?{page}"), refused));
    let wait = format!("min_position=0&wait={}", WAIT_MAX_SECONDS + 1);
    let query = "x".repeat(PARAMETER_BYTES_MAX + 1);
    let key = "x".repeat(IDEMPOTENCY_KEY_CHARS_MAX + 1);
    let list = || "/api/v1/customers".to_owned();
    pages
        .into_iter()
        .chain([
            Beyond::get("wait", format!("/api/v1/customers?{wait}"), refused),
            Beyond::get("parameter", format!("/api/v1/customers?q={query}"), refused),
            Beyond::post(
                "idempotency key",
                "/api/v1/customers",
                JSON,
                r#"{"email":"key@example.com"}"#,
                (400, "invalid_idempotency_key"),
            )
            .with("Idempotency-Key", key),
            // A head is looked at whenever the buffer that it fills is full.
            Beyond::get("head bytes", list(), (431, ""))
                .with("X-Long", "x".repeat(2 * HEAD_BYTES_MAX)),
        ])
        .collect()
}

fn of_values() -> Vec<Beyond> {
    let depth = JSON_DEPTH_MAX + 1;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let long_id = order(json!({})).replace("siege-1", &"x".repeat(ATTRIBUTE_CHARS_MAX + 1));
    let extension = format!(r#""id":"1","extra":"{}","#, "x".repeat(EXTENSION_BYTES_MAX));
    let extended = order(json!({})).replacen(r#""id":"siege-1","#, &extension, 1);
    let fields: serde_json::Map<String, Value> = (0..=FIELDS_MAX)
        .map(|number| (format!("field_{number}"), json!("x")))
        .collect();
    let long_field = json!({"field": "x".repeat(FIELD_CHARS_MAX + 1)});
    let customer =
        |fields: Value| json!({"email": "fields@example.com", "custom_fields": fields}).to_string();
    let positions: Vec<usize> = (1..=POSITIONS_MAX + 1).collect();
    let retraction = event(
        "event.retracted",
        &json!({"positions": positions, "reason": "x"}),
    );
    let refused = (422, "invalid_value");
    vec![
        Beyond::post(
            "depth",
            EVENTS,
            JSON,
            order(json!({"items": "deep"})).replace(r#""deep""#, &deep),
            refused,
        ),
        Beyond::post("attribute", EVENTS, JSON, long_id, refused),
        Beyond::post("extensions", EVENTS, JSON, extended, refused),
        Beyond::post(
            "custom fields",
            "/api/v1/customers",
            JSON,
            customer(fields.into()),
            refused,
        ),
        Beyond::post(
            "custom field",
            "/api/v1/customers",
            JSON,
            customer(long_field),
            refused,
        ),
        Beyond::post("positions", EVENTS, JSON, retraction, refused),
    ]
}

/// Fills a customer with identifiers, and brings one more.
async fn one_identifier_too_many(service: &Service) -> Beyond {
    let named = json!({"customer": {"external_id": "siege:full"}});
    let begun = take_all(service, &[event("customer.updated", &named)]).await;
    let customer = begun["results"][0]["customer_id"].as_str().unwrap();
    let attached = |number: usize| {
        let value = format!("full-{number}@example.com");
        let event = event(
            "identifier.attached",
            &json!({"kind": "email", "value": value}),
        );
        let subject = format!(r#""subject":"customer/{customer}","type""#);
        numbered(number, &event.replacen(r#""type""#, &subject, 1))
    };
    // The external id is the first of them.
    let more: Vec<String> = (1..IDENTIFIERS_PER_CUSTOMER_MAX).map(attached).collect();
    take_all(service, &more).await;
    let one_more = attached(IDENTIFIERS_PER_CUSTOMER_MAX);
    let promised = (422, "too_many_identifiers");
    Beyond::post("identifiers a customer", EVENTS, JSON, one_more, promised)
}

/// Begins customers, and merges all of them at once.
async fn one_member_too_many(service: &Service) -> Beyond {
    let begun = |number: usize| {
        let customer = json!({"external_id": format!("siege:member-{number}")});
        let data = json!({"customer": customer});
        numbered(number, &event("customer.updated", &data))
    };
    let lines: Vec<String> = (100..=100 + MEMBERS_PER_GROUP_MAX).map(begun).collect();
    let answer = take_all(service, &lines).await;
    let rows = answer["results"].as_array().unwrap().iter();
    let ids: Vec<&Value> = rows.map(|row| &row["customer_id"]).collect();
    let (into, members) = ids.split_first().unwrap();
    let data = json!({"into": into, "members": members, "reason": "x"});
    let merged = numbered(0, &event("customer.merged", &data));
    Beyond::post(
        "members a group",
        EVENTS,
        JSON,
        merged,
        (422, "group_too_large"),
    )
}

async fn take_all(service: &Service, lines: &[String]) -> Value {
    let answer = service
        .request(Method::POST, "/api/v1/events?results=full")
        .header("Content-Type", LINES)
        .body(lines.join("\n"))
        .send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!(answer["errors"], json!([]), "{answer}");
    answer
}

/// An event of the id `siege-1`.
fn event(kind: &str, data: &Value) -> String {
    let event = json!({
        "specversion": "1.0", "id": "siege-1", "source": "siege", "type": kind, "data": data,
    });
    event.to_string()
}

/// The same event under another id.
fn numbered(number: usize, event: &str) -> String {
    event.replacen("siege-1", &format!("siege-of-{number}"), 1)
}

fn order(more: Value) -> String {
    let mut data = json!({
        "customer": {"external_id": "siege:orders"},
        "order_id": "siege",
        "status": "Complete",
        "total": {"amount": "1.00", "currency": "USD"},
    });
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    event("order.updated", &data)
}
