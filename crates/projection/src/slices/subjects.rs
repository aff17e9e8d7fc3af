//! Subjects that were assigned to another customer than their first records name.

use hashbrown::{HashMap, HashSet};
use touchbook_events::{CustomerId, Digest};

#[derive(Clone, Debug, Default)]
pub(super) struct Subjects {
    assigned: HashMap<Digest, Assigned>,
    /// The subjects that each customer was assigned.
    of: HashMap<CustomerId, HashSet<Digest>>,
}

#[derive(Clone, Debug)]
struct Assigned {
    owner: CustomerId,
    /// Whom its records may name: everybody who ever owned it.
    owners: Vec<CustomerId>,
}

impl Subjects {
    /// Whose a record is that names `customer` and is about `subject`.
    pub(super) fn owner(&self, subject: Digest, customer: CustomerId) -> CustomerId {
        if self.assigned.is_empty() {
            return customer;
        }
        match self.assigned.get(&subject) {
            Some(assigned) if assigned.owners.contains(&customer) => assigned.owner,
            _ => customer,
        }
    }

    pub(super) fn assign(&mut self, subject: Digest, from: Option<CustomerId>, to: CustomerId) {
        let assigned = self.assigned.entry(subject).or_insert_with(|| Assigned {
            owner: to,
            owners: Vec::new(),
        });
        for owner in from.into_iter().chain([to]) {
            if !assigned.owners.contains(&owner) {
                assigned.owners.push(owner);
            }
        }
        let before = std::mem::replace(&mut assigned.owner, to);
        if let Some(subjects) = self.of.get_mut(&before) {
            subjects.remove(&subject);
            if subjects.is_empty() {
                self.of.remove(&before);
            }
        }
        self.of.entry(to).or_default().insert(subject);
    }

    /// The members whose records an assignment may move.
    pub(super) fn touched_by(
        &self,
        subject: Digest,
        from: Option<CustomerId>,
        to: CustomerId,
    ) -> Vec<CustomerId> {
        let before = self.assigned.get(&subject).map(|assigned| assigned.owner);
        from.into_iter().chain([to]).chain(before).collect()
    }

    /// Under which customers records stand that may be `member`'s, besides its own.
    pub(super) fn sources_of(&self, member: CustomerId) -> impl Iterator<Item = CustomerId> {
        let subjects = self.of.get(&member).into_iter().flatten();
        subjects
            .filter_map(|subject| self.assigned.get(subject))
            .flat_map(|assigned| assigned.owners.iter().copied())
    }
}
