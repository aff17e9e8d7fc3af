//! Random scripts of what is sent about few calls and people.

use crate::Calls;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index as Place;
use serde_json::{Value, json};
use touchbook_events::{CustomerId, Data, Record, TenantKey, Timestamp};
use touchbook_identity::IdentityDecider;
use touchbook_policies::PoliciesDecider;
use touchbook_projection::{Driver, Outcome, Projector};

const PEOPLE: u8 = 4;
pub(super) const CALLS: u8 = 5;
pub(super) const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

#[derive(Clone, Debug)]
pub(super) enum Step {
    Event {
        kind: &'static str,
        subject: Option<String>,
        minutes_late: u16,
        data: Value,
    },
    /// Of those who exist by then.
    Merge(Place, Place),
    Unmerge(Place),
    Retract(Place),
    Reinstate(Place),
    Assign(u8, Place),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = any::<Place>;
    let step = prop_oneof![
        16 => event(),
        3 => (place(), place()).prop_map(|(into, member)| Step::Merge(into, member)),
        2 => place().prop_map(Step::Unmerge),
        2 => place().prop_map(Step::Retract),
        1 => place().prop_map(Step::Reinstate),
        1 => (0..CALLS, place()).prop_map(|(call, to)| Step::Assign(call, to)),
    ];
    vec(step, 1..50)
}

pub(super) fn event() -> impl Strategy<Value = Step> {
    let late = prop_oneof![2 => Just(0), 1 => 1..500_u16];
    let whose = prop::option::weighted(0.7, 0..PEOPLE);
    (0..8_u8, 0..CALLS, whose, late, 0..3_usize).prop_map(
        |(what, call, whose, minutes_late, pick)| {
            let (kind, subject, data) = sent(what, call, whose, pick);
            Step::Event {
                kind,
                subject,
                minutes_late,
                data,
            }
        },
    )
}

fn sent(
    what: u8,
    call: u8,
    whose: Option<u8>,
    pick: usize,
) -> (&'static str, Option<String>, Value) {
    let subject = Some(format!("call/{call}"));
    let customer = whose.map(|person| json!({ "external_id": format!("shop:{person}") }));
    let outcome = ["resolved", "voicemail", "no answer"][pick];
    let status = ["in-progress", "completed", "failed"][pick];
    let (sid, recording) = (format!("CA{call}"), format!("RE{call}{pick}"));
    match what {
        0 | 1 => {
            let direction = (pick > 0).then(|| ["inbound", "outbound"][pick - 1]);
            let started = json!({
                "customer": customer,
                "agent_id": format!("agent-{pick}"),
                "direction": direction,
                "aliases": { "call_sid": sid },
            });
            ("call.started", subject, started)
        }
        2 => ("call.ended", subject, json!({ "duration_seconds": pick })),
        3 => (
            "call.outcome_recorded",
            subject,
            json!({ "outcome": outcome }),
        ),
        4 => (
            "call.transcribed",
            subject,
            json!({ "text": "Hello", "language": "en" }),
        ),
        5 => {
            let score = json!({ "score": 0.25 });
            let subject = [subject, Some(format!("sms/{call}"))];
            ("sentiment.scored", subject[pick % 2].clone(), score)
        }
        6 => {
            let sms = json!({ "customer": customer, "body": "Hi" });
            ("sms.received", Some(format!("sms/{call}")), sms)
        }
        _ => {
            let updated = json!({ "call_sid": sid, "recording_sid": recording, "status": status });
            ("call.recording_updated", None, updated)
        }
    }
}

pub(super) fn play(steps: &[Step]) -> Driver {
    let key = TenantKey::from_salt(b"touchbook tests");
    let mut driver = Driver::new(vec![
        Box::new(PoliciesDecider::new()),
        Box::new(IdentityDecider::new(key)),
    ]);
    for step in steps {
        take(&mut driver, step);
    }
    driver
}

pub(super) fn take(driver: &mut Driver, step: &Step) {
    let everybody = everybody(driver.records());
    let (kind, subject, late, data) = match step {
        Step::Event {
            kind,
            subject,
            minutes_late,
            data,
        } => (*kind, subject.clone(), *minutes_late, data.clone()),
        _ if everybody.is_empty() => return,
        Step::Merge(into, member) => {
            let (into, member) = (into.get(&everybody), member.get(&everybody));
            if into == member {
                return;
            }
            (
                "customer.merged",
                None,
                0,
                json!({ "into": into, "members": [member] }),
            )
        }
        Step::Unmerge(member) => {
            let projection = driver.project::<Calls>();
            let is_merged = |member: &CustomerId| projection.canonical(*member) != *member;
            let merged: Vec<_> = everybody.into_iter().filter(is_merged).collect();
            if merged.is_empty() {
                return;
            }
            let member = *member.get(&merged);
            let from = projection.canonical(member);
            (
                "customer.unmerged",
                None,
                0,
                json!({ "from": from, "members": [member] }),
            )
        }
        Step::Retract(place) | Step::Reinstate(place) => {
            let about_calls = |record: &&Record| Calls::concerns(record);
            let records: Vec<_> = driver.records().iter().filter(about_calls).collect();
            if records.is_empty() {
                return;
            }
            let kind = match step {
                Step::Retract(_) => "event.retracted",
                _ => "event.reinstated",
            };
            let position = place.get(&records).header.position;
            (kind, None, 0, json!({ "positions": [position] }))
        }
        Step::Assign(call, to) => {
            let subject = driver.key().subject(&format!("call/{call}")).to_string();
            let to = to.get(&everybody);
            (
                "subject.assigned",
                None,
                0,
                json!({ "subject": subject, "to": to }),
            )
        }
    };
    send(driver, kind, subject, late, data);
}

fn send(driver: &mut Driver, kind: &str, subject: Option<String>, late: u16, data: Value) {
    let recorded_at = START.plus_seconds(driver.head().cast_signed());
    let mut event = json!({
        "specversion": "1.0",
        "id": format!("e{}", driver.head()),
        "source": "script",
        "type": kind,
        "time": recorded_at.plus_seconds(-60 * i64::from(late)),
        "data": data,
    });
    if let Some(subject) = subject {
        event["subject"] = json!(subject);
    }
    let outcome = driver.send(&event.to_string(), recorded_at);
    assert!(
        matches!(outcome, Outcome::Appended { .. }),
        "{event}: {outcome:?}"
    );
}

pub(super) fn everybody(records: &[Record]) -> Vec<CustomerId> {
    let created = records
        .iter()
        .filter(|record| matches!(record.data, Data::CustomerCreated(_)));
    created
        .filter_map(|record| record.header.customer)
        .collect()
}
