//! The `sentiment.scored` that comes of a record.

use crate::scorer::Scorer;
use serde_json::value::{RawValue, to_raw_value};
use touchbook_events::catalogue::sentiment::{
    ScoreSource, Scored, ScoredFacts, ScoredPersonal, Scorer as ScoredBy, SentimentLabel,
};
use touchbook_events::catalogue::typed::Extra;
use touchbook_events::score::Sentiment;
use touchbook_events::{Code, Data, Envelope, EventType, Header, Record, TenantKey, id};

/// The source of what scorers of ours find.
pub const SOURCE: &str = "touchbook/scorer";

/// The event by which a scorer's word on an entry is stored; any node may publish it.
///
/// Its id follows from the record that was scored and from the scorer's name and version, so a
/// second node, or the same one after a restart, sends a duplicate (`events.md` §3). A revision
/// with other words is another record, and is scored again; its score takes the place of the one
/// before, also where words come back that were there once.
#[derive(Clone, Debug)]
pub struct ScoredEvent {
    /// A UUID.
    pub id: String,
    pub source: &'static str,
    /// The entry.
    pub subject: Box<str>,
    /// That of the record: so the score of an older revision never takes the place of a newer
    /// one's.
    pub time: String,
    /// Fits the catalogue's schema of `sentiment.scored`.
    pub data: Box<RawValue>,
}

impl ScoredEvent {
    /// The id of what `scorer` finds in the record, which is known before it has looked.
    pub fn id_of(header: &Header, scorer: &dyn Scorer, key: &TenantKey) -> String {
        let by = format!("{SOURCE}/{}/{}", scorer.name(), scorer.version());
        let event = header.event_key.to_string();
        id::derived(key, header.recorded_at, &by, &event, 0).to_string()
    }

    /// What `scorer` finds in `text`, which is [of](crate::text_of) `record`; `None` where the
    /// name of the entry was erased.
    pub fn of(record: &Record, text: &str, scorer: &dyn Scorer, key: &TenantKey) -> Option<Self> {
        let header = &record.header;
        let subject = record.sent.as_ref()?.subject.clone();
        Some(Self {
            id: Self::id_of(header, scorer, key),
            source: SOURCE,
            subject,
            time: header.time.to_string(),
            data: scored(text, scorer),
        })
    }

    /// The envelope around it.
    pub fn envelope(&self) -> Envelope<'_> {
        Envelope {
            id: self.id.as_str().into(),
            source: self.source.into(),
            event_type: EventType::SentimentScored.as_str().into(),
            subject: Some((&*self.subject).into()),
            time: Some(self.time.as_str().into()),
            data: Some(&self.data),
            ..Envelope::default()
        }
    }
}

fn scored(text: &str, scorer: &dyn Scorer) -> Box<RawValue> {
    let score = scorer.score(text);
    let facts = ScoredFacts {
        score: Sentiment::new(score),
        label: Some(SentimentLabel::of(score)),
        score_source: Some(ScoreSource::Model),
        scorer: Some(ScoredBy {
            name: Code::clipped(scorer.name()),
            version: Some(Code::clipped(scorer.version())),
        }),
    };
    let personal = Some(ScoredPersonal {
        extra: Extra::default(),
    });
    let data = Data::SentimentScored(Box::new(Scored { facts, personal }));
    to_raw_value(&data).expect("a payload of ours is JSON")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Vader, text_of};
    use touchbook_events::incoming::{Entrance, Incoming};
    use touchbook_events::record::NOT_SEALED;
    use touchbook_events::{Decision, Principal, Score, Timestamp};

    const MAIL: &str = r#"{"subject":"Thank you","body":"The amplifier is great."}"#;

    fn key() -> TenantKey {
        TenantKey::from_salt(b"salt")
    }

    fn incoming(event_type: &str, id: &str, data: &str) -> Incoming {
        let event = serde_json::json!({
            "specversion": "1.0",
            "id": id,
            "source": "/mail",
            "type": event_type,
            "subject": "entry/1",
            "data": serde_json::from_str::<serde_json::Value>(data).unwrap(),
        });
        let event = event.to_string();
        Incoming::read(&event, Entrance::Service, &Principal::producer(), &key()).unwrap()
    }

    pub(crate) fn data(event_type: &str, json: &str) -> Data {
        incoming(event_type, "1", json).data
    }

    fn stored(incoming: Incoming) -> Record {
        let event_type = incoming.data.event_type();
        let header = Header {
            position: 7,
            event_key: incoming.event_key,
            customer: None,
            event_type,
            version: event_type.version(),
            time: Timestamp::from_micros(1_700_000_000_000_000),
            recorded_at: Timestamp::from_micros(1_700_000_100_000_000),
            principal: incoming.principal,
            stream_sequence: 7,
            decision: Decision::Effective,
            cause: None,
            correlation: None,
            subject: incoming.subject,
            content: incoming.content,
            key: NOT_SEALED,
        };
        Record {
            header,
            data: incoming.data,
            sent: Some(incoming.sent),
        }
    }

    fn scored_mail(id: &str, scorer: &dyn Scorer) -> ScoredEvent {
        let record = stored(incoming("email.received", id, MAIL));
        let text = text_of(&record.data).unwrap();
        ScoredEvent::of(&record, &text, scorer, &key()).unwrap()
    }

    /// As [`Vader`], of another version.
    struct Newer(Vader);

    impl Scorer for Newer {
        fn name(&self) -> &'static str {
            self.0.name()
        }

        fn version(&self) -> &'static str {
            "newer"
        }

        fn score(&self, text: &str) -> Score {
            self.0.score(text)
        }
    }

    /// S1-112: score, label, name and version of the scorer; a range that the catalogue checks.
    #[test]
    fn a_scored_entry_is_an_event_that_the_service_takes() {
        let event = scored_mail("1", &Vader::new());
        let envelope = event.envelope();
        let read = Incoming::from_envelope(
            &envelope,
            0,
            Entrance::Service,
            &Principal::touchbook(),
            &key(),
        );
        let read = read.unwrap();
        assert_eq!(read.subject, key().subject("entry/1"));
        assert_eq!(read.time.unwrap().at().micros(), 1_700_000_000_000_000);
        let json: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
        let want = serde_json::json!({
            "score": 0.7650,
            "label": "positive",
            "score_source": "model",
            "scorer": { "name": "vader", "version": "3.3.2-1" },
        });
        assert_eq!(json, want);
    }

    #[test]
    fn its_id_follows_from_the_record_and_the_scorer() {
        let (vader, other) = (Vader::new(), Newer(Vader::new()));
        let event = scored_mail("1", &vader);
        let again = scored_mail("1", &Vader::new());
        assert_eq!((&event.id, event.data.get()), (&again.id, again.data.get()));
        assert_ne!(event.id, scored_mail("2", &vader).id, "another record");
        assert_ne!(event.id, scored_mail("1", &other).id, "another version");
        let event_key = |event: &ScoredEvent| key().event_key(event.source, &event.id);
        assert_eq!(event_key(&event), event_key(&again));
    }

    #[test]
    fn an_erased_entry_has_no_event() {
        let mut record = stored(incoming("email.received", "1", MAIL));
        record.sent = None;
        assert!(ScoredEvent::of(&record, "Great", &Vader::new(), &key()).is_none());
    }
}
