//! What readers find customers by: a projector of everybody's identifiers.

use hashbrown::HashMap;
use std::collections::BTreeSet;
use touchbook_events::{CustomerId, Data, Identifier, IdentifierKind, Record};
use touchbook_projection::Projector;

/// Folds each customer's identifiers, so that a reader finds the customer of one.
pub struct Identifiers;

/// Customers by identifier; made of what each contributes.
#[derive(Default)]
pub struct ByIdentifier(HashMap<Identifier, CustomerId>);

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
        index.0.get(&Sought { kind, value }).copied()
    }
}

impl Projector for Identifiers {
    type State = BTreeSet<Identifier>;
    type Contribution = BTreeSet<Identifier>;
    type Index = ByIdentifier;

    const NAME: &'static str = "identifiers";
    const VERSION: u32 = 1;

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
            // Another customer may have it already, where both change in one batch.
            if index.0.get(lost) == Some(&customer) {
                index.0.remove(lost);
            }
        }
        for identifier in after {
            index.0.insert(identifier, customer);
        }
    }
}
