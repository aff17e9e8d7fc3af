//! Rows of a table of quote sessions, as PostgREST answers them (C30, S1-138).

use crate::event::Event;
use crate::foreign::Foreign;
use crate::quote;
use serde_json::value::RawValue;
use touchbook_events::Problem;

const KEY: &str = "session_id";

/// A row's session, as it would be sent: what the table keeps for itself is left out, so that the
/// same session is the same whichever way it comes. A row without `session_id` is named by `id`.
///
/// # Errors
/// With a pointer into the row.
pub fn row(json: &str) -> Result<Vec<Event>, Problem> {
    let mut row = Foreign::parse(json)?;
    let id = row.raw("id").map(name);
    row.raw("updated_at");
    if row.get(KEY).is_none_or(|key| key.get() == "null")
        && let Some(id) = &id
    {
        row.put_back(KEY, id);
    }
    quote::session(row)
}

/// Text; of a whole number its digits.
fn name(id: &RawValue) -> Box<RawValue> {
    let text = match id.get().parse::<u64>() {
        Ok(_) => RawValue::from_string(format!("\"{}\"", id.get())).ok(),
        Err(_) => None,
    };
    text.unwrap_or_else(|| id.to_owned())
}
