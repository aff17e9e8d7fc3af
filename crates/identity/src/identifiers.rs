//! What readers find customers by: a projector of everybody's identifiers.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::collections::BTreeSet;
use touchbook_events::{CustomerId, Data, Identifier, IdentifierKind, Record};
use touchbook_projection::Projector;

/// Folds each customer's identifiers, so that a reader finds the customer of one.
pub struct Identifiers;

/// Customers by identifier; made of what each contributes, in whatever order.
#[derive(Default)]
pub struct ByIdentifier {
    owners: HashMap<Identifier, CustomerId>,
    /// Who has an identifier besides its owner. Nobody, but for a moment in which customers change
    /// one after another, and where a retraction gave back what somebody else has by now.
    others: HashMap<Identifier, BTreeSet<CustomerId>>,
}

impl ByIdentifier {
    /// Of several, the oldest customer is the owner, whoever came first.
    fn insert(&mut self, identifier: Identifier, customer: CustomerId) {
        let owner = match self.owners.entry(identifier.clone()) {
            Entry::Vacant(free) => {
                free.insert(customer);
                return;
            }
            Entry::Occupied(owner) => owner.into_mut(),
        };
        if *owner != customer {
            let other = customer.max(*owner);
            *owner = customer.min(*owner);
            self.others.entry(identifier).or_default().insert(other);
        }
    }

    fn remove(&mut self, identifier: &Identifier, customer: CustomerId) {
        let mut next = None;
        let is_owner = self.owners.get(identifier) == Some(&customer);
        if let Some(others) = self.others.get_mut(identifier) {
            next = is_owner.then(|| others.pop_first()).flatten();
            others.remove(&customer);
            if others.is_empty() {
                self.others.remove(identifier);
            }
        }
        match next {
            Some(next) => {
                self.owners.insert(identifier.clone(), next);
            }
            None if is_owner => {
                self.owners.remove(identifier);
            }
            None => {}
        }
    }
}

/// An identifier that is looked for, without owning its text.
#[derive(Hash)]
struct Sought<'a> {
    kind: IdentifierKind,
    value: &'a str,
}

impl hashbrown::Equivalent<Identifier> for Sought<'_> {
    fn equivalent(&self, known: &Identifier) -> bool {
        known.kind == self.kind && known.value.as_str() == self.value
    }
}

impl Identifiers {
    /// Whose the identifier is with this normal form ([`normalise`](crate::normal::normalise)).
    pub fn find(index: &ByIdentifier, kind: IdentifierKind, value: &str) -> Option<CustomerId> {
        index.owners.get(&Sought { kind, value }).copied()
    }
}

impl Projector for Identifiers {
    type State = BTreeSet<Identifier>;
    type Contribution = BTreeSet<Identifier>;
    type Index = ByIdentifier;

    const NAME: &'static str = "identifiers";
    const VERSION: u32 = 1;

    fn concerns(record: &Record) -> bool {
        matches!(
            record.data,
            Data::CustomerCreated(_) | Data::IdentifierAttached(_) | Data::IdentifierDetached(_)
        )
    }

    fn apply(state: &mut Self::State, record: &Record) {
        match &record.data {
            Data::CustomerCreated(data) => {
                let personal = data.personal.iter();
                state.extend(
                    personal
                        .flat_map(|personal| &personal.identifiers)
                        .map(|sent| Identifier {
                            kind: sent.kind,
                            value: sent.value.clone(),
                        }),
                );
            }
            Data::IdentifierAttached(data) => {
                let personal = data.personal.as_ref();
                state.extend(personal.map(|personal| Identifier {
                    kind: data.facts.kind,
                    value: personal.value.clone(),
                }));
            }
            Data::IdentifierDetached(data) => {
                if let Some(personal) = &data.personal {
                    let kind = data.facts.kind;
                    state.remove(&Identifier {
                        kind,
                        value: personal.value.clone(),
                    });
                }
            }
            _ => {}
        }
    }

    fn contribution(_: CustomerId, state: &Self::State) -> Option<Self::Contribution> {
        (!state.is_empty()).then(|| state.clone())
    }

    fn contribute(
        index: &mut Self::Index,
        customer: CustomerId,
        before: Option<Self::Contribution>,
        after: Option<Self::Contribution>,
    ) {
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        for lost in before.difference(&after) {
            index.remove(lost, customer);
        }
        for identifier in after {
            index.insert(identifier, customer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::Text;

    #[test]
    fn what_several_have_is_the_oldests_in_whatever_order_they_come_and_go() {
        let email = Identifier {
            kind: IdentifierKind::Email,
            value: Text::new("jane@example.com").unwrap(),
        };
        let held = || Some(BTreeSet::from([email.clone()]));
        let find = |index: &ByIdentifier| Identifiers::find(index, email.kind, &email.value);
        let [a, b, c] = [1, 2, 3].map(|last| CustomerId::from_bytes([last; 16]));
        for order in [[a, b, c], [c, b, a], [b, c, a]] {
            let mut index = ByIdentifier::default();
            for customer in order {
                Identifiers::contribute(&mut index, customer, None, held());
            }
            for (leaves, owner) in [(b, Some(a)), (a, Some(c)), (c, None)] {
                Identifiers::contribute(&mut index, leaves, held(), None);
                assert_eq!(find(&index), owner);
            }
            assert!(index.others.is_empty());
        }
    }
}
