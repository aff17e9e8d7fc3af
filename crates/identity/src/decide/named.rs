//! An event that belongs to whom it names, whatever its subject.

use super::place::{Home, home, settle};
use super::{is_outdated, resolver};
use crate::resolve::known;
use crate::state::State;
use touchbook_events::{CustomerId, Problem};
use touchbook_projection::Draft;

/// How the subject of an event about a customer itself begins.
const SUBJECT_PREFIX: &str = "customer/";

pub(super) fn decide(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Some(reference) = draft.incoming.data.customer_ref() else {
        if draft.incoming.data.event_type().object() == "customer" {
            let (customer, id) = of_subject(state, draft)?;
            draft.customer = Some(id);
            is_outdated(state, draft, Some(customer));
        }
        return Ok(());
    };
    let resolved = resolver(state, draft).resolve(reference)?;
    match home(&resolved) {
        Home::Anonymous => {
            let detail = "names nobody that an event could belong to";
            Err(Problem::invalid("/data/customer", detail))
        }
        home => {
            let customer = match home {
                Home::Known(customer) => Some(customer),
                Home::Named | Home::Anonymous => None,
            };
            if !is_outdated(state, draft, customer) {
                settle(state, draft, home, resolved);
            }
            Ok(())
        }
    }
}

/// The customer that the subject names, as in `customer/<id>`.
pub(super) fn of_subject(state: &State, draft: &Draft<'_>) -> Result<(u32, CustomerId), Problem> {
    let subject = &draft.incoming.sent.subject;
    let id = subject
        .strip_prefix(SUBJECT_PREFIX)
        .and_then(|id| id.parse().ok());
    let Some(id) = id else {
        let detail = format!("must name the customer, as in `{SUBJECT_PREFIX}<id>`");
        return Err(Problem::invalid("/subject", detail));
    };
    Ok((known(state, id, "/subject")?, id))
}
