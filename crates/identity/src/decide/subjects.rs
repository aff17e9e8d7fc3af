//! A person says whose a subject is.

use super::lose;
use crate::resolve::known;
use crate::state::State;
use touchbook_events::record::Ineffective;
use touchbook_events::{Data, Problem};
use touchbook_projection::Draft;

pub(super) fn assigned(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::SubjectAssigned(data) = &mut draft.incoming.data else {
        return Ok(());
    };
    let facts = &mut data.facts;
    let to = known(state, facts.to, "/data/to")?;
    draft.customer = Some(facts.to);
    let Some(subject) = state.subject(facts.subject) else {
        lose(draft, Ineffective::UnknownSubject, None);
        return Ok(());
    };
    let subject = state.subjects.get(subject);
    let from = subject.customer().map(|owner| state.id_of(owner));
    if facts.from.is_some() && facts.from != from {
        // It was assigned to somebody else since its sender looked.
        lose(draft, Ineffective::NotAllowedInState, None);
    } else if subject.customer() == Some(to) {
        lose(draft, Ineffective::Unchanged, None);
    } else {
        // An alias was sent perhaps; the record names the subject itself, and whose it was.
        facts.subject = subject.digest;
        facts.from = from;
    }
    Ok(())
}
