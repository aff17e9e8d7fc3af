use super::*;
use touchbook_engine::{Activation, ScorerProgress};
use touchbook_events::Timestamp;

const ACTIVATE: &str = "/api/v1/scorers/vader/activate";

impl Service {
    async fn activate(&self, path: &str, body: Value) -> Answer {
        self.post(path, "application/json", body.to_string()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scorers_say_how_far_they_are() {
    let service = Service::start().await;
    let none = service.get("/api/v1/scorers").await;
    assert_eq!(none.body["items"], json!([]));
    let scorers = service.api.engine().scorers();
    scorers.add("vader", "1", true);
    let before = service.get("/api/v1/scorers").await;
    assert_eq!(before.body["items"][0]["position"], json!(null));
    let head = service.stored(&order("1", "7", json!({}))).await;
    let tenant = service.api.engine().tenant("default").unwrap();
    let progress = ScorerProgress {
        position: head - 1,
        activation: Some(Activation {
            position: 2,
            since: Some(Timestamp::from_micros(NOW_MICROS)),
        }),
    };
    scorers.progressed("vader", &tenant, progress);
    let want = json!([{
        "name": "vader", "version": "1", "is_on": true, "position": head - 1, "lag": 1,
        "activated": { "position": 2, "since": "2024-06-01T00:00:00Z" },
    }]);
    assert_eq!(service.get("/api/v1/scorers").await.body["items"], want);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_a_record_that_names_scorer_version_and_moment() {
    let service = Service::start().await;
    service.api.engine().scorers().add("vader", "1", false);
    let since = json!({ "since": "2024-01-01T00:00:00Z" });
    let stored = service.activate(ACTIVATE, since).await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
    let path = format!("/api/v1/events/{}", stored.body["position"]);
    let record = service.get(&path).await.body;
    assert_eq!(
        (&record["type"], &record["subject"]),
        (&json!("scorer.activated"), &json!("scorer/vader"))
    );
    let want = json!({ "name": "vader", "version": "1", "since": "2024-01-01T00:00:00Z" });
    assert_eq!(record["data"], want);
    let plain = service.activate(ACTIVATE, json!({})).await;
    assert_eq!(plain.status, 200, "{:?}", plain.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_can_not_be_is_refused_with_what_can() {
    let service = Service::start().await;
    service.api.engine().scorers().add("vader", "1", true);
    let unknown = service.activate("/api/v1/scorers/x/activate", json!({}));
    let unknown = unknown.await;
    assert_eq!(unknown.problem(), (404, "unknown_scorer"));
    assert_eq!(unknown.body["allowed"], json!(["vader"]));
    let other = service.activate(ACTIVATE, json!({ "version": "2" })).await;
    assert_eq!(other.problem(), (422, "unknown_version"));
    assert_eq!(other.body["pointer"], "/version");
    let never = service.activate(ACTIVATE, json!({ "since": "soon" })).await;
    assert_eq!(never.status, 422);
    assert_eq!(never.body["pointer"], "/since");
}
