//! Dead letters of no tenant, in the node's own ledger.

use super::{Answer, Service, order};
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use touchbook_events::EventType;

impl Service {
    async fn of_node(&self, method: &str, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("X-Tenant-ID", "_node").body(Body::empty());
        self.send(request.unwrap()).await
    }

    /// An event for a tenant that comes by way of another, as the stream may bring one.
    async fn astray(&self, event: &Value, tenant: &str) {
        let by_way_of = self.api.engine().create_tenant("default").await.unwrap();
        let mut event = event.clone();
        event["tenantid"] = json!(tenant);
        let (kind, json) = (EventType::OrderUpdated, Bytes::from(event.to_string()));
        let delivered = self.api.engine().deliver(&by_way_of, kind, json).await;
        delivered.unwrap();
    }

    async fn node_letters(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/dead-letters?{query}");
        let answer = self.of_node("GET", &path).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_no_tenant_is_sent_again_to_the_one_that_it_names() {
    let service = Service::start().await;
    service.astray(&order("1", "7", json!({})), "later").await;
    let letters = service.node_letters("").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["reason"], "tenant_contradicts_subject");
    assert_eq!(letters[0]["tenant"], "later");
    let own = service.get("/api/v1/dead-letters").await;
    assert_eq!(own.body["items"], json!([]), "it is no tenant's");

    let resubmit = "/api/v1/dead-letters/1/resubmit";
    let early = service.of_node("POST", resubmit).await;
    assert_eq!(early.problem(), (422, "unknown_tenant"));
    assert!(early.body["detail"].as_str().unwrap().contains("later"));
    assert!(
        service.api.engine().tenant("later").is_none(),
        "nobody began it"
    );
    assert_eq!(service.node_letters("").await.len(), 1);

    let later = service.api.engine().create_tenant("later").await.unwrap();
    let again = service.of_node("POST", resubmit).await;
    assert_eq!(again.status, 200, "{:?}", again.body);
    assert!(service.node_letters("").await.is_empty());
    let resolved = &service.node_letters("status=resolved").await[0]["resolution"];
    assert_eq!(resolved["position"], again.body["position"]);
    let position = resolved["resubmitted_position"].as_u64().unwrap();
    let record = later.record(position).unwrap().unwrap();
    assert_eq!(&*record.sent.unwrap().id, "delivery-1");

    for path in [resubmit, "/api/v1/dead-letters/1/dismiss"] {
        let late = service.of_node("POST", path).await;
        assert_eq!(late.problem(), (409, "already_resolved"), "{path}");
        assert_eq!(late.body["position"], again.body["position"], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_no_tenant_is_dismissed_and_still_read() {
    let service = Service::start().await;
    service.astray(&order("1", "7", json!({})), "later").await;
    let dismissed = service
        .of_node("POST", "/api/v1/dead-letters/1/dismiss")
        .await;
    assert_eq!(dismissed.status, 200, "{:?}", dismissed.body);
    assert!(service.node_letters("").await.is_empty());
    let record = service.of_node("GET", "/api/v1/events/1").await;
    assert_eq!(record.body["type"], "dead_letter", "{:?}", record.body);
    for path in ["/api/v1/events/1/raw", "/api/v1/ledger/events"] {
        assert_eq!(service.of_node("GET", path).await.status, 200, "{path}");
    }
    let none = service
        .of_node("POST", "/api/v1/dead-letters/2/dismiss")
        .await;
    assert_eq!(none.problem(), (404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_own_ledger_knows_nothing_else() {
    let service = Service::start().await;
    for (method, path) in [
        ("GET", "/api/v1/customers"),
        ("GET", "/api/v1/entries/order%2F1"),
        ("GET", "/api/v1/policies"),
        ("GET", "/api/v1/projections"),
        ("GET", "/api/v1/stream"),
        ("GET", "/api/v1/tenants"),
        ("POST", "/api/v1/events"),
        ("POST", "/api/v1/ledger/verify"),
        ("POST", "/api/v1/projections/customers/rebuild"),
        ("PUT", "/api/v1/policies/zone"),
    ] {
        let answer = service.of_node(method, path).await;
        assert_eq!(answer.problem(), (403, "node_ledger"), "{method} {path}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("/dead-letters"), "{detail}");
    }
    let node = service.api.engine().node_tenant().unwrap();
    assert_eq!(node.head(), 0, "nothing was stored");
}
