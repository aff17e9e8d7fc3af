//! A user who is a customer: the identifier that links the two.

use super::place::attachment;
use super::resolver;
use crate::resolve::{digest, known, limited};
use crate::state::State;
use touchbook_events::customer_ref::SentIdentifier;
use touchbook_events::limits::IDENTIFIERS_PER_CUSTOMER_MAX;
use touchbook_events::{Data, IdentifierKind, Problem, Text};
use touchbook_projection::Draft;

/// How a user's subject begins.
const SUBJECT_PREFIX: &str = "user/";
const POINTER: &str = "/data/customer";

/// The customer that a user is has the user's id among its identifiers from then on (S2-005).
pub(super) fn defined(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::UserDefined(data) = &draft.incoming.data else {
        return Ok(());
    };
    let (Some(id), Some(sent)) = (data.facts.customer, user_id(draft)?) else {
        return Ok(());
    };
    let customer = known(state, id, POINTER)?;
    draft.customer = Some(id);
    let pointer = || "/data/user_id".to_owned();
    let normal = resolver(state, draft).normal(IdentifierKind::User, &sent, pointer)?;
    let value = limited(&normal, pointer)?;
    match state.identified(digest(draft.context.key, IdentifierKind::User, &normal)) {
        Some(owner) if owner == customer => Ok(()),
        Some(owner) => {
            let owner = state.id_of(owner);
            let detail = format!("the user is the customer `{owner}` already; detach that first");
            Err(Problem::new("identifier_taken", POINTER, detail))
        }
        None if state.customers.get(customer).room() == 0 => {
            let most = IDENTIFIERS_PER_CUSTOMER_MAX;
            let detail = format!("a customer has at most {most} identifiers");
            Err(Problem::new("too_many_identifiers", POINTER, detail))
        }
        None => {
            let identifier = SentIdentifier {
                kind: IdentifierKind::User,
                value,
                as_sent: sent,
            };
            draft.before.push(attachment(id, identifier));
            Ok(())
        }
    }
}

/// The payload's own word, else the subject's.
fn user_id(draft: &Draft<'_>) -> Result<Option<Text<320>>, Problem> {
    let Data::UserDefined(data) = &draft.incoming.data else {
        return Ok(None);
    };
    let own = data
        .personal
        .as_ref()
        .and_then(|personal| personal.user_id.as_deref());
    let id = own.or_else(|| draft.incoming.sent.subject.strip_prefix(SUBJECT_PREFIX));
    id.map(|id| Text::new(id).map_err(|error| Problem::invalid("/subject", error.to_string())))
        .transpose()
}
