//! Deciding whose an event is, and what that causes.

mod available;
mod identifiers;
mod merges;
mod named;
mod place;
mod retractions;
mod subjects;
mod users;

use crate::about::{About, about};
use crate::resolve::Resolver;
use crate::state::{Pair, State};
use touchbook_events::record::Ineffective;
use touchbook_events::{Data, Decision, EventType, PrincipalKind, Problem};
use touchbook_projection::{Draft, Verdict};

/// The kind of object that commands are about, and that only an event of its own begins.
const INTERACTION: &str = "interaction";

pub(crate) fn decide(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    available::check(draft)?;
    match &draft.incoming.data {
        Data::CustomerCreated(_) | Data::MergeSuggested(_) => {
            let detail = "isn't sent; Touchbook makes it itself, as the consequence of an event";
            Err(Problem::new("type_not_allowed", "/type", detail))
        }
        Data::CustomerMerged(_) => merges::merged(state, draft),
        Data::CustomerUnmerged(_) => merges::unmerged(state, draft),
        Data::MergeDismissed(_) => merges::dismissed(state, draft),
        Data::IdentifierAttached(_) => identifiers::attached(state, draft),
        Data::IdentifierDetached(_) => identifiers::detached(state, draft),
        Data::SubjectAssigned(_) => subjects::assigned(state, draft),
        Data::EventRetracted(_) => retractions::retracted(state, draft),
        Data::EventReinstated(_) => retractions::reinstated(state, draft),
        Data::UserDefined(_) => users::defined(state, draft),
        data => {
            let event_type = data.event_type();
            if event_type.is_whole_object() && is_duplicate(state, draft) {
                return Ok(());
            }
            if is_about_an_unknown_interaction(state, draft) {
                lose(draft, Ineffective::UnknownSubject, None);
                return Ok(());
            }
            match about(event_type) {
                About::Nobody => Ok(()),
                About::Named => named::decide(state, draft),
                About::Subject => place::decide(state, draft),
            }
        }
    }
}

/// Whether it is part of undoing an import, which Touchbook does by itself when it is asked to.
fn undoes_an_import(draft: &Draft<'_>) -> bool {
    let incoming = &draft.incoming;
    incoming.principal == PrincipalKind::Touchbook && incoming.import(draft.context.key).is_some()
}

/// Whether a whole object stands in the ledger just as it is sent.
fn is_duplicate(state: &State, draft: &mut Draft<'_>) -> bool {
    let Some(subject) = state.subject(draft.incoming.subject) else {
        return false;
    };
    let Some(position) = state.same_revision(subject, draft.incoming.content) else {
        return false;
    };
    draft.customer = state
        .subjects
        .get(subject)
        .customer()
        .map(|owner| state.id_of(owner));
    draft.verdict = Verdict::Duplicate { position };
    true
}

/// Whether a command is about an interaction that nothing wrote down or began: it has nothing to
/// change, and opens no customer.
fn is_about_an_unknown_interaction(state: &State, draft: &Draft<'_>) -> bool {
    let event_type = draft.incoming.data.event_type();
    let begins = matches!(
        event_type,
        EventType::InteractionLogged | EventType::InteractionCreated
    );
    event_type.object() == INTERACTION && !begins && state.subject(draft.incoming.subject).is_none()
}

/// Whether the event lost, since it expects its customer as it no longer is; one who is yet to
/// begin never changed.
fn is_outdated(state: &State, draft: &mut Draft<'_>, customer: Option<u32>) -> bool {
    if draft.incoming.expected_position.is_none() {
        return false;
    }
    let changed_at = match undoes_an_import(draft) {
        true => customer.map_or(0, |customer| written_at(state, customer)),
        false => customer.map_or(0, |customer| state.changed_at(customer)),
    };
    let lost = draft.loses_to(changed_at);
    if lost {
        draft.customer = customer.map(|customer| state.id_of(customer));
    }
    lost
}

/// The position at which somebody last wrote of a customer. What is written of others in its group
/// counts only where it is not the group's canonical one, whose row has the group's changes.
fn written_at(state: &State, customer: u32) -> u64 {
    let merged = state.merges().merged_at(state.id_of(customer));
    match merged {
        Some(_) => state.changed_at(customer),
        None => state.customers.get(customer).changed_at(),
    }
}

fn resolver<'a>(state: &'a State, draft: &'a Draft<'_>) -> Resolver<'a> {
    Resolver {
        state,
        key: draft.context.key,
        policies: &draft.policies,
    }
}

/// Two customers, the older first: customers are numbered in the order of their creation.
pub(crate) fn pair(one: u32, other: u32) -> Pair {
    (one.min(other), one.max(other))
}

/// The event is kept, with the reason why it changes nothing.
fn lose(draft: &mut Draft<'_>, reason: Ineffective, winner: Option<u64>) {
    draft.verdict = Verdict::Append(Decision::Ineffective { reason, winner });
}
