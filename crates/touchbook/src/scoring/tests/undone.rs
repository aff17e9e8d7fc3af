//! What is scored of imports that are undone.

use super::*;
use std::sync::Mutex;
use touchbook_events::incoming::{IMPORT_SOURCE, import_undoing_id};

impl Node {
    /// Sent by Touchbook as the event `id` of an import.
    fn imported(&self, id: &str, event_type: &str, subject: &str, data: &Value) -> Submission {
        let event = json!({
            "specversion": "1.0",
            "id": id,
            "source": IMPORT_SOURCE,
            "type": event_type,
            "time": "2024-01-01T10:00:00Z",
            "subject": subject,
            "data": data,
        });
        let (event, key) = (event.to_string(), self.tenant.key());
        let us = Principal::touchbook();
        let incoming = Incoming::read(&event, Entrance::Service, &us, key).unwrap();
        let json = event.into();
        Submission { incoming, json }
    }

    async fn submit(&self, submission: Submission) -> u64 {
        let outcomes = self.engine.submit(&self.tenant, vec![submission], false);
        outcomes.await.unwrap()[0].position.unwrap()
    }

    /// An entry of an import, and what undoes that.
    async fn import(&self) -> (u64, Submission) {
        let data = json!({ "customer": { "user": "jane" }, "body": "I love it!" });
        let entry = self.imported("i:1", "sms.received", "sms/1", &data);
        let entry = self.submit(entry).await;
        let data = json!({ "positions": [entry] });
        let undoing = self.imported(&import_undoing_id("i"), "event.retracted", "i", &data);
        (entry, undoing)
    }

    /// The positions of our scores, and whether each counts.
    async fn standing_scores(&self) -> Vec<(u64, bool)> {
        let (head, wait) = (self.tenant.head(), std::time::Duration::from_secs(5));
        let applied = self.tenant.applied(&[Timeline::NAME], head, wait);
        applied.await.unwrap();
        let timeline = self.tenant.projection::<Timeline>().unwrap();
        let slices = timeline.slices(u64::MAX);
        let mut scores = Vec::new();
        let each = &mut |record: Record| {
            let position = record.header.position;
            if matches!(record.data, Data::SentimentScored(_)) {
                scores.push((position, !slices.is_retracted(position)));
            }
            ControlFlow::Continue(())
        };
        self.tenant.records(1..=head, each).unwrap();
        scores
    }
}

/// Law 4: nothing comes of an import after it was undone, nor stays of what came meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn entries_of_an_import_that_was_undone_are_passed_by() {
    let node = Node::start().await;
    let (_, undoing) = node.import().await;
    node.submit(undoing).await;
    let head = node.tenant.head();
    node.score().await;
    assert_eq!(node.tenant.head(), head);
    node.stop().await;
}

/// As after a stop between a score and the second look at its entry.
#[tokio::test(flavor = "multi_thread")]
async fn a_score_that_an_undoing_did_not_see_is_retracted() {
    let node = Node::start().await;
    let (_, undoing) = node.import().await;
    node.score().await;
    let undoing = node.submit(undoing).await;
    std::fs::remove_dir_all(node.dir.path().join("scoring")).unwrap();
    assert_eq!(node.standing_scores().await, [(undoing - 1, true)]);
    node.score().await;
    assert_eq!(node.standing_scores().await, [(undoing - 1, false)]);
    let head = node.tenant.head();
    std::fs::remove_dir_all(node.dir.path().join("scoring")).unwrap();
    node.score().await;
    assert_eq!(node.tenant.head(), head, "it is retracted once");
    node.stop().await;
}

/// What a person takes back may come back.
#[tokio::test(flavor = "multi_thread")]
async fn an_imported_entry_that_a_person_retracted_is_scored() {
    let mut node = Node::start().await;
    let (entry, _) = node.import().await;
    let data = json!({ "positions": [entry] });
    node.send("2024-01-01T10:00:00Z", "event.retracted", "sms/1", data)
        .await;
    node.score().await;
    assert_eq!(node.scores(), scored(&[("sms/1", "positive")]));
    node.stop().await;
}

/// Scores, while somebody undoes the import.
struct Undone {
    engine: Engine,
    tenant: Arc<Tenant>,
    runtime: Handle,
    undoing: Mutex<Option<Submission>>,
}

impl Scorer for Undone {
    fn name(&self) -> &'static str {
        Vader::NAME
    }

    fn version(&self) -> &'static str {
        Vader::VERSION
    }

    fn score(&self, text: &str) -> Score {
        if let Some(undoing) = self.undoing.lock().unwrap().take() {
            let outcomes = self.engine.submit(&self.tenant, vec![undoing], false);
            self.runtime.block_on(outcomes).unwrap();
        }
        Vader::new().score(text)
    }
}

/// Law 4, where an import is undone between the look at its entry and the score.
#[tokio::test(flavor = "multi_thread")]
async fn a_score_on_its_way_while_its_import_is_undone_is_retracted() {
    let node = Node::start().await;
    let (_, undoing) = node.import().await;
    let scorer = Undone {
        engine: node.engine.clone(),
        tenant: Arc::clone(&node.tenant),
        runtime: Handle::current(),
        undoing: Mutex::new(Some(undoing)),
    };
    node.score_with(Box::new(scorer)).await;
    let scores = node.standing_scores().await;
    assert_eq!(scores.len(), 1);
    assert!(!scores[0].1, "{scores:?}");
    node.stop().await;
}
