//! What customers say is scored while the service runs, once, whatever happens to it.

use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use touchbook_testkit::{Nats, eventually};

const ON: [&str; 2] = ["--scorer", "vader"];
/// Enough that a kill finds some scored and some not.
const MESSAGES: usize = 600;
const JANE: &str = "/api/v1/customers/jane@example.com";

fn event(id: &str, event_type: &str, subject: &str, mut data: Value) -> String {
    if event_type != "sentiment.scored" {
        data["customer"] = json!({ "email": "jane@example.com" });
    }
    let event = json!({
        "specversion": "1.0",
        "id": id,
        "source": "/tests",
        "type": event_type,
        "time": "2024-05-01T10:00:00Z",
        "subject": subject,
        "data": data,
    });
    event.to_string()
}

fn sms(number: usize) -> String {
    let body = json!({ "body": "I love the new amplifier, thank you!" });
    event(
        &number.to_string(),
        "sms.received",
        &format!("sms/{number}"),
        body,
    )
}

impl Service {
    /// Waits until nothing is left to score.
    async fn all_is_scored(&self) {
        eventually("everything is scored", || async {
            self.json("/api/v1/scorers").await["items"][0]["lag"] == 0
        })
        .await;
    }

    /// How many scores of the service's own each entry has.
    async fn scores(&self) -> BTreeMap<String, u32> {
        let mut scores = BTreeMap::new();
        for record in self.records().await {
            if record["source"] == "touchbook/scorer" {
                let subject = record["subject"].as_str().unwrap().to_owned();
                *scores.entry(subject).or_default() += 1;
            }
        }
        scores
    }

    async fn sentiments(&self) -> BTreeMap<String, Value> {
        self.caught_up().await;
        let timeline = self.json(&format!("{JANE}/timeline")).await;
        let entries = timeline["items"].as_array().unwrap().iter();
        let of = |entry: &Value| {
            let entry_id = entry["entry_id"].as_str().unwrap().to_owned();
            (entry_id, entry["sentiment"]["label"].clone())
        };
        entries.map(of).collect()
    }

    async fn post_all(&self, events: impl IntoIterator<Item = String>) {
        let lines: Vec<String> = events.into_iter().collect();
        let answer = self.post_lines(lines.join("\n")).await.unwrap();
        assert!(answer.status().is_success());
    }
}

/// S1-112, S1-129, S1-130: without a call that asks for it; and a rebuild asks nobody again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_scored_and_the_customer_is_up_to_date() {
    let service = Service::start_with(&ON);
    let call = json!({ "text": "That was great, thank you so much.", "language": "en" });
    let mail = json!({ "subject": "Late again", "body": "This is the worst delivery ever." });
    service
        .post_all([
            event("1", "call.started", "call/1", json!({})),
            event("2", "call.transcribed", "call/1", call),
            event("3", "email.received", "email/1", mail),
            event("4", "sms.received", "sms/1", json!({ "body": "See 12." })),
            event("5", "sms.sent", "sms/2", json!({ "body": "Great!" })),
        ])
        .await;
    service.all_is_scored().await;
    let want = json!({
        "call/1": "positive", "email/1": "negative", "sms/1": "neutral", "sms/2": null,
    });
    assert_eq!(json!(service.sentiments().await), want);
    let jane = service.json(JANE).await;
    assert_eq!(jane["scored_count"], 3, "{jane}");
    assert!(jane["sentiment_score"].is_number(), "{jane}");
    let metrics = service.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("touchbook_sentiment_scored_total 3"),
        "{metrics}"
    );

    let (head, digests) = (service.caught_up().await, service.digests().await);
    let rebuilt = service.command(&["rebuild", "--tenant", crate::service::TENANT]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    service.all_is_scored().await;
    assert_eq!(service.digests().await, digests);
    assert_eq!(service.caught_up().await, head, "nothing new");
}

/// S1-112, design laws 2 and 3.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_scores_everything_once() {
    let mut service = Service::start_with(&ON);
    service.post_all((0..MESSAGES).map(sms)).await;
    for lost_places in [false, true] {
        eventually("some are scored", || async {
            !service.scores().await.is_empty()
        })
        .await;
        service.kill();
        if lost_places {
            // They are written now and then, so this kill may have been before the first time.
            let _ = std::fs::remove_dir_all(service.data_dir().join("scoring"));
        }
        service.restart();
    }
    service.all_is_scored().await;
    let scores = service.scores().await;
    assert_eq!(scores.len(), MESSAGES);
    assert!(scores.values().all(|count| *count == 1), "{scores:?}");
}

/// C7.
#[tokio::test(flavor = "multi_thread")]
async fn a_senders_own_sentiment_is_not_overwritten() {
    let service = Service::start_with(&ON);
    let rated = |id| event(id, "sentiment.scored", "sms/1", json!({ "score": -1 }));
    service.post_all([sms(1), rated("rated")]).await;
    service.post_all([sms(2)]).await;
    service.all_is_scored().await;
    let want = json!({ "sms/1": "negative", "sms/2": "positive" });
    assert_eq!(json!(service.sentiments().await), want);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scorer_that_is_off_publishes_nothing_until_it_is_on() {
    let service = Service::start_with(&["--scorer", "off"]);
    service.post_all([sms(1)]).await;
    let scorers = service.json("/api/v1/scorers").await;
    assert_eq!(scorers["items"][0]["is_on"], false, "{scorers}");
    let head = service.caught_up().await;
    let home = service.into_home();
    let service = Service::start_in(home, &ON);
    service.all_is_scored().await;
    assert_eq!(service.records().await.len() as u64, head + 1);
    assert_eq!(service.scores().await.len(), 1);
}

/// What happened before is scored once somebody says since when the scorer counts.
#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_taken_up_by_the_service() {
    let service = Service::start_with(&ON);
    service.post_all([sms(1)]).await;
    service.all_is_scored().await;
    let request = service.request(Method::POST, "/api/v1/scorers/vader/activate");
    let since = json!({ "since": "2024-01-01T00:00:00Z" });
    let answer = request.json(&since).send().await.unwrap();
    let written: Value = answer.json().await.unwrap();
    eventually("the past was looked at again", || async {
        let jobs = service.json("/api/v1/jobs").await;
        let job = &jobs["items"][0];
        job["kind"] == "score" && job["state"] == "succeeded"
    })
    .await;
    let scorers = service.json("/api/v1/scorers").await;
    let activated = &scorers["items"][0]["activated"];
    assert_eq!(activated["position"], written["position"], "{scorers}");
    assert_eq!(service.scores().await["sms/1"], 1, "it had its score");
}

/// Design law 5: whoever of them scores, both nodes have one score of each entry.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_stream_score_an_entry_once() {
    let nats = Nats::start();
    let url = nats.url();
    let on = [&ON[..], &["--stream", &url]].concat();
    let node = Service::start_with(&on);
    node.json("/api/v1/customers").await;
    let other = Service::start_with(&on);
    node.post_all((0..MESSAGES).map(sms)).await;
    eventually("both nodes have the same scores of everything", || async {
        let scores = node.scores().await;
        scores.len() == MESSAGES && scores == other.scores().await
    })
    .await;
    node.all_is_scored().await;
    other.all_is_scored().await;
    let scores = node.scores().await;
    assert!(scores.values().all(|count| *count == 1), "{scores:?}");
    let heads = [&node, &other].map(|node| async { node.caught_up().await });
    let [head, other_head] = heads;
    assert_eq!(head.await, other_head.await);
    assert_eq!(node.digests().await, other.digests().await);
}

/// What was found in an import's entries is no word of anybody who knows its customers (law 4).
#[tokio::test(flavor = "multi_thread")]
async fn scores_of_an_import_go_when_it_is_undone() {
    let service = Service::start_with(&ON);
    let file = "Email,Interaction_Type,Interaction_Date,Direction,Notes\n\
                jane@example.com,sms,2023-11-05T08:30:00Z,inbound,I love it!\n";
    let request = service.request(Method::POST, "/api/v1/customers/import");
    let request = request.header("Content-Type", "text/csv").body(file);
    let import: Value = request.send().await.unwrap().json().await.unwrap();
    let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap());
    eventually("the import ends", || async {
        service.json(&path).await["state"] == "succeeded"
    })
    .await;
    service.all_is_scored().await;
    assert_eq!(service.scores().await.len(), 1);
    service.accepted(&format!("{path}/undo")).await;
    eventually("it is undone", || async {
        !service.json(&path).await["undone"].is_null()
    })
    .await;
    service.caught_up().await;
    let undone = service.json(&path).await["undone"].clone();
    assert_eq!(undone["conflicts"], json!([]), "{undone}");
    assert_eq!(service.get(JANE).await.status(), 404);
    let listed = service.json("/api/v1/customers").await;
    assert_eq!(listed["items"], json!([]), "{listed}");
}
