//! Why a customer needs attention: named rules, each with the records that it follows from (C10).
//!
//! A reason is as urgent as its weight times its age. Nothing of that is stored: since when
//! something waits follows from records alone, and weights, the time to respond and the present are
//! given when it is read.

use crate::open::{Waiting, WaitsFor};
use crate::scores::Scored;
use crate::sentiment::{SentimentTrend, compared, trend};
use crate::state::{Contribution, State};
use serde::Serialize;
use std::cmp::Reverse;
use touchbook_events::policy::{AttentionRule, Trend};
use touchbook_events::{Policies, Score, Timestamp};

/// The version of the rules: another one may find other reasons in the same records.
pub const RULES_VERSION: u32 = 1;

/// A last score of this or less is a reason (C10).
pub const BAD_SENTIMENT: Score = Score::from_millionths(-500_000);

/// Most positions that a reason names: the oldest, and of scores all that were compared.
pub const REASON_POSITIONS_MAX: usize = 100;

const SECOND_MICROS: u128 = 1_000_000;

/// Why a customer needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub rule: AttentionRule,
    /// When the oldest of what waits happened; of sentiment, the last entry that was scored, since
    /// it is what it is from there on.
    pub since: Timestamp,
    /// The records that it follows from, at most [`REASON_POSITIONS_MAX`]: the first of each entry
    /// that waits, or what scored an entry (S1-041).
    pub positions: Vec<u64>,
    /// The policy's; above 0.
    pub weight: u32,
    pub age_seconds: u64,
    /// Weight × age, in whole seconds.
    pub score: u64,
}

/// The reasons why a customer needs attention at `now`, the most urgent first, then in the order of
/// the rules.
pub fn reasons(state: &State, policies: &Policies, now: Timestamp) -> Vec<Reason> {
    state.concern().reasons(policies, now)
}

/// What a rule knows of since when it holds, whatever the policies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// Entries that wait.
    Waiting(WaitsFor),
    /// The last score.
    LastScore,
    /// The last scores, which the policy compares.
    Trend,
    /// Steps and templates are not known here.
    Workflow,
}

pub(crate) fn basis(rule: AttentionRule) -> Basis {
    match rule {
        AttentionRule::Unanswered => Basis::Waiting(WaitsFor::ANSWER),
        AttentionRule::SocialOpen => Basis::Waiting(WaitsFor::SOCIAL_ANSWER),
        AttentionRule::ComplaintOpen => {
            Basis::Waiting(WaitsFor::SETTLEMENT.and(WaitsFor::ANSWER_TO_COMPLAINT))
        }
        AttentionRule::BadSentiment => Basis::LastScore,
        AttentionRule::DecliningTrend => Basis::Trend,
        AttentionRule::OverdueStep | AttentionRule::FollowUpDue | AttentionRule::NoNextStep => {
            Basis::Workflow
        }
    }
}

/// What the policies say of one rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) rule: AttentionRule,
    pub(crate) weight: u32,
    /// What is later has not begun: at `now` itself, or before what may still be answered in time.
    latest: Timestamp,
}

impl Rule {
    /// The rules that a tenant has not turned off, as of `now`, in the order of rules.
    pub(crate) fn all(policies: &Policies, now: Timestamp) -> impl Iterator<Item = Self> {
        let weights = policies
            .attention
            .iter()
            .map(|(rule, weight)| (*rule, *weight));
        let weights = weights.filter(|(_, weight)| *weight > 0);
        let sla = i64::from(policies.response_sla);
        weights.map(move |(rule, weight)| Self {
            rule,
            weight,
            latest: match rule {
                // Older than that, not as old.
                AttentionRule::Unanswered => before(now.plus_seconds(-sla)),
                _ => now,
            },
        })
    }

    pub(crate) fn has_begun(&self, since: Timestamp) -> bool {
        since <= self.latest
    }

    /// Weight × age, in microseconds, so that customers are ordered as their instants are.
    pub(crate) fn urgency(&self, since: Timestamp, now: Timestamp) -> u128 {
        u128::from(self.weight) * age_micros(since, now)
    }
}

fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_sub(1))
}

fn age_micros(since: Timestamp, now: Timestamp) -> u128 {
    let age = i128::from(now.micros()) - i128::from(since.micros());
    u128::try_from(age).unwrap_or(0)
}

/// As answers show it.
pub(crate) fn in_seconds(urgency: u128) -> u64 {
    u64::try_from(urgency / SECOND_MICROS).unwrap_or(u64::MAX)
}

impl Contribution {
    pub(crate) fn reasons(&self, policies: &Policies, now: Timestamp) -> Vec<Reason> {
        let found = Rule::all(policies, now).filter_map(|rule| self.reason(&rule, policies, now));
        let mut reasons: Vec<Reason> = found.collect();
        reasons.sort_by_key(|reason| Reverse(reason.score));
        reasons
    }

    fn reason(&self, rule: &Rule, policies: &Policies, now: Timestamp) -> Option<Reason> {
        let since = self.since(rule.rule, &policies.trend)?;
        if !rule.has_begun(since) {
            return None;
        }
        Some(Reason {
            rule: rule.rule,
            since,
            positions: self.positions(rule, &policies.trend),
            weight: rule.weight,
            age_seconds: in_seconds(age_micros(since, now)),
            score: in_seconds(rule.urgency(since, now)),
        })
    }

    /// Since when a rule may hold, whenever it is asked. Of the policies only the trend matters.
    pub(crate) fn since(&self, rule: AttentionRule, policy: &Trend) -> Option<Timestamp> {
        match basis(rule) {
            Basis::Waiting(what) => self.waiting_for(what).next().map(|one| one.occurred_at),
            Basis::LastScore => self.last_scored_at.filter(|_| self.is_last_bad()),
            Basis::Trend => self
                .last_scored_at
                .filter(|_| trend(self.scored(), policy) == SentimentTrend::Declining),
            Basis::Workflow => None,
        }
    }

    fn is_last_bad(&self) -> bool {
        let is_bad = |last: &Scored| i64::from(last.score) <= BAD_SENTIMENT.millionths();
        self.scored().last().is_some_and(is_bad)
    }

    fn positions(&self, rule: &Rule, policy: &Trend) -> Vec<u64> {
        match basis(rule.rule) {
            Basis::Waiting(what) => {
                let begun = self.waiting_for(what);
                let begun = begun.take_while(|one| rule.has_begun(one.occurred_at));
                let positions = begun.map(|one| u64::from(one.position));
                positions.take(REASON_POSITIONS_MAX).collect()
            }
            Basis::LastScore => self.scored().last().map(scored_by).into_iter().collect(),
            Basis::Trend => {
                let (earlier, last) = compared(self.scored(), policy);
                earlier.iter().chain(last).map(scored_by).collect()
            }
            Basis::Workflow => Vec::new(),
        }
    }

    pub(crate) fn scored(&self) -> &[Scored] {
        self.scored.as_deref().map_or(&[], Vec::as_slice)
    }

    fn waiting_for(&self, what: WaitsFor) -> impl Iterator<Item = &Waiting> {
        let waiting = self.waiting.as_deref().map_or(&[][..], Vec::as_slice);
        waiting.iter().filter(move |one| one.waits_for.any(what))
    }
}

fn scored_by(one: &Scored) -> u64 {
    one.said_at()
}
