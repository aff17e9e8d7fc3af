//! Short ways to write events.

use crate::{Customers, Index, Summary, summary};
use serde_json::{Value, json};
use touchbook_events::{CustomerId, Policies, Timestamp};
use touchbook_projection::driver::Named;
pub(super) use touchbook_projection::driver::{Script, at};

/// What is asked of a script here.
pub(super) trait Asked {
    /// Jane's summary as JSON, at the end of 2024.
    fn jane(&self, policies: &Policies) -> Value;

    fn jane_at(&self, policies: &Policies, now: Timestamp) -> Value;

    fn index<R>(&self, with: impl FnOnce(&Index) -> R) -> R;
}

impl Asked for Script {
    fn jane(&self, policies: &Policies) -> Value {
        self.jane_at(policies, at("12-31 00:00:00"))
    }

    fn jane_at(&self, policies: &Policies, now: Timestamp) -> Value {
        let shown = |jane: Summary<'_>| serde_json::to_value(jane).unwrap();
        let id = Named::id("jane");
        let projection = self.project::<Customers>();
        projection
            .read(id, |state, _| shown(summary(id, state, policies, now)))
            .unwrap()
    }

    fn index<R>(&self, with: impl FnOnce(&Index) -> R) -> R {
        self.project::<Customers>().index(with)
    }
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
