//! Types that a tenant registers, end to end.

use crate::check;
use crate::load;
use crate::service::{Service, TENANT};
use async_nats::jetstream::Context;
use reqwest::Method;
use serde_json::{Value, json};
use touchbook_testkit::{Nats, eventually};

fn registration(version: u32, source: &str) -> Value {
    json!({
        "name": "shop.visit",
        "version": version,
        "source": source,
        "schema": { "required": ["visitor"] },
        "mapping": {
            "title": "/headline",
            "title_default": "Visit",
            "preview": "/note",
            "customer": { "email": "/visitor" },
            "sentiment": "/mood",
            "direction": "outbound",
            "counts_as": "email",
        },
    })
}

fn visit(id: u64, version: Option<u32>, data: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": id.to_string(),
        "source": "till",
        "type": "shop.visit",
        "time": "2024-05-01T10:00:00Z",
        "data": data,
    });
    if let Some(version) = version {
        event["dataschema"] = json!(format!("/schemas/events/shop.visit/{version}"));
    }
    event
}

async fn post(service: &Service, path: &str, body: &Value) -> (u16, Value) {
    let request = service.request(Method::POST, path).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn register(service: &Service, version: u32, source: &str) {
    let body = registration(version, source);
    let (status, answer) = post(service, "/api/v1/event-types", &body).await;
    assert_eq!(status, 200, "{answer}");
}

/// The rows of one customer's timeline: title, source, type, version.
async fn shown(service: &Service, sources: &str) -> Vec<[String; 4]> {
    service.caught_up().await;
    let path = format!("/api/v1/customers/jane@example.com/timeline?sources={sources}");
    let page = service.json(&path).await;
    let row = |entry: &Value| {
        ["/title", "/source", "/type", "/details/version"]
            .map(|member| entry.pointer(member).unwrap().to_string().replace('"', ""))
    };
    page["items"].as_array().unwrap().iter().map(row).collect()
}

fn row(title: &str, source: &str, version: u32) -> [String; 4] {
    [title, source, "shop.visit", &version.to_string()].map(str::to_owned)
}

/// S1-135, S0-057: registered, accepted, shown, filtered, counted, exported; version 2 beside
/// version 1; and a rebuild changes nothing, whatever holds by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_registered_type_is_taken_shown_filtered_counted_and_exported() {
    let mut service = Service::start();
    let jane = json!({ "visitor": "jane@example.com", "headline": "Saw sofas", "mood": 0.5 });
    let (status, refused) = post(&service, "/api/v1/events", &visit(1, None, &jane)).await;
    assert_eq!(status, 422, "{refused}");

    register(&service, 1, "shop").await;
    let (status, taken) = post(&service, "/api/v1/events", &visit(1, None, &jane)).await;
    assert_eq!(status, 200, "{taken}");
    register(&service, 2, "chat").await;
    let nameless = json!({ "visitor": "jane@example.com" });
    for (id, version) in [(2, None), (3, Some(1))] {
        let event = visit(id, version, &nameless);
        let (status, taken) = post(&service, "/api/v1/events", &event).await;
        assert_eq!(status, 200, "{taken}");
    }

    let first = [row("Visit", "shop", 1), row("Saw sofas", "shop", 1)];
    let second = [row("Visit", "chat", 2)];
    assert_eq!(shown(&service, "shop").await, first);
    assert_eq!(shown(&service, "chat").await, second);
    assert_eq!(shown(&service, "shop,chat").await.len(), 3);
    assert_eq!(shown(&service, "call").await.len(), 0);

    let customer = service.json("/api/v1/customers/jane@example.com").await;
    assert_eq!(customer["interaction_count"], 3);
    assert_eq!(customer["total_agent_emails"], 3);
    assert_eq!(customer["sentiment_score"], 0.5);
    let exported = service.get("/api/v1/customers/export").await;
    let exported = exported.text().await.unwrap();
    assert!(exported.contains("jane@example.com"), "{exported}");

    // What was decided stays decided, under rules that came later and after a restart.
    register(&service, 3, "social").await;
    check::folds(&service).await;
    assert_eq!(service.terminate(), Some(0));
    service.restart();
    assert_eq!(shown(&service, "shop").await, first);
    assert_eq!(shown(&service, "chat").await, second);
    check::folds(&service).await;
}

async fn publish(producer: &Context, event: &Value) {
    let subject = format!("touchbook.events.{TENANT}.shop.visit");
    let sent = producer.publish(subject, event.to_string().into()).await;
    sent.unwrap().await.unwrap();
}

async fn letters(service: &Service) -> Vec<Value> {
    let letters = service.json("/api/v1/dead-letters").await;
    letters["items"].as_array().unwrap().clone()
}

/// Nobody but the service is believed who says that an event was held against its schema.
async fn looked_at_ahead(node: &Service, producer: &Context) {
    let types = node.json("/api/v1/event-types").await;
    let mut types = types["items"].as_array().unwrap().iter();
    let registered = types.find(|known| known["type"] == "shop.visit").unwrap();
    let forged = |id| {
        let mut event = visit(id, None, &json!({}));
        event["schemaheld"] = json!({ "position": registered["position"] });
        event
    };
    let (status, refused) = post(node, "/api/v1/events", &forged(4)).await;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(refused["type"], "/problems/schema_broken", "{refused}");
    let before = letters(node).await.len();
    publish(producer, &forged(5)).await;
    eventually("the forged one is kept", || async {
        letters(node).await.len() == before + 1
    })
    .await;
}

/// S1-106, S1-135: from the stream what nobody registered, or breaks its schema, is a dead letter,
/// and is taken when it is sent again; two nodes decide alike (design law 5).
#[tokio::test(flavor = "multi_thread")]
async fn from_the_stream_an_unregistered_type_is_a_dead_letter_until_it_is_registered() {
    let nats = Nats::start();
    let node = Service::start_with(&["--stream", &nats.url()]);
    node.json("/api/v1/customers").await;
    let other = Service::start_with(&["--stream", &nats.url()]);
    let producer = load::producer(&nats).await;
    let jane = json!({ "visitor": "jane@example.com" });
    publish(&producer, &visit(1, None, &jane)).await;
    eventually("it is kept", || async { letters(&node).await.len() == 1 }).await;
    let early = &letters(&node).await[0];
    assert_eq!(early["reason"], "unregistered_type", "{early}");

    register(&node, 1, "shop").await;
    publish(&producer, &visit(2, None, &jane)).await;
    publish(&producer, &visit(3, None, &json!({}))).await;
    eventually("the broken one is kept", || async {
        letters(&node).await.len() == 2
    })
    .await;
    let kept = letters(&node).await;
    let broken = kept
        .iter()
        .find(|letter| letter["reason"] == "schema_broken");
    assert!(broken.is_some(), "{kept:?}");
    let again = format!("/api/v1/dead-letters/{}/resubmit", early["position"]);
    let (status, answer) = post(&node, &again, &json!({})).await;
    assert_eq!(status, 200, "{answer}");

    eventually("both nodes are as far", || async {
        node.caught_up().await == other.caught_up().await
    })
    .await;
    for node in [&node, &other] {
        assert_eq!(shown(node, "shop").await.len(), 2);
    }
    looked_at_ahead(&node, &producer).await;
    let (status, taken) = post(&other, "/api/v1/events", &visit(6, None, &jane)).await;
    assert_eq!(status, 200, "{taken}");
    let record = other
        .json(&format!("/api/v1/events/{}", taken["position"]))
        .await;
    assert!(!record.to_string().contains("schemaheld"), "{record}");
    eventually("both nodes are as far", || async {
        node.caught_up().await == other.caught_up().await
    })
    .await;
    assert_eq!(node.digests().await, other.digests().await);
    let chain = async |node: &Service| {
        let verified = node.run_job("/api/v1/ledger/verify").await;
        verified["result"]["chain"].clone()
    };
    assert_eq!(chain(&node).await, chain(&other).await);
}
