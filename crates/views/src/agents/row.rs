//! What one agent did in one period.

use crate::minutes;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;
use touchbook_calls::Call;
use touchbook_events::EntrySource;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::outcome::KnownOutcome;
use touchbook_events::money::Decimal;

/// An agent's row as answers show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentRow<'a> {
    pub agent_id: &'a str,
    /// The period's first day.
    pub begins_on: NaiveDate,
    /// Customers whom the agent talked with or wrote to.
    pub customer_count: u64,
    /// In any direction, or in none that is known.
    pub call_count: u64,
    pub inbound_call_count: u64,
    pub outbound_call_count: u64,
    /// Calls in which somebody talked, as far as outcome or duration say so.
    pub answered_call_count: u64,
    /// Calls in which nobody did.
    pub missed_call_count: u64,
    /// With two decimals at most, from the sum of seconds (C3).
    pub call_minutes: Decimal,
    /// Messages that the agent sent.
    pub email_count: u64,
    pub sms_count: u64,
    pub chat_count: u64,
    /// Calls by outcome, where there is one.
    pub outcomes: &'a BTreeMap<Box<str>, u64>,
    /// Calls that made a sale.
    pub sale_count: u64,
}

#[derive(Default)]
pub(super) struct Work {
    /// Which customer was counted last.
    last_customer: u64,
    customers: u64,
    calls: u64,
    inbound: u64,
    outbound: u64,
    answered: u64,
    missed: u64,
    seconds: u64,
    emails: u64,
    sms: u64,
    chats: u64,
    outcomes: BTreeMap<Box<str>, u64>,
    sales: u64,
}

impl Work {
    /// Customers are numbered from 1 in the order in which they come.
    pub(super) fn had_to_do_with(&mut self, customer: u64) {
        if std::mem::replace(&mut self.last_customer, customer) != customer {
            self.customers += 1;
        }
    }

    pub(super) fn called(&mut self, call: &Call<'_>) {
        self.calls += 1;
        match call.direction() {
            Some(Direction::Inbound) => self.inbound += 1,
            Some(Direction::Outbound) => self.outbound += 1,
            _ => {}
        }
        match is_answered(call) {
            Some(true) => self.answered += 1,
            Some(false) => self.missed += 1,
            None => {}
        }
        self.seconds += u64::from(call.duration_seconds().unwrap_or(0));
        self.sales += u64::from(call.sale_made() == Some(true));
        if let Some(outcome) = call.outcome() {
            match self.outcomes.get_mut(outcome) {
                Some(count) => *count += 1,
                None => drop(self.outcomes.insert(outcome.into(), 1)),
            }
        }
    }

    pub(super) fn sent(&mut self, channel: EntrySource) {
        match channel {
            EntrySource::Email => self.emails += 1,
            EntrySource::Sms => self.sms += 1,
            EntrySource::Chat => self.chats += 1,
            _ => {}
        }
    }

    pub(super) fn row<'a>(&'a self, agent_id: &'a str, begins_on: NaiveDate) -> AgentRow<'a> {
        AgentRow {
            agent_id,
            begins_on,
            customer_count: self.customers,
            call_count: self.calls,
            inbound_call_count: self.inbound,
            outbound_call_count: self.outbound,
            answered_call_count: self.answered,
            missed_call_count: self.missed,
            call_minutes: minutes::of_seconds(self.seconds),
            email_count: self.emails,
            sms_count: self.sms,
            chat_count: self.chats,
            outcomes: &self.outcomes,
            sale_count: self.sales,
        }
    }
}

/// Whether somebody talked: by the outcome, else by how the call ended or how long it took.
fn is_answered(call: &Call<'_>) -> Option<bool> {
    if let Some(outcome) = call.outcome() {
        return Some(!KnownOutcome::of(outcome).is_some_and(KnownOutcome::is_missed));
    }
    let disposition = call.disposition().and_then(KnownOutcome::of);
    if disposition.is_some_and(KnownOutcome::is_missed) {
        return Some(false);
    }
    call.duration_seconds().map(|seconds| seconds > 0)
}
