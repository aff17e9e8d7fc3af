//! What document 000 promises of everything that is recorded: all of it is shown, whatever is
//! missing in it, and none of it is ever changed.

use super::success;
use crate::root;
use crate::service::Service;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use touchbook_events::{EntrySource, EventType};

const JANE: &str = "/api/v1/customers/external_id:crm:1";
/// What can be asked of a customer.
const PARTS: [&str; 9] = [
    "",
    "/timeline",
    "/threads",
    "/quotes",
    "/orders",
    "/insights",
    "/members",
    "/explain?field=ltv",
    "/explain?field=last_interaction_at",
];
/// What an object must be known by before something can be said of it.
const BEGINNINGS: [EventType; 2] = [EventType::CallStarted, EventType::InteractionCreated];

/// The types that make entries, each as its example has it, of one customer: first those that begin
/// what others go on with.
fn examples() -> Vec<Value> {
    let others = EventType::ALL.iter().copied();
    let others = others.filter(|of| of.entry_source().is_some() && !BEGINNINGS.contains(of));
    let types = BEGINNINGS.into_iter().chain(others);
    let read = |event_type: EventType| {
        let name = format!("crates/events/examples/{}.json", event_type.as_str());
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        let mut event: Value = serde_json::from_str(&text).unwrap();
        if event["data"].get("customer").is_some() || event_type == EventType::Custom {
            event["data"]["customer"] = json!({"external_id": "crm:1"});
        }
        event
    };
    types.map(read).collect()
}

/// A service that knows the type of the catalogue's example of registered types.
async fn service() -> Service {
    let service = Service::start();
    for version in [1, 2] {
        let registered = json!({
            "name": "shop.visit", "version": version, "source": "shop", "schema": {"type": "object"},
            "mapping": {"title": "/headline", "customer": {"external_id": "/customer/external_id"}},
        });
        let request = service.request(Method::POST, "/api/v1/event-types");
        let answer = request.json(&registered).send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }
    service
}

async fn try_to_send(service: &Service, event: &Value) -> Value {
    let stored = service.post_lines(event.to_string()).await.unwrap();
    success(&event.to_string(), stored).await["errors"].clone()
}

async fn send(service: &Service, event: &Value) {
    let errors = try_to_send(service, event).await;
    assert_eq!(errors, json!([]), "{event}");
}

/// Every entry of the customer, page by page.
async fn entries(service: &Service) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service
            .json(&format!("{JANE}/timeline?limit=3{cursor}"))
            .await;
        entries.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// S0-054, S1-015: everything of every channel is in one timeline, and is counted once.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_has_every_touchpoint_of_every_channel() {
    let service = service().await;
    let sent = examples();
    for event in &sent {
        send(&service, event).await;
    }
    service.caught_up().await;
    let entries = entries(&service).await;
    let customer = service.json(JANE).await;
    assert_eq!(customer["interaction_count"], entries.len(), "{customer}");
    let shown: BTreeSet<_> = entries
        .iter()
        .map(|entry| entry["source"].as_str())
        .collect();
    let meant = EventType::ALL.iter().filter_map(|of| of.entry_source());
    let meant = meant.map(|source| match source {
        EntrySource::Custom => Some("shop"),
        source => Some(source.as_str()),
    });
    let meant: BTreeSet<_> = meant.collect();
    assert_eq!(shown, meant);
}

/// What the event's schema asks for, and nothing else.
async fn least(service: &Service, event: &Value) -> Value {
    let kind = event["type"].as_str().unwrap();
    let schema = service.json(&format!("/schemas/events/{kind}/1")).await;
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let asked = |name: &str| name == "customer" || required.contains(&json!(name));
    let all = event["data"].as_object().unwrap().iter();
    let least: Map<String, Value> = all
        .filter(|(name, _)| asked(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut event = event.clone();
    event["data"] = least.into();
    event
}

/// S0-050: what can't do without a member says so, and the rest is shown without it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_missing_and_breaks_nothing() {
    let service = service().await;
    let examples = examples();
    let mut stored = 0;
    for event in &examples {
        let least = least(&service, event).await;
        let errors = try_to_send(&service, &least).await;
        match errors[0]["status"].as_u64() {
            Some(status) => assert!((400..500).contains(&status), "{errors}"),
            None => stored += 1,
        }
    }
    assert!(stored > examples.len() / 2, "most need nothing: {stored}");
    service.caught_up().await;
    for part in PARTS {
        let response = service.get(&format!("{JANE}{part}")).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{part}: {text}");
        assert!(
            !text.contains("NaN") && !text.contains("Infinity"),
            "{part}: {text}"
        );
    }
    let page = service.json(&format!("{JANE}/timeline?limit=200")).await;
    for entry in page["items"].as_array().unwrap() {
        let id = entry["entry_id"]
            .as_str()
            .unwrap()
            .replace('/', "%2F")
            .replace('#', "%23");
        let shown = service.json(&format!("/api/v1/entries/{id}")).await;
        assert_eq!(shown["entry"]["entry_id"], entry["entry_id"]);
    }
}

/// S0-051: whatever is done to a customer, what was recorded before stands as it was.
#[tokio::test(flavor = "multi_thread")]
async fn no_record_is_ever_changed_or_taken_away() {
    let service = service().await;
    for event in examples() {
        send(&service, &event).await;
    }
    let sms = json!({
        "specversion": "1.0", "id": "other", "source": "agents", "type": "sms.sent",
        "data": {"customer": {"external_id": "crm:2"}, "body": "Hello"},
    });
    send(&service, &sms).await;
    service.caught_up().await;
    let before = service.records().await;
    let id = |of: &str| {
        let path = format!("/api/v1/customers/external_id:crm:{of}");
        let service = &service;
        async move { service.json(&path).await["customer_id"].clone() }
    };
    let (jane, other) = (id("1").await, id("2").await);
    let done = [
        json!({"type": "customer.merged", "data": {"into": jane, "members": [other]}}),
        json!({"type": "event.retracted", "data": {"positions": [before.len()]}}),
        json!({"type": "customer.unmerged", "data": {"from": jane, "members": [other]}}),
    ];
    for (number, mut event) in (0..).zip(done) {
        event["specversion"] = json!("1.0");
        event["id"] = json!(format!("done-{number}"));
        event["source"] = json!("tests");
        send(&service, &event).await;
    }
    service.accepted(&format!("{JANE}/refresh")).await;
    service
        .run_job("/api/v1/projections/timeline/rebuild")
        .await;
    let after = service.records().await;
    assert!(
        after.len() >= before.len() + 3,
        "each was recorded: {after:?}"
    );
    assert_eq!(after[..before.len()], before);
}
