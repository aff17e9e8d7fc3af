//! What a row changes, as events: only what differs from the customer as it is known.

use super::agent::AgentFields;
use super::payload::Payload;
use super::row::Row;
use crate::event::Event;
use std::borrow::Cow;
use std::collections::BTreeMap;
use touchbook_events::catalogue::customer::{CustomerStatus, LastAgentInteraction};
use touchbook_events::{EventType, IdentifierKind, Timestamp};

/// The source of events that imports make.
pub const SOURCE: &str = touchbook_events::incoming::IMPORT_SOURCE;

/// How the events of an import are named.
#[derive(Clone, Copy, Debug)]
pub struct EventNames<'a> {
    /// Of this import alone, and the same when it is resumed; at most 150 characters. An event's
    /// id is `<prefix>:<row>:<ordinal>`.
    ///
    /// An ordinal stands for one kind of change, so a resumed import repeats the ids of what it
    /// sent before. Where one is taken by another content, the change was recorded then, and
    /// something else changed since.
    pub prefix: &'a str,
    /// Opening balances leave out what is imported as history too (C17).
    pub excludes_history: bool,
}

/// What is known of a customer, as it is shown.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// In normal form.
    pub identifiers: Vec<(IdentifierKind, &'a str)>,
    pub name: Option<&'a str>,
    pub company: Option<&'a str>,
    /// Set by hand or computed.
    pub status: CustomerStatus,
    /// As [`custom_field_text`](super::custom_field_text) has their values.
    pub custom_fields: BTreeMap<&'a str, Cow<'a, str>>,
    /// What the last opening balance said.
    pub balance: AgentFields,
    /// What an export shows: balance and events. A cell that says the same says nothing new, so
    /// that an export which comes back counts nothing twice.
    pub agent: AgentFields,
}

/// The places of a row's events, whichever of them there are.
#[derive(Clone, Copy)]
pub(super) enum Ordinal {
    Updated = 1,
    StatusChanged,
    Balance,
    Logged,
    CallEnded,
    CallOutcome,
}

impl Row {
    /// The events that make the customer what the row says: none where it is that already, and one
    /// at least where nobody is known (`known` is `None`). Cells that are empty change nothing.
    pub fn events(&self, known: Option<&Known<'_>>, names: &EventNames<'_>) -> Vec<Event> {
        let about = [
            self.updated(known, names),
            self.status_changed(known, names),
            self.balance_imported(known, names),
        ];
        let mut events: Vec<_> = about.into_iter().flatten().collect();
        if let Some(history) = &self.history {
            events.extend(self.logged(history, names));
        }
        events
    }

    fn updated(&self, known: Option<&Known<'_>>, names: &EventNames<'_>) -> Option<Event> {
        let name = self.name.as_deref();
        let name = name.filter(|name| known.is_none_or(|known| known.name != Some(name)));
        let company = self.company.as_deref();
        let company =
            company.filter(|company| known.is_none_or(|known| known.company != Some(company)));
        let payload = Payload::of_customer(self)
            .with("name", name)
            .with("company", company)
            .with("custom_fields", self.new_custom_fields(known));
        let is_new = known.is_none_or(|known| self.has_identifier_unknown_to(known));
        let event_type = EventType::CustomerUpdated;
        (is_new || payload.says_something())
            .then(|| self.event(Ordinal::Updated, event_type, None, payload, names))
    }

    fn new_custom_fields(&self, known: Option<&Known<'_>>) -> Option<BTreeMap<&str, &str>> {
        let is_known = |name: &str, value: &str| {
            let known = known.and_then(|known| known.custom_fields.get(name));
            known.is_some_and(|known| **known == *value)
        };
        let fields = self.custom_fields.iter();
        let new: BTreeMap<_, _> = fields
            .map(|(name, value)| (&**name, &**value))
            .filter(|(name, value)| !is_known(name, value))
            .collect();
        (!new.is_empty()).then_some(new)
    }

    fn has_identifier_unknown_to(&self, known: &Known<'_>) -> bool {
        self.identifiers
            .iter()
            .map(|identifier| (identifier.kind, identifier.value.as_str()))
            .any(|identifier| !known.identifiers.contains(&identifier))
    }

    /// A new customer is active without anybody's word.
    fn status_changed(&self, known: Option<&Known<'_>>, names: &EventNames<'_>) -> Option<Event> {
        let shown = known.map_or(CustomerStatus::Active, |known| known.status);
        let status = self.status.filter(|status| *status != shown)?;
        let payload = Payload::of_customer(self).with("status", Some(status));
        let event_type = EventType::CustomerStatusChanged;
        Some(self.event(Ordinal::StatusChanged, event_type, None, payload, names))
    }

    /// A balance replaces the one before (C17), so what the row leaves empty is said again.
    fn balance_imported(&self, known: Option<&Known<'_>>, names: &EventNames<'_>) -> Option<Event> {
        let before = known.map(|known| known.balance).unwrap_or_default();
        let shown = known.map(|known| known.agent).unwrap_or_default();
        let balance = self.agent.but_not(&shown).over(&before);
        if balance == before {
            return None;
        }
        let payload = Payload::of_customer(self)
            .with("agent_calls", balance.calls)
            .with("agent_emails", balance.emails)
            .with("agent_sms", balance.sms)
            .with("call_duration_seconds", balance.call_seconds)
            .with("last_agent_call_at", balance.last_call_at)
            .with("last_agent_interaction", last_interaction(&balance))
            .with("excludes_history", names.excludes_history.then_some(true));
        let event_type = EventType::OpeningBalanceImported;
        Some(self.event(Ordinal::Balance, event_type, None, payload, names))
    }

    /// What the row's interaction is called.
    pub(super) fn object(&self, names: &EventNames<'_>) -> String {
        format!("{}:{}", names.prefix, self.row)
    }

    pub(super) fn event(
        &self,
        ordinal: Ordinal,
        event_type: EventType,
        at: Option<Timestamp>,
        payload: Payload,
        names: &EventNames<'_>,
    ) -> Event {
        let object = self.object(names);
        Event {
            id: Some(format!("{object}:{}", ordinal as u8)),
            source: SOURCE.to_owned(),
            event_type,
            // An SMS has no name in its payload.
            subject: (event_type.object() == "sms").then(|| event_type.subject(&object)),
            time: at.map(|at| at.to_string()),
            data: payload.into_json(),
        }
    }
}

fn last_interaction(balance: &AgentFields) -> Option<LastAgentInteraction> {
    let last = LastAgentInteraction {
        kind: balance.last_type,
        at: balance.last_at.map(Into::into),
    };
    (last.kind.is_some() || last.at.is_some()).then_some(last)
}
