//! Types that the catalogue has and this version can't carry out.

use super::undoes_an_import;
use touchbook_events::{EventType, Problem};
use touchbook_projection::Draft;

/// What each would have to do at once; recorded without it, it would claim what never happened.
/// Types that a later version folds from the ledger are recorded as they come.
const NOT_AVAILABLE: &[(EventType, &str)] = &[
    (EventType::CustomerErased, "no personal data is erased"),
    (
        EventType::InteractionDeleted,
        "an interaction's records are not retracted with it",
    ),
    (
        EventType::ImportUndone,
        "an import's records are not retracted with it; `POST /imports/{id}/undo` retracts them",
    ),
    (EventType::WorkflowStarted, "no steps are planned"),
];

pub(super) fn check(draft: &Draft<'_>) -> Result<(), Problem> {
    let event_type = draft.incoming.data.event_type();
    if event_type == EventType::ImportUndone && undoes_an_import(draft) {
        return Ok(());
    }
    match NOT_AVAILABLE.iter().find(|(kind, _)| *kind == event_type) {
        None => Ok(()),
        Some((_, why)) => {
            let detail = format!("`{event_type}` is not available in this version: {why}");
            Err(Problem::new("type_not_available", "/type", detail))
        }
    }
}
