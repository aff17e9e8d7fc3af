//! A tenant to send events to, and short words for what tests look at.

use touchbook_events::{
    CustomerId, Data, Decision, EventType, Problem, Record, TenantKey, Timestamp,
};
use touchbook_identity::{Identifiers, IdentityDecider};
use touchbook_policies::PoliciesDecider;
use touchbook_projection::driver::Outcome;
use touchbook_projection::{Decider, Driver, Projection};

/// The salt of the driver's tenant.
const SALT: &[u8] = b"touchbook tests";

pub(crate) struct Tenant {
    pub(crate) driver: Driver,
    pub(crate) sent: u64,
}

pub(crate) fn decider() -> IdentityDecider {
    IdentityDecider::new(TenantKey::from_salt(SALT))
}

impl Tenant {
    pub(crate) fn new() -> Self {
        let deciders: Vec<Box<dyn Decider>> =
            vec![Box::new(PoliciesDecider::new()), Box::new(decider())];
        Self {
            driver: Driver::new(deciders),
            sent: 0,
        }
    }

    /// Sends an event with an id of its own, one second after the one before.
    pub(crate) fn send(&mut self, event_type: &str, subject: &str, data: &str) -> Outcome {
        let id = self.sent;
        self.send_as(&format!("e{id}"), event_type, subject, data)
    }

    pub(crate) fn send_as(
        &mut self,
        id: &str,
        event_type: &str,
        subject: &str,
        data: &str,
    ) -> Outcome {
        self.sent += 1;
        let subject = match subject {
            "" => String::new(),
            subject => format!(r#""subject":"{subject}","#),
        };
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"{event_type}",
                {subject}"data":{data}}}"#
        );
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        self.driver
            .send(&event, start.plus_seconds(self.sent as i64))
    }

    pub(crate) fn send_example(&mut self, event_type: EventType) -> Outcome {
        let at = Timestamp::from_micros(1_800_000_000_000_000);
        self.driver.send(event_type.example(), at)
    }

    /// An SMS, with a subject of its own, from the customer that `reference` names.
    pub(crate) fn sms(&mut self, reference: &str) -> Outcome {
        self.send(
            "sms.received",
            "",
            &format!(r#"{{"customer":{reference}}}"#),
        )
    }

    pub(crate) fn customer(&mut self, reference: &str) -> CustomerId {
        let outcome = self.sms(reference);
        outcome.customer().unwrap_or_else(|| panic!("{outcome:?}"))
    }

    pub(crate) fn order(&mut self, subject: &str, reference: &str, status: &str) -> Outcome {
        let customer = match reference {
            "" => String::new(),
            reference => format!(r#""customer":{reference},"#),
        };
        self.send(
            "order.updated",
            subject,
            &format!(r#"{{{customer}"status":"{status}"}}"#),
        )
    }

    pub(crate) fn records(&self) -> &[Record] {
        self.driver.records()
    }

    /// The types of the records after the first `from`, in order.
    pub(crate) fn types(&self, from: usize) -> Vec<&'static str> {
        self.records()[from..]
            .iter()
            .map(|record| record.header.event_type.as_str())
            .collect()
    }

    /// The customer of each record after the first `from`.
    pub(crate) fn customers(&self, from: usize) -> Vec<CustomerId> {
        self.records()[from..]
            .iter()
            .filter_map(|record| record.header.customer)
            .collect()
    }

    pub(crate) fn suggestions(&self) -> Vec<(CustomerId, CustomerId, u64)> {
        let suggested = self
            .records()
            .iter()
            .filter_map(|record| match &record.data {
                Data::MergeSuggested(data) => Some(&data.facts),
                _ => None,
            });
        suggested
            .map(|facts| (facts.customer, facts.other, facts.because))
            .collect()
    }

    pub(crate) fn encoded(&self) -> Vec<u8> {
        self.driver.deciders().iter().nth(1).unwrap().encode()
    }

    pub(crate) fn identifiers(&self) -> Projection<Identifiers> {
        self.driver.project()
    }
}

#[track_caller]
pub(crate) fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Refused(problem) => problem,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn decision(outcome: Outcome) -> Decision {
    match outcome {
        Outcome::Appended { decision, .. } => decision,
        other => panic!("not appended: {other:?}"),
    }
}
