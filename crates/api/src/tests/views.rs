//! What is put together of a customer when it is asked for.

use super::*;

pub(super) fn event(id: &str, kind: &str, time: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "test", "type": kind, "time": time, "data": data,
    })
}

pub(super) const JANE: &str = "/api/v1/customers/jane@example.com";

impl Service {
    /// Jane wrote two mails, of which one was answered, and has an order and a quote.
    pub(super) async fn with_jane() -> (Self, u64) {
        let service = Self::start().await;
        let jane = json!({"email": "jane@example.com"});
        let mail = |id: &str, answers: Value| {
            json!({"customer": jane, "email_id": id, "subject": "Lamps", "body": "…",
                   "thread": answers})
        };
        let events = [
            event(
                "1",
                "email.received",
                "2024-05-01T10:00:00Z",
                mail("<1@x>", json!({})),
            ),
            event(
                "2",
                "email.sent",
                "2024-05-01T11:00:00Z",
                mail("<2@x>", json!({"in_reply_to": "<1@x>"})),
            ),
            event(
                "3",
                "email.received",
                "2024-05-02T10:00:00Z",
                mail("<3@x>", json!({})),
            ),
            event(
                "4",
                "quote.updated",
                "2024-05-03T10:00:00Z",
                json!({"customer": jane, "session_id": "q-1", "status": "quote_sent",
                       "total": {"amount": "5499.99", "currency": "ZAR"}}),
            ),
            event(
                "5",
                "order.updated",
                "2024-05-04T10:00:00Z",
                json!({"customer": jane, "order_id": "7", "status": "Pending",
                       "total": {"amount": "10.00", "currency": "USD"}}),
            ),
            event(
                "6",
                "order.updated",
                "2024-05-05T10:00:00Z",
                json!({"order_id": "7", "status": "Complete"}),
            ),
        ];
        let mut head = 0;
        for event in &events {
            head = service.stored(event).await;
        }
        (service, head)
    }

    pub(super) async fn view(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        answer.body
    }
}

/// S1-043, S1-044, S1-045, in both spellings.
#[tokio::test(flavor = "multi_thread")]
async fn threads_quotes_and_orders_are_put_together() {
    let (service, head) = Service::with_jane().await;
    let threads = service
        .view(&format!("{JANE}/threads?min_position={head}"))
        .await;
    assert_eq!(threads["items"].as_array().unwrap().len(), 2, "{threads}");
    let quotes = service.view(&format!("{JANE}/quotes")).await;
    assert_eq!(quotes["items"][0]["status"], "quote_sent", "{quotes}");
    let orders = service.view(&format!("{JANE}/orders")).await;
    assert_eq!(orders["items"][0]["status"], "Complete", "{orders}");
    assert_eq!(orders["statistics"]["counted_order_count"], 1);
    for (action, expected) in [
        ("email_threads", &threads),
        ("quote_sessions", &quotes),
        ("order_history", &orders),
    ] {
        let path = format!("/api/timeline?action={action}&customerId=jane@example.com");
        assert_eq!(&service.view(&path).await, expected, "{action}");
    }
    let before = service
        .view(&format!("{JANE}/orders?known_at={}", head - 1))
        .await;
    assert_eq!(before["items"][0]["status"], "Pending");
    let nobody = service
        .get("/api/v1/customers/nobody@example.com/orders")
        .await;
    assert_eq!(nobody.problem(), (404, "not_found"));
}

/// S1-042.
#[tokio::test(flavor = "multi_thread")]
async fn everything_of_a_customer_is_one_object() {
    let (service, head) = Service::with_jane().await;
    let details = |query: &str| {
        let named = "action=customer_details&customerId=jane@example.com";
        format!("/api/timeline?{named}&min_position={head}{query}")
    };
    let whole = service.view(&details("")).await;
    let count = |of: &Value| of.as_array().unwrap().len();
    let sources = ["calls", "emails", "chats", "socials", "orders"];
    let counts = sources.map(|source| count(&whole[source]));
    assert_eq!(counts, [0, 3, 1, 0, 1], "{whole}");
    let profile = "/api/timeline?action=profile&customerId=jane@example.com";
    let mut profile = service.view(profile).await;
    profile.as_object_mut().unwrap().remove("resolved_from");
    assert_eq!(whole["profile"], profile, "it stands beside it");
    for (view, list) in [
        ("threads", "email_threads"),
        ("quotes", "quote_sessions"),
        ("orders", "order_history"),
    ] {
        let rows = service.view(&format!("{JANE}/{view}")).await;
        assert_eq!(whole[list]["items"], rows["items"], "{view}");
    }
    let short = service.view(&details("&limit=1")).await;
    assert_eq!(
        (count(&short["emails"]), &short["entry_counts"]["email"]),
        (1, &json!(3))
    );
    assert!(short["email_threads"]["next_cursor"].is_string());
    for (query, code) in [
        ("", "invalid_parameter"),
        ("&customerId=nobody@example.com", "not_found"),
    ] {
        let answer = service
            .get(&format!("/api/timeline?action=customer_details{query}"))
            .await;
        assert_eq!(answer.problem().1, code, "{query}");
    }
}

/// S1-120.
#[tokio::test(flavor = "multi_thread")]
async fn the_unified_view_has_the_rows_of_the_timeline() {
    let (service, head) = Service::with_jane().await;
    let view = "/api/customer_timeline_unified?customer_email=Jane@Example.com";
    let unified = service.view(&format!("{view}&min_position={head}")).await;
    let timeline = service
        .view("/api/timeline?action=timeline&customerId=jane@example.com")
        .await;
    assert_eq!(unified, timeline);
    let dates = unified["items"].as_array().unwrap().iter();
    let dates: Vec<_> = dates
        .map(|row| row["occurred_at"].as_str().unwrap())
        .collect();
    assert!(
        dates.len() == 5 && dates.is_sorted_by(|one, next| one >= next),
        "{dates:?}"
    );
    let page = service.view(&format!("{view}&limit=2")).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = service.view(&format!("{view}&cursor={cursor}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);
    for query in ["", "?customer_email=jane", "?customer_email=phone:1"] {
        let path = format!("/api/customer_timeline_unified{query}");
        assert_eq!(service.get(&path).await.status, 400, "{query}");
    }
    let unknown = service.get("/api/timeline?action=nothing").await;
    let detail = unknown.body["detail"].as_str().unwrap();
    assert!(detail.contains("customer_timeline_unified"), "{detail}");
}

/// Peers §4 no. 2, S1-013.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_names_the_records_that_made_it() {
    let (service, head) = Service::with_jane().await;
    let explained = service
        .view(&format!("{JANE}/explain?field=ltv&min_position={head}"))
        .await;
    let trail = explained["trail"].as_array().unwrap();
    let last = trail.last().unwrap();
    assert_eq!(
        (&last["position"], &last["type"]),
        (&json!(head), &json!("order.updated"))
    );
    let customer = service.view(JANE).await;
    assert_eq!(
        (&explained["value"], &last["after"]),
        (&customer["ltv"], &customer["ltv"])
    );
    let refused = service.get(&format!("{JANE}/explain?field=luck")).await;
    assert_eq!(refused.problem(), (400, "invalid_parameter"));
    assert!(
        refused.body["allowed"]
            .as_array()
            .unwrap()
            .contains(&json!("ltv"))
    );
}

/// S1-016, S1-017, S1-030, S1-031, S1-032, S1-033, S1-034, S1-035, S1-041.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_us_is_listed_with_the_reasons() {
    let (service, head) = Service::with_jane().await;
    service.stored(&order("8", "joe", json!({}))).await;
    let insights = service
        .view(&format!("{JANE}/insights?min_position={head}"))
        .await;
    assert_eq!(
        insights["channel_preference"]["preferred_channel"], "email",
        "{insights}"
    );
    assert_eq!(
        insights["response_time"]["median_seconds"], 3600,
        "{insights}"
    );
    let waiting = service.view("/api/v1/customers?view=attention").await;
    let items = waiting["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{waiting}");
    let reasons = items[0]["attention"]["reasons"].as_array().unwrap();
    assert_eq!(
        (&reasons[0]["rule"], reasons.len()),
        (&json!("unanswered"), 1),
        "{reasons:?}"
    );
    assert!(!reasons[0]["positions"].as_array().unwrap().is_empty());
    let spelled = service.view("/api/timeline?action=attention").await;
    assert_eq!(spelled, waiting);

    let mut last = head;
    for (number, score) in [(1, 0.5), (2, -0.9)] {
        let scored = json!({
            "specversion": "1.0", "id": format!("s-{number}"), "source": "test",
            "type": "sentiment.scored", "subject": format!("email/<{}@x>", 2 * number - 1),
            "data": {"score": score},
        });
        last = service.stored(&scored).await;
    }
    let jane = service.view(&format!("{JANE}?min_position={last}")).await;
    assert_eq!(
        (&jane["sentiment_score"], &jane["scored_count"]),
        (&json!(-0.2), &json!(2))
    );
    assert_eq!(jane["sentiment_trend"], "declining");

    service
        .set_policy("response_sla", json!(100 * 24 * 3600))
        .await;
    let waiting = service.view("/api/v1/customers?view=attention").await;
    let rules: Vec<_> = waiting["items"][0]["attention"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["rule"].as_str().unwrap().to_owned())
        .collect();
    assert!(!rules.contains(&"unanswered".to_owned()), "{rules:?}");
    assert!(rules.contains(&"bad_sentiment".to_owned()), "{rules:?}");
}

/// S1-108, S1-109, S1-111.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_read_with_its_transcript() {
    let service = Service::start().await;
    let call = json!({
        "call_id": "c-1", "customer_phone": "+27123456789", "agent_id": "alex",
        "direction": "inbound", "started_at": "2024-05-01T10:00:00Z", "duration_seconds": 90,
        "outcome": "contacted", "transcript": "Hello. I need a lamp.", "summary": "A lamp",
    });
    let route = "/api/integrations/call-system";
    let stored = service
        .post(route, "application/json", call.to_string())
        .await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
    let position = stored.body["position"].clone();
    for name in ["c-1", "call%2Fc-1"] {
        let read = service
            .view(&format!("/api/v1/calls/{name}?min_position={position}"))
            .await;
        assert_eq!(
            read["transcript"]["text"], "Hello. I need a lamp.",
            "{read}"
        );
        assert_eq!(
            (&read["agent_id"], &read["outcome"]),
            (&json!("alex"), &json!("contacted"))
        );
    }
    let listed = service
        .view("/api/v1/calls?agent_id=alex&direction=inbound")
        .await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let none = service.view("/api/v1/calls?outcome=no_answer").await;
    assert!(none["items"].as_array().unwrap().is_empty());
    let nobody = service.get("/api/v1/calls/c-2").await;
    assert_eq!(nobody.problem(), (404, "not_found"));
    let entries = service.timeline_of("phone:%2B27123456789", &position).await;
    assert_eq!((entries.len(), &entries[0]["source"]), (1, &json!("call")));
}
