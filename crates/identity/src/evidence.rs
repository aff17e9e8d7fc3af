//! What speaks for two customers being one, and who shares what.

use crate::resolve;
use crate::state::Pair;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::{Digest, Identifier, TenantKey};

/// Customers that share an identifier from which on it is nobody's: a switchboard's number, or a
/// test's address.
pub(crate) const SHARERS_MAX: usize = 5;

/// Pieces of evidence that are told apart for one pair; what comes later is taken for known.
const SEEN_MAX: usize = 64;

/// What is known of a pair of customers that may be one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Suspicion {
    /// Where a person last said that they are not one.
    dismissed_at: Option<u64>,
    /// What spoke for it, by [`of`], and where that was suggested.
    seen: BTreeMap<u64, u64>,
}

impl Suspicion {
    /// Whether `evidence` says nothing that is not known: a pair is suggested once, and again once
    /// it was dismissed and something else speaks for it.
    pub(crate) fn knows(&self, evidence: u64) -> bool {
        self.is_open() || self.seen.contains_key(&evidence) || self.seen.len() >= SEEN_MAX
    }

    /// Whether it waits for a person: nothing was dismissed since something last spoke for it.
    fn is_open(&self) -> bool {
        let last = self.seen.values().max();
        last.is_some_and(|last| self.dismissed_at.is_none_or(|at| at < *last))
    }

    pub(crate) fn suggest(&mut self, evidence: u64, position: u64) {
        self.seen.insert(evidence, position);
    }

    pub(crate) fn dismiss(&mut self, position: u64) {
        self.dismissed_at = Some(position);
    }

    /// Takes back the suggestion at `position`, as if it had never been made; answers whether
    /// anything is left.
    pub(crate) fn retract(&mut self, position: u64) -> bool {
        self.seen.retain(|_, at| *at != position);
        self.dismissed_at.is_some() || !self.seen.is_empty()
    }
}

/// Pairs that share one identifier, by where each was suggested.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Sharers(BTreeMap<u64, Pair>);

impl Sharers {
    pub(crate) fn share(&mut self, pair: Pair, position: u64) {
        self.0.insert(position, pair);
    }

    /// As [`Suspicion::retract`].
    pub(crate) fn retract(&mut self, position: u64) -> bool {
        self.0.remove(&position);
        !self.0.is_empty()
    }

    /// How many share it once `pair` does.
    pub(crate) fn count_with(&self, pair: Pair) -> usize {
        let pairs = self.0.values().copied().chain([pair]);
        let customers: BTreeSet<u32> = pairs.flat_map(|(one, other)| [one, other]).collect();
        customers.len()
    }
}

/// What identifiers say together, whatever their order.
pub(crate) fn of(key: &TenantKey, identifiers: &[Identifier]) -> u64 {
    let digests = identifiers.iter().map(|identifier| digest(key, identifier));
    digests.fold(0, |sum, digest| {
        let bytes = digest.0.first_chunk().copied().unwrap_or_default();
        sum.wrapping_add(u64::from_le_bytes(bytes))
    })
}

pub(crate) fn digest(key: &TenantKey, identifier: &Identifier) -> Digest {
    resolve::digest(key, identifier.kind, &identifier.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_suggested_once_and_again_for_something_else_after_it_was_dismissed() {
        let mut pair = Suspicion::default();
        assert!(!pair.knows(1));
        pair.suggest(1, 10);
        assert!(pair.knows(1) && pair.knows(2), "it waits for a person");
        pair.dismiss(11);
        assert!(pair.knows(1) && !pair.knows(2));
        pair.suggest(2, 12);
        pair.dismiss(13);
        assert!(pair.knows(1) && pair.knows(2) && !pair.knows(3));
    }

    #[test]
    fn a_pair_that_was_dismissed_before_anything_spoke_for_it_is_suggested_when_something_does() {
        let mut pair = Suspicion::default();
        pair.dismiss(10);
        assert!(!pair.knows(1));
    }

    #[test]
    fn a_suggestion_that_is_retracted_was_never_made() {
        let mut pair = Suspicion::default();
        pair.suggest(1, 10);
        pair.dismiss(11);
        let dismissed = pair.clone();
        pair.suggest(2, 12);
        assert!(pair.retract(12), "it was dismissed before");
        assert_eq!(pair, dismissed);
        let mut open = Suspicion::default();
        open.suggest(1, 10);
        assert!(!open.retract(10));
        assert_eq!(open, Suspicion::default());

        let mut sharers = Sharers::default();
        sharers.share((1, 2), 10);
        sharers.share((2, 3), 11);
        assert_eq!(sharers.count_with((3, 4)), 4);
        assert!(sharers.retract(10));
        assert_eq!(sharers.count_with((3, 4)), 3);
    }
}
