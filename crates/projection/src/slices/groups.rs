//! Who was merged into whom.

use hashbrown::HashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::CustomerId;

/// The groups of a tenant: a forest in which a customer hangs on the one it was merged into.
///
/// A customer that leaves takes along whoever was merged into it, because they were merged into
/// *it*, whatever it joined later; and it hangs on at most one other, so that its leaving has one
/// meaning. Together: with a merge and its unmerge left out, every other merge and unmerge does
/// what it did.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// Whom each merged customer hangs on.
    parents: HashMap<CustomerId, CustomerId>,
    children: HashMap<CustomerId, BTreeSet<CustomerId>>,
    /// The canonical customer of each merged one; derived, since every record asks for it.
    canonical: HashMap<CustomerId, CustomerId>,
}

impl Groups {
    pub fn canonical(&self, customer: CustomerId) -> CustomerId {
        if self.canonical.is_empty() {
            return customer;
        }
        self.canonical.get(&customer).copied().unwrap_or(customer)
    }

    /// Everybody in the group of `canonical`, itself among them, in order of ids.
    pub fn members(&self, canonical: CustomerId) -> Vec<CustomerId> {
        let mut members = self.branch(canonical);
        members.sort_unstable();
        members
    }

    /// Whether [`Groups::merge`] would do anything.
    pub fn can_merge(&self, into: CustomerId, member: CustomerId) -> bool {
        !self.parents.contains_key(&member) && self.canonical(into) != member
    }

    /// Hangs `member`, with all who hang on it, on `into`; says whether it did. It doesn't where
    /// `member` was merged already, or is the canonical customer of `into`.
    pub fn merge(&mut self, into: CustomerId, member: CustomerId) -> bool {
        if !self.can_merge(into, member) {
            return false;
        }
        self.parents.insert(member, into);
        self.children.entry(into).or_default().insert(member);
        self.rename(member, self.canonical(into));
        true
    }

    /// Takes `member`, with all who hang on it, out of its group; says whether it was in one.
    pub fn unmerge(&mut self, member: CustomerId) -> bool {
        let Some(parent) = self.parents.remove(&member) else {
            return false;
        };
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.remove(&member);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        self.rename(member, member);
        true
    }

    fn rename(&mut self, top: CustomerId, canonical: CustomerId) {
        for member in self.branch(top) {
            if member == canonical {
                self.canonical.remove(&member);
            } else {
                self.canonical.insert(member, canonical);
            }
        }
    }

    /// `top` and all who hang on it.
    fn branch(&self, top: CustomerId) -> Vec<CustomerId> {
        let mut branch = vec![top];
        let mut next = 0;
        while let Some(member) = branch.get(next) {
            if let Some(children) = self.children.get(member) {
                branch.extend(children);
            }
            next += 1;
        }
        branch
    }
}

/// Whom each merged customer hangs on, in order of ids.
impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parents
            .iter()
            .collect::<BTreeMap<_, _>>()
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut groups = Self::default();
        for (member, parent) in BTreeMap::deserialize(deserializer)? {
            if !groups.merge(parent, member) {
                return Err(de::Error::custom("a customer was merged into itself"));
            }
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(number: u8) -> CustomerId {
        CustomerId::from_bytes([number; 16])
    }

    #[test]
    fn a_group_joins_and_leaves_as_a_whole() {
        let [a, b, c] = [1, 2, 3].map(customer);
        let mut groups = Groups::default();
        assert!(groups.merge(b, c) && groups.merge(a, b));
        assert_eq!(groups.members(groups.canonical(c)), [a, b, c]);
        assert!(groups.unmerge(b));
        assert_eq!(
            (groups.members(a), groups.members(b)),
            (vec![a], vec![b, c])
        );
    }

    #[test]
    fn a_customer_may_leave_the_group_that_its_group_joined() {
        let [a, b, c] = [1, 2, 3].map(customer);
        let mut groups = Groups::default();
        assert!(groups.merge(b, c) && groups.merge(a, b) && groups.unmerge(c));
        assert_eq!((groups.members(a), groups.canonical(c)), (vec![a, b], c));
    }

    #[test]
    fn nobody_is_merged_twice_or_in_a_circle() {
        let [a, b, c] = [1, 2, 3].map(customer);
        let mut groups = Groups::default();
        assert!(groups.merge(a, b) && groups.merge(b, c));
        assert!(!groups.merge(a, c) && !groups.merge(c, a) && !groups.merge(a, a));
        assert!(!groups.unmerge(a));
    }

    #[test]
    fn groups_are_read_back_as_they_were_written() {
        let [a, b, c] = [3, 2, 1].map(customer);
        let mut groups = Groups::default();
        assert!(groups.merge(a, b) && groups.merge(b, c));
        let bytes = crate::snapshot::encode_state(&groups);
        let read: Groups = crate::snapshot::decode_state(&bytes).unwrap();
        assert_eq!(read.members(a), groups.members(a));
        assert_eq!(crate::snapshot::encode_state(&read), bytes);
        let circle = BTreeMap::from([(a, b), (b, a)]);
        let circle = crate::snapshot::encode_state(&circle);
        assert!(crate::snapshot::decode_state::<Groups>(&circle).is_err());
    }
}
