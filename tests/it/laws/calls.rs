//! What the timeline and the list of calls say of one call is the same, whatever comes late.

use super::play::SALT;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use touchbook_calls::Calls;
use touchbook_events::{TenantKey, Timestamp};
use touchbook_identity::IdentityDecider;
use touchbook_projection::{Driver, Outcome};
use touchbook_timeline::Timeline;

const NOW: Timestamp = Timestamp::from_micros(1_710_000_000_000_000);
/// As the timeline has it in `details`, and as a call has it.
const MEMBERS: [(&str, &str); 11] = [
    ("direction", "/direction"),
    ("agent_id", "/agent_id"),
    ("source_log", "/source_log"),
    ("ended_at", "/ended_at"),
    ("duration_seconds", "/duration_seconds"),
    ("disposition", "/disposition"),
    ("outcome", "/outcome"),
    ("sale_made", "/sale_made"),
    ("recording_status", "/recording/status"),
    ("transcript_status", "/transcript/status"),
    ("call_score", "/call_score"),
];

/// One event about the call: which, on which day, and with which of its members.
type Told = (&'static str, u32, Vec<(&'static str, Value)>);

fn told() -> impl Strategy<Value = Told> {
    let words = |words: &'static [&'static str]| prop::sample::select(words).prop_map(Value::from);
    let number = || (1_u32..9).prop_map(Value::from);
    let moment = (1_u32..9).prop_map(|day| json!(format!("2024-02-0{day}T12:00:00Z")));
    let of = |kind: &'static str, members: Vec<(&'static str, BoxedStrategy<Value>)>| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value)| prop::option::of(value.prop_map(move |value| (name, value))))
            .collect();
        (1_u32..9, members)
            .prop_map(move |(day, said)| (kind, day, said.into_iter().flatten().collect()))
    };
    prop_oneof![
        of(
            "call.started",
            vec![
                ("direction", words(&["inbound", "outbound"]).boxed()),
                ("agent_id", words(&["alex", "sam"]).boxed()),
                ("source_log", words(&["alex_call_logs", "log"]).boxed()),
            ]
        ),
        of(
            "call.ended",
            vec![
                ("ended_at", moment.boxed()),
                ("duration_seconds", number().boxed()),
                ("disposition", words(&["completed", "busy"]).boxed()),
            ]
        ),
        of(
            "call.outcome_recorded",
            vec![("sale_made", any::<bool>().prop_map(Value::from).boxed())]
        ),
        of(
            "call.recording_updated",
            vec![(
                "status",
                words(&["in-progress", "completed", "failed"]).boxed()
            )]
        ),
        of(
            "call.transcribed",
            vec![("status", words(&["queued", "completed"]).boxed())]
        ),
        of("call.scored", vec![("call_score", number().boxed())]),
    ]
}

fn driver(told: &[Told]) -> Driver {
    let mut driver = Driver::new(vec![Box::new(IdentityDecider::new(TenantKey::from_salt(
        SALT,
    )))]);
    for (number, (kind, day, members)) in told.iter().enumerate() {
        let mut data = Map::from_iter(
            members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        data.insert("call_id".to_owned(), json!("42"));
        if *kind == "call.started" || number == 0 {
            data.insert("customer".to_owned(), json!({ "external_id": "jane" }));
        }
        if *kind == "call.outcome_recorded" {
            data.insert(
                "outcome".to_owned(),
                json!(["resolved", "no_answer"][number % 2]),
            );
        }
        let event = json!({
            "specversion": "1.0", "id": number.to_string(), "source": "test", "type": kind,
            "time": format!("2024-01-0{day}T10:00:00Z"), "data": data,
        });
        let sent = driver.send(&event.to_string(), NOW);
        assert!(
            matches!(sent, Outcome::Appended { .. }),
            "{event}: {sent:?}"
        );
    }
    driver
}

proptest! {
    /// S1-001, S1-108.
    #[test]
    fn a_call_is_the_same_in_the_timeline_and_in_the_list_of_calls(
        mut told in vec(told(), 1..12),
    ) {
        told.insert(0, ("call.started", 5, Vec::new()));
        let driver = driver(&told);
        let subject = driver.key().subject("call/42");
        let jane = driver.records().iter().rev().find_map(|r| r.header.customer).unwrap();
        let shown = driver.project::<Timeline>().read(jane, |state, _| {
            serde_json::to_value(state.entry(subject).unwrap()).unwrap()["details"].clone()
        });
        let listed = driver.project::<Calls>().read(jane, |state, _| {
            serde_json::to_value(state.call(subject).unwrap()).unwrap()
        });
        let (shown, listed) = (shown.unwrap(), listed.unwrap());
        for (member, of_call) in MEMBERS {
            let listed = listed.pointer(of_call).unwrap();
            prop_assert_eq!(&shown[member], listed, "{}", member);
        }
    }
}
