//! A payload while its members are put together.

use super::row::Row;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The JSON object of an event's data, but for its closing brace.
pub(super) struct Payload {
    json: Vec<u8>,
    members: usize,
}

impl Payload {
    /// Bytes of most payloads.
    const BYTES_USUAL: usize = 256;

    pub(super) fn new() -> Self {
        let mut json = Vec::with_capacity(Self::BYTES_USUAL);
        json.push(b'{');
        Self { json, members: 0 }
    }

    /// About the customer that `row` names, as it names it.
    pub(super) fn of_customer(row: &Row) -> Self {
        let identifiers = row.identifiers.iter();
        let reference: BTreeMap<_, _> = identifiers
            .map(|identifier| (identifier.kind, &identifier.as_sent))
            .collect();
        Self::new().with("customer", Some(reference))
    }

    /// Adds a member that is there; each has a name of its own.
    #[must_use]
    pub(super) fn with(mut self, member: &str, value: Option<impl Serialize>) -> Self {
        let Some(value) = value else { return self };
        if self.members > 0 {
            self.json.push(b',');
        }
        self.members += 1;
        self.write(&member);
        self.json.push(b':');
        self.write(&value);
        self
    }

    fn write(&mut self, value: &impl Serialize) {
        serde_json::to_writer(&mut self.json, value).expect("text, numbers and words are JSON");
    }

    /// Whether it says more than whom it is about.
    pub(super) fn says_something(&self) -> bool {
        self.members > 1
    }

    pub(super) fn into_json(mut self) -> Box<RawValue> {
        self.json.push(b'}');
        let json = String::from_utf8(self.json).expect("JSON is UTF-8");
        RawValue::from_string(json).expect("an object of JSON values is JSON")
    }
}
