//! Every answer about one customer says whose it is, and by what it was asked for (C1).

use super::views::event;
use super::*;

impl Service {
    async fn written(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        let answer = self
            .send(request.body(body.to_string().into()).unwrap())
            .await;
        assert_eq!(answer.status, 200, "{method} {path}: {:?}", answer.body);
        answer
    }
}

/// Reads of a customer below `/api/v1/customers/{ref}`.
const READS: [&str; 8] = [
    "",
    "/timeline",
    "/members",
    "/threads",
    "/quotes",
    "/orders",
    "/insights",
    "/explain?field=ltv",
];

/// C1.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_by_what_it_was_asked_for() {
    let (service, head) = Service::with_jane().await;
    let jane = service
        .view(&format!(
            "/api/v1/customers/jane@example.com?min_position={head}"
        ))
        .await;
    let id = jane["customer_id"].as_str().unwrap();
    for read in READS {
        for (named, resolved_from) in [
            (
                "Jane@Example.com",
                json!({"kind": "email", "value": "jane@example.com"}),
            ),
            (
                "email:jane@example.com",
                json!({"kind": "email", "value": "jane@example.com"}),
            ),
            (id, Value::Null),
        ] {
            let answer = service
                .view(&format!("/api/v1/customers/{named}{read}"))
                .await;
            assert_eq!(answer["customer_id"], id, "{named}{read}");
            assert_eq!(answer["resolved_from"], resolved_from, "{named}{read}");
        }
    }
    for action in ["timeline", "profile", "customer_details", "order_history"] {
        let path = format!("/api/timeline?action={action}&customerId=jane@example.com");
        let answer = service.view(&path).await;
        assert_eq!(answer["customer_id"], id, "{action}");
        assert_eq!(
            answer["resolved_from"]["value"], "jane@example.com",
            "{action}"
        );
    }
    for then in [format!("known_at={head}"), "as_of=2024-05-31".to_owned()] {
        for read in ["?", "/timeline?", "/orders?"] {
            let path = format!("/api/v1/customers/jane@example.com{read}{then}");
            let answer = service.view(&path).await;
            assert_eq!(answer["resolved_from"]["kind"], "email", "{path}");
        }
    }
}

/// C1, for who writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_says_by_what_the_customer_was_named() {
    let (service, _) = Service::with_jane().await;
    let jane = "/api/v1/customers/jane@example.com";
    for (method, path, body) in [
        ("PATCH", "", json!({"name": "Jane"})),
        ("PUT", "/status", json!({"status": "vip"})),
        (
            "PUT",
            "/consent",
            json!({"channel": "sms", "granted": true}),
        ),
        (
            "POST",
            "/identifiers",
            json!({"kind": "phone", "value": "+27123456789"}),
        ),
        (
            "POST",
            "/identifiers/detach",
            json!({"kind": "phone", "value": "+27123456789"}),
        ),
        ("POST", "/refresh", json!({})),
    ] {
        let answer = service
            .written(method, &format!("{jane}{path}"), body)
            .await;
        assert_eq!(
            answer.body["resolved_from"]["value"], "jane@example.com",
            "{path}"
        );
    }
}

/// Whoever was merged is found by its own id still.
#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_one_that_was_merged_leads_to_the_other() {
    let (service, _) = Service::with_jane().await;
    let joe = json!({"customer": {"email": "joe@example.com"}, "body": "Hi"});
    let joe = event("joe", "sms.received", "2024-05-06T10:00:00Z", joe);
    let joe = service.events(&joe).await;
    let position = &joe.body["position"];
    service
        .view(&format!(
            "/api/v1/customers/joe@example.com?min_position={position}"
        ))
        .await;
    let merged = service
        .written(
            "POST",
            "/api/v1/customers/jane@example.com/merge",
            json!({"members": ["joe@example.com"]}),
        )
        .await;
    assert_eq!(merged.body["resolved_from"]["value"], "jane@example.com");
    let (joe, position) = (&joe.body["customer_id"], &merged.body["position"]);
    let path = format!(
        "/api/v1/customers/{}?min_position={position}",
        joe.as_str().unwrap()
    );
    let found = service.view(&path).await;
    assert_ne!(&found["customer_id"], joe);
    assert_eq!(found["resolved_from"], json!({"kind": "id", "value": joe}));
}
