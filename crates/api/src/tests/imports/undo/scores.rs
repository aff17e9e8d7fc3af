//! What our scorer found in an import's entries, and elsewhere.

use super::*;
use crate::auth::guard::Guard;
use crate::decode::{Sender, made_by_us};
use serde_json::value::to_raw_value;
use touchbook_events::{Envelope, EventType, Principal};

const ENTRIES: &str = "External_ID,Interaction_Type,Interaction_Date,Direction,Notes\n\
                       p:0,sms,2023-11-05T08:30:00Z,inbound,one\n\
                       p:0,sms,2023-11-06T08:30:00Z,inbound,two\n\
                       p:0,sms,2023-11-07T08:30:00Z,inbound,three\n\
                       p:1,sms,2023-11-08T08:30:00Z,inbound,four\n\
                       p:1,sms,2023-11-09T08:30:00Z,inbound,five\n";

impl Service {
    /// Stores what our scorer finds in an entry.
    async fn score(&self, entry: &Record) {
        let tenant = self.api.engine().tenant("default").unwrap();
        let found = json!({"score": 0.5, "score_source": "model", "scorer": {"name": "vader"}});
        let data = to_raw_value(&found).unwrap();
        let subject = entry.sent.as_ref().unwrap().subject.to_string();
        let envelope = Envelope {
            id: format!("of-{}", entry.header.position).into(),
            source: "touchbook/scorer".into(),
            event_type: EventType::SentimentScored.as_str().into(),
            subject: Some(subject.into()),
            data: Some(&data),
            ..Envelope::default()
        };
        let sender = Sender {
            tenant: tenant.slug(),
            key: tenant.key(),
            principal: &Principal::touchbook(),
            guard: &Guard::Open,
            is_published: false,
        };
        let score = made_by_us(&envelope, &sender).unwrap();
        let stored = self.api.engine().submit(&tenant, vec![score], false);
        assert!(stored.await.unwrap()[0].position.is_some());
    }
}

/// Law 4: they go with their entries, also those that come while the import is undone, and are
/// nobody's word.
#[tokio::test(flavor = "multi_thread")]
async fn scores_go_with_the_entries_of_an_import() {
    let service = Service::start().await;
    some_are_known(&service).await;
    let message = json!({
        "specversion": "1.0", "id": "sms", "source": "phone", "type": "sms.received",
        "data": {"customer": {"external_id": "p:0"}, "body": "zero"},
    });
    service.stored(&message).await;
    let import = service.import("", ENTRIES).await;
    let is_entry = |record: &&Record| record.header.event_type == EventType::SmsReceived;
    let records = service.records();
    let entries: Vec<Record> = records.iter().filter(is_entry).cloned().collect();
    assert_eq!(entries.len(), 6);
    for entry in &entries[..5] {
        service.score(entry).await;
    }
    let mut turns = service.api.imports().turns.hold();
    let late = async {
        let mut step = 0;
        while let Some(turn) = turns.recv().await {
            if step == 3 {
                service.score(&entries[5]).await;
            }
            step += 1;
            turn.send(()).unwrap();
        }
    };
    let undone = tokio::join!(service.undo(&import, ""), late).0;
    assert_eq!(undone["conflict_count"], 0, "{undone}");
    assert_eq!(undone["customers"], 1, "{undone}");
    let (never, left) = without_imports(service.records());
    assert_eq!(left, [""; 0]);
    let is_score = |record: &&Record| record.header.event_type == EventType::SentimentScored;
    let scores: Vec<&Record> = never.iter().filter(is_score).collect();
    assert_eq!(scores.len(), 1, "{scores:?}");
    assert_eq!(scores[0].header.subject, entries[0].header.subject);
    service.all_are_as_of(&never).await;
}

/// A walk over a large import takes seconds, so that it is not done for each score.
#[tokio::test(flavor = "multi_thread")]
async fn scores_that_come_meanwhile_are_looked_for_together() {
    let service = Service::start().await;
    some_are_known(&service).await;
    let mut file = "External_ID,Interaction_Type,Interaction_Date,Direction,Notes\n".to_owned();
    for minute in 10..55 {
        file += &format!("p:0,sms,2023-11-05T08:{minute}:00Z,inbound,note {minute}\n");
    }
    let import = service.import("", &file).await;
    let is_entry = |record: &&Record| record.header.event_type == EventType::SmsReceived;
    let records = service.records();
    let entries: Vec<&Record> = records.iter().filter(is_entry).collect();
    assert_eq!(entries.len(), 45);
    let mut turns = service.api.imports().turns.hold();
    let late = async {
        let mut step = 0;
        while let Some(turn) = turns.recv().await {
            // After the first two steps that retract.
            if step == 2 || step == 4 {
                service.score(entries[step]).await;
            }
            step += 1;
            turn.send(()).unwrap();
        }
    };
    tokio::join!(service.undo(&import, ""), late).0;
    assert_eq!(service.api.imports().turns.walks(), 1);
    let (never, left) = without_imports(service.records());
    assert_eq!(left, [""; 0]);
    let is_score = |record: &&Record| record.header.event_type == EventType::SentimentScored;
    assert_eq!(never.iter().filter(is_score).count(), 0);
    service.all_are_as_of(&never).await;
}
