//! A node on which writes have stopped.

use super::book::Book;
use crate::check;
use crate::load;
use crate::service::Service;
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Whoever asks how it is, or changes anything in any way, is told why it can't be.
pub(super) async fn is_told(service: &Service, reason: &str) {
    let answer = service.get("/readyz").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = answer.json().await.unwrap();
    let reasons = ready["reasons"].as_array().unwrap();
    let stopped = reasons.iter().find(|one| one["code"] == "writes_stopped");
    let detail = stopped.and_then(|stopped| stopped["detail"].as_str());
    assert!(
        detail.is_some_and(|detail| detail.contains(reason)),
        "{ready}"
    );
    assert_eq!(
        service.get("/healthz").await.status(),
        StatusCode::OK,
        "it lives"
    );
    assert_eq!(
        metric(service, "touchbook_ledger_commit_errors_total").await,
        1.0
    );

    let customer = format!("/api/v1/customers/external_id:{}", load::customer(0));
    let rename = service.request(Method::PATCH, &customer);
    let rename = rename.body(r#"{"name":"Jo"}"#);
    let rename = rename.header("Content-Type", "application/json");
    let begin = service.request_as("newcomer", Method::POST, "/api/v1/events");
    let begin = begin.body(load::event("newcomer", 0));
    let begin = begin.header("Content-Type", "application/cloudevents+json");
    for request in [rename, begin] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let problem = answer.text().await.unwrap();
        assert!(problem.contains(reason), "{problem}");
    }
}

/// Everything acknowledged can be read, verified and folded.
pub(super) async fn reads_go_on(service: &Service, book: &Book) {
    let stored = check::stored(service, "disk").await;
    assert_eq!(
        stored, book.acknowledged,
        "what is shown is what was acknowledged"
    );
    service.json("/api/v1/customers?view=top").await;
    let customer = format!("/api/v1/customers/external_id:{}", load::customer(0));
    service.json(&format!("{customer}/timeline")).await;
    let last = stored.values().max().unwrap();
    service
        .json(&format!("{customer}?min_position={last}"))
        .await;
    check::verifies(service);
    check::folds(service).await;
}

/// A metric without labels; 0 where it was never counted.
pub(super) async fn metric(service: &Service, name: &str) -> f64 {
    let text = service.get("/metrics").await.text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}
