use super::*;

/// What is no request: method, path, and what it is answered.
const REQUESTS: &[(&str, &str, (u16, &str))] = &[
    ("GET", "/api/v1/nothing", (404, "not_found")),
    ("GET", "/nothing", (404, "not_found")),
    ("DELETE", "/api/v1/events", (405, "method_not_allowed")),
    (
        "POST",
        "/api/v1/customers/x/timeline",
        (405, "method_not_allowed"),
    ),
    ("POST", "/api/v1/events", (415, "unsupported_media_type")),
    ("POST", "/api/v1/customers", (415, "unsupported_media_type")),
    ("GET", "/api/v1/events/abc", (400, "unreadable_path")),
    ("GET", "/api/v1/events/-1", (400, "unreadable_path")),
    ("GET", "/api/v1/events/1?x=1", (400, "unknown_parameter")),
    (
        "GET",
        "/api/v1/ledger/events?limit=0",
        (400, "invalid_parameter"),
    ),
    (
        "GET",
        "/api/v1/ledger/events?limit=501",
        (400, "invalid_parameter"),
    ),
    (
        "GET",
        "/api/v1/ledger/events?limit=1&limit=2",
        (400, "repeated_parameter"),
    ),
    (
        "GET",
        "/api/v1/customers?view=oldest",
        (400, "invalid_parameter"),
    ),
    (
        "GET",
        "/api/v1/customers?q=a&view=top",
        (400, "invalid_parameter"),
    ),
    (
        "GET",
        "/api/v1/customers?cursor=abc",
        (400, "invalid_parameter"),
    ),
    ("GET", "/api/v1/customers?q=%20", (400, "invalid_parameter")),
    ("GET", "/api/v1/customers/jane", (400, "invalid_reference")),
    (
        "GET",
        "/api/v1/customers/jane@example.com",
        (404, "not_found"),
    ),
    (
        "GET",
        "/api/v1/customers/0190f3a0-0000-7000-8000-000000000001",
        (404, "not_found"),
    ),
    ("GET", "/api/v1/entries/order%2F1", (404, "not_found")),
    ("GET", "/api/v1/policies/nothing", (404, "unknown_policy")),
    ("GET", "/api/v1/jobs/nothing", (404, "not_found")),
    (
        "POST",
        "/api/v1/projections/nothing/rebuild",
        (404, "unknown_projection"),
    ),
    (
        "POST",
        "/api/v1/projections/customers/cancel",
        (409, "not_running"),
    ),
    ("POST", "/api/v1/dead-letters/1/dismiss", (404, "not_found")),
    ("GET", "/schemas/events/order.updated/9", (404, "not_found")),
    (
        "GET",
        "/api/v1/stream?types=nothing",
        (400, "invalid_parameter"),
    ),
    ("GET", "/api/v1/stream?after=999", (400, "position_ahead")),
    (
        "GET",
        "/api/v1/customers?min_position=999",
        (400, "position_ahead"),
    ),
    (
        "GET",
        "/api/v1/customers?min_position=1&wait=31",
        (400, "invalid_parameter"),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem() {
    let service = Service::start().await;
    for &(method, path, want) in REQUESTS {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answer = service.send(request).await;
        assert_eq!(answer.problem(), want, "{method} {path}: {:?}", answer.body);
    }
    let refused = service.post("/api/v1/events", "text/plain", "{}").await;
    assert_eq!(refused.body["allowed"][0], "application/json");
    let not_allowed = Request::put("/api/v1/events").body(Body::empty()).unwrap();
    assert_eq!(service.send(not_allowed).await.header("allow"), "POST");
}

fn with_type(name: &str) -> String {
    let mut event = order("1", "7", json!({}));
    event["type"] = json!(name);
    event.to_string()
}

/// What is no event: the body, what it is answered, and where it points.
fn bad_events() -> Vec<(String, (u16, &'static str), Value)> {
    vec![
        ("{".to_owned(), (400, "unreadable"), Value::Null),
        ("".to_owned(), (400, "unreadable"), Value::Null),
        ("[1,".to_owned(), (400, "unreadable"), Value::Null),
        (
            with_type("order.exploded"),
            (422, "unknown_type"),
            json!("/type"),
        ),
        (
            with_type("customer.created"),
            (422, "type_not_allowed"),
            json!("/type"),
        ),
        (
            with_type("tenant.created"),
            (422, "type_not_allowed"),
            json!("/type"),
        ),
        (
            order(
                "1",
                "7",
                json!({"total": {"amount": "ten", "currency": "USD"}}),
            )
            .to_string(),
            (422, "invalid_value"),
            json!("/data/total/amount"),
        ),
        (
            order("1", "7", json!({"customer": {"email": "jane"}})).to_string(),
            (422, "invalid_value"),
            json!("/data/customer/email"),
        ),
        (
            order(
                "1",
                "7",
                json!({"customer": {"id": "0190f3a0-0000-7000-8000-000000000001"}}),
            )
            .to_string(),
            (422, "unknown_customer"),
            json!("/data/customer/id"),
        ),
    ]
}

/// What can't be read is 400, what can't be used 422; both say where and what is allowed.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_wrong_is_told_where() {
    let service = Service::start().await;
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for (body, want, pointer) in bad_events() {
        let answer = service
            .post("/api/v1/events", "application/json", body.clone())
            .await;
        assert_eq!(answer.problem(), want, "{body}: {:?}", answer.body);
        assert_eq!(answer.body["pointer"], pointer, "{body}");
    }
    let unknown = service
        .post("/api/v1/events", "application/json", with_type("x"))
        .await;
    assert!(
        unknown.body["allowed"]
            .as_array()
            .unwrap()
            .contains(&json!("order.updated"))
    );
    let deep = order("1", "7", json!({}))
        .to_string()
        .replace("\"Complete\"", &deep);
    let answer = service
        .post("/api/v1/events", "application/json", deep)
        .await;
    assert!(
        matches!(answer.problem(), (400 | 422, _)),
        "{:?}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_dev_nobody_comes_in() {
    let service = Service::with_accounts().await;
    for path in ["/api/v1/customers", "/api/v1/nothing", "/api/v1/stream"] {
        assert_eq!(
            service.get(path).await.problem(),
            (401, "not_authenticated"),
            "{path}"
        );
    }
    assert_eq!(service.get("/healthz").await.status, 200);
}

/// A page of the web that a developer visits must not reach the service.
#[tokio::test(flavor = "multi_thread")]
async fn with_dev_only_loopback_comes_in() {
    let service = Service::start().await;
    for (name, value) in [
        ("host", "rebound.example"),
        ("origin", "https://page.example"),
    ] {
        let request = Request::post("/api/v1/projections/customers/rebuild").header(name, value);
        let answer = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.problem(), (403, "not_loopback"));
    }
    let own = Request::get("/api/v1/customers").header("host", "127.0.0.1:7400");
    let own = own
        .header("origin", "http://localhost:5173")
        .body(Body::empty())
        .unwrap();
    assert_eq!(service.send(own).await.status, 200);
    for slug in ["_node", "No Slug", "ä"] {
        let request = Request::get("/api/v1/customers").header("X-Tenant-ID", slug);
        let answer = service.send(request.body(Body::empty()).unwrap()).await;
        assert!(answer.status.is_client_error(), "{slug}: {answer:?}");
    }
}

/// Limits count whoever waits; a request too many is told when to come again.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_waiters_are_turned_away() {
    let service = Service::start().await;
    service.stored(&order("1", "7", json!({}))).await;
    let tenant = service.api.engine().tenant("default").unwrap();
    let waiting: Vec<_> = (0..crate::limits::WAITERS_MAX)
        .map(|_| service.api.waiter(&tenant).unwrap())
        .collect();
    let refused = service.events(&order("2", "7", json!({}))).await;
    assert_eq!(refused.problem(), (429, "too_many_requests"));
    assert_eq!(refused.header("retry-after"), "1");
    drop(waiting);
    service.stored(&order("2", "7", json!({}))).await;
}
