//! Taking back what a batch applied.

use super::{Customer, Pair, State, Subject};
use crate::evidence::{Sharers, Suspicion};
use hashbrown::HashMap;
use std::hash::{BuildHasher, Hash};
use touchbook_events::{CustomerId, Digest};

/// How to take back one change.
pub(super) enum Undo {
    Created,
    CustomerChanged {
        customer: u32,
        before: u64,
    },
    Attached {
        digest: Digest,
        customer: u32,
        before: Customer,
    },
    Detached {
        digest: Digest,
        customer: u32,
        before: Customer,
    },
    Subject,
    Changed {
        subject: u32,
        before: Subject,
    },
    Alias {
        digest: Digest,
    },
    Suspected {
        pair: Pair,
        before: Option<Suspicion>,
    },
    Shared {
        identifier: Digest,
        before: Option<Sharers>,
    },
    Suggested {
        position: u64,
        before: Option<(Pair, Vec<Digest>)>,
    },
    Merged {
        member: CustomerId,
    },
    Unmerged {
        member: CustomerId,
        from: CustomerId,
        position: u64,
    },
    Structural,
    Retracted {
        position: u64,
    },
    Reinstated {
        position: u64,
        by: u64,
    },
}

impl State {
    pub(crate) fn begin(&mut self) {
        self.undo = Some(Vec::new());
    }

    pub(crate) fn keep(&mut self) {
        self.undo = None;
    }

    pub(crate) fn rollback(&mut self) {
        for undo in self.undo.take().into_iter().flatten().rev() {
            self.take_back(undo);
        }
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::Created => self.customers.pop(),
            Undo::CustomerChanged { customer, before } => {
                self.customers.get_mut(customer).change(before);
            }
            Undo::Attached {
                digest,
                customer,
                before,
            } => {
                self.identifiers.remove(&digest);
                *self.customers.get_mut(customer) = before;
            }
            Undo::Detached {
                digest,
                customer,
                before,
            } => {
                self.identifiers.insert(digest, customer);
                *self.customers.get_mut(customer) = before;
            }
            Undo::Subject => self.subjects.pop(),
            Undo::Changed { subject, before } => *self.subjects.get_mut(subject) = before,
            Undo::Alias { digest } => {
                self.aliases.remove(&digest);
            }
            Undo::Suspected { pair, before } => restore(&mut self.suspicions, pair, before),
            Undo::Shared { identifier, before } => restore(&mut self.sharers, identifier, before),
            Undo::Suggested { position, before } => {
                restore(&mut self.suggested, position, before);
            }
            Undo::Merged { member } => {
                self.merges.unmerge(member);
            }
            Undo::Unmerged {
                member,
                from,
                position,
            } => {
                self.merges.merge(from, member, position);
            }
            Undo::Structural => {
                self.structural.pop();
            }
            Undo::Retracted { position } => {
                self.retracted.remove(&position);
            }
            Undo::Reinstated { position, by } => {
                self.retracted.insert(position, by);
            }
        }
    }
}

/// What stood there before, or nothing.
fn restore<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>, key: K, before: Option<V>) {
    match before {
        Some(before) => drop(map.insert(key, before)),
        None => drop(map.remove(&key)),
    }
}
