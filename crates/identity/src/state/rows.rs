//! A customer and a subject in as few bytes as they need: a tenant has millions.

use crate::slab::Row;
use serde::{Deserialize, Serialize};
use touchbook_events::limits::IDENTIFIERS_PER_CUSTOMER_MAX;
use touchbook_events::{CustomerId, Digest, IdentifierKind};

/// No customer's number.
const NOBODY: u32 = u32::MAX;
const KINDS: usize = IdentifierKind::ALL.len();

/// A customer that exists, and how many identifiers of each kind it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: CustomerId,
    identifiers: [u8; KINDS],
    anonymous: bool,
    /// Little-endian, so that the row needs no padding.
    changed_at: [u8; 8],
}

impl Customer {
    pub(crate) fn new(id: CustomerId, anonymous: bool) -> Self {
        Self {
            id,
            identifiers: [0; KINDS],
            anonymous,
            changed_at: [0; 8],
        }
    }

    /// The position of the last record that changed it, whatever group it is in.
    pub(crate) fn changed_at(&self) -> u64 {
        u64::from_le_bytes(self.changed_at)
    }

    pub(super) fn change(&mut self, position: u64) {
        self.changed_at = position.to_le_bytes();
    }

    /// Opened by a subject that named nobody, and given no identifier since.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.anonymous
    }

    pub(crate) fn has_any(&self, kind: IdentifierKind) -> bool {
        self.identifiers[kind as usize] > 0
    }

    /// How many more identifiers it may have.
    pub(crate) fn room(&self) -> usize {
        let count: usize = self
            .identifiers
            .iter()
            .map(|count| usize::from(*count))
            .sum();
        IDENTIFIERS_PER_CUSTOMER_MAX.saturating_sub(count)
    }

    pub(super) fn gain(&mut self, kind: IdentifierKind) {
        let count = &mut self.identifiers[kind as usize];
        *count = count.saturating_add(1);
        self.anonymous = false;
    }

    pub(super) fn lose(&mut self, kind: IdentifierKind) {
        let count = &mut self.identifiers[kind as usize];
        *count = count.saturating_sub(1);
    }
}

impl Row for Customer {
    fn key(&self) -> &[u8; 16] {
        self.id.as_bytes()
    }
}

/// An object that events are about: whose it is, and its latest revision. 36 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    pub(crate) digest: Digest,
    /// [`NOBODY`] for a whole object that is no customer's, such as a campaign.
    customer: u32,
    content: [u8; 8],
    /// Little-endian, so that the row needs no padding; 0 = it has no revisions.
    position: [u8; 8],
}

/// A revision of a whole object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Half of the keyed content digest: compared with one other content only, never searched.
    pub(crate) content: [u8; 8],
    pub(crate) position: u64,
}

impl Revision {
    pub(crate) fn content_of(digest: Digest) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = digest.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl Subject {
    pub(super) fn new(digest: Digest, customer: Option<u32>) -> Self {
        let customer = customer.unwrap_or(NOBODY);
        Self {
            digest,
            customer,
            content: [0; 8],
            position: [0; 8],
        }
    }

    /// Whose it is.
    pub(crate) fn customer(&self) -> Option<u32> {
        (self.customer != NOBODY).then_some(self.customer)
    }

    pub(super) fn assign(&mut self, customer: u32) {
        self.customer = customer;
    }

    pub(super) fn latest(&self) -> Option<Revision> {
        let position = u64::from_le_bytes(self.position);
        (position > 0).then_some(Revision {
            content: self.content,
            position,
        })
    }

    pub(super) fn revise(&mut self, content: Digest, position: u64) {
        self.content = Revision::content_of(content);
        self.position = position.to_le_bytes();
    }
}

impl Row for Subject {
    fn key(&self) -> &[u8; 16] {
        &self.digest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_small() {
        assert_eq!(size_of::<Subject>(), 36);
        assert_eq!(size_of::<Customer>(), 30);
    }
}
