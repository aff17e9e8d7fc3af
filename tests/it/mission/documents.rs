//! Document 001 as it stands: every body and every question that it shows.

use super::shown::{CALL, EMAIL, ORDER, PROFILES, QUOTE, SOCIAL, UPDATE_PROFILE, WEBHOOKS};
use super::{CALL_SECRET, Mission, TIMELINE_SECRET, success};
use reqwest::StatusCode;
use serde_json::{Value, json};

const SYNC: &str = "/api/sync";
const WEBHOOK: &str = "/api/webhooks/timeline";
const CALL_SYSTEM: &str = "/api/integrations/call-system";

impl Mission {
    async fn sync(&self, body: &str) -> Value {
        success(body, self.post(SYNC, &self.key, body).await).await
    }

    /// Everything of the document that brings something, one after the other.
    pub(super) async fn bring_everything(&self) {
        for body in [ORDER, SOCIAL, QUOTE, EMAIL] {
            self.sync(body).await;
        }
        for (_, body) in WEBHOOKS {
            success(body, self.post(WEBHOOK, TIMELINE_SECRET, body).await).await;
        }
        let call = self.post(CALL_SYSTEM, CALL_SECRET, CALL).await;
        success(CALL, call).await;
        self.settled().await;
    }

    async fn entries(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/timeline?action=timeline&{query}");
        self.get(&path).await["items"].as_array().unwrap().clone()
    }
}

/// S1-049, S1-063, S1-075, S1-088: accepted as it stands, and twice is once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_synced_is_stored_once() {
    let mission = Mission::start();
    for (body, customer, source) in [
        (ORDER, "john@example.com", "order"),
        (SOCIAL, "jane@example.com", "social"),
        (QUOTE, "bob@example.com", "chat"),
        (EMAIL, "customer@example.com", "email"),
    ] {
        let stored = mission.sync(body).await;
        assert_eq!(stored["duplicate"], false, "{stored}");
        let again = mission.sync(body).await;
        assert_eq!(again["duplicate"], true, "{again}");
        for member in ["event_id", "customer_id", "position"] {
            assert!(!stored[member].is_null(), "{member}: {stored}");
            assert_eq!(again[member], stored[member], "{member}");
        }
        mission.settled().await;
        let entries = mission.entries(&format!("customerId={customer}")).await;
        assert_eq!(entries.len(), 1, "{customer}: {entries:?}");
        assert_eq!(entries[0]["source"], source);
    }
    let refreshed = mission.sync(PROFILES).await;
    let results = refreshed["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "S1-099: {refreshed}");
    assert_eq!(refreshed["updated"], 0, "nobody knows them: {refreshed}");
}

/// S1-101, S1-102, S1-103, S1-104, S1-105, S1-106, S1-107, S1-136.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_is_let_in_with_its_secret_and_with_no_other() {
    let mission = Mission::start();
    for (kind, body) in WEBHOOKS {
        for wrong in ["another_secret", ""] {
            let refused = mission.post(WEBHOOK, wrong, body).await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{kind}");
        }
        let stored = mission.post(WEBHOOK, TIMELINE_SECRET, body).await;
        let stored = success(kind, stored).await;
        assert!(stored["position"].is_u64(), "{kind}: {stored}");
    }
    let info = mission.get(WEBHOOK).await.to_string();
    for (kind, _) in WEBHOOKS {
        assert!(info.contains(kind), "{info}");
    }
    let unknown = r#"{"type": "fax", "data": {"page": 1}}"#;
    let kept = mission.post(WEBHOOK, TIMELINE_SECRET, unknown).await;
    assert_eq!(kept.status(), StatusCode::ACCEPTED);
    let letters = mission.get("/api/v1/dead-letters").await;
    assert_eq!(letters["items"].as_array().unwrap().len(), 1, "{letters}");
}

/// S1-108, S1-109, S1-111, S1-113, S1-129, S1-137.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_kept_with_its_transcript_and_counted() {
    let mission = Mission::start();
    for wrong in [TIMELINE_SECRET, "wrong"] {
        let refused = mission.post(CALL_SYSTEM, wrong, CALL).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    let stored = mission.post(CALL_SYSTEM, CALL_SECRET, CALL).await;
    success(CALL, stored).await;
    mission.settled().await;
    let call = mission.get("/api/v1/calls/call_42").await;
    let sent: Value = serde_json::from_str(CALL).unwrap();
    for member in ["agent_id", "outcome", "duration_seconds"] {
        assert_eq!(call[member], sent[member], "{member}: {call}");
    }
    assert!(
        call.to_string().contains("I love the lamp"),
        "its transcript: {call}"
    );
    let entries = mission.entries("customerId=john@example.com").await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["source"], "call");
    let john = mission.get("/api/v1/customers/john@example.com").await;
    assert_eq!(
        [&john["total_agent_calls"], &john["interaction_count"]],
        [&json!(1), &json!(1)],
        "{john}"
    );
    assert_eq!(john["agent_call_duration_total"], 5, "minutes: {john}");
}

/// S1-036, S1-037, S1-038, S1-039, S1-040, S1-041, S1-043, S1-044, S1-045, S1-048: the document's
/// questions, in its words.
#[tokio::test(flavor = "multi_thread")]
async fn every_question_of_the_document_is_answered() {
    let mission = Mission::start();
    mission.bring_everything().await;
    let john = mission.get("/api/v1/customers/john@example.com").await;
    let john = john["customer_id"].as_str().unwrap();
    let ask = |query: String| {
        let mission = &mission;
        async move { mission.get(&format!("/api/timeline?{query}")).await }
    };
    let range = "sources=call,email&dateFrom=2024-01-01&dateTo=2024-12-31&limit=100";
    let timeline = ask(format!("action=timeline&customerId={john}&{range}")).await;
    assert_eq!(timeline["items"][0]["source"], "call", "{timeline}");
    let profile = ask(format!("action=profile&customerId={john}")).await;
    assert_eq!(profile["customer_id"], john, "{profile}");
    let found = ask("action=search&query=john".to_owned()).await;
    assert_eq!(found["items"][0]["customer_id"], john, "{found}");
    let recent = ask("action=recent&limit=20".to_owned()).await;
    let top = ask("action=top&limit=10".to_owned()).await;
    assert_eq!(recent["items"].as_array().unwrap().len(), 5, "{recent}");
    assert_eq!(top["items"][0]["customer_id"], john, "who ordered: {top}");
    let attention = ask("action=attention".to_owned()).await;
    assert!(attention["items"].is_array(), "{attention}");
    for (action, customer) in [
        ("email_threads", "customer@example.com"),
        ("quote_sessions", "bob@example.com"),
        ("order_history", "john@example.com"),
    ] {
        let answer = ask(format!("action={action}&customerId={customer}")).await;
        assert!(!answer["items"][0].is_null(), "{action}: {answer}");
    }
    let updated = mission
        .post("/api/timeline", &mission.key, UPDATE_PROFILE)
        .await;
    let updated = success(UPDATE_PROFILE, updated).await;
    let profile = ask("action=profile&customerId=customer@example.com".to_owned()).await;
    assert_eq!(updated, profile);
}
