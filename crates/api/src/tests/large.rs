//! Answers that would be large: they end earlier, and say where they go on.

use super::{Answer, Service, order};
use crate::limits::{ANSWERS_BYTES_MAX, EXPORTS_MAX, PAGE_BYTES_MAX, UNCOUNTED_BYTES};
use axum::body::{Body, HttpBody};
use axum::http::Request;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use touchbook_events::EventType;
use touchbook_testkit::eventually;
use tower::ServiceExt;

/// So many large records are more than a page may have.
const MANY: usize = 2 * PAGE_BYTES_MAX / LARGE_BYTES;
const LARGE_BYTES: usize = 150_000;

/// Of order 1, as of a number.
fn large_order(number: usize) -> Value {
    let line = format!("{number} {}", "x".repeat(LARGE_BYTES));
    let mut event = order("1", "7", json!({"shipping_address": {"line": line}}));
    event["id"] = json!(number.to_string());
    event
}

impl Service {
    async fn with_large_orders() -> Self {
        let service = Self::start().await;
        let mut last = 0;
        for number in 0..MANY {
            last = service.stored(&large_order(number)).await;
        }
        let caught_up = format!("/api/v1/entries/order%2F1?min_position={last}");
        assert_eq!(service.get(&caught_up).await.status, 200);
        service
    }

    /// All rows of a list, whose pages must be full of bytes, not of rows.
    async fn all_pages(&self, path: &str, cursor: &str) -> Vec<Value> {
        let (mut rows, mut pages) = (Vec::new(), 0);
        let mut next = format!("{path}limit=500");
        loop {
            let answer = self.get(&next).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            assert!(bytes(&answer) < 2 * PAGE_BYTES_MAX);
            rows.extend(answer.body["items"].as_array().unwrap().iter().cloned());
            pages += 1;
            next = match &answer.body["next_cursor"] {
                Value::Null => break,
                Value::String(text) => format!("{path}limit=500&{cursor}={text}"),
                number => format!("{path}limit=500&{cursor}={number}"),
            };
        }
        assert!(pages > 1, "{path}: {} rows are not too many", rows.len());
        rows
    }
}

fn bytes(answer: &Answer) -> usize {
    answer.body.to_string().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_records_ends_early_and_goes_on() {
    let service = Service::with_large_orders().await;
    let rows = service.all_pages("/api/v1/ledger/events?", "after").await;
    let positions: Vec<u64> = rows
        .iter()
        .map(|row| row["position"].as_u64().unwrap())
        .collect();
    assert_eq!(positions, (1..=MANY as u64 + 2).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_has_its_newest_records_and_says_how_many_are_left_out() {
    let service = Service::with_large_orders().await;
    let entry = service.get("/api/v1/entries/order%2F1").await;
    assert_eq!(entry.status, 200);
    assert!(bytes(&entry) < 2 * PAGE_BYTES_MAX);
    let history = entry.body["history"].as_array().unwrap();
    let omitted = entry.body["history_omitted"].as_u64().unwrap() as usize;
    assert!(omitted > 0 && history.len() + omitted == MANY);
    let ids: Vec<usize> = history
        .iter()
        .map(|record| record["event_id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids, (omitted..MANY).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_dead_letters_ends_early_and_goes_on() {
    let service = Service::start().await;
    let tenant = service.api.engine().create_tenant("default").await.unwrap();
    for number in 0..MANY {
        let raw = Bytes::from(format!("{number} {}", "x".repeat(LARGE_BYTES)));
        let kept = service
            .api
            .engine()
            .deliver(&tenant, EventType::OrderUpdated, raw);
        kept.await.unwrap();
    }
    let letters = service.all_pages("/api/v1/dead-letters?", "cursor").await;
    let positions: Vec<u64> = letters
        .iter()
        .map(|letter| letter["position"].as_u64().unwrap())
        .collect();
    assert_eq!(positions, (2..=MANY as u64 + 1).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_customers_ends_early_and_goes_on() {
    const CUSTOMERS: usize = 60;
    let service = Service::start().await;
    let fields: BTreeMap<String, String> = (0..100)
        .map(|field| (format!("field_{field}"), "x".repeat(500)))
        .collect();
    let mut last = 0;
    for number in 0..CUSTOMERS {
        let email = format!("customer-{number}@example.com");
        let total = json!({"amount": format!("{number}.50"), "currency": "USD"});
        let placed = json!({"customer": {"email": email}, "total": total});
        service
            .stored(&order(&number.to_string(), "", placed))
            .await;
        let change = json!({"email": email, "custom_fields": fields}).to_string();
        let answer = service.post("/api/v1/customers", "application/json", change);
        last = answer.await.body["position"].as_u64().unwrap();
    }
    for number in 0..CUSTOMERS {
        let id = format!("sms-{number}");
        let customer = json!({"email": format!("customer-{number}@example.com")});
        let asked = json!({
            "specversion": "1.0", "id": id, "source": "phone", "type": "sms.received",
            "time": "2024-05-02T10:00:00Z",
            "data": {"customer": customer, "body": "Where is it?"},
        });
        last = service.stored(&asked).await;
    }
    for view in ["view=recent", "view=top", "q=customer", "view=attention"] {
        let path = format!("/api/v1/customers?min_position={last}&{view}&");
        let rows = service.all_pages(&path, "cursor").await;
        let ids: BTreeMap<&str, ()> = rows
            .iter()
            .map(|row| (row["customer_id"].as_str().unwrap(), ()))
            .collect();
        assert_eq!((rows.len(), ids.len()), (CUSTOMERS, CUSTOMERS), "{view}");
    }
}

/// What is asked for may be in none of many large records.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_large_records_ends_early_and_goes_on() {
    let service = Service::with_large_orders().await;
    service.stored(&order("2", "7", json!({}))).await;
    for what in ["principal=nobody", "subject=order%2F2"] {
        let path = format!("/api/v1/ledger/events?{what}&");
        let rows = service.all_pages(&path, "after").await;
        assert_eq!(
            rows.len(),
            usize::from(what.starts_with("subject")),
            "{what}"
        );
    }
}

/// Files that nobody takes are no reason to keep a thread from everybody else.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_sent_so_many_at_once_and_no_more() {
    let service = Service::start().await;
    let fields: BTreeMap<String, String> = (0..100)
        .map(|field| (format!("field_{field}"), "x".repeat(500)))
        .collect();
    for number in 0..10 {
        let email = format!("customer-{number}@example.com");
        let change = json!({"email": email, "custom_fields": fields}).to_string();
        let answer = service.post("/api/v1/customers", "application/json", change);
        let position = &answer.await.body["position"];
        let caught_up = format!("/api/v1/customers?min_position={position}");
        assert_eq!(service.get(&caught_up).await.status, 200);
    }
    let ask = async || {
        let request = Request::get("/api/v1/customers/export");
        let request = request.body(Body::empty()).unwrap();
        service.router.clone().oneshot(request).await.unwrap()
    };
    let mut untaken = Vec::new();
    for _ in 0..EXPORTS_MAX {
        untaken.push(ask().await);
    }
    assert!(untaken.iter().all(|answer| answer.status() == 200));
    let refused = ask().await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    untaken.pop();
    eventually("a place is free again", || async {
        ask().await.status() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_are_held_within_a_budget() {
    let service = Service::with_large_orders().await;
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        service.router.clone().oneshot(request).await.unwrap()
    };
    let large = "/api/v1/ledger/events?limit=500";
    let mut untaken = Vec::new();
    let refused = loop {
        let answer = ask(large).await;
        if answer.status() != 200 {
            break answer;
        }
        untaken.push(answer);
    };
    let most = ANSWERS_BYTES_MAX / PAGE_BYTES_MAX;
    assert!(
        (most / 2..=most).contains(&untaken.len()),
        "{}",
        untaken.len()
    );
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(
        ask("/api/v1/events/1").await.status(),
        200,
        "small ones are not counted"
    );
    untaken.pop();
    assert_eq!(ask(large).await.status(), 200);
}

/// Whoever is told to come again has written nothing, and whoever has written something is told.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_has_no_room_is_refused_before_anything_is_written() {
    let service = Service::start().await;
    let tenant = service.api.engine().create_tenant("default").await.unwrap();
    let many = |status: &str| {
        let data = json!({"status": status});
        let events = (0..1_000).map(|number| order(&number.to_string(), "7", data.clone()));
        events.collect::<Value>().to_string()
    };
    let post = async |query: &str, body: String| {
        let request = Request::post(format!("/api/v1/events?{query}"));
        let request = request.header("Content-Type", "application/json");
        let request = request.body(Body::from(body)).unwrap();
        service.router.clone().oneshot(request).await.unwrap()
    };
    let answers = || service.api.answers().take(ANSWERS_BYTES_MAX);
    let all = answers().unwrap();
    let begun = tenant.head();
    let bad = json!(vec![json!({}); 1_000]).to_string();
    for (query, body) in [("results=full", many("New")), ("", bad)] {
        let refused = post(query, body).await;
        assert_eq!(refused.status(), 429, "{query}");
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(tenant.head(), begun, "nothing is stored");
    }
    // A short answer has room, and so has what the writer alone could know.
    assert_eq!(post("", many("New")).await.status(), 200);
    let conflicts = post("", many("Complete")).await;
    assert_eq!(conflicts.status(), 200);
    let size = |answer: &Response| answer.body().size_hint().exact().unwrap();
    assert!(size(&conflicts) > UNCOUNTED_BYTES as u64);
    drop(all);

    let full = post("results=full", many("New")).await;
    assert_eq!(full.status(), 200);
    let rest = ANSWERS_BYTES_MAX + UNCOUNTED_BYTES - size(&full) as usize;
    assert!(answers().is_none(), "it counts until it is taken");
    assert!(service.api.answers().take(rest).is_some(), "and no more");
    drop(full);
    assert!(answers().is_some());
}
