//! Who may need attention, by rule and since when.
//!
//! For every rule one ordered set, so that the most urgent of each is its first; what the policies
//! say is put in when somebody reads. Only a trend is made of more than an instant, so its set
//! stands under the policy that was asked for last, and is made anew for a reader with another one.

use crate::state::Contribution;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use touchbook_events::policy::{AttentionRule, Trend};
use touchbook_events::{CustomerId, Policies, Timestamp};

/// The customers of whom a rule holds, by since when.
pub(crate) type Since = BTreeSet<(Timestamp, CustomerId)>;

/// Who may need attention; derived from contributions, whatever the policies are.
#[derive(Debug, Default)]
pub struct Index {
    contributions: HashMap<CustomerId, Contribution>,
    unanswered: Since,
    social_open: Since,
    complaint_open: Since,
    bad_sentiment: Since,
    /// Behind a lock, since a reader under another policy has it made anew.
    declining: RwLock<Declining>,
}

/// The customers whose trend declines under one policy.
#[derive(Debug)]
pub(crate) struct Declining {
    policy: Trend,
    since: Since,
}

/// Under the default policy, which most tenants keep.
impl Default for Declining {
    fn default() -> Self {
        Self {
            policy: Policies::default().trend,
            since: Since::new(),
        }
    }
}

/// The rules whose sets no policy changes.
const SETTLED: [AttentionRule; 4] = [
    AttentionRule::Unanswered,
    AttentionRule::SocialOpen,
    AttentionRule::ComplaintOpen,
    AttentionRule::BadSentiment,
];

impl Index {
    pub(crate) fn contribute(
        &mut self,
        customer: CustomerId,
        before: Option<Contribution>,
        after: Option<Contribution>,
    ) {
        let declining = self
            .declining
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let policy = declining.policy;
        let since = |contribution: &Option<Contribution>, rule| {
            contribution.as_ref().and_then(|c| c.since(rule, &policy))
        };
        let rule = AttentionRule::DecliningTrend;
        let change = (since(&before, rule), since(&after, rule));
        replace(&mut declining.since, customer, change);
        for rule in SETTLED {
            let change = (since(&before, rule), since(&after, rule));
            if let Some(set) = self.set_mut(rule) {
                replace(set, customer, change);
            }
        }
        match after {
            Some(after) => drop(self.contributions.insert(customer, after)),
            None => drop(self.contributions.remove(&customer)),
        }
    }

    fn set_mut(&mut self, rule: AttentionRule) -> Option<&mut Since> {
        match rule {
            AttentionRule::Unanswered => Some(&mut self.unanswered),
            AttentionRule::SocialOpen => Some(&mut self.social_open),
            AttentionRule::ComplaintOpen => Some(&mut self.complaint_open),
            AttentionRule::BadSentiment => Some(&mut self.bad_sentiment),
            _ => None,
        }
    }

    /// How many customers may ever be in the list.
    pub fn count(&self) -> usize {
        self.contributions.len()
    }

    pub(crate) fn contribution(&self, customer: CustomerId) -> Option<&Contribution> {
        self.contributions.get(&customer)
    }

    /// The set of a rule; `declining` is what [`Index::declining`] gave.
    pub(crate) fn set<'a>(
        &'a self,
        rule: AttentionRule,
        declining: &'a Declining,
    ) -> Option<&'a Since> {
        match rule {
            AttentionRule::Unanswered => Some(&self.unanswered),
            AttentionRule::SocialOpen => Some(&self.social_open),
            AttentionRule::ComplaintOpen => Some(&self.complaint_open),
            AttentionRule::BadSentiment => Some(&self.bad_sentiment),
            AttentionRule::DecliningTrend => Some(&declining.since),
            _ => None,
        }
    }

    /// Who declines under `policy`: as it stands, or of all scores anew.
    pub(crate) fn declining(&self, policy: &Trend) -> RwLockReadGuard<'_, Declining> {
        let standing = self.declining.read();
        let standing = standing.unwrap_or_else(PoisonError::into_inner);
        if standing.policy == *policy {
            return standing;
        }
        drop(standing);
        let anew = self.declining.write();
        let mut anew = anew.unwrap_or_else(PoisonError::into_inner);
        let all = self.contributions.iter();
        let since = all.filter_map(|(customer, contribution)| {
            let since = contribution.since(AttentionRule::DecliningTrend, policy)?;
            Some((since, *customer))
        });
        *anew = Declining {
            policy: *policy,
            since: since.collect(),
        };
        RwLockWriteGuard::downgrade(anew)
    }
}

fn replace(
    set: &mut Since,
    customer: CustomerId,
    (was, is): (Option<Timestamp>, Option<Timestamp>),
) {
    if was == is {
        return;
    }
    if let Some(was) = was {
        set.remove(&(was, customer));
    }
    if let Some(is) = is {
        set.insert((is, customer));
    }
}
