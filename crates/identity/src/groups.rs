//! Who was merged into whom, and at which position, by the rules of `projection::Groups`.

use std::collections::BTreeMap;
use touchbook_events::CustomerId;
use touchbook_projection::Groups;

/// Whom each merged customer hangs on, and the position that hung it there.
pub(crate) type Parents = BTreeMap<CustomerId, (CustomerId, u64)>;

/// The groups as they are decided upon.
#[derive(Default)]
pub(crate) struct Merges {
    parents: Parents,
    groups: Groups,
}

impl Merges {
    pub(crate) fn from_parents(parents: Parents) -> Self {
        let mut groups = Groups::default();
        for (member, (parent, _)) in &parents {
            groups.merge(*parent, *member);
        }
        Self { parents, groups }
    }

    pub(crate) fn parents(&self) -> &Parents {
        &self.parents
    }

    pub(crate) fn merge(&mut self, into: CustomerId, member: CustomerId, position: u64) -> bool {
        let merged = self.groups.merge(into, member);
        if merged {
            self.parents.insert(member, (into, position));
        }
        merged
    }

    /// Whom `member` hung on, and since which position.
    pub(crate) fn unmerge(&mut self, member: CustomerId) -> Option<(CustomerId, u64)> {
        self.groups.unmerge(member);
        self.parents.remove(&member)
    }

    pub(crate) fn canonical(&self, customer: CustomerId) -> CustomerId {
        self.groups.canonical(customer)
    }

    /// Everybody in the group that `customer` is in.
    pub(crate) fn members(&self, customer: CustomerId) -> Vec<CustomerId> {
        self.groups.members(self.groups.canonical(customer))
    }

    /// How many are in the group of a canonical customer.
    pub(crate) fn size(&self, canonical: CustomerId) -> usize {
        self.groups.members(canonical).len()
    }

    /// The position at which `customer` was merged into another.
    pub(crate) fn merged_at(&self, customer: CustomerId) -> Option<u64> {
        self.parents.get(&customer).map(|(_, position)| *position)
    }
}
