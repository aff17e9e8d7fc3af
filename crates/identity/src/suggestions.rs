//! Which customers may be one: a projector of suggestions that wait for a person.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use touchbook_events::{CustomerId, Data, Identifier, Record};
use touchbook_projection::Projector;

/// Folds each customer's suggestions, those of it as the older of two.
pub struct Suggestions;

/// That a customer and a younger one may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Of the record that suggested it last.
    pub position: u64,
    /// Of the event that showed it.
    pub because: u64,
    /// What speaks for it; empty once erased.
    pub identifiers: Vec<Identifier>,
    dismissed: bool,
}

/// Two customers that may be one, and where that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggested {
    pub position: u64,
    pub customer: CustomerId,
    pub other: CustomerId,
}

/// Open suggestions by position, and by whose slice they are in: while customers change one after
/// another, two may have one.
type Open = BTreeMap<(u64, CustomerId), Suggested>;

/// By the older and the younger member.
type Pairs = BTreeMap<(CustomerId, CustomerId), Suggestion>;

impl Suggestions {
    /// Open suggestions before a position, the newest first. Of members who are one by now there
    /// may be some: whoever asks knows who is one.
    pub fn before(
        index: &<Self as Projector>::Index,
        position: u64,
    ) -> impl Iterator<Item = Suggested> {
        let open = index.range(..(position, CustomerId::NIL)).rev();
        let mut last = None;
        open.filter_map(move |((position, _), suggested)| {
            (last.replace(*position) != Some(*position)).then_some(*suggested)
        })
    }

    /// What speaks for a suggestion.
    pub fn find(
        state: &<Self as Projector>::State,
        customer: CustomerId,
        other: CustomerId,
    ) -> Option<&Suggestion> {
        state.get(&(customer, other))
    }
}

impl Projector for Suggestions {
    type State = Pairs;
    type Contribution = Vec<Suggested>;
    type Index = Open;

    const NAME: &'static str = "suggestions";
    const VERSION: u32 = 1;

    fn concerns(record: &Record) -> bool {
        matches!(
            record.data,
            Data::MergeSuggested(_) | Data::MergeDismissed(_)
        )
    }

    fn apply(state: &mut Pairs, record: &Record) {
        match &record.data {
            Data::MergeSuggested(data) => {
                let personal = data.personal.as_ref();
                let suggestion = Suggestion {
                    position: record.header.position,
                    because: data.facts.because,
                    identifiers: personal
                        .map(|personal| personal.identifiers.clone())
                        .unwrap_or_default(),
                    dismissed: false,
                };
                state.insert((data.facts.customer, data.facts.other), suggestion);
            }
            Data::MergeDismissed(data) => {
                if let Some(known) = state.get_mut(&(data.facts.customer, data.facts.other)) {
                    known.dismissed = true;
                }
            }
            _ => {}
        }
    }

    fn contribution(_: CustomerId, state: &Pairs) -> Option<Vec<Suggested>> {
        let open = state.iter().filter(|(_, known)| !known.dismissed);
        let open: Vec<_> = open
            .map(|((customer, other), known)| Suggested {
                position: known.position,
                customer: *customer,
                other: *other,
            })
            .collect();
        (!open.is_empty()).then_some(open)
    }

    fn contribute(
        index: &mut Open,
        holder: CustomerId,
        before: Option<Vec<Suggested>>,
        after: Option<Vec<Suggested>>,
    ) {
        for gone in before.iter().flatten() {
            index.remove(&(gone.position, holder));
        }
        for open in after.into_iter().flatten() {
            index.insert((open.position, holder), open);
        }
    }
}
