mod undone;

use super::files::Files;
use super::place::{Activated, Place};
use super::*;
use crate::registry;
use serde_json::{Value, json};
use std::future::ready;
use std::ops::ControlFlow;
use std::sync::Arc;
use tempfile::TempDir;
use touchbook_engine::{Config, SNAPSHOT_RECORDS, ScrubConfig, StreamConfig, Submission, Tenant};
use touchbook_events::incoming::Entrance;
use touchbook_events::{Data, Incoming, Principal, Record, Score, Timestamp};
use touchbook_projection::Projector;
use touchbook_testkit::{data_dir, eventually};
use touchbook_timeline::Timeline;

/// A node with one tenant.
struct Node {
    engine: Engine,
    tenant: Arc<Tenant>,
    dir: TempDir,
    sent: u32,
}

impl Node {
    async fn start() -> Self {
        let dir = data_dir();
        let config = Config {
            data_dir: dir.path().to_owned(),
            stream: StreamConfig::Embedded,
            ledger: Default::default(),
            snapshot_records: SNAPSHOT_RECORDS,
            scrub: ScrubConfig::default(),
            clock: Arc::new(|| Timestamp::from_micros(1_717_200_000_000_000)),
        };
        let engine = Engine::open(config, registry::registry()).await.unwrap();
        let tenant = engine.create_tenant("acme").await.unwrap();
        Self {
            engine,
            tenant,
            dir,
            sent: 0,
        }
    }

    fn files(&self) -> Files {
        Files::new(self.dir.path(), Vader::NAME)
    }

    async fn send(&mut self, time: &str, event_type: &str, subject: &str, mut data: Value) -> u64 {
        let names_nobody = ["sentiment.scored", "scorer.activated", "event.retracted"];
        if !names_nobody.contains(&event_type) {
            data["customer"] = json!({ "user": "jane" });
        }
        self.sent += 1;
        let event = json!({
            "specversion": "1.0",
            "id": self.sent.to_string(),
            "source": "/tests",
            "type": event_type,
            "time": time,
            "subject": subject,
            "data": data,
        });
        let (event, key) = (event.to_string(), self.tenant.key());
        let producer = Principal::producer();
        let incoming = Incoming::read(&event, Entrance::Service, &producer, key).unwrap();
        let json = event.into();
        let submission = Submission { incoming, json };
        let outcomes = self.engine.submit(&self.tenant, vec![submission], false);
        outcomes.await.unwrap()[0].position.unwrap()
    }

    async fn sms(&mut self, time: &str, number: u32, body: &str) -> u64 {
        let subject = format!("sms/{number}");
        self.send(time, "sms.received", &subject, json!({ "body": body }))
            .await
    }

    /// Scores until there is nothing left to score.
    async fn score(&self) {
        self.score_with(Box::new(Vader::new())).await;
    }

    async fn score_with(&self, scorer: Box<dyn Scorer>) {
        let scoring = Scoring::start_with(scorer, self.dir.path(), &self.engine);
        eventually("everything is scored", || {
            let status = self.engine.scorers().of(&self.tenant)[0];
            let position = status.progress.map(|progress| progress.position);
            let jobs = self.engine.jobs().list();
            let is_running = |job: &touchbook_engine::JobView| job.finished_at.is_none();
            let is_done = position == Some(self.tenant.head()) && !jobs.iter().any(is_running);
            ready(is_done)
        })
        .await;
        scoring.unwrap().stop().await.unwrap();
    }

    /// Subject and label of each score that Touchbook published, in order.
    fn scores(&self) -> Vec<(String, String)> {
        let mut scores = Vec::new();
        let all = 1..=self.tenant.head();
        let each = &mut |record: Record| {
            if let (Data::SentimentScored(scored), true) =
                (&record.data, record.header.is_by_touchbook())
            {
                let subject = record.sent.as_ref().unwrap().subject.to_string();
                let label = scored.facts.label.unwrap();
                scores.push((subject, label.as_str().to_owned()));
            }
            ControlFlow::Continue(())
        };
        self.tenant.records(all, each).unwrap();
        scores
    }

    /// What the timeline shows of an entry.
    async fn label(&self, subject: &str) -> Option<&'static str> {
        let (head, wait) = (self.tenant.head(), std::time::Duration::from_secs(5));
        let applied = self.tenant.applied(&[Timeline::NAME], head, wait);
        applied.await.unwrap();
        let subject = self.tenant.key().subject(subject);
        let timeline = self.tenant.projection::<Timeline>().unwrap();
        let sentiment = timeline.find(subject, |_, state| state.entry(subject)?.sentiment());
        sentiment.map(|sentiment| sentiment.label.as_str())
    }

    async fn stop(self) {
        drop(self.tenant);
        crate::service::shut_down(self.engine).await.unwrap();
    }
}

fn scored(scores: &[(&str, &str)]) -> Vec<(String, String)> {
    let scores = scores.iter();
    scores
        .map(|(subject, label)| ((*subject).to_owned(), (*label).to_owned()))
        .collect()
}

/// S1-112: and what is lost of how far the scorer was makes no second score.
#[tokio::test(flavor = "multi_thread")]
async fn what_customers_say_is_scored_once() {
    let mut node = Node::start().await;
    node.sms("2024-01-01T10:00:00Z", 1, "I love the new amplifier!")
        .await;
    let order = json!({ "status": "terrible" });
    node.send("2024-01-01T10:00:00Z", "order.updated", "order/1", order)
        .await;
    node.sms("2024-01-01T10:00:00Z", 2, "This is the worst support.")
        .await;
    node.score().await;
    let want = scored(&[("sms/1", "positive"), ("sms/2", "negative")]);
    assert_eq!(node.scores(), want);
    assert_eq!(node.label("sms/2").await, Some("negative"));
    let head = node.tenant.head();
    node.score().await;
    std::fs::remove_dir_all(node.dir.path().join("scoring")).unwrap();
    node.score().await;
    assert_eq!(node.tenant.head(), head);
    node.stop().await;
}

/// Words that come back are scored again: ids are of records, not of words.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_words_change_and_come_back_has_the_score_of_the_last() {
    let mut node = Node::start().await;
    for (day, body) in [
        (1, "Great work."),
        (2, "Terrible work."),
        (3, "Great work."),
    ] {
        let time = format!("2024-01-0{day}T10:00:00Z");
        let mail = json!({ "body": body });
        node.send(&time, "email.received", "email/1", mail).await;
        node.score().await;
    }
    let labels = node.scores().into_iter().map(|(_, label)| label);
    let labels: Vec<_> = labels.collect();
    assert_eq!(labels, ["positive", "negative", "positive"]);
    assert_eq!(node.label("email/1").await, Some("positive"));
    node.stop().await;
}

/// S1-112: a call's score is that of its own words, once they are known.
#[tokio::test(flavor = "multi_thread")]
async fn a_summary_is_scored_only_while_there_is_no_transcript() {
    let mut node = Node::start().await;
    let (summary, text) = (
        json!({ "summary": "An angry customer." }),
        json!({ "text": "Thank you, that was great." }),
    );
    let at = |minute: u32| format!("2024-01-01T10:0{minute}:00Z");
    for (minute, subject, data) in [
        (1, "call/1", &summary),
        (2, "call/2", &text),
        (3, "call/2", &summary),
    ] {
        node.send(&at(minute), "call.transcribed", subject, data.clone())
            .await;
    }
    node.score().await;
    let first = [("call/1", "negative"), ("call/2", "positive")];
    assert_eq!(node.scores(), scored(&first));
    node.send(&at(4), "call.transcribed", "call/1", text).await;
    node.score().await;
    assert_eq!(node.label("call/1").await, Some("positive"));
    assert_eq!(node.label("call/2").await, Some("positive"));
    assert_eq!(node.scores().len(), 3);
    node.stop().await;
}

/// C7: whoever says how an entry was meant is believed, whenever that is; once it is taken back,
/// what we found shows, whether it was said before we looked or after.
#[tokio::test(flavor = "multi_thread")]
async fn what_its_sender_said_stands_before_our_score_until_it_is_taken_back() {
    let mut node = Node::start().await;
    let time = "2024-01-01T10:00:00Z";
    let rated = || json!({ "label": "negative" });
    node.sms(time, 1, "I love it!").await;
    node.sms(time, 2, "I love it!").await;
    let before = node.send(time, "sentiment.scored", "sms/1", rated()).await;
    node.score().await;
    let earlier = "2023-01-01T10:00:00Z";
    let after = node
        .send(earlier, "sentiment.scored", "sms/2", rated())
        .await;
    let both = [("sms/1", "positive"), ("sms/2", "positive")];
    assert_eq!(node.scores(), scored(&both));
    for (subject, rated) in [("sms/1", before), ("sms/2", after)] {
        assert_eq!(node.label(subject).await, Some("negative"), "{subject}");
        let retracted = json!({ "positions": [rated] });
        node.send(time, "event.retracted", subject, retracted).await;
        node.score().await;
        assert_eq!(node.label(subject).await, Some("positive"), "{subject}");
    }
    node.stop().await;
}

/// The past that was not scored stays so until somebody says that it counts there, too.
#[tokio::test(flavor = "multi_thread")]
async fn an_activation_scores_what_happened_since_its_moment() {
    let mut node = Node::start().await;
    for month in 1..=6 {
        let time = format!("2024-0{month}-01T00:00:00Z");
        node.sms(&time, month, "I love it!").await;
    }
    let place = Place {
        position: node.tenant.head(),
        ..Place::default()
    };
    node.files().save(&node.tenant, &place).unwrap();
    node.score().await;
    assert_eq!(node.scores(), []);
    let mut activated = json!({ "name": "vader", "version": "no such" });
    activated["since"] = json!("2024-01-01T00:00:00Z");
    let now = "2024-06-01T00:00:00Z";
    for version in ["no such", Vader::VERSION] {
        activated["version"] = json!(version);
        let data = activated.clone();
        node.send(now, "scorer.activated", "scorer/vader", data)
            .await;
        activated["since"] = json!("2024-05-01T00:00:00Z");
    }
    let activated = node.tenant.head();
    node.score().await;
    let since_may = [("sms/5", "positive"), ("sms/6", "positive")];
    assert_eq!(node.scores(), scored(&since_may));
    let job = node.engine.jobs().list().remove(0);
    assert_eq!(
        (job.kind, &*job.targets),
        ("score", &["vader".to_owned()][..])
    );
    assert_eq!(job.result, Some(json!({ "scored": 2 })));
    let progress = node.engine.scorers().of(&node.tenant)[0].progress;
    let activation = progress.and_then(|progress| progress.activation);
    assert_eq!(activation.map(|one| one.position), Some(activated));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scorer_that_is_off_publishes_nothing() {
    let mut node = Node::start().await;
    node.sms("2024-01-01T10:00:00Z", 1, "I love it!").await;
    let off = Scoring::start(ScorerChoice::Off, node.dir.path(), &node.engine);
    assert!(off.unwrap().is_none());
    assert!(!node.engine.scorers().of(&node.tenant)[0].is_on);
    node.stop().await;
}

/// Panics at one word, and else finds everything good.
struct Delicate;

impl Scorer for Delicate {
    fn name(&self) -> &'static str {
        Vader::NAME
    }

    fn version(&self) -> &'static str {
        Vader::VERSION
    }

    fn score(&self, text: &str) -> Score {
        assert!(!text.contains("unbearable"), "it can't be borne");
        Vader::new().score(text)
    }
}

/// One text ends neither the scoring of others nor that of other tenants, whenever it begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_the_scorer_can_not_bear_is_passed_by() {
    let mut node = Node::start().await;
    for (number, body) in [(1, "I love it!"), (2, "unbearable"), (3, "Great work.")] {
        node.sms("2024-01-01T10:00:00Z", number, body).await;
    }
    node.score_with(Box::new(Delicate)).await;
    let want = scored(&[("sms/1", "positive"), ("sms/3", "positive")]);
    assert_eq!(node.scores(), want);
    let tenants = node.engine.tenants();
    assert_eq!(node.engine.scorers().lag_records(&tenants), Some(0));
    node.sms("2024-01-01T10:00:00Z", 4, "Great!").await;
    assert_eq!(node.engine.scorers().lag_records(&tenants), Some(1));
    node.score_with(Box::new(Delicate)).await;
    assert_eq!(node.scores().len(), 3);
    node.stop().await;
}

/// Not when somebody told: a post of last year that is learned of today is none of this year's.
#[tokio::test(flavor = "multi_thread")]
async fn since_when_an_activation_counts_is_compared_with_when_entries_happened() {
    let mut node = Node::start().await;
    for (time, subject, happened) in [
        ("2024-05-20T00:00:00Z", "email/1", "2023-03-01T00:00:00Z"),
        ("2024-01-20T00:00:00Z", "email/2", "2024-05-20T00:00:00Z"),
    ] {
        let mail = json!({ "body": "Great work.", "created_at": happened });
        node.send(time, "email.received", subject, mail).await;
    }
    let place = Place {
        position: node.tenant.head(),
        ..Place::default()
    };
    node.files().save(&node.tenant, &place).unwrap();
    let activated = json!({
        "name": "vader",
        "version": Vader::VERSION,
        "since": "2024-05-01T00:00:00Z",
    });
    let now = "2024-06-01T00:00:00Z";
    node.send(now, "scorer.activated", "scorer/vader", activated)
        .await;
    node.score().await;
    assert_eq!(node.scores(), scored(&[("email/2", "positive")]));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_comes_back_and_one_of_another_ledger_or_damaged_begins_again() {
    let (mut node, mut other) = (Node::start().await, Node::start().await);
    for node in [&mut node, &mut other] {
        for number in 1..=3 {
            node.sms("2024-01-01T10:00:00Z", number, "I love it!").await;
        }
    }
    let (files, tenant) = (node.files(), &node.tenant);
    assert_eq!(files.load(tenant), Place::default());
    let mut place = Place {
        position: 3,
        ..Place::default()
    };
    place.activate(Activated {
        position: 2,
        since: Some(Timestamp::from_micros(1_700_000_000_123_456)),
    });
    files.save(tenant, &place).unwrap();
    assert_eq!(files.load(tenant), place);
    assert_eq!(files.load(&other.tenant), Place::default());
    let ahead = Place {
        position: tenant.head() + 1,
        ..Place::default()
    };
    assert!(files.save(tenant, &ahead).is_err());
    for damaged in ["", "{", r#"{"place":{"position":-1},"ledger":""}"#] {
        std::fs::write(files.path(tenant.number()), damaged).unwrap();
        assert_eq!(files.load(tenant), Place::default(), "{damaged}");
    }
    node.stop().await;
    other.stop().await;
}
