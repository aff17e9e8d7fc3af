//! `POST /api/webhooks/timeline`: the same objects as `sync` takes, pushed (document 001).

use crate::event::Event;
use crate::foreign::Foreign;
use crate::sync::{data, delivered};
use crate::{email, opencart, quote, social};
use touchbook_events::Problem;

/// From an object's members to its events.
type Normaliser = fn(Foreign<'_>) -> Result<Vec<Event>, Problem>;

/// Every type by its name, with the normaliser that it shares with `sync` (C30).
const TABLE: [(&str, Normaliser); 4] = [
    ("quote_session_update", quote::session),
    ("social_interaction", social::interaction),
    ("opencart_order", opencart::order),
    ("email_thread", email::received),
];

/// The types that are supported, as the describing GET lists them (S1-107).
pub const TYPES: [&str; TABLE.len()] = {
    let mut types = [""; TABLE.len()];
    let mut at = 0;
    while at < TABLE.len() {
        types[at] = TABLE[at].0;
        at += 1;
    }
    types
};

/// Reads `{"type": …, "data": {…}}` (S1-102, S1-103, S1-104, S1-105, S1-106). Whole objects take
/// `delivery_id`, 1 to 500 characters, as their event's id.
///
/// # Errors
/// With a pointer into `body`; `unknown_type` with [`TYPES`].
pub fn read(body: &str, delivery_id: Option<&str>) -> Result<Vec<Event>, Problem> {
    let mut body = Foreign::parse(body)?;
    let name: String = body
        .required("type")
        .map_err(|problem| problem.allowing(TYPES))?;
    let Some((_, normaliser)) = TABLE.iter().find(|(known, _)| *known == name) else {
        let detail = format!("`{name}` is no type of webhook");
        return Err(Problem::new("unknown_type", "/type", detail).allowing(TYPES));
    };
    let events = normaliser(data(&mut body)?)?;
    Ok(delivered(events, delivery_id))
}
