//! The seven agent fields of document 000.

use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::customer::{AgentInteractionType, OpeningBalanceImported};
use touchbook_events::{CustomerId, Digest, Timestamp};
use touchbook_projection::{ByDigest, Latest, SmallMap, Stamp};

/// What agents did: every call, and the e-mails and SMS that were sent (S0-001, S0-002, S0-003,
/// S0-004, S0-005, S0-006, S0-007).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agent {
    calls: u64,
    emails: u64,
    sms: u64,
    call_seconds: u64,
    last_call_at: Option<Timestamp>,
    last: Option<(Stamp, AgentInteractionType)>,
    /// Per call, so that a corrected duration replaces and never adds.
    durations: ByDigest<Latest<u32>>,
    /// Per member: importing a row again sets its balance (C17), merging adds the members'
    /// balances.
    balances: SmallMap<CustomerId, Latest<Balance>>,
}

/// Counters from before Touchbook.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    pub calls: u64,
    pub emails: u64,
    pub sms: u64,
    pub call_seconds: u64,
    pub last_call_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    pub last_type: Option<AgentInteractionType>,
}

/// The agent fields with opening balances added.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct AgentFields {
    pub(crate) calls: u64,
    pub(crate) emails: u64,
    pub(crate) sms: u64,
    pub(crate) call_seconds: u64,
    pub(crate) last_call_at: Option<Timestamp>,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) last_type: Option<AgentInteractionType>,
}

impl Agent {
    pub(crate) fn add(&mut self, kind: AgentInteractionType, stamp: Stamp) {
        match kind {
            AgentInteractionType::Call => {
                self.calls += 1;
                self.last_call_at = self.last_call_at.max(Some(stamp.time));
            }
            AgentInteractionType::Email => self.emails += 1,
            AgentInteractionType::Sms => self.sms += 1,
        }
        if self.last.is_none_or(|(last, _)| last < stamp) {
            self.last = Some((stamp, kind));
        }
    }

    pub(crate) fn call_lasted(&mut self, call: Digest, stamp: Stamp, seconds: u32) {
        let (duration, _) = self.durations.get_or_default(call);
        let before = duration.copied().unwrap_or(0);
        duration.set(stamp, Some(seconds));
        let after = duration.copied().unwrap_or(0);
        self.call_seconds = self.call_seconds - u64::from(before) + u64::from(after);
    }

    pub(crate) fn balance(
        &mut self,
        member: CustomerId,
        stamp: Stamp,
        imported: &OpeningBalanceImported,
    ) {
        let facts = &imported.facts;
        let last = facts.last_agent_interaction.as_ref();
        let balance = Balance {
            calls: facts.agent_calls.unwrap_or(0),
            emails: facts.agent_emails.unwrap_or(0),
            sms: facts.agent_sms.unwrap_or(0),
            call_seconds: facts.call_duration_seconds.unwrap_or(0),
            last_call_at: facts.last_agent_call_at.map(|moment| moment.at()),
            last_at: last.and_then(|last| last.at).map(|moment| moment.at()),
            last_type: last.and_then(|last| last.kind),
        };
        self.balances
            .get_or_default(member)
            .set(stamp, Some(balance));
    }

    pub(crate) fn balance_of(&self, member: CustomerId) -> Option<&Balance> {
        self.balances.get(&member)?.get()
    }

    pub(crate) fn fields(&self) -> AgentFields {
        let own = AgentFields {
            calls: self.calls,
            emails: self.emails,
            sms: self.sms,
            call_seconds: self.call_seconds,
            last_call_at: self.last_call_at,
            last_at: self.last.map(|(stamp, _)| stamp.time),
            last_type: self.last.map(|(_, kind)| kind),
        };
        self.balances
            .values()
            .filter_map(Latest::get)
            .fold(own, AgentFields::plus)
    }
}

impl AgentFields {
    /// Sums saturate: a balance is whatever somebody's file said.
    fn plus(self, balance: &Balance) -> Self {
        let newer = balance.last_at > self.last_at;
        Self {
            calls: self.calls.saturating_add(balance.calls),
            emails: self.emails.saturating_add(balance.emails),
            sms: self.sms.saturating_add(balance.sms),
            call_seconds: self.call_seconds.saturating_add(balance.call_seconds),
            last_call_at: self.last_call_at.max(balance.last_call_at),
            last_at: self.last_at.max(balance.last_at),
            last_type: if newer {
                balance.last_type
            } else {
                self.last_type
            },
        }
    }
}
