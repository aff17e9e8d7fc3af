//! A person gives an identifier to a customer, or takes one away.

use super::named::of_subject;
use super::place::suggest;
use super::{is_outdated, lose, resolver};
use crate::resolve::{digest, limited};
use crate::state::State;
use touchbook_events::limits::IDENTIFIERS_PER_CUSTOMER_MAX;
use touchbook_events::record::Ineffective;
use touchbook_events::{Data, IdentifierKind, Problem};
use touchbook_projection::Draft;

pub(super) fn attached(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let (customer, id) = of_subject(state, draft)?;
    draft.customer = Some(id);
    let (kind, value) = normalise(state, draft)?;
    if resolver(state, draft).is_nobodys(kind, &value) {
        let detail = "is blocked, or an address of our own, and never a customer's";
        return Err(Problem::new("blocked_identifier", "/data/value", detail));
    }
    if is_outdated(state, draft, Some(customer)) {
        return Ok(());
    }
    match state.identified(digest(draft.context.key, kind, &value)) {
        None if state.customers.get(customer).room() == 0 => {
            let most = IDENTIFIERS_PER_CUSTOMER_MAX;
            let detail = format!("a customer has at most {most} identifiers");
            Err(Problem::new("too_many_identifiers", "/data/value", detail))
        }
        None => Ok(()),
        Some(owner) if owner == customer => {
            lose(draft, Ineffective::Unchanged, None);
            Ok(())
        }
        Some(owner) => {
            suggest(state, draft, customer, owner);
            lose(draft, Ineffective::NotAllowedInState, None);
            Ok(())
        }
    }
}

pub(super) fn detached(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let (customer, id) = of_subject(state, draft)?;
    draft.customer = Some(id);
    let (kind, value) = normalise(state, draft)?;
    if is_outdated(state, draft, Some(customer)) {
        return Ok(());
    }
    if state.identified(digest(draft.context.key, kind, &value)) != Some(customer) {
        lose(draft, Ineffective::Unchanged, None);
    }
    Ok(())
}

/// Puts the normal form into the event, which is recorded with it and never normalised again.
fn normalise(state: &State, draft: &mut Draft<'_>) -> Result<(IdentifierKind, Box<str>), Problem> {
    let (kind, sent) = match &draft.incoming.data {
        Data::IdentifierAttached(data) => (
            data.facts.kind,
            data.personal
                .as_ref()
                .map(|personal| personal.value.clone()),
        ),
        Data::IdentifierDetached(data) => (
            data.facts.kind,
            data.personal
                .as_ref()
                .map(|personal| personal.value.clone()),
        ),
        _ => return Err(Problem::invalid("/type", "is about no identifier")),
    };
    let pointer = || "/data/value".to_owned();
    let sent = sent.filter(|sent| !sent.trim().is_empty());
    let sent = sent.ok_or_else(|| Problem::invalid(pointer(), "must not be blank"))?;
    let normal = resolver(state, draft).normal(kind, &sent, pointer)?;
    let value = limited(&normal, pointer)?;
    let text = normal.into_owned().into_boxed_str();
    match &mut draft.incoming.data {
        Data::IdentifierAttached(data) => {
            if let Some(personal) = &mut data.personal {
                personal.value = value;
                personal.as_sent.get_or_insert(sent);
            }
        }
        Data::IdentifierDetached(data) => {
            if let Some(personal) = &mut data.personal {
                personal.value = value;
            }
        }
        _ => {}
    }
    Ok((kind, text))
}
