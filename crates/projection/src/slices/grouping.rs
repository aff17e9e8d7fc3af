//! Who is in which group, and which records changed slices without being in any.

use super::{Change, Groups};
use hashbrown::HashMap;
use touchbook_events::CustomerId;

/// The groups of a tenant, and where each customer's slice was last changed from outside: by a
/// merge, an unmerge, a retraction, a reinstatement or an assignment.
///
/// The position of the last change of a group is the highest of its members'. Whoever leaves a
/// group, joins one or stays behind is concerned by the record that says so, so that no position
/// is lost however groups change later.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    groups: Groups,
    changed_at: HashMap<CustomerId, u64>,
}

impl Grouping {
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    pub fn canonical(&self, customer: CustomerId) -> CustomerId {
        self.groups.canonical(customer)
    }

    /// Everybody in the group of `canonical`, itself among them, in order of ids.
    pub fn members(&self, canonical: CustomerId) -> Vec<CustomerId> {
        self.groups.members(canonical)
    }

    /// Where the slice of `canonical` was last changed from outside; 0 where it never was.
    pub fn changed_at(&self, canonical: CustomerId) -> u64 {
        if self.changed_at.is_empty() {
            return 0;
        }
        let members = self.groups.members(canonical);
        let positions = members
            .iter()
            .filter_map(|member| self.changed_at.get(member));
        positions.copied().max().unwrap_or(0)
    }

    /// Takes in the change that was made at `position`.
    pub(crate) fn take(&mut self, position: u64, change: &Change) {
        let concerned = change.concerned();
        self.note(position, &concerned);
        change.regroup(&mut self.groups);
        self.note(position, &concerned);
    }

    fn note(&mut self, position: u64, concerned: &[CustomerId]) {
        for customer in concerned {
            let canonical = self.groups.canonical(*customer);
            self.changed_at.insert(canonical, position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(number: u8) -> CustomerId {
        CustomerId::from_bytes([number; 16])
    }

    #[test]
    fn whoever_leaves_and_whoever_stays_behind_has_changed() {
        let [a, b, c, other] = [1, 2, 3, 4].map(customer);
        let merge = |into, member| Change::Merge {
            into,
            members: vec![member],
        };
        let mut grouping = Grouping::default();
        grouping.take(5, &merge(b, c));
        assert_eq!([a, b].map(|customer| grouping.changed_at(customer)), [0, 5]);
        grouping.take(6, &merge(a, b));
        let retract = Change::Retract {
            positions: vec![1],
            customers: vec![c],
        };
        grouping.take(7, &retract);
        assert_eq!(grouping.changed_at(a), 7);
        grouping.take(8, &Change::Unmerge { members: vec![b] });
        let after = [a, b, other].map(|customer| grouping.changed_at(customer));
        assert_eq!(after, [8, 8, 0]);
    }
}
