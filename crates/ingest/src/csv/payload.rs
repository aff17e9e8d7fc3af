//! A payload while its members are put together.

use super::row::Row;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// The members of an event's data that are there.
#[derive(Default)]
pub(super) struct Payload(Map<String, Value>);

impl Payload {
    /// About the customer that `row` names, as it names it.
    pub(super) fn of_customer(row: &Row) -> Self {
        let identifiers = row.identifiers.iter();
        let reference: Map<_, _> = identifiers
            .map(|identifier| {
                let kind = identifier.kind.as_str().to_owned();
                (kind, Value::from(identifier.as_sent.as_str()))
            })
            .collect();
        Self::default().with("customer", Some(reference))
    }

    #[must_use]
    pub(super) fn with(mut self, member: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(member.to_owned(), value.into());
        }
        self
    }

    pub(super) fn has(&self, member: &str) -> bool {
        self.0.contains_key(member)
    }

    pub(super) fn into_json(self) -> Box<RawValue> {
        to_raw_value(&self.0).expect("an object of JSON values is JSON")
    }
}
