use super::*;
use axum::body::BodyDataStream;
use futures::StreamExt;
use std::time::Duration;

/// How long a test waits for what should come at once.
const WAIT: Duration = Duration::from_secs(20);

struct Following(BodyDataStream, String);

impl Following {
    async fn begin(service: &Service, query: &str, last: Option<u64>) -> Self {
        let mut request = Request::get(format!("/api/v1/stream?{query}"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = service.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Self(response.into_body().into_data_stream(), String::new())
    }

    /// The next event; `None` once the stream has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.1 = rest;
                if !event.starts_with(':') {
                    return Some(event);
                }
                continue;
            }
            let piece = tokio::time::timeout(WAIT, self.0.next())
                .await
                .expect("an event")?;
            self.1
                .push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }

    async fn types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        for _ in 0..count {
            types.push(field(&self.next().await.unwrap(), "event"));
        }
        types
    }
}

fn field(event: &str, name: &str) -> String {
    let line = event
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_as_they_become_durable_and_a_reader_resumes() {
    let service = Service::start().await;
    service.stored(&order("1", "7", json!({}))).await;
    let mut following = Following::begin(&service, "", None).await;
    let second = service.stored(&order("2", "7", json!({}))).await;
    let event = following.next().await.unwrap();
    assert_eq!(field(&event, "id"), second.to_string());
    assert_eq!(field(&event, "event"), "order.updated");
    let data: Value = serde_json::from_str(&field(&event, "data")).unwrap();
    assert_eq!(
        (&data["position"], &data["entry_id"]),
        (&json!(second), &json!("order/2"))
    );
    assert_eq!(data["source"], "order");
    assert_eq!(data["title"], "Order 2 Complete, USD 10.00");
    assert_eq!(data["occurred_at"], "2024-05-01T10:00:00Z");
    assert_eq!(data["preview"], Value::Null);
    drop(following);
    let third = service.stored(&order("3", "7", json!({}))).await;
    let mut resumed = Following::begin(&service, "", Some(second)).await;
    assert_eq!(
        field(&resumed.next().await.unwrap(), "id"),
        third.to_string()
    );
}

/// A recording goes by its own name; its entry is the call's.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_under_another_name_comes_with_the_entry_that_it_is_about() {
    let service = Service::start().await;
    let event = |id: &str, kind: &str, data: Value| {
        json!({
            "specversion": "1.0", "id": id, "source": "phone", "type": kind,
            "time": "2024-05-01T10:00:00Z", "data": data,
        })
    };
    let started = json!({
        "customer": {"phone": "+27123456789"},
        "call_id": "c1",
        "aliases": {"call_sid": "CA1"},
    });
    let first = service.stored(&event("1", "call.started", started)).await;
    let updated = json!({"call_sid": "CA1", "recording_sid": "RE1", "status": "completed"});
    let second = event("2", "call.recording_updated", updated);
    service.stored(&second).await;
    let query = "types=call.recording_updated&after=0";
    let mut following = Following::begin(&service, query, None).await;
    let event = following.next().await.unwrap();
    let data: Value = serde_json::from_str(&field(&event, "data")).unwrap();
    assert_eq!(data["entry_id"], "call/c1", "{data}, after {first}");
    assert_eq!(data["source"], "call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_what_it_asked_for() {
    let service = Service::start().await;
    let of_seven = service.stored(&order("1", "7", json!({}))).await;
    service.stored(&order("2", "8", json!({}))).await;
    service
        .get(&format!("/api/v1/customers?min_position={of_seven}"))
        .await;
    let mut orders = Following::begin(&service, "types=order.updated&after=0", None).await;
    assert_eq!(orders.types(2).await, ["order.updated", "order.updated"]);
    let mut of_customer =
        Following::begin(&service, "customer=external_id:shop:7&after=0", None).await;
    assert_eq!(
        of_customer.types(2).await,
        ["customer.created", "order.updated"]
    );
    let last = service.stored(&order("3", "7", json!({}))).await;
    assert_eq!(
        field(&of_customer.next().await.unwrap(), "id"),
        last.to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_service_stops() {
    let service = Service::start().await;
    let mut following = Following::begin(&service, "", None).await;
    service.api.stopping().cancel();
    assert_eq!(following.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_so_many_readers_and_no_more() {
    let service = Service::start().await;
    let tenant = service.api.engine().create_tenant("default").await.unwrap();
    let open: Vec<_> = (0..crate::limits::SSE_READERS_MAX)
        .map(|_| service.api.sse_reader(&tenant).unwrap())
        .collect();
    let refused = service.get("/api/v1/stream").await;
    assert_eq!(refused.problem(), (429, "too_many_requests"));
    drop(open);
    Following::begin(&service, "", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_of_all_tenants_leave_connections_to_others() {
    const CONNECTIONS: usize = 8;
    let service = Service::with_connections(CONNECTIONS).await;
    let mut open = Vec::new();
    for number in 0..CONNECTIONS / 2 {
        let slug = format!("tenant-{number}");
        let tenant = service.api.engine().create_tenant(&slug).await.unwrap();
        open.push(service.api.sse_reader(&tenant).unwrap());
    }
    let ask = Request::get("/api/v1/stream").body(Body::empty()).unwrap();
    let refused = service.router.clone().oneshot(ask).await.unwrap();
    // Not read to its end, which a stream that is let in has not.
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    open.pop();
    Following::begin(&service, "", None).await;
}

/// Little is kept for a reader that does not read; it is told by the end, and resumes.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_falls_far_behind_is_closed_and_resumes() {
    let service = Service::start().await;
    service.stored(&order("begin", "7", json!({}))).await;
    let mut following = Following::begin(&service, "", None).await;
    let level = service.stored(&order("level", "7", json!({}))).await;
    assert_eq!(
        field(&following.next().await.unwrap(), "id"),
        level.to_string()
    );
    let mut head = level;
    let mut batch = 0;
    while head - level <= crate::limits::SSE_BEHIND_MAX {
        let events: Vec<Value> = (0..1000)
            .map(|n| order(&format!("{batch}-{n}"), "7", json!({})))
            .collect();
        head = service.events(&json!(events)).await.body["position"]
            .as_u64()
            .unwrap();
        batch += 1;
    }
    assert_eq!(following.next().await, None);
    let mut resumed = Following::begin(&service, "", Some(level)).await;
    for position in level + 1..=head {
        assert_eq!(
            field(&resumed.next().await.unwrap(), "id"),
            position.to_string()
        );
    }
}
