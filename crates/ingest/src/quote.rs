//! Quote sessions.

use crate::currency::{Sign, total};
use crate::event::Event;
use crate::foreign::Foreign;
use crate::payload::Payload;
use crate::reference::{Reference, own_key};
use touchbook_events::catalogue::typed::{Json, Object};
use touchbook_events::text::{Name, OwnKey, Word};
use touchbook_events::{EventType, Moment, Problem};

const SYSTEM: &str = "quotes";

/// A quote session as it stands (S1-075, S1-076, S1-077, S1-078, S1-079, S1-080, S1-081, S1-082,
/// S1-083, S1-084, S1-085, S1-086, S1-087, S1-102).
///
/// # Errors
/// With a pointer into the foreign body.
pub(crate) fn session(mut foreign: Foreign<'_>) -> Result<Vec<Event>, Problem> {
    let session_id: OwnKey = own_key(&mut foreign, "session_id")?;
    let mut payload = Payload::default();
    payload.value("session_id", Some(session_id))?;
    let customer = Reference {
        company: foreign.peek("company_name")?,
        ..Reference::take(&mut foreign)?
    };
    payload.value("customer", customer.some())?;
    payload.member("company", foreign.member::<Name>("company_name")?);
    payload.member("status", foreign.member::<Word>("status")?);
    total(&mut foreign, "total_amount", Sign::Any, &mut payload)?;
    payload.member("items", foreign.member::<Vec<Json>>("quote_items")?);
    payload.member("created_at", foreign.member::<Moment>("created_at")?);
    let time = foreign.peek("last_activity_at")?;
    payload.member(
        "last_activity_at",
        foreign.member::<Moment>("last_activity_at")?,
    );
    payload.member("metadata", foreign.member::<Object>("metadata")?);
    payload.keep(EventType::QuoteUpdated, foreign)?;
    Ok(vec![Event {
        id: None,
        source: SYSTEM.to_owned(),
        event_type: EventType::QuoteUpdated,
        subject: None,
        time,
        data: payload.finish()?,
    }])
}
