//! An event about an object: whose the object is.

use super::{pair, resolver};
use crate::about::names;
use crate::evidence::{self, SHARERS_MAX};
use crate::resolve::Resolved;
use crate::state::{Pair, State};
use touchbook_events::catalogue::account::{
    PolicyDefined, PolicyDefinedFacts, PolicyDefinedPersonal,
};
use touchbook_events::catalogue::customer::{
    Created, CreatedFacts, CreatedPersonal, IdentifierAttached, IdentifierAttachedFacts,
    IdentifierAttachedPersonal, SubjectAssigned, SubjectAssignedFacts, SubjectAssignedPersonal,
};
use touchbook_events::catalogue::merge::{
    MergeSuggested, MergeSuggestedFacts, MergeSuggestedPersonal,
};
use touchbook_events::catalogue::typed::{Extra, Json};
use touchbook_events::customer_ref::SentIdentifier;
use touchbook_events::limits::CONSEQUENCES_MAX;
use touchbook_events::{CustomerId, Data, Digest, Identifier, Problem, Text, id};
use touchbook_projection::{Consequence, Draft};

/// The policy that names identifiers which never resolve.
const BLOCKED_IDENTIFIERS: &str = "blocked_identifiers";
/// Which of an event's derived ids its new customer has: one that no consequence's own id has.
const CUSTOMER_ORDINAL: u32 = CONSEQUENCES_MAX as u32;

/// Whose an event is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Known(u32),
    /// Somebody who begins with this event.
    Named,
    /// Nobody is named: the subject opens a customer.
    Anonymous,
}

pub(super) fn decide(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let key = draft.context.key;
    let names = names(key, &draft.incoming.data);
    let subjects = Subjects::find(state, draft.incoming.subject, &names);
    if let Some(subject) = subjects.own {
        // From here on an object goes by one name, whichever an event used.
        draft.incoming.subject = state.subjects.get(subject).digest;
    }
    let mut resolved = match draft.incoming.data.customer_ref() {
        Some(reference) => resolver(state, draft).resolve(reference)?,
        None => Resolved::default(),
    };
    let owner = subjects
        .own
        .and_then(|subject| state.subjects.get(subject).customer());
    let is_anonymous = |customer: u32| state.customers.get(customer).is_anonymous();
    if !resolved.names_somebody() && owner.is_none_or(is_anonymous) {
        // Another name of this object says whose it is.
        resolved.customer = subjects.owners(state).find(|owner| !is_anonymous(*owner));
    }
    let home = match owner {
        Some(owner) if !is_anonymous(owner) || !resolved.names_somebody() => Home::Known(owner),
        _ => home(&resolved),
    };
    let to = settle(state, draft, home, resolved);
    let moved = subjects
        .own
        .into_iter()
        .chain(subjects.others.iter().copied());
    for subject in moved {
        let subject = state.subjects.get(subject);
        let from = subject.customer();
        if from.is_some_and(is_anonymous) && from.map(|from| state.id_of(from)) != Some(to) {
            assign(
                draft,
                subject.digest,
                from.map(|from| state.id_of(from)),
                to,
            );
        } else if let (Some(from), Home::Known(home)) = (from, home) {
            suggest(state, draft, from, home);
        }
    }
    Ok(())
}

/// The subjects that an event's names stand for.
struct Subjects {
    /// The one that the event is about: by its subject, else by another name.
    own: Option<u32>,
    /// Those that turn out to be the same object, and are known already.
    others: Vec<u32>,
}

impl Subjects {
    fn find(state: &State, subject: Digest, names: &[Digest]) -> Self {
        let mut others: Vec<u32> = names
            .iter()
            .filter_map(|name| state.subject(*name))
            .collect();
        let own = state.subject(subject).or_else(|| others.first().copied());
        others.retain(|other| Some(*other) != own);
        // Two names of one subject say the same.
        others.sort_unstable();
        others.dedup();
        Self { own, others }
    }

    fn owners<'a>(&'a self, state: &'a State) -> impl Iterator<Item = u32> + 'a {
        self.others
            .iter()
            .filter_map(|subject| state.subjects.get(*subject).customer())
    }
}

/// Where an event goes by its reference alone.
pub(super) fn home(resolved: &Resolved) -> Home {
    match resolved.customer {
        Some(customer) => Home::Known(customer),
        None if resolved.unknown.is_empty() => Home::Anonymous,
        None => Home::Named,
    }
}

/// Makes the event `home`'s, with the records that this takes.
pub(super) fn settle(
    state: &State,
    draft: &mut Draft<'_>,
    home: Home,
    resolved: Resolved,
) -> CustomerId {
    let Resolved {
        customer,
        unknown,
        others,
    } = resolved;
    let Home::Known(known) = home else {
        let id = create(draft, home == Home::Anonymous, unknown);
        draft.customer = Some(id);
        return id;
    };
    attach(state, draft, known, customer, unknown);
    draft.customer = Some(state.id_of(known));
    if let Some(customer) = customer {
        suggest(state, draft, known, customer);
        others
            .into_iter()
            .for_each(|other| suggest(state, draft, customer, other));
    }
    state.id_of(known)
}

/// `customer.created`, before the event.
fn create(draft: &mut Draft<'_>, anonymous: bool, identifiers: Vec<SentIdentifier>) -> CustomerId {
    let (context, sent) = (draft.context, &draft.incoming.sent);
    let at = context.recorded_at;
    let id = id::derived(context.key, at, &sent.source, &sent.id, CUSTOMER_ORDINAL);
    let id = CustomerId(id);
    let reference = draft.incoming.data.customer_ref().filter(|_| !anonymous);
    let personal = CreatedPersonal {
        identifiers,
        name: reference.and_then(|reference| reference.name.clone()),
        company: reference.and_then(|reference| reference.company.clone()),
        extra: Extra::default(),
    };
    draft.before.push(Consequence {
        data: Data::CustomerCreated(Box::new(Created {
            facts: CreatedFacts { anonymous },
            personal: Some(personal),
        })),
        customer: Some(id),
        subject: format!("customer/{id}").into(),
    });
    id
}

/// `identifier.attached` for each unknown identifier, before the event.
///
/// They become the customer's that the reference's known ones name. Where it has no known ones,
/// they are taken for the subject's customer's as far as that has none of the kind; others differ,
/// and stay in the event's data alone, as do those beyond the most that one customer may have.
fn attach(
    state: &State,
    draft: &mut Draft<'_>,
    known: u32,
    named: Option<u32>,
    unknown: Vec<SentIdentifier>,
) {
    if unknown.is_empty() {
        return;
    }
    let row = state.customers.get(named.unwrap_or(known));
    let fits = |identifier: &SentIdentifier| named.is_some() || !row.has_any(identifier.kind);
    for identifier in unknown.into_iter().filter(fits).take(row.room()) {
        draft.before.push(attachment(row.id, identifier));
    }
}

/// `identifier.attached`, of an identifier that is nobody's.
pub(super) fn attachment(customer: CustomerId, identifier: SentIdentifier) -> Consequence {
    Consequence {
        data: Data::IdentifierAttached(Box::new(IdentifierAttached {
            facts: IdentifierAttachedFacts {
                kind: identifier.kind,
            },
            personal: Some(IdentifierAttachedPersonal {
                value: identifier.value,
                as_sent: Some(identifier.as_sent),
                extra: Extra::default(),
            }),
        })),
        customer: Some(customer),
        subject: format!("customer/{customer}").into(),
    }
}

/// `subject.assigned`, after the event that names both.
fn assign(draft: &mut Draft<'_>, subject: Digest, from: Option<CustomerId>, to: CustomerId) {
    draft.after.push(Consequence {
        data: Data::SubjectAssigned(Box::new(SubjectAssigned {
            facts: SubjectAssignedFacts { subject, from, to },
            personal: Some(SubjectAssignedPersonal {
                reason: None,
                extra: Extra::default(),
            }),
        })),
        customer: Some(to),
        subject: draft.incoming.sent.subject.clone(),
    });
}

/// `merge.suggested`, after the event, once for each pair.
pub(super) fn suggest(state: &State, draft: &mut Draft<'_>, one: u32, other: u32) {
    let (older, younger) = pair(one, other);
    if older == younger {
        return;
    }
    let identifiers = shown(state, draft, (older, younger));
    let evidence = evidence::of(draft.context.key, &identifiers);
    if state.is_known((older, younger), evidence) {
        return;
    }
    block_what_is_shared(state, draft, (older, younger), &identifiers);
    let [customer, other_id] = [older, younger].map(|number| state.id_of(number));
    if draft
        .after
        .iter()
        .any(|consequence| is_about(consequence, customer, other_id))
    {
        return;
    }
    let facts = MergeSuggestedFacts {
        customer,
        other: other_id,
        because: draft.position(),
    };
    let personal = MergeSuggestedPersonal {
        identifiers,
        extra: Extra::default(),
    };
    draft.after.push(Consequence {
        data: Data::MergeSuggested(Box::new(MergeSuggested {
            facts,
            personal: Some(personal),
        })),
        customer: Some(customer),
        subject: format!("merge/{customer}/{other_id}").into(),
    });
}

/// `policy.defined`, after the event, where with this pair so many share an identifier that it says
/// nothing about who somebody is.
fn block_what_is_shared(
    state: &State,
    draft: &mut Draft<'_>,
    pair: Pair,
    identifiers: &[Identifier],
) {
    let key = draft.context.key;
    let is_shared = |identifier: &&Identifier| {
        state.sharers(evidence::digest(key, identifier), pair) >= SHARERS_MAX
    };
    let shared: Vec<Identifier> = identifiers.iter().filter(is_shared).cloned().collect();
    let mut blocked = draft.policies.blocked_identifiers.clone();
    let before = blocked.len();
    blocked.extend(shared);
    if blocked.len() == before {
        return;
    }
    let Ok(json) = serde_json::to_string(&blocked) else {
        return;
    };
    draft.after.push(Consequence {
        data: Data::PolicyDefined(Box::new(PolicyDefined {
            facts: PolicyDefinedFacts {},
            personal: Some(PolicyDefinedPersonal {
                name: Some(Text::clipped(BLOCKED_IDENTIFIERS)),
                value: Json(json.into()),
                extra: Extra::default(),
            }),
        })),
        customer: None,
        subject: format!("policy/{BLOCKED_IDENTIFIERS}").into(),
    });
}

fn is_about(consequence: &Consequence, customer: CustomerId, other: CustomerId) -> bool {
    match &consequence.data {
        Data::MergeSuggested(suggested) => {
            suggested.facts.customer == customer && suggested.facts.other == other
        }
        _ => false,
    }
}

/// The identifiers of the reference that are one's or the other's.
fn shown(state: &State, draft: &Draft<'_>, (older, younger): Pair) -> Vec<Identifier> {
    let Some(reference) = draft.incoming.data.customer_ref() else {
        return Vec::new();
    };
    let resolver = resolver(state, draft);
    let mut shown = resolver.shared(reference, older);
    shown.extend(resolver.shared(reference, younger));
    shown
}
