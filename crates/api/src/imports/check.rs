//! What is wrong with a row whoever its customer is, beyond its cells: the ledger would refuse it.
//!
//! It is looked for before anything of the file is written, so that `atomic` can be kept.

use touchbook_events::incoming::in_bounds;
use touchbook_events::{Policies, Timestamp};
use touchbook_ingest::csv::{CellError, Row};

const NOBODYS: &str = "the row names nobody: what it names its customer by is blocked, or an \
                       address of our own";

/// What is wrong with a row that is read at `now`.
pub(super) fn check(row: &Row, policies: &Policies, now: Timestamp) -> Option<CellError> {
    let place = (row.row, row.line);
    let mut identifiers = row.identifiers.iter();
    if identifiers.all(|one| policies.is_nobodys(one.kind, one.value.as_str())) {
        return Some(CellError::of_row(place, NOBODYS));
    }
    let times = [
        (
            "Interaction_Date",
            row.history.as_ref().map(|history| history.at),
        ),
        ("Last_Agent_Call_Date", row.agent.last_call_at),
        ("Last_Agent_Interaction_Date", row.agent.last_at),
    ];
    times.into_iter().find_map(|(column, time)| {
        let refused = in_bounds(time?, now, "").err()?;
        Some(CellError::of_row(
            place,
            format!("{column} {}", refused.detail),
        ))
    })
}
