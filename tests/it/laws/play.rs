//! What a script comes to when it is sent.

use super::model::Model;
use super::script::{STEPS, Sent, Step, registration};
use serde_json::{Value, json};
use touchbook_dead_letters::DeadLettersDecider;
use touchbook_events::{CustomerId, Data, EventType, Record, TenantKey, Timestamp};
use touchbook_identity::IdentityDecider;
use touchbook_policies::PoliciesDecider;
use touchbook_projection::{Driver, Outcome};

/// The salt of the driver's tenant.
pub(super) const SALT: &[u8] = b"touchbook tests";
/// Those of the types that are sent here that can't be retracted.
const STRUCTURAL: &[EventType] = &[
    EventType::CustomerCreated,
    EventType::IdentifierAttached,
    EventType::IdentifierDetached,
    EventType::CustomerMerged,
    EventType::CustomerUnmerged,
    EventType::MergeSuggested,
    EventType::MergeDismissed,
    EventType::SubjectAssigned,
    EventType::EventRetracted,
    EventType::EventReinstated,
    EventType::PolicyDefined,
    EventType::EventTypeRegistered,
];
const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// Sends everything, each a second after the one before.
pub(super) fn play(steps: &[Step]) -> Driver {
    let key = TenantKey::from_salt(SALT);
    let mut driver = Driver::new(vec![
        Box::new(PoliciesDecider::new()),
        Box::new(IdentityDecider::new(key)),
        Box::new(DeadLettersDecider::new()),
    ]);
    let first = Step::Event {
        kind: "event_type.registered",
        subject: None,
        minutes_late: 0,
        data: registration(1),
    };
    take(&mut driver, 0, &first);
    for (number, step) in (1..).zip(steps) {
        take(&mut driver, number, step);
    }
    driver
}

/// Undoes every merge that still holds.
pub(super) fn unmerge_everybody(driver: &mut Driver) {
    let mut number = STEPS;
    while !Model::of(driver.records()).merged().is_empty() {
        take(driver, number, &Step::Unmerge { member: 0 });
        number += 1;
    }
}

fn take(driver: &mut Driver, number: usize, step: &Step) {
    let Some((kind, subject, data)) = event_of(driver, step) else {
        return;
    };
    let recorded_at = START.plus_seconds(number as i64);
    let minutes_late = match step {
        Step::Event { minutes_late, .. } => *minutes_late,
        _ => 0,
    };
    let mut event = json!({
        "specversion": "1.0",
        "id": format!("e{number}"),
        "source": "script",
        "type": kind,
        "time": recorded_at.plus_seconds(-60 * i64::from(minutes_late)),
        "data": data,
    });
    if let Some(subject) = subject {
        event["subject"] = json!(subject);
    }
    let outcome = driver.send(&event.to_string(), recorded_at);
    let taken = matches!(
        outcome,
        Outcome::Appended { .. } | Outcome::Duplicate { .. }
    );
    assert!(taken, "{event}: {outcome:?}");
}

/// What a step sends; nothing where there is nobody yet to send it about.
fn event_of(driver: &Driver, step: &Step) -> Option<Sent> {
    let records = driver.records();
    let (kind, subject, data) = match step {
        Step::Event {
            kind,
            subject,
            data,
            ..
        } => (*kind, subject.clone(), data.clone()),
        Step::Attach { customer, email } => {
            let subject = format!("customer/{}", somebody(records, *customer)?);
            let data = json!({ "kind": "email", "value": email });
            ("identifier.attached", Some(subject), data)
        }
        Step::Detach { attachment } => {
            let (customer, data) = pick(&attachments(records), *attachment)?.clone();
            (
                "identifier.detached",
                Some(format!("customer/{customer}")),
                data,
            )
        }
        Step::Merge { into, members } => {
            let into = somebody(records, *into)?;
            let members = members
                .iter()
                .filter_map(|member| somebody(records, *member));
            let members: Vec<_> = members.filter(|member| *member != into).collect();
            if members.is_empty() {
                return None;
            }
            (
                "customer.merged",
                None,
                json!({ "into": into, "members": members }),
            )
        }
        Step::Unmerge { member } => {
            let model = Model::of(records);
            let member = *pick(&model.merged(), *member)?;
            let from = model.canonical(member);
            let data = json!({ "from": from, "members": [member] });
            ("customer.unmerged", None, data)
        }
        Step::Retract { positions } => ("event.retracted", None, at(records, positions)?),
        Step::Reinstate { position } => {
            let position = *pick(&Model::of(records).retracted(), *position)?;
            ("event.reinstated", None, json!({ "positions": [position] }))
        }
        Step::Assign { subject, to } => {
            let subject = driver.key().subject(subject).to_string();
            let to = somebody(records, *to)?;
            let data = json!({ "subject": subject, "to": to });
            ("subject.assigned", None, data)
        }
    };
    Some((kind, subject, data))
}

pub(super) fn everybody(records: &[Record]) -> Vec<CustomerId> {
    let created = records
        .iter()
        .filter(|record| matches!(record.data, Data::CustomerCreated(_)));
    created
        .filter_map(|record| record.header.customer)
        .collect()
}

fn somebody(records: &[Record], number: u8) -> Option<CustomerId> {
    pick(&everybody(records), number).copied()
}

/// Whom which identifier was given to, whether or not it is there still.
fn attachments(records: &[Record]) -> Vec<(CustomerId, Value)> {
    let attachment = |record: &Record| {
        let Data::IdentifierAttached(data) = &record.data else {
            return None;
        };
        let value = &data.personal.as_ref()?.value;
        Some((
            record.header.customer?,
            json!({ "kind": data.facts.kind, "value": &**value }),
        ))
    };
    records.iter().filter_map(attachment).collect()
}

fn pick<T>(all: &[T], number: u8) -> Option<&T> {
    all.get(usize::from(number).checked_rem(all.len())?)
}

/// Positions of records that may be retracted; those that others stand on may not.
fn at(records: &[Record], parts: &[u8]) -> Option<Value> {
    let retractable: Vec<u64> = records
        .iter()
        .filter(|record| !STRUCTURAL.contains(&record.header.event_type))
        .map(|record| record.header.position)
        .collect();
    let at = |part: &u8| retractable.get(usize::from(*part) * retractable.len() / 256);
    let positions: Vec<_> = parts.iter().filter_map(at).collect();
    (!positions.is_empty()).then(|| json!({ "positions": positions }))
}
