//! Random scripts of events for a handful of customers and subjects.

use super::toy::{FATAL_SECONDS, ToyDecider};
use crate::driver::{Driver, Outcome};
use proptest::collection::vec;
use proptest::prelude::*;
use touchbook_events::{CustomerId, Data, Digest, Timestamp};

pub(super) const CUSTOMERS: usize = 6;
pub(super) const SUBJECTS: usize = 8;

/// One thing that is sent; customers and subjects by number, positions as fractions of the head.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Sms {
        subject: usize,
        customer: usize,
    },
    CallEnded {
        subject: usize,
        seconds: u32,
    },
    Merge {
        into: usize,
        members: Vec<usize>,
    },
    Unmerge {
        members: Vec<usize>,
    },
    Retract {
        positions: Vec<u8>,
    },
    Reinstate {
        positions: Vec<u8>,
    },
    /// Says whose the subject was, or leaves that out.
    Assign {
        subject: usize,
        says_from: bool,
        to: usize,
    },
    Policy,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    let customer = || 0..CUSTOMERS;
    let subject = || 0..SUBJECTS;
    let seconds = prop_oneof![12 => 20..1000_u32, 1 => Just(FATAL_SECONDS)];
    prop_oneof![
        10 => (subject(), customer())
            .prop_map(|(subject, customer)| Step::Sms { subject, customer }),
        6 => (subject(), seconds)
            .prop_map(|(subject, seconds)| Step::CallEnded { subject, seconds }),
        4 => (customer(), vec(customer(), 1..3))
            .prop_map(|(into, members)| Step::Merge { into, members }),
        3 => vec(customer(), 1..3).prop_map(|members| Step::Unmerge { members }),
        2 => vec(any::<u8>(), 1..3).prop_map(|positions| Step::Retract { positions }),
        2 => vec(any::<u8>(), 1..2).prop_map(|positions| Step::Reinstate { positions }),
        3 => (subject(), any::<bool>(), customer())
            .prop_map(|(subject, says_from, to)| Step::Assign { subject, says_from, to }),
        1 => Just(Step::Policy),
    ]
}

/// Ids that lie in different shards.
pub(super) fn customer(number: usize) -> CustomerId {
    let mut bytes = [0x42; 16];
    bytes[15] = 7 * number as u8;
    CustomerId::from_bytes(bytes)
}

pub(super) fn play(steps: &[Step]) -> Driver {
    let mut driver = Driver::new(vec![Box::<ToyDecider>::default()]);
    for step in steps {
        let outcome = send(&mut driver, step);
        assert!(
            matches!(outcome, Outcome::Appended { .. }),
            "{step:?}: {outcome:?}"
        );
    }
    driver
}

/// Sends one step, recorded a second after the one before.
pub(super) fn send(driver: &mut Driver, step: &Step) -> Outcome {
    let id = driver.head() + 1;
    let (event_type, subject, data) = event(driver, step);
    let subject = subject.map_or_else(String::new, |subject| format!(r#","subject":"{subject}""#));
    let json = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"script","type":"{event_type}"{subject},"data":{data}}}"#
    );
    driver.send(
        &json,
        Timestamp::from_micros(1_700_000_000_000_000 + id as i64 * 1_000_000),
    )
}

/// Type, subject and payload of a step.
fn event(driver: &Driver, step: &Step) -> (&'static str, Option<String>, String) {
    match step {
        Step::Sms {
            subject,
            customer: number,
        } => {
            let data = format!(r#"{{"customer":{{"id":"{}"}}}}"#, customer(*number));
            ("sms.received", Some(call(*subject)), data)
        }
        Step::CallEnded { subject, seconds } => {
            let data = format!(r#"{{"duration_seconds":{seconds}}}"#);
            ("call.ended", Some(call(*subject)), data)
        }
        Step::Merge { into, members } => {
            let mut members = members.clone();
            members.retain(|member| member != into);
            if members.is_empty() {
                members.push((into + 1) % CUSTOMERS);
            }
            let (into, members) = (customer(*into), quoted(&members));
            (
                "customer.merged",
                None,
                format!(r#"{{"into":"{into}","members":[{members}]}}"#),
            )
        }
        Step::Unmerge { members } => {
            let (from, members) = (customer(0), quoted(members));
            (
                "customer.unmerged",
                None,
                format!(r#"{{"from":"{from}","members":[{members}]}}"#),
            )
        }
        Step::Retract { positions } => ("event.retracted", None, at(driver, positions)),
        Step::Reinstate { positions } => ("event.reinstated", None, at(driver, positions)),
        Step::Assign {
            subject,
            says_from,
            to,
        } => {
            let digest = driver.key().subject(&call(*subject));
            let from = owner(driver, digest).filter(|_| *says_from);
            let from = from.map(|from| format!(r#""from":"{from}","#));
            let (from, to) = (from.unwrap_or_default(), customer(*to));
            let data = format!(r#"{{"subject":"{digest}",{from}"to":"{to}"}}"#);
            ("subject.assigned", None, data)
        }
        Step::Policy => {
            let data = r#"{"name":"zone","value":"UTC"}"#;
            ("policy.defined", Some("policy/zone".into()), data.into())
        }
    }
}

/// What a subject is told by.
pub(super) fn subject(number: usize) -> Digest {
    Driver::new(Vec::new()).key().subject(&call(number))
}

fn call(subject: usize) -> String {
    format!("call/{subject}")
}

fn quoted(numbers: &[usize]) -> String {
    let ids = numbers
        .iter()
        .map(|number| format!("\"{}\"", customer(*number)));
    ids.collect::<Vec<_>>().join(",")
}

/// A payload of positions from 1 to a little beyond the head.
fn at(driver: &Driver, fractions: &[u8]) -> String {
    let head = driver.head() + 2;
    let positions = fractions
        .iter()
        .map(|part| (1 + u64::from(*part) * head / 256).to_string());
    format!(
        r#"{{"positions":[{}]}}"#,
        positions.collect::<Vec<_>>().join(",")
    )
}

/// Whose a subject is, as the decider sees it.
fn owner(driver: &Driver, subject: Digest) -> Option<CustomerId> {
    let mut owner = None;
    for record in driver
        .records()
        .iter()
        .filter(|record| record.header.is_effective())
    {
        match &record.data {
            Data::SubjectAssigned(data) if data.facts.subject == subject => {
                owner = Some(data.facts.to);
            }
            _ if record.header.subject == subject => owner = owner.or(record.header.customer),
            _ => {}
        }
    }
    owner
}
