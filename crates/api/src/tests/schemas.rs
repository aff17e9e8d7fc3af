//! What is answered has the shape that the document says.

use super::views::{JANE, event};
use super::*;

/// Of the document, with every object closed: a member that is not documented is no part of it.
struct Schemas {
    document: Value,
}

impl Schemas {
    fn closed() -> Self {
        let mut document = serde_json::to_value(crate::openapi()).unwrap();
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        for schema in schemas.values_mut().filter_map(Value::as_object_mut) {
            if schema.contains_key("properties") {
                schema.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Self { document }
    }

    /// What is wrong with an answer to `GET` of `path`.
    fn faults(&self, path: &str, answer: &Value) -> Vec<String> {
        let responses = &self.document["paths"][path]["get"]["responses"];
        let mut schema = responses["200"]["content"]["application/json"]["schema"].clone();
        assert!(schema["$ref"].is_string(), "{path}: {schema}");
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::draft202012::options().build(&schema).unwrap();
        let errors = validator.iter_errors(answer);
        errors
            .map(|error| format!("{path} at {}: {error}", error.instance_path()))
            .collect()
    }
}

/// A call of which everything is known.
fn call_of(customer: &Value) -> [(&'static str, Value); 6] {
    [
        (
            "call.started",
            json!({"call_id": "c-1", "customer": customer, "agent_id": "alex",
            "direction": "inbound", "aliases": {"call_sid": "CA1"},
            "queue": {"type": "winback", "priority_score": 7.5, "position": 3}}),
        ),
        (
            "call.ended",
            json!({"call_id": "c-1", "duration_seconds": 90}),
        ),
        (
            "call.outcome_recorded",
            json!({"call_id": "c-1", "outcome": "contacted", "sale_made": true,
            "callback_at": "2024-05-11T10:00:00Z"}),
        ),
        (
            "call.recording_updated",
            json!({"call_id": "c-1", "recording_sid": "RE1",
            "status": "completed", "url": "https://recordings.example/RE1",
            "duration_seconds": 88}),
        ),
        (
            "call.transcribed",
            json!({"call_id": "c-1", "text": "Hello.", "summary": "A greeting",
            "status": "completed", "language": "en"}),
        ),
        (
            "call.scored",
            json!({"call_id": "c-1", "call_score": 8.5, "agent_performance_score": 9,
            "conversion_likelihood": 0.75}),
        ),
    ]
}

impl Service {
    /// Jane's with one of everything that an answer may show.
    async fn with_everything_of_jane() -> (Self, u64) {
        let (service, _) = Self::with_jane().await;
        let jane = json!({"email": "jane@example.com"});
        let at = |minute: u32| format!("2024-05-10T10:{minute:02}:00Z");
        let events = [
            (
                "email.classified",
                json!({"email_id": "<1@x>", "category": "inquiry",
                "status": "classified", "classifier": {"name": "sorter", "version": "2"}}),
            ),
            (
                "chat.received",
                json!({"customer": jane, "session": "q-1", "body": "Hi"}),
            ),
            (
                "chat.sent",
                json!({"customer": jane, "session": "q-1", "body": "Yes?",
                "agent_id": "sam"}),
            ),
            (
                "order.updated",
                json!({"customer": jane, "order_id": "8", "status": "Complete",
                "total": {"amount": 99.5, "currency": "ZAR"}, "items": [{"product_id": 1}],
                "payment_method": "Card", "shipping_address": {"city": "Cape Town"},
                "ordered_at": "2024-05-10T09:00:00Z"}),
            ),
            (
                "order.refunded",
                json!({"order_id": "8", "refund_id": "R1", "reason": "Scratched",
                "amount": {"amount": "9.50", "currency": "ZAR"}}),
            ),
            ("sms.received", json!({"customer": jane, "body": "Hello?"})),
        ];
        let [asked @ .., waiting] = events;
        let events = asked.into_iter().chain(call_of(&jane)).chain([waiting]);
        let mut head = 0;
        for (minute, (kind, data)) in (0..).zip(events) {
            head = service
                .stored(&event(&format!("e-{minute}"), kind, &at(minute), data))
                .await;
        }
        for (id, subject, score) in [("s-1", "call/c-1", 0.5), ("s-2", "email/<3@x>", -0.9)] {
            let mut scored = event(id, "sentiment.scored", &at(30), json!({"score": score}));
            scored["subject"] = json!(subject);
            head = service.stored(&scored).await;
        }
        (service, head)
    }
}

const VIEWS: [&str; 7] = [
    "threads", "quotes", "orders", "insights", "explain", "timeline", "members",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_what_the_document_describes() {
    let (service, head) = Service::with_everything_of_jane().await;
    let schemas = Schemas::closed();
    let mut faults = Vec::new();
    let mut asked = Vec::new();
    for view in VIEWS {
        let query = match view {
            "explain" => "?field=ltv",
            _ => "?limit=50",
        };
        let query = match view {
            "insights" | "members" => "",
            _ => query,
        };
        let path = format!("/api/v1/customers/{{ref}}/{view}");
        asked.push((path, format!("{JANE}/{view}{query}")));
    }
    for (path, query) in [
        ("/api/v1/customers", "?view=recent"),
        ("/api/v1/customers", "?view=attention"),
        ("/api/v1/customers", "?q=jane"),
        ("/api/v1/calls", ""),
        ("/api/v1/reports/agents", "?from=2024-01-01"),
        ("/api/v1/ledger/events", "?limit=500"),
        (
            "/api/customer_timeline_unified",
            "?customer_email=jane@example.com",
        ),
    ] {
        asked.push((path.to_owned(), format!("{path}{query}")));
    }
    asked.push(("/api/v1/customers/{ref}".to_owned(), JANE.to_owned()));
    asked.push((
        "/api/v1/calls/{id}".to_owned(),
        "/api/v1/calls/c-1".to_owned(),
    ));
    service
        .view(&format!("{JANE}/insights?min_position={head}"))
        .await;
    service
        .view(&format!("/api/v1/calls?min_position={head}"))
        .await;
    service
        .view(&format!("/api/v1/customers?min_position={head}"))
        .await;
    for (path, asked) in asked {
        let answer = service.view(&asked).await;
        let items = answer.get("items").and_then(Value::as_array);
        assert!(
            items.is_none_or(|items| !items.is_empty()),
            "{asked} shows nothing"
        );
        faults.extend(schemas.faults(&path, &answer));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Otherwise the test above would hold for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_document_does_not_describe_is_a_fault() {
    let (service, _) = Service::with_jane().await;
    let schemas = Schemas::closed();
    let path = "/api/v1/customers/{ref}/orders";
    let answer = service.view(&format!("{JANE}/orders")).await;
    assert!(schemas.faults(path, &answer).is_empty());
    let mut renamed = answer.clone();
    renamed["items"][0]["state"] = json!("Complete");
    let mut other = answer.clone();
    other["statistics"]["order_count"] = json!("two");
    let mut missing = answer;
    missing.as_object_mut().unwrap().remove("statistics");
    for (what, answer) in [("renamed", renamed), ("other", other), ("missing", missing)] {
        assert!(!schemas.faults(path, &answer).is_empty(), "{what}");
    }
}

/// S1-042, in the only spelling that it has.
#[tokio::test(flavor = "multi_thread")]
async fn details_are_what_the_document_describes() {
    let (service, head) = Service::with_everything_of_jane().await;
    let path = "/api/timeline";
    let asked = format!("{path}?action=customer_details&customerId=jane@example.com");
    let answer = service.view(&format!("{asked}&min_position={head}")).await;
    let faults = Schemas::closed().faults(path, &answer);
    assert!(faults.is_empty(), "{faults:#?}");
}
