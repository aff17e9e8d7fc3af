//! Social media, as connectors hand it over.

use crate::event::Event;
use crate::foreign::{Foreign, Key};
use crate::payload::Payload;
use crate::reference::{Reference, email, platform_handle};
use crate::sentiment::{self, with_sentiment};
use touchbook_events::catalogue::typed::Object;
use touchbook_events::text::{Address, Body, OwnKey, Url, Word};
use touchbook_events::{EventType, Moment, Problem, Text};

const SYSTEM: &str = "social";

/// A mention, comment or message (S1-063, S1-064, S1-065, S1-066, S1-067, S1-068, S1-069, S1-070,
/// S1-071, S1-072, S1-073, S1-074, S1-103).
///
/// # Errors
/// With a pointer into the foreign body.
pub(crate) fn interaction(mut foreign: Foreign<'_>) -> Result<Vec<Event>, Problem> {
    let mut payload = Payload::default();
    payload.value("customer", customer(&mut foreign)?.some())?;
    let is_named = names_itself(&mut foreign, &mut payload)?;
    payload.member("content", foreign.member::<Body>("content")?);
    payload.member("in_reply_to", foreign.member::<OwnKey>("in_reply_to")?);
    payload.member(
        "requires_response",
        foreign.member::<bool>("requires_response")?,
    );
    payload.member("metadata", foreign.member::<Object>("metadata")?);
    let time = foreign.peek("interaction_date")?;
    payload.member(
        "interaction_date",
        foreign.member::<Moment>("interaction_date")?,
    );
    let said = sentiment::take(&mut foreign, is_named)?;
    payload.keep(EventType::SocialReceived, foreign)?;
    let entry = Event {
        id: None,
        source: SYSTEM.to_owned(),
        event_type: EventType::SocialReceived,
        subject: None,
        time: None,
        data: payload.finish()?,
    };
    with_sentiment(entry, said.as_ref(), time)
}

/// What tells one entry from another; whether there is anything that does. Where there is nothing,
/// the event's id names the entry, and only the caller knows that.
fn names_itself(foreign: &mut Foreign<'_>, payload: &mut Payload) -> Result<bool, Problem> {
    let social_id: Option<Key> = foreign.optional("social_id")?;
    let social_id = social_id.map(|Key(id)| OwnKey::new(id)).transpose();
    let social_id = social_id.map_err(|error| foreign.invalid("social_id", error.to_string()))?;
    let handle = foreign.member::<Address>("customer_handle")?;
    let post_url = foreign.member::<Url>("post_url")?;
    let is_named = social_id.is_some()
        || handle.value().is_some()
        || post_url.value().is_some()
        || foreign.peek::<Moment>("interaction_date")?.is_some();
    payload.value("social_id", social_id)?;
    payload.member("handle", handle);
    payload.member("post_url", post_url);
    payload.member("platform", foreign.member::<Word>("platform")?);
    payload.member(
        "interaction_type",
        foreign.member::<Word>("interaction_type")?,
    );
    Ok(is_named)
}

/// By e-mail address, or by the handle on the platform.
fn customer(foreign: &mut Foreign<'_>) -> Result<Reference, Problem> {
    let platform: Option<Word> = foreign.peek("platform")?;
    let platform = platform.ok_or_else(|| foreign.invalid("platform", "missing"))?;
    let handle: Option<Address> = foreign.peek("customer_handle")?;
    let handle = handle.and_then(|handle| platform_handle(&platform, &handle));
    let handle = handle.map(Text::new).transpose();
    Ok(Reference {
        name: foreign.optional("customer_name")?,
        email: email(foreign, "customer_email")?,
        phone: foreign.optional("customer_phone")?,
        handle: handle.map_err(|error| foreign.invalid("customer_handle", error.to_string()))?,
        ..Reference::default()
    })
}
