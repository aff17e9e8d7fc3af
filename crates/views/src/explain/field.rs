//! The values of a summary that can be explained: one table.

use crate::minutes;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use touchbook_customers::{State, Summary, summary};
use touchbook_events::{CustomerId, EventType, Policies, Problem, Timestamp};

/// A value of a summary.
pub struct Field {
    name: &'static str,
    read: fn(&Summary<'_>) -> Value,
    /// Whether records of a type may have to do with it.
    concerns: fn(EventType) -> bool,
    /// Names of values that its changes are made of.
    beneath: fn(&Policies) -> &'static [&'static str],
    policies: &'static [&'static str],
}

impl Field {
    /// Every field, in the order in which a summary shows them.
    pub const ALL: &'static [Self] = FIELDS;

    /// # Errors
    /// For a name that is no field, with those that are.
    pub fn parse(name: &str) -> Result<&'static Self, Problem> {
        let found = Self::ALL.iter().find(|field| field.name == name);
        found.ok_or_else(|| {
            let detail = format!("`{name}` is no value that can be explained");
            let names = Self::ALL.iter().map(|field| field.name);
            Problem::new("unknown_field", "", detail).allowing(names)
        })
    }

    /// As the answer about a customer spells it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The policies that it depends on.
    pub fn policies(&self) -> &'static [&'static str] {
        self.policies
    }

    /// Its value in a summary, as answers show it.
    pub fn read(&self, shown: &Summary<'_>) -> Value {
        (self.read)(shown)
    }

    pub(super) fn read_from(&self, state: &State, policies: &Policies, now: Timestamp) -> Value {
        self.read(&summary(CustomerId::NIL, state, policies, now))
    }

    pub(super) fn concerns(&self, event_type: EventType) -> bool {
        (self.concerns)(event_type)
    }

    pub(super) fn beneath(&self, policies: &Policies) -> impl Iterator<Item = &'static Self> {
        let names = (self.beneath)(policies).iter();
        names.filter_map(|name| Self::parse(name).ok())
    }
}

/// Writes a row for each field: where its value stands, what may concern it, what is beneath it,
/// and the policies that it depends on.
macro_rules! fields {
    ($( $name:ident: $read:expr, $concerns:ident, $beneath:expr, [$($policy:literal)*]; )*) => {
        const FIELDS: &[Field] = &[ $( Field {
            name: stringify!($name),
            read: $read,
            concerns: $concerns,
            beneath: $beneath,
            policies: &[ $($policy),* ],
        }, )* ];
    };
}

fields! {
    name: |s| json(s.name), anything, nothing, [];
    company: |s| json(s.company), anything, nothing, [];
    identifiers: |s| json(&s.identifiers), the_customer, nothing, [];
    status: |s| json(s.status), standing, value_where_it_decides,
        ["vip_threshold" "base_currency" "counted_order_statuses" "inactive_after_days"];
    status_is_manual: |s| json(s.status_is_manual), the_customer, nothing, [];
    total_agent_calls: |s| json(s.total_agent_calls), contacts, nothing, [];
    total_agent_emails: |s| json(s.total_agent_emails), contacts, nothing, [];
    total_agent_sms: |s| json(s.total_agent_sms), contacts, nothing, [];
    agent_call_duration_total: |s| minutes(s.agent_call_duration_total), contacts, nothing, [];
    last_agent_call_date: |s| json(s.last_agent_call_date), contacts, nothing, [];
    last_agent_interaction_type: |s| json(s.last_agent_interaction_type), contacts, nothing, [];
    last_agent_interaction_date: |s| json(s.last_agent_interaction_date), contacts, nothing, [];
    interaction_count: |s| json(s.interaction_count), entries, nothing, [];
    order_count: |s| json(s.order_count), orders, nothing, [];
    ltv: |s| json(&s.ltv), orders, nothing, ["counted_order_statuses"];
    average_order_value: |s| json(&s.average_order_value), orders, value,
        ["counted_order_statuses"];
    first_interaction_at: |s| json(s.first_interaction_at), entries, nothing, [];
    last_interaction_at: |s| json(s.last_interaction_at), entries, nothing, [];
    consents: |s| json(&s.consents), the_customer, nothing, [];
    fields: |s| json_values(&s.fields), the_customer, nothing, [];
    custom_fields: |s| json_values(&s.custom_fields), the_customer, nothing, [];
}

fn json<T: Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// As a summary writes them.
fn minutes(hundredths: u64) -> Value {
    json(minutes::of_hundredths(hundredths))
}

/// Values that stand as JSON text.
fn json_values(values: &BTreeMap<&str, &str>) -> Value {
    let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let members = values.iter();
    members
        .map(|(name, text)| ((*name).to_owned(), read(text)))
        .collect()
}

/// Any event may bring the customer's name along.
fn anything(_: EventType) -> bool {
    true
}

fn the_customer(event_type: EventType) -> bool {
    event_type.object() == EventType::CustomerUpdated.object()
}

fn entries(event_type: EventType) -> bool {
    event_type.entry_source().is_some()
}

/// What is counted of agents; an opening balance was counted before.
fn contacts(event_type: EventType) -> bool {
    entries(event_type) || event_type == EventType::OpeningBalanceImported
}

fn orders(event_type: EventType) -> bool {
    event_type.object() == EventType::OrderUpdated.object()
}

/// What a status may follow from: activity, money, and somebody's word.
fn standing(event_type: EventType) -> bool {
    contacts(event_type) || event_type == EventType::CustomerStatusChanged
}

fn nothing(_: &Policies) -> &'static [&'static str] {
    &[]
}

/// An order that is worth the average leaves the average as it is.
fn value(_: &Policies) -> &'static [&'static str] {
    &["ltv"]
}

/// Orders below the threshold make a customer VIP together.
fn value_where_it_decides(policies: &Policies) -> &'static [&'static str] {
    match policies.vip_threshold {
        Some(_) => &["ltv"],
        None => &[],
    }
}
