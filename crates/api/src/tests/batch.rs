use super::*;
use touchbook_events::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};

const NDJSON: &str = "application/x-ndjson";

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_items_of_a_batch_are_named_and_the_others_are_stored() {
    let service = Service::start().await;
    let good = order("1", "7", json!({}));
    let bad = order(
        "2",
        "7",
        json!({"total": {"amount": "1.00", "currency": "NONE"}}),
    );
    let body = format!("{good}\nnot json\n\n{bad}\n{good}\r\n");
    let answer = service
        .post("/api/v1/events?results=full", NDJSON, body)
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(
        (&answer.body["accepted"], &answer.body["duplicates"]),
        (&json!(1), &json!(1))
    );
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    assert_eq!(
        (&errors[0]["index"], &errors[0]["status"]),
        (&json!(1), &json!(400))
    );
    assert_eq!(
        (&errors[1]["index"], &errors[1]["status"]),
        (&json!(2), &json!(422))
    );
    assert_eq!(errors[1]["pointer"], "/data/total/currency");
    let results = answer.body["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(
        (&results[1]["index"], &results[1]["duplicate"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(results[1]["position"], answer.body["position"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_batch_stands_or_falls_as_a_whole() {
    let service = Service::start().await;
    let bad = order("2", "7", json!({"status": 5}));
    let body = json!([order("1", "7", json!({})), bad]);
    let answer = service
        .post(
            "/api/v1/events?atomic=true",
            "application/json",
            body.to_string(),
        )
        .await;
    assert_eq!(answer.problem(), (422, "batch_refused"));
    assert_eq!(answer.body["errors"][0]["index"], 1);
    // Refused by a decider, not by its shape: nothing of it is stored either.
    let mut late = order("3", "7", json!({}));
    late["time"] = json!("2031-01-01T00:00:00Z");
    let body = json!([order("1", "7", json!({})), late]);
    let answer = service
        .post(
            "/api/v1/events?atomic=true",
            "application/json",
            body.to_string(),
        )
        .await;
    assert_eq!(
        answer.problem(),
        (422, "batch_refused"),
        "{:?}",
        answer.body
    );
    let codes: Vec<_> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["type"])
        .collect();
    assert_eq!(codes, ["/problems/not_stored", "/problems/invalid_value"]);
    let ledger = service.get("/api/v1/ledger/events").await;
    assert_eq!(
        ledger.body["items"].as_array().unwrap().len(),
        1,
        "the tenant's own beginning"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_thousand_is_taken_and_one_more_is_not() {
    let service = Service::start().await;
    let mut events: Vec<Value> = (0..BATCH_EVENTS_MAX)
        .map(|n| order(&n.to_string(), &(n % 20).to_string(), json!({})))
        .collect();
    let answer = service.post("/api/v1/events", NDJSON, lines(&events)).await;
    assert_eq!(
        answer.body["accepted"], BATCH_EVENTS_MAX,
        "{:?}",
        answer.body
    );
    assert!(answer.body.get("results").is_none());
    events.push(order("more", "7", json!({})));
    for (media_type, body) in [
        (NDJSON, lines(&events)),
        (
            "application/cloudevents-batch+json",
            Value::from(events).to_string(),
        ),
    ] {
        let answer = service.post("/api/v1/events", media_type, body).await;
        assert_eq!(answer.problem(), (413, "too_many_events"));
    }
    let empty = service.post("/api/v1/events", NDJSON, "\n\n").await;
    assert_eq!(
        (empty.status.as_u16(), &empty.body["accepted"]),
        (200, &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let service = Service::start().await;
    let body = vec![b' '; BATCH_BYTES_MAX + 1];
    let answer = service.post("/api/v1/events", NDJSON, body).await;
    assert_eq!(answer.problem(), (413, "body_too_large"));
    let large = order(
        "1",
        "7",
        json!({"items": [{"note": "x".repeat(600 * 1024)}]}),
    );
    assert_eq!(
        service.events(&large).await.problem(),
        (413, "event_too_large")
    );
    let many: Vec<Value> = (0..400)
        .map(|n| {
            order(
                &n.to_string(),
                "7",
                json!({"items": [{"note": "x".repeat(500)}]}),
            )
        })
        .collect();
    let body = lines(&many);
    let answer = service
        .post("/api/v1/events?atomic=true", NDJSON, body)
        .await;
    assert_eq!(answer.problem(), (413, "batch_too_large"));
}
