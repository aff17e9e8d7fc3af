//! What other systems send in their own shapes.

use super::accounts::{access, of_role, refused};
use super::*;
use crate::keys::NewKey;
use crate::{SecretTexts, Secrets};
use touchbook_events::catalogue::access::{Role, WebhookKind};

const JSON: &str = "application/json";

/// The order of document 001, with small values where it has `[...]` and `{...}`.
fn synced_order(status: &str) -> Value {
    json!({
        "action": "sync_opencart_order",
        "data": {
            "order_id": 12345, "customer_id": 67890, "customer_name": "John Doe",
            "customer_email": "john@example.com", "customer_phone": "+27123456789",
            "order_status": status, "order_total": 1299.99, "currency": "ZAR",
            "payment_method": "Credit Card", "shipping_method": "Standard Shipping",
            "items": [{"name": "Lamp", "quantity": 2}], "shipping_address": {"city": "Cape Town"},
            "order_date": "2024-01-15T10:30:00Z"
        }
    })
}

fn delivered_order() -> Value {
    json!({
        "type": "opencart_order",
        "data": {
            "order_id": 12345, "customer_id": 67890, "customer_name": "Bob Smith",
            "customer_email": "bob@example.com", "order_status": "Complete",
            "order_total": 899.99, "currency": "ZAR", "order_date": "2024-01-15T09:30:00Z"
        }
    })
}

impl Service {
    async fn sync(&self, body: &Value) -> Answer {
        self.post("/api/sync", JSON, body.to_string()).await
    }

    pub(super) async fn set_policy(&self, name: &str, value: Value) {
        let request = Request::put(format!("/api/v1/policies/{name}"));
        let request = request.header(header::CONTENT_TYPE, JSON);
        let body = json!({ "value": value }).to_string();
        let answer = self.send(request.body(body.into()).unwrap()).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }

    pub(super) async fn timeline_of(&self, named: &str, position: &Value) -> Vec<Value> {
        let path = format!("/api/v1/customers/{named}/timeline?min_position={position}");
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["items"].as_array().unwrap().clone()
    }
}

/// S1-049, C30.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_comes_again_is_the_same_and_a_changed_one_is_a_revision() {
    let service = Service::start().await;
    let first = service.sync(&synced_order("Complete")).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    assert!(first.body["customer_id"].is_string() && first.body["event_id"].is_string());
    let again = service.sync(&synced_order("Complete")).await;
    assert_eq!(again.body["duplicate"], true);
    for member in ["event_id", "customer_id", "position"] {
        assert_eq!(again.body[member], first.body[member], "{member}");
    }
    let changed = service.sync(&synced_order("Refunded")).await;
    assert_eq!(changed.body["duplicate"], false);
    let entries = service
        .timeline_of("john@example.com", &changed.body["position"])
        .await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        (&entries[0]["source"], &entries[0]["revision_count"]),
        (&json!("order"), &json!(2))
    );
    assert_eq!(entries[0]["occurred_at"], "2024-01-15T10:30:00Z");
    let back = service.sync(&synced_order("Complete")).await;
    assert_eq!(
        back.body["duplicate"], false,
        "an old content that returns is news"
    );
}

/// S1-102, S1-103, S1-104, S1-105, C30: one object by two ways is one entry.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_and_a_sync_of_one_object_make_one_entry() {
    let service = Service::start().await;
    service.sync(&synced_order("Pending")).await;
    let pushed = delivered_order().to_string();
    let pushed = service.post("/api/webhooks/timeline", JSON, pushed).await;
    assert_eq!(pushed.status, 200, "{:?}", pushed.body);
    let entries = service
        .timeline_of("john@example.com", &pushed.body["position"])
        .await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["revision_count"], 2);
}

/// The bytes that came stand in the first record, as they were.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_is_kept_byte_for_byte() {
    let service = Service::start().await;
    let body = " {\"action\": \"sync_email_thread\",\n \"data\": {\"email_id\": \"m-1\", \
                \"from_email\": \"a@example.com\", \"big\": 12345678901234567890.10 } }\n";
    let stored = service.post("/api/sync", JSON, body).await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
    let record = service
        .get(&format!("/api/v1/events/{}", stored.body["position"]))
        .await;
    assert_eq!(
        record.body["extensions"]["rawpayload"], body,
        "{:?}",
        record.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_object_is_said_where_it_stands() {
    let service = Service::start().await;
    let unknown = service
        .sync(&json!({"action": "sync_fax", "data": {}}))
        .await;
    assert_eq!(unknown.problem(), (400, "unknown_action"));
    assert!(
        unknown.body["allowed"].as_array().unwrap().len() >= 8,
        "S1-100"
    );
    let mut order = synced_order("Complete");
    order["data"]["order_total"] = json!(true);
    let wrong = service.sync(&order).await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.body["pointer"]),
        (422, &json!("/data/order_total"))
    );
    let letters = service.get("/api/v1/dead-letters").await;
    assert_eq!(letters.body["items"], json!([]), "its sender knows");
}

/// S0-008, S0-009, S0-010.
#[tokio::test(flavor = "multi_thread")]
async fn the_agents_logs_are_counted_where_they_are_read() {
    let service = Service::start().await;
    let mut position = json!(0);
    for (action, log) in [
        ("sync_agent_call_log", "alex_call_logs"),
        ("sync_agent_email_log", "alex_email_logs"),
        ("sync_agent_sms_log", "alex_sms_logs"),
    ] {
        let body = json!({"action": action, "data": {
            "id": 7, "customer_email": "jane@example.com", "agent_id": "alex",
            "direction": "outbound", "at": "2024-05-01T10:00:00Z", "duration_seconds": 90,
            "subject": "Hello", "body": "How are you?",
        }});
        let stored = service.sync(&body).await;
        assert_eq!(stored.status, 200, "{log}: {:?}", stored.body);
        position = stored.body["position"].clone();
        assert_eq!(service.sync(&body).await.body["duplicate"], true, "{log}");
        let record = service.get(&format!("/api/v1/events/{position}")).await;
        let subject = record.body["subject"].as_str().unwrap();
        assert!(subject.contains(&format!("{log}:7")), "{subject}");
    }
    let customer = format!("/api/v1/customers/jane@example.com?min_position={position}");
    let customer = service.get(&customer).await.body;
    let counts = ["total_agent_calls", "total_agent_emails", "total_agent_sms"];
    assert_eq!(
        counts.map(|count| &customer[count]),
        [&json!(1); 3],
        "{customer}"
    );
    assert_eq!(customer["agent_call_duration_total"], json!(1.5));
    let entries = service.timeline_of("jane@example.com", &position).await;
    assert_eq!(entries.len(), 3, "{entries:?}");
}

/// S1-099.
#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_refreshed_one_by_one() {
    let service = Service::start().await;
    let stored = service.sync(&synced_order("Complete")).await;
    service
        .timeline_of("john@example.com", &stored.body["position"])
        .await;
    let known = stored.body["customer_id"].clone();
    let head = service.api.engine().tenant("default").unwrap().head();
    let body = json!({"action": "bulk_update_profiles", "data": {
        "customer_ids": ["john@example.com", known, "nobody@example.com"],
    }});
    let answer = service.sync(&body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["updated"]),
        (200, &json!(2))
    );
    let results = answer.body["results"].as_array().unwrap();
    assert_eq!(results[0]["customer_id"], known);
    assert_eq!(
        (&results[1]["drift"], &results[2]["error"]),
        (&json!(0), &json!("not_found"))
    );
    assert_eq!(
        service.api.engine().tenant("default").unwrap().head(),
        head,
        "S0-047"
    );
}

/// S1-106: what can't be used is kept byte for byte, and used once it can be.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_can_not_be_used_is_kept_and_sent_again() {
    let service = Service::start().await;
    let route = "/api/webhooks/timeline";
    let unknown = r#"{"type": "fax", "data": {"a": 1.50}}"#;
    let kept = service.post(route, JSON, unknown).await;
    assert_eq!(kept.status, 202, "{:?}", kept.body);
    let letters = service.get("/api/v1/dead-letters").await.body["items"].clone();
    assert_eq!(letters[0]["position"], kept.body["dead_letters"][0]);
    assert_eq!(letters[0]["reason"], "unknown_type");
    assert_eq!(letters[0]["origin"], route);
    assert_eq!(letters[0]["raw"]["text"], unknown);
    let broken: &[u8] = &[0xff, 0xfe, b'{'];
    let kept = service.post(route, JSON, broken).await;
    assert_eq!(kept.status, 202, "{:?}", kept.body);
    let letters = service.get("/api/v1/dead-letters").await.body["items"].clone();
    assert_eq!(letters[0]["raw"]["hex"], "fffe7b");

    let mut call = json!({"call_id": "c-1", "customer_email": "jane@example.com"});
    call["outcome"] = json!("sold");
    let kept = service
        .post("/api/integrations/call-system", JSON, call.to_string())
        .await;
    assert_eq!(kept.status, 202, "{:?}", kept.body);
    let nobody = service.get("/api/v1/customers/jane@example.com").await;
    assert_eq!(
        nobody.problem(),
        (404, "not_found"),
        "all of a delivery or nothing"
    );
    service.set_policy("outcomes", json!(["sold"])).await;
    let path = format!(
        "/api/v1/dead-letters/{}/resubmit",
        kept.body["dead_letters"][0]
    );
    let again = service
        .send(Request::post(path).body(Body::empty()).unwrap())
        .await;
    assert_eq!(again.status, 200, "{:?}", again.body);
    let entries = service
        .timeline_of("jane@example.com", &again.body["position"])
        .await;
    assert_eq!((entries.len(), &entries[0]["source"]), (1, &json!("call")));
}

/// S1-107.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_says_what_it_takes() {
    let service = Service::with_accounts().await;
    let info = service.get("/api/webhooks/timeline").await;
    assert_eq!(info.body["endpoint"], "/api/webhooks/timeline");
    let types = info.body["supported_types"].as_array().unwrap();
    assert_eq!(types.len(), 4, "{types:?}");
    for name in types {
        let body = json!({"type": name, "data": {}}).to_string();
        let dev = Service::start().await;
        let kept = dev.post("/api/webhooks/timeline", JSON, body).await;
        let letters = dev.get("/api/v1/dead-letters").await.body["items"].clone();
        assert_eq!(kept.status, 202, "{name}");
        assert_ne!(letters[0]["reason"], "unknown_type", "{name}");
    }
}

fn bearer(path: &str, token: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, JSON);
    request.body(body.to_string().into()).unwrap()
}

/// S1-101, S1-113: who shows nothing good stores nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_opened_by_its_own_key() {
    let service = Service::with_accounts().await;
    let route = "/api/webhooks/timeline";
    let order = delivered_order();
    let none = service.post(route, JSON, order.to_string()).await;
    assert_eq!(
        refused(&none),
        (503, "webhook_secret_not_configured"),
        "C13"
    );
    let of_kind = |kind| NewKey {
        webhook: Some(kind),
        ..of_role(Role::Producer)
    };
    let key = service
        .key("default", &of_kind(WebhookKind::Timeline))
        .await;
    let other = service
        .key("default", &of_kind(WebhookKind::CallSystem))
        .await;
    let head = service.api.engine().tenant("default").unwrap().head();
    let missing = service.post(route, JSON, order.to_string()).await;
    assert_eq!(refused(&missing), (401, "not_authenticated"));
    for wrong in [&*other, "secret", &key.replace("_default_", "_nobody_")] {
        let answer = service.send(bearer(route, wrong, &order)).await;
        assert!(
            matches!(refused(&answer).0, 401 | 503),
            "{wrong}: {answer:?}"
        );
    }
    assert_eq!(service.api.engine().tenant("default").unwrap().head(), head);
    let stored = service.send(bearer(route, &key, &order)).await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
}

/// C13: the secret of the documents' environment is the default tenant's.
#[tokio::test(flavor = "multi_thread")]
async fn the_documents_secret_opens_the_default_tenant() {
    let texts = SecretTexts {
        session: "sessions".to_owned(),
        webhooks: [("call_system".to_owned(), "shared secret".to_owned())].into(),
    };
    let access = crate::Accounts {
        secrets: Arc::new(Secrets::new(texts)),
        ..access()
    };
    let service = Service::with(Access::Accounts(access)).await;
    service.api.engine().create_tenant("default").await.unwrap();
    let route = "/api/integrations/call-system";
    let call = json!({"call_id": "c-1", "customer_phone": "+27123456789", "transcript": "Hello."});
    let wrong = service.send(bearer(route, "another", &call)).await;
    assert_eq!(refused(&wrong), (401, "not_authenticated"));
    let stored = service.send(bearer(route, "shared secret", &call)).await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
    let tenant = service.api.engine().tenant("default").unwrap();
    let record = tenant
        .record(stored.body["position"].as_u64().unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(
        record.sent.unwrap().principal_id.as_deref(),
        Some("webhook/call_system")
    );
}

/// Mail as RFC 5322 has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_received_or_sent_by_who_wrote_it() {
    let service = Service::start().await;
    service
        .set_policy("own_addresses", json!(["sales@ours.example"]))
        .await;
    let received = "From: Jane <jane@example.com>\r\nTo: sales@ours.example\r\n\
                    Message-ID: <1@example.com>\r\nDate: Wed, 1 May 2024 10:00:00 +0200\r\n\
                    Subject: A question\r\n\r\nDo you have lamps?\r\n";
    let first = service
        .post("/api/v1/mail", "message/rfc822", received)
        .await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let again = service
        .post("/api/v1/mail", "message/rfc822", received)
        .await;
    assert_eq!(again.body["duplicate"], true);
    let reply = "From: sales@ours.example\r\nTo: jane@example.com\r\nMessage-ID: <2@ours.example>\r\n\
                 In-Reply-To: <1@example.com>\r\nSubject: Re: A question\r\n\r\nYes.\r\n";
    let reply = service.post("/api/v1/mail", "message/rfc822", reply).await;
    let entries = service
        .timeline_of("jane@example.com", &reply.body["position"])
        .await;
    assert_eq!(entries.len(), 2, "{entries:?}");
}
