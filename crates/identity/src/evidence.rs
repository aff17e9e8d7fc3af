//! What speaks for two customers being one, and who shares what.

use crate::resolve;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use touchbook_events::{Digest, Identifier, TenantKey};

/// Customers that share an identifier from which on it is nobody's: a switchboard's number, or a
/// test's address.
pub(crate) const SHARERS_MAX: usize = 5;

/// Pieces of evidence that are told apart for one pair; what comes later is taken for known.
const SEEN_MAX: usize = 64;

/// What is known of a pair of customers that may be one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Suspicion {
    /// A person said that they are not one.
    dismissed: bool,
    /// By [`of`].
    seen: BTreeSet<u64>,
}

impl Suspicion {
    /// Whether `evidence` says nothing that is not known: a pair is suggested once, and again once
    /// it was dismissed and something else speaks for it.
    pub(crate) fn knows(&self, evidence: u64) -> bool {
        let is_open = !self.dismissed && !self.seen.is_empty();
        is_open || self.seen.contains(&evidence) || self.seen.len() >= SEEN_MAX
    }

    pub(crate) fn suggest(&mut self, evidence: u64) {
        self.dismissed = false;
        self.seen.insert(evidence);
    }

    pub(crate) fn dismiss(&mut self) {
        self.dismissed = true;
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
        pair.suggest(1);
        assert!(pair.knows(1) && pair.knows(2), "it waits for a person");
        pair.dismiss();
        assert!(pair.knows(1) && !pair.knows(2));
        pair.suggest(2);
        pair.dismiss();
        assert!(pair.knows(1) && pair.knows(2) && !pair.knows(3));
    }

    #[test]
    fn a_pair_that_was_dismissed_before_anything_spoke_for_it_is_suggested_when_something_does() {
        let mut pair = Suspicion::default();
        pair.dismiss();
        assert!(!pair.knows(1));
    }
}
