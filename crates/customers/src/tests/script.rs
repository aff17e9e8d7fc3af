//! Short ways to write events.

use crate::{Customers, Index, Summary, summary};
use serde_json::{Value, json};
use touchbook_events::{CustomerId, Moment, Policies, Timestamp};
use touchbook_projection::driver::Named;
use touchbook_projection::{Driver, Outcome, Projection};

/// A tenant whose events name their customer in the subject: `call/jane:1` is Jane's.
pub(super) struct Script {
    pub(super) driver: Driver,
    sent: u32,
}

impl Script {
    pub(super) fn new() -> Self {
        Self {
            driver: Driver::new(vec![Box::new(Named)]),
            sent: 0,
        }
    }

    /// Sends an event that happened at `time`, of 2024 in UTC, such as `01-15 10:00:00`.
    pub(super) fn send(&mut self, time: &str, kind: &str, subject: &str, data: Value) -> u64 {
        self.sent += 1;
        let event = json!({
            "specversion": "1.0",
            "id": format!("event-{}", self.sent),
            "source": "/tests",
            "type": kind,
            "time": at(time),
            "subject": subject,
            "data": data,
        });
        match self.driver.send(&event.to_string(), at("12-31 00:00:00")) {
            Outcome::Appended { position, .. } => position,
            other => panic!("{kind} of {subject}: {other:?}"),
        }
    }

    pub(super) fn project(&self) -> Projection<Customers> {
        let live = self.driver.project::<Customers>();
        assert_eq!(live.digest(), self.driver.rebuild::<Customers>().digest());
        live
    }

    /// Jane's summary as JSON, at the end of 2024.
    pub(super) fn jane(&self, policies: &Policies) -> Value {
        self.jane_at(policies, at("12-31 00:00:00"))
    }

    pub(super) fn jane_at(&self, policies: &Policies, now: Timestamp) -> Value {
        let shown = |jane: Summary<'_>| serde_json::to_value(jane).unwrap();
        let id = Named::id("jane");
        let projection = self.project();
        projection
            .read(id, |state, _| shown(summary(id, state, policies, now)))
            .unwrap()
    }

    pub(super) fn index<R>(&self, with: impl FnOnce(&Index) -> R) -> R {
        self.project().index(with)
    }
}

pub(super) fn at(time: &str) -> Timestamp {
    Moment::parse(&format!("2024-{time}")).unwrap().at()
}

pub(super) fn id(name: &str) -> CustomerId {
    Named::id(name)
}

pub(super) fn order(status: &str, total: &str) -> Value {
    json!({ "status": status, "total": { "amount": total, "currency": "ZAR" } })
}

/// A customer with a name, a company and identifiers.
pub(super) fn person(name: &str, company: Option<&str>, identifiers: &[(&str, &str)]) -> Value {
    let identifiers: Vec<Value> = identifiers
        .iter()
        .map(|(kind, value)| json!({ "kind": kind, "value": value, "as_sent": value }))
        .collect();
    json!({ "anonymous": false, "name": name, "company": company, "identifiers": identifiers })
}
